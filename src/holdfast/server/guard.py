"""What every request passes first: an id, the Host and Origin checks, one line in the log."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from holdfast.server.failures import Refused
from holdfast.server.identity.addresses import Addresses
from holdfast.server.observing.observer import Observer
from holdfast.server.observing.passages import Passage

__all__ = ["Guard"]

_logger = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around the whole application. Who asks, the admission decides inside it."""

    def __init__(self, app: ASGIApp, addresses: Addresses, observer: Observer) -> None:
        self._app = app
        self._addresses = addresses
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        passage = Passage(self._observer, scope, receive, send)
        broke = False
        try:
            self._check(scope)
            await self._app(scope, passage.receive, passage.send)
        except Refused as exc:
            await passage.refuse(exc.status, exc.code, exc.message)
        except ClientDisconnected:  # in the midst of its handshake: nobody is there to be told
            pass
        except Exception:  # the request's boundary
            broke = True
            _logger.exception(
                "request broke", extra={"action": "http.broke", "request_id": passage.request_id}
            )
            message = "the server failed: its log has more under this request id"
            await passage.refuse(500, "internal", message)
        finally:
            passage.end(broke=broke)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) > 1:
            # What stands before us may have looked at the other one.
            raise Refused(400, "invalid_input", "Host: it is given more than once")
        if not self._addresses.allows_host(headers.get("host")):
            message = "this server has no such name: the operator sets HOLDFAST_PUBLIC_URL"
            raise Refused(421, "wrong_host", message)
        if not self._addresses.allows_origin(headers.get("origin")):
            raise Refused(403, "foreign_origin", "pages of other origins are not let in")
