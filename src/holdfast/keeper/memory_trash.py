"""Memories in the trash: out of every list, search and context, and whole when they come back.

A memory says in its own record since when it is there. One sealed record of the vault names those
that were put there by hand, so that a vault's trash is emptied after one read.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import to_ms
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.hand import forget_memories, read_memories, refold, written
from holdfast.keeper.linking import known_forms
from holdfast.keeper.store import Store
from holdfast.model import Memory
from holdfast.storage.protocol import ByIds, Kind, SealedRow
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = ["purge_memories", "restore_memory", "trash_memory"]

_TRIES = 20
_AT_ONCE = 500


class _TrashBody(Struct, frozen=True, omit_defaults=True):
    memories: dict[str, datetime] = {}
    """Since when, by id. One that was forgotten since may still be named."""


async def trash_memory(store: Store, vault: Vault, memory_id: str) -> Memory:
    """Put a memory into the trash; one that is there stays as it was put there.

    Raises:
        NotFound: it is unknown, or somebody else's.
    """
    return await _moved(store, vault, memory_id, store.clock())


async def restore_memory(store: Store, vault: Vault, memory_id: str) -> Memory:
    """Take a memory out of the trash. It takes its place among what was said meanwhile.

    Raises:
        NotFound: it is unknown, or somebody else's, or not in the trash.
    """
    await _moved(store, vault, memory_id, None)
    (read,) = await read_memories(vault, [memory_id])
    await refold(store, vault, [read.memory])
    (read,) = await read_memories(vault, [memory_id])
    return read.memory


async def _moved(store: Store, vault: Vault, memory_id: str, at: datetime | None) -> Memory:
    for _ in range(_TRIES):
        (read,) = await read_memories(vault, [memory_id])
        is_there = read.memory.trashed_at is not None
        if at is None and not is_there:
            raise NotFound("memory")
        if at is not None and is_there:
            return read.memory
        after = replace(read.memory, trashed_at=at)
        named, version = await _read(vault)
        named.pop(after.id, None)
        if at is not None:
            named[after.id] = at
        row = await _sealed(store, vault, named, version + 1)
        if await written(vault, [read], {after.id: after}, put=(row,)):
            return after
    raise Conflict


async def purge_memories(store: Store, vault: Vault, *, before: datetime) -> int:
    """Forget for good what was put into the trash before a time; returns how many memories.

    Cut short, it has forgotten some; doing it again forgets the rest.
    """
    named, _ = await _read(vault)
    due = [memory_id for memory_id, at in named.items() if at < before]
    gone = 0
    for first in range(0, len(due), _AT_ONCE):
        there = await _still_there(vault, due[first : first + _AT_ONCE])
        gone += len((await forget_memories(store, vault, there)).gone)
    if due:
        await _named_no_more(store, vault, due)
    return gone


async def _still_there(vault: Vault, memory_ids: list[str]) -> list[str]:
    """Those that were neither forgotten nor taken out meanwhile."""
    ask = ByIds(vault_id=vault.raw, ids=tuple(sorted(known_forms(memory_ids))))
    rows = [row for row in await vault.storage.rows_by_id(ask) if row.kind is Kind.MEMORY]
    bodies = await vault.open_records(rows, MemoryBody)
    trashed = {
        row.id for row, body in zip(rows, bodies, strict=True) if body.trashed_at is not None
    }
    return [one for one in memory_ids if set(known_forms([one])) <= trashed]


async def _named_no_more(store: Store, vault: Vault, memory_ids: list[str]) -> None:
    for _ in range(_TRIES):
        named, version = await _read(vault)
        left = {one: at for one, at in named.items() if one not in memory_ids}
        try:
            await vault.commit(put=(await _sealed(store, vault, left, version + 1),))
        except Conflict:
            continue
        return
    raise Conflict


def _id(vault: Vault) -> bytes:
    """Of the record: it follows from the vault, so that two processes write the same one."""
    return vault.keyring.tag(vault.raw, "setting", "memory trash")[:16]


async def _read(vault: Vault) -> tuple[dict[str, datetime], int]:
    """What the record names, and its version, -1 when there is none."""
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(_id(vault),)))
    if not rows:
        return {}, -1
    (body,) = await vault.open_records(rows, _TrashBody)
    return dict(body.memories), rows[0].version


async def _sealed(
    store: Store, vault: Vault, named: dict[str, datetime], version: int
) -> SealedRow:
    return await vault.seal_record(
        Kind.SETTING,
        _id(vault),
        _TrashBody(memories=named),
        at_ms=to_ms(store.clock()),
        version=version,
    )
