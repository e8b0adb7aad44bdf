"""Claude Code's session logs: one event a line, with the blocks of Anthropic's messages.

    {"type": "user" | "assistant" | ..., "uuid", "parentUuid", "sessionId", "timestamp",
     "message": {"role", "content": text | [blocks], "model"}}

An agent that the assistant sent out keeps its own log under the same session: it is a conversation
of its own. A log is compacted and cut while it is written: a parent that is not there means "after
the line before", and of two lines with one id the first stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from holdfast.model import Role
from holdfast.portability.blocks import Part, ToolCalls, block_parts, build
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Conversation, ImportedMessage, Item
from holdfast.portability.grouped_lines import read_grouped
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    mended,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import Sample
from holdfast.portability.trees import Node, in_order

__all__ = ["is_claude_code", "read_claude_code"]

_SAYING = ("user", "assistant", "system", "summary")
"""Types of events in which something is said; the others are the program's own business."""


class _Event(Struct):
    # Any: each field is checked where it is used, so that a strange one costs a detail only.
    type: Any = None
    uuid: Any = None
    parent: Any = msgspec.field(default=None, name="parentUuid")
    session: Any = msgspec.field(default=None, name="sessionId")
    timestamp: Any = None
    message: Raw = Raw(b"null")
    content: Any = None
    agent: Any = msgspec.field(default=None, name="agentId")
    is_meta: Any = msgspec.field(default=None, name="isMeta")


class _Message(Struct):
    content: Raw = Raw(b"null")
    model: Any = None  # as above


_EVENT = msgspec.json.Decoder(_Event)
_MESSAGE = msgspec.json.Decoder(_Message | None)
_BLOCKS: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


def is_claude_code(sample: Sample) -> bool:
    """Whether the first line is an event of a session log."""
    names = sample.fields.keys()
    logged = "type" in names and bool({"sessionId", "leafUuid", "snapshot"} & names)
    return sample.shape in ("lines", "object") and logged


def read_claude_code(member: Member, limits: Limits) -> Iterator[Item]:
    """The sessions of a log, in the order of their first lines.

    Raises:
        ImportFailed: the file cannot be read.
        HostileFile: more sessions than the limit, or interleaved ones in a ZIP.
    """
    return read_grouped(member, limits, session_of=_session_of, build=_build)


def _event(raw: bytes) -> _Event:
    try:
        return typed(_EVENT, raw, "the line")
    except Malformed:
        return typed(_EVENT, mended(raw), "the line")


def _session_of(raw: bytes) -> str | None:
    event = _event(raw)
    session = string_or_none(event.session) if event.type in _SAYING else None
    agent = string_or_none(event.agent)
    return f"{session}/{agent}" if session and agent else session


def _build(session: str, raws: Sequence[bytes]) -> Conversation:
    events: dict[str, _Event] = {}
    nodes: list[Node] = []
    before: str | None = None
    for number, raw in enumerate(raws, 1):
        event = _event(raw)
        source = string_or_none(event.uuid) or f"#{number}"
        if source in events:
            continue
        given = event.parent if isinstance(event.parent, str) else None
        parent = given if given in events else before
        nodes.append(Node(source, parent, time_of(event.timestamp)))
        events[source] = event
        before = source
    messages = _messages(in_order(nodes), events)
    return Conversation(
        source=f"claude-code:{session}",
        title=_title(messages),
        started_at=messages[0].at if messages else None,
        assistant="claude-code",
        platform="claude-code",
        messages=messages,
    )


def _title(messages: Sequence[ImportedMessage]) -> str:
    """What was first asked, in one line: a log has no title of its own."""
    asked = next((m.text for m in messages if m.role == "user" and m.kind == "text"), "")
    return " ".join(asked.split())[:80]


def _messages(nodes: Sequence[Node], events: Mapping[str, _Event]) -> tuple[ImportedMessage, ...]:
    messages: list[ImportedMessage] = []
    last_of: dict[str | None, str | None] = {None: None}
    calls = ToolCalls()
    for node in nodes:
        last = last_of[node.parent]
        event = events[node.id]
        body = typed(_MESSAGE, event.message, "a message") or _Message()
        model = string_or_none(body.model)
        for number, part in enumerate(_parts(event, body)):
            source = node.id if number == 0 else f"{node.id}#{number}"
            role = _role(event)
            messages.append(build(source, last, node.at, role, part, calls=calls, model=model))
            last = source
        last_of[node.id] = last
    if len({message.source for message in messages}) != len(messages):
        raise Malformed("holds two messages with the same id")
    return tuple(messages)


def _role(event: _Event) -> Role:
    if event.is_meta is True or event.type in ("system", "summary"):
        return "system"
    return "assistant" if event.type == "assistant" else "user"


def _parts(event: _Event, body: _Message) -> list[Part]:
    content = value_of(body.content)
    if isinstance(content, list):
        raws: list[Raw] = typed(_BLOCKS, body.content, "content")
        return block_parts(content, raws)
    text = content if isinstance(content, str) else event.content
    said = clean_text(text) if isinstance(text, str) else ""
    return [Part(text=said)] if said.strip() else []
