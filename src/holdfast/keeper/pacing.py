"""How much of the time background work may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

__all__ = ["Pace"]


class Pace:
    """Rests between pieces of work, so that the work takes at most a share of the time.

    Whoever works in the background of a server takes a tenth: what others do is slowed by no more,
    however much there is to do, and nobody has to measure how busy they are.
    """

    def __init__(
        self,
        share: float = 1.0,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError("a share lies between 0 and 1")
        self.share = share
        self._clock = clock
        self._sleep = sleep
        self._since = clock()

    @property
    def is_gentle(self) -> bool:
        """Whether others come first."""
        return self.share < 1

    async def rest(self) -> None:
        """Let others work, in proportion to what was done since the last rest."""
        worked = self._clock() - self._since
        await self._sleep(worked * (1 - self.share) / self.share)
        self._since = self._clock()
