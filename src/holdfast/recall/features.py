"""Evidence as named numbers, one row for each candidate.

Every feature is plain arithmetic on what the index found; none knows a data set. A number that is
compared between vaults is either a share of the best in its vault or counted in deviations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.index.scoring import AFTER_SHARE, BEFORE_SHARE, saturated
from holdfast.index.shapes import ASKS, HAS_DATE, HAS_NUMBER
from holdfast.recall.questions import Question

__all__ = ["FEATURES", "Known", "matrix"]


@dataclass(frozen=True, slots=True)
class Known:
    """All that a feature may look at."""

    evidence: Evidence
    question: Question
    window: Floats
    """BM25 of the message with shares of its neighbours' words; shape (c,)."""
    coverage: Floats
    """Share of the question's rarity that the message, its predecessor, its successor hold;
    shape (3, c)."""


def matrix(evidence: Evidence, question: Question) -> Floats:
    """Every feature of every candidate; shape (c, len(FEATURES))."""
    known = Known(evidence, question, _window(evidence), _coverage(evidence, evidence.counts))
    columns = [np.asarray(feature(known), np.float32) for feature in FEATURES.values()]
    return np.stack(columns, axis=1)


def _window(e: Evidence) -> Floats:
    shares = np.array([1, BEFORE_SHARE, AFTER_SHARE], np.float32)
    counts = np.einsum("s,stc->tc", shares, e.counts)
    lengths = shares @ e.lengths
    mean = e.mean_length * float(shares.sum())
    scores: Floats = e.rarities() @ saturated(counts, lengths[None, :], mean)
    return scores


def _coverage(e: Evidence, counts: Floats) -> Floats:
    """Rarity of the terms that occur, as a share of all the question's; last axis kept."""
    rarities = e.rarities()
    total = max(float(rarities.sum()), 1e-6)
    held: Floats = np.moveaxis(counts > 0, -2, -1).astype(np.float32) @ (
        rarities / np.float32(total)
    )
    return held


def _share(scores: NDArray[Any], best: float) -> NDArray[Any]:
    return scores / np.float32(max(best, 1e-6))


def _flag(k: Known, bit: int) -> NDArray[Any]:
    return (k.evidence.shapes & bit > 0).astype(np.float32)


def _names_speaker(k: Known) -> NDArray[Any]:
    named = k.question.named
    return np.array([speaker in named for speaker in k.evidence.speakers], np.float32)


def _names_another(k: Known) -> NDArray[Any]:
    named = k.question.named
    if not named:
        return np.zeros(len(k.evidence), np.float32)
    return np.array([speaker not in named for speaker in k.evidence.speakers], np.float32)


def _standard(scores: NDArray[Any]) -> NDArray[Any]:
    """Deviations from the mean of the candidates."""
    exact = scores.astype(np.float64)
    return (exact - exact.mean()) / max(float(exact.std()), 1e-6) if len(exact) else exact


FEATURES: dict[str, Callable[[Known], NDArray[Any]]] = {
    "bm25": lambda k: _share(k.evidence.bm25[0], k.evidence.bm25_spread.best),
    "bm25_z": lambda k: k.evidence.bm25_spread.standard(k.evidence.bm25[0]),
    "bm25_before": lambda k: _share(k.evidence.bm25[1], k.evidence.bm25_spread.best),
    "bm25_after": lambda k: _share(k.evidence.bm25[2], k.evidence.bm25_spread.best),
    "window": lambda k: _share(k.window, float(k.window.max(initial=0.0))),
    "window_z": lambda k: _standard(k.window),
    "coverage": lambda k: k.coverage[0],
    "coverage_window": lambda k: _coverage(k.evidence, k.evidence.counts.max(axis=0)),
    "session": lambda k: _share(k.evidence.session_bm25, k.evidence.session_best_bm25),
    "session_coverage": lambda k: _coverage(k.evidence, k.evidence.session_counts),
    "cosine": lambda k: k.evidence.cosine[0],
    "cosine_z": lambda k: k.evidence.cosine_spread.standard(k.evidence.cosine[0]),
    "cosine_before": lambda k: k.evidence.cosine[1],
    "cosine_after": lambda k: k.evidence.cosine[2],
    "session_cosine": lambda k: k.evidence.session_cosine,
    "names_speaker": _names_speaker,
    "names_another": _names_another,
    "by_assistant": lambda k: np.array([role == "assistant" for role in k.evidence.roles]),
    "length": lambda k: np.log1p(k.evidence.lengths[0]) / 5,
    "asks": lambda k: _flag(k, ASKS),
    "has_number": lambda k: _flag(k, HAS_NUMBER) * k.question.wants_number,
    "has_date": lambda k: _flag(k, HAS_DATE) * k.question.wants_date,
    "said_then": lambda k: k.question.nearness(k.evidence.at_ms),
    "opens": lambda k: 1 / (1 + k.evidence.seqs.astype(np.float32)),
}
"""In the order of the matrix. Names are kept in the weights file: add and remove, never rename."""
