"""How many messages a second the rules for memories read, and what distilling costs the recorder.

The rules are measured without a disk. For the recorder, sessions of one user are written by eight
callers at once, with the background worker and without it in turns of a quarter of a second, every
second pair the other way round: what else the machine does meets both alike, and so does the vault
as it grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

from msgspec import Struct

from holdfast.bench.contenders import opened_keeper
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_least, at_most
from holdfast.bench.texts import Exchange, Talk
from holdfast.distill.finding import find
from holdfast.keeper.distilling import Progress, distill_vault
from holdfast.keeper.pacing import Pace
from holdfast.keeper.users import User
from holdfast.model import Message, MessageId, Role, SessionId, TurnId

__all__ = ["Slowdown", "made_up_session", "measure", "measure_slowdown"]

_SESSION = 1_000
_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_CALLERS = 8
_TURNS = 25
"""Of each session that a caller writes."""
_SLICE_S = 0.25
_SHARE = 0.1
"""Of the time: what the worker of a server takes."""
_LIMIT_PERCENT = 10.0


class Slowdown(Struct, frozen=True, kw_only=True):
    """Turns recorded a second in slices that follow each other, and what was distilled beside."""

    without: tuple[float, ...]
    beside: tuple[float, ...]
    distilled: int
    """Messages."""
    seconds: float
    """That the worker had."""

    @property
    def percent(self) -> float:
        """By how much capture was slower; the median over the pairs of slices."""
        ratios = [b / w for b, w in zip(self.beside, self.without, strict=True) if w]
        return 100 * (1 - median(ratios)) if ratios else 0.0


def measure(effort: Effort, *, command: str = "") -> Report:
    """One session of a thousand messages read again and again, then recording beside the worker."""
    machine = describe_machine()
    read, found_rate = _reading(effort)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        slowdown = asyncio.run(measure_slowdown(Path(folder), effort))
    return Report(
        program="Finding memories",
        command=command,
        machine=machine,
        effort=effort,
        tables=(read, _slowdown_table(slowdown)),
        targets=tuple(_targets(found_rate, slowdown, quick=effort.quick)),
    )


def _reading(effort: Effort) -> tuple[Table, float]:
    """How fast the rules read: the table, and the median of messages a second."""
    messages = made_up_session(100 if effort.quick else _SESSION)
    find(messages)  # the rules are read once in a process
    rates: list[float] = []
    found = 0
    for _ in range(effort.rounds):
        begin, runs = time.perf_counter(), 0
        while runs == 0 or time.perf_counter() - begin < effort.seconds:
            found = len(find(messages).found)
            runs += 1
        rates.append(runs * len(messages) / (time.perf_counter() - begin))
    characters = sum(len(message.text) for message in messages) / len(messages)
    row = (len(messages), characters, found, median(rates), min(rates), max(rates))
    table = Table(
        title="Messages read in a second",
        columns=("messages", "characters each", "found", "median /s", "min /s", "max /s"),
        rows=(row,),
        note="One process, one core. Nothing is stored.",
    )
    return table, median(rates)


async def measure_slowdown(folder: Path, effort: Effort) -> Slowdown:
    """Record turns with the worker and without it, in turns."""
    pairs = max(2, round(effort.rounds * effort.seconds / _SLICE_S))
    rates: dict[bool, list[float]] = {False: [], True: []}
    async with opened_keeper(folder) as keeper:
        user = await keeper.user("ada")
        talk = Talk(seed=3).exchanges()
        await asyncio.gather(*(_session(user, list(islice(talk, _TURNS))) for _ in range(4)))
        gate, distilled = asyncio.Event(), [0]
        async with _working(user, gate, distilled), _writing(user, talk) as written:
            for pair in range(pairs):
                for beside in (False, True) if pair % 2 else (True, False):
                    (gate.set if beside else gate.clear)()
                    rates[beside].append(await _rate(written))
    return Slowdown(
        without=tuple(rates[False]),
        beside=tuple(rates[True]),
        distilled=distilled[0],
        seconds=pairs * _SLICE_S,
    )


async def _rate(written: list[int]) -> float:
    """Turns recorded a second during one slice."""
    before, begin = written[0], time.perf_counter()
    await asyncio.sleep(_SLICE_S)
    return (written[0] - before) / (time.perf_counter() - begin)


@asynccontextmanager
async def _writing(user: User, talk: Iterator[Exchange]) -> AsyncIterator[list[int]]:
    """Callers that record sessions one after the other; yields how many turns there are so far."""
    written = [0]

    async def caller() -> None:
        while True:
            await _session(user, list(islice(talk, _TURNS)), written)

    async with _beside(*(caller() for _ in range(_CALLERS))):
        yield written


async def _session(user: User, exchanges: list[Exchange], written: list[int] | None = None) -> None:
    session = await user.sessions.start(assistant="helper")
    for one in exchanges:
        await session.log_full_chat_interaction(one.question, one.answer)
        if written is not None:
            written[0] += 1


@asynccontextmanager
async def _working(user: User, gate: asyncio.Event, distilled: list[int]) -> AsyncIterator[None]:
    """The worker of a server, which works only while the gate is open."""

    async def rest(seconds: float) -> None:
        await asyncio.sleep(seconds)
        await gate.wait()

    async def worker() -> None:
        since: Progress | None = None
        while True:
            await rest(0)
            pace = Pace(_SHARE, sleep=rest)
            done = await distill_vault(user.store, user.vault, pace=pace, since=since)
            since = done.progress
            distilled[0] += sum(receipt.last - receipt.first for receipt in done.receipts)

    async with _beside(worker()):
        yield


@asynccontextmanager
async def _beside(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Work without an end, ended when the block is; a failure of it is one of the block."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _slowdown_table(found: Slowdown) -> Table:
    row = (
        len(found.without),
        median(found.without),
        median(found.beside),
        found.percent,
        found.distilled / found.seconds,
    )
    return Table(
        title="Recording beside the worker",
        columns=("pairs", "turns /s without", "turns /s beside", "slower %", "distilled /s"),
        rows=(row,),
        note=f"{_CALLERS} callers at once, sessions of {_TURNS} turns; the worker takes a tenth of "
        f"the time. Slices of {_SLICE_S} s in turns; slower: the median over the pairs.",
    )


def _targets(rate: float, slowdown: Slowdown, *, quick: bool) -> Iterator[Target]:
    yield at_least("messages distilled without a model", 2_000, rate, "/s")
    if not quick:
        name = "capture slowed by distilling beside it"
        yield at_most(name, _LIMIT_PERCENT, slowdown.percent, "%")


def made_up_session(count: int) -> list[Message]:
    """So many messages of one conversation, the same each time."""
    said: list[tuple[Role, str]] = []
    for exchange in islice(Talk().exchanges(), (count + 1) // 2):
        said += [("user", exchange.question), ("assistant", exchange.answer)]
    return [
        Message(
            id=MessageId(str(index)),
            session_id=SessionId("made-up"),
            turn_id=TurnId(str(index // 2)),
            seq=index,
            role=role,
            text=text,
            at=_NOW,
        )
        for index, (role, text) in enumerate(said[:count])
    ]
