"""From a question to ranked messages and memories."""

from __future__ import annotations

import numpy as np

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked, Reason, filter_of
from holdfast.recall.features import matrix
from holdfast.recall.fusion import Fusion, shipped
from holdfast.recall.questions import Question, read

__all__ = ["rank"]

_SCORE_DIGITS = 6
"""Scores nearer than this are equal, and content decides: floating-point sums over the vault
depend in their last digits on the order in which it was filled."""
_MAX_REASONS = 4


def rank(ask: Ask, index: VaultIndex, *, fusion: Fusion | None = None) -> list[Ranked]:
    """The best answers first; equals by time, newest first.

    Args:
        ask: what is asked.
        index: of the vault that is asked.
        fusion: other weights than the shipped ones.

    Raises:
        BadInput: see `Ask`.
    """
    where = filter_of(ask)
    weights = fusion or shipped()
    needed = ask.offset + ask.limit
    evidence = index.search(ask.question, where=where, pool=max(600, 3 * needed))
    if not len(evidence):
        return []
    question = read(ask.question, now=ask.now, speakers=evidence.known_speakers)
    features = matrix(evidence, question)
    parts = weights.parts(features, evidence.among_people)
    scores = np.round(weights.scores(parts, evidence.among_people), _SCORE_DIGITS)
    order = np.argsort(-scores, kind="stable")[ask.offset : needed]
    return [
        Ranked(
            id=evidence.ids[at],
            session_id=evidence.session_ids[at],
            seq=int(evidence.seqs[at]),
            is_memory=bool(evidence.is_memory[at]),
            score=float(scores[at]),
            reasons=_reasons(evidence, question, parts[at], at),
        )
        for at in order.tolist()
    ]


def _reasons(evidence: Evidence, question: Question, parts: Floats, at: int) -> tuple[Reason, ...]:
    return ()
