"""Exports of self-hosted chat pages, whose messages name their parents: Open WebUI, LibreChat.

Open WebUI  {"id", "title", "chat": {"history": {"currentId", "messages": {<id>: {"id",
             "parentId", "role", "content", "model", "timestamp"}}}}}
LibreChat   {"conversationId", "title", "messages": [{"messageId", "parentMessageId", "text",
             "isCreatedByUser", "sender", "model", "createdAt"}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.model import Role
from holdfast.portability.conversations import Assets, Conversation, ImportedMessage
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    digest_of,
    fields_of,
    string_or_none,
    time_of,
    value_of,
)
from holdfast.portability.sampling import Sample
from holdfast.portability.trees import Node, in_order

__all__ = ["convert_librechat", "convert_open_webui", "is_librechat", "is_open_webui"]

_Fields = Mapping[str, Any]  # JSON objects of a provider: each value is checked where it is used
_NO_PARENT = "00000000-0000-0000-0000-000000000000"


def is_open_webui(sample: Sample) -> bool:
    """Whether the object is a chat of Open WebUI."""
    if "chat" not in sample.fields:
        return False
    try:
        return "history" in fields_of(sample.fields["chat"], "the chat")
    except Malformed:
        return False


def is_librechat(sample: Sample) -> bool:
    """Whether the object is a conversation of LibreChat."""
    return {"conversationId", "messages"} <= sample.fields.keys()


def convert_open_webui(raw: bytes, assets: Assets) -> Conversation:
    """One chat. `assets` is not used.

    Raises:
        Malformed: not JSON, not this shape, or not a tree.
    """
    top = _object(value_of(raw, "the chat"))
    chat = _object(top.get("chat"))
    history = _object(chat.get("history"))
    by_id = {key: _object(one) for key, one in _object(history.get("messages")).items()}
    head = history.get("currentId")
    return Conversation(
        source=f"open-webui:{string_or_none(top.get('id')) or digest_of(raw)}",
        title=string_or_none(top.get("title")) or string_or_none(chat.get("title")) or "",
        started_at=time_of(top.get("created_at")) or time_of(chat.get("timestamp")),
        last_at=time_of(top.get("updated_at")),
        platform="open-webui",
        archived=top.get("archived") is True,
        pinned=top.get("pinned") is True,
        head=head if isinstance(head, str) and head in by_id else None,
        messages=_messages(by_id, parent="parentId", text="content", at="timestamp"),
    )


def convert_librechat(raw: bytes, assets: Assets) -> Conversation:
    """One conversation. `assets` is not used.

    Raises:
        Malformed: not JSON, not this shape, or not a tree.
    """
    top = _object(value_of(raw, "the conversation"))
    listed = top.get("messages")
    found = [_object(one) for one in listed] if isinstance(listed, list) else []
    by_id = {string_or_none(one.get("messageId")) or f"#{n}": one for n, one in enumerate(found, 1)}
    if len(by_id) != len(found):
        raise Malformed("holds two messages with the same id")
    return Conversation(
        source=f"librechat:{string_or_none(top.get('conversationId')) or digest_of(raw)}",
        title=string_or_none(top.get("title")) or "",
        platform="librechat",
        messages=_messages(by_id, parent="parentMessageId", text="text", at="createdAt"),
    )


def _object(value: object) -> _Fields:
    if not isinstance(value, dict):
        raise Malformed("has another shape than expected")
    return value


def _messages(
    by_id: Mapping[str, _Fields], *, parent: str, text: str, at: str
) -> tuple[ImportedMessage, ...]:
    nodes = [
        Node(source, _parent(one.get(parent)), time_of(one.get(at)))
        for source, one in by_id.items()
    ]
    return tuple(
        ImportedMessage(
            source=node.id,
            parent=node.parent,
            role=_role(by_id[node.id]),
            text=_said(by_id[node.id], text),
            at=node.at,
            model=string_or_none(by_id[node.id].get("model")),
        )
        for node in in_order(nodes)
    )


def _parent(value: object) -> str | None:
    return value if isinstance(value, str) and value and value != _NO_PARENT else None


def _role(one: _Fields) -> Role:
    if one.get("isCreatedByUser") is True:
        return "user"
    role = one.get("role")
    return role if role in ("user", "tool", "system") else "assistant"


def _said(one: _Fields, name: str) -> str:
    """The text; of a list of parts the texts."""
    value = one.get(name)
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    said = "\n".join(text for text in texts if isinstance(text, str))
    if not said and isinstance(one.get("content"), list):
        parts = one["content"]
        said = "\n".join(
            p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)
        )
    return clean_text(said)
