"""What a big vault costs, and what others' vaults cost one user.

Ranking and memory of one index of up to a million messages, in a process of its own for each size;
a hundred thousand messages that are all the same; recall of one user beside many others.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.bench.contenders import opened_keeper
from holdfast.bench.latency import fill_user
from holdfast.bench.machine import describe_machine, memory_bytes
from holdfast.bench.report import Effort, Report, Table, Target, at_most, spread_of
from holdfast.bench.texts import Talk
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import rank

__all__ = ["SIZES", "Indexed", "Neighbours", "measure", "measure_index", "measure_neighbours"]

SIZES = (10_000, 100_000, 1_000_000)
_QUICK_SIZES = (2_000,)
_LIMITS_MS = {10_000: 5.0, 100_000: 12.0, 1_000_000: 60.0}
_BYTES_A_MESSAGE = 1_500.0
_BIG = 100_000
"""From here on what every process takes counts for little."""
_FINDABLE_MS = 50.0
_USERS = 100_000
_QUICK_USERS = 200
_RATIO = 1.2
_HISTORY = 2_000
_AT_ONCE = 500
_TURNS_PER_SESSION = 20
_ADDED = 50
_FIRST_MS = 1_700_000_000_000
_SAME = "I had porridge for breakfast today"


class Indexed(Struct, frozen=True, kw_only=True):
    """One index; times in seconds."""

    messages: int
    build_s: float = 0.0
    load_s: float = 0.0
    """From a snapshot in memory."""
    snapshot_bytes: int = 0
    resident_bytes: int = 0
    """By which a process grew when it had loaded the snapshot and asked it."""
    searches: list[float] = []
    cpu: list[float] = []
    """Processor time of the same searches, of all threads: what a busy machine does not change."""
    findable: list[float] = []
    """From an addition's begin to an answer that has it."""


class Neighbours(Struct, frozen=True):
    """Recall of one user, in seconds, alone and beside others."""

    users: int
    alone: list[float]
    beside: list[float]


def measure(effort: Effort, *, sizes: Sequence[int] | None = None, command: str = "") -> Report:
    """Everything; with a million messages it takes some ten minutes and 3 GB."""
    machine = describe_machine()
    wanted = sizes or (_QUICK_SIZES if effort.quick else SIZES)
    found = [measure_index("talk", messages) for messages in wanted]
    same = measure_index("same", min(_BIG, max(wanted)))
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        users = _QUICK_USERS if effort.quick else _USERS
        beside = asyncio.run(measure_neighbours(Path(folder), users, effort.seconds))
    return Report(
        program="Scale",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_index_table(found, same), _users_table(beside)),
        targets=(*(t for one in found for t in _targets(one)), _ratio(beside)),
    )


def measure_index(kind: str, messages: int) -> Indexed:
    """Build an index of so many messages of talk, or of the same; load it elsewhere, ask it."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        path = Path(folder) / "index"
        built = _in_child(f"build {kind}", str(messages), path)
        asked = _in_child("ask", str(messages), path)
        return replace(asked, build_s=built.build_s, snapshot_bytes=path.stat().st_size)


def _built(kind: str, messages: int, path: Path) -> Indexed:
    entries = _same() if kind == "same" else _talked()
    begin = time.perf_counter()
    index = VaultIndex(StaticEmbedder())
    index.add(islice(entries, messages))
    index.search("warm")
    took = time.perf_counter() - begin
    path.write_bytes(index.dump())
    return Indexed(messages=messages, build_s=took)


def _asked_anew(messages: int, path: Path) -> Indexed:
    embedder = StaticEmbedder()
    embedder.embed(["warm"])
    before = memory_bytes()[0]
    dumped = path.read_bytes()
    loading = time.perf_counter()
    index = VaultIndex.load(dumped, embedder)
    loaded = time.perf_counter()
    del dumped
    for question in islice(Talk(seed=4).questions(), 10):
        rank(Ask(question=question, now=_now()), index)
    resident = memory_bytes()[0] - before
    searches, cpu = _searched(index)
    return Indexed(
        messages=messages,
        load_s=loaded - loading,
        resident_bytes=resident,
        searches=searches,
        cpu=cpu,
        findable=_found_at_once(index),
    )


async def measure_neighbours(folder: Path, users: int, seconds: float) -> Neighbours:
    """One user's recall, before and after others have come."""
    async with opened_keeper(folder) as keeper:
        user = await fill_user(keeper, _HISTORY)
        alone = await _asked(user, seconds)
        await _settle(keeper, users)
        return Neighbours(users, alone, await _asked(user, seconds))


async def _settle(keeper: Keeper, users: int) -> None:
    for first in range(0, users, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, users))
        await asyncio.gather(*(keeper.user(f"neighbour-{number}") for number in numbers))


async def _asked(user: User, seconds: float) -> list[float]:
    questions = Talk(seed=2).questions()
    for question in islice(questions, 20):
        await user.recall(question)
    took: list[float] = []
    until = time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        question = next(questions)
        begin = time.process_time()
        await user.recall(question)
        took.append(time.process_time() - begin)
    return took


