"""Small numbers for values that repeat: roles, slugs, speakers, sets of tags."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["Names"]

_Value = TypeVar("_Value", bound=Hashable)


class Names(Generic[_Value]):
    """Values by number, in order of first appearance; a number is never given twice."""

    def __init__(self, values: Iterable[_Value] = ()) -> None:
        self._numbers: dict[_Value, int] = {}
        for value in values:
            self.number(value)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[_Value]:
        return iter(self._numbers)

    def number(self, value: _Value) -> int:
        """The value's number; a new one when it has none."""
        return self._numbers.setdefault(value, len(self._numbers))

    def find(self, value: _Value) -> int:
        """The value's number, -1 when it has none."""
        return self._numbers.get(value, -1)
