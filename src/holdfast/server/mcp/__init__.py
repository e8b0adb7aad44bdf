"""MCP: what is remembered, for hosts that speak the Model Context Protocol.

routes         /mcp over HTTP, and the metadata that leads to an issuer of tokens
transport      one HTTP exchange through the SDK, without a session
stdio          one host over stdin and stdout; `unanswered` what it still waits for
offering       what is offered: tools, the resource of a conversation, the prompt
wire           tools and results in MCP's shapes
speaking       for whom tools run
conversations  a conversation as a text

The SDK takes most of a second to load: only `transport`, `offering`, `wire` and `stdio` import it,
and HTTP loads them with the first request.
"""

from __future__ import annotations

from holdfast.server.mcp.routes import Mcp

__all__ = ["Mcp"]
