"""One client's share of the talks it listens to: what it has not been sent yet, and no more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from uuid import uuid4

from holdfast.keeper.access import Caller
from holdfast.server.schemas.events import ErrorEvent, ServerEvent
from holdfast.server.talking.told import Told

__all__ = ["REVOKED", "TOO_SLOW", "Ended", "Listener"]

_MAX_WAITING = 128
_PATIENCE_S = 2.0
"""How long a client that lags may hold up a talk before it is given up. Whoever catches up has all
of it again; whoever never does has held up the others this long, once."""


class Ended:
    """Why a client is not told any more, as a socket's close code and in words."""

    __slots__ = ("code", "reason", "ws_code")

    def __init__(self, ws_code: int, code: str, reason: str) -> None:
        self.ws_code = ws_code
        self.code = code
        self.reason = reason


TOO_SLOW = Ended(4408, "too_slow", "events were not read in time")
REVOKED = Ended(4401, "credential_ended", "your credential ended: log in again")


class Listener:
    """Holds a bounded number of events for one connection.

    Args:
        caller: who listens.
        ready: called when there is something to take or the listener has ended; it does not wait.
    """

    def __init__(self, caller: Caller, *, ready: Callable[[], None]) -> None:
        self.caller = caller
        self.ended: Ended | None = None
        self._ready = ready
        self._waiting: deque[Told] = deque()
        self._ahead = 0
        """Of those that wait, so many came in one go when it joined: they do not count."""
        self._patience_s = _PATIENCE_S
        self._room: asyncio.Event | None = None

    @property
    def has_room(self) -> bool:
        """Whether an event that is offered now is taken; what has ended takes all, for nothing."""
        return self.ended is not None or len(self._waiting) - self._ahead < _MAX_WAITING

    def offer(self, told: Told) -> bool:
        """Take an event; False when there is no room for it now."""
        if not self.has_room:
            return False
        if self.ended is not None:
            return True
        self._waiting.append(told)
        self._ready()
        return True

    async def hear(self, told: Told) -> None:
        """Take an event; when there is no room for too long, the listener is given up."""
        loop = asyncio.get_running_loop()
        while not self.offer(told):
            room = self._room = self._room or asyncio.Event()
            began = loop.time()
            try:
                async with asyncio.timeout(max(self._patience_s, 0)):
                    await room.wait()
            except TimeoutError:
                self.end(TOO_SLOW)
            finally:
                self._patience_s -= loop.time() - began

    def take(self) -> Told | None:
        """The oldest event that was not sent yet, None when there is none."""
        if not self._waiting:
            return None
        told = self._waiting.popleft()
        self._ahead = max(0, self._ahead - 1)
        if not self._waiting:
            self._patience_s = _PATIENCE_S
        if self._room is not None:
            self._room.set()
            self._room = None
        return told

    async def caught_up(self) -> None:
        """Wait until everything was taken."""
        while self._waiting and self.ended is None:
            room = self._room = self._room or asyncio.Event()
            await room.wait()

    def catch_up(self, missed: Iterable[Told]) -> None:
        """Take what happened before it joined, however much that is."""
        before = len(self._waiting)
        self._waiting.extend(missed)
        self._ahead += len(self._waiting) - before
        self._ready()

    def drop(self, session_id: str) -> None:
        """Forget what waits of a session: the caller may not hear of it any more."""
        kept = [told for told in self._waiting if told.session_id != session_id]
        self._ahead = max(0, self._ahead - (len(self._waiting) - len(kept)))
        self._waiting = deque(kept)

    def tell(self, seq: int, session_id: str | None, shown: ServerEvent) -> None:
        """Take an event that concerns this connection alone."""
        if not self.offer(Told(seq, session_id, shown=shown)):
            self.end(TOO_SLOW)

    def tell_error(
        self,
        code: str,
        message: str,
        client_key: str | None = None,
        *,
        seq: int = 0,
        session_id: str | None = None,
    ) -> None:
        """Take word that something of this connection was refused."""
        shown = ErrorEvent(
            code=code, message=message, request_id=uuid4().hex, client_key=client_key
        )
        self.tell(seq, session_id, shown)

    def end(self, why: Ended) -> None:
        """Tell it nothing more; what it was not sent is dropped. Only the first reason counts."""
        if self.ended is not None:
            return
        self.ended = why
        self._waiting.clear()
        if self._room is not None:
            self._room.set()
        self._ready()