def _searched(index: VaultIndex) -> tuple[list[float], list[float]]:
    took, cpu = [], []
    for question in islice(Talk(seed=2).questions(), 200):
        ask = Ask(question=question, now=_now())
        begin, used = time.perf_counter(), time.process_time()
        rank(ask, index)
        took.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - used)
    return took, cpu


def _found_at_once(index: VaultIndex) -> list[float]:
    took = []
    for number in range(_ADDED):
        word = f"zebrafinch{number}"
        begin = time.perf_counter()
        index.add([_entry(f"new-{number}", 10**6, number, f"Keep in mind: {word}")])
        found = rank(Ask(question=word, now=_now(), limit=1), index)
        took.append(time.perf_counter() - begin)
        if not found or found[0].id != f"new-{number}":
            raise RuntimeError("an added message was not found")
    return took


def _talked() -> Iterator[Entry]:
    for number, one in enumerate(Talk().exchanges()):
        session, turn = divmod(number, _TURNS_PER_SESSION)
        for at, text in enumerate((one.question, one.answer)):
            yield _entry(f"{number:08d}-{at:027d}", session, 2 * turn + at, text)


def _same() -> Iterator[Entry]:
    for number in count():
        yield _entry(f"{number:036d}", number // 40, number % 40, _SAME)


def _entry(name: str, session: int, seq: int, text: str) -> Entry:
    return Entry(
        id=name,
        session_id=f"{session:036d}",
        seq=seq,
        role="assistant" if seq % 2 else "user",
        speaker="helper" if seq % 2 else None,
        at_ms=_FIRST_MS + session * 3_600_000 + seq * 30_000,
        text=text,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _in_child(task: str, messages: str, path: Path) -> Indexed:
    """Measured in a process of its own: its memory is only its."""
    command = [sys.executable, "-m", "holdfast.bench.scale", *task.split(), messages, str(path)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603  # ourselves
    return msgspec.json.decode(ran.stdout, type=Indexed)


def _index_table(found: Sequence[Indexed], same: Indexed) -> Table:
    rows = []
    for what, one in [*(("talk", one) for one in found), ("all the same", same)]:
        wall, cpu, fresh = (spread_of([each]) for each in (one.searches, one.cpu, one.findable))
        rows.append(
            (
                what,
                one.messages,
                wall.p50 * 1e3,
                wall.p95 * 1e3,
                cpu.p50 * 1e3,
                cpu.p95 * 1e3,
                fresh.p95 * 1e3,
                one.resident_bytes / one.messages,
                one.snapshot_bytes / one.messages,
                one.load_s,
                one.build_s,
            )
        )
    return Table(
        title="One vault's index",
        columns=(
            "messages",
            "count",
            "p50 ms",
            "p95 ms",
            "processor p50 ms",
            "processor p95 ms",
            "added and found, p95 ms",
            "resident bytes a message",
            "snapshot bytes a message",
            "loaded s",
            "built s",
        ),
        rows=tuple(rows),
        note="Ranking with the question's embedding. Processor time is that of all threads: from "
        "33,000 messages on two share the vectors, and a free second core halves that part.",
    )


def _users_table(beside: Neighbours) -> Table:
    alone, among = spread_of([beside.alone]), spread_of([beside.beside])
    return Table(
        title=f"user.recall over {_HISTORY:,} messages, processor time",
        columns=("users in the store", "recalls", "p50 ms", "p95 ms"),
        rows=(
            (1, alone.count, alone.p50 * 1e3, alone.p95 * 1e3),
            (beside.users + 1, among.count, among.p50 * 1e3, among.p95 * 1e3),
        ),
    )


def _targets(one: Indexed) -> Iterator[Target]:
    if one.messages not in _LIMITS_MS:
        return
    size = f"{one.messages:,} messages"
    p95 = spread_of([one.searches]).p95 * 1e3
    yield at_most(f"ranking, {size}, p95", _LIMITS_MS[one.messages], p95, "ms")
    fresh = spread_of([one.findable]).p95 * 1e3
    yield at_most(f"added and found, {size}, p95", _FINDABLE_MS, fresh, "ms")
    if one.messages >= _BIG:
        resident = one.resident_bytes / one.messages
        yield at_most(f"resident, {size}", _BYTES_A_MESSAGE, resident, "bytes a message")


def _ratio(beside: Neighbours) -> Target:
    ratio = spread_of([beside.beside]).p50 / spread_of([beside.alone]).p50
    return at_most(f"recall beside {beside.users:,} users and alone", _RATIO, ratio, "times")


def _main(task: str, *rest: str) -> None:
    *kind, messages, path = rest
    size = int(messages)
    found = _built(kind[0], size, Path(path)) if task == "build" else _asked_anew(size, Path(path))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    _main(*sys.argv[1:])
