"""One owner's vault, opened: seal here, commit here, and nowhere else.

Everything above works with nouns; everything below with sealed rows. A `Vault` holds no content,
only the way to its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from holdfast.clock import id_text
from holdfast.errors import Conflict, KeyExhausted
from holdfast.model import VaultId
from holdfast.storage.protocol import (
    NO_SCOPE,
    HeadMove,
    Kind,
    Link,
    OnceTag,
    RowKey,
    SealedRow,
    SessionHead,
    State,
    Storage,
    VaultRow,
    Write,
    Written,
)
from holdfast.vault.codec import open_body, seal_body
from holdfast.vault.envelope import COMMITMENT_SIZE, MAX_SEALS, Place, SealKey
from holdfast.vault.keyring import Keyring, KeySet, VaultKeys

__all__ = ["Vault", "create_vault"]

_MAX_PLACES = 4096
_Body = TypeVar("_Body", bound=Struct)


class Vault:
    """An opened vault. Cheap to make; keys come from the keyring when they are needed."""

    def __init__(self, row: VaultRow, storage: Storage, keyring: Keyring) -> None:
        self.raw = row.vault_id
        self.id = VaultId(id_text(row.vault_id))
        self.account = row.account_id
        self.kind = row.kind
        self.storage = storage
        self.keyring = keyring
        self._places: dict[tuple[int, bytes], Place] = {}
        self._seals = 0

    def __repr__(self) -> str:
        return f"Vault({self.id})"

    def place(self, kind: Kind, scope: bytes = NO_SCOPE) -> Place:
        """The associated data shared by the records of one kind and scope."""
        found = self._places.get((kind, scope))
        if found is None:
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            found = self._places[kind, scope] = Place(self.account, self.raw, scope, kind)
        return found

    async def keys(self, *, fresh: bool = False) -> VaultKeys:
        """The vault's own keys. Raises what `Keyring.vault_keys` raises."""
        return await self.keyring.vault_keys(self.raw, fresh=fresh)

    async def session_keys(self, session_id: bytes, *, fresh: bool = False) -> KeySet:
        """The keys of one session. Raises what `Keyring.session_keys` raises."""
        return await self.keyring.session_keys(self.raw, session_id, fresh=fresh)

    async def opening_keys(
        self, rows: Iterable[SealedRow], scope: bytes = NO_SCOPE
    ) -> Mapping[bytes, SealKey]:
        """Keys that open `rows` of one scope, by commitment.

        A rotation elsewhere may have sealed some of them under a key this process has not seen:
        then the keys are read again, once. What is still unknown fails when it is opened.
        """
        known = await self._key_map(scope, fresh=False)
        if all(row.sealed[1 : 1 + COMMITMENT_SIZE] in known for row in rows):
            return known
        return await self._key_map(scope, fresh=True)

    async def _key_map(self, scope: bytes, *, fresh: bool) -> Mapping[bytes, SealKey]:
        if scope == NO_SCOPE:
            return (await self.keys(fresh=fresh)).records.by_commitment
        return (await self.session_keys(scope, fresh=fresh)).by_commitment

    async def commit(
        self,
        *,
        put: tuple[SealedRow, ...] = (),
        head: HeadMove | None = None,
        touch: SessionHead | None = None,
        remove: tuple[RowKey, ...] = (),
        links: tuple[Link, ...] = (),
        unlinks: tuple[Link, ...] = (),
        once: OnceTag | None = None,
        erase_sessions: tuple[bytes, ...] = (),
        next_epoch: int | None = None,
    ) -> Written:
        """Write one atomic change, fenced by the key version it was sealed under.

        Raises:
            SequenceConflict, Conflict: see `Storage.commit`; nothing was written. When the vault's
                key was rotated elsewhere the keys are read again first, so a retry seals anew.
            KeyExhausted: the vault's key has sealed as many records as is safe.
            StorageFailed: or one of its kinds.
        """
        if self._seals + len(put) > MAX_SEALS and next_epoch is None:
            raise KeyExhausted
        keys = await self.keyring.vault_keys(self.raw)
        try:
            written = await self.storage.commit(
                Write(
                    vault_id=self.raw,
                    head=head,
                    touch=touch,
                    put=put,
                    remove=remove,
                    links=links,
                    unlinks=unlinks,
                    once=once,
                    erase_sessions=erase_sessions,
                    sealed_records=len(put),
                    epoch=keys.epoch if next_epoch is None else None,
                    next_epoch=next_epoch,
                )
            )
        except Conflict:
            await self.keys(fresh=True)
            raise
        # A process that has not written yet does not know the count: its first write may pass the
        # bound by one write, still far below NIST's 2**32.
        self._seals = written.seals
        return written

    async def seal_record(
        self,
        kind: Kind,
        record_id: bytes,
        body: Struct,
        *,
        at_ms: int,
        version: int = 0,
        ord: int = 0,  # noqa: A002
    ) -> SealedRow:
        """Seal a record that belongs to the vault itself: a memory, a thought, a name."""
        return seal_body(
            body,
            (await self.keys()).records.current,
            self.place(kind),
            kind=kind,
            scope=NO_SCOPE,
            record_id=record_id,
            at_ms=at_ms,
            version=version,
            ord=ord,
        )

    async def open_records(self, rows: list[SealedRow], body: type[_Body]) -> list[_Body]:
        """Open records of the vault itself, all of one kind.

        Raises:
            TamperedRecord, UnknownEnvelope: one does not open where it stands.
        """
        keys = await self.opening_keys(rows)
        return [open_body(row, self.place(row.kind), keys, body) for row in rows]

    def gone(self, row: SealedRow) -> SealedRow:
        """What stands for a deleted record: nothing but its id and a revision."""
        return SealedRow(
            kind=row.kind,
            scope=row.scope,
            ord=row.ord,
            id=row.id,
            state=State.GONE,
            at_ms=row.at_ms,
            version=row.version + 1,
            sealed=b"",
        )


async def create_vault(row: VaultRow, storage: Storage, keyring: Keyring) -> Vault:
    """Make a vault: its key first, then its row, so that a crash leaves at most an unused key.

    Raises:
        Conflict: the owner has a vault already (made in the same moment elsewhere).
    """
    await keyring.create_vault(row.vault_id)
    await storage.commit(Write(vault_id=row.vault_id, vault=row))
    return Vault(row, storage, keyring)
