"""A disk that is full or fails: a typed error, nothing half-written, and service again after."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crash.storage.checks import assert_whole
from crash.storage.small_disk import small_disk
from holdfast.errors import StorageFailed, StorageFull
from holdfast.storage.protocol import Kind, RowSpan, Write
from holdfast.storage.sqlite import SqliteStorage
from holdfast.testing import exchange_write, memory_row, new_vault, start_write


async def _fill(storage: SqliteStorage, vault_id: bytes) -> tuple[set[bytes], int]:
    """Write until the disk is full; the ids that were acknowledged, and how many were refused."""
    acknowledged: set[bytes] = set()
    refused = 0

    async def put(size: int) -> None:
        nonlocal refused
        row = memory_row(sealed=bytes(size))
        try:
            await storage.commit(Write(vault_id=vault_id, put=(row,)))
        except StorageFull:
            refused += 1
        else:
            acknowledged.add(row.id)

    while refused < 50:
        await asyncio.gather(*(put(size) for size in (100, 3000, 20_000, 100)))
    return acknowledged, refused


@pytest.mark.parametrize("kilobytes", [200, 333, 600])
async def test_promise_01_heard_first_a_full_disk_acknowledges_nothing_it_did_not_keep(
    tmp_path: Path, kilobytes: int
) -> None:
    """StorageFull; exactly the acknowledged rows; service again when space comes back."""
    path = tmp_path / "data.db"
    with small_disk(kilobytes * 1000) as disk:
        storage = SqliteStorage.open(path, page_key=None, vfs=disk.name)
        vault_id = await new_vault(storage)
        acknowledged, _ = await _fill(storage, vault_id)

        span = RowSpan(vault_id=vault_id, kind=Kind.MEMORY, limit=100_000)
        assert {row.id for row in await storage.rows(span)} == acknowledged
        disk.capacity *= 10
        more = memory_row()
        await storage.commit(Write(vault_id=vault_id, put=(more,)))
        await storage.close()

    assert assert_whole(path, None) == acknowledged | {more.id}


async def test_an_exchange_on_a_full_disk_is_whole_or_absent(tmp_path: Path) -> None:
    """A turn of which only the question would fit is not there at all."""
    path = tmp_path / "data.db"
    with small_disk(150_000) as disk:
        storage = SqliteStorage.open(path, page_key=None, vfs=disk.name)
        vault_id = await new_vault(storage)
        start = start_write(vault_id)
        await storage.commit(start)
        await _fill(storage, vault_id)
        assert start.head is not None
        with pytest.raises(StorageFull):
            await storage.commit(exchange_write(vault_id, start.head.head, sealed=bytes(100_000)))
        await storage.close()

    assert_whole(path, None)


async def test_a_failed_fsync_stops_every_acknowledgement(tmp_path: Path) -> None:
    """After it nothing is acknowledged, even when the disk seems well again; reading goes on."""
    with small_disk(10_000_000) as disk:
        storage = SqliteStorage.open(tmp_path / "data.db", page_key=None, vfs=disk.name)
        vault_id = await new_vault(storage)
        disk.failing_sync = True
        with pytest.raises(StorageFailed):
            await storage.commit(Write(vault_id=vault_id, put=(memory_row(),)))
        disk.failing_sync = False

        with pytest.raises(StorageFailed):
            await storage.commit(Write(vault_id=vault_id, put=(memory_row(),)))
        vault = await storage.vault(vault_id)
        await storage.close()

    assert vault is not None
    assert vault.rev == 1
