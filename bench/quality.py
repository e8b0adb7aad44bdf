"""What recall finds in files of questions with known evidence, by static and by MiniLM.

The shipped weights were learned on the development data: what is measured on those files is an
upper figure. The cross-validated ones, kept with the weights, stand beside it, and the targets are
held against those.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from holdfast.bench import recall
from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Cell, Effort, Report, Table, Target, at_least
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.minilm import MiniLMEmbedder
from holdfast.recall.fusion import shipped_weights
from kept_vectors import Kept


class _Wanted(NamedTuple):
    data: str
    """What the file's name begins with."""
    what: str
    field: str
    depth: str
    static: float
    minilm: float


_WANTED = (
    _Wanted("longmemeval", "sessions, all in the first 5", "sessions_all", "5", 94.0, 96.0),
    _Wanted("longmemeval", "sessions, any in the first 5", "sessions_any", "5", 99.0, 99.0),
    _Wanted("longmemeval", "messages, all in the first 10", "messages_all", "10", 88.0, 88.0),
    _Wanted("locomo", "messages, all in the first 10", "messages_all", "10", 75.0, 77.0),
)
_COLUMNS = (
    "questions",
    "messages any@10",
    "all@5",
    "all@10",
    "sessions any@5",
    "all@1",
    "all@5",
)


def measure_quality(
    data: list[Path], effort: Effort, command: str, *, vectors: Path | None = None
) -> Report:
    """Every file by both embedders; `vectors` is where MiniLM's are kept between runs."""
    machine = describe_machine()
    kept = Kept(MiniLMEmbedder(), vectors)
    found = []
    for path in data:
        for tier in (None, kept):
            found.append(
                (tier is not None, recall.measure(path, embedder=StaticEmbedder(), tier=tier))
            )
        kept.save()
    return Report(
        program="Recall quality",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_overall(found), *(_by_category(one) for _, one in found)),
        targets=tuple(target for tiered, one in found for target in _targets(one, tiered)),
    )


def _overall(found: list[tuple[bool, recall.RecallReport]]) -> Table:
    return Table(
        title="Share of questions, percent",
        columns=("data", "compared by", "how", *_COLUMNS, "p50 ms", "p95 ms"),
        rows=tuple(row for _, one in found for row in _rows(one)),
        note="Cross-validated: learned and measured on different conversations, the mean of "
        "several partitions into folds, kept in src/holdfast/recall/weights.json; the targets are "
        "held against these. By the shipped weights: they were learned on these very files. "
        "MiniLM's vectors may have been there already.",
    )


def _rows(one: recall.RecallReport) -> Iterator[tuple[Cell, ...]]:
    known, latency = _cross_validated(one), one.latency
    if known is not None:
        yield one.data, one.embedder, "cross-validated", *_shares(known), "", ""
    times = latency.search_p50_ms, latency.search_p95_ms
    yield one.data, one.embedder, "by the shipped weights", *_shares(one.overall), *times


def _cross_validated(one: recall.RecallReport) -> recall.Shares | None:
    """What the weights that were learned on this file say of it; None for any other file."""
    provenance = shipped_weights().provenance
    for kind, of_kind in provenance["sets"].items():
        figures = provenance["figures"].get(one.embedder)
        if of_kind["data"] == one.data and figures:
            return msgspec.convert(figures[kind]["cross_validated"], recall.Shares)
    return None


def _by_category(one: recall.RecallReport) -> Table:
    return Table(
        title=f"{one.data}, {one.embedder}, by category",
        columns=("category", *_COLUMNS),
        rows=tuple((name, *_shares(shares)) for name, shares in one.by_category.items()),
    )


def _shares(shares: recall.Shares) -> tuple[Cell, ...]:
    return (
        shares.questions,
        shares.messages_any["10"],
        shares.messages_all["5"],
        shares.messages_all["10"],
        shares.sessions_any["5"],
        shares.sessions_all["1"],
        shares.sessions_all["5"],
    )


def _targets(found: recall.RecallReport, tiered: bool) -> Iterator[Target]:
    for wanted in _WANTED:
        if found.data.startswith(wanted.data):
            shares = _cross_validated(found) or found.overall
            measured = getattr(shares, wanted.field)[wanted.depth]
            by, limit = ("MiniLM", wanted.minilm) if tiered else ("static", wanted.static)
            yield at_least(f"{wanted.data}, {wanted.what}, {by}", limit, measured, "%")
