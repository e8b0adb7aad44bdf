"""The server: HTTP and WebSocket over the library."""

from __future__ import annotations

from holdfast.server.app import create_app
from holdfast.server.serve import serve

__all__ = ["create_app", "serve"]
