"""How fast turns become durable: contenders take turns in one run, on the same work.

A turn is a question and an answer. What counts is from the call to its acknowledgement, when the
turn would survive a power cut.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from msgspec import Struct

from holdfast.bench.contenders import Contender, Conversation, Holdfast, opened_keeper
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import (
    Effort,
    Report,
    Table,
    Target,
    at_least,
    at_most,
    spread_of,
)
from holdfast.bench.texts import Exchange, Talk

__all__ = ["WRITERS", "Run", "measure", "measure_steps", "measure_writers", "opened_contenders"]

WRITERS = 64
"""How many sessions write at once."""
_WARM_UP_S = 0.3
_EXCHANGES = 1024
_ENCRYPTED_PEER = "EncryptedSession"
_COLUMNS = (
    "contender",
    "turns/s",
    "min-max of rounds",
    "p50 ms",
    "p99 ms",
    "CPU us/turn",
    "refused",
    "Holdfast is faster by",
)


class Run(Struct):
    """All rounds of one contender."""

    name: str
    rates: list[float]
    """Turns a second, one for each round."""
    took: list[list[float]]
    """Seconds from call to acknowledgement, a list for each round."""
    cpu_s: list[float]
    """Processor time of the whole process for one turn, one for each round."""
    blocks: bool = False
    """It stops the event loop: shown, but no measure for a server."""
    refused: int = 0
    """Writes it declined; they are in no other figure."""

    @property
    def rate(self) -> float:
        """Median of the rounds."""
        return median(self.rates)


def measure(effort: Effort, *, peers: Sequence[Contender] = (), command: str = "") -> Report:
    """One writer, a turn in its steps, and 64 sessions at once of one user and of 64."""
    return asyncio.run(_measure(effort, list(peers), command))


async def _measure(effort: Effort, peers: list[Contender], command: str) -> Report:
    machine = describe_machine()
    async with opened_contenders([Holdfast(), *peers]) as contenders:
        one = await measure_writers(contenders, 1, effort)
    async with opened_contenders([Holdfast(), Holdfast(users=WRITERS), *peers]) as contenders:
        many = await measure_writers(contenders, WRITERS, effort)
    steps = await measure_steps(effort)
    notes = "; ".join(f"{peer.name}: {peer.note}" for peer in [Holdfast(), *peers])
    return Report(
        program="Capture",
        command=command,
        machine=machine,
        effort=effort,
        tables=(
            _table("One writer, a finished exchange in one call", one, notes),
            _table(f"{WRITERS} sessions at once", many, notes),
            _steps_table(steps),
        ),
        targets=(*_targets_of_one(one), *_targets_of_many(many), *_targets_of_steps(steps)),
    )


@asynccontextmanager
async def opened_contenders(contenders: Sequence[Contender]) -> AsyncIterator[list[Contender]]:
    """Each contender with an empty store in a folder of its own, closed and removed afterwards."""
    async with AsyncExitStack() as undo:
        for contender in contenders:
            folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-"))
            await contender.open(Path(folder))
            undo.push_async_callback(contender.close)
        yield list(contenders)


async def measure_writers(
    contenders: Sequence[Contender], writers: int, effort: Effort
) -> list[Run]:
    """Rounds in which every contender writes for a while, `writers` sessions at once."""
    runs = [Run(each.name, [], [], [], blocks=each.blocks) for each in contenders]
    # Made before any clock starts, and enough that none repeats on one page of a database.
    exchanges = list(islice(Talk().exchanges(), _EXCHANGES))
    conversations = []
    for contender in contenders:
        mine = [await contender.conversation(number) for number in range(writers)]
        conversations.append(mine)
        await _write_together(contender, mine, exchanges, min(_WARM_UP_S, effort.seconds))
    for _ in range(effort.rounds):
        for run, contender, mine in zip(runs, contenders, conversations, strict=True):
            before, began = time.process_time(), time.perf_counter()
            took, refused = await _write_together(contender, mine, exchanges, effort.seconds)
            elapsed = time.perf_counter() - began
            run.took.append(took)
            run.rates.append(len(took) / elapsed)
            run.cpu_s.append((time.process_time() - before) / max(1, len(took)))
            run.refused += refused
    return runs


async def _write_together(
    contender: Contender,
    conversations: Sequence[Conversation],
    exchanges: list[Exchange],
    seconds: float,
) -> tuple[list[float], int]:
    """Seconds of each acknowledged turn, and how many were refused."""
    until = time.perf_counter() + seconds
    alone = len(conversations) == 1
    found = await asyncio.gather(
        *(
            _write(contender, each, exchanges[7 * number :], until, alone=alone)
            for number, each in enumerate(conversations)
        )
    )
    took = [one for each, _ in found for one in each]
    return took, sum(refused for _, refused in found)


async def _write(
    contender: Contender,
    conversation: Conversation,
    exchanges: list[Exchange],
    until: float,
    *,
    alone: bool,
) -> tuple[list[float], int]:
    took: list[float] = []
    refused = 0
    for exchange in cycle(exchanges):
        begin = time.perf_counter()
        if not alone:
            # The clock runs while the others have their turn: a contender that blocks the loop
            # would otherwise look as if nobody ever waited for it.
            await asyncio.sleep(0)
        try:
            await conversation.log(exchange)
        except contender.refusals:
            refused += 1
        else:
            took.append(time.perf_counter() - begin)
        if time.perf_counter() > until:
            break
    return took, refused


async def measure_steps(effort: Effort) -> dict[str, list[list[float]]]:
    """Seconds of each durable write of a turn held step by step: a list for each round."""
    steps: dict[str, list[list[float]]] = {"input": [], "answer": [], "end": []}
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        async with opened_keeper(Path(folder)) as keeper:
            session = await (await keeper.user("ada")).sessions.start()
            exchanges = Talk().exchanges()
            for _ in range(effort.rounds):
                for took in steps.values():
                    took.append([])
                until = time.perf_counter() + effort.seconds
                while not steps["end"][-1] or time.perf_counter() < until:
                    exchange = next(exchanges)
                    begin = time.perf_counter()
                    async with session.turn(exchange.question) as turn:
                        heard = time.perf_counter()
                        await turn.reply(exchange.answer)
                        answered = time.perf_counter()
                    ended = time.perf_counter()
                    steps["input"][-1].append(heard - begin)
                    steps["answer"][-1].append(answered - heard)
                    steps["end"][-1].append(ended - answered)
    return steps


def _table(title: str, runs: Sequence[Run], note: str) -> Table:
    ours = runs[0].rate
    rows = []
    for run in runs:
        spread = spread_of(run.took)
        rows.append(
            (
                run.name,
                run.rate,
                f"{min(run.rates):,.0f}-{max(run.rates):,.0f}",
                spread.p50 * 1e3,
                spread.p99 * 1e3,
                median(run.cpu_s) * 1e6,
                run.refused,
                f"{ours / run.rate:.2f} x",
            )
        )
    return Table(title=title, columns=_COLUMNS, rows=tuple(rows), note=note)


def _steps_table(steps: dict[str, list[list[float]]]) -> Table:
    rows = []
    for name, rounds in [*steps.items(), ("all", _joined(steps))]:
        spread = spread_of(rounds)
        rows.append((name, spread.count, spread.p50 * 1e3, spread.p95 * 1e3, spread.p99 * 1e3))
    return Table(
        title="A turn in its steps, each one durable write",
        columns=("write", "count", "p50 ms", "p95 ms", "p99 ms"),
        rows=tuple(rows),
    )


def _joined(steps: dict[str, list[list[float]]]) -> list[list[float]]:
    return [one for rounds in steps.values() for one in rounds]


def _targets_of_one(runs: Sequence[Run]) -> Iterator[Target]:
    for run in runs[1:]:
        if run.name == _ENCRYPTED_PEER:
            ratio = runs[0].rate / run.rate
            yield at_least("capture, one writer, beside EncryptedSession", 1.0, ratio, "x")


def _targets_of_many(runs: Sequence[Run]) -> Iterator[Target]:
    ours = [run for run in runs if run.name.startswith("Holdfast")]
    peers = [run for run in runs if run not in ours and not run.blocks]
    for run in ours:
        name = f"{run.name}, {WRITERS} sessions"
        yield at_least(name, 10_000, run.rate, "turns/s")
        yield at_most(f"{name}, p99", 20.0, spread_of(run.took).p99 * 1e3, "ms")
        if peers:
            best = max(peers, key=lambda peer: peer.rate)
            yield at_least(f"{name}, beside {best.name}", 2.0, run.rate / best.rate, "x")


def _targets_of_steps(steps: dict[str, list[list[float]]]) -> Iterator[Target]:
    yield at_most("a durable write of a turn, p50", 0.5, spread_of(_joined(steps)).p50 * 1e3, "ms")
