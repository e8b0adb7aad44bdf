"""Whether a question is answered at all by what was found: "nothing relevant" is an answer, too.

The best hit always exists; it may be worth nothing. A second, even smaller sum over the best hits
says how likely it is that one of them belongs to the answer. It was learned from questions asked
of vaults that hold the answer and of the same vaults without the conversations that do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.recall.features import FEATURES

__all__ = ["CONFIDENCE_FEATURES", "NOTHING", "best_facts", "probability"]

NOTHING = 0.2
"""Below this nothing that was found is likely to answer."""
_LOOKED_AT = 5
_BEST = ("coverage", "coverage_window", "cosine", "cosine_z", "bm25_z", "pairs")
_AT = [list(FEATURES).index(name) for name in _BEST]
CONFIDENCE_FEATURES = (
    "score",
    "lead",
    "known_words",
    *_BEST,
)
"""The best score; by how much it leads the tenth; the share of the question's words that the vault
knows; the highest of the first five hits' features."""


def best_facts(evidence: Evidence, features: Floats, scores: NDArray[np.float64]) -> Floats:
    """What the confidence rests on; shape (1, len(CONFIDENCE_FEATURES)).

    Args:
        evidence: of at least one candidate.
        features: shape (c, len(FEATURES)).
        scores: shape (c,).
    """
    order = np.argsort(-scores, kind="stable")
    first, tenth = scores[order[0]], scores[order[min(9, len(order) - 1)]]
    known = len(evidence.terms) / max(evidence.asked_words, 1)
    highest = features[order[:_LOOKED_AT]][:, _AT].max(axis=0)
    found: Floats = np.array([[first, first - tenth, known, *highest]], np.float32)
    return found


def probability(log_odds: NDArray[Any]) -> float:
    """Of one sum."""
    return float(1 / (1 + np.exp(-np.clip(log_odds[0], -30, 30))))
