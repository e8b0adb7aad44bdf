"""One user's memory as one JSON object, as `SecureMemoryManager` and its like keep it.

    {"messages": [...], "general_chat": [...], "ai_conversation": [...],
     "metadata": {"user_id", "session_id", "created_at", "last_updated", ...}}

`messages` is the latest of both other lists again. Such a program keeps the last few messages only
and writes over the rest, so that each blob is a window: what an earlier import knew stays, and a
message is known by its time, its speaker and its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw

from holdfast.portability.containers import Member
from holdfast.portability.conversations import Broken, Conversation, Item
from holdfast.portability.heard import Heard, chained, heard, session_named
from holdfast.portability.json_values import (
    Malformed,
    fields_of,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.objects import Found, objects
from holdfast.portability.sampling import Sample

__all__ = ["is_memory_blob", "read_memory_blob"]

_LISTS: dict[str, str] = {"ai_conversation": "ai", "general_chat": "general"}
_GENERAL = ("general", "chat")
_NOT_OURS = frozenset({"id", "title", "mapping", "conversationId", "participants"})
_RAWS: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class _Entry(msgspec.Struct, frozen=True):
    """One item of a list, and what it became."""

    raw: bytes
    said: tuple[Heard, ...]
    session: str | None
    channel: str | None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes the same item in two lists the same."""
        return tuple((one.at, one.role, one.author, one.text, one.id) for one in self.said)


def is_memory_blob(sample: Sample) -> bool:
    """Whether the object is a user's memory."""
    names = sample.fields.keys()
    named = bool(names & _LISTS.keys()) or {"messages", "metadata"} <= names
    return sample.shape != "text" and named and not names & _NOT_OURS


def read_memory_blob(member: Member, limits: Limits) -> Iterator[Item]:
    """The conversations of a blob: what was said to the assistant, and the general chat.

    Raises:
        ImportFailed: the file is damaged as a whole.
        HostileFile: it costs more than the limits.
    """
    for found in objects(member, limits):
        if isinstance(found, Broken):
            yield found
            continue
        try:
            yield from _conversations(found)
        except Malformed as exc:
            yield Broken(place=found.place, reason=exc.reason, code=exc.code)


def _conversations(found: Found) -> list[Conversation]:
    fields = fields_of(found.raw, "the memory")
    given = value_of(fields.get("metadata"))
    metadata: Mapping[str, Any] = given if isinstance(given, dict) else {}
    lists = {name: _entries(fields.get(name), name) for name in (*_LISTS, "messages")}
    conversations = []
    for name, bucket in _LISTS.items():
        general = {e.key for e in lists["general_chat"]}
        shared = [e for e in lists["messages"] if _bucket(e, general) == bucket]
        merged = _merged(lists[name], shared)
        for session, entries in _by_session(merged).items():
            conversations.append(_conversation(bucket, session, entries, metadata))
    return conversations


def _entries(raw: Raw | None, name: str) -> list[_Entry]:
    raws = [] if raw is None or bytes(raw) == b"null" else typed(_RAWS, raw, name)
    entries = []
    for number, one in enumerate(raws, 1):
        text = bytes(one)
        try:
            said = tuple(heard(text))
        except Malformed as exc:
            raise Malformed(f"{name}, item {number:,}: {exc.reason}", exc.code) from exc
        item = value_of(text)
        kind = item.get("type") if isinstance(item, dict) else None
        entries.append(_Entry(text, said, session_named(item), string_or_none(kind)))
    return entries


def _bucket(entry: _Entry, general: set[tuple[object, ...]]) -> str:
    return "general" if entry.channel in _GENERAL or entry.key in general else "ai"


def _merged(own: Sequence[_Entry], shared: Sequence[_Entry]) -> list[_Entry]:
    """Both windows as one list, each item once: the longer one, with what it lacks."""
    longer, other = (own, shared) if len(own) >= len(shared) else (shared, own)
    have = {entry.key for entry in longer}
    rest = [entry for entry in other if entry.key not in have]
    merged = [*rest, *longer]
    if rest and all(one.at is not None for entry in merged for one in entry.said):
        merged.sort(key=lambda e: next((m.at for m in e.said if m.at is not None), _EARLIEST))
    return merged


def _by_session(entries: Sequence[_Entry]) -> dict[str | None, list[_Entry]]:
    found: dict[str | None, list[_Entry]] = {}
    for entry in entries:
        found.setdefault(entry.session, []).append(entry)
    return found


def _conversation(
    bucket: str, session: str | None, entries: Sequence[_Entry], metadata: Mapping[str, Any]
) -> Conversation:
    messages = chained([one for entry in entries for one in entry.said])
    names = [metadata.get(name) for name in ("user_id", "session_id", "created_at")]
    identity = "/".join(str(name) for name in names if isinstance(name, str | int) and name != "")
    started = next((m.at for m in messages if m.at is not None), None)
    whole = f"{identity or (messages[0].source if messages else 'empty')}/{bucket}"
    return Conversation(
        source=f"memory-blob:{whole}/{session}" if session else f"memory-blob:{whole}",
        started_at=started or time_of(metadata.get("created_at")),
        title="General chat" if bucket == "general" else "",
        platform="memory-blob",
        kind="room" if bucket == "general" else "chat",
        messages=messages,
    )
