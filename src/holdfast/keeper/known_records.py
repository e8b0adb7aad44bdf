"""Opened records of one kind, by vault, kept current by revision."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from holdfast.errors import NotFound
from holdfast.storage.protocol import ChangesQuery, Kind, RowSpan, SealedRow, State
from holdfast.vault.vault import Vault

__all__ = ["Held", "Records"]

_ALL = 1_000_000
_AT_ONCE = 250
"""Records that are opened before others have their turn."""
_T = TypeVar("_T")


class Held(Generic[_T]):
    """What is known of one vault."""

    def __init__(self) -> None:
        self.rev = -1
        self.unsaved = 0
        self.records: dict[bytes, _T] = {}
        self.lock = asyncio.Lock()
        self.version = 0
        """Raised whenever a record changes: what was made of them is made anew."""


class Records(Generic[_T]):
    """Opened records of one kind, by vault and raw id."""

    def __init__(
        self,
        kind: Kind,
        read: Callable[[Vault, Sequence[SealedRow]], Awaitable[dict[bytes, _T]]],
        *,
        add: Callable[[dict[bytes, _T], Sequence[SealedRow], dict[bytes, _T]], None] | None = None,
        saved: Callable[[Vault], Awaitable[tuple[int, dict[bytes, _T]]]] | None = None,
    ) -> None:
        """`add` puts what was read of rows among what is held: in its place, when left out."""
        self._kind = kind
        self._read = read
        self._add = add or _replace
        self._saved = saved
        self._held: WeakKeyDictionary[Vault, Held[_T]] = WeakKeyDictionary()

    async def of(self, vault: Vault) -> list[_T]:
        """Every record of a vault, with every write acknowledged before this call; in no order.

        Raises: as `held`.
        """
        return list((await self.held(vault)).records.values())

    async def held(self, vault: Vault) -> Held[_T]:
        """What is known of a vault, with every write acknowledged before this call.

        Raises:
            TamperedRecord, UnknownEnvelope: one does not open; nothing is skipped.
            NotFound: the vault was erased.
        """
        held = self._held.setdefault(vault, Held())
        async with held.lock:
            row = await vault.storage.vault(vault.raw)
            if row is None:
                self._held.pop(vault, None)
                raise NotFound("vault")
            if row.rev < held.rev:  # An older state was put back.
                held.rev, held.records, held.version = -1, {}, held.version + 1
            if row.rev != held.rev:
                await self._catch_up(vault, held, row.rev)
                held.rev = max(held.rev, row.rev)
            return held

    def peek(self, vault: Vault) -> Held[_T] | None:
        """What is held of a vault at this moment, however old."""
        return self._held.get(vault)

    def vaults(self) -> list[Vault]:
        """Those of which something is held."""
        return list(self._held)

    def forget(self, vault: Vault) -> None:
        """Hold nothing of a vault."""
        self._held.pop(vault, None)

    async def _catch_up(self, vault: Vault, held: Held[_T], rev: int) -> None:
        if held.rev < 0 and self._saved is not None:
            saved_rev, records = await self._saved(vault)
            if 0 <= saved_rev <= rev:
                held.rev, held.records, held.version = saved_rev, records, held.version + 1
        if held.rev < 0:
            held.records = {}  # A read that broke off left some of them.
            # All at once by place: the way by revision leads past every message there is.
            span = RowSpan(vault_id=vault.raw, kind=self._kind, limit=_ALL)
            await self._take(vault, held, await vault.storage.rows(span))
            return
        after = held.rev
        while after < rev and (
            rows := await vault.storage.changes(
                ChangesQuery(vault_id=vault.raw, after=after, kinds=(self._kind,))
            )
        ):
            await self._take(vault, held, rows)
            after = held.rev = rows[-1].rev

    async def _take(self, vault: Vault, held: Held[_T], rows: Sequence[SealedRow]) -> None:
        alive = [row for row in rows if row.state is State.LIVE]
        await vault.keyring.warm(vault.raw, filter(None, map(_session_of, alive)))
        for first in range(0, len(rows), _AT_ONCE):
            if first:
                await asyncio.sleep(0)
            part = rows[first : first + _AT_ONCE]
            read = await self._read(vault, [row for row in part if row.state is State.LIVE])
            held.version += 1
            self._add(held.records, part, read)
        held.unsaved += len(rows)


def _replace(records: dict[bytes, _T], rows: Sequence[SealedRow], read: dict[bytes, _T]) -> None:
    for row in rows:
        records.pop(row.id, None)
    records |= read


def _session_of(row: SealedRow) -> bytes | None:
    """The session whose key a row is sealed under, None when it is a vault's own."""
    return {Kind.SESSION: row.id, Kind.TURN: row.scope}.get(row.kind)
