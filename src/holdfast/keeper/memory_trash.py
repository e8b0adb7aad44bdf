"""Memories in the trash: out of every list, search and context, and whole when they come back.

A memory says in its own record since when it is there. One sealed record of the vault names those
that were put there by hand, so that a vault's trash is emptied after one read.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import Conflict, NotFound
from holdfast.keeper.hand import forget_memories, read_memories, refold, written
from holdfast.keeper.linking import known_forms
from holdfast.keeper.setting_records import SettingRecord
from holdfast.keeper.store import Store
from holdfast.model import Memory
from holdfast.storage.protocol import ByIds, Kind
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = ["purge_memories", "restore_memory", "trash_memory"]

_TRIES = 20
_AT_ONCE = 500


class _TrashBody(Struct, frozen=True, omit_defaults=True):
    memories: dict[str, datetime] = {}
    """Since when, by id. One that was forgotten since may still be named."""


_RECORD = SettingRecord("memory trash", _TrashBody())


async def trash_memory(store: Store, vault: Vault, memory_id: str) -> Memory:
    """Put a memory into the trash; one that is there stays as it was put there.

    Raises:
        NotFound: it is unknown, or somebody else's.
    """
    return await _moved(store, vault, memory_id, store.clock())


async def restore_memory(store: Store, vault: Vault, memory_id: str) -> Memory:
    """Take a memory out of the trash. It takes its place among what was said meanwhile.

    Returns:
        It as it stands then, or the memory that says the same and has taken it in.

    Raises:
        NotFound: it is unknown, or somebody else's, or not in the trash.
    """
    return await refold(store, vault, await _moved(store, vault, memory_id, None))


async def _moved(store: Store, vault: Vault, memory_id: str, at: datetime | None) -> Memory:
    for _ in range(_TRIES):
        (read,) = await read_memories(vault, [memory_id])
        is_there = read.memory.trashed_at is not None
        if at is None and not is_there:
            raise NotFound("memory")
        if at is not None and is_there:
            return read.memory
        after = replace(read.memory, trashed_at=at)
        before = await _RECORD.read(vault)
        named = _without(before.body, [after.id])
        if at is not None:
            named[after.id] = at
        row, _ = await _RECORD.sealed(store, vault, before, _TrashBody(memories=named))
        if await written(vault, [read], {after.id: after}, put=(row,)):
            return after
    raise Conflict


async def purge_memories(store: Store, vault: Vault, *, before: datetime) -> int:
    """Forget for good what was put into the trash before a time; returns how many memories.

    Cut short, it has forgotten some; doing it again forgets the rest.
    """
    named = (await _RECORD.read(vault)).body.memories
    due = [memory_id for memory_id, at in named.items() if at < before]
    if not due:
        return 0
    gone = 0
    for first in range(0, len(due), _AT_ONCE):
        there = await _still_there(vault, due[first : first + _AT_ONCE])
        gone += len((await forget_memories(store, vault, there)).gone)
    await _RECORD.change(store, vault, lambda body: _TrashBody(memories=_without(body, set(due))))
    return gone


def _without(body: _TrashBody, memory_ids: Collection[str]) -> dict[str, datetime]:
    return {one: at for one, at in body.memories.items() if one not in memory_ids}


async def _still_there(vault: Vault, memory_ids: list[str]) -> list[str]:
    """Those that were neither forgotten nor taken out meanwhile."""
    ask = ByIds(vault_id=vault.raw, ids=tuple(sorted(known_forms(memory_ids))))
    rows = [row for row in await vault.storage.rows_by_id(ask) if row.kind is Kind.MEMORY]
    bodies = await vault.open_records(rows, MemoryBody)
    trashed = {
        row.id for row, body in zip(rows, bodies, strict=True) if body.trashed_at is not None
    }
    return [one for one in memory_ids if set(known_forms([one])) <= trashed]
