"""Reports say what was measured, where, and whether it was enough."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from holdfast.bench.machine import Machine, describe_machine, memory_bytes
from holdfast.bench.report import (
    Effort,
    Report,
    Table,
    Target,
    at_least,
    at_most,
    spread_of,
    summary,
)

QUIET = Machine(
    date="2026-01-09 12:00",
    commit="0123456789ab",
    system="Linux",
    python="3.11.7",
    processor="A processor",
    cores=2,
    memory_gb=16.0,
    load=0.1,
    flush_p50_ms=0.15,
)


def report(*, machine: Machine = QUIET, targets: tuple[Target, ...] = ()) -> Report:
    """A report with one table."""
    table = Table(title="Turns", columns=("who", "turns/s"), rows=(("Holdfast", 12345.6),))
    return Report(
        program="Capture",
        command="make bench",
        machine=machine,
        effort=Effort(),
        tables=(table,),
        targets=targets,
    )


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (at_least("rate", 10.0, 10.0, "turns/s"), True),
        (at_least("rate", 10.0, 9.99, "turns/s"), False),
        (at_most("p99", 20.0, 20.0, "ms"), True),
        (at_most("p99", 20.0, 20.01, "ms"), False),
    ],
)
def test_a_target_is_met_up_to_its_limit(target: Target, met: bool) -> None:
    """The limit itself still counts as met, in either sense; beyond it the target is missed."""
    assert target.met is met


def test_a_missed_target_shows_in_every_form() -> None:
    """Tables, summary and document all say that a target was missed, and by which figure."""
    found = report(targets=(at_most("p99", 20.0, 31.5, "ms"),))

    row = "| p99 | at most 20.00 ms | 31.50 ms | **missed** |"
    assert row in found.markdown()
    assert row in summary([found])
    assert summary([found]).startswith("0 of 1 targets met")
    assert [one["met"] for one in msgspec.json.decode(found.json())["targets"]] == [False]


def test_figures_come_with_where_they_were_measured() -> None:
    """Date, commit, command, machine and table stand in the Markdown."""
    text = report().markdown()

    wanted = [QUIET.date, QUIET.commit, "make bench", QUIET.processor, "| Holdfast | 12,346 |"]
    assert [part for part in wanted if part not in text] == []


@pytest.mark.parametrize("busy", [replace(QUIET, load=1.5), replace(QUIET, flush_p50_ms=4.0)])
def test_figures_of_a_busy_machine_carry_a_warning(busy: Machine) -> None:
    """Load or a slow disk is said beside the figures; a quiet machine gets no warning."""
    assert "Warning" in report(machine=busy).markdown()
    assert "Warning" not in report(machine=QUIET).markdown()


def test_percentiles_are_over_all_rounds_and_extremes_over_their_medians() -> None:
    """One slow round moves `high`, and the percentiles only by its share."""
    fast, slow = [1.0] * 99, [5.0]

    spread = spread_of([fast, slow])

    assert (spread.count, spread.p50, spread.p99) == (100, 1.0, 5.0)
    assert (spread.low, spread.high) == (1.0, 5.0)


def test_nothing_measured_is_no_figure() -> None:
    """Percentiles of nothing raise instead of being zero."""
    with pytest.raises(ValueError, match="nothing was measured"):
        spread_of([[], []])


def test_this_machine_is_described() -> None:
    """What is read from the system has values, and memory is in bytes."""
    machine = describe_machine()
    resident, peak = memory_bytes()

    assert machine.cores >= 1
    assert machine.flush_p50_ms > 0
    assert 2**20 < resident <= peak
