"""Memories and thoughts as records: made together with what they rest on, linked both ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.capture.checks import checked_tags, checked_text, checked_time
from holdfast.errors import BadInput
from holdfast.keeper.remembered import memory_links, seal_memory, seal_thought, thought_links
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
from holdfast.storage.protocol import Link, SealedRow
from holdfast.vault.vault import Vault

__all__ = [
    "Learned",
    "NewMemory",
    "learn",
    "new_memory",
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
