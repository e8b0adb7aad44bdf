"""How fast a context is put together: profile, summary, what was recalled, and recent turns.

One user with 10,000 messages and 1,000 memories; each context is asked for after a turn was
written, as an assistant does, so that index and memories have something to catch up with.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from holdfast.bench.contenders import opened_keeper
from holdfast.bench.latency import fill_user
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_most, spread_of
from holdfast.bench.texts import Talk
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import MemoryKind

__all__ = ["measure", "measure_contexts"]

_MESSAGES = 10_000
_MEMORIES = 1_000
_QUICK = 20
"""So many times less when it is only seen to run."""
_P95_MS = 20.0
_BUDGETS = (500, 2000, 8000)
_WARM_UP = 10
_KINDS: tuple[MemoryKind, ...] = ("fact", "preference", "note")


def measure(effort: Effort, *, command: str = "") -> Report:
    """Contexts of 500, 2,000 and 8,000 tokens in a vault of 10,000 messages."""
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        found = asyncio.run(measure_contexts(Path(folder), effort))
    return Report(
        program="Contexts",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_table(found),),
        targets=() if effort.quick else tuple(_targets(found)),
    )


async def measure_contexts(folder: Path, effort: Effort) -> dict[int, list[list[float]]]:
    """Seconds of each context by budget, a list for each round."""
    share = _QUICK if effort.quick else 1
    took: dict[int, list[list[float]]] = {budget: [] for budget in _BUDGETS}
    async with opened_keeper(folder) as keeper:
        user = await fill_user(keeper, _MESSAGES // share)
        await _remember(user, _MEMORIES // share)
        session = await user.sessions.start(assistant="helper")
        questions = Talk(seed=2).questions()
        for _ in range(_WARM_UP):
            await _one(session, next(questions), _BUDGETS[0])
        for _ in range(effort.rounds):
            for budget in _BUDGETS:
                took[budget].append(await _ask(session, questions, budget, effort.seconds))
    return took


async def _remember(user: User, count: int) -> None:
    exchanges = Talk(seed=5).exchanges()
    for number in range(count):
        text = next(exchanges).question
        kind = _KINDS[number % len(_KINDS)]
        await user.memories.add(NewMemory(text=text, kind=kind, importance=number % 10 + 1))


async def _ask(
    session: OpenSession, questions: Iterator[str], budget: int, seconds: float
) -> list[float]:
    took: list[float] = []
    until = time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        took.append(await _one(session, next(questions), budget))
    return took


async def _one(session: OpenSession, question: str, budget: int) -> float:
    await session.log_full_chat_interaction(question, "I will see.")
    begin = time.perf_counter()
    context = await session.context(question, budget_tokens=budget)
    took = time.perf_counter() - begin
    if context.tokens > budget or not context.pieces:
        raise RuntimeError("a context is empty, or over its budget")
    return took


def _table(found: dict[int, list[list[float]]]) -> Table:
    rows = []
    for budget, rounds in found.items():
        spread = spread_of(rounds)
        times = (spread.p50 * 1e3, spread.p95 * 1e3, spread.p99 * 1e3)
        rows.append((f"{budget:,} tokens", spread.count, *times))
    return Table(
        title="Contexts",
        columns=("budget", "contexts", "p50 ms", "p95 ms", "p99 ms"),
        rows=tuple(rows),
        note=f"{_MESSAGES:,} messages and {_MEMORIES:,} memories; before each context a turn is "
        "written, which is not measured. Tokens are estimated.",
    )


def _targets(found: dict[int, list[list[float]]]) -> Iterator[Target]:
    for budget, rounds in found.items():
        p95 = spread_of(rounds).p95 * 1e3
        yield at_most(f"a context of {budget:,} tokens, 10,000 messages, p95", _P95_MS, p95, "ms")
