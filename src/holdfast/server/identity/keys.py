"""API keys and logins of a running server: looked up once, and as current as two seconds.

Another process may revoke a key or end a login while this one serves. So what was found is kept
only as long as the store is asked every second what changed, and that is one row; a request that
comes when the last answer is older asks by itself, and is refused when the store cannot tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from holdfast.clock import Clock
from holdfast.errors import HoldfastError
from holdfast.keeper.logins import Login, Logins
from holdfast.keeper.tokens import Token, Tokens
from holdfast.model import TokenId

__all__ = ["LiveKeys"]

_logger = logging.getLogger(__name__)
_CHECK_EVERY_S = 1.0
_CURRENT_FOR_S = 2.0
_NOTE_EVERY_S = 60.0
_MAX_FOUND = 10_000
_MAX_REVOKED = 100_000
_TRIES = 3


class _Shown(Protocol):
    @property
    def id(self) -> str: ...

    def expired(self, now: datetime) -> bool: ...


_AnyShown = TypeVar("_AnyShown", bound=_Shown)


class LiveKeys:
    """The keys and logins that were shown to this server. Enter it: then it is kept current."""

    def __init__(
        self,
        tokens: Tokens,
        logins: Logins,
        *,
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._logins = logins
        self._clock = clock
        self._monotonic = monotonic
        self._found: OrderedDict[bytes, Token] = OrderedDict()
        self._found_logins: OrderedDict[bytes, Login] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._ends: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self._used: dict[str, datetime] = {}
        self._seen: dict[str, datetime] = {}
        self._rev = 0
        self._checked_at: float | None = None
        self._lock = asyncio.Lock()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def find(self, secret: str) -> Token | None:
        """The key of a secret; None when it is unknown, revoked or expired.

        Raises:
            StorageFailed: or one of its kinds: whether it was revoked cannot be told.
        """
        token = await self._shown(secret, self._found, self._tokens.find)
        if token is not None:
            self._used[token.id] = self._clock()
        return token

    async def find_login(self, secret: str) -> Login | None:
        """The login of a cookie; None when it is unknown, ended or expired.

        Raises: as `find`.
        """
        login = await self._shown(secret, self._found_logins, self._logins.find)
        if login is not None:
            self._seen[login.id] = self._clock()
        return login

    async def _shown(
        self,
        secret: str,
        found: OrderedDict[bytes, _AnyShown],
        find: Callable[[str], Awaitable[_AnyShown | None]],
    ) -> _AnyShown | None:
        await self._be_current()
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        shown = found.get(digest) or await self._look_up(secret, digest, found, find)
        if shown is None or shown.expired(self._clock()):
            return None
        found.move_to_end(digest)
        return shown

    def is_revoked(self, token_id: str) -> bool:
        """Whether a key or a login that was found here has been ended since."""
        return token_id in self._revoked

    def end_of(self, token_id: str) -> asyncio.Event:
        """Set when that key is revoked. Hold on to it while waiting."""
        event = self._ends.get(token_id)
        if event is None:
            event = self._ends[token_id] = asyncio.Event()
            if self.is_revoked(token_id):
                event.set()
        return event

    async def check(self) -> None:
        """Take note of what was revoked, wherever that was done.

        Raises:
            StorageFailed: or one of its kinds.
        """
        async with self._lock:
            first = self._checked_at is None
            began = self._monotonic()
            changed = await self._tokens.changes(self._rev)
            # Nothing was found before the first check, so what ended before it concerns nobody.
            for token_id in () if first else changed.gone:
                self._end(token_id)
            self._rev = changed.rev
            self._checked_at = began

    def _end(self, token_id: TokenId) -> None:
        self._revoked[token_id] = None
        while len(self._revoked) > _MAX_REVOKED:
            self._revoked.popitem(last=False)
        for digest in [d for d, token in self._found.items() if token.id == token_id]:
            del self._found[digest]
        for digest in [d for d, login in self._found_logins.items() if login.id == token_id]:
            del self._found_logins[digest]
        self._used.pop(token_id, None)
        self._seen.pop(token_id, None)
        event = self._ends.get(token_id)
        if event is not None:
            event.set()
        _logger.info("key revoked", extra={"action": "tokens.revoked"})

    async def _be_current(self) -> None:
        at = self._checked_at
        if at is None or self._monotonic() - at > _CURRENT_FOR_S:
            await self.check()

    async def _look_up(
        self,
        secret: str,
        digest: bytes,
        found: OrderedDict[bytes, _AnyShown],
        find: Callable[[str], Awaitable[_AnyShown | None]],
    ) -> _AnyShown | None:
        for _ in range(_TRIES):
            rev = self._rev
            shown = await find(secret)
            # A revocation that was taken note of while this was read may be of this very key.
            if shown is None or rev == self._rev:
                break
        else:
            return None
        if shown is not None:
            found[digest] = shown
            while len(found) > _MAX_FOUND:
                found.popitem(last=False)
        return shown

    async def __aenter__(self) -> LiveKeys:
        await self.check()
        self._tasks = (
            asyncio.create_task(self._keep_current(), name="keys"),
            asyncio.create_task(self._keep_noting(), name="key uses"),
        )
        return self

    async def __aexit__(self, *raised: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(HoldfastError):
            await self.note_uses()

    async def _keep_current(self) -> None:
        failing = False
        while True:
            try:
                await self.check()
            except HoldfastError as exc:
                if not failing:
                    extra = {"action": "tokens.check", "code": exc.code}
                    _logger.error("keys cannot be checked", extra=extra)
                failing = True
            else:
                failing = False
            await asyncio.sleep(_CHECK_EVERY_S)

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(_NOTE_EVERY_S)
            with contextlib.suppress(HoldfastError):  # the next round notes later uses
                await self.note_uses()

    async def note_uses(self) -> None:
        """Write down when they were last used: once a minute, never in a request's way."""
        used, self._used = self._used, {}
        for token_id, at in used.items():
            await self._tokens.used(token_id, at)
        seen, self._seen = self._seen, {}
        for login_id, at in seen.items():
            await self._logins.seen(login_id, at)
