"""ChatGPT's export: each conversation a tree of nodes, its branches edits and regenerations.

    {"conversation_id", "title", "create_time", "current_node", "mapping": {<node>:
        {"id", "parent", "children", "message": null | {"author", "create_time", "content", ...}}}}

A node becomes one message or several (a text and the files that came with it), chained in order;
nodes without content vanish and their children follow what stood before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from holdfast.model import ToolPart
from holdfast.portability.chatgpt_content import Part, content_parts
from holdfast.portability.conversations import Assets, Conversation, ImportedMessage
from holdfast.portability.json_values import (
    Malformed,
    digest_of,
    fields_of,
    json_text,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.trees import Node, check_count, in_order

__all__ = ["convert"]

_ROLES = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "system"}
_TO_PEOPLE = ("all", "user", "assistant", "", None)
"""Recipients that are no tool."""


class _Node(Struct):
    parent: Any = None
    children: Any = None
    message: Raw = Raw(b"null")


class _Message(Struct):
    # Any: the provider's own shapes vary over the years, and each field is checked where it is
    # used, so that a strange one costs a detail and not the conversation.
    author: Any = None
    create_time: Any = None
    content: Any = None
    recipient: Any = None
    metadata: Any = None


_NODE = msgspec.json.Decoder(_Node)
_MESSAGE = msgspec.json.Decoder(_Message | None)


class _Read(Struct, frozen=True):
    """A node with its message decoded."""

    message: _Message | None
    raw: Raw


def convert(raw: bytes, assets: Assets) -> Conversation:
    """One conversation of the export.

    Raises:
        Malformed: not JSON, not this shape, or not a tree.
    """
    fields = fields_of(raw, "the conversation")
    if "mapping" not in fields and "raw_provider_payload" in fields:
        fields = fields_of(fields["raw_provider_payload"], "the captured conversation")
    if "mapping" not in fields:
        raise Malformed("has no mapping")
    simple = {name: value_of(fields[name]) for name in _SIMPLE if name in fields}
    started_at = time_of(simple.get("create_time"))
    nodes, reads = _read_nodes(fields["mapping"])
    messages, last_of = _messages(in_order(nodes, started_at=started_at), reads, assets)
    head = simple.get("current_node")
    return Conversation(
        source=f"chatgpt:{_identity(simple, raw)}",
        title=string_or_none(simple.get("title")) or "",
        started_at=started_at,
        last_at=time_of(simple.get("update_time")),
        assistant=_assistant(simple),
        project=_project(simple),
        platform="chatgpt",
        archived=simple.get("is_archived") is True,
        pinned=simple.get("is_starred") is True or simple.get("pinned_time") is not None,
        head=last_of.get(head) if isinstance(head, str) else None,
        messages=messages,
    )


_SIMPLE = (
    "conversation_id",
    "conversation_template_id",
    "create_time",
    "current_node",
    "gizmo_id",
    "id",
    "is_archived",
    "is_starred",
    "pinned_time",
    "title",
    "update_time",
)


def _identity(simple: Mapping[str, object], raw: bytes) -> str:
    """The conversation's id; without one, a digest, so that importing it twice is still once."""
    given = string_or_none(simple.get("conversation_id")) or string_or_none(simple.get("id"))
    return given or digest_of(raw)


def _assistant(simple: Mapping[str, object]) -> str:
    gizmo = string_or_none(simple.get("gizmo_id"))
    return gizmo if gizmo and not gizmo.startswith("g-p-") else "chatgpt"


def _project(simple: Mapping[str, object]) -> str | None:
    """Projects appear as gizmos whose id begins with g-p-."""
    for name in ("conversation_template_id", "gizmo_id"):
        gizmo = string_or_none(simple.get(name))
        if gizmo and gizmo.startswith("g-p-"):
            return gizmo
    return None


