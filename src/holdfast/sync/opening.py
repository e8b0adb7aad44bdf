"""A store opened for threads: one portal, one keeper on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from holdfast.capture.streaming import AnswerStream
from holdfast.capture.tools import ToolCall
from holdfast.capture.turn import TurnRecorder
from holdfast.keeper.exporting import Exports
from holdfast.keeper.importing import Imports
from holdfast.keeper.keeper import Keeper as AsyncKeeper
from holdfast.keeper.keys import Keys
from holdfast.keeper.memories import Memories
from holdfast.keeper.names import Names
from holdfast.keeper.rooms import OpenRoom, Rooms
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.thoughts import Thoughts
from holdfast.keeper.tokens import Tokens
from holdfast.keeper.users import User
from holdfast.sync.forwarding import Face, face_of
from holdfast.sync.portal import Portal

__all__ = ["FACES", "FORWARDED", "Keeper", "open_keeper"]

FORWARDED: tuple[type, ...] = (
    AsyncKeeper,
    AnswerStream,
    Exports,
    Imports,
    Keys,
    Memories,
    Names,
    OpenRoom,
    OpenSession,
    Rooms,
    Sessions,
    Thoughts,
    Tokens,
    ToolCall,
    TurnRecorder,
    User,
)
"""The asynchronous classes that have a face here."""

FACES: dict[type, type[Face]] = {cls: face_of(cls) for cls in FORWARDED}


class Keeper(FACES[AsyncKeeper]):  # type: ignore[valid-type,misc]  # made at run time
    """An opened store for threads. Close it, or use it in a `with`."""

    __slots__ = ()

    def close(self) -> None:
        """End this process's open turns, let go of everything, end the thread. May run twice."""
        if self._portal.closed:
            return
        try:
            self._portal.call(self._there.close)
        finally:
            self._portal.close()

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        portal = getattr(self, "_portal", None)
        if portal is None or portal.closed:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        portal.abandon()


def open_keeper(make: Callable[[], Any]) -> Keeper:
    """Start a portal and open what `make()` returns (a `holdfast.open`) on it.

    Raises: as `holdfast.open`; the thread is gone then.
    """
    portal = Portal()

    async def opened() -> AsyncKeeper:
        keeper: AsyncKeeper = await make()
        return keeper

    try:
        return Keeper(portal.call(opened), portal, FACES)
    except BaseException:
        portal.close()
        raise
