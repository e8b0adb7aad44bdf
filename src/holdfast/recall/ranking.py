"""From a question to ranked messages and memories."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.index.queries import parse
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked, filter_of
from holdfast.recall.features import FEATURES, matrix
from holdfast.recall.fusion import Fusion, shipped_weights
from holdfast.recall.questions import Question, read, times_in
from holdfast.recall.reasons import reasons

__all__ = ["Weighed", "rank", "weigh"]

_POOL = 600
"""Candidates looked at closely: enough that the cut costs no evidence on the development data."""
_SCORE_DIGITS = 6
"""Scores nearer than this are equal, and content decides: floating-point sums over the vault
depend in their last digits on the order in which it was filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Candidates with their features and scores, in the order of the evidence."""

    evidence: Evidence
    question: Question
    features: Floats
    """Shape (c, len(FEATURES))."""
    parts: Floats
    """What each feature adds to the score; shape (c, len(FEATURES))."""
    scores: NDArray[np.float64]


def rank(ask: Ask, index: VaultIndex, *, fusion: Fusion | None = None) -> list[Ranked]:
    """The best answers first; equals by time, newest first, then by seq and id.

    Args:
        ask: what is asked.
        index: of the vault that is asked.
        fusion: other weights than the shipped ones.

    Raises:
        BadInput: see `Ask`.
    """
    needed = ask.offset + ask.limit
    weighed = weigh(ask, index, pool=max(_POOL, 3 * needed), fusion=fusion)
    evidence = weighed.evidence
    order = np.argsort(-weighed.scores, kind="stable")[ask.offset : needed].tolist()
    why = reasons(evidence, weighed.question, weighed.parts, order)
    return [
        Ranked(
            id=evidence.ids[at],
            session_id=evidence.session_ids[at],
            seq=int(evidence.seqs[at]),
            is_memory=bool(evidence.is_memory[at]),
            score=float(weighed.scores[at]),
            reasons=of_this,
            marks=evidence.marks,
        )
        for at, of_this in zip(order, why, strict=True)
    ]


def weigh(ask: Ask, index: VaultIndex, *, pool: int, fusion: Fusion | None = None) -> Weighed:
    """Candidates for an ask and what speaks for each, unsorted.

    Raises:
        BadInput: see `Ask`.
    """
    where = filter_of(ask)
    query = parse(ask.question, typing=ask.as_you_type, operators=ask.operators, slips=ask.slips)
    times = times_in(query.text, now=ask.now)
    evidence = index.search(query, where=where, pool=pool, dated=bool(times))
    question = read(query.text, times=times, speakers=evidence.known_speakers)
    features = matrix(evidence, question)
    weights = fusion or _shipped()
    parts = weights.parts(features, evidence.among_people)
    scores = weights.scores(parts, evidence.among_people)
    return Weighed(
        evidence=evidence,
        question=question,
        features=features,
        parts=parts,
        scores=np.round(scores, _SCORE_DIGITS),
    )


@cache
def _shipped() -> Fusion:
    return Fusion(shipped_weights().messages, FEATURES)
