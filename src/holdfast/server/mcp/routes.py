"""/mcp over HTTP, and what leads a client there to an issuer of tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from holdfast.server.bodies import json_of
from holdfast.server.failures import Refused
from holdfast.server.identity.resource import METADATA_PATHS, metadata
from holdfast.server.mcp.speaking import Requester

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from holdfast.assistant.tools.registry import ToolSet
    from holdfast.server.mcp.transport import Transport
    from holdfast.settings import Settings

__all__ = ["MAX_BODY_BYTES", "Mcp"]

MAX_BODY_BYTES = 1 << 20
_MAX_OPENERS = 50_000
"""Brackets and braces of one body: what is wrong with each of them the SDK puts together, for a
tenth of a second with so many, and meanwhile nobody else is served."""
"""Far over any call of a tool, and what the SDK allows."""


class Mcp:
    """The ASGI application of /mcp. `routes` are what it answers to.

    GET and DELETE are not among them: the server never speaks first, and keeps no session that
    could be ended.
    """

    def __init__(self, settings: Settings, tools: ToolSet) -> None:
        self._settings = settings
        self._tools = tools
        self._transport: Transport | None = None
        self._loading = asyncio.Lock()
        self.routes = [
            Route("/mcp", self, methods=["POST"]),
            *(Route(path, self._metadata, methods=["GET"]) for path in METADATA_PATHS),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Refused: its body is too large, or no JSON that we read elsewhere either.
        """
        scope["route"] = self.routes[0]  # for the log: the framework's own routes say it themselves
        body = await _read(receive)
        if body is None:
            return
        await json_of(Request(scope, _again(body, receive)))
        transport = self._transport or await self._load()
        await transport.answer(scope, _again(body, receive), send)

    async def _load(self) -> Transport:
        """The transport, once. Its SDK takes most of a second to import: others go on meanwhile."""
        async with self._loading:
            if self._transport is None:
                self._transport = await asyncio.to_thread(self._made)
            return self._transport

    def _made(self) -> Transport:
        from holdfast.server.mcp.transport import Transport

        return Transport(
            self._tools,
            Requester(self._settings),
            tool_timeout_s=self._settings.tool_timeout_s,
            max_body_bytes=MAX_BODY_BYTES,
        )

    async def _metadata(self, request: Request) -> Response:
        """Who issues tokens for /mcp.

        Raises:
            Refused: nobody does.
        """
        found = metadata(self._settings, request)
        if found is None:
            raise Refused(404, "not_found", "no issuer is configured: /mcp takes API keys alone")
        return JSONResponse(found)


async def _read(receive: Receive) -> bytes | None:
    """The body of a request; None when its client left.

    Raises:
        Refused: it is too large, or made of too many parts.
    """
    body = bytearray()
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        # Read to its end all the same, which the limit of all bodies bounds: a client that is
        # still sending would find its connection broken, and no reason for it.
        if size <= MAX_BODY_BYTES:
            body += piece
        if not message.get("more_body", False):
            break
    if size > MAX_BODY_BYTES:
        raise _too_large()
    if body.count(b"{") + body.count(b"[") > _MAX_OPENERS:
        raise Refused(400, "invalid_input", "body: it has too many arrays and objects")
    return bytes(body)


def _too_large() -> Refused:
    message = f"the body is over the limit of {MAX_BODY_BYTES:,} bytes: send less at a time"
    return Refused(413, "too_large", message)


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read once more, and then what comes after it."""
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return rest.pop() if rest else await receive()

    return replayed
