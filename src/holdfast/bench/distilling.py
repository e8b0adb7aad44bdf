"""How many messages a second the rules for memories read, without a model and without a disk."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import islice
from statistics import median

from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, at_least
from holdfast.bench.texts import Talk
from holdfast.distill.finding import find
from holdfast.model import Message, MessageId, Role, SessionId, TurnId

__all__ = ["made_up_session", "measure"]

_SESSION = 1_000
_NOW = datetime(2026, 3, 2, tzinfo=UTC)


def measure(effort: Effort, *, command: str = "") -> Report:
    """One session of a thousand messages, questions and answers in turn, again and again."""
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
    return Report(
        program="Finding memories",
        command=command,
        machine=describe_machine(),
        effort=effort,
        tables=(
            Table(
                title="Messages read in a second",
                columns=("messages", "characters each", "found", "median /s", "min /s", "max /s"),
                rows=(row,),
                note="One process, one core. Nothing is stored.",
            ),
        ),
        targets=(at_least("messages distilled without a model", 2_000, median(rates), "/s"),),
    )


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
