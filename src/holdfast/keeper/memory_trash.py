"""Memories in the trash: out of every list, search and context, and whole when they come back."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from holdfast.errors import Conflict, NotFound
from holdfast.keeper.hand import forget_memories, read_memories, refold, written
from holdfast.keeper.store import Store
from holdfast.model import Memory
from holdfast.vault.vault import Vault

__all__ = ["purge_memories", "restore_memory", "trash_memory"]

_TRIES = 20
_AT_ONCE = 500


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
        if await written(vault, [read], {after.id: after}):
            return after
    raise Conflict


async def purge_memories(store: Store, vault: Vault, *, before: datetime) -> int:
    """Forget for good what was put into the trash before a time; returns how many memories.

    Cut short, it has forgotten some; doing it again forgets the rest.
    """
    due = [
        memory.id
        for memory in await store.known.all_memories(vault)
        if memory.trashed_at is not None and memory.trashed_at < before
    ]
    for first in range(0, len(due), _AT_ONCE):
        await forget_memories(store, vault, due[first : first + _AT_ONCE])
    return len(due)
