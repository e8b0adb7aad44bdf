"""Requests on their way in and answers on their way out: sizes, HEAD, compression, JSON."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.server.failures import Refused
from holdfast.settings import Settings

__all__ = ["IMPORT_PATH", "Bodies", "json_of"]

IMPORT_PATH = "/api/import"
_MAX_DEPTH = 100
_MAX_OPENERS = 2_000_000
"""Brackets and braces of one body, those in texts too: an empty object of two bytes takes sixty."""
_BODIES_OF_USER = 4
"""So many bodies of the largest size may be held of one user at once."""
_MOST_OF_NOBODY = 16 << 10
"""The largest body of whoever has not shown a credential yet: one that shows it."""
_PATIENCE_S = 60.0
"""How long the next piece of a body is waited for, and all of it beyond its own time."""
_SLOWEST_BYTES_S = 1024
"""The time of its own that a body has: a client that sends less in a second holds a place."""
_GZIP_LEVEL = 4
_GZIP_FROM_BYTES = 1024
_MOST_DRAINED_BYTES = 8 << 20
_MOST_DRAINED_S = 2.0
_OPENERS = (b"[", b"{")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


class Bodies:
    """ASGI middleware around the routes: no body is larger than may be, HEAD is GET without one.

    What the interface under /api answers is compressed when the client takes it; what is forwarded
    from elsewhere, streams of events, and files, of which parts may be asked for, pass as they are.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(app, _GZIP_FROM_BYTES, _GZIP_LEVEL)
        self._max_bytes = settings.max_body_mb << 20
        self._max_import_bytes = settings.max_import_mb << 20
        self._held: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        path = scope["path"]
        limit = self._max_import_bytes if path == IMPORT_PATH else self._max_bytes
        if scope.get("state", {}).get("caller") is None:
            limit = min(limit, _MOST_OF_NOBODY)
        bounded = _Bounded(receive, limit)
        caller = scope.get("state", {}).get("caller")
        if caller is not None and path != IMPORT_PATH:
            most = _BODIES_OF_USER * self._max_bytes
            bounded.share(self._held, (caller.account, caller.user_id), most)
        bounded.check_announced(Headers(scope=scope).get("content-length"))
        try:
            await self._pass_on(scope, bounded, send)
        finally:
            bounded.let_go()

    async def _pass_on(self, scope: Scope, bounded: _Bounded, send: Send) -> None:
        path = scope["path"]
        packed = path.startswith(("/api/", "/openapi")) and not path.endswith("/file")
        app = self._gzip if packed else self._plain
        if scope["method"] != "HEAD":
            await app(scope, bounded.receive, send)
            return
        # A copy: the server below tells by its own that no body follows.
        inner = {**scope, "method": "GET"}
        try:
            await app(inner, bounded.receive, _without_body(send))
        finally:
            scope["route"] = inner.get("route")


def _without_body(send: Send) -> Send:
    async def bodiless(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return bodiless


class _Bounded:
    """The body of one request, counted while it is read."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._read = 0
        self._waited_s = 0.0
        self._whole = False
        self._held: Counter[tuple[str, str]] | None = None
        self._who = ("", "")
        self._most_held = 0

    def share(self, held: Counter[tuple[str, str]], who: tuple[str, str], most: int) -> None:
        """Count it among all that is held of the same user meanwhile, as it is not streamed."""
        self._held, self._who, self._most_held = held, who, most

    def let_go(self) -> None:
        """The request has ended."""
        if self._held is not None:
            self._held[self._who] -= self._read
            if not self._held[self._who]:
                del self._held[self._who]

    def check_announced(self, length: str | None) -> None:
        """Refuse at once what says that it is too large."""
        if length is not None and length.isdecimal() and int(length) > self._limit:
            raise Refused(413, "too_large", self._message(), headers={"Connection": "close"})

    async def receive(self) -> Message:
        message = await self._next()
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            size = len(message.get("body", b""))
            self._read += size
            if self._held is not None:
                self._held[self._who] += size
            if self._read > self._limit:
                await self._drain(message)
                # Of the kind that the framework lets through when it reads a body.
                raise HTTPException(413, self._message(), headers={"Connection": "close"})
            if self._held is not None and self._held[self._who] > self._most_held:
                await self._drain(message)
                text = "too much of yours is on its way in at once: send one after the other"
                raise HTTPException(413, text, headers={"Connection": "close"})
        return message

    async def _next(self) -> Message:
        """What the client sends next; a body that does not come on is not waited for.

        After the body that is its leaving, which may take as long as it likes.
        """
        if self._whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        began = loop.time()
        left_s = _PATIENCE_S + self._read / _SLOWEST_BYTES_S - self._waited_s
        try:
            async with asyncio.timeout(max(0.0, min(_PATIENCE_S, left_s))):
                return await self._receive()
        except TimeoutError:
            text = "the body did not come in time: send it again"
            raise HTTPException(408, text, headers={"Connection": "close"}) from None
        finally:
            self._waited_s += loop.time() - began

    async def _drain(self, message: Message) -> None:
        """Read on for a moment: a client that is cut off while it sends may never see why."""
        left = _MOST_DRAINED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MOST_DRAINED_S):
                while left > 0 and message.get("more_body"):
                    message = await self._receive()
                    left -= len(message.get("body", b""))

    def _message(self) -> str:
        return f"the body is over the limit of {self._limit:,} bytes: send less at a time"


async def json_of(request: Request) -> Any:  # whatever JSON holds
    """The JSON value of a request's body, which the framework then takes as it is.

    Raises:
        Refused: no JSON in UTF-8, nested too deeply, or of another content type.
    """
    body = await request.body()
    _check_type(request.headers.get("content-type"))
    openers = sum(map(body.count, _OPENERS))
    if openers > _MAX_OPENERS:
        raise _malformed("it has too many arrays and objects")
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except msgspec.DecodeError as exc:
        if _HALF_PAIR.search(body):
            raise _malformed("it is malformed, or holds half a surrogate pair") from None
        # It says what is wrong and at which byte, and quotes nothing.
        raise _malformed(str(exc).removeprefix("JSON is ")) from None
    if openers > _MAX_DEPTH and _depth_over(value, _MAX_DEPTH):
        raise _too_deep()
    request._json = value
    return value


def _check_type(content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise Refused(415, "unsupported_media_type", "send JSON as Content-Type: application/json")


def _malformed(problem: str) -> Refused:
    return Refused(400, "invalid_input", f"body: no JSON that can be read: {problem}")


def _too_deep() -> Refused:
    return Refused(400, "invalid_input", f"body: nested more than {_MAX_DEPTH} levels deep")


def _depth_over(value: object, most: int) -> bool:
    """Whether arrays and objects are nested deeper; level by level, so that nothing recurses."""
    level = [value]
    for _ in range(most):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        level = inner
    return any(isinstance(item, dict | list) for item in level)
