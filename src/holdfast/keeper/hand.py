"""Changes of memories by their owner, read and written: each is one write, all of it or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.correcting import Correction, corrected, merged, undone
from holdfast.keeper.ledger import Ledger
from holdfast.keeper.linking import known_forms, without_memories
from holdfast.keeper.reconciling import folded, slot_of
from holdfast.keeper.remembered import loosened, memory_links, seal_memory, to_memory
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    Kind,
    Link,
    RowSpan,
    SealedRow,
    State,
)
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = [
    "ForgottenMemories",
    "ReadMemory",
    "at_hand",
    "correct_memory",
    "forget_memories",
    "holds_longer",
    "merge_memories",
    "read_memories",
    "refold",
    "undo_change",
    "written",
]

_ALL = 1_000_000
_MOST_MERGED = 100
_TRIES = 20
"""A write that lost to another one is made anew from what is there then."""


class ForgottenMemories(Struct, frozen=True, kw_only=True):
    """What went when memories were forgotten, and what changed by it."""

    gone: tuple[Memory, ...] = ()
    """As they were; nothing of them is kept."""
    again: tuple[Memory, ...] = ()
    """What one of them had ended: it holds again, or until a later one, as it says now."""
    thoughts: int = 0
    """How many thoughts do not lead to one of them any more; they stay."""


class ReadMemory(Struct):
    """A memory as its record says it now."""

    row: SealedRow
    body: MemoryBody
    memory: Memory


async def correct_memory(
    store: Store, vault: Vault, memory_id: str, correction: Correction
) -> Memory:
    """Change a memory; see `Memories.edit`."""
    for _ in range(_TRIES):
        (read,) = at_hand(await read_memories(vault, [memory_id]))
        after = corrected(store, read.memory, correction, version=read.row.version)
        if after == read.memory:
            return after
        if await written(vault, [read], {after.id: after}):
            return after
    raise Conflict


async def merge_memories(
    store: Store, vault: Vault, memory_ids: Sequence[str], *, text: str | None
) -> Memory:
    """Make one memory of several; see `Memories.merge`."""
    wanted = list(dict.fromkeys(memory_ids))
    if not 2 <= len(wanted) <= _MOST_MERGED:
        raise BadInput("memories", f"name 2 to {_MOST_MERGED} different ones")
    for _ in range(_TRIES):
        read = at_hand(await read_memories(vault, wanted))
        known = await _known(store, vault, read)
        ids = [one.memory.id for one in read]
        versions = {one.memory.id: one.row.version for one in read}
        changed = merged(store, known, ids, versions, text=text)
        beside = await read_memories(vault, [other for other in changed if other not in ids])
        thoughts = await _led_to(vault, [one.row.id for one in read[1:]], ids[0])
        if await written(
            vault,
            [read[0], *beside],
            changed,
            put=(*(vault.gone(one.row) for one in read[1:]), *thoughts[0]),
            links=thoughts[1],
        ):
            return changed[ids[0]]
    raise Conflict


async def undo_change(store: Store, vault: Vault, memory_id: str) -> Memory:
    """Take the last change of a memory back; see `Memories.undo`."""
    for _ in range(_TRIES):
        (read,) = at_hand(await read_memories(vault, [memory_id]))
        known = await _known(store, vault, [read])
        before, absorbed = undone(known, read.memory)
        # A session's summary may have come back by itself meanwhile: that one is the newer.
        back = [version.memory for version in absorbed if version.memory.id not in known]
        versions = await _gone_versions(vault) if back else {}
        rows = [
            await seal_memory(vault, memory, version=versions.get(id_bytes(memory.id), -1) + 1)
            for memory in back
        ]
        links = [link for memory in back for link in memory_links(memory)]
        if await written(vault, [read], {before.id: before}, put=rows, links=links):
            return await refold(store, vault, before, *back)
    raise Conflict


async def refold(store: Store, vault: Vault, memory: Memory, *others: Memory) -> Memory:
    """What came back takes its place among what was said meanwhile: one value at a time.

    Returns:
        The first as it stands then: itself, or the one that says the same and has taken it in.
    """
    slots = [slot for one in (memory, *others) if (slot := slot_of(one)) is not None]
    now = store.clock()
    for _ in range(_TRIES):
        ledger = Ledger(vault)
        await ledger.refresh()
        settled = ledger.folded_anew(slots, ids=store.ids, now=now)
        change = await ledger.change(settled, at_ms=to_ms(now))
        if not change.put:
            break
        try:
            await vault.commit(put=change.put, links=change.links, unlinks=change.unlinks)
        except Conflict:
            continue
        break
    else:
        raise Conflict
    return await _standing(store, vault, memory)


async def _standing(store: Store, vault: Vault, memory: Memory) -> Memory:
    known = {one.id: one for one in await store.known.all_memories(vault)}
    if memory.id in known:
        return known[memory.id]
    said, slot = set(memory.sources), slot_of(memory)
    there = [one for one in known.values() if slot_of(one) == slot and one.trashed_at is None]
    for one in there:
        if said & set(one.sources):
            return one
    # Kept without its source: what took it in says the same, since then or earlier.
    same = [
        one
        for one in there
        if not said and folded(one.value) == folded(memory.value) and _since(one) <= _since(memory)
    ]
    if not same:
        raise NotFound("memory")
    return max(same, key=_since)


def _since(memory: Memory) -> datetime:
    return memory.valid_from or memory.created_at


def holds_longer(before: Memory, after: Memory) -> bool:
    """Whether a memory that had an end has a later one now, or none."""
    if before.valid_to is None:
        return False
    return after.valid_to is None or after.valid_to > before.valid_to


async def forget_memories(
    store: Store, vault: Vault, memory_ids: Iterable[str]
) -> ForgottenMemories:
    """Remove memories and whatever is kept of them; see `Memories.forget`.

    Raises:
        NotFound: one is unknown, or somebody else's; nothing was removed.
    """
    wanted = list(dict.fromkeys(memory_ids))
    for _ in range(_TRIES):
        read = await read_memories(vault, wanted)
        known = await _known(store, vault, read)
        changed = without_memories(known, frozenset(one.memory.id for one in read))
        beside = await read_memories(vault, list(changed))
        thoughts = await loosened(vault, [one.row.id for one in read])
        gone = [vault.gone(one.row) for one in read]
        if await written(vault, beside, changed, put=(*gone, *thoughts)):
            return ForgottenMemories(
                gone=tuple(one.memory for one in read),
                again=tuple(
                    changed[one.memory.id]
                    for one in beside
                    if holds_longer(one.memory, changed[one.memory.id])
                ),
                thoughts=len(thoughts),
            )
    raise Conflict


async def read_memories(vault: Vault, memory_ids: Sequence[str]) -> list[ReadMemory]:
    """The memories of these ids, in their order.

    Raises:
        NotFound: one is not there.
    """
    raw = tuple(known_forms(memory_ids))
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=raw))
    rows = [row for row in rows if row.kind is Kind.MEMORY]
    if len(rows) != len(memory_ids):
        raise NotFound("memory")
    bodies = await vault.open_records(rows, MemoryBody)
    return [
        ReadMemory(row=row, body=body, memory=to_memory(row, body))
        for row, body in zip(rows, bodies, strict=True)
    ]


def at_hand(read: list[ReadMemory]) -> list[ReadMemory]:
    """The same, when none of them is in the trash.

    Raises:
        NotFound: one is.
    """
    if any(one.memory.trashed_at is not None for one in read):
        raise NotFound("memory")
    return read


async def _gone_versions(vault: Vault) -> dict[bytes, int]:
    """The versions of records that stand without content: one that comes back goes on from it."""
    span = RowSpan(
        vault_id=vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, state=State.GONE, limit=_ALL
    )
    return {row.id: row.version for row in await vault.storage.rows(span)}


async def _known(
    store: Store, vault: Vault, read: Sequence[ReadMemory]
) -> Mapping[MemoryId, Memory]:
    known = {memory.id: memory for memory in await store.known.all_memories(vault)}
    return known | {one.memory.id: one.memory for one in read}


async def _led_to(
    vault: Vault, gone: Sequence[bytes], instead: MemoryId
) -> tuple[list[SealedRow], list[Link]]:
    """Thoughts that led to memories which go, leading to the one that takes them in."""
    rows = await loosened(vault, gone, instead=instead)
    return rows, [Link(kind="led_to", from_id=row.id, to_id=id_bytes(instead)) for row in rows]


async def written(
    vault: Vault,
    read: Sequence[ReadMemory],
    changed: Mapping[MemoryId, Memory],
    *,
    put: Iterable[SealedRow] = (),
    links: Iterable[Link] = (),
) -> bool:
    """Write changed memories in place of those that were read; False when somebody was first."""
    rows, new, old = [*put], [*links], list[Link]()
    for one in read:
        after = changed[MemoryId(id_text(one.row.id))]
        rows.append(
            await seal_memory(vault, after, version=one.row.version + 1, covers=one.body.covers)
        )
        before, now = set(memory_links(one.memory)), set(memory_links(after))
        new += sorted(now - before, key=_ends)
        old += sorted(before - now, key=_ends)
    try:
        await vault.commit(put=tuple(rows), links=tuple(new), unlinks=tuple(old))
    except Conflict:
        return False
    return True


def _ends(link: Link) -> tuple[str, bytes, bytes]:
    return link.kind, link.from_id, link.to_id
