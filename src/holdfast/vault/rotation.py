"""A new key for a vault: everything is sealed anew, in steps that may die anywhere.

What is left to do is read from what is there, so a rotation that was killed is continued by calling
it again, by this process or another:

    1  a new vault key, durable; then the vault's epoch moves to it, which fences every writer that
       still seals under the old one
    2  per session: a new session key, durable; the session's files in bounded writes; then
       everything else of the session and its chain in one write; then its old key is destroyed
    3  the vault's own records (memories, names), in bounded writes
    4  the old vault key is destroyed, last of all: while it exists, there is something left to do

Readers go on throughout: until a key is destroyed all of them open, and one that holds rows whose
key has gone reads those again (`Vault.openable`). Writers go on too: their write is refused, they
read the keys again and seal anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from holdfast.errors import Conflict, NotFound, VaultErased, VaultLocked
from holdfast.storage.protocol import (
    NO_SCOPE,
    ChangesQuery,
    Kind,
    SealedRow,
    WrappedKey,
    Write,
)
from holdfast.vault.codec import reseal
from holdfast.vault.envelope import SealKey
from holdfast.vault.keyring import KeySet, VaultKeys
from holdfast.vault.resealing import IN_SESSION, SessionResealing, is_sealed_under, read_head
from holdfast.vault.vault import Vault

__all__ = ["Progress", "RotationReport", "rotate_vault_key"]

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the steps done and all steps known; a step is one session, or the vault's records."""

_PAGE_ROWS = 1000
_PAGE_BYTES = 8 * 1024 * 1024
_MAX_TRIES = 50
_OF_VAULT = tuple(
    kind for kind in Kind if kind is Kind.FILE or kind not in (*IN_SESSION, Kind.CHUNK)
)


class RotationReport(Struct, frozen=True, kw_only=True):
    """What one call came to. A rotation that was continued counts only what was left."""

    epoch: int = 0
    """Version of the vault's key that is in force now."""
    sessions: int = 0
    """Sessions sealed anew."""
    records: int = 0
    """Records sealed anew, those of the sessions included."""
    destroyed: tuple[str, ...] = ()
    """Fingerprints of the keys destroyed: the first 16 hexadecimal digits of commitments."""


async def rotate_vault_key(vault: Vault, *, progress: Progress | None = None) -> RotationReport:
    """Seal everything of a vault under a new key and destroy the old ones.

    Continues what an earlier call left; only when nothing is left does it make a new key. May run
    beside readers, writers and other rotations. On return nothing is sealed under a key that was in
    force when it was called, unless it only finished an earlier rotation. Memory is bounded by the
    largest session without its files: about 1 KB a message beside the text.

    Raises:
        VaultErased: the vault was erased.
        TamperedRecord, BrokenChain: something does not open, or a session's chain does not hold; a
            new chain would hide that. The old keys are still there: repair it and call again.
        Conflict: a session was written to without a pause through thousands of attempts.
    """
    report = RotationReport()
    keys = await _put_in_force(vault, make=True)
    while True:
        try:
            return await _Resealing(vault, keys, report, progress).run()
        except _Superseded as exc:
            # Another rotation has begun, so ours was finished by somebody: help that one.
            report = exc.report
            keys = await _put_in_force(vault, make=False)


class _Superseded(Exception):
    """The vault's key was rotated once more meanwhile."""

    def __init__(self, report: RotationReport) -> None:
        super().__init__()
        self.report = report


async def _put_in_force(vault: Vault, *, make: bool) -> VaultKeys:
    """Step 1: with `make`, a new key unless an earlier call left one; then the vault's epoch."""
    for _ in range(_MAX_TRIES):
        row = await vault.storage.vault(vault.raw)
        if row is None:
            raise NotFound("vault")
        keys = await vault.keys(fresh=True)
        if row.epoch > keys.epoch:
            raise VaultLocked
        if make and keys.epoch == row.epoch and len(keys.wrap.by_commitment) == 1:
            keys = await _add_key(vault, keys)
        if keys.epoch == row.epoch:
            return keys
        move = Write(vault_id=vault.raw, epoch=row.epoch, next_epoch=keys.epoch)
        # Refused when another rotation, or a writer that found the new key, was faster.
        with contextlib.suppress(Conflict):
            await vault.storage.commit(move)
            return keys
    raise Conflict("the vault's key is being rotated by too many at once")


