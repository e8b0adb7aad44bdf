"""Uvicorn's HTTP and WebSockets, with bounds on what a client sends before anybody looks at it.

The parser takes a head of any length, however slowly it comes: one connection could hold all
memory, and a thousand that say nothing could hold every open file. A socket takes any number of
empty pieces of a frame, and keeps an answer to each ping until the client reads it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

__all__ = ["MAX_HEAD_BYTES", "MAX_PIECES", "BoundedHttp", "BoundedSocket"]

MAX_HEAD_BYTES = 64 << 10
"""Of a request's line and headers together, give or take what one read of the socket brings."""
_HEAD_TIMEOUT_S = 30.0
"""From the connection, or the first byte of a further request, to the end of its head."""
_NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
MAX_PIECES = 4096
"""Of one frame: what is in them is bounded, but they may be empty."""


class BoundedHttp(HttpToolsProtocol):
    """A connection whose heads are short and come soon."""

    def __init__(self, *given: Any, **named: Any) -> None:  # uvicorn's own, handed on
        super().__init__(*given, **named)
        self._in_head = True
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(_HEAD_TIMEOUT_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._trust()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it is more of a head that was too long already."""
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The head of this request is too long.")
            return
        before = self._head_bytes
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes = before + len(data)
        if self._patience is None:
            self._patience = self.loop.call_later(_HEAD_TIMEOUT_S, self._give_up)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._in_head = False
        self._head_bytes = 0
        self._trust()
        super().on_headers_complete()

    def _trust(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if self.transport is not None:
            self.transport.close()


class BoundedSocket(WebSocketsSansIOProtocol):
    """A socket whose client is not waited for, and whose faults are no faults of the server."""

    def data_received(self, data: bytes) -> None:
        """Take what has come; a handshake that is none has an answer, and an end."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(_NO_HANDSHAKE)
            self.transport.close()

    async def send(self, message: Any) -> None:  # ASGI's own type
        """Send to the client; a refused handshake is one that has come to its end."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def handle_ping(self) -> None:
        """Answer a ping, unless the client reads none of what it was sent before."""
        answer = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(answer)

    def handle_cont(self, event: Frame) -> None:
        """Take a further piece of a frame."""
        if len(self.frames) < MAX_PIECES:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many pieces")
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """Hand a whole frame on; one that is no text closes the socket, and is no error here."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.fail(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close because of what has come; without a word when there is no socket yet."""
        if self.conn.close_sent is None:
            self.transport.close()
        else:
            super().handle_parser_exception()
