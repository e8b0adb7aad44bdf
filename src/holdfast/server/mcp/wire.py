"""Tools, results and failures in MCP's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError

from holdfast.errors import BadInput, HoldfastError, NotFound
from holdfast.server.failures import Refused

if TYPE_CHECKING:
    from holdfast.assistant.tools.registry import Tool
    from holdfast.model import Json

__all__ = ["MAX_RESULT_CHARS", "error_of", "result_of", "tool_of"]

MAX_RESULT_CHARS = 100_000
"""Of one result's JSON. Tools bound what people said far below it; this is for what they forget."""


def tool_of(tool: Tool) -> types.Tool:
    """A tool as a listing shows it."""
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.parameters,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.open_world,
        ),
    )


def result_of(result: Json, *, failed: bool = False) -> types.CallToolResult:
    """What a tool returned, as JSON in one text and as it is.

    One that is too long is cut: then there is the beginning of its JSON, and word that it was cut.
    """
    text = msgspec.json.encode(result).decode()
    if len(text) > MAX_RESULT_CHARS:
        result = {"cut": True, "begins": text[:MAX_RESULT_CHARS]}
        text = msgspec.json.encode(result).decode()
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=result if isinstance(result, dict) else {"result": result},
        is_error=failed,
    )


def error_of(error: HoldfastError | Refused) -> MCPError:
    """A failure of what is no tool: our code goes into `data`, for the protocol's are few."""
    if isinstance(error, Refused):
        return MCPError(types.INVALID_REQUEST, error.message, {"code": error.code})
    known = isinstance(error, NotFound | BadInput)
    code = types.INVALID_PARAMS if known else types.INTERNAL_ERROR
    return MCPError(code, str(error), {"code": error.code})
