"""What the server does by itself: end what neighbours left open, and sum up what was said.

What there is to do is derived from state, so a round that fails or is cut off loses nothing: the
next one finds the same work, and a finished one finds none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from holdfast.keeper.keeper import Keeper

__all__ = ["UPKEEP_INTERVAL_S", "Upkeep"]

UPKEEP_INTERVAL_S = 30.0
"""From the end of one round to the next: how long a killed neighbour's turn may stay open."""

_logger = logging.getLogger(__name__)


class Upkeep:
    """One task that looks after a keeper, from the entry of an `async with` to its end.

    The first round comes after the first interval, because opening a keeper has recovered already.
    `failures` counts the steps that did not succeed.
    """

    def __init__(self, keeper: Keeper, *, interval_s: float = UPKEEP_INTERVAL_S) -> None:
        self.failures = 0
        self._steps = (("recover", keeper.recover), ("distill", keeper.distill))
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the rounds go on."""
        return self._task is not None and not self._task.done()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._rounds(), name="upkeep")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop in the middle of a round: what it has written stands, the rest is found again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            for name, step in self._steps:
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
