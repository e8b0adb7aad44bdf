"""One thing that was said, from then until its turn has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeAlias

from holdfast.assistant.events import Event, Failed, Finished, Started
from holdfast.model import TurnId
from holdfast.server.talking.listeners import Listener

__all__ = ["Happening", "Run"]

Happening: TypeAlias = Callable[[], AsyncGenerator[Event, None]]
"""Begins a turn and yields what happens in it."""


class Run:
    """A turn that waits, is being answered, or has ended.

    `turn_id` is None until the input is durable, and for ever when it was refused; then `error` is
    why. `replayed`: its client key was used before, so what comes is what was recorded.
    """

    __slots__ = (
        "_begun",
        "by",
        "client_key",
        "error",
        "final",
        "replayed",
        "running",
        "task",
        "turn_id",
        "who",
    )

    def __init__(self, *, client_key: str | None, by: Listener | None, who: str) -> None:
        self.client_key = client_key
        self.by = by
        self.who = who
        self.turn_id: TurnId | None = None
        self.replayed = False
        self.running = True
        self.error: Exception | None = None
        self.final: Finished | Failed | None = None
        """How the turn ended, when that has happened."""
        self.task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()

    def saw(self, event: Event) -> None:
        """Note what an event tells of the turn."""
        if self.turn_id is None:
            self.turn_id = event.turn_id
            self._begun.set()
        if isinstance(event, Started) and event.replayed:
            self.replayed = True
        if isinstance(event, Finished | Failed):
            self.final = event

    def refuse(self, error: Exception) -> None:
        """Note that nothing was begun, and why."""
        self.error = error
        self._begun.set()

    def cancel(self) -> None:
        """Have it end with what it had. Once: a second time would cut off what records the end."""
        if self.task is not None and not self.task.cancelling():
            self.task.cancel()

    async def begun(self) -> TurnId:
        """Wait until the input is durable.

        Raises:
            HoldfastError, Refused: it was not taken.
        """
        await self._begun.wait()
        if self.turn_id is None:
            assert self.error is not None  # one of the two was noted
            raise self.error
        return self.turn_id

    async def ended(self) -> TurnId:
        """Wait until the turn has its final status, whoever else waits.

        Raises:
            HoldfastError, Refused: the input was not taken.
        """
        if self.task is not None:
            await asyncio.wait({self.task})
        return await self.begun()
