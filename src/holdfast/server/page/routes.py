"""The addresses of the page, and what a browser may do with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from holdfast.server.failures import Refused
from holdfast.server.page.files import ASSETS, ROOT_FILES, VIEWS, Pages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTENT_SECURITY_POLICY", "document", "page_routes"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
"""Nothing inline, nothing from elsewhere, no request to anybody else: what got into a text that is
shown can neither run nor tell. The socket of the same host is 'self', too (CSP 3)."""
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=3600"
_NOT_BUILT = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Holdfast</title>
<h1>Holdfast</h1>
<p>The server runs. Its page was not built: run <code>make page</code> in a checkout, or install a
released package, which has it.</p>
<p><a href="/docs">What can be asked of the server</a></p></html>
"""


def page_routes(pages: Pages) -> list[BaseRoute]:
    """The routes of the page; GET /login is with those that let somebody in."""

    async def view(_: Request) -> Response:
        return await document(pages)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        return await _file(pages, f"{ASSETS}/{name}", request, _FOREVER)

    async def root_file(request: Request) -> Response:
        return await _file(pages, request.url.path.removeprefix("/"), request, _A_WHILE)

    views = [name for name in VIEWS if name != "login"]
    paths = ["/", *(f"/{name}" for name in views), *(f"/{name}/{{rest:path}}" for name in views)]
    return [
        *(_Route(path, view, methods=["GET"], name="page") for path in paths),
        _Route(f"/{ASSETS}/{{name:path}}", asset, methods=["GET"], name="asset"),
        *(_Route(f"/{name}", root_file, methods=["GET"], name="asset") for name in ROOT_FILES),
    ]


class _Route(Route):
    """A route that the log and the figures know by its path."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["route"] = self
        await super().handle(scope, receive, send)


async def document(pages: Pages, *, status: int = 200) -> Response:
    """The page, whatever its address; a plain one that says how to build it when it is missing."""
    found = await asyncio.to_thread(pages.document)
    if found is None:
        return HTMLResponse(_NOT_BUILT, status_code=status)
    # no-store: the next build has other assets, and a copy of an old page would ask in vain.
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    return Response(found, status, headers, media_type="text/html; charset=utf-8")


async def _file(pages: Pages, name: str, request: Request, caching: str) -> Response:
    accepted = _accepted(request.headers)
    found = await asyncio.to_thread(pages.asset, name, accepted)
    if found is None:
        raise Refused(404, "not_found", "the page has no such file: load it anew")
    headers = {**_HEADERS, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if found.encoding is not None:
        headers["Content-Encoding"] = found.encoding
    return Response(found.content, 200, headers, media_type=found.media_type)


def _accepted(headers: Mapping[str, str]) -> frozenset[str]:
    """The encodings that a client takes; one with a weight of nothing it does not."""
    found = set()
    for given in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = given.strip().partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            found.add(name.strip())
    return frozenset(found)
