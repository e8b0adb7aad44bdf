"""Memories of mem0: what `get_all` gives, and what `history` gives for each memory.

    {"results": [{"id", "memory", "user_id", "agent_id", "metadata", "categories",
                  "created_at", "updated_at"}]}                       also the list alone
    [{"id", "memory_id", "old_memory", "new_memory", "event": "ADD" | "UPDATE" | "DELETE",
      "created_at", "updated_at"}]

What mem0 keeps are sentences that a model wrote; the messages they came from are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from holdfast.errors import ImportFailed
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Broken, ImportedMemory, Item
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    fields_of,
    string_or_none,
    time_of,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.objects import Found, objects
from holdfast.portability.sampling import Sample

__all__ = ["is_mem0", "read_mem0"]

_Record = Mapping[str, Any]  # JSON objects of a provider: each value is checked where it is used
_ONES: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class _Change(msgspec.Struct, frozen=True):
    """One event of a memory's history."""

    event: str
    text: str | None
    before: str | None
    at: datetime | None


def is_mem0(sample: Sample) -> bool:
    """Whether a file holds memories, or a history, of mem0."""
    fields = sample.fields
    if "results" in fields:
        try:
            first = _first_of(fields["results"])
            return first is None or _is_record(first)
        except Malformed:
            return False
    return _is_record(fields)


def _first_of(raw: msgspec.Raw) -> Mapping[str, object] | None:
    """The members of the first object in a list; None of an empty list.

    Raises:
        Malformed: no list, or not of objects.
    """
    try:
        listed = _ONES.decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise Malformed("results are no list") from exc
    return fields_of(listed[0], "a result") if listed else None


def _is_record(fields: Mapping[str, object]) -> bool:
    return {"id", "memory"} <= fields.keys() or {"memory_id", "new_memory"} <= fields.keys()


def read_mem0(member: Member, limits: Limits) -> Iterator[Item]:
    """The memories, each version of one after the one before it.

    Raises:
        ImportFailed: the file is damaged, or holds memories of several people: then nothing of
            it is taken, it would all become one person's.
    """
    records: list[tuple[str, _Record]] = []
    broken: list[Broken] = []
    size = 0
    for found in objects(member, limits):
        size += 0 if isinstance(found, Broken) else len(found.raw)
        if size > limits.max_conversation_bytes:
            raise ImportFailed(member.name, "is over the limit: export fewer memories at once")
        if isinstance(found, Broken):
            broken.append(found)
        else:
            records += _records(found)
    owners = {str(one["user_id"]) for _, one in records if one.get("user_id") is not None}
    if len(owners) > 1:
        reason = f"holds memories of {len(owners):,} users: export each with get_all(user_id=...)"
        raise ImportFailed(member.name, reason)
    yield from broken
    changes: dict[str, list[_Change]] = {}
    for place, one in records:
        try:
            if "memory_id" in one:
                changes.setdefault(_named(one, "memory_id"), []).append(_change(one))
            else:
                yield _memory(one)
        except Malformed as exc:
            yield Broken(place=place, reason=exc.reason, code=exc.code)
    for memory_id, history in changes.items():
        yield from _versions(memory_id, history)


def _records(found: Found) -> list[tuple[str, _Record]]:
    value = value_of(found.raw)
    listed = value.get("results") if isinstance(value, dict) and "results" in value else [value]
    if not isinstance(listed, list):
        raise ImportFailed(found.place, "has results that are no list")
    return [
        (f"{found.place}, memory {number:,}", one if isinstance(one, dict) else {})
        for number, one in enumerate(listed, 1)
    ]


def _memory(one: _Record) -> ImportedMemory:
    text = string_or_none(one.get("memory"))
    if text is None or not text.strip():
        raise Malformed("has no text")
    created = time_of(one.get("created_at"))
    given = one.get("categories")
    listed = given if isinstance(given, list) else []
    return ImportedMemory(
        source=f"mem0:{_named(one, 'id')}",
        text=text,
        since=time_of(one.get("updated_at")) or created,
        until=time_of(one.get("expiration_date")),
        assistant=string_or_none(one.get("agent_id")),
        tags=tuple(clean_text(tag) for tag in listed if isinstance(tag, str)),
    )


def _named(one: _Record, name: str) -> str:
    value = one.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise Malformed("has no id")
    return clean_text(str(value))


def _change(one: _Record) -> _Change:
    event = one.get("event")
    if event not in ("ADD", "UPDATE", "DELETE"):
        raise Malformed("has an event that is not ADD, UPDATE or DELETE")
    at = time_of(one.get("updated_at")) or time_of(one.get("created_at"))
    text, before = string_or_none(one.get("new_memory")), string_or_none(one.get("old_memory"))
    if event != "DELETE" and text is None:
        raise Malformed("has no text")
    return _Change(event, text, before, at)


def _versions(memory_id: str, history: list[_Change]) -> Iterator[ImportedMemory]:
    """What a memory said, from when until when; a history may be newest first."""
    times = [change.at for change in history if change.at is not None]
    if len(times) == len(history) and len(times) > 1 and times[0] > times[-1]:
        history.reverse()
    texts: list[tuple[str, datetime | None, datetime | None]] = []
    for change in history:
        if not texts and change.event != "ADD" and change.before:
            texts.append((change.before, None, change.at))
        elif texts:
            texts[-1] = (*texts[-1][:2], change.at)
        if change.event != "DELETE" and change.text is not None:
            texts.append((change.text, change.at, None))
    for text, since, until in texts:
        yield ImportedMemory(source=f"mem0:{memory_id}", text=text, since=since, until=until)
