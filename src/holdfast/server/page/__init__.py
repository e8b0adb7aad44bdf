"""The web page: files that anybody may have, for nothing that is kept is in them."""

from __future__ import annotations

from holdfast.server.page.files import STATIC, Pages, is_page
from holdfast.server.page.routes import page_routes

__all__ = ["STATIC", "Pages", "is_page", "page_routes"]
