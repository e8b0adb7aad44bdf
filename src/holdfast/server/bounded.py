"""Uvicorn's HTTP, with bounds on what a client sends before anybody has looked at it.

The parser takes a head of any length, however slowly it comes: one connection could hold all
memory, and a thousand that say nothing could hold every open file.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MAX_HEAD_BYTES", "BoundedHttp"]

MAX_HEAD_BYTES = 64 << 10
"""Of a request's line and headers together, give or take what one read of the socket brings."""
_HEAD_TIMEOUT_S = 30.0
"""From the connection, or the first byte of a further request, to the end of its head."""


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
