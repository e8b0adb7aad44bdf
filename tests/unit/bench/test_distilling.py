"""What distilling costs the recorder is told by pairs of slices that follow each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.bench.distilling import Slowdown, measure_slowdown
from holdfast.bench.report import Effort


def test_a_slow_minute_of_the_machine_is_no_slowdown() -> None:
    """Both slices of a pair meet it alike; one that was disturbed decides nothing."""
    found = Slowdown(
        without=(100.0, 10.0, 100.0, 100.0, 100.0),
        beside=(95.0, 9.5, 95.0, 2.0, 95.0),
        distilled=0,
        seconds=1.0,
    )

    assert found.percent == pytest.approx(5.0)


async def test_turns_are_recorded_with_the_worker_and_without(tmp_path: Path) -> None:
    """As many slices of each kind, and each of them with turns in it."""
    found = await measure_slowdown(tmp_path, Effort(rounds=1, seconds=0.5))

    assert len(found.without) == len(found.beside) == 2
    assert sum(found.without) > 0
    assert sum(found.beside) > 0
