"""How fast a question is answered: warm, cold in a new process, and just after a write.

The default embedder, the question's own embedding included; one user whose history was held over
two years in sessions of forty messages.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from msgspec import Struct

from holdfast.bench.child import USER, Answered, answer_in_child
from holdfast.bench.contenders import opened_keeper
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_most, spread_of
from holdfast.bench.texts import Exchange, Talk
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.recall.asking import Ask

__all__ = ["SIZES", "Asked", "fill_user", "measure", "measure_size"]

SIZES = (10_000, 100_000)
_QUICK_SIZES = (1_000,)
_LIMITS = {10_000: (5.0, 0.5, None), 100_000: (12.0, 3.0, 600.0)}
"""Of a size: p95 in ms, a cold vault's first answer in s, resident MB."""
_FINDABLE_MS = 50.0
_TURNS_PER_SESSION = 20
_SESSIONS_AT_ONCE = 64
_YEARS = 2
_WRITES = 50
_WARM_UP = 10
_RANKING_LIMIT = 10


class Asked(Struct):
    """What was measured on one size of history; seconds, lists for each round."""

    messages: int
    recall: list[list[float]]
    ranking: list[list[float]]
    findable: list[list[float]]
    """From a write's acknowledgement until an answer contained it."""
    afresh: list[Answered]
    """In new processes that had to build the index."""
    saved: list[Answered]
    """In new processes that found the index's snapshot."""


def measure(effort: Effort, *, sizes: Sequence[int] | None = None, command: str = "") -> Report:
    """Recall over histories of `sizes` messages, 10,000 and 100,000 when left out."""
    machine = describe_machine()
    wanted = sizes or (_QUICK_SIZES if effort.quick else SIZES)
    found = []
    for messages in wanted:
        with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
            found.append(measure_size(Path(folder), messages, effort))
    return Report(
        program="Recall latency",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_warm_table(found), _cold_table(found)),
        targets=tuple(target for asked in found for target in _targets(asked)),
    )


def measure_size(folder: Path, messages: int, effort: Effort) -> Asked:
    """Fill a store in an empty folder and ask it, here and in new processes."""
    asked = Asked(messages, [], [], [], [], [])
    asyncio.run(_measure_warm(folder, asked, effort))
    questions = Talk(seed=3).questions()
    for _ in range(effort.rounds):
        shutil.rmtree(folder / "holdfast.index", ignore_errors=True)
        asked.afresh.append(answer_in_child(folder, next(questions)))
        asked.saved.append(answer_in_child(folder, next(questions)))
    return asked


