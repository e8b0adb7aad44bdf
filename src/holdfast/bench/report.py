"""What a benchmark program found: tables, targets met and missed, as Markdown or as a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from holdfast.bench.machine import Machine

__all__ = [
    "Cell",
    "Effort",
    "Report",
    "Spread",
    "Table",
    "Target",
    "at_least",
    "at_most",
    "spread_of",
    "summary",
]

Cell: TypeAlias = "str | int | float | None"


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure. `quick` is for trying the program, not for figures."""

    rounds: int = 5
    seconds: float = 3.0
    """Of each contender in each round."""
    quick: bool = False

    @classmethod
    def least(cls) -> Effort:
        """Enough to see that it runs."""
        return cls(rounds=1, seconds=0.3, quick=True)


class Spread(Struct, frozen=True, kw_only=True):
    """How long single events took, in seconds, and the extremes of the rounds' medians."""

    count: int
    p50: float
    p95: float
    p99: float
    low: float
    high: float


class Table(Struct, frozen=True, kw_only=True):
    """Rows under columns; numbers are shown with as many digits as they deserve."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


class Target(Struct, frozen=True, kw_only=True):
    """A figure that was promised and the one that was measured, both in `unit`."""

    name: str
    limit: float
    measured: float
    unit: str
    sense: Literal["at least", "at most"]

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        if self.sense == "at least":
            return self.measured >= self.limit
        return self.measured <= self.limit


class Report(Struct, frozen=True, kw_only=True):
    """One program's run."""

    program: str
    command: str
    machine: Machine
    effort: Effort
    tables: tuple[Table, ...]
    targets: tuple[Target, ...] = ()
    versions: dict[str, str] = {}

    def markdown(self) -> str:
        """As a section of docs/benchmarks.md."""
        parts = [f"## {self.program}", _circumstances(self)]
        parts += [_table_text(table) for table in self.tables]
        if self.targets:
            parts.append(_table_text(_target_table(self.targets)))
        return "\n\n".join(parts) + "\n"

    def json(self) -> str:
        """As one JSON document, targets with their verdict."""
        document = msgspec.to_builtins(self)
        for given, target in zip(document["targets"], self.targets, strict=True):
            given["met"] = target.met
        document["machine"]["busy"] = self.machine.busy
        return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"


def spread_of(rounds: Sequence[Sequence[float]]) -> Spread:
    """Percentiles over all rounds together, lowest and highest median of a round.

    Raises:
        ValueError: nothing was measured.
    """
    took = sorted(one for each in rounds for one in each)
    if not took:
        raise ValueError("nothing was measured")
    medians = [_share(sorted(each), 0.5) for each in rounds if each]
    return Spread(
        count=len(took),
        p50=_share(took, 0.5),
        p95=_share(took, 0.95),
        p99=_share(took, 0.99),
        low=min(medians),
        high=max(medians),
    )


def at_least(name: str, limit: float, measured: float, unit: str) -> Target:
    """A target that more is better for."""
    return Target(name=name, limit=limit, measured=measured, unit=unit, sense="at least")


def at_most(name: str, limit: float, measured: float, unit: str) -> Target:
    """A target that less is better for."""
    return Target(name=name, limit=limit, measured=measured, unit=unit, sense="at most")


def summary(reports: Iterable[Report]) -> str:
    """All targets of all programs, met and missed, as one Markdown table."""
    targets = [target for report in reports for target in report.targets]
    met = sum(target.met for target in targets)
    return f"{met} of {len(targets)} targets met\n\n{_table_text(_target_table(targets))}\n"


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _circumstances(report: Report) -> str:
    machine, effort = report.machine, report.effort
    lines = [
        f"{machine.date} UTC, commit {machine.commit or 'unknown'}, `{report.command}`",
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gb} GB, {machine.system}, "
        f"Python {machine.python}; load {machine.load}, fdatasync p50 {machine.flush_p50_ms} ms",
        f"{effort.rounds} rounds of {effort.seconds:g} s each, contenders taking turns",
    ]
    if report.versions:
        lines.append(", ".join(f"{name} {number}" for name, number in report.versions.items()))
    text = "  \n".join(lines)
    return f"{text}\n\n**Warning: {machine.warning}.**" if machine.warning else text


def _target_table(targets: Sequence[Target]) -> Table:
    return Table(
        title="Targets",
        columns=("target", "limit", "measured", "verdict"),
        rows=tuple(
            (
                target.name,
                f"{target.sense} {_shown(target.limit)} {target.unit}",
                f"{_shown(target.measured)} {target.unit}",
                "met" if target.met else "**missed**",
            )
            for target in targets
        ),
    )


def _table_text(table: Table) -> str:
    lines = [
        f"### {table.title}",
        "",
        _row_text(table.columns),
        "|" + "---|" * len(table.columns),
        *(_row_text([_shown(cell) for cell in row]) for row in table.rows),
    ]
    if table.note:
        lines += ["", table.note]
    return "\n".join(lines)


def _row_text(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.2f}" if abs(cell) >= 1 else f"{cell:.3f}"
