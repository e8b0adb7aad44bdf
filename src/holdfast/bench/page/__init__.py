"""How fast the page is in Chromium, over two years of conversations: see `programs`."""

from __future__ import annotations

from holdfast.bench.page.programs import measure

__all__ = ["measure"]
