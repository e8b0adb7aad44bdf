"""The arithmetic of a search: BM25, neighbourhoods, and how scores are distributed.

BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, with the
frequencies of Lucene's form, ln(1 + (n - df + 0.5) / (df + 0.5)), which is never negative.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Spread

__all__ = ["AFTER_SHARE", "BEFORE_SHARE", "gathered", "rarity", "saturated", "spread"]

BEFORE_SHARE = 0.5
AFTER_SHARE = 1 / 3
"""What a message's neighbours count in its window: an answer follows its question."""
_K1 = 1.2
_B = 0.75
_BLOCK = 16_384


def rarity(*, holding: int, among: int) -> float:
    """Inverse document frequency of a term that `holding` of `among` documents contain."""
    return log(1 + (among - holding + 0.5) / (holding + 0.5))


def saturated(counts: NDArray[Any], lengths: NDArray[Any], mean_length: float) -> Floats:
    """BM25's term weight in [0, 2.2): grows ever slower with the count, falls with the length."""
    norm = _K1 * (1 - _B + _B * np.asarray(lengths, np.float32) / np.float32(max(mean_length, 1)))
    weights: Floats = counts * np.float32(_K1 + 1) / (counts + norm + np.float32(1e-9))
    return weights


def spread(scores: Floats, living: int, admitted: Floats) -> Spread:
    """Mean and deviation over the living rows, best of the admitted ones.

    Args:
        scores: of all rows, 0 where they are dead.
        living: how many are not.
        admitted: the scores of those that are admitted, or 0.
    """
    total, squares = 0.0, 0.0
    # Summed in float64: the order of rows, which depends on the order of additions, then shows in
    # the sixteenth digit instead of the seventh. In blocks, so that it stays in the cache.
    for start in range(0, len(scores), _BLOCK):
        exact = scores[start : start + _BLOCK].astype(np.float64)
        total += float(exact.sum())
        # Not a dot product: the linear algebra library would wake threads for it.
        squares += float(np.square(exact, out=exact).sum())
    mean = total / max(living, 1)
    variance = squares / max(living, 1) - mean * mean
    best = float(admitted.max(initial=0.0))
    return Spread(mean=mean, deviation=max(variance, 1e-12) ** 0.5, best=best)


def gathered(values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """values[rows], 0 where the row is -1."""
    if not len(values):
        return np.zeros(rows.shape, values.dtype)
    picked: NDArray[Any] = np.where(rows >= 0, values[rows], values.dtype.type(0))
    return picked
