"""Remembering something that nobody said to an assistant: what its owner writes down."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from holdfast.capture.checks import checked_label
from holdfast.clock import id_text
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.client_keys import client_key_tag, made_once
from holdfast.keeper.hand import at_hand, read_memories
from holdfast.keeper.learning import NewMemory, new_memory
from holdfast.keeper.remembered import memory_links, seal_memory
from holdfast.keeper.store import Store
from holdfast.model import Memory, Source
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["add_memory"]


async def add_memory(
    store: Store,
    vault: Vault,
    new: NewMemory,
    *,
    sources: Sequence[Source | str],
    assistant: str | None,
    client_key: str | None,
) -> Memory:
    """Remember something; see `Memories.add`."""
    made = new_memory(
        store,
        new,
        sources=await _resolved(vault, sources),
        assistant=checked_label("assistant", assistant, store.limits),
        session=None,
    )

    async def known(raw: bytes) -> Memory:
        (read,) = at_hand(await read_memories(vault, [id_text(raw)]))
        if _said(read.memory) != _said(made):
            raise BadInput("client key", "it was used for another memory: take a new one")
        return read.memory

    return await made_once(
        vault,
        made,
        await seal_memory(vault, made),
        memory_links(made),
        once=client_key_tag(vault, store.limits, "memory", client_key),
        known=known,
    )


async def _resolved(vault: Vault, sources: Sequence[Source | str]) -> tuple[Source, ...]:
    ids = [s.message_id if isinstance(s, Source) else s for s in sources]
    found = {m.id: m for m in await Reader(vault).messages_by_id(ids)}
    resolved = []
    for source, message_id in zip(sources, ids, strict=True):
        message = found.get(message_id)  # type: ignore[call-overload]  # ids are text
        if message is None:
            raise NotFound("message")
        if isinstance(source, Source):
            end = len(message.text) if source.end is None else source.end
            if not 0 <= (source.start or 0) <= end <= len(message.text):
                raise BadInput("source", "the span lies outside the message's text")
            resolved.append(replace(source, session_id=message.session_id))
        else:
            resolved.append(Source(session_id=message.session_id, message_id=message.id))
    return tuple(resolved)


def _said(memory: Memory) -> tuple[object, ...]:
    """What a memory says, apart from what it was given when it was made."""
    return memory.text, memory.kind, memory.tags, memory.importance, memory.assistant
