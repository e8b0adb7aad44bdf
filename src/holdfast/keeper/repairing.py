"""What becomes of memories when something that they rest on, follow or lead to goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set

from msgspec.structs import replace

from holdfast.clock import Ids, id_text
from holdfast.keeper.ledger import Change, Known, change_of, opened_memories
from holdfast.keeper.linking import versions_without, without_sources
from holdfast.keeper.reconciling import Settled, Slot, is_loose, settle, slot_of
from holdfast.model import Memory, MemoryId, MessageId
from holdfast.storage.protocol import ByIds, Kind, LinksQuery, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["chain_of", "repaired"]


async def chain_of(vault: Vault, memory_ids: Iterable[bytes]) -> list[Known]:
    """Memories with all that they supersede and all that supersedes them, however far.

    Unknown ids, and those of other records, are passed over.
    """
    found: dict[bytes, SealedRow] = {}
    wanted = tuple(dict.fromkeys(memory_ids))
    seen = set(wanted)
    while wanted:
        rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=wanted))
        mine = tuple(row.id for row in rows if row.kind is Kind.MEMORY)
        found.update((row.id, row) for row in rows if row.kind is Kind.MEMORY)
        wanted = tuple(end for end in await _beside(vault, mine) if end not in seen)
        seen.update(wanted)
    return await opened_memories(vault, list(found.values()))


async def _beside(vault: Vault, memory_ids: tuple[bytes, ...]) -> list[bytes]:
    if not memory_ids:
        return []
    raw, kind = vault.raw, "supersedes"
    older = await vault.storage.links(LinksQuery(vault_id=raw, from_ids=memory_ids, kind=kind))
    newer = await vault.storage.links(LinksQuery(vault_id=raw, to_ids=memory_ids, kind=kind))
    return list(dict.fromkeys([link.to_id for link in older] + [link.from_id for link in newer]))


async def repaired(
    vault: Vault,
    memory_ids: Iterable[bytes],
    *,
    ids: Ids,
    without_messages: Collection[bytes] = (),
    without_memories: Collection[bytes] = (),
) -> Change:
    """The write by which memories, and those before and after them, come to terms with a loss.

    What a memory that goes had closed holds again. What was said twice and loses one of the two
    times holds from the other on, and shows no word that only the lost one had. What rested on the
    lost alone goes. A summary, which quotes, goes with any of its sources.

    Args:
        memory_ids: those that go, or rest on what goes.
        without_messages, without_memories: what goes, by raw id.
    """
    known = {entry.memory.id: entry for entry in await chain_of(vault, memory_ids)}
    lost = {MessageId(id_text(raw)) for raw in without_messages}
    doomed = {id_text(raw) for raw in without_memories}
    slots: dict[Slot, list[Memory]] = {}
    alone: list[Memory] = []
    for entry in known.values():
        slot = slot_of(entry.memory)
        (alone if slot is None else slots.setdefault(slot, [])).append(entry.memory)
    settled = [_in_slot(memories, doomed, lost, ids=ids) for memories in slots.values()]
    gone = {m.id for one in settled for m in one.gone}
    settled.append(_alone(alone, doomed, lost, gone))
    return await change_of(vault, known, settled)


def _in_slot(
    memories: list[Memory], doomed: Set[str], lost: Set[MessageId], *, ids: Ids
) -> Settled:
    going = {m.id for m in memories if m.id in doomed}
    reduced: dict[MemoryId, Memory] = {}
    for memory in memories:
        # Of a loose one the sources are what is settled below.
        bare = replace(memory, former=versions_without(memory.former, lost))
        left = bare if is_loose(memory) else _reduced(memory, lost)
        if left is None:
            going.add(memory.id)
        elif left != memory:
            reduced[memory.id] = left
    found = settle(
        [reduced.get(m.id, m) for m in memories],
        ids=ids,
        now=max(m.created_at for m in memories),
        removed=going,
        without=lost,
    )
    told = {m.id for m in (*found.changed, *found.gone)}
    left_so = tuple(m for m in reduced.values() if m.id not in told)
    return replace(found, changed=(*found.changed, *left_so))


def _reduced(memory: Memory, lost: Set[MessageId]) -> Memory | None:
    """The memory without what goes; None when it goes with it."""
    left = without_sources(memory, lost)
    if memory.closed_by is not None and left.closed_by is None:
        left = replace(left, valid_to=None)
    # An extractive memory quotes its sources: with one of them gone the quote must go too.
    quotes = memory.kind == "summary" and len(left.sources) < len(memory.sources)
    return None if quotes or (memory.sources and not left.sources) else left


def _alone(
    memories: list[Memory], doomed: Set[str], lost: Set[MessageId], gone: set[MemoryId]
) -> Settled:
    """Memories outside of any slot: they lose sources, or go."""
    left = {m.id: None if m.id in doomed else _reduced(m, lost) for m in memories}
    going = tuple(m for m in memories if left[m.id] is None)
    lacking = gone | {m.id for m in going}
    before = {m.id: m.supersedes for m in memories}
    changed = []
    for memory in memories:
        now = left[memory.id]
        if now is None:
            continue
        step = now.supersedes
        while step in lacking:
            step = before.get(step)
        now = replace(now, supersedes=step)
        if now != memory:
            changed.append(now)
    return Settled(changed=tuple(changed), gone=going)
