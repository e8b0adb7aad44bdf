"""How fast the newest messages of a long session are read, contenders taking turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from holdfast.bench.capture import opened_contenders
from holdfast.bench.contenders import Contender, Conversation, Holdfast
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_most, spread_of
from holdfast.bench.texts import Talk

__all__ = ["LAST", "MESSAGES", "Reads", "measure", "measure_reads"]

MESSAGES = 10_000
"""In the one session that is read."""
LAST = 20
_QUICK_MESSAGES = 400
_WARM_UP = 20
_COLUMNS = ("contender", "reads", "p50 ms", "p95 ms", "min-max of medians, ms", "beside Holdfast")


class Reads(Struct):
    """Seconds of every read of one contender, a list for each round."""

    name: str
    took: list[list[float]]

    @property
    def p50(self) -> float:
        """Median over all rounds."""
        return spread_of(self.took).p50


def measure(effort: Effort, *, peers: Sequence[Contender] = (), command: str = "") -> Report:
    """The last 20 of 10,000 messages, opened and ready to use."""
    messages = _QUICK_MESSAGES if effort.quick else MESSAGES
    return asyncio.run(_measure(effort, list(peers), command, messages))


async def _measure(effort: Effort, peers: list[Contender], command: str, messages: int) -> Report:
    machine = describe_machine()
    async with opened_contenders([Holdfast(), *peers]) as contenders:
        reads = await measure_reads(contenders, messages, effort)
    return Report(
        program="History",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_table(reads, messages),),
        targets=tuple(_targets(reads, messages)),
    )


async def measure_reads(
    contenders: Sequence[Contender], messages: int, effort: Effort
) -> list[Reads]:
    """Rounds in which every contender reads the newest messages of its session.

    Raises:
        RuntimeError: a contender did not return as many messages as were asked for.
    """
    exchanges = list(islice(Talk().exchanges(), messages // 2))
    conversations = []
    for contender in contenders:
        conversation = await contender.conversation(0)
        await contender.fill(conversation, exchanges)
        conversations.append(conversation)
        for _ in range(_WARM_UP):
            await _read(conversation, contender.name)
    reads = [Reads(contender.name, []) for contender in contenders]
    for _ in range(effort.rounds):
        for mine, conversation in zip(reads, conversations, strict=True):
            took: list[float] = []
            until = time.perf_counter() + effort.seconds
            while not took or time.perf_counter() < until:
                took.append(await _read(conversation, mine.name))
            mine.took.append(took)
    return reads


async def _read(conversation: Conversation, name: str) -> float:
    begin = time.perf_counter()
    count = await conversation.last(LAST)
    took = time.perf_counter() - begin
    if count != LAST:
        raise RuntimeError(f"{name} returned {count} messages instead of {LAST}")
    return took


def _table(reads: Sequence[Reads], messages: int) -> Table:
    ours = reads[0].p50
    rows = []
    for each in reads:
        spread = spread_of(each.took)
        extremes = f"{spread.low * 1e3:.3f}-{spread.high * 1e3:.3f}"
        rows.append(
            (
                each.name,
                spread.count,
                spread.p50 * 1e3,
                spread.p95 * 1e3,
                extremes,
                f"{spread.p50 / ours:.2f} x",
            )
        )
    title = f"The last {LAST} of {messages:,} messages"
    return Table(title=title, columns=_COLUMNS, rows=tuple(rows))


def _targets(reads: Sequence[Reads], messages: int) -> Iterator[Target]:
    if messages == MESSAGES:
        yield at_most("the last 20 of 10,000 messages, p50", 0.4, reads[0].p50 * 1e3, "ms")
