"""The WebSocket: history on connect, then whatever happens, until either side leaves."""

from __future__ import annotations

from holdfast.server.sockets.connection import MAX_FRAME_BYTES
from holdfast.server.sockets.places import Places
from holdfast.server.sockets.route import router

__all__ = ["MAX_FRAME_BYTES", "Places", "router"]