def _read_nodes(mapping: Raw) -> tuple[list[Node], dict[str, _Read]]:
    """Decode every node; who is whose parent is taken from both directions."""
    raw_nodes = fields_of(mapping, "the mapping")
    check_count(len(raw_nodes))
    read: dict[str, _Read] = {}
    parents: dict[str, str] = {}
    listed: dict[str, str] = {}
    for number, (node_id, raw) in enumerate(raw_nodes.items(), 1):
        node = typed(_NODE, raw, f"node {number:,}")
        read[node_id] = _Read(typed(_MESSAGE, node.message, f"message {number:,}"), node.message)
        if isinstance(node.parent, str):
            parents[node_id] = node.parent
        if isinstance(node.children, list):
            listed.update((c, node_id) for c in node.children if isinstance(c, str))
    nodes = [
        Node(node_id, parents.get(node_id) or listed.get(node_id), _moment(one.message))
        for node_id, one in read.items()
    ]
    return nodes, read


def _moment(message: _Message | None) -> datetime | None:
    return time_of(message.create_time) if message else None


def _messages(
    nodes: Sequence[Node], reads: Mapping[str, _Read], assets: Assets
) -> tuple[tuple[ImportedMessage, ...], dict[str | None, str | None]]:
    """Messages in order, and for each node the last message that stands for it or before it."""
    messages: list[ImportedMessage] = []
    last_of: dict[str | None, str | None] = {None: None}
    calls: dict[str | None, tuple[str, str]] = {}
    for node in nodes:
        last = last_of[node.parent]
        one = reads[node.id]
        call = calls.get(last)
        for number, part in enumerate(_parts(one, assets)):
            source = node.id if number == 0 else f"{node.id}#{number}"
            built = _build(source, last, node.at, one, part, call)
            messages.append(built)
            if built.tool is not None:
                calls[source] = (built.tool.call_id, built.tool.name)
            last = source
        last_of[node.id] = last
    if len({message.source for message in messages}) != len(messages):
        raise Malformed("holds two messages with the same id")
    return tuple(messages), last_of


def _parts(one: _Read, assets: Assets) -> list[Part]:
    if one.message is None or not isinstance(one.message.content, dict):
        return []
    metadata = one.message.metadata if isinstance(one.message.metadata, dict) else {}
    return content_parts(one.message.content, metadata, assets)


def _build(
    source: str,
    parent: str | None,
    at: datetime | None,
    one: _Read,
    part: Part,
    call: tuple[str, str] | None,
) -> ImportedMessage:
    """One message of a node. `call` is the call that a result would belong to: (id, tool)."""
    message = one.message or _Message()
    author = message.author if isinstance(message.author, dict) else {}
    metadata = message.metadata if isinstance(message.metadata, dict) else {}
    role = _ROLES.get(str(author.get("role")), "system")
    if part.context:
        role = "system"
    kind, text, tool = part.kind, part.text, None
    recipient = string_or_none(message.recipient)
    if role == "assistant" and kind == "text" and recipient not in _TO_PEOPLE:
        kind, text = "tool_call", ""
        tool = ToolPart(name=recipient or "tool", call_id=source, arguments=_arguments(part.text))
    elif role == "tool" and kind == "text":
        kind = "tool_result"
        name = string_or_none(author.get("name"))
        call_id, called = call or (source, "tool")
        tool = ToolPart(name=name or called, call_id=call_id)
    return ImportedMessage(
        source=source,
        parent=parent,
        role=role,  # type: ignore[arg-type]  # the values of _ROLES are roles
        kind=kind,
        text=text,
        at=at,
        author=string_or_none(author.get("name")) if role != "tool" else None,
        tool=tool,
        speech=part.speech,
        error_code=part.error_code,
        item=json_text(one.raw) if tool is not None or part.keep_item else None,
        file=part.file,
        model=string_or_none(metadata.get("model_slug")),
    )


def _arguments(text: str) -> Any:
    """Arguments as the value they spell, or as the text they are."""
    if text[:1] in "{[":
        try:
            return value_of(text.encode())
        except Malformed:
            pass
    return text