async def _add_key(vault: Vault, old: VaultKeys) -> VaultKeys:
    # Refused when another rotation made this version: then help it.
    with contextlib.suppress(Conflict):
        await vault.keyring.add_vault_key(vault.raw)
    keys = await vault.keys(fresh=True)
    if not old.wrap.by_commitment.keys() & keys.wrap.by_commitment.keys():
        # Erased between reading the old key and adding ours, which must not outlive that.
        await vault.keyring.destroy(vault.raw)
        raise VaultErased
    return keys


class _Resealing:
    """Steps 2 to 4 under one version of the vault's key."""

    def __init__(
        self, vault: Vault, keys: VaultKeys, report: RotationReport, progress: Progress | None
    ) -> None:
        self._vault = vault
        self._storage = vault.storage
        self._keyring = vault.keyring
        self._keys = keys
        self._newest = keys.wrap.current.commitment
        self._progress = progress
        self._sessions = report.sessions
        self._records = report.records
        self._destroyed = list(report.destroyed)

    async def run(self) -> RotationReport:
        done, waiting = 0, await self._old_sessions()
        while waiting:
            for number, session_id in enumerate(waiting):
                await self._rotate_session(session_id)
                done += 1
                self._tell(done, done + len(waiting) - number)
            waiting = await self._old_sessions()
        await self._reseal_records()
        await self._destroy_vault_keys()
        self._tell(done + 1, done + 1)
        return self._report()

    def _report(self) -> RotationReport:
        return RotationReport(
            epoch=self._keys.epoch,
            sessions=self._sessions,
            records=self._records,
            destroyed=tuple(self._destroyed),
        )

    def _tell(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(done, total)

    async def _wrapped(self, session_id: bytes | None = None) -> list[WrappedKey]:
        """Wrapped keys of one session or of all, none of them from a later rotation.

        Keys first, then the epoch: a key is wrapped only by what was durable before it.
        """
        wrapped = await self._keyring.storage.keys(self._vault.raw, session_id)
        await self._check_newest()
        return [key for key in wrapped if key.session_id != NO_SCOPE]

    async def _check_newest(self) -> None:
        stored = await self._keyring.storage.keys(self._vault.raw, NO_SCOPE)
        if not stored:
            raise VaultErased
        if stored[-1].version != self._keys.epoch:
            raise _Superseded(self._report())

    # 2: sessions

    async def _old_sessions(self) -> list[bytes]:
        """Sessions with a key that the newest vault key does not wrap."""
        wrapped = await self._wrapped()
        return sorted({key.session_id for key in wrapped if key.wrapped_by != self._newest})

    async def _rotate_session(self, session_id: bytes) -> None:
        for _ in range(_MAX_TRIES):
            wrapped = await self._wrapped(session_id)
            if not wrapped:
                return  # Erased.
            with contextlib.suppress(Conflict, VaultErased):
                if await self._move_session(session_id, wrapped):
                    await self._destroy_old(session_id, wrapped)
                    return
        raise Conflict("the session is being written by too many at once")

    async def _move_session(self, session_id: bytes, wrapped: list[WrappedKey]) -> bool:
        """Seal a session anew; False when it changed meanwhile and must be looked at again."""
        vault = self._vault
        if await read_head(vault, session_id) is None:
            # Erased, or never begun: a creator that wrapped its key under an older vault key is
            # refused, because the epoch has moved.
            return True
        session = await vault.session_keys(session_id, fresh=True)
        new = await self._new_key(session_id, session, wrapped)
        if new is None:
            return False
        work = SessionResealing(vault, session_id, session, new, epoch=self._keys.epoch)
        try:
            self._sessions += await work.run()
        finally:
            self._records += work.records
        return True

    async def _new_key(
        self, session_id: bytes, session: KeySet, wrapped: list[WrappedKey]
    ) -> SealKey | None:
        """The newest key that the newest vault key wraps; made when there is none.

        None when the session's keys changed meanwhile: look again.

        Raises:
            Conflict: another rotation made this version.
        """
        ours = [key for key in wrapped if key.wrapped_by == self._newest]
        if ours:
            return session.by_commitment.get(ours[-1].commitment)
        version = wrapped[-1].version + 1
        made = await self._keyring.create_session_key(
            self._vault.raw, session_id, version=version, under=self._keys
        )
        # An erasure destroys all keys of a session there are. Had it come just before, ours would
        # be a way around it; had it come just after, ours is destroyed and what we seal is lost.
        stored = await self._keyring.storage.keys(self._vault.raw, session_id)
        if not {key.version for key in stored} & {key.version for key in wrapped}:
            await self._keyring.destroy(self._vault.raw, session_id=session_id, version=version)
            return None
        return made.current

    async def _destroy_old(self, session_id: bytes, wrapped: list[WrappedKey]) -> None:
        """Destroy the session's keys that an older vault key wraps."""
        for key in wrapped:
            if key.wrapped_by != self._newest:
                await self._keyring.destroy(
                    self._vault.raw, session_id=session_id, version=key.version
                )
                self._destroyed.append(_fingerprint(key))

    # 3: the vault's own records

    async def _reseal_records(self) -> None:
        """Walk the vault's records by revision; what is sealed anew comes again at the end."""
        after = 0
        while True:
            ask = ChangesQuery(
                vault_id=self._vault.raw, after=after, kinds=_OF_VAULT, limit=_PAGE_ROWS
            )
            rows = await self._storage.changes(ask)
            if not rows:
                return
            try:
                await self._reseal_page([row for row in rows if row.scope == NO_SCOPE])
            except Conflict:
                await self._check_newest()
                continue  # One of them changed meanwhile: read the page again.
            after = rows[-1].rev

    async def _reseal_page(self, rows: list[SealedRow]) -> None:
        keys = self._keys.records
        for batch in _batches([row for row in rows if not is_sealed_under(row, keys.current)]):
            put = tuple(self._resealed(row) for row in batch)
            await self._vault.commit(put=put, epoch=self._keys.epoch)
            self._records += len(put)

    def _resealed(self, row: SealedRow) -> SealedRow:
        keys = self._keys.records
        place = self._vault.place(row.kind)
        return reseal(row, place, keys.by_commitment, keys.current, version=row.version + 1)

    # 4: the end

    async def _destroy_vault_keys(self) -> None:
        """Destroy the vault's older keys, and enter the rotation in the audit chain."""
        stored = await self._keyring.storage.keys(self._vault.raw, NO_SCOPE)
        old = [key for key in stored if key.version < self._keys.epoch]
        if not old:
            return
        body = {"action": "keys.rotate_vault", "vault": self._vault.id, "epoch": self._keys.epoch}
        await self._keyring.record_audit(body)
        for key in old:
            await self._keyring.destroy(self._vault.raw, version=key.version)
            self._destroyed.append(_fingerprint(key))


def _fingerprint(key: WrappedKey) -> str:
    return key.commitment[:8].hex()


def _batches(rows: list[SealedRow]) -> list[list[SealedRow]]:
    """Parts of at most `_PAGE_BYTES` sealed bytes, each of one row at least."""
    batches: list[list[SealedRow]] = []
    room = 0
    for row in rows:
        if not batches or room < len(row.sealed):
            batches.append([])
            room = _PAGE_BYTES
        batches[-1].append(row)
        room -= len(row.sealed)
    return batches
