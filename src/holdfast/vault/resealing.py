"""One session sealed anew, while others read and write it.

Everything of a session changes its key in one write, because its chain is made of the seals. That
write is prepared beside the living session: all rows once, then, by revision, only what changed
since, until nobody was faster. So a long session that is written to is not read over and over.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterable

from msgspec.structs import replace

from holdfast.clock import id_text
from holdfast.errors import BrokenChain, Conflict
from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadMove,
    HeadsQuery,
    Kind,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
)
from holdfast.vault.chain import chain_start, extend_chain
from holdfast.vault.codec import reseal
from holdfast.vault.envelope import COMMITMENT_SIZE, SealKey
from holdfast.vault.keyring import KeySet
from holdfast.vault.vault import Vault

__all__ = ["IN_SESSION", "SessionResealing", "is_sealed_under", "read_head"]

IN_SESSION = (Kind.SESSION, Kind.TURN, Kind.MESSAGE, Kind.DRAFT, Kind.FILE)
"""What of a session is sealed anew in one write; its chunks come before, in bounded ones."""

_PAGED = (Kind.TURN, Kind.MESSAGE, Kind.CHUNK)
"""Kinds whose `ord` is a place of their own, so that they can be read in pages."""
_PAGE_ROWS = 1000
_CHUNK_ROWS = 32
_ALL = 1_000_000
_MAX_TRIES = 200


class SessionResealing:
    """Moves one session from `session`'s keys to `new`. Used once.

    `epoch` is the vault key's version it is done under: when that is no longer in force, every
    write is refused.
    """

    def __init__(
        self, vault: Vault, session_id: bytes, session: KeySet, new: SealKey, *, epoch: int
    ) -> None:
        self.records = 0
        """How many records were sealed anew so far."""
        self._vault = vault
        self._id = session_id
        self._old = session.current
        self._opening = {**session.by_commitment, new.commitment: new}
        self._new = new
        self._epoch = epoch
        self._rev = 0
        self._rows: dict[bytes, SealedRow] = {}
        self._links: dict[int, tuple[bytes, bytes]] = {}
        self._chained = 0
        self._chains = (b"", b"")

    async def run(self) -> bool:
        """Seal everything anew. False when there was nothing left under another key.

        Raises:
            BrokenChain: a message is missing, out of order or replaced. A new chain would hide it.
            TamperedRecord, UnknownEnvelope: a record does not open where it stands.
            Conflict: the session is gone, the vault's key was rotated once more, or others wrote to
                the session without a pause.
        """
        row = await self._vault.storage.vault(self._vault.raw)
        self._rev = 0 if row is None else row.rev
        async for rows in self._pages((Kind.CHUNK,), _CHUNK_ROWS):
            await self._write_chunks(rows)
        async for rows in self._pages(IN_SESSION, _PAGE_ROWS):
            self._take(rows)
        for _ in range(_MAX_TRIES):
            head = await read_head(self._vault, self._id)
            if head is None:
                raise Conflict("the session was forgotten meanwhile")
            await self._catch_up()
            if not self._rows:
                return False
            if await self._write(head):
                return True
        raise Conflict("the session is being written by too many at once")

    async def _pages(self, kinds: Iterable[Kind], size: int) -> AsyncIterator[list[SealedRow]]:
        """All rows of the session of some kinds, in bounded pages where they have places."""
        for kind in kinds:
            paged = kind in _PAGED
            first = 0
            while True:
                span = RowSpan(
                    vault_id=self._vault.raw,
                    kind=kind,
                    scope=self._id,
                    first=first if paged else None,
                    limit=size if paged else _ALL,
                )
                rows = await self._vault.storage.rows(span)
                if rows:
                    yield rows
                if len(rows) < span.limit:
                    break
                first = rows[-1].ord + 1

    # Sealing anew, in memory

    def _take(self, rows: Iterable[SealedRow]) -> None:
        for row in rows:
            if row.state is State.GONE or is_sealed_under(row, self._new):
                self._rows.pop(row.id, None)
                continue
            sealed = self._resealed(row)
            self._rows[row.id] = sealed
            if row.kind is Kind.MESSAGE:
                self._links[row.ord] = (row.link, sealed.link)
                if row.ord < self._chained:
                    self._chained = 0

    def _resealed(self, row: SealedRow) -> SealedRow:
        place = self._vault.place(row.kind, row.scope)
        return reseal(row, place, self._opening, self._new, version=row.version + 1)

    async def _catch_up(self) -> None:
        """Take in what others wrote since the rows were read."""
        while True:
            ask = ChangesQuery(
                vault_id=self._vault.raw, after=self._rev, kinds=(*IN_SESSION, Kind.CHUNK)
            )
            rows = await self._vault.storage.changes(ask)
            if not rows:
                break
            self._rev = rows[-1].rev
            ours = [row for row in rows if row.scope == self._id]
            await self._write_chunks([row for row in ours if row.kind is Kind.CHUNK])
            self._take(row for row in ours if row.kind is not Kind.CHUNK)
        # Drafts go without a trace, so what changed does not tell.
        for draft in [row for row in self._rows.values() if row.kind is Kind.DRAFT]:
            del self._rows[draft.id]
        async for rows in self._pages((Kind.DRAFT,), _PAGE_ROWS):
            self._take(rows)

    def _chain(self, head: SessionHead) -> bytes:
        """The session's chain under the new key, after the old one was found to hold."""
        old, new = self._old.chain_key, self._new.chain_key
        if self._chained == 0:
            vault = self._vault
            place = (vault.account, vault.raw, self._id)
            self._chains = (chain_start(old, *place), chain_start(new, *place))
        try:
            span = [(seq, self._links[seq]) for seq in range(self._chained, head.next_seq)]
        except KeyError:
            raise BrokenChain("session", id_text(self._id)) from None
        before, after = self._chains
        before = extend_chain(old, before, ((seq, links[0]) for seq, links in span))
        after = extend_chain(new, after, ((seq, links[1]) for seq, links in span))
        self._chained, self._chains = head.next_seq, (before, after)
        if len(self._links) != head.next_seq or not hmac.compare_digest(before, head.chain):
            raise BrokenChain("session", id_text(self._id))
        return after

    # Writing

    async def _write(self, head: SessionHead) -> bool:
        """Put everything in its place at once; False when somebody was faster."""
        try:
            moved = replace(head, chain=self._chain(head))
        except BrokenChain:
            if await self._stands_at(head):
                raise
            return False
        try:
            await self._commit(head, moved, tuple(self._rows.values()))
        except Conflict:
            if await self._stands_at(head):
                raise  # Not the session moved but the vault's key.
            return False
        return True

    async def _write_chunks(self, rows: list[SealedRow]) -> None:
        """Seal parts of files anew, with the session's head held where it is."""
        for _ in range(_MAX_TRIES):
            put = tuple(self._resealed(r) for r in rows if not is_sealed_under(r, self._new))
            head = await read_head(self._vault, self._id) if put else None
            if head is None:
                return
            rows = await self._still_there(put)
            if [(r.id, r.version + 1) for r in rows] != [(r.id, r.version) for r in put]:
                continue
            try:
                await self._commit(head, head, put)
            except Conflict:
                if await self._stands_at(head):
                    raise
                continue
            return
        raise Conflict("the session is being written by too many at once")

    async def _still_there(self, put: tuple[SealedRow, ...]) -> list[SealedRow]:
        ask = ByIds(vault_id=self._vault.raw, ids=tuple(row.id for row in put))
        return await self._vault.storage.rows_by_id(ask)

    async def _stands_at(self, head: SessionHead) -> bool:
        return await read_head(self._vault, self._id) == head

    async def _commit(
        self, before: SessionHead, head: SessionHead, put: tuple[SealedRow, ...]
    ) -> None:
        """Write rows of a session that nobody has written to since `before` was read.

        The revision is compared, so that nothing which was forgotten meanwhile comes back.
        """
        move = HeadMove(
            expected_next_seq=before.next_seq,
            expected_turns=before.turns,
            expected_chain=before.chain,
            expected_rev=before.rev,
            head=head,
        )
        await self._vault.commit(put=put, head=move, epoch=self._epoch)
        self.records += len(put)


def is_sealed_under(row: SealedRow, key: SealKey) -> bool:
    """Whether nothing is left to do for a row. A GONE row is sealed under no key."""
    if row.state is State.GONE:
        return True
    return row.sealed[1 : 1 + COMMITMENT_SIZE] == key.commitment


async def read_head(vault: Vault, session_id: bytes) -> SessionHead | None:
    """The plain head of a session as it is now."""
    ask = HeadsQuery(vault_id=vault.raw, session_ids=(session_id,), limit=1)
    heads = await vault.storage.heads(ask)
    return heads[0] if heads else None
