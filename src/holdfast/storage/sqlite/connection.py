"""Opens a connection the one way that keeps our promises, or refuses."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import apsw
from msgspec import Struct

from holdfast.errors import (
    RootKeyWrong,
    StorageCorrupt,
    StorageReadOnly,
    UnsafeSqlite,
)
from holdfast.storage.sqlite.failures import translated_errors

__all__ = ["OpenFile", "check_library", "open_connection", "prepare_file", "tighten"]

_OLDEST_SAFE = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can corrupt a WAL database under concurrent checkpoints."""

_PRAGMAS: tuple[tuple[str, str], ...] = (
    ("synchronous", "FULL"),  # an acknowledged write survives a power cut
    ("secure_delete", "ON"),  # what is deleted is overwritten
    ("foreign_keys", "ON"),
    ("temp_store", "MEMORY"),  # nothing of a query spills to a file
    ("trusted_schema", "OFF"),
    ("cell_size_check", "ON"),
)
_WRITER_CACHE_KIB = 65_536
_READER_CACHE_KIB = 16_384


class OpenFile(Struct, frozen=True, kw_only=True):
    """How a database file is opened; every connection to it is opened alike."""

    path: Path
    page_key: bytes | None
    """32 bytes: pages are encrypted with AEGIS-256. None: the file is not encrypted."""
    busy_timeout_s: float
    vfs: str | None = None
    """A SQLite VFS by name; None is the system's. Tests cut the power through it."""

    def __repr__(self) -> str:
        """Without the page key."""
        return f"OpenFile(path={str(self.path)!r}, encrypted={self.page_key is not None})"


def check_library() -> None:
    """Refuse a SQLite that can lose data, or that would ignore the page key without a word.

    Raises:
        UnsafeSqlite: the library is too old, or not the build with page encryption.
    """
    version = apsw.sqlite_lib_version()
    number = tuple(int(part) for part in version.split("."))
    if number < _OLDEST_SAFE or not hasattr(apsw, "mc_version"):
        raise UnsafeSqlite(version)


def prepare_file(path: Path) -> None:
    """Make the file and its folder, for their owner alone; an existing folder stays as it is.

    SQLite gives -wal and -shm the mode of the database file.

    Raises:
        StorageReadOnly: it cannot be made, or not be made private.
    """
    try:
        _make_folder(path.parent)
        if path.is_dir():
            raise StorageReadOnly(str(path))
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        tighten(path)
    except OSError as exc:
        raise StorageReadOnly(str(path)) from exc


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):  # mkdir(parents=True) would give them the usual rights
        one.mkdir(mode=0o700, exist_ok=True)


def tighten(path: Path) -> None:
    """Take every right on a file from all but its owner."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        path.chmod(mode & 0o700)


def open_connection(file: OpenFile, *, reader: bool = False) -> apsw.Connection:
    """Open a connection in WAL mode, synchronous=FULL, with every safety switched on.

    Raises:
        RootKeyWrong: page 1 does not open under this page key, or needs one.
        StorageCorrupt: page 1 of an unencrypted file is no database.
        StorageReadOnly: the file or its folder cannot be written.
    """
    with translated_errors():
        connection = apsw.Connection(str(file.path), vfs=file.vfs)
    try:
        with translated_errors():
            _unlock(connection, file)
            _set_up(connection, file, reader=reader)
        if connection.readonly("main"):
            raise StorageReadOnly(str(file.path))
    except BaseException:
        connection.close()
        raise
    return connection


def _unlock(connection: apsw.Connection, file: OpenFile) -> None:
    """Give the page key, and read page 1 to see whether it fits."""
    connection.set_busy_timeout(int(file.busy_timeout_s * 1000))
    if file.page_key is not None:
        if len(file.page_key) != 32:
            raise RootKeyWrong("a page key has 32 bytes")
        connection.pragma("cipher", "aegis")
        # "raw:" skips the library's own key derivation: 20 ms a connection, and the key is
        # random already.
        connection.pragma("key", "raw:" + file.page_key.hex())
    try:
        connection.pragma("schema_version")
    except apsw.NotADBError as exc:
        encrypted = file.page_key is not None or not _is_plain(file.path)
        raise (RootKeyWrong() if encrypted else StorageCorrupt()) from exc


def _is_plain(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def _set_up(connection: apsw.Connection, file: OpenFile, *, reader: bool) -> None:
    if not reader:
        _use_wal(connection, file.busy_timeout_s)
    for name, value in _PRAGMAS:
        connection.pragma(name, value)
    connection.pragma("cache_size", -(_READER_CACHE_KIB if reader else _WRITER_CACHE_KIB))
    # The writer checkpoints between groups, so that nobody's commit pays for it.
    connection.wal_autocheckpoint(0)
    if reader:
        connection.pragma("query_only", "ON")


def _use_wal(connection: apsw.Connection, patience_s: float) -> None:
    """Switch to WAL. Two processes that make a file at once collide without the busy handler."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return
