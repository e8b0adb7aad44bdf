"""Memories and thoughts as records: made together with what they rest on, linked both ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_tags, checked_text, checked_time
from holdfast.clock import id_bytes, to_ms
from holdfast.errors import BadInput
from holdfast.keeper.linking import messages_named_by
from holdfast.keeper.store import Store
from holdfast.model import (
    Memory,
    MemoryId,
    MemoryKind,
    MemoryOrigin,
    Message,
    Session,
    Source,
    Thought,
    ThoughtId,
    Turn,
)
from holdfast.storage.protocol import ByIds, Kind, Link, LinksQuery, SealedRow
from holdfast.vault.codec import MemoryBody, ThoughtBody
from holdfast.vault.vault import Vault

__all__ = [
    "Learned",
    "NewMemory",
    "learn",
    "loosened",
    "memory_body",
    "memory_links",
    "new_memory",
    "seal_memory",
    "seal_thought",
    "thought_links",
]


class NewMemory(Struct, frozen=True, kw_only=True):
    """What to remember. `importance` is 1 to 10."""

    text: str
    kind: MemoryKind = "note"
    tags: Sequence[str] = ()
    importance: int = 5
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    origin: MemoryOrigin = "hand"
    """Whose words these are."""


class Learned(Struct, frozen=True, kw_only=True):
    """Sealed rows and links that belong into one write, with what they are."""

    memory: Memory | None = None
    thought: Thought | None = None
    rows: tuple[SealedRow, ...] = ()
    links: tuple[Link, ...] = ()


async def learn(
    store: Store,
    vault: Vault,
    session: Session,
    turn: Turn,
    messages: Sequence[Message],
    memory: NewMemory | str | None,
    thought: str | None,
) -> Learned:
    """Make the memory and the thought of an exchange ready to be written with it.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
    """
    rows: list[SealedRow] = []
    links: list[Link] = []
    made_memory = made_thought = None
    if memory is not None:
        new = NewMemory(text=memory) if isinstance(memory, str) else memory
        sources = tuple(
            Source(session_id=m.session_id, message_id=m.id) for m in messages if m.text.strip()
        )
        made_memory = new_memory(
            store, new, sources=sources, assistant=session.assistant, session=session
        )
        rows.append(await seal_memory(vault, made_memory))
        links.extend(memory_links(made_memory))
    if thought is not None:
        made_thought = Thought(
            id=ThoughtId(store.ids()),
            assistant=session.assistant or "assistant",
            text=checked_text("thought", thought, store.limits, required=True),
            at=store.clock(),
            session_id=session.id,
            turn_id=turn.id,
            linked_memory=None if made_memory is None else made_memory.id,
        )
        rows.append(await seal_thought(vault, made_thought))
        links.extend(thought_links(made_thought))
    return Learned(memory=made_memory, thought=made_thought, rows=tuple(rows), links=tuple(links))


def new_memory(
    store: Store,
    new: NewMemory,
    *,
    sources: tuple[Source, ...],
    assistant: str | None,
    session: Session | None,
) -> Memory:
    """A memory of what `new` says.

    Raises:
        BadInput, TooLarge: something of it cannot be kept.
    """
    if not 1 <= new.importance <= 10:
        raise BadInput("importance", "it lies between 1 and 10")
    limits, now = store.limits, store.clock()
    valid_from = checked_time("valid_from", new.valid_from)
    valid_to = checked_time("valid_to", new.valid_to)
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise BadInput("valid_to", "it lies before valid_from")
    return Memory(
        id=MemoryId(store.ids()),
        kind=new.kind,
        text=checked_text("memory", new.text, limits, required=True),
        tags=checked_tags(new.tags, limits),
        importance=new.importance,
        assistant=assistant,
        session_id=None if session is None else session.id,
        created_at=now,
        valid_from=valid_from or now,
        valid_to=valid_to,
        sources=sources,
        origin=new.origin,
        made_by="hand" if new.origin == "hand" else "",
    )


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
