"""Writes with an Idempotency-Key: the same request again gets the first answer again.

What makes something takes the key to the keeper, where it is durable and holds on every node
(`ClientKey`). The rest changes nothing the second time, and only its answer would differ: the first
one is kept here for a while, in memory. So is that of what makes something, which spares the work.
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
from starlette.requests import Request
from starlette.responses import Response

from holdfast.keeper.access import Caller, Scope
from holdfast.server.failures import Refused

__all__ = ["REPLAYED", "ClientKey", "Once", "client_key"]

REPLAYED = "Idempotency-Replayed"
_HEADER = "Idempotency-Key"
_LIFETIME_S = 600.0
_MAX_ANSWERS = 100
"""Of one caller; the oldest leave."""
_MAX_CALLERS = 1000
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


class _Answer(Struct):
    digest: bytes
    lock: asyncio.Lock
    at: float
    response: Response | None = None


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

    async def answer(
        self, request: Request, handle: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """The answer of `handle`, or the one it gave to this request before.

        Raises:
            Refused: the key was used for another request.
        """
        key = request.headers.get(_HEADER)
        caller: Caller | None = getattr(request.state, "caller", None)
        if not key or len(key) > 255 or caller is None:
            response = await handle(request)
        else:
            response = await self._once(request, handle, caller, key)
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
            if known.response is not None:
                return _again(known.response)
            try:
                response = await handle(request)
            except BaseException:
                # What failed may be tried again, with something else too.
                kept.pop(place, None)
                raise
            if _may_be_kept(response):
                known.response = response
            else:
                kept.pop(place, None)
            return response

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
        kept = self._callers.setdefault(who, OrderedDict())
        self._callers.move_to_end(who)
        if len(self._callers) > _MAX_CALLERS:
            self._callers.popitem(last=False)
        earliest = self._monotonic() - _LIFETIME_S
        while kept and (len(kept) >= _MAX_ANSWERS or next(iter(kept.values())).at < earliest):
            kept.popitem(last=False)
        return kept

    def forget(self, caller: Caller, *, but: Response | None = None) -> None:
        """Keep no answer that may tell of what the caller has removed, by whichever way."""
        for who, kept in self._callers.items():
            own = (who.account, who.user_id) == (caller.account, caller.user_id)
            if own or caller.acts_for_users or who.acts_for_users:
                stale = [p for p, a in kept.items() if but is None or a.response is not but]
                for place in stale:
                    del kept[place]


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
