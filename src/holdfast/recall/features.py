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
from holdfast.index.happenings import NEVER
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
    term_weights: Floats
    """Share of the question's rarity that each term has, none for names of speakers, unless the
    question is of nothing else; shape (t,)."""
    coverage: NDArray[Any]
    """Share of the question's rarity that the message, its predecessor, its successor hold;
    shape (3, c)."""


def matrix(evidence: Evidence, question: Question) -> Floats:
    """Every feature of every candidate; shape (c, len(FEATURES))."""
    weights = _weights_of_terms(evidence, question)
    coverage = _coverage(evidence.counts, weights)
    known = Known(evidence, question, _window(evidence), weights, coverage)
    columns = np.empty((len(evidence), len(FEATURES)), np.float32)
    for at, feature in enumerate(FEATURES.values()):
        columns[:, at] = feature(known)
    return columns


def _window(e: Evidence) -> Floats:
    shares = np.array([1, BEFORE_SHARE, AFTER_SHARE], np.float32)
    counts = np.einsum("s,stc->tc", shares, e.counts)
    lengths = shares @ e.lengths
    mean = e.mean_length * float(shares.sum())
    scores: Floats = e.rarities() @ saturated(counts, lengths[None, :], mean)
    return scores


def _weights_of_terms(e: Evidence, question: Question) -> Floats:
    rarities: Floats = e.rarities()
    named = np.array([term.text in question.name_terms for term in e.terms], bool)
    if not named.all():
        rarities[named] = 0
    shares: Floats = rarities / np.float32(max(float(rarities.sum()), 1e-6))
    return shares


def _coverage(counts: Floats, weights: Floats) -> NDArray[Any]:
    """Weight of the terms that occur; the last axis is kept."""
    held: NDArray[Any] = np.moveaxis(counts > 0, -2, -1).astype(np.float32) @ weights
    return held


def _share(scores: NDArray[Any], best: float) -> NDArray[Any]:
    return scores / np.float32(max(best, 1e-6))


def _or_own(k: Known, of_session: NDArray[Any], own: NDArray[Any]) -> NDArray[Any]:
    """A memory stands alone: what it says itself takes the place of its session."""
    return np.where(k.evidence.is_memory, own, of_session)


def _flag(k: Known, bit: int) -> NDArray[Any]:
    return (k.evidence.shapes & bit > 0).astype(np.float32)


def _by_assistant(k: Known) -> NDArray[Any]:
    """Not a person's own words: the assistant's, a tool's, the system's."""
    spoken = np.array([role != "user" for role in k.evidence.roles], bool)
    return (spoken & ~k.evidence.is_memory).astype(np.float32)


def _names_speaker(k: Known) -> NDArray[Any]:
    named = k.question.named
    return np.array([speaker in named for speaker in k.evidence.speakers], np.float32)


def _names_another(k: Known) -> NDArray[Any]:
    named = k.question.named
    if not named:
        return np.zeros(len(k.evidence), np.float32)
    return np.array([speaker not in named for speaker in k.evidence.speakers], np.float32)


def _newer(k: Known) -> NDArray[Any]:
    """From 0 for the oldest of the candidates to 1 for the newest; they come newest first."""
    at = k.evidence.at_ms.astype(np.float64)
    if not len(at) or not k.question.wants_latest:
        return np.zeros(len(at), np.float32)
    newer: NDArray[Any] = (at - at.min()) / max(float(at.max() - at.min()), 1.0)
    return newer


def _only_then(k: Known) -> NDArray[Any]:
    """Said within a time of the question; the more, the less of the rest was said near it."""
    near = k.question.nearness(k.evidence.at_ms, days=1)
    share = max(float(near.mean()), 1e-3) if len(near) else 1.0
    within: NDArray[Any] = (near > 0.999) * np.float32(-np.log(share) / 5)
    return within


def _happened(k: Known, days: float) -> NDArray[Any]:
    """Nearness of what a message speaks of ("yesterday we went") to a time of the question."""
    start, end = k.evidence.happened_ms
    return np.where(start == NEVER, np.float32(0), k.question.overlap(start, end, days=days))


