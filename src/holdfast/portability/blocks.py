"""Content blocks as Anthropic's formats have them (Claude's export, Claude Code's logs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw, Struct

from holdfast.model import Json, MessageKind, Role, ToolPart
from holdfast.portability.conversations import ImportedFile, ImportedMessage
from holdfast.portability.json_values import clean_text, json_text, string_or_none

__all__ = ["Part", "ToolCalls", "block_parts", "build"]

_Block = Mapping[str, Any]  # JSON objects of a provider: any value, each checked where it is used


class Part(Struct, frozen=True, kw_only=True):
    """What becomes one message."""

    kind: MessageKind = "text"
    text: str = ""
    file: ImportedFile | None = None
    item: str | None = None
    call_id: str | None = None
    tool: str | None = None
    arguments: Json = None
    failed: bool = False
    is_text: bool = False
    """Comes from a text block, which the message's own `text` repeats."""


class ToolCalls:
    """Brings results to their calls; old exports leave the ids out, then by name and order."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._open: dict[str, list[str]] = {}

    def begin(self, source: str, part: Part) -> ToolPart:
        """A call."""
        name = part.tool or "tool"
        call_id = part.call_id or source
        self._names[call_id] = name
        self._open.setdefault(name, []).append(call_id)
        return ToolPart(name=name, call_id=call_id, arguments=part.arguments)

    def end(self, source: str, part: Part) -> ToolPart:
        """A result."""
        call_id = part.call_id
        if call_id is None:
            waiting = self._open.get(part.tool or "tool")
            call_id = waiting.pop(0) if waiting else source
        name = part.tool or self._names.get(call_id) or "tool"
        return ToolPart(name=name, call_id=call_id, failed=part.failed)


def block_parts(values: Sequence[object], raws: Sequence[Raw]) -> list[Part]:
    """The parts of a message's blocks, in order. `raws` are the same blocks undecoded."""
    parts: list[Part] = []
    for value, raw in zip(values, raws, strict=False):
        if isinstance(value, str):
            parts.extend(_said(value, is_text=True))
        elif isinstance(value, Mapping):
            parts.extend(_block(value, raw))
    return parts


def _block(block: _Block, raw: Raw) -> list[Part]:
    kind = block.get("type")
    if kind == "text":
        return _said(block.get("text"), is_text=True)
    if kind == "thinking":
        return _said(block.get("thinking"), kind="reasoning")
    if kind == "tool_use":
        return [
            Part(
                kind="tool_call",
                tool=string_or_none(block.get("name")),
                call_id=string_or_none(block.get("id")),
                arguments=block.get("input"),
                item=json_text(raw),
            )
        ]
    if kind == "tool_result":
        return [
            Part(
                kind="tool_result",
                tool=string_or_none(block.get("name")),
                call_id=string_or_none(block.get("tool_use_id")),
                text=_result_text(block.get("content")),
                failed=block.get("is_error") is True,
                item=json_text(raw),
            )
        ]
    return _unknown(block, raw)


def _said(text: object, **more: Any) -> list[Part]:
    cleaned = clean_text(text) if isinstance(text, str) else ""
    return [Part(text=cleaned, **more)] if cleaned.strip() else []


def _unknown(block: _Block, raw: Raw) -> list[Part]:
    """A block of a kind that is not known: its text if it has any, and always the block itself."""
    if block.get("type") == "token_budget":
        return []
    item = json_text(raw)
    text = _first_text(block)
    if text:
        return _said(text, item=item)
    name = f"{string_or_none(block.get('type')) or 'block'}.json"
    return [
        Part(kind="file", file=ImportedFile(name=name, media_type="application/json"), item=item)
    ]


def _first_text(block: _Block) -> str | None:
    for name in ("text", "thinking", "message", "content"):
        text = string_or_none(block.get(name))
        if text and text.strip():
            return text
    return None


def _result_text(content: object) -> str:
    """The text of a result: a string, or its text blocks."""
    if isinstance(content, str):
        return clean_text(content)
    texts = []
    for one in content if isinstance(content, list) else []:
        text = one.get("text") if isinstance(one, dict) else one
        if isinstance(text, str):
            texts.append(text)
    return clean_text("\n".join(texts))


def build(
    source: str,
    parent: str | None,
    at: datetime | None,
    role: Role,
    part: Part,
    *,
    calls: ToolCalls,
    model: str | None,
) -> ImportedMessage:
    """One message from a part."""
    tool = None
    if part.kind == "tool_call":
        tool = calls.begin(source, part)
    elif part.kind == "tool_result":
        role = "tool"
        tool = calls.end(source, part)
    return ImportedMessage(
        source=source,
        parent=parent,
        role=role,
        kind=part.kind,
        text=part.text,
        at=at,
        tool=tool,
        item=part.item,
        file=part.file,
        model=model,
    )
