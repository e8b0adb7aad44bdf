"""The library for threads: the same names without `await`.

    with holdfast.sync.open("sqlite:///data/holdfast.db") as keeper:
        ada = keeper.user("ada")
        session = ada.sessions.start(assistant="helper")
        with session.turn("Remember, my favourite colour is blue") as turn:
            turn.reply("Noted.")
        hits = ada.recall("what colour do I like?")

Everything goes through one event loop in a background thread, so that it may be used from any
number of threads. Ctrl-C cancels what it breaks into, a turn included. The classes are made from
the asynchronous ones; their types are in the stub beside this file, which `make docs` writes.
Callbacks such as `progress` are called on the loop's thread and cannot call back.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.sync.opening import Keeper

__all__ = [
    "AnswerStream",
    "Exports",
    "Imports",
    "Keeper",
    "Keys",
    "Memories",
    "Names",
    "OpenRoom",
    "OpenSession",
    "Rooms",
    "Sessions",
    "Thoughts",
    "Tokens",
    "ToolCall",
    "TurnRecorder",
    "User",
    "open",
]


def open(url: str, **options: Any) -> Keeper:  # noqa: A001  # the same name and options
    """Open a store, at once; the arguments are those of `holdfast.open`. Close what it returns."""
    import holdfast
    from holdfast.sync.opening import open_keeper

    return open_keeper(functools.partial(holdfast.open, url, **options))


def __getattr__(name: str) -> Any:  # a class made at run time
    if name in __all__:
        opening = import_module("holdfast.sync.opening")
        if name == "Keeper":
            return opening.Keeper
        return next(face for cls, face in opening.FACES.items() if cls.__name__ == name)
    raise AttributeError(f"module 'holdfast.sync' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
