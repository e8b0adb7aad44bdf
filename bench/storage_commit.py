"""Commits a second, alone and with 64 writers, and small reads; page encryption on and off.

A write here is a finished exchange: the head moves, one turn and two messages are put. Durable
means WAL with synchronous=FULL. Run it with `python bench/storage_commit.py [seconds]`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from holdfast.storage.protocol import (
    ChangesQuery,
    HeadMove,
    Kind,
    RowSpan,
    SealedRow,
    SessionHead,
    VaultRow,
    Write,
)
from holdfast.storage.sqlite import SqliteStorage

_SEALED = os.urandom(330)
_NUMBERS = itertools.count(time.time_ns())


def exchanges(vault_id: bytes, session_id: bytes) -> Iterator[Write]:
    """Finished exchanges of one session, without end."""
    number = 0
    while True:
        seq = 2 * number
        turn_id = _new_id()
        rows = [_row(Kind.TURN, session_id, number, turn_id, None)]
        rows += [_row(Kind.MESSAGE, session_id, seq + i, _new_id(), turn_id) for i in (0, 1)]
        head = SessionHead(
            session_id=session_id,
            kind="chat",
            started_ms=1,
            last_ms=number,
            next_seq=seq + 2,
            messages=seq + 2,
            turns=number + 1,
        )
        expected = (seq, number) if number else (-1, -1)
        move = HeadMove(expected_next_seq=expected[0], expected_turns=expected[1], head=head)
        yield Write(vault_id=vault_id, head=move, put=tuple(rows), sealed_records=3)
        number += 1


def _new_id() -> bytes:
    """16 bytes in the order of time, as UUIDv7 is: what the ids index lives from."""
    return next(_NUMBERS).to_bytes(8, "big") + os.urandom(8)


def _row(kind: Kind, scope: bytes, order: int, row_id: bytes, parent: bytes | None) -> SealedRow:
    return SealedRow(
        kind=kind, scope=scope, ord=order, id=row_id, parent=parent, at_ms=1, sealed=_SEALED
    )


async def _vault(storage: SqliteStorage) -> bytes:
    vault_id = os.urandom(16)
    row = VaultRow(
        vault_id=vault_id, account_id=bytes(16), owner_tag=vault_id, kind="user", created_ms=1
    )
    await storage.commit(Write(vault_id=vault_id, vault=row))
    return vault_id


async def _write(storage: SqliteStorage, vault_id: bytes, until: float) -> list[float]:
    took = []
    for write in exchanges(vault_id, os.urandom(16)):
        start = time.perf_counter()
        await storage.commit(write)
        end = time.perf_counter()
        took.append(end - start)
        if end > until:
            break
    return took


async def _measure_writes(storage: SqliteStorage, writers: int, seconds: float) -> str:
    vaults = [await _vault(storage) for _ in range(writers)]
    until = time.perf_counter() + seconds
    lists = await asyncio.gather(*(_write(storage, vault_id, until) for vault_id in vaults))
    took = sorted(one for each in lists for one in each)
    return f"{len(took) / seconds:>8,.0f} writes/s  {_spread(took)}"


async def _measure_reads(storage: SqliteStorage) -> str:
    vault_id, session_id = await _vault(storage), os.urandom(16)
    source = exchanges(vault_id, session_id)
    await asyncio.gather(*(storage.commit(next(source)) for _ in range(5_000)))
    newest = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, scope=session_id, newest=True, limit=20)
    took = []
    for _ in range(3_000):
        start = time.perf_counter()
        assert len(await storage.rows(newest)) == 20
        took.append(time.perf_counter() - start)
    return f"{_spread(sorted(took))}"


async def _measure_stream(storage: SqliteStorage) -> str:
    vault_id = await _vault(storage)
    for _ in range(20):
        source = exchanges(vault_id, os.urandom(16))
        await asyncio.gather(*(storage.commit(next(source)) for _ in range(1_700)))
    start = time.perf_counter()
    after = found = 0
    while rows := await storage.changes(ChangesQuery(vault_id=vault_id, after=after)):
        found, after = found + len(rows), rows[-1].rev
    changes = time.perf_counter() - start
    start = time.perf_counter()
    span = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, limit=1_000_000)
    rows = await storage.rows(span)
    whole = time.perf_counter() - start
    return f"{found:,} changes {changes:.2f} s, {len(rows):,} rows {whole:.2f} s"


def _spread(took: list[float]) -> str:
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return f"p50 {p50 * 1e3:.3f} ms  p99 {p99 * 1e3:.3f} ms"


async def _run(page_key: bytes | None, seconds: float) -> None:
    print(f"pages {'encrypted' if page_key else 'plain'}")
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        storage = SqliteStorage.open(Path(folder) / "bench.db", page_key=page_key)
        for writers in (1, 8, 64, 256):
            print(f"  {writers:>3} writers  {await _measure_writes(storage, writers, seconds)}")
        print(f"  20 rows      {await _measure_reads(storage)}")
        print(f"  stream       {await _measure_stream(storage)}")
        await storage.close()


def main() -> None:
    """Print the figures of this machine."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for page_key in (None, os.urandom(32)):
        asyncio.run(_run(page_key, seconds))


if __name__ == "__main__":
    main()
