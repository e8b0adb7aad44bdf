"""Classes made from the asynchronous ones by looking at them, so that they cannot drift.

Every public name of a class is forwarded: what is awaited there is waited for here, an
asynchronous block is a block, an asynchronous iterator an iterator, an attribute an attribute.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from holdfast.sync.portal import Portal

__all__ = ["Block", "Face", "face_of", "public_members"]


class Face:
    """Stands for an asynchronous object on the loop of a portal."""

    __slots__ = ("__weakref__", "_faces", "_portal", "_there")

    def __init__(self, there: object, portal: Portal, faces: dict[type, type[Face]]) -> None:
        self._there = there
        self._portal = portal
        self._faces = faces

    def __repr__(self) -> str:
        return f"sync.{self._there!r}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Face) and other._there == self._there

    def __hash__(self) -> int:
        return hash(self._there)

    def __getattr__(self, name: str) -> Any:  # whatever the attribute there holds
        if name.startswith("_"):
            raise AttributeError(name)
        return self._shown(self._portal.run(lambda: getattr(self._there, name)))

    def _shown(self, value: object) -> object:
        """What the caller gets to see: faces of the classes that have one, blocks of blocks."""
        made = self._faces.get(type(value))
        if made is not None:
            return made(value, self._portal, self._faces)
        if hasattr(value, "__aenter__") and hasattr(value, "__aexit__"):
            return Block(value, self._portal, self._faces)
        return value


class Block(Face):
    """An asynchronous context manager as a plain one."""

    __slots__ = ()

    def __enter__(self) -> Any:  # what the block there gives
        there: Any = self._there
        entered = self._portal.call(there.__aenter__)
        return self if entered is there else self._shown(entered)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        there: Any = self._there
        swallowed: bool | None = self._portal.call(lambda: there.__aexit__(kind, error, trace))
        return swallowed


def public_members(cls: type) -> Iterator[tuple[str, object]]:
    """The public names a class defines, in its order, as they stand in it."""
    for owner in reversed(cls.__mro__):
        if owner is not object:
            yield from ((n, m) for n, m in vars(owner).items() if not n.startswith("_"))


def face_of(cls: type) -> type[Face]:
    """Make the class that forwards to `cls`."""
    namespace: dict[str, object] = {
        "__slots__": (),
        "__doc__": cls.__doc__,
        "__module__": "holdfast.sync",
    }
    for name, member in public_members(cls):
        if isinstance(member, property):
            namespace[name] = _property(name, member)
        elif inspect.isfunction(member):
            namespace[name] = _method(name, member)
    is_block = hasattr(cls, "__aenter__")
    return type(cls.__name__, (Block if is_block else Face,), namespace)


def _property(name: str, member: property) -> property:
    def read(self: Face) -> object:
        return self._shown(self._portal.run(lambda: getattr(self._there, name)))

    return property(read, doc=member.__doc__)


def _method(name: str, member: Callable[..., Any]) -> Callable[..., Any]:
    def bound(self: Face, args: tuple[Any, ...], named: dict[str, Any]) -> Callable[[], Any]:
        plain = tuple(_there(value) for value in args)
        named = {key: _there(value) for key, value in named.items()}
        return lambda: getattr(self._there, name)(*plain, **named)

    if inspect.iscoroutinefunction(member):

        def forward(self: Face, *args: Any, **named: Any) -> Any:
            return self._shown(self._portal.call(bound(self, args, named)))

    elif inspect.isasyncgenfunction(member):

        def forward(self: Face, *args: Any, **named: Any) -> Any:
            return map(self._shown, self._portal.each(bound(self, args, named)))

    else:

        def forward(self: Face, *args: Any, **named: Any) -> Any:
            return self._shown(self._portal.run(bound(self, args, named)))

    functools.update_wrapper(forward, member, assigned=("__name__", "__qualname__", "__doc__"))
    # inspect.signature follows __wrapped__: both sides show the same parameters.
    return forward


def _there(value: object) -> object:
    return value._there if isinstance(value, Face) else value
