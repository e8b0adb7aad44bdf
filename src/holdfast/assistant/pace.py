"""Models that stall, and models that go round in circles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.errors import ModelRepeats, ModelStalled

if TYPE_CHECKING:
    from holdfast.assistant.answering import Piece

__all__ = ["Pace", "Repetition"]

_TAIL_CHARS = 6_000
"""So much of the end of an answer is looked at: 1,500 tokens of nothing new are no accident."""
_MAX_PERIOD = 1_500
"""What is said over and over may be as long as this, so it was said at least four times."""
_STEP_CHARS = 1_000
_PROBE_CHARS = 48
_MAX_CANDIDATES = 64


class Pace:
    """Waits for a model's pieces, and not for ever; the time that tools take is not the model's.

    One timer watches over a whole answer. When it is due it finds out how long the model has been
    waited for and is set again: a timer for each piece would cost more than the piece.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._limit: asyncio.Timeout | None = None
        self._pauses = 0
        self._since = 0.0
        """When it began to wait for the model, on the loop's clock."""
        self._watch: asyncio.TimerHandle | None = None

    async def next(self, pieces: AsyncIterator[Piece]) -> Piece | None:
        """The next piece, None at the end.

        Raises:
            ModelStalled: there was none for too long.
        """
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limit = limit
                self._wait_anew()
                return await anext(pieces, None)
        except TimeoutError:
            if limit.expired():
                raise ModelStalled(self._timeout_s) from None
            raise
        finally:
            self._limit = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, the model is not waited for."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            self._wait_anew()

    def close(self) -> None:
        """Watch no longer; the answer is over."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _wait_anew(self) -> None:
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        if self._watch is None and not self._pauses:
            self._watch = loop.call_later(self._timeout_s, self._look)

    def _look(self) -> None:
        self._watch = None
        if self._limit is None or self._pauses or self._limit.expired():
            return  # whoever waits next sets it
        loop = asyncio.get_running_loop()
        left_s = self._since + self._timeout_s - loop.time()
        if left_s > 0:
            self._watch = loop.call_later(left_s, self._look)
        else:
            self._limit.reschedule(loop.time())


class Repetition:
    """Listens to an answer, and tells when it only says the same over and over."""

    def __init__(self) -> None:
        self._tail = ""
        self._unheard = 0

    def hear(self, text: str) -> None:
        """Take in what comes next.

        Raises:
            ModelRepeats: the last 6,000 characters are one stretch again and again.
        """
        self._tail = (self._tail + text)[-_TAIL_CHARS:]
        self._unheard += len(text)
        if self._unheard < _STEP_CHARS:
            return
        self._unheard = 0
        if len(self._tail) == _TAIL_CHARS and _is_periodic(self._tail):
            raise ModelRepeats


def _is_periodic(text: str) -> bool:
    """Whether the text is a stretch of at most `_MAX_PERIOD` characters over and over."""
    probe, start = text[-_PROBE_CHARS:], len(text) - _PROBE_CHARS
    at = start
    for _ in range(_MAX_CANDIDATES):
        at = text.rfind(probe, 0, at + _PROBE_CHARS - 1)
        period = start - at
        if at < 0 or period > _MAX_PERIOD:
            return False
        if text[period:] == text[:-period]:
            return True
    return False
