"""Writes with an Idempotency-Key: the same request again gets the first answer again.

What makes something takes the key to the keeper, where it is durable and holds on every node
(`ClientKey`); of such a request only its digest is kept here. The rest changes nothing the second
time, and only its answer would differ: the first one is kept for a while, in memory, and given
again unless something was removed since from the vault that it tells of, by whichever process.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple, TypeAlias

from fastapi import Depends, Header
from msgspec import Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from holdfast.errors import NotFound
from holdfast.keeper.access import Caller, Scope
from holdfast.server.failures import Refused
from holdfast.server.removals import removed_since, rev_of
from holdfast.vault.vault import Vault

__all__ = ["REPLAYED", "ClientKey", "Once", "client_key", "note_vault"]

REPLAYED = "Idempotency-Replayed"
_HEADER = "Idempotency-Key"
_LIFETIME_S = 600.0
_MAX_ANSWERS = 100
"""Of one caller; the oldest leave."""
_MAX_CALLERS = 1000
_MAX_BYTES = 64 << 20
"""Of all answers together; those of the caller who was longest away leave first."""
_PRUNED_EVERY_S = 60.0
_MAX_BODY_BYTES = 64 << 10
"""A longer answer is not kept: what is asked for again is done again, which changes nothing."""


async def client_key(
    key: Annotated[
        str | None,
        Header(
            alias=_HEADER,
            min_length=1,
            max_length=255,
            description="The caller's own key of this request: however often it is sent, it is "
            "done once. It stands for one content; with another one it is refused.",
            examples=["9f0c2f1e"],
        ),
    ] = None,
) -> str | None:
    """The Idempotency-Key of a request."""
    return key


ClientKey: TypeAlias = Annotated[str | None, Depends(client_key)]
"""What a route that makes something hands to the keeper."""


class _Told(NamedTuple):
    """What an answer tells of: a vault, as it was at a revision."""

    vault: Vault
    rev: int

    async def stands(self) -> bool:
        """Whether nothing was removed from it since."""
        try:
            if await rev_of(self.vault) == self.rev:
                return True
            return not await removed_since(self.vault, self.rev)
        except NotFound:
            return False


async def note_vault(connection: HTTPConnection, vault: Vault) -> None:
    """Note what the answer to a request will tell of, before anything of it is read."""
    if _HEADER in connection.headers:
        connection.state.told = _Told(vault, await rev_of(vault))


class _Answer(Struct):
    digest: bytes
    lock: asyncio.Lock
    at: float
    answered: bool = False
    response: Response | None = None
    """None of what makes something: then it is done again, and finds what it made."""
    told: _Told | None = None
    """None when it holds nothing of a vault."""

    @property
    def nbytes(self) -> int:
        return 0 if self.response is None else len(self.response.body)


class _Who(NamedTuple):
    """Whose answers: another credential of the same user may not be allowed to read them."""

    account: str
    user_id: str
    via: str
    credential: str
    scopes: frozenset[Scope]
    acts_for_users: bool


class Once:
    """The answers of this process to requests with a key, by who asked."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._callers: OrderedDict[_Who, OrderedDict[bytes, _Answer]] = OrderedDict()
        self._pruned_at = monotonic()
        self.nbytes = 0
        """Of the bodies that are kept."""

    async def answer(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        *,
        makes: bool = False,
    ) -> Response:
        """The answer of `handle`, or the one it gave to this request before.

        Args:
            makes: whether `handle` takes the key to the keeper; then it is asked each time.

        Raises:
            Refused: the key was used for another request.
        """
        key = request.headers.get(_HEADER)
        caller: Caller | None = getattr(request.state, "caller", None)
        if not key or len(key) > 255 or caller is None:
            response = await handle(request)
        else:
            response = await self._once(request, handle, caller, key, makes=makes)
        if caller is not None and _removes(request):
            # No answer outlives what it tells of.
            self.forget(caller, but=response)
        return response

    async def _once(
        self,
        request: Request,
        handle: Callable[[Request], Awaitable[Response]],
        caller: Caller,
        key: str,
        *,
        makes: bool,
    ) -> Response:
        kept = self._of(caller)
        place = _digest(request.method, request.scope["path"], key)
        digest = _digest(request.url.query, await request.body())
        known = kept.setdefault(place, _Answer(digest, asyncio.Lock(), self._monotonic()))
        if known.digest != digest:
            raise Refused(
                400, "invalid_input", f"{_HEADER}: it was used for another request: take a new one"
            )
        async with known.lock:
            first = known.response
            if first is not None and (known.told is None or await known.told.stands()):
                return _again(first)
            try:
                response = await handle(request)
            except BaseException:
                # What failed may be tried again, with something else too.
                self._drop(kept, place)
                raise
            if makes and known.answered:
                response.headers[REPLAYED] = "true"
                return response
            self._drop(kept, place)
            if _may_be_kept(response):
                known.answered = True
                known.response = None if makes else response
                known.told = getattr(request.state, "told", None)
                # Meanwhile it may have been let go of, and its caller too.
                self._keep(self._of(caller), place, known)
            return response

    def _keep(self, kept: OrderedDict[bytes, _Answer], place: bytes, answer: _Answer) -> None:
        self._drop(kept, place)
        kept[place] = answer
        self.nbytes += answer.nbytes
        while self.nbytes > _MAX_BYTES:
            longest_away = next(iter(self._callers.values()))
            if longest_away:
                self._drop(longest_away, next(iter(longest_away)))
            else:
                self._callers.popitem(last=False)

    def _drop(self, kept: OrderedDict[bytes, _Answer], place: bytes) -> None:
        gone = kept.pop(place, None)
        if gone is not None:
            self.nbytes -= gone.nbytes

    def _prune(self) -> None:
        """Let go of what is too old, whoever asked for it."""
        now = self._monotonic()
        if now < self._pruned_at + _PRUNED_EVERY_S:
            return
        self._pruned_at = now
        for who, kept in list(self._callers.items()):
            self._drop_before(kept, now - _LIFETIME_S)
            if not kept:
                del self._callers[who]

    def _drop_before(self, kept: OrderedDict[bytes, _Answer], earliest: float) -> None:
        while kept and next(iter(kept.values())).at < earliest:
            self._drop(kept, next(iter(kept)))

    def _of(self, caller: Caller) -> OrderedDict[bytes, _Answer]:
        """The answers of a caller that are still good."""
        who = _Who(
            caller.account,
            caller.user_id,
            caller.via,
            caller.credential,
            caller.scopes,
            caller.acts_for_users,
        )
        self._prune()
        kept = self._callers.setdefault(who, OrderedDict())
        self._callers.move_to_end(who)
        if len(self._callers) > _MAX_CALLERS:
            _, gone = self._callers.popitem(last=False)
            self._drop_before(gone, float("inf"))
        self._drop_before(kept, self._monotonic() - _LIFETIME_S)
        while len(kept) >= _MAX_ANSWERS:
            self._drop(kept, next(iter(kept)))
        return kept

    def forget(self, caller: Caller, *, but: Response | None = None) -> None:
        """Keep no answer that may tell of what the caller has removed, by whichever way."""
        for who, kept in self._callers.items():
            own = (who.account, who.user_id) == (caller.account, caller.user_id)
            if own or caller.acts_for_users or who.acts_for_users:
                stale = [p for p, a in kept.items() if but is None or a.response is not but]
                for place in stale:
                    self._drop(kept, place)


def _removes(request: Request) -> bool:
    return request.method == "DELETE" or request.scope["path"] == "/api/erase"


def _may_be_kept(response: Response) -> bool:
    body = getattr(response, "body", None)
    return (
        200 <= response.status_code < 300
        and isinstance(body, bytes)
        and len(body) <= _MAX_BODY_BYTES
    )


def _again(first: Response) -> Response:
    response = Response(first.body, first.status_code)
    response.raw_headers = [*first.raw_headers, (REPLAYED.lower().encode(), b"true")]
    return response


def _digest(*parts: str | bytes) -> bytes:
    found = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(raw).to_bytes(8, "big") + raw)
    return found.digest()
