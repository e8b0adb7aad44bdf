"""What is on the disk: nothing that was erased, a backup that is whole, two processes at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.errors import Conflict, RootKeyWrong
from holdfast.storage.protocol import (
    NO_SCOPE,
    ChangesQuery,
    HeadsQuery,
    KeyWrite,
    Kind,
    RowKey,
    RowSpan,
    SessionHead,
    State,
    Storage,
    Write,
)
from holdfast.storage.sqlite import SqliteKeyStorage, SqliteStorage
from holdfast.testing import (
    exchange_write,
    memory_row,
    message_row,
    new_id,
    new_vault,
    start_write,
    wrapped_key,
)

_PAGE_KEY = bytes(range(32))


def _canary(number: int, size: int) -> bytes:
    """Bytes that no other row has, all over a row of the given size."""
    return (b"canary-%08d-" % number * (size // 16 + 1))[:size]


def _hits(folder: Path) -> dict[str, int]:
    return {
        path.name: count
        for path in folder.iterdir()
        if path.is_file() and (count := path.read_bytes().count(b"canary-"))
    }


async def _fill(storage: Storage, *, rows: int) -> tuple[bytes, list[bytes]]:
    """A vault whose sessions hold canaries of many sizes, put in a mixed order, some replaced."""
    vault_id = await new_vault(storage)
    sessions = [new_id() for _ in range(5)]
    for number in range(rows):
        size = (20, 300, 700, 1100, 5000)[number % 5]
        scope = sessions[number * 7 % 5]
        row = message_row(scope, number, sealed=_canary(number, size))
        own = memory_row(sealed=_canary(number, size // 2 + 16))
        await storage.commit(Write(vault_id=vault_id, put=(row, own)))
        if number % 3 == 0:
            newer = replace(own, version=1, sealed=_canary(number, size))
            await storage.commit(Write(vault_id=vault_id, put=(newer,)))
    return vault_id, sessions


async def test_promise_11_gone_no_byte_of_an_erased_vault_is_left(tmp_path: Path) -> None:
    """Not in the database, not in -wal, not in -shm: without page encryption, before any close."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=None)
    vault_id, _ = await _fill(storage, rows=400)
    other, _ = await _fill(storage, rows=3)
    await storage.erase_vault(other)
    assert _hits(tmp_path)

    await storage.erase_vault(vault_id)
    left = _hits(tmp_path)
    await storage.close()

    assert left == {}
    assert _hits(tmp_path) == {}


async def test_promise_11_gone_no_byte_of_erased_rows_is_left_after_a_scrub(
    tmp_path: Path,
) -> None:
    """Erased sessions, removed rows, and what forgetting and deleting replaced."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=None)
    vault_id, sessions = await _fill(storage, rows=400)
    memories = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.MEMORY, limit=1000))
    thirds = [memories[at::3] for at in range(3)]

    await storage.commit(Write(vault_id=vault_id, erase_sessions=tuple(sessions)))
    await storage.commit(
        Write(vault_id=vault_id, remove=tuple(RowKey(id=row.id) for row in thirds[0]))
    )
    gone = [replace(row, version=9, state=State.GONE) for row in thirds[1]]
    forgotten = [
        replace(row, version=9, state=State.FORGOTTEN, sealed=b"proof") for row in thirds[2]
    ]
    await storage.commit(Write(vault_id=vault_id, put=(*gone, *forgotten)))
    await storage.scrub()
    left = _hits(tmp_path)
    await storage.close()

    assert left == {}


async def test_rows_beside_the_erased_ones_stay(tmp_path: Path) -> None:
    """Erasing among others in the same pages harms nobody, and nothing of the erased is left."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=None)
    vault_id = await new_vault(storage)
    scope = new_id()
    rows = [message_row(scope, at, sealed=b"kept" * 50) for at in range(300)]
    doomed = [memory_row(sealed=_canary(at, 30 + at)) for at in range(300)]
    for kept, canary in zip(rows, doomed, strict=True):
        await storage.commit(Write(vault_id=vault_id, put=(canary, kept)))

    for at in range(300):
        key = RowKey(id=doomed[at * 7 % 300].id)
        await storage.commit(Write(vault_id=vault_id, remove=(key,)))
    await storage.scrub()
    found = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.MESSAGE))
    left = _hits(tmp_path)
    await storage.close()

    assert [row.id for row in found] == [row.id for row in rows]
    assert left == {}


async def test_promise_11_gone_no_byte_of_a_destroyed_key_is_left(tmp_path: Path) -> None:
    """The key file and its WAL are free of it when the destruction is acknowledged."""
    keys = SqliteKeyStorage.open(tmp_path / "keys.db")
    vault_id = new_id()
    every = [
        wrapped_key(vault_id, session_id=new_id(), wrapped=_canary(at, 60)) for at in range(200)
    ]
    for key in every:
        await keys.commit(KeyWrite(put=(key,)))
    assert _hits(tmp_path)

    for key in every[:150]:
        await keys.commit(KeyWrite(destroy=((vault_id, key.session_id, None),)))
    half = _hits(tmp_path)
    await keys.commit(KeyWrite(destroy=((vault_id, NO_SCOPE, None),)))
    left = _hits(tmp_path)
    await keys.close()

    assert sum(half.values()) == sum(_canary(at, 60).count(b"canary-") for at in range(150, 200))
    assert left == {}


