"""Claude's export: conversations of messages, each made of blocks.

    {"uuid", "name", "created_at", "updated_at", "chat_messages": [{"uuid", "sender", "text",
        "content": [{"type": "text|thinking|tool_use|tool_result", ...}], "created_at",
        "attachments": [{"file_name", "extracted_content", ...}], "files": [{"file_name"}]}]}

Each block becomes one message, in order. Older exports have no `parent_message_uuid`; then each
message follows the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from holdfast.model import Role
from holdfast.portability.blocks import Part, ToolCalls, block_parts, build
from holdfast.portability.conversations import Assets, Conversation, ImportedFile, ImportedMessage
from holdfast.portability.filenames import bare_name, media_type_of
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    digest_of,
    fields_of,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.trees import Node, check_count, in_order

__all__ = ["convert"]

_ROOT = "00000000-0000-4000-8000-000000000000"
"""Claude's own id for the place before the first message."""
_SIMPLE = (
    "created_at",
    "current_leaf_message_uuid",
    "is_starred",
    "model",
    "name",
    "project_uuid",
    "updated_at",
    "uuid",
)


class _Message(Struct):
    # Any: each field is checked where it is used, so that a strange one costs a detail only.
    uuid: Any = None
    parent_message_uuid: Any = None
    sender: Any = None
    text: Any = None
    content: Any = None
    created_at: Any = None
    attachments: Any = None
    files: Any = None
    model: Any = None


_MESSAGES: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_MESSAGE = msgspec.json.Decoder(_Message)
_BLOCKS: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


class _Read(Struct, frozen=True):
    """A message with its blocks as they stand in the file."""

    message: _Message
    blocks: Sequence[Raw]


class _RawContent(Struct):
    content: Raw = Raw(b"null")


_RAW_CONTENT = msgspec.json.Decoder(_RawContent)


def convert(raw: bytes, assets: Assets) -> Conversation:
    """One conversation of the export. `assets` is not used: the export holds no files.

    Raises:
        Malformed: not JSON, not this shape, or not a tree.
    """
    fields = fields_of(raw, "the conversation")
    if "chat_messages" not in fields:
        raise Malformed("has no chat_messages")
    simple = {name: value_of(fields[name]) for name in _SIMPLE if name in fields}
    started_at = time_of(simple.get("created_at"))
    nodes, reads = _read_messages(fields["chat_messages"])
    model = string_or_none(simple.get("model"))
    messages, last_of = _messages(in_order(nodes, started_at=started_at), reads, model)
    leaf = simple.get("current_leaf_message_uuid")
    return Conversation(
        source=f"claude:{string_or_none(simple.get('uuid')) or digest_of(raw)}",
        title=string_or_none(simple.get("name")) or "",
        started_at=started_at,
        last_at=time_of(simple.get("updated_at")),
        assistant="claude",
        project=string_or_none(simple.get("project_uuid")),
        platform="claude",
        pinned=simple.get("is_starred") is True,
        head=last_of.get(leaf) if isinstance(leaf, str) else None,
        messages=messages,
    )


def _read_messages(listed: Raw) -> tuple[list[Node], dict[str, _Read]]:
    nodes: list[Node] = []
    reads: dict[str, _Read] = {}
    before: str | None = None
    raw_messages: list[Raw] = typed(_MESSAGES, listed, "chat_messages")
    check_count(len(raw_messages))
    for number, raw in enumerate(raw_messages, 1):
        message = typed(_MESSAGE, raw, f"message {number:,}")
        content = typed(_RAW_CONTENT, raw, f"message {number:,}").content
        blocks = typed(_BLOCKS, content, "content") if isinstance(message.content, list) else []
        source = string_or_none(message.uuid) or f"#{number}"
        given = message.parent_message_uuid
        parent = given if isinstance(given, str) else before
        nodes.append(Node(source, None if parent == _ROOT else parent, time_of(message.created_at)))
        reads[source] = _Read(message, blocks)
        before = source
    return nodes, reads


def _messages(
    nodes: Sequence[Node], reads: Mapping[str, _Read], model: str | None
) -> tuple[tuple[ImportedMessage, ...], dict[str | None, str | None]]:
    """Messages in order, and for each of Claude's the last that stands for it or before it."""
    messages: list[ImportedMessage] = []
    last_of: dict[str | None, str | None] = {None: None}
    calls = ToolCalls()
    for node in nodes:
        one = reads[node.id]
        last = last_of[node.parent]
        role: Role = "assistant" if one.message.sender == "assistant" else "user"
        said_by = string_or_none(one.message.model) or model if role == "assistant" else None
        for number, part in enumerate(_parts(one)):
            source = node.id if number == 0 else f"{node.id}#{number}"
            messages.append(build(source, last, node.at, role, part, calls=calls, model=said_by))
            last = source
        last_of[node.id] = last
    if len({message.source for message in messages}) != len(messages):
        raise Malformed("holds two messages with the same id")
    return tuple(messages), last_of


def _parts(one: _Read) -> list[Part]:
    """What the message says, block by block, then what was attached to it."""
    message = one.message
    values = message.content if isinstance(message.content, list) else []
    parts = block_parts(values, one.blocks)
    whole = message.text if isinstance(message.text, str) else ""
    if whole.strip() and not any(part.is_text for part in parts):
        parts.insert(0, Part(text=clean_text(whole)))
    return parts + _attached(message.attachments) + _attached(message.files)


def _attached(listed: object) -> list[Part]:
    """Attachments with the text that was extracted from them; the export has no bytes."""
    parts = []
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict):
            continue
        name = bare_name(string_or_none(one.get("file_name")) or "file")
        kind = string_or_none(one.get("file_type")) or ""
        file = ImportedFile(name=name, media_type=kind if "/" in kind else media_type_of(name))
        text = one.get("extracted_content")
        item = msgspec.json.encode({k: v for k, v in one.items() if k != "extracted_content"})
        parts.append(
            Part(
                kind="file",
                text=clean_text(text) if isinstance(text, str) else "",
                file=file,
                item=item.decode(),
            )
        )
    return parts
