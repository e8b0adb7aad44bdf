"""Sealed rows and wrapped keys, behind a narrow protocol; a backend is chosen by a URL.

    sqlite:///data/holdfast.db      a file, relative to the working directory
    sqlite:////var/lib/holdfast.db  a file, absolute
    memory:                         nothing is kept; every opening is a new, empty storage

Keys are opened first, for the page key of the data comes from them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.storage.protocol import KeyStorage, Storage

__all__ = ["BACKENDS", "Backend", "StorageUrl", "keys_path_of", "open_keys", "open_storage"]


class StorageUrl(Struct, frozen=True, kw_only=True):
    """Where a storage is, and how to open it. A backend takes of it what concerns it."""

    url: str
    keys_path: Path | None = None
    """The key file, where keys have one; None: `<stem>.keys.db` beside the database."""
    page_key: bytes | None = None
    """32 bytes that encrypt the whole data file; None: only the sealed records are encrypted."""
    busy_timeout_s: float = 5.0
    """How long a write waits for another process's."""
    migrate: bool = True
    """Whether an older schema is brought up to date, after a copy, or refused."""

    @property
    def file(self) -> Path | None:
        """The file that the URL names, None for a storage without one."""
        return self.path if ":///" in self.url else None

    def __repr__(self) -> str:
        """Without the URL, which can hold a password, and the page key."""
        return f"StorageUrl(scheme={self.url.partition(':')[0]!r})"

    @property
    def path(self) -> Path:
        """The file that a sqlite URL names.

        Raises:
            BadInput: it names none.
        """
        _, _, rest = self.url.partition(":")
        if not rest.startswith("///") or rest == "///":
            raise BadInput("storage url", "a file is written as sqlite:///path")
        return Path(unquote(rest[3:]))


class Backend(Struct, frozen=True, kw_only=True):
    """One way to keep things."""

    keys: Callable[[StorageUrl], Awaitable[KeyStorage]]
    data: Callable[[StorageUrl], Awaitable[Storage]]


def keys_path_of(database: Path) -> Path:
    """Where the keys of a database file are, when nothing else is said."""
    return database.with_name(database.stem + ".keys.db")


async def _sqlite_keys(where: StorageUrl) -> KeyStorage:
    from holdfast.storage.sqlite import SqliteKeyStorage

    def opened() -> KeyStorage:
        path = where.keys_path or keys_path_of(where.path)
        return SqliteKeyStorage.open(
            path, busy_timeout_s=where.busy_timeout_s, migrate=where.migrate
        )

    return await asyncio.to_thread(opened)


async def _sqlite_data(where: StorageUrl) -> Storage:
    from holdfast.storage.sqlite import SqliteStorage

    def opened() -> Storage:
        return SqliteStorage.open(
            where.path,
            page_key=where.page_key,
            busy_timeout_s=where.busy_timeout_s,
            migrate=where.migrate,
        )

    return await asyncio.to_thread(opened)


async def _memory_keys(_where: StorageUrl) -> KeyStorage:
    from holdfast.storage.memory import MemoryKeyStorage

    return MemoryKeyStorage()


async def _memory_data(_where: StorageUrl) -> Storage:
    from holdfast.storage.memory import MemoryStorage

    return MemoryStorage()


BACKENDS: Final[dict[str, Backend]] = {
    "memory": Backend(keys=_memory_keys, data=_memory_data),
    "sqlite": Backend(keys=_sqlite_keys, data=_sqlite_data),
}
"""By URL scheme. Each imports its driver when it is first asked."""


async def open_keys(where: StorageUrl) -> KeyStorage:
    """Open, or make, the key storage that a URL names; the caller closes it.

    Raises:
        BadInput: no backend has this scheme, or the URL names no file.
        StorageFailed: or one of its kinds.
    """
    return await _backend(where.url).keys(where)


async def open_storage(where: StorageUrl) -> Storage:
    """Open, or make, the storage that a URL names; the caller closes it.

    Raises:
        BadInput: no backend has this scheme, or the URL names no file.
        RootKeyWrong: the page key does not open the file.
        StorageFailed: or one of its kinds.
    """
    return await _backend(where.url).data(where)


def _backend(url: str) -> Backend:
    scheme, colon, _ = url.partition(":")
    if not colon or scheme not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise BadInput("storage url", f"it must begin with one of: {known}")
    return BACKENDS[scheme]
