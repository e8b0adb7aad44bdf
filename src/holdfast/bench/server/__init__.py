"""How fast the server is, asked by this process over real connections: see `programs`."""

from __future__ import annotations

from holdfast.bench.server.programs import measure

__all__ = ["measure"]
