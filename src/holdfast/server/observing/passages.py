"""One request from its first to its last byte: its id, its headers, its span, its one line."""

from __future__ import annotations

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from holdfast.keeper.access import Caller
from holdfast.server.failures import error_response
from holdfast.server.observing.metrics import method_label
from holdfast.server.observing.observer import Here, Observer, enter
from holdfast.server.observing.tracing import NO_SPAN
from holdfast.server.once import REPLAYED

__all__ = ["Passage"]

_logger = logging.getLogger(__name__)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_RECALLS = {
    "/api/search": "search",
    "/api/search/sessions": "search",
    "/api/find": "search",
    "/api/rooms/{room_id}/search": "search",
    "/api/context": "context",
}
"""Routes that do nothing but recall, and what they are called among the figures."""
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Machines ask for them every few seconds: a trace of each would bury the others."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RETRIES = "x-stainless-retry-count"


class Passage:
    """Whatever becomes of the request: it has an id, and `end` writes the line about it.

    The id is always one of ours: a client's own word for its request would be a text of a user in
    the log. Whoever wants to find their requests here sends a `traceparent`.
    """

    def __init__(self, observer: Observer, scope: Scope, receive: Receive, send: Send) -> None:
        self.request_id = uuid4().hex
        self.status = 0
        """Of the answer; 0 until it begins."""
        self._observer = observer
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began = time.perf_counter()
        self._bytes_in = 0
        self._bytes_out = 0
        self._method = method_label(scope.get("method", "WEBSOCKET"))
        self._is_socket = scope["type"] == "websocket"
        self._is_stream = False
        scope.setdefault("state", {})["request_id"] = self.request_id
        self._span = NO_SPAN
        if scope["path"] not in _PROBES:
            self._span = observer.tracing.request(self._method, Headers(scope=scope))
        self._here = Here(observer, self.request_id, self._span, is_socket=self._is_socket)
        enter(self._here)
        observer.metrics.open_requests.inc()

    async def receive(self) -> Message:
        """The next message of the client, counted."""
        message = await self._receive()
        kind = message["type"]
        if kind == "http.request":
            self._bytes_in += len(message.get("body", b""))
        elif kind == "websocket.receive":
            self._bytes_in += len(message.get("text") or message.get("bytes") or b"")
        return message

    async def send(self, message: Message) -> None:
        """A message to the client, with the headers that every answer has."""
        kind = message["type"]
        if kind == "http.response.body":
            self._bytes_out += len(message.get("body", b""))
        elif kind == "websocket.send":
            self._bytes_out += len(message.get("text") or message.get("bytes") or b"")
        elif kind in ("http.response.start", "websocket.http.response.start"):
            self._begin_answer(message)
        elif kind == "websocket.accept":
            self.status = 101
            self._observer.metrics.open_sockets.inc()
        await self._send(message)

    def _begin_answer(self, message: Message) -> None:
        self.status = message["status"]
        headers = MutableHeaders(scope=message)
        # What the upstream of /v1 calls its request stays: its support asks for that.
        headers.setdefault("X-Request-Id", self.request_id)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if REPLAYED in headers:
            self._here.facts["replayed"] = True
        if not self._is_stream and headers.get("content-type", "").startswith("text/event-stream"):
            self._is_stream = True
            self._observer.metrics.open_streams.inc()

    async def refuse(self, status: int, code: str, message: str) -> None:
        """Answer with an error, unless an answer has begun."""
        if self.status:
            return
        response = error_response(status, code, message, self.request_id)
        if self._is_socket:
            await self._receive()
        await response(self._scope, self._receive, self.send)

    def end(self, *, broke: bool = False) -> None:
        """The last of it: the figures, the span, the line.

        Args:
            broke: something failed that nobody foresaw, perhaps after the answer had begun.
        """
        taken_s = time.perf_counter() - self._began
        # The path as it was asked for may name people: the route does not.
        route: str = getattr(self._scope.get("route"), "path", "-")
        self._count(route, taken_s)
        self._end_span(route, broke=broke)
        self._here.over = True
        _logger.info("request", extra={**self._told(route, taken_s), **self._here.facts})

    def _count(self, route: str, taken_s: float) -> None:
        metrics = self._observer.metrics
        metrics.open_requests.dec()
        metrics.requests.labels(self._method, route, str(self.status)).inc()
        if self._is_socket:
            if self.status == 101:
                metrics.open_sockets.dec()
        elif self._is_stream:
            metrics.open_streams.dec()
        else:
            metrics.request_s.labels(self._method, route).observe(taken_s)
        recall = _RECALLS.get(route)
        if recall is not None and self.status == 200:
            metrics.recall_s.labels(recall).observe(taken_s)
            self._here.facts["recall_ms"] = round(taken_s * 1000, 1)

    def _end_span(self, route: str, *, broke: bool) -> None:
        if not self._observer.tracing.on:
            return
        span = self._span
        span.rename(f"{self._method} {route}")
        span.set("http.request.method", self._method)
        span.set("http.route", route)
        span.set("http.response.status_code", self.status)
        span.set("holdfast.request_id", self.request_id)
        failed = broke or self.status >= 500
        span.end(failed=str(self.status) if failed else None)

    def _told(self, route: str, taken_s: float) -> dict[str, object]:
        facts: dict[str, object] = {
            "action": "http.request",
            "request_id": self.request_id,
            "method": self._method,
            "route": route,
            "status": self.status,
            "duration_ms": round(taken_s * 1000, 1),
            "bytes_in": self._bytes_in,
            "bytes_out": self._bytes_out,
        }
        if self._span.trace_id is not None:
            facts["trace_id"] = self._span.trace_id
        caller = self._scope["state"].get("caller")
        if isinstance(caller, Caller):
            facts["via"] = caller.via
            # A JWT's own id is a text of its issuer's.
            if caller.via == "key":
                facts["credential"] = caller.credential
            facts["user_tag"] = self._observer.tag(caller)
        session_id = self._scope.get("path_params", {}).get("session_id")
        if isinstance(session_id, str) and _ID.fullmatch(session_id):
            facts["session_id"] = session_id
        retry = Headers(scope=self._scope).get(_RETRIES, "0")
        if retry != "0" and retry.isascii() and retry.isdigit() and len(retry) < 4:
            facts["retry"] = int(retry)
        return facts