async def test_a_backup_is_whole_while_writes_go_on(tmp_path: Path) -> None:
    """One instant of the database, under the same page key, readable by its owner only."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=_PAGE_KEY)
    vault_id = await new_vault(storage)
    stop = asyncio.Event()

    async def talk() -> None:
        start = start_write(vault_id)
        await storage.commit(start)
        assert start.head is not None
        head = start.head.head
        while not stop.is_set():
            write = exchange_write(vault_id, head)
            await storage.commit(write)
            assert write.head is not None
            head = write.head.head

    talks = [asyncio.ensure_future(talk()) for _ in range(4)]
    for number in range(3):
        before = await storage.vault(vault_id)
        await storage.backup(tmp_path / f"backup-{number}.db")
        after = await storage.vault(vault_id)
        assert before is not None
        assert after is not None
        copy = SqliteStorage.open(tmp_path / f"backup-{number}.db", page_key=_PAGE_KEY)
        vault = await copy.vault(vault_id)
        changes = await copy.changes(ChangesQuery(vault_id=vault_id, after=0, limit=10**6))
        heads = await copy.heads(HeadsQuery(vault_id=vault_id))
        await copy.close()
        assert vault is not None
        assert before.rev <= vault.rev <= after.rev
        assert max((row.rev for row in changes), default=1) == vault.rev
        said = sum(row.kind is Kind.MESSAGE for row in changes)
        assert said == sum(head.next_seq for head in heads)
    stop.set()
    await asyncio.gather(*talks)
    await storage.close()

    assert (tmp_path / "backup-0.db").stat().st_mode & 0o777 == 0o600
    assert not [path for path in tmp_path.iterdir() if ".partial" in path.name]
    with pytest.raises(RootKeyWrong):
        SqliteStorage.open(tmp_path / "backup-0.db", page_key=bytes(32))


async def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    """Conflict when the target exists, and the target stays as it was."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=None)
    keys = SqliteKeyStorage.open(tmp_path / "keys.db")
    target = tmp_path / "backup.db"
    target.write_bytes(b"precious")

    for source in (storage, keys):
        with pytest.raises(Conflict):
            await source.backup(target)

    await storage.close()
    await keys.close()
    assert target.read_bytes() == b"precious"


async def test_a_key_backup_has_the_keys(tmp_path: Path) -> None:
    """The key file is backed up apart from the data."""
    keys = SqliteKeyStorage.open(tmp_path / "keys.db")
    key = wrapped_key()
    await keys.commit(KeyWrite(put=(key,)))
    await keys.backup(tmp_path / "backup.db")
    await keys.close()

    copy = SqliteKeyStorage.open(tmp_path / "backup.db")
    found = await copy.keys(key.vault_id)
    await copy.close()

    assert found == [key]


_OTHER = """
import asyncio, sys
from holdfast.errors import SequenceConflict
from holdfast.storage.protocol import HeadsQuery
from holdfast.storage.sqlite import SqliteStorage
from holdfast.testing import exchange_write

async def main():
    storage = SqliteStorage.open(sys.argv[1], page_key=bytes(range(32)))
    vault_id, left = bytes.fromhex(sys.argv[2]), int(sys.argv[3])
    while left:
        (head,) = await storage.heads(HeadsQuery(vault_id=vault_id))
        try:
            await storage.commit(exchange_write(vault_id, head))
        except SequenceConflict:
            continue
        left -= 1
    await storage.close()

asyncio.run(main())
"""


async def test_promise_09_found_two_processes_see_each_others_writes(tmp_path: Path) -> None:
    """Both append to one session: no gap, no repeat, nothing cached that the other changed."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    vault_id = await new_vault(storage)
    await storage.commit(start_write(vault_id))
    command = [sys.executable, "-c", _OTHER, str(path), vault_id.hex(), "40"]
    seen: list[int] = []

    with subprocess.Popen(command) as other:
        while other.poll() is None or len(seen) < 40:
            head = await _say(storage, vault_id)
            seen.append(head.next_seq)
        assert other.returncode == 0
    said = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, limit=10**6))
    await storage.close()

    assert [row.ord for row in said] == list(range(2 * (len(seen) + 40)))
    assert seen == sorted(set(seen))


async def _say(storage: Storage, vault_id: bytes) -> SessionHead:
    while True:
        (head,) = await storage.heads(HeadsQuery(vault_id=vault_id))
        try:
            await storage.commit(exchange_write(vault_id, head))
        except Conflict:
            continue
        return head


async def test_two_storages_in_one_process_are_two_writers(tmp_path: Path) -> None:
    """Neither takes the other for dead, and closing one lets go of its number alone."""
    path = tmp_path / "data.db"
    first = SqliteStorage.open(path, page_key=None)
    second = SqliteStorage.open(path, page_key=None)
    numbers = [(await one.writers()).mine for one in (first, second)]
    vault_id = await new_vault(first)
    rows = [
        replace(memory_row(), kind=Kind.TURN, state=State.OPEN, owner=number) for number in numbers
    ]
    await first.commit(Write(vault_id=vault_id, put=tuple(rows)))

    both = [(await one.writers()).departed for one in (first, second)]
    await first.close()
    after = await second.writers()
    await second.close()

    assert both == [(), ()]
    assert after.departed == (numbers[0],)
    assert after.mine == numbers[1]
    assert not (tmp_path / "data.db-writers").exists()


async def test_locks_of_the_dead_are_swept_away(tmp_path: Path) -> None:
    """A lock file that nobody holds is removed, and its number is departed all the same."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=None)
    mine = (await storage.writers()).mine
    stale = tmp_path / "data.db-writers" / "12345"
    stale.touch()
    vault_id = await new_vault(storage)
    row = replace(memory_row(), kind=Kind.TURN, state=State.OPEN, owner=12345)
    await storage.commit(Write(vault_id=vault_id, put=(row,)))

    found = [await storage.writers() for _ in range(2)]
    names = [path.name for path in (tmp_path / "data.db-writers").iterdir()]
    await storage.close()

    assert [one.departed for one in found] == [(12345,), (12345,)]
    assert names == [str(mine)]
