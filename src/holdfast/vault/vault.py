"""One owner's vault, opened: seal here, commit here, and nowhere else.

Everything above works with nouns; everything below with sealed rows. A `Vault` holds no content,
only the way to its keys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_text
from holdfast.errors import Conflict, KeyExhausted, VaultErased, VaultLocked
from holdfast.model import VaultId
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
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
from holdfast.vault.codec import open_body, reseal, seal_body
from holdfast.vault.envelope import COMMITMENT_SIZE, MAX_SEALS, Place, SealKey, commitment_of
from holdfast.vault.keyring import Keyring, KeySet, VaultKeys

__all__ = ["Vault", "create_vault"]

_MAX_PLACES = 4096
_READS = 3
"""How often something is read again when rotations change it in the meantime."""
_Body = TypeVar("_Body", bound=Struct)


def _unknown(rows: Iterable[SealedRow], keys: Mapping[bytes, SealKey]) -> list[SealedRow]:
    """Rows that name none of the keys. A GONE row is sealed under no key."""
    return [
        row
        for row in rows
        if row.sealed[1 : 1 + COMMITMENT_SIZE] not in keys and row.state is not State.GONE
    ]


def _is_under(row: SealedRow, key: SealKey) -> bool:
    """Whether a row may stay as it is: sealed under the key, not of the vault itself, or GONE."""
    if row.scope != NO_SCOPE or row.state is State.GONE:
        return True
    return row.sealed[1 : 1 + COMMITMENT_SIZE] == key.commitment


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
        self._seals = row.seals

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
        """The keys of one session; `current` is the one in force, which new records are sealed
        under. Raises what `Keyring.session_keys` raises.
        """
        keys = await self.keyring.session_keys(self.raw, session_id, fresh=fresh)
        if len(keys.by_commitment) > 1:
            return await self._in_force(session_id, keys)
        return keys

    async def _in_force(self, session_id: bytes, keys: KeySet) -> KeySet:
        """The same keys, with the one as current that the session's own record is sealed under.

        While a rotation re-seals a session it has two keys. The new one is durable first, and comes
        into force in the one write that re-seals everything, the session's record included.
        """
        rows = await self.storage.rows_by_id(ByIds(vault_id=self.raw, ids=(session_id,)))
        if not rows:
            return keys
        key = keys.by_commitment.get(commitment_of(rows[0].sealed))
        return keys if key is None else replace(keys, current=key)

    async def opening_keys(
        self, rows: Iterable[SealedRow], scope: bytes = NO_SCOPE
    ) -> Mapping[bytes, SealKey]:
        """Keys that open `rows` of one scope, by commitment.

        A rotation elsewhere may have sealed some of them under a key this process has not seen:
        then the keys are read again, once. What is still unknown fails when it is opened; see
        `openable` for rows that a rotation may have re-sealed since they were read.
        """
        known = await self._key_map(scope, fresh=False)
        if not _unknown(rows, known):
            return known
        return await self._key_map(scope, fresh=True)

    async def openable(
        self, rows: Sequence[SealedRow], scope: bytes = NO_SCOPE
    ) -> tuple[list[SealedRow], Mapping[bytes, SealKey]]:
        """The rows of one scope with keys that open them, by commitment.

        A rotation may have re-sealed rows and destroyed their old key since they were read: those
        are read again by id. One that was deleted meanwhile is left out; one that was forgotten
        comes as such. A row that names no key of this vault stays, and fails when it is opened.
        """
        found = list(rows)
        for _ in range(_READS):
            keys = await self.opening_keys(found, scope)
            lost = _unknown(found, keys)
            if not lost:
                break
            ask = ByIds(vault_id=self.raw, ids=tuple(row.id for row in lost))
            again = {row.id: row for row in await self.storage.rows_by_id(ask)}
            gone = {row.id for row in lost} - again.keys()
            found = [again.get(row.id, row) for row in found if row.id not in gone]
        return found, keys

    async def openable_among(
        self, rows: Sequence[SealedRow], scope: bytes
    ) -> tuple[list[SealedRow], Mapping[bytes, SealKey]]:
        """Like `openable`, for who reads many sessions: none of one that is being erased.

        Its key goes first and its rows second; between the two it is gone, and the others are not.
        """
        try:
            return await self.openable(rows, scope)
        except VaultErased:
            await self.keys(fresh=True)  # Raises when it was the vault.
            return [], {}

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
        epoch: int | None = None,
    ) -> Written:
        """Write one atomic change, fenced by the key version it was sealed under.

        When the vault's key was rotated elsewhere, records of the vault itself are sealed anew and
        the write is tried again; rows of a session are fenced by the session's head or by the
        version of the row they replace, so a session that was re-sealed meanwhile conflicts.
        `epoch` names the key version it must be written under: no other is tried.

        Raises:
            SequenceConflict, Conflict: see `Storage.commit`; nothing was written.
            KeyExhausted: the vault's key has sealed as many records as is safe.
            StorageFailed: or one of its kinds.
        """
        await self._check_room(len(put))
        write = Write(
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
        )
        opening: dict[bytes, SealKey] = {}
        for _ in range(_READS):
            keys = await self.keys()
            opening |= keys.records.by_commitment
            under = keys.epoch if epoch is None else epoch
            try:
                written = await self.storage.commit(
                    replace(write, put=self._under(keys.records.current, put, opening), epoch=under)
                )
            except Conflict:
                if not await self._rotated_since(under):
                    raise
                if epoch is not None and (await self.keys()).epoch != epoch:
                    raise
            else:
                self._seals = written.seals
                return written
        raise Conflict("the vault's key is being rotated")

    async def _check_room(self, more: int) -> None:
        # The count of other processes is known from the last write; they may pass the bound by what
        # they wrote since, still far below NIST's 2**32.
        if self._seals + more > MAX_SEALS:
            row = await self.storage.vault(self.raw)
            self._seals = 0 if row is None else row.seals
            if self._seals + more > MAX_SEALS:
                raise KeyExhausted

    def _under(
        self, key: SealKey, rows: tuple[SealedRow, ...], opening: Mapping[bytes, SealKey]
    ) -> tuple[SealedRow, ...]:
        """Records of the vault itself that an older key sealed, sealed anew; the rest as it is.

        Without this a record that was sealed just before a rotation could be written just after,
        under a key that is about to be destroyed.
        """
        old = [row for row in rows if not _is_under(row, key)]
        if not old:
            return rows
        if any(commitment_of(row.sealed) not in opening for row in old):
            raise Conflict("a record was sealed under a key that was rotated away")
        return tuple(
            row if _is_under(row, key) else reseal(row, self.place(row.kind), opening, key)
            for row in rows
        )

    async def _rotated_since(self, epoch: int) -> bool:
        """After a refused write: read the keys again; is another key in force than at `epoch`?

        A rotation that died after it made a key and before it moved the vault's epoch would leave
        everybody waiting: whoever comes by takes that step.
        """
        row = await self.storage.vault(self.raw)
        keys = await self.keys(fresh=True)
        if row is None:
            return False
        if row.epoch > keys.epoch:
            raise VaultLocked
        if row.epoch < keys.epoch:
            with contextlib.suppress(Conflict):
                await self.storage.commit(
                    Write(vault_id=self.raw, epoch=row.epoch, next_epoch=keys.epoch)
                )
            return True
        return keys.epoch != epoch

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

    async def seal_again(self, row: SealedRow, body: Struct) -> SealedRow:
        """Seal a record of the vault itself with another body, one version on, where it stands."""
        return await self.seal_record(
            row.kind, row.id, body, at_ms=row.at_ms, version=row.version + 1, ord=row.ord
        )

    async def open_records(self, rows: list[SealedRow], body: type[_Body]) -> list[_Body]:
        """Open records of the vault itself, all of one kind.

        Raises:
            TamperedRecord, UnknownEnvelope: one does not open where it stands.
            Conflict: one was deleted, and its key destroyed by a rotation, since it was read.
        """
        found, keys = await self.openable(rows)
        if len(found) < len(rows):
            raise Conflict("a record was deleted meanwhile")
        return [open_body(row, self.place(row.kind), keys, body) for row in found]

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


async def create_vault(
    row: VaultRow,
    storage: Storage,
    keyring: Keyring,
    *,
    first: Callable[[Vault], Awaitable[tuple[SealedRow, OnceTag]]] | None = None,
) -> Vault:
    """Make a vault: its key first, then its row, so that a crash leaves at most an unused key.

    `first` makes a record that comes into being with the vault, in the same write.

    Raises:
        Conflict: the owner has a vault already (made in the same moment elsewhere).
    """
    await keyring.create_vault(row.vault_id)
    vault = Vault(row, storage, keyring)
    put: tuple[SealedRow, ...] = ()
    once: OnceTag | None = None
    if first is not None:
        record, once = await first(vault)
        put = (record,)
    await storage.commit(
        Write(vault_id=row.vault_id, vault=row, put=put, once=once, sealed_records=len(put))
    )
    return vault