async def fill_user(keeper: Keeper, messages: int) -> User:
    """A user with a history of that many messages, spread evenly over the last two years."""
    user = await keeper.user(USER)
    exchanges = Talk().exchanges()
    count = -(-messages // 2 // _TURNS_PER_SESSION)
    now = datetime.now(UTC)
    for first in range(0, count, _SESSIONS_AT_ONCE):
        numbers = range(first, min(first + _SESSIONS_AT_ONCE, count))
        times = [now - timedelta(days=365 * _YEARS * (1 - number / count)) for number in numbers]
        await asyncio.gather(
            *(_hold(user, list(islice(exchanges, _TURNS_PER_SESSION)), at) for at in times)
        )
    return user


async def _hold(user: User, exchanges: list[Exchange], at: datetime) -> None:
    session = await user.sessions.start(assistant="helper", started_at=at)
    for number, one in enumerate(exchanges):
        when = at + timedelta(minutes=number)
        await session.log_full_chat_interaction(one.question, one.answer, at=when)


async def _measure_warm(folder: Path, asked: Asked, effort: Effort) -> None:
    async with opened_keeper(folder) as keeper:
        user = await fill_user(keeper, asked.messages)
        questions = Talk(seed=2).questions()
        for question in islice(questions, _WARM_UP):
            await user.recall(question)
        for _ in range(effort.rounds):
            asked.recall.append(await _ask(user, questions, effort.seconds))
            asked.ranking.append(await _rank(keeper, user, questions, effort.seconds))
        asked.findable.append(await _find_writes(user, effort))


async def _ask(user: User, questions: Iterator[str], seconds: float) -> list[float]:
    took: list[float] = []
    until = time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        question = next(questions)
        begin = time.perf_counter()
        await user.recall(question)
        took.append(time.perf_counter() - begin)
    return took


async def _rank(
    keeper: Keeper, user: User, questions: Iterator[str], seconds: float
) -> list[float]:
    from holdfast.recall.ranking import rank

    took: list[float] = []
    until = time.perf_counter() + seconds
    index = await keeper.store.indexes.current(user.vault)
    while not took or time.perf_counter() < until:
        ask = Ask(question=next(questions), now=datetime.now(UTC), limit=_RANKING_LIMIT)
        begin = time.perf_counter()
        rank(ask, index)
        took.append(time.perf_counter() - begin)
    return took


async def _find_writes(user: User, effort: Effort) -> list[float]:
    session = await user.sessions.start()
    took = []
    for number in range(5 if effort.quick else _WRITES):
        word = f"zebrafinch{number}"
        await session.log_full_chat_interaction(f"Keep in mind: {word}", "I will.")
        begin = time.perf_counter()
        hits = await user.recall(word, limit=1)
        took.append(time.perf_counter() - begin)
        if not hits or word not in hits[0].text:
            raise RuntimeError("an acknowledged message was not found")
    return took


def _warm_table(found: Sequence[Asked]) -> Table:
    rows = []
    for asked in found:
        for name, rounds in (
            ("user.recall", asked.recall),
            ("ranking alone", asked.ranking),
            ("a message just written", asked.findable),
        ):
            spread = spread_of(rounds)
            times = (spread.p50 * 1e3, spread.p95 * 1e3, spread.p99 * 1e3)
            rows.append((name, asked.messages, spread.count, *times))
    return Table(
        title="Answering",
        columns=("what", "messages", "questions", "p50 ms", "p95 ms", "p99 ms"),
        rows=tuple(rows),
        note="Embedding the question is included everywhere. The last row of a size is from the "
        "acknowledgement of a write until an answer contains it.",
    )


def _cold_table(found: Sequence[Asked]) -> Table:
    rows = []
    for asked in found:
        for name, answers in (("no snapshot", asked.afresh), ("snapshot", asked.saved)):
            rows.append(
                (
                    name,
                    asked.messages,
                    median(one.open_s for one in answers),
                    median(one.answer_s for one in answers),
                    median(one.process_s for one in answers),
                    median(one.resident_bytes for one in answers) / 1e6,
                    max(one.peak_bytes for one in answers) / 1e6,
                )
            )
    return Table(
        title="A cold vault: the first answer of a new process",
        columns=(
            "index",
            "messages",
            "opened s",
            "first answer s",
            "whole process s",
            "resident MB",
            "peak MB",
        ),
        rows=tuple(rows),
        note="Medians of the rounds; the file lies in the operating system's cache.",
    )


def _targets(asked: Asked) -> Iterator[Target]:
    if asked.messages not in _LIMITS:
        return
    p95_ms, cold_s, resident_mb = _LIMITS[asked.messages]
    size = f"{asked.messages:,} messages"
    cold = [*asked.afresh, *asked.saved]
    yield at_most(f"recall, {size}, p95", p95_ms, spread_of(asked.recall).p95 * 1e3, "ms")
    fresh = spread_of(asked.findable).p95 * 1e3
    yield at_most(f"findable after a write, {size}, p95", _FINDABLE_MS, fresh, "ms")
    for name, answers in (("from its snapshot", asked.saved), ("index built anew", asked.afresh)):
        middle = median(one.answer_s for one in answers)
        yield at_most(f"a cold vault's first answer, {size}, {name}", cold_s, middle, "s")
    if resident_mb is not None:
        most = max(one.resident_bytes for one in cold) / 1e6
        yield at_most(f"resident after it, {size}", resident_mb, most, "MB")
