"""One HTTP exchange of MCP through the SDK, in any revision of the protocol, without a session.

Revisions up to 2025-11-25 begin with `initialize` and may be given a session id; 2026-07-28 knows
neither. No id is given out here: a request is complete in itself in every revision, so that it may
reach any node, and that nobody's id is worth anything with somebody else's token.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers

from holdfast.server.mcp.offering import Offering

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from holdfast.assistant.tools.registry import ToolSet
    from holdfast.server.mcp.speaking import Speaker

__all__ = ["Transport", "quieten"]

# The guard has checked Host and Origin against the server's own names before anything gets here;
# the SDK has no form for "every address of mine, as a number".
_CHECKED_BEFORE = TransportSecuritySettings(enable_dns_rebinding_protection=False)
_STREAM = "text/event-stream"


class Transport:
    """Answers requests, any number at once. Holds nothing between them."""

    def __init__(
        self, tools: ToolSet, speaker: Speaker, *, tool_timeout_s: float, max_body_bytes: int
    ) -> None:
        quieten()
        self._server = Offering(tools, speaker, tool_timeout_s=tool_timeout_s).server()
        self._max_body = max_body_bytes

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one POST."""
        manager: Any = StreamableHTTPSessionManager(  # Any: its run() has no types
            self._server,
            stateless=True,
            json_response=_as_json(Headers(scope=scope)),
            security_settings=_CHECKED_BEFORE,
            max_request_body_size=self._max_body,
        )
        # A manager of its own for each request: what a request started ends with it.
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _as_json(headers: Headers) -> bool:
    """Whether the answer is JSON whatever happens.

    With 2026-07-28 a client that takes a stream gets one when the answer takes long, which keeps
    the connection alive; in the revisions before it would get one for every answer.
    """
    version = headers.get("mcp-protocol-version")
    return version is None or version in HANDSHAKE_PROTOCOL_VERSIONS or not _takes_stream(headers)


def _takes_stream(headers: Headers) -> bool:
    return any(_STREAM in value.lower() or "*/*" in value for value in headers.getlist("accept"))


def quieten() -> None:
    """Keep the SDK from logging: its lines quote names, ids and messages that clients send.

    What fails behind it is logged by us, and what a client does wrong is told to the client.
    """
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
