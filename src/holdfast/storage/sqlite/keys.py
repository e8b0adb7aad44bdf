"""`KeyStorage` on SQLite: a small file of its own, beside the data and never inside it.

Not page-encrypted: it holds wrapped keys, ids, times and counts, and rotating the root key must
re-wrap all of it in one transaction, which a change of the page key would not allow.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import apsw
from msgspec.structs import astuple

from holdfast.errors import Conflict
from holdfast.storage.protocol import (
    NO_SCOPE,
    Anchor,
    AuditEntry,
    Erasure,
    KeyWrite,
    WrappedKey,
)
from holdfast.storage.sqlite.backup import backup_file
from holdfast.storage.sqlite.connection import (
    OpenFile,
    check_library,
    open_connection,
    prepare_file,
)
from holdfast.storage.sqlite.migrate import KEYS_SCHEMA, bring_up_to_date
from holdfast.storage.sqlite.queries import load_queries
from holdfast.storage.sqlite.readers import ReaderPool
from holdfast.storage.sqlite.rows import Row
from holdfast.storage.sqlite.writer import GroupWriter, Txn, truncate_wal

__all__ = ["SqliteKeyStorage"]

_SQL = load_queries("keys_queries.sql")
_logger = logging.getLogger(__name__)


class SqliteKeyStorage:
    """One key file. Safe to use from several threads, event loops and processes."""

    def __init__(self, file: OpenFile, connection: apsw.Connection) -> None:
        """Take over an open, migrated connection; use `open`."""
        self._file = file
        name = f"holdfast-{file.path.name}"
        self._writer = GroupWriter(connection, name=f"{name}-writer")
        self._readers = ReaderPool(file, threads=1, name=f"{name}-reader")
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        busy_timeout_s: float = 5.0,
        migrate: bool = True,
        vfs: str | None = None,
    ) -> Self:
        """Open or make a key file, its folder included. Blocks: not for an event loop.

        Raises:
            StorageCorrupt: the file is damaged.
            SchemaTooNew: the file was written by a newer release.
            StorageReadOnly: it cannot be written.
            UnsafeSqlite: the SQLite at hand can lose data.
        """
        check_library()
        file = OpenFile(path=Path(path), page_key=None, busy_timeout_s=busy_timeout_s, vfs=vfs)
        prepare_file(file.path)
        connection = open_connection(file)
        try:
            bring_up_to_date(connection, file, KEYS_SCHEMA, migrate=migrate)
        except BaseException:
            connection.close()
            raise
        return cls(file, connection)

    async def commit(self, write: KeyWrite) -> None:
        await self._writer.write(_apply_txn, write)
        if write.destroy:
            # The rows were overwritten where they stood; their copies in the WAL go here.
            await self._writer.alone(_scrub, None)

    async def keys(self, vault_id: bytes, session_id: bytes | None = None) -> list[WrappedKey]:
        if session_id is None:
            return await self._readers.read(_read_keys, ("keys_of_vault", (vault_id,)))
        return await self._readers.read(_read_keys, ("keys_of_session", (vault_id, session_id)))

    async def all_vault_keys(self) -> list[WrappedKey]:
        return await self._readers.read(_read_keys, ("all_vault_keys", ()))

    async def erasures(self) -> list[Erasure]:
        return await self._readers.read(_read_erasures, None)

    async def audit(self, *, after: int = -1) -> list[AuditEntry]:
        return await self._readers.read(_read_audit, after)

    async def anchors(self, vault_id: bytes) -> list[Anchor]:
        return await self._readers.read(_read_anchors, vault_id)

    async def secrets(self) -> dict[str, bytes]:
        return await self._readers.read(_read_secrets, None)

    async def backup(self, target: Path) -> None:
        """Copy the key file to `target` while writes go on.

        Raises:
            Conflict: `target` exists.
        """
        await asyncio.to_thread(backup_file, self._file, target)

    async def close(self) -> None:
        self._closed = True
        await self._readers.close()
        await self._writer.close()

    def __del__(self) -> None:
        if getattr(self, "_closed", True):
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        self._readers.stop()
        self._writer.stop()


def _scrub(connection: apsw.Connection, _ask: None) -> None:
    """Empty the WAL. A reader in the way puts it off: to the next destruction, or the close.

    Not an error, because the write is done: a caller who repeated it would find the audit chain
    grown.
    """
    try:
        truncate_wal(connection, None)
    except apsw.BusyError:
        _logger.warning("destroyed keys wait in the WAL", extra={"action": "keys.scrub_put_off"})


def _apply_txn(txn: Txn, write: KeyWrite) -> None:
    _check_root_txn(txn, write.under_root)
    _continue_audit_txn(txn, write.audit)
    for vault_id, session_id, version in write.destroy:
        if session_id == NO_SCOPE and version is None:
            txn.run(_SQL["destroy_vault_keys"], (vault_id,))
            txn.run(_SQL["remove_vault_anchors"], (vault_id,))
            continue
        txn.run(_SQL["destroy_keys"], (vault_id, session_id, version))
        if version is None:
            txn.run(_SQL["remove_anchor"], (vault_id, session_id))
    for key in write.put:
        _put_key_txn(txn, key)
    for erasure in write.erasures:
        place = (erasure.vault_id, erasure.session_id, erasure.at_ms)
        txn.run(_SQL["put_erasure"], place)
    for vault_id in write.unanchor:
        txn.run(_SQL["remove_vault_anchors"], (vault_id,))
    for anchor in write.anchors:
        txn.run(_SQL["put_anchor"], astuple(anchor))
    for secret in write.secrets:
        txn.run(_SQL["put_secret"], secret)


def _check_root_txn(txn: Txn, under_root: bytes | None) -> None:
    if under_root is None:
        return
    found = txn.run(_SQL["secret"], ("root",)).fetchone()
    if under_root != (b"" if found is None else found[0]):
        raise Conflict("the root key was rotated meanwhile")


def _continue_audit_txn(txn: Txn, entries: tuple[AuditEntry, ...]) -> None:
    if not entries:
        return
    last: list[Row] = txn.run(_SQL["last_audit"]).fetchall()
    for number, entry in enumerate(entries, start=last[0][0] + 1):
        if entry.number != number:
            raise Conflict("the audit chain has grown meanwhile")
    for entry in entries:
        txn.run(_SQL["put_audit"], (entry.number, entry.at_ms, entry.body, entry.digest))


def _put_key_txn(txn: Txn, key: WrappedKey) -> None:
    txn.run(
        _SQL["put_key"],
        (
            key.vault_id,
            key.session_id,
            key.version,
            key.commitment,
            key.wrapped_by,
            key.wrapped,
            key.created_ms,
        ),
    )
    if txn.changes():
        return
    place = (key.vault_id, key.session_id, key.version)
    if _keys_from(txn.run(_SQL["key_at"], place)) != [key]:
        raise Conflict("another key is at this place")


def _keys_from(found: Iterable[Row]) -> list[WrappedKey]:
    return [
        WrappedKey(
            vault_id=vault_id,
            session_id=session_id,
            version=version,
            commitment=commitment,
            wrapped_by=wrapped_by,
            wrapped=wrapped,
            created_ms=created_ms,
        )
        for vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms in found
    ]


def _read_keys(connection: apsw.Connection, ask: tuple[str, Row]) -> list[WrappedKey]:
    name, bindings = ask
    return _keys_from(connection.execute(_SQL[name], bindings))


def _read_erasures(connection: apsw.Connection, _ask: None) -> list[Erasure]:
    found: Iterable[Row] = connection.execute(_SQL["erasures"])
    return [Erasure(vault_id=vault, session_id=session, at_ms=at) for vault, session, at in found]


def _read_audit(connection: apsw.Connection, after: int) -> list[AuditEntry]:
    found: Iterable[Row] = connection.execute(_SQL["audit"], (after,))
    return [
        AuditEntry(number=number, at_ms=at_ms, body=body, digest=digest)
        for number, at_ms, body, digest in found
    ]


def _read_anchors(connection: apsw.Connection, vault_id: bytes) -> list[Anchor]:
    found: Iterable[Row] = connection.execute(_SQL["anchors"], (vault_id,))
    return [
        Anchor(
            vault_id=vault,
            session_id=session,
            next_seq=next_seq,
            chain=chain,
            commitment=commitment,
            at_ms=at_ms,
            digest=digest,
        )
        for vault, session, next_seq, chain, commitment, at_ms, digest in found
    ]


def _read_secrets(connection: apsw.Connection, _ask: None) -> dict[str, bytes]:
    found: Iterable[tuple[str, bytes]] = connection.execute(_SQL["secrets"])
    return dict(found)
