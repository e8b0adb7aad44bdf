"""The recording proxy: OpenAI's protocol for every client that speaks it, and nothing is lost."""

from __future__ import annotations

from holdfast.server.proxy.routes import Proxy

__all__ = ["Proxy"]
