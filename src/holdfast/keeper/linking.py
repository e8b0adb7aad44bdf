"""What names a memory, kept true when memories go or become one: pure, over all that are known.

A memory names its sources, the memory it supersedes and, in its former versions, both once more. A
link in the storage goes with either of its ends; what a record says must go with it, or it would
name something that nobody can find.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.model import Memory, MemoryId, MemoryVersion, MessageId

__all__ = [
    "MemoriesById",
    "chain_of",
    "held_at",
    "known_forms",
    "messages_named_by",
    "own_words_in",
    "versions_without",
    "without_memories",
    "without_sources",
]

MemoriesById: TypeAlias = Mapping[MemoryId, Memory]


def known_forms(ids: Iterable[str]) -> Iterator[bytes]:
    """Those of `ids` that have the form of an id, as bytes; the others can be nowhere."""
    for text in ids:
        with contextlib.suppress(ValueError):
            yield id_bytes(text)


def held_at(memory: Memory, at: datetime) -> bool:
    """Whether a memory holds at a time; from `valid_from` on, and not any more at `valid_to`."""
    begun = memory.valid_from is None or memory.valid_from <= at
    return begun and (memory.valid_to is None or at < memory.valid_to)


def chain_of(known: MemoriesById, memory_id: MemoryId) -> list[Memory]:
    """All that one memory supersedes, step by step, and all that supersede it, oldest first."""
    chain, seen = [known[memory_id]], {memory_id}
    while (former := chain[0].supersedes) is not None and former in known and former not in seen:
        seen.add(former)
        chain.insert(0, known[former])
    later = {m.supersedes: m for m in known.values() if m.supersedes is not None}
    while (after := later.get(chain[-1].id)) is not None and after.id not in seen:
        seen.add(after.id)
        chain.append(after)
    return chain


def without_memories(known: MemoriesById, gone: Set[MemoryId]) -> dict[MemoryId, Memory]:
    """The memories that change when others go: those that stand beside them in a chain.

    A successor supersedes what the one that goes did. What only the one that goes had ended holds
    again, or until the successor that is left. One whose end was said somewhere stays ended.
    """
    changed: dict[MemoryId, Memory] = {}
    for memory in known.values():
        if memory.id in gone or memory.supersedes not in gone:
            continue
        changed[memory.id] = replace(memory, supersedes=_left_before(known, gone, memory))
    for memory_id in gone & known.keys():
        former = known[memory_id].supersedes
        if former is None or former in gone or former not in known:
            continue
        ended = changed.get(former, known[former])
        if ended.closed_by is None and ended.valid_to == known[memory_id].valid_from:
            heirs = [memory for memory in changed.values() if memory.supersedes == former]
            until = min((m.valid_from for m in heirs if m.valid_from), default=None)
            changed[former] = replace(ended, valid_to=until)
    return changed


def _left_before(known: MemoriesById, gone: Set[MemoryId], memory: Memory) -> MemoryId | None:
    step, seen = memory.supersedes, {memory.id}
    while step is not None and step in gone and step not in seen:
        seen.add(step)
        step = known[step].supersedes if step in known else None
    return None if step in seen else step


def without_sources(memory: Memory, lost: Set[MessageId]) -> Memory:
    """The memory without messages that go, in its former versions too.

    It may be left without any source; whether it goes then is for the caller to say. It belongs to
    a session that it still rests on.
    """
    left = tuple(source for source in memory.sources if source.message_id not in lost)
    closed = memory.closed_by
    session_id = memory.session_id
    if len(left) < len(memory.sources) and session_id not in {s.session_id for s in left}:
        session_id = left[0].session_id if left else session_id
    return replace(
        memory,
        sources=left,
        session_id=session_id,
        closed_by=None if closed is None or closed.message_id in lost else closed,
        former=versions_without(memory.former, lost),
    )


def versions_without(
    former: Sequence[MemoryVersion], lost: Set[MessageId]
) -> tuple[MemoryVersion, ...]:
    """Former versions without messages that go; one that rested on nothing else goes with them."""
    kept = []
    for version in former:
        memory = without_sources(version.memory, lost)
        if memory.sources or not version.memory.sources:
            kept.append(replace(version, memory=memory))
    return tuple(kept)


def messages_named_by(memory: Memory) -> set[MessageId]:
    """Every message that a memory names: its sources, what ended it, and those of former
    versions."""
    named = {source.message_id for source in memory.sources}
    if memory.closed_by is not None:
        named.add(memory.closed_by.message_id)
    return named.union(*(messages_named_by(version.memory) for version in memory.former))


def own_words_in(memory: Memory) -> list[MemoryVersion]:
    """Memories that were merged into this one and rest on nothing but their owner's word."""
    return [
        version
        for version in memory.former
        if version.memory.id != memory.id and not version.memory.sources
    ]
