"""Memories and thoughts as the sealed records they are kept as, with the links between them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.keeper.linking import messages_named_by
from holdfast.model import Memory, MemoryId, MessageId, SessionId, Thought, ThoughtId, TurnId
from holdfast.storage.protocol import ByIds, Kind, Link, LinksQuery, SealedRow
from holdfast.vault.codec import MemoryBody, ThoughtBody
from holdfast.vault.vault import Vault

__all__ = [
    "loosened",
    "memory_body",
    "memory_links",
    "seal_memory",
    "seal_thought",
    "thought_links",
    "to_memory",
    "to_thought",
]


def memory_body(memory: Memory, *, covers: int = 0) -> MemoryBody:
    """What of a memory is sealed.

    Args:
        covers: of a running summary, how many messages of its session it takes in.
    """
    return MemoryBody(
        kind=memory.kind,
        text=memory.text,
        created_at=memory.created_at,
        tags=memory.tags,
        importance=memory.importance,
        assistant=memory.assistant,
        session_id=memory.session_id,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
        supersedes=memory.supersedes,
        sources=memory.sources,
        covers=covers,
        pinned=memory.pinned,
        subject=memory.subject,
        attribute=memory.attribute,
        value=memory.value,
        origin=memory.origin,
        made_by=memory.made_by,
        corrected=memory.corrected,
        closed_by=memory.closed_by,
        former=memory.former,
        trashed_at=memory.trashed_at,
        source_gone=memory.source_gone,
    )


def to_memory(row: SealedRow, body: MemoryBody) -> Memory:
    """A memory from its row and its opened body."""
    return Memory(
        id=MemoryId(id_text(row.id)),
        kind=body.kind,
        text=body.text,
        tags=body.tags,
        importance=body.importance,
        assistant=body.assistant,
        session_id=body.session_id,  # type: ignore[arg-type]  # the same text form
        created_at=body.created_at,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        supersedes=None if body.supersedes is None else MemoryId(body.supersedes),
        sources=body.sources,
        pinned=body.pinned,
        subject=body.subject,
        attribute=body.attribute,
        value=body.value,
        origin=body.origin,
        made_by=body.made_by,
        corrected=body.corrected,
        closed_by=body.closed_by,
        former=body.former,
        trashed_at=body.trashed_at,
        source_gone=body.source_gone,
    )


async def seal_memory(
    vault: Vault, memory: Memory, *, version: int = 0, covers: int = 0
) -> SealedRow:
    """The sealed row of a memory."""
    return await vault.seal_record(
        Kind.MEMORY,
        id_bytes(memory.id),
        memory_body(memory, covers=covers),
        at_ms=to_ms(memory.created_at),
        version=version,
    )


def memory_links(memory: Memory) -> list[Link]:
    """From the memory to each message it rests on or was ended by, and to what it supersedes."""
    raw = id_bytes(memory.id)
    sources = sorted({source.message_id for source in memory.sources})
    links = [Link(kind="source", from_id=raw, to_id=id_bytes(source)) for source in sources]
    if memory.closed_by is not None:
        links.append(
            Link(kind="closed_by", from_id=raw, to_id=id_bytes(memory.closed_by.message_id))
        )
    # What only a former version names must be found from there too, to go from it.
    before = messages_named_by(memory) - messages_named_by(replace(memory, former=()))
    links += [
        Link(kind="said_before", from_id=raw, to_id=id_bytes(message)) for message in sorted(before)
    ]
    if memory.supersedes is not None:
        links.append(Link(kind="supersedes", from_id=raw, to_id=id_bytes(memory.supersedes)))
    return links


def to_thought(row: SealedRow, body: ThoughtBody) -> Thought:
    """A thought from its row and its opened body."""
    return Thought(
        id=ThoughtId(id_text(row.id)),
        assistant=body.assistant,
        text=body.text,
        at=body.at,
        session_id=None if body.session_id is None else SessionId(body.session_id),
        turn_id=None if body.turn_id is None else TurnId(body.turn_id),
        linked_memory=None if body.linked_memory is None else MemoryId(body.linked_memory),
        kind=body.kind,
        message_id=None if body.message_id is None else MessageId(body.message_id),
    )


async def seal_thought(vault: Vault, thought: Thought) -> SealedRow:
    """The sealed row of a thought."""
    body = ThoughtBody(
        assistant=thought.assistant,
        text=thought.text,
        at=thought.at,
        session_id=thought.session_id,
        turn_id=thought.turn_id,
        linked_memory=thought.linked_memory,
        kind=thought.kind,
        message_id=thought.message_id,
    )
    return await vault.seal_record(
        Kind.THOUGHT, id_bytes(thought.id), body, at_ms=to_ms(thought.at)
    )


def thought_links(thought: Thought) -> list[Link]:
    """From the thought to its turn (or, without one, its session) and to the memory it led to."""
    raw = id_bytes(thought.id)
    links = []
    if thought.turn_id is not None:
        links.append(Link(kind="in_turn", from_id=raw, to_id=id_bytes(thought.turn_id)))
    elif thought.session_id is not None:
        links.append(Link(kind="in_session", from_id=raw, to_id=id_bytes(thought.session_id)))
    if thought.message_id is not None:
        links.append(Link(kind="repeats", from_id=raw, to_id=id_bytes(thought.message_id)))
    if thought.linked_memory is not None:
        links.append(Link(kind="led_to", from_id=raw, to_id=id_bytes(thought.linked_memory)))
    return links


async def loosened(
    vault: Vault, memory_ids: Sequence[bytes], *, instead: MemoryId | None = None
) -> list[SealedRow]:
    """Thoughts that led to memories (by raw id) which go: they stay, and name the one that takes
    those in, or none."""
    if not memory_ids:
        return []
    led = LinksQuery(vault_id=vault.raw, to_ids=tuple(memory_ids), kind="led_to")
    ids = sorted({link.from_id for link in await vault.storage.links(led)})
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=tuple(ids)))
    found = []
    for row, body in zip(rows, await vault.open_records(rows, ThoughtBody), strict=True):
        body.linked_memory = instead
        found.append(await vault.seal_again(row, body))
    return found
