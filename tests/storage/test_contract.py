"""Every backend keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.storage.memory import MemoryKeyStorage, MemoryStorage
from holdfast.storage.protocol import BackupCapable, KeyStorage, Storage
from holdfast.storage.sqlite import SqliteKeyStorage, SqliteStorage
from holdfast.testing import KeyStorageContract, StorageContract

PAGE_KEY = bytes(range(32))


class TestMemoryStorage(StorageContract):
    """The contract on the in-memory backend."""

    @pytest.fixture
    async def storage(self) -> AsyncIterator[Storage]:
        """An empty storage in memory."""
        storage = MemoryStorage()
        yield storage
        await storage.close()


class TestSqliteStorage(StorageContract):
    """The contract on an unencrypted SQLite file."""

    page_key: bytes | None = None

    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[Storage]:
        """An empty database file."""
        storage = SqliteStorage.open(tmp_path / "data.db", page_key=self.page_key)
        yield storage
        await storage.close()

    async def test_it_can_back_itself_up(self, storage: Storage) -> None:
        """The optional protocol is there."""
        assert isinstance(storage, BackupCapable)


class TestEncryptedSqliteStorage(TestSqliteStorage):
    """The contract on an encrypted SQLite file."""

    page_key = PAGE_KEY


class TestMemoryKeyStorage(KeyStorageContract):
    """The contract on the in-memory key storage."""

    @pytest.fixture
    async def keys(self) -> AsyncIterator[KeyStorage]:
        """An empty key storage in memory."""
        keys = MemoryKeyStorage()
        yield keys
        await keys.close()


class TestSqliteKeyStorage(KeyStorageContract):
    """The contract on a key file."""

    @pytest.fixture
    async def keys(self, tmp_path: Path) -> AsyncIterator[KeyStorage]:
        """An empty key file."""
        keys = SqliteKeyStorage.open(tmp_path / "data.keys.db")
        yield keys
        await keys.close()
