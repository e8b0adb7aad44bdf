"""How long a big export takes until it can be searched, and how much memory, in a fresh store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from holdfast.bench.child import Imported, import_in_child
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_most

__all__ = ["MESSAGES", "measure"]

MESSAGES = 200_000
"""In the export that the targets are about."""
_MOST_ROUNDS = 3


def measure(file: Path, effort: Effort, *, command: str = "") -> Report:
    """Import the file into a new store, in a new process, at most three times."""
    machine = describe_machine()
    found = []
    for _ in range(min(effort.rounds, _MOST_ROUNDS)):
        with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
            found.append(import_in_child(Path(folder), file))
    return Report(
        program="Import",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_table(found, file),),
        targets=tuple(_targets(found)),
    )


def _table(found: Sequence[Imported], file: Path) -> Table:
    rows = tuple(
        (
            one.messages,
            one.conversations,
            one.broken,
            one.import_s,
            one.searchable_s,
            one.messages / one.import_s,
            one.resident_bytes / 1e6,
            one.peak_bytes / 1e6,
        )
        for one in found
    )
    return Table(
        title=f"An export of {file.stat().st_size / 1e6:,.0f} MB into a fresh store",
        columns=(
            "messages",
            "conversations",
            "broken",
            "imported s",
            "searchable s",
            "messages/s",
            "resident MB",
            "peak MB",
        ),
        rows=rows,
    )


def _targets(found: Sequence[Imported]) -> Iterator[Target]:
    if min(one.messages for one in found) < MESSAGES:
        return
    searchable = median(one.searchable_s for one in found)
    yield at_most("200,000 messages imported and searchable", 120.0, searchable, "s")
    peak = max(one.peak_bytes for one in found) / 1e6
    yield at_most("peak resident while importing them", 1000.0, peak, "MB")