def _words_of(k: Known, which: int) -> NDArray[Any]:
    """Length of the message or a neighbour, in the same measure as `length`."""
    words: NDArray[Any] = np.log1p(np.minimum(k.evidence.lengths[which], _LONG)) / 5
    return words


def _standard(scores: NDArray[Any]) -> NDArray[Any]:
    """Deviations from the mean of the candidates."""
    exact = scores.astype(np.float64)
    return (exact - exact.mean()) / max(float(exact.std()), 1e-6) if len(exact) else exact


_LONG = 150
"""Words; a longer message is not likelier still to hold the answer."""

FEATURES: dict[str, Callable[[Known], NDArray[Any]]] = {
    "bm25": lambda k: _share(k.evidence.bm25[0], k.evidence.bm25_spread.best),
    "bm25_z": lambda k: k.evidence.bm25_spread.standard(k.evidence.bm25[0]),
    "bm25_before": lambda k: _share(k.evidence.bm25[1], k.evidence.bm25_spread.best),
    "bm25_after": lambda k: _share(k.evidence.bm25[2], k.evidence.bm25_spread.best),
    "window": lambda k: _share(k.window, float(k.window.max(initial=0.0))),
    "window_z": lambda k: _standard(k.window),
    "coverage": lambda k: k.coverage[0],
    "coverage_window": lambda k: _coverage(k.evidence.counts.max(axis=0), k.term_weights),
    "session": lambda k: _or_own(
        k,
        _share(k.evidence.session_bm25, k.evidence.session_best_bm25),
        _share(k.evidence.bm25[0], k.evidence.bm25_spread.best),
    ),
    "session_coverage": lambda k: _or_own(
        k, _coverage(k.evidence.session_counts, k.term_weights), k.coverage[0]
    ),
    "cosine": lambda k: k.evidence.cosine[0],
    "cosine_z": lambda k: k.evidence.cosine_spread.standard(k.evidence.cosine[0]),
    "cosine_before": lambda k: k.evidence.cosine[1],
    "cosine_after": lambda k: k.evidence.cosine[2],
    "cosine_light": lambda k: k.evidence.cosine_light[0],
    "cosine_light_before": lambda k: k.evidence.cosine_light[1],
    "cosine_light_after": lambda k: k.evidence.cosine_light[2],
    "cosine_2_before": lambda k: k.evidence.cosine_far[0],
    "cosine_2_after": lambda k: k.evidence.cosine_far[1],
    "window_squared": lambda k: np.square(_share(k.window, float(k.window.max(initial=0.0)))),
    "words_and_meaning": lambda k: (
        np.maximum(k.evidence.cosine[0], 0) * _share(k.window, float(k.window.max(initial=0.0)))
    ),
    "session_cosine": lambda k: _or_own(k, k.evidence.session_cosine, k.evidence.cosine[0]),
    "names_speaker": _names_speaker,
    "names_another": _names_another,
    "by_assistant": _by_assistant,
    "pairs": lambda k: k.evidence.pairs,
    "title": lambda k: _coverage(k.evidence.title_counts, k.term_weights),
    "length": lambda k: _words_of(k, 0),
    "length_before": lambda k: _words_of(k, 1),
    "length_after": lambda k: _words_of(k, 2),
    "asks": lambda k: _flag(k, ASKS),
    "after_question": lambda k: k.evidence.after_question.astype(np.float32),
    "of_oneself": lambda k: (
        np.minimum(k.evidence.selves.astype(np.float32) / 100, 1.5) * (1 - _by_assistant(k))
    ),
    "has_number": lambda k: _flag(k, HAS_NUMBER) * k.question.wants_number,
    "has_date": lambda k: _flag(k, HAS_DATE) * k.question.wants_date,
    "said_then": lambda k: k.question.nearness(k.evidence.at_ms, days=1),
    "said_around": lambda k: k.question.nearness(k.evidence.at_ms, days=14),
    "only_then": _only_then,
    "happened_then": lambda k: _happened(k, days=1),
    "happened_around": lambda k: _happened(k, days=14),
    "newer": _newer,
    "answers_you": lambda k: _by_assistant(k) * k.question.to_assistant,
    "opens": lambda k: ~k.evidence.is_memory / (1 + k.evidence.seqs.astype(np.float32)),
}
"""In the order of the matrix. Names are kept in the weights file: add and remove, never rename."""
