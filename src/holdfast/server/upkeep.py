"""What the server does by itself: end what neighbours left open, distil what was said, and empty
the trash.

What there is to do is derived from state, so a round that fails or is cut off loses nothing: the
next one finds the same work, and a finished one finds none. Each kind of work has rounds of its
own: a large import that is distilled for minutes keeps no killed neighbour's turn open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

from holdfast.keeper.keeper import Keeper
from holdfast.keeper.proposing import Distiller

__all__ = ["DISTILLING_SHARE", "UPKEEP_INTERVAL_S", "Upkeep"]

UPKEEP_INTERVAL_S = 30.0
"""From the end of one round to the next: how long a killed neighbour's turn may stay open."""

_PURGE_EVERY = 20
"""Rounds of the others to one that empties the trash."""
_logger = logging.getLogger(__name__)


DISTILLING_SHARE = 0.1
"""Of the time that distilling may take: recording is slowed by no more."""


class Upkeep:
    """Tasks that look after a keeper, from the entry of an `async with` to its end.

    The first round comes after the first interval, because opening a keeper has recovered already.
    `failures` counts the steps that did not succeed.
    """

    def __init__(
        self,
        keeper: Keeper,
        *,
        interval_s: float = UPKEEP_INTERVAL_S,
        distiller: Distiller | None = None,
        trash_days: float = 30,
    ) -> None:
        self.failures = 0
        distill = partial(keeper.distill, distiller=distiller, share=DISTILLING_SHARE)
        purge = partial(keeper.purge_trash, after_days=trash_days)
        self._steps: tuple[tuple[str, Callable[[], Awaitable[int]], float], ...] = (
            ("recover", keeper.recover, interval_s),
            ("distill", distill, interval_s),
            # It looks at every vault, and what is due has waited for days.
            ("purge", purge, interval_s * _PURGE_EVERY),
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def alive(self) -> bool:
        """Whether the rounds go on."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._rounds(name, step, interval_s), name=f"upkeep {name}")
            for name, step, interval_s in self._steps
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop in the middle of a round: what it has written stands, the rest is found again."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _rounds(
        self, name: str, step: Callable[[], Awaitable[int]], interval_s: float
    ) -> None:
        while True:
            await asyncio.sleep(interval_s)
            await self._do(name, step)

    async def _do(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        action = f"upkeep.{name}"
        try:
            changed = await step()
        except Exception:
            # The task's boundary: a step that fails now must not end the rounds for good.
            self.failures += 1
            _logger.exception("upkeep failed", extra={"action": action, "count": self.failures})
        else:
            if changed:
                _logger.info("upkeep done", extra={"action": action, "count": changed})
