"""JSON Lines, the shape for everything that has no exporter of its own.

Either one message a line:

    {"session": "trip", "role": "user", "text": "Hello", "at": "2026-01-09T10:00:00Z",
     "author": "Ada", "id": "m1", "parent": null, "title": "Oslo"}

or one conversation a line: {"id": "trip", "title": "Oslo", "messages": [{"role", "text", ...}]}.
Only `session` (or `messages`), `role` and `text` are needed. `content` is taken for `text`. A
message without `parent` follows the one before it in its session.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, get_args

import msgspec
from msgspec import Raw, Struct

from holdfast.errors import HostileFile, ImportFailed
from holdfast.model import Role
from holdfast.portability.containers import Member
from holdfast.portability.conversations import (
    Assets,
    Broken,
    Conversation,
    ImportedMessage,
    Item,
)
from holdfast.portability.json_values import (
    Malformed,
    checked,
    clean_text,
    fields_of,
    mended,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import Sample
from holdfast.portability.scanning import Element, lines
from holdfast.portability.trees import Node, in_order

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
    identity = _identity(simple.get("id")) or hashlib.sha256(raw).hexdigest()[:32]
    return _conversation(identity, found, simple)


def _listed(raw: Raw | None) -> list[Raw]:
    return typed(_MESSAGES, raw, "messages") if raw is not None else []


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
    by_source = {node.id: line for node, line in zip(nodes, found, strict=True)}
    messages = tuple(
        _message(node, by_source[node.id]) for node in in_order(nodes, started_at=started_at)
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


def _message(node: Node, line: _Line) -> ImportedMessage:
    role = _ROLES.get(line.role) if isinstance(line.role, str) else None
    if role is None:
        raise Malformed("holds a message whose role is not user, assistant, tool or system")
    text = line.text if line.text is not None else line.content
    if not isinstance(text, str):
        raise Malformed("holds a message whose text is no string")
    return ImportedMessage(
        source=node.id,
        parent=node.parent,
        role=role,
        text=clean_text(text),
        at=node.at,
        author=string_or_none(line.author),
        model=string_or_none(line.model),
    )


class _Span(Struct):
    """Where the lines of one session stand: (offset, length, number of the first line) each."""

    pieces: list[tuple[int, int, int]]
    size: int = 0


def read_messages(member: Member, limits: Limits) -> Iterator[Item]:
    """The conversations of a file with one message a line, in the order of their first lines.

    Sessions may be interleaved, so the file is read twice: once to see whose each line is, once to
    read them. Only positions are kept in between. In a ZIP, where going back means unpacking
    again, interleaved sessions are refused.

    Raises:
        ImportFailed: the file cannot be read.
        HostileFile: more sessions than the limit, or interleaved ones in a ZIP.
    """
    with member.open() as stream:
        spans, broken = _index(stream, member.name, limits)
    yield from broken
    with member.open(progress=True) as stream:
        for session, span in spans.items():
            place = f"{member.name}, line {span.pieces[0][2]:,}"
            if span.size > limits.max_conversation_bytes:
                reason = f"has {span.size:,} bytes, over the limit"
                yield Broken(place=place, reason=reason, code="hostile_file")
                continue
            try:
                found = _read_span(stream, span, member, limits)
                yield _conversation(session, found, {})
            except Malformed as exc:
                yield Broken(place=place, reason=exc.reason, code=exc.code)


def _index(stream: BinaryIO, name: str, limits: Limits) -> tuple[dict[str, _Span], list[Broken]]:
    """Which lines belong to which session, and the lines that belong to none."""
    spans: dict[str, _Span] = {}
    broken: list[Broken] = []
    for element in lines(stream, name, max_bytes=limits.max_line_bytes):
        try:
            session = _session_of(element)
        except Malformed as exc:
            place = f"{name}, line {element.number:,}"
            broken.append(Broken(place=place, reason=exc.reason, code=exc.code))
            if len(broken) > limits.max_broken:
                raise ImportFailed(name, "has too many broken lines: is it JSON Lines?") from exc
            continue
        span = spans.setdefault(session, _Span([]))
        _extend(span, element)
        if len(spans) > limits.max_conversations:
            raise HostileFile(name, f"holds more than {limits.max_conversations:,} sessions")
    return spans, broken


def _session_of(element: Element) -> str:
    if element.fault:
        raise Malformed(element.fault, element.code)
    session = _identity(_line(element.raw).session)
    if session is None:
        raise Malformed("names no session")
    return session


def _line(raw: bytes) -> _Line:
    try:
        return typed(_LINE, raw, "the line")
    except Malformed:
        return typed(_LINE, mended(raw), "the line")


def _extend(span: _Span, element: Element) -> None:
    """Add a line; lines that stand together make one piece."""
    length = len(element.raw)
    if span.pieces:
        at, size, first = span.pieces[-1]
        gap = element.offset - (at + size)
        if 0 <= gap <= 4:  # only a line end in between
            span.pieces[-1] = (at, size + gap + length, first)
            span.size += gap + length
            return
    span.pieces.append((element.offset, length, element.number))
    span.size += length


def _read_span(stream: BinaryIO, span: _Span, member: Member, limits: Limits) -> list[_Line]:
    found: list[_Line] = []
    for at, size, _ in span.pieces:
        if at < stream.tell() and not member.seekable:
            raise HostileFile(
                member.name, "has interleaved sessions: unpack the ZIP and import the file"
            )
        stream.seek(at)
        data = checked(stream.read(size), max_values=limits.max_values, max_depth=limits.max_depth)
        cut = lines(io.BytesIO(data), member.name, max_bytes=limits.max_line_bytes)
        found.extend(_line(element.raw) for element in cut)
    return found
