"""One writer for many: group commit, and each write's fate its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.errors import Conflict, HoldfastError, NotFound, StorageFailed
from holdfast.storage.protocol import (
    ChangesQuery,
    HeadsQuery,
    Kind,
    Link,
    RowSpan,
    Write,
    Written,
)
from holdfast.storage.sqlite import SqliteStorage, lanes
from holdfast.testing import (
    exchange_write,
    memory_row,
    new_id,
    new_vault,
    start_write,
)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    """An empty database file, encrypted."""
    storage = SqliteStorage.open(tmp_path / "data.db", page_key=bytes(range(32)))
    yield storage
    await storage.close()


def _lonely(vault_id: bytes) -> Write:
    """A write that is refused only after it has put a row."""
    link = Link(kind="source", from_id=new_id(), to_id=new_id())
    return Write(vault_id=vault_id, put=(memory_row(),), links=(link,))


async def _hold_up(storage: SqliteStorage) -> tuple[asyncio.Future[bool], threading.Event]:
    """Keep the writer busy until the event is set; what is written meanwhile queues up."""
    busy, gate = threading.Event(), threading.Event()

    def wait(_connection: object, _ask: None) -> bool:
        busy.set()
        return gate.wait()

    blocked = asyncio.ensure_future(storage._writer.alone(wait, None))
    await asyncio.to_thread(busy.wait)
    return blocked, gate


async def test_each_write_of_a_group_has_a_fate_of_its_own(storage: SqliteStorage) -> None:
    """One that fails half-way takes nobody along; those that succeed are numbered in order."""
    vault_id = await new_vault(storage)
    good = [Write(vault_id=vault_id, put=(memory_row(),)) for _ in range(6)]
    writes = [*good[:2], _lonely(vault_id), *good[2:4], Write(vault_id=new_id()), *good[4:]]

    outcomes = await asyncio.gather(
        *(storage.commit(write) for write in writes), return_exceptions=True
    )

    failed = [type(one) for one in outcomes if isinstance(one, BaseException)]
    assert failed == [Conflict, NotFound]
    revs = [one.rev for one in outcomes if isinstance(one, Written)]
    assert revs == [2, 3, 4, 5, 6, 7]
    rows = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.MEMORY))
    assert {row.id for row in rows} == {write.put[0].id for write in good}


async def test_a_mistake_in_one_write_is_not_everybodys(storage: SqliteStorage) -> None:
    """A value that SQLite cannot bind fails its own write only, at its own await."""
    vault_id = await new_vault(storage)
    wrong = Write(vault_id=vault_id, put=(replace(memory_row(), at_ms=2**70),))
    right = Write(vault_id=vault_id, put=(memory_row(),))

    bad, good = await asyncio.gather(
        storage.commit(wrong), storage.commit(right), return_exceptions=True
    )

    assert isinstance(bad, HoldfastError | OverflowError)
    assert good == Written(rev=2, seals=0)


async def test_writes_that_wait_together_are_committed_together(
    storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What queued while a commit ran shares the next one: one fsync for all of it."""
    vault_id = await new_vault(storage)
    sizes: list[int] = []
    commit = storage._writer._commit
    monkeypatch.setattr(
        storage._writer, "_commit", lambda group: (sizes.append(len(group)), commit(group))
    )
    blocked, gate = await _hold_up(storage)

    waiting = [asyncio.ensure_future(storage.commit(Write(vault_id=vault_id))) for _ in range(64)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(blocked, *waiting)

    assert [size for size in sizes if size] == [64]


async def test_a_cancelled_caller_does_not_call_its_write_back(storage: SqliteStorage) -> None:
    """A write that was taken in is done, whole, whether somebody waits for it or not."""
    vault_id = await new_vault(storage)
    start = start_write(vault_id)

    task = asyncio.ensure_future(storage.commit(start))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await storage.commit(Write(vault_id=vault_id))

    assert len(await storage.heads(HeadsQuery(vault_id=vault_id))) == 1
    assert len(await storage.changes(ChangesQuery(vault_id=vault_id, after=0))) == 1


async def test_a_full_queue_makes_callers_wait(
    storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more jobs than the bound are held; those who wait are let in, and all are done."""
    monkeypatch.setattr(lanes, "MOST_WAITING", 5)
    vault_id = await new_vault(storage)
    blocked, gate = await _hold_up(storage)
    waiting = [asyncio.ensure_future(storage.commit(Write(vault_id=vault_id))) for _ in range(40)]
    for _ in range(10):
        await asyncio.sleep(0)
    queued = storage._writer._lane.jobs.qsize()
    gate.set()

    written = await asyncio.gather(*waiting)
    await blocked

    assert queued == 5
    assert sorted(one.rev for one in written) == list(range(2, 42))


async def test_several_loops_and_threads_share_one_storage(storage: SqliteStorage) -> None:
    """Each caller is answered on the loop it came from."""
    vault_id = await new_vault(storage)
    revs: list[int] = []

    async def talk() -> None:
        for _ in range(20):
            written = await asyncio.gather(
                *(storage.commit(Write(vault_id=vault_id)) for _ in range(3))
            )
            revs.extend(one.rev for one in written)
            assert await storage.vault(vault_id) is not None

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, talk()) for _ in range(4)), talk())

    assert sorted(revs) == list(range(2, 302))


async def test_closing_finishes_what_was_taken_in(tmp_path: Path) -> None:
    """Writes that were waiting when `close` was called are done; the WAL is gone after it."""
    path = tmp_path / "own.db"
    storage = SqliteStorage.open(path, page_key=None)
    vault_id = await new_vault(storage)
    waiting = [asyncio.ensure_future(storage.commit(Write(vault_id=vault_id))) for _ in range(50)]
    await asyncio.sleep(0)

    await storage.close()

    assert [one.rev for one in await asyncio.gather(*waiting)] == list(range(2, 52))
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("own")] == ["own.db"]
    with pytest.raises(StorageFailed):
        await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.TURN))


async def test_a_loop_that_ended_does_not_disturb_the_writer(storage: SqliteStorage) -> None:
    """A thread whose loop was closed while its write was waiting leaves the others alone."""
    vault_id = await new_vault(storage)
    blocked, gate = await _hold_up(storage)

    async def leave() -> None:
        task = asyncio.ensure_future(storage.commit(Write(vault_id=vault_id)))
        await asyncio.sleep(0)
        task.cancel()

    await asyncio.to_thread(asyncio.run, leave())
    gate.set()
    await blocked

    assert (await storage.commit(Write(vault_id=vault_id))).rev == 3


async def test_promise_05_in_order_a_thousand_sessions_grow_at_once(
    storage: SqliteStorage,
) -> None:
    """Every session's seq and turns are without a gap, whoever else writes."""
    vault_id = await new_vault(storage)

    async def talk() -> bytes:
        start = start_write(vault_id)
        await storage.commit(start)
        assert start.head is not None
        head = start.head.head
        for _ in range(3):
            write = exchange_write(vault_id, head)
            await storage.commit(write)
            assert write.head is not None
            head = write.head.head
        return head.session_id

    sessions = await asyncio.gather(*(talk() for _ in range(1000)))

    span = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, limit=100_000)
    places: dict[bytes, list[int]] = {}
    for row in await storage.rows(span):
        places.setdefault(row.scope, []).append(row.ord)
    assert places == {session_id: list(range(6)) for session_id in sessions}


async def test_the_wal_stays_bounded(storage: SqliteStorage, tmp_path: Path) -> None:
    """The writer checkpoints between groups, so the WAL begins anew instead of growing."""
    vault_id = await new_vault(storage)
    written = 0
    while written < 60_000_000:
        rows = tuple(memory_row(sealed=bytes(100_000)) for _ in range(20))
        await storage.commit(Write(vault_id=vault_id, put=rows))
        written += 2_000_000

    assert (tmp_path / "data.db-wal").stat().st_size < 30_000_000
