"""JSON Lines, the shape for everything that has no exporter of its own.

Either one message a line:

    {"session": "trip", "role": "user", "text": "Hello", "at": "2026-01-09T10:00:00Z",
     "author": "Ada", "id": "m1", "parent": null, "title": "Oslo"}

or one conversation a line: {"id": "trip", "title": "Oslo", "messages": [{"role", "text", ...}]}.
Only `session` (or `messages`), `role` and `text` are needed. `content` is taken for `text`. A
message without `parent` follows the one before it in its session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec
from msgspec import Raw, Struct

from holdfast.model import Role
from holdfast.portability.containers import Member
from holdfast.portability.conversations import (
    Assets,
    Conversation,
    ImportedMessage,
    Item,
)
from holdfast.portability.grouped_lines import read_grouped
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    digest_of,
    fields_of,
    mended,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import Sample
from holdfast.portability.trees import Node, check_count, in_order

__all__ = ["convert", "is_conversation", "is_message", "read_messages"]

_ROLES = {**{role: role for role in get_args(Role)}, "human": "user", "ai": "assistant"}
_MESSAGES: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


class _Line(Struct):
    # Any: each field is checked where it is used, with the line's number in the complaint.
    session: Any = None
    role: Any = None
    text: Any = None
    content: Any = None
    at: Any = None
    author: Any = None
    id: Any = None
    parent: Any = msgspec.UNSET
    title: Any = None
    model: Any = None


_LINE = msgspec.json.Decoder(_Line)


def is_conversation(sample: Sample) -> bool:
    """Whether each object is a conversation with its messages."""
    wanted = "messages" in sample.fields and ("id" in sample.fields or "title" in sample.fields)
    if not wanted or sample.shape == "text":
        return False
    try:
        messages = typed(_MESSAGES, sample.fields["messages"], "messages")
        return not messages or bool({"text", "content"} & fields_of(messages[0], "it").keys())
    except Malformed:
        return False


def is_message(sample: Sample) -> bool:
    """Whether each line is a message that names its session."""
    return sample.shape in ("lines", "object") and {"session", "role"} <= sample.fields.keys()


def convert(raw: bytes, assets: Assets) -> Conversation:
    """One conversation from one object. `assets` is not used.

    Raises:
        Malformed: not JSON, not this shape, or not a tree.
    """
    fields = fields_of(raw, "the conversation")
    simple: dict[str, object] = {
        name: value_of(fields[name])
        for name in ("id", "title", "started_at", "at", "assistant", "project", "head", "tags")
        if name in fields
    }
    found = [
        typed(_LINE, one, f"message {number:,}")
        for number, one in enumerate(_listed(fields.get("messages")), 1)
    ]
    identity = _identity(simple.get("id")) or digest_of(raw)
    return _conversation(identity, found, simple)


def _listed(raw: Raw | None) -> list[Raw]:
    raws: list[Raw] = typed(_MESSAGES, raw, "messages") if raw is not None else []
    check_count(len(raws))
    return raws


def _identity(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return string_or_none(value)


def _conversation(
    identity: str, found: Sequence[_Line], simple: Mapping[str, object]
) -> Conversation:
    started_at = time_of(simple.get("started_at")) or time_of(simple.get("at"))
    nodes: list[Node] = []
    before: str | None = None
    for number, line in enumerate(found, 1):
        source = _identity(line.id) or f"#{number}"
        parent = before if line.parent is msgspec.UNSET else _identity(line.parent)
        nodes.append(Node(source, parent, time_of(line.at)))
        before = source
    by_source = {node.id: number for number, node in enumerate(nodes)}
    messages = tuple(
        _message(node, found[by_source[node.id]], by_source[node.id])
        for node in in_order(nodes, started_at=started_at)
    )
    titles = (string_or_none(line.title) for line in found)
    tags = simple.get("tags")
    head = _identity(simple.get("head"))
    return Conversation(
        source=f"jsonl:{identity}",
        title=string_or_none(simple.get("title")) or next(filter(None, titles), ""),
        started_at=started_at,
        assistant=string_or_none(simple.get("assistant")),
        project=string_or_none(simple.get("project")),
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        head=head if head in by_source else None,
        messages=messages,
    )


def _message(node: Node, line: _Line, at: int) -> ImportedMessage:
    role = _ROLES.get(line.role) if isinstance(line.role, str) else None
    if role is None:
        reason = f"message {at + 1:,} has a role that is not user, assistant, tool or system"
        raise Malformed(reason, at=at)
    text = line.text if line.text is not None else line.content
    if not isinstance(text, str):
        raise Malformed(f"message {at + 1:,} has a text that is no string", at=at)
    return ImportedMessage(
        source=node.id,
        parent=node.parent,
        role=role,
        text=clean_text(text),
        at=node.at,
        author=string_or_none(line.author),
        model=string_or_none(line.model),
    )


def read_messages(member: Member, limits: Limits) -> Iterator[Item]:
    """The conversations of a file with one message a line, in the order of their first lines.

    Raises:
        ImportFailed: the file cannot be read.
        HostileFile: more sessions than the limit, or interleaved ones in a ZIP.
    """
    return read_grouped(member, limits, session_of=_session_of, build=_build)


def _session_of(raw: bytes) -> str:
    session = _identity(_line(raw).session)
    if session is None:
        raise Malformed("names no session")
    return session


def _build(session: str, raws: Sequence[bytes]) -> Conversation:
    return _conversation(session, [_line(raw) for raw in raws], {})


def _line(raw: bytes) -> _Line:
    try:
        return typed(_LINE, raw, "the line")
    except Malformed:
        return typed(_LINE, mended(raw), "the line")
