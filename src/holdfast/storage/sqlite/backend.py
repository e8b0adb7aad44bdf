"""`Storage` on SQLite: one writer that commits in groups, a few readers beside it."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from typing import Self

import apsw

from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadsQuery,
    Link,
    LinksQuery,
    RowSpan,
    SealedRow,
    SessionHead,
    VaultRow,
    VaultStats,
    Write,
    WriterPresence,
    Written,
)
from holdfast.storage.sqlite import reading
from holdfast.storage.sqlite.apply import apply_write_txn, erase_vault_txn
from holdfast.storage.sqlite.backup import backup_file
from holdfast.storage.sqlite.connection import (
    OpenFile,
    check_library,
    open_connection,
    prepare_file,
)
from holdfast.storage.sqlite.migrate import DATA_SCHEMA, bring_up_to_date
from holdfast.storage.sqlite.presence import Presence
from holdfast.storage.sqlite.readers import ReaderPool
from holdfast.storage.sqlite.writer import GroupWriter, truncate_wal

__all__ = ["SqliteStorage"]

_READER_THREADS = 2


class SqliteStorage:
    """One database file. Safe to use from several threads, event loops and processes.

    Cancelling a call never calls a write back: once taken in, it is done, and the caller who
    wants to know reads. Close it; a storage that is only dropped warns.
    """

    def __init__(self, file: OpenFile, connection: apsw.Connection) -> None:
        """Take over an open, migrated connection; use `open`."""
        self._file = file
        self._presence = Presence(file.path)
        # From the start, not from the first open turn: whoever restores or migrates must see it.
        self._presence.announce()
        name = f"holdfast-{file.path.name}"
        self._writer = GroupWriter(connection, name=f"{name}-writer")
        self._readers = ReaderPool(file, threads=_READER_THREADS, name=f"{name}-reader")
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        page_key: bytes | None,
        busy_timeout_s: float = 5.0,
        migrate: bool = True,
        vfs: str | None = None,
    ) -> Self:
        """Open or make a database file, its folder included. Blocks: not for an event loop.

        Args:
            path: the file; -wal, -shm and -writers/ stand beside it while it is in use.
            page_key: 32 bytes that encrypt every page, or None for a file that is not encrypted.
            busy_timeout_s: how long a write waits for another process's.
            migrate: whether an older schema is brought up to date (after a copy) or refused.
            vfs: the SQLite VFS to go through; None is the system's.

        Raises:
            RootKeyWrong: the page key does not open page 1.
            StorageCorrupt: an unencrypted file is damaged.
            SchemaTooNew: the file was written by a newer release.
            StorageReadOnly: it cannot be written.
            UnsafeSqlite: the SQLite at hand can lose data.
        """
        check_library()
        file = OpenFile(path=Path(path), page_key=page_key, busy_timeout_s=busy_timeout_s, vfs=vfs)
        prepare_file(file.path)
        connection = open_connection(file)
        try:
            bring_up_to_date(connection, file, DATA_SCHEMA, migrate=migrate)
            return cls(file, connection)
        except BaseException:
            connection.close()
            raise

    async def commit(self, write: Write) -> Written:
        return await self._writer.write(apply_write_txn, write)

    async def vault(self, vault_id: bytes) -> VaultRow | None:
        return await self._readers.read(reading.read_vault, vault_id)

    async def vault_of(self, owner_tag: bytes) -> VaultRow | None:
        return await self._readers.read(reading.read_vault_of, owner_tag)

    async def vaults(self, *, after: bytes = b"", limit: int = 1000) -> list[VaultRow]:
        return await self._readers.read(reading.read_vaults, (after, limit))

    async def rows(self, span: RowSpan) -> list[SealedRow]:
        return await self._readers.read(reading.read_rows, span)

    async def rows_by_id(self, ask: ByIds) -> list[SealedRow]:
        return await self._readers.read(reading.read_by_ids, ask)

    async def changes(self, ask: ChangesQuery) -> list[SealedRow]:
        return await self._readers.read(reading.read_changes, ask)

    async def heads(self, ask: HeadsQuery) -> list[SessionHead]:
        return await self._readers.read(reading.read_heads, ask)

    async def links(self, ask: LinksQuery) -> list[Link]:
        return await self._readers.read(reading.read_links, ask)

    async def once(self, vault_id: bytes, tag: bytes) -> bytes | None:
        return await self._readers.read(reading.read_once, (vault_id, tag))

    async def stats(self, vault_id: bytes) -> VaultStats:
        return await self._readers.read(reading.read_stats, vault_id)

    async def erase_vault(self, vault_id: bytes) -> int:
        """Remove everything of a vault in one transaction, then empty the WAL.

        Raises:
            StorageBusy: the rows are gone, but a reader kept their old pages in the WAL; call
                again.
        """
        removed = await self._writer.write(erase_vault_txn, vault_id)
        await self.scrub()
        return removed

    async def scrub(self) -> None:
        """Empty the WAL, which holds old pages; in the database they were overwritten.

        Raises:
            StorageBusy: a reader was in the way for the whole busy timeout.
        """
        await self._writer.alone(truncate_wal, None)

    async def writers(self) -> WriterPresence:
        return await self._readers.read(_look_around, self._presence)

    async def backup(self, target: Path) -> None:
        """Copy the database to `target`, under the same page key, while writes go on.

        Raises:
            Conflict: `target` exists.
        """
        await asyncio.to_thread(backup_file, self._file, target)

    async def close(self) -> None:
        self._closed = True
        await self._readers.close()
        await self._writer.close()
        self._presence.close()

    def __del__(self) -> None:
        if getattr(self, "_closed", True):
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        self._readers.stop()
        self._writer.stop()
        self._presence.close()


def _look_around(connection: apsw.Connection, presence: Presence) -> WriterPresence:
    mine = presence.announce()
    opened = reading.read_open_owners(connection)
    departed = presence.departed(owner for owner, _ in opened)
    presence.sweep()
    abandoned = sorted({vault_id for owner, vault_id in opened if owner in departed})
    return WriterPresence(mine=mine, departed=departed, abandoned=tuple(abandoned))
