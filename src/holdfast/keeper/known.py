"""The memories of a vault, opened once and kept current by revision.

A context asks for what is valid now at every turn; opening every memory each time would cost more
than the recall beside it. What is held here is as readable as an index in memory is, and leaves
with the vault that it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from holdfast.errors import NotFound
from holdfast.model import Memory
from holdfast.storage.protocol import NO_SCOPE, ChangesQuery, Kind, RowSpan, SealedRow, State
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = ["Known"]

_ALL = 1_000_000


class _Held:
    """What is known of one vault."""

    def __init__(self) -> None:
        self.rev = -1
        self.memories: dict[bytes, Memory] = {}
        self.lock = asyncio.Lock()


class Known:
    """Memories by vault. One per opened store."""

    def __init__(self) -> None:
        self._held: WeakKeyDictionary[Vault, _Held] = WeakKeyDictionary()

    async def memories(self, vault: Vault) -> list[Memory]:
        """Every memory of a vault, with every write acknowledged before this call; in no order.

        Raises:
            TamperedRecord, UnknownEnvelope: one does not open; nothing is skipped.
            NotFound: the vault was erased.
        """
        held = self._held.setdefault(vault, _Held())
        async with held.lock:
            row = await vault.storage.vault(vault.raw)
            if row is None:
                self._held.pop(vault, None)
                raise NotFound("vault")
            if row.rev < held.rev:  # An older state was put back.
                held.rev, held.memories = -1, {}
            if row.rev != held.rev:
                await self._catch_up(vault, held)
                held.rev = max(held.rev, row.rev)
            return list(held.memories.values())

    async def _catch_up(self, vault: Vault, held: _Held) -> None:
        if held.rev < 0:
            # All at once by place: the way by revision leads past every message there is.
            span = RowSpan(vault_id=vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, limit=_ALL)
            await _take(vault, held, await vault.storage.rows(span))
            return
        after = held.rev
        while rows := await vault.storage.changes(
            ChangesQuery(vault_id=vault.raw, after=after, kinds=(Kind.MEMORY,))
        ):
            await _take(vault, held, rows)
            after = held.rev = rows[-1].rev


async def _take(vault: Vault, held: _Held, rows: Sequence[SealedRow]) -> None:
    from holdfast.keeper.memories import to_memory  # the store, which holds this, is below it

    alive, _ = await vault.openable([row for row in rows if row.state is State.LIVE])
    bodies = await vault.open_records(alive, MemoryBody)
    for row in rows:
        held.memories.pop(row.id, None)
    for row, body in zip(alive, bodies, strict=True):
        held.memories[row.id] = to_memory(row, body)
