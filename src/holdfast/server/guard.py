"""What every request passes first: an id, the Host and Origin checks, one line in the log."""

from __future__ import annotations

import logging
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.server.failures import Refused, error_response
from holdfast.server.identity.addresses import Addresses

__all__ = ["Guard"]

_logger = logging.getLogger(__name__)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware around the whole application. Who asks, the admission decides inside it."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        try:
            self._check(scope)
            await self._app(scope, receive, passage.send)
        except Refused as exc:
            await passage.refuse(receive, exc.status, exc.code, exc.message)
        except Exception:  # the request's boundary
            _logger.exception(
                "request broke", extra={"action": "http.broke", "request_id": passage.request_id}
            )
            message = "the server failed: its log has more under this request id"
            await passage.refuse(receive, 500, "internal", message)
        finally:
            passage.log()

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not self._addresses.allows_host(headers.get("host")):
            message = "this server has no such name: the operator sets HOLDFAST_PUBLIC_URL"
            raise Refused(421, "wrong_host", message)
        if not self._addresses.allows_origin(headers.get("origin")):
            raise Refused(403, "foreign_origin", "pages of other origins are not let in")


class _Passage:
    """One request on its way: its id, its status, and when it began."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request_id = uuid4().hex
        self._scope = scope
        self._send = send
        self._status = 0
        self._began = time.perf_counter()
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            # What the upstream of /v1 calls its request stays: its support asks for that.
            headers.setdefault("X-Request-Id", self.request_id)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        elif kind == "websocket.accept":
            self._status = 101
        await self._send(message)

    async def refuse(self, receive: Receive, status: int, code: str, message: str) -> None:
        """Answer with an error, unless an answer has begun."""
        if self._status:
            return
        response = error_response(status, code, message, self.request_id)
        if self._scope["type"] == "websocket":
            await receive()
        await response(self._scope, receive, self.send)

    def log(self) -> None:
        """The one line of this request. The path as it was asked for may name people: the route."""
        route = self._scope.get("route")
        _logger.info(
            "request",
            extra={
                "action": "http.request",
                "request_id": self.request_id,
                "method": self._scope.get("method", "WEBSOCKET"),
                "route": getattr(route, "path", "-"),
                "status": self._status,
                "duration_ms": round((time.perf_counter() - self._began) * 1000, 1),
            },
        )
