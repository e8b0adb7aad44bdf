"""Events on their way from the tasks of a turn to the one who iterates it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from holdfast.assistant.events import Event

__all__ = ["Relay"]

_Handed: TypeAlias = "tuple[Event, Callable[[], None]]"


class Relay:
    """Hands events over one by one; whoever tells one waits until it was taken.

    So nothing piles up, and a turn is never further than whoever listens has let it come: what is
    recorded of an answer that they end is what they were told.
    """

    def __init__(self) -> None:
        # As many can wait as tell at once: the answer, and the tools that run side by side.
        self._told: asyncio.Queue[_Handed | None] = asyncio.Queue()
        self._closed = False

    async def tell(self, event: Event) -> None:
        """Hand an event over; returns when the listener asks for the next one."""
        if self._closed:
            return
        taken = asyncio.Event()
        self._told.put_nowait((event, taken.set))
        await taken.wait()

    def close(self) -> None:
        """Nobody listens any more: what is told from now on, or waits to be, goes nowhere."""
        self._closed = True
        while not self._told.empty():
            if (waiting := self._told.get_nowait()) is not None:
                waiting[1]()
        self._told.put_nowait(None)

    async def next(self) -> _Handed | None:
        """The next event, and what to call once it is dealt with; None when it was closed."""
        return await self._told.get()
