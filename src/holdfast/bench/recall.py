"""How good recall is: every question of a data file asked, its evidence looked for in the hits.

No language model judges anything: a message or session counts as found when it is among the first
k. `any` asks for one piece of evidence, `all` for every one. Questions without an answer in the
history (abstention, LoCoMo's adversarial) are skipped, as published results do.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from holdfast.bench.dataset import (
    History,
    Question,
    entries_of,
    now_of,
    read_histories,
    scored_questions,
)
from holdfast.index.embedder import Embedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.fusion import Fusion, shipped_weights
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import rank_sessions

__all__ = [
    "DEPTHS",
    "Found",
    "Latency",
    "RecallReport",
    "Shares",
    "found_in",
    "index_of",
    "measure",
    "shares_of",
]

DEPTHS = (1, 5, 10, 20)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a question's evidence stood; ranks are 0-based, in ascending order."""

    category: str
    messages: tuple[int, ...]
    sessions: tuple[int, ...]
    message_count: int
    """Pieces of evidence there are."""
    session_count: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Percent of questions whose evidence was among the first k, by k (as text: "5")."""

    questions: int
    messages_any: dict[str, float]
    messages_all: dict[str, float]
    sessions_any: dict[str, float]
    sessions_all: dict[str, float]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds; a search includes the question's embedding."""

    search_p50_ms: float
    search_p95_ms: float
    build_ms_per_1000: float
    """Of entries, embedding included."""


class RecallReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, with what."""

    data: str
    """File name."""
    embedder: str
    weights: dict[str, str]
    """Where the weights come from."""
    histories: int
    messages: int
    overall: Shares
    by_category: dict[str, Shares]
    latency: Latency

    def to_json(self) -> bytes:
        """Indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    def to_table(self) -> str:
        """The figures as plain text, 100 columns."""
        shares = {"all": self.overall, **self.by_category}
        head = f"{self.data}: {self.histories} histories, {self.messages} messages, {self.embedder}"
        columns = [f"{what} {how}@{k}" for what, how, k in _COLUMNS]
        width = max(len(name) for name in shares)
        lines = [head, " ".join([f"{'':{width}} {'n':>5}", *(f"{c:>14}" for c in columns)])]
        lines += [
            " ".join([f"{name:{width}} {s.questions:5}", *(f"{v:14.1f}" for v in _picked(s))])
            for name, s in shares.items()
        ]
        t = self.latency
        lines.append(
            f"search p50 {t.search_p50_ms:.2f} ms, p95 {t.search_p95_ms:.2f} ms; "
            f"building {t.build_ms_per_1000:.1f} ms per 1,000 messages"
        )
        return "\n".join(lines)


_COLUMNS = (
    ("messages", "any", 10),
    ("messages", "all", 5),
    ("messages", "all", 10),
    ("sessions", "any", 5),
    ("sessions", "all", 5),
)


def measure(path: Path | str, *, embedder: Embedder, tier: Embedder | None = None) -> RecallReport:
    """Ask every question of a data file and report what was found.

    Args:
        path: of the data file.
        embedder: what every index has.
        tier: what is compared by beside it.

    Raises:
        BadInput: the file is not of the shared format.
        OSError: it cannot be read.
    """
    path = Path(path)
    found: list[Found] = []
    searches: list[float] = []
    histories, messages, building = 0, 0, 0.0
    for history in read_histories(path):
        index, seconds = _built(history, embedder, tier)
        histories, messages, building = histories + 1, messages + len(index), building + seconds
        for one, elapsed in _asked(history, index):
            found.append(one)
            searches.append(elapsed)
    weights = shipped_weights().provenance
    return RecallReport(
        data=path.name,
        embedder=(tier or embedder).name,
        weights={key: str(weights[key]) for key in ("made", "method") if key in weights},
        histories=histories,
        messages=messages,
        overall=shares_of(found),
        by_category={
            category: shares_of(one for one in found if one.category == category)
            for category in sorted({one.category for one in found})
        },
        latency=Latency(
            search_p50_ms=_percentile_ms(searches, 50),
            search_p95_ms=_percentile_ms(searches, 95),
            build_ms_per_1000=building / max(messages, 1) * 1e6,
        ),
    )


def found_in(
    history: History,
    index: VaultIndex,
    question: Question,
    *,
    messages: Fusion | None = None,
    sessions: Fusion | None = None,
) -> Found:
    """Where a question's evidence stands; with other weights than the shipped ones if given."""
    ask = Ask(
        question=question.question,
        now=now_of(history, question),
        limit=max(DEPTHS),
        include="messages",
    )
    hits = [hit.id for hit in rank(ask, index, fusion=messages)]
    ranked = rank_sessions(ask, index, fusion=sessions, message_fusion=messages)
    return Found(
        category=question.category,
        messages=_ranks(set(question.evidence_messages), hits),
        sessions=_ranks(set(question.evidence_sessions), [one.session_id for one in ranked]),
        message_count=len(set(question.evidence_messages)),
        session_count=len(set(question.evidence_sessions)),
    )


def shares_of(found: Iterable[Found]) -> Shares:
    """Percentages over questions; 0 when there are none."""
    every = list(found)
    return Shares(
        questions=len(every),
        messages_any={
            str(k): _percent(any(r < k for r in f.messages) for f in every) for k in DEPTHS
        },
        messages_all={
            str(k): _percent(sum(r < k for r in f.messages) == f.message_count for f in every)
            for k in DEPTHS
        },
        sessions_any={
            str(k): _percent(any(r < k for r in f.sessions) for f in every) for k in DEPTHS
        },
        sessions_all={
            str(k): _percent(sum(r < k for r in f.sessions) == f.session_count for f in every)
            for k in DEPTHS
        },
    )


def index_of(
    entries: Iterable[Entry], embedder: Embedder, tier: Embedder | None = None
) -> VaultIndex:
    """An index of these, with all that a tier owes paid."""
    listed = list(entries)
    index = VaultIndex(embedder, tiers=() if tier is None else (tier,))
    index.add(listed)
    texts = {entry.id: entry.text for entry in listed}
    while index.is_owing:
        index.pay(texts, 256)
    return index


def _built(history: History, embedder: Embedder, tier: Embedder | None) -> tuple[VaultIndex, float]:
    entries = entries_of(history)
    start = time.perf_counter()
    index = index_of(entries, embedder, tier)
    index.search("warm")  # sorts the postings, which belongs to building
    return index, time.perf_counter() - start


def _asked(history: History, index: VaultIndex) -> Iterator[tuple[Found, float]]:
    """Each question's evidence and how long one search for it took, in seconds."""
    for question in scored_questions(history):
        ask = Ask(question=question.question, now=now_of(history, question))
        start = time.perf_counter()
        rank(ask, index)
        elapsed = time.perf_counter() - start
        yield found_in(history, index, question), elapsed


def _ranks(wanted: set[str], hits: list[str]) -> tuple[int, ...]:
    return tuple(at for at, hit in enumerate(hits) if hit in wanted)


def _percent(outcomes: Iterable[bool]) -> float:
    every = list(outcomes)
    return round(100 * sum(every) / max(len(every), 1), 2)


def _percentile_ms(seconds: list[float], percent: float) -> float:
    return round(float(np.percentile(seconds or [0.0], percent)) * 1000, 3)


def _picked(shares: Shares) -> list[float]:
    return [getattr(shares, f"{what}_{how}")[str(k)] for what, how, k in _COLUMNS]
