"""For tests of code that uses Holdfast, and for backends of your own.

The in-memory backends keep all promises but durability. The contracts are classes of tests for
pytest with pytest-asyncio in auto mode; a backend is done when they pass:

    class TestMine(StorageContract):
        @pytest.fixture
        async def storage(self):
            storage = ...
            yield storage
            await storage.close()
"""

from __future__ import annotations

from holdfast.storage.memory import MemoryKeyStorage, MemoryStorage
from holdfast.testing.key_contract import KeyStorageContract
from holdfast.testing.rows import (
    exchange_write,
    head_move,
    memory_row,
    message_row,
    new_id,
    new_vault,
    sealed_row,
    session_head,
    start_write,
    turn_row,
    vault_row,
    vault_write,
    wrapped_key,
)
from holdfast.testing.storage_contract import StorageContract

__all__ = [
    "KeyStorageContract",
    "MemoryKeyStorage",
    "MemoryStorage",
    "StorageContract",
    "exchange_write",
    "head_move",
    "memory_row",
    "message_row",
    "new_id",
    "new_vault",
    "sealed_row",
    "session_head",
    "start_write",
    "turn_row",
    "vault_row",
    "vault_write",
    "wrapped_key",
]
