"""Items of OpenAI's Responses, as the Agents SDK keeps them in its sessions.

    {"role": "user", "content": text | [{"type": "input_text", "text"}, ...]}
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text"}]}
    {"type": "function_call", "call_id", "name", "arguments"}
    {"type": "function_call_output", "call_id", "output"}
    {"type": "reasoning", "summary": [{"type": "summary_text", "text"}]}

Every other type is one of a tool of the provider's: "..._call", "..._output".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from holdfast.model import Json, MessageKind, Role, ToolPart
from holdfast.portability.json_values import clean_text, string_or_none

__all__ = ["ResponsePart", "is_response_item", "response_part"]

_Item = Mapping[str, Any]  # JSON objects of a provider: each value is checked where it is used
_ROLES: dict[object, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_ENDINGS = ("_call", "_output", "_call_output", "_request", "_response", "_list_tools")
_TYPES = frozenset({"message", "reasoning", "compaction", "item_reference"})
_PART_TYPES = ("input_text", "output_text", "input_image", "input_file", "input_audio", "refusal")


class ResponsePart(Struct, frozen=True, kw_only=True):
    """What becomes one message."""

    role: Role
    kind: MessageKind = "text"
    text: str = ""
    tool: ToolPart | None = None


def is_response_item(item: _Item) -> bool:
    """Whether an object is an item that only OpenAI's Responses have."""
    kind = item.get("type")
    if isinstance(kind, str):
        if kind == "message":
            return item.get("role") in _ROLES and isinstance(item.get("content"), str | list)
        return kind in _TYPES or kind.endswith(_ENDINGS)
    content = item.get("content")
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and first.get("type") in _PART_TYPES


def response_part(item: _Item) -> ResponsePart:
    """The message that an item becomes. One of a type nobody knows has no text; it is kept."""
    kind = string_or_none(item.get("type")) or "message"
    if kind == "message":
        role = _ROLES.get(item.get("role"), "assistant")
        return ResponsePart(role=role, text=_texts(item.get("content")))
    if kind == "reasoning":
        said = _texts(item.get("summary")) or _texts(item.get("content"))
        return ResponsePart(role="assistant", kind="reasoning", text=said)
    name = string_or_none(item.get("name"))
    call_id = string_or_none(item.get("call_id")) or string_or_none(item.get("id")) or kind
    if kind.endswith(("_output", "_response")):
        return ResponsePart(
            role="tool",
            kind="tool_result",
            text=_texts(item.get("output")),
            tool=ToolPart(name=name or kind.removesuffix("_output"), call_id=call_id),
        )
    if kind.endswith(("_call", "_request")):
        arguments = _arguments(item.get("arguments", item.get("action")))
        tool = ToolPart(name=name or kind, call_id=call_id, arguments=arguments)
        return ResponsePart(role="assistant", kind="tool_call", tool=tool)
    return ResponsePart(role="assistant", text=_texts(item.get("content")))


def _texts(value: object) -> str:
    """A text, or the texts of parts."""
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, list):
        return ""
    found = []
    for part in value:
        given = part.get("text", part.get("refusal")) if isinstance(part, dict) else part
        if isinstance(given, str):
            found.append(clean_text(given))
    return "\n".join(found)


def _arguments(value: Json) -> Json:
    """Arguments as a value; a text that is no JSON stays a text."""
    if not isinstance(value, str):
        return value
    try:
        decoded: Json = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return clean_text(value)
    return decoded
