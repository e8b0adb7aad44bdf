"""All talks of this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from holdfast.server.failures import Refused
from holdfast.server.talking.answers import Answers
from holdfast.server.talking.listeners import REVOKED, Listener
from holdfast.server.talking.talk import Talk

if TYPE_CHECKING:
    from holdfast.keeper.access import Caller
    from holdfast.keeper.sessions import OpenSession

__all__ = ["Talks"]

_logger = logging.getLogger(__name__)
_MAX_TURNS = 1_000
"""Turns of all sessions that are answered or wait."""
_MAX_TURNS_OF_USER = 200
"""Of one user: who waits for a slow model in many sessions leaves room for the others."""
_MAX_IDLE = 500
_IDLE_S = 120.0
"""How long the events of a session that nobody needs are kept for whoever comes back."""
_LAST_WORDS_S = 1.0
"""How long a stopping server waits until its clients have been told."""
_ROUND_S = 1.0
"""Between two looks at whether those who listen still may."""


class Talks:
    """Keeps one talk for each session that somebody needs. Use it as an async context manager.

    Args:
        answers: what begins the turns.
        valid: whether a caller's credential is still good; asked every second for all who listen.
    """

    def __init__(
        self, answers: Answers, *, valid: Callable[[Caller], bool] = lambda caller: True
    ) -> None:
        self.stopping = answers.stopping
        self.answers = answers
        self.turns = 0
        """So many are answered or wait."""
        self._turns_of: Counter[tuple[bytes, str]] = Counter()
        self._valid = valid
        self._talks: OrderedDict[tuple[bytes, str], Talk] = OrderedDict()
        self._listeners: set[Listener] = set()
        self._last_us = 0
        self._rounds: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._rounds = asyncio.create_task(self._look_after(), name="talks")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.wait((self._rounds,))

    def of(self, session: OpenSession, *, side_by_side: bool = False) -> Talk:
        """The talk of a session, the same for everybody."""
        key = (session.vault.raw, session.id)
        talk = self._talks.get(key)
        if talk is None:
            talk = self._talks[key] = Talk(session, self, side_by_side=side_by_side)
            talk.idle_since = time.monotonic()
        self._talks.move_to_end(key)
        return talk

    def known(self, session: OpenSession) -> Talk | None:
        """The talk of a session when there is one."""
        return self._talks.get((session.vault.raw, session.id))

    def running(self, vault: bytes) -> list[str]:
        """The sessions of a vault in which something is being answered, or waits for it."""
        return sorted(key[1] for key, talk in self._talks.items() if key[0] == vault and talk.runs)

    def is_running(self, vault: bytes, session_id: str) -> bool:
        """Whether something is being answered in a session, or waits for it."""
        talk = self._talks.get((vault, session_id))
        return talk is not None and bool(talk.runs)

    def add(self, listener: Listener) -> None:
        """Watch over a listener's credential from now on."""
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        """Stop watching over a listener."""
        self._listeners.discard(listener)

    def listening(self, credential: str) -> int:
        """So many sockets and streams were opened with a credential."""
        return sum(listener.caller.credential == credential for listener in self._listeners)

    def valid(self, caller: Caller) -> bool:
        """Whether the caller's credential is still good."""
        return self._valid(caller)

    def admit(self, who: tuple[bytes, str]) -> None:
        """Count one more turn in of a user, by account and name; `leave` counts it out when it has
        ended.

        Raises:
            Refused: too many are there already, of this user or in all, or the server stops.
        """
        if self.stopping.is_set():
            raise self.refusal()
        if self.turns >= _MAX_TURNS:
            raise Refused(503, "busy", "too many messages wait for their answer: try again soon")
        if self._turns_of[who] >= _MAX_TURNS_OF_USER:
            message = "too many of your messages wait for their answer: try again soon"
            raise Refused(429, "rate_limited", message, headers={"Retry-After": "1"})
        self.turns += 1
        self._turns_of[who] += 1

    def leave(self, who: tuple[bytes, str]) -> None:
        """Count a turn out that has ended."""
        self.turns -= 1
        self._turns_of[who] -= 1
        if not self._turns_of[who]:
            del self._turns_of[who]

    def refusal(self) -> Refused:
        """Why a turn was not begun although nothing was wrong with it."""
        if self.stopping.is_set():
            message = "the server stops: send it again with its client key in a moment"
            return Refused(503, "stopping", message, headers={"Retry-After": "1"})
        message = "it was cancelled and may not be recorded: send it with its client key"
        return Refused(409, "cancelled", message)

    def tidy(self, talk: Talk) -> None:
        """Note that nobody needs a talk; the session stays where it is kept."""
        if talk.idle:
            talk.idle_since = time.monotonic()

    def forget(self, vault: bytes, session_id: str | None = None) -> None:
        """Keep nothing of what was told in a vault or one session: it was removed there."""
        for key, talk in self._talks.items():
            if key[0] == vault and session_id in (None, key[1]):
                talk.forget_ended()

    def now_us(self) -> int:
        """Microseconds since 1970, greater than any that was given out before."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return self._last_us

    async def stop(self) -> None:
        """End every turn as interrupted, with what it had; returns when all are recorded, and told
        to those who read. May run twice."""
        self.stopping.set()
        runs = [run for talk in self._talks.values() for run in talk.runs]
        for run in runs:
            run.cancel()
        tasks = [run.task for run in runs if run.task is not None]
        if tasks:
            await asyncio.wait(tasks)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                for listener in list(self._listeners):
                    await listener.caught_up()

    # Inside

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_ROUND_S)
            try:
                await self._look()
            except Exception:
                # The task's boundary: one round that fails must not end them all.
                _logger.exception("talks were not looked after", extra={"action": "talks.look"})

    async def _look(self) -> None:
        for listener in list(self._listeners):
            if not self._valid(listener.caller):
                listener.end(REVOKED)
        for talk in list(self._talks.values()):
            if not talk.idle:
                await talk.check_seats()
        self._drop_idle()

    def _drop_idle(self) -> None:
        now = time.monotonic()
        idle = [(key, talk) for key, talk in self._talks.items() if talk.idle]
        surplus = len(idle) - _MAX_IDLE
        for place, (key, talk) in enumerate(idle):
            if place < surplus or talk.idle_since + _IDLE_S < now:
                del self._talks[key]
