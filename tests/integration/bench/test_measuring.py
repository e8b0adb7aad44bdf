"""Holdfast itself is measured on real stores, in this process and in new ones."""

from __future__ import annotations

from pathlib import Path

from holdfast.bench.capture import measure_steps, opened_contenders
from holdfast.bench.child import Answered
from holdfast.bench.contenders import Holdfast
from holdfast.bench.importing import measure as measure_import
from holdfast.bench.latency import measure_size
from holdfast.bench.report import Effort
from holdfast.bench.texts import Exchange

ONCE = Effort(rounds=3, seconds=0.0, quick=True)


async def test_holdfast_is_measured_with_everything_kept() -> None:
    """What was acknowledged while measuring can be read back, of one user and of several."""
    async with opened_contenders([Holdfast(users=2)]) as contenders:
        conversations = [await contenders[0].conversation(number) for number in range(2)]
        for conversation in conversations:
            await contenders[0].fill(conversation, [Exchange("Where?", "Here.")] * 3)

        assert [await conversation.last(20) for conversation in conversations] == [6, 6]


async def test_a_turn_in_steps_has_three_durable_writes() -> None:
    """Each round times the input, the answer and the end, equally often."""
    steps = await measure_steps(ONCE)

    assert {name: [len(took) for took in rounds] for name, rounds in steps.items()} == {
        "input": [1, 1, 1],
        "answer": [1, 1, 1],
        "end": [1, 1, 1],
    }


def test_cold_answers_are_found_with_and_without_a_snapshot(tmp_path: Path) -> None:
    """New processes answer from the same store, building the index and then reading it."""
    asked = measure_size(tmp_path, 80, Effort(rounds=1, seconds=0.0, quick=True))

    answers: list[Answered] = [*asked.afresh, *asked.saved]
    assert [answer.hits > 0 for answer in answers] == [True, True]
    assert len(asked.recall[0]) == len(asked.ranking[0]) == 1


def test_an_import_is_measured_in_a_new_store(tmp_path: Path) -> None:
    """The child reports what came in; a small export makes no claim about the promised size."""
    export = tmp_path / "said.jsonl"
    lines = [
        '{"session": "s", "role": "user", "text": "Hello"}',
        '{"session": "s", "role": "assistant", "text": "Hi"}',
    ]
    export.write_text("\n".join(lines), encoding="utf-8")

    report = measure_import(export, Effort.least())

    assert report.tables[0].rows[0][:3] == (2, 1, 0)
    assert report.targets == ()
