"""Nothing passes without a caller: the middleware before every route, mounted ones included."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.errors import HoldfastError
from holdfast.server.failures import Refused, error_response, status_of
from holdfast.server.identity.door import Identity
from holdfast.server.identity.limits import rate_of
from holdfast.server.identity.resource import METADATA_PATHS
from holdfast.server.page.files import is_page

__all__ = ["LOGIN_PATH", "OPEN_PATHS", "TICKET_PATHS", "Admission"]

LOGIN_PATH = "/api/login"
_WAYS_IN = frozenset({"/login", LOGIN_PATH, "/api/access"})
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"}).union(_WAYS_IN, METADATA_PATHS)
"""What anybody may ask for beside the page's files: signs of life, and the way in. /metrics asks
for a credential itself, because in local mode it needs none."""
TICKET_PATHS = frozenset({"/ws"})
"""Sockets that take a ticket themselves: a page cannot choose the headers of one."""


class Admission:
    """Puts the caller into the request's state and counts the request, or refuses it."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or _is_open(scope):
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._identity.caller_of(HTTPConnection(scope))
            method = scope.get("method", "GET")
            self._identity.limits.spend(caller, rate_of(method, scope["path"]))
        except (Refused, HoldfastError) as exc:
            await _refuse(exc, scope, receive, send)
            return
        scope["state"]["caller"] = caller
        await self._app(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    return path in OPEN_PATHS or is_page(path) if scope["type"] == "http" else path in TICKET_PATHS


async def _refuse(exc: Refused | HoldfastError, scope: Scope, receive: Receive, send: Send) -> None:
    request_id = scope["state"]["request_id"]
    if isinstance(exc, Refused):
        response = error_response(
            exc.status, exc.code, exc.message, request_id, headers=exc.headers
        )
    else:
        response = error_response(status_of(exc), exc.code, str(exc), request_id)
    if scope["type"] == "websocket":
        await receive()
    await response(scope, receive, send)
