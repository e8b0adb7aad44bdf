"""The arithmetic of a search: BM25, neighbourhoods, and the cut to candidates.

BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, with the
frequencies of Lucene's form, ln(1 + (n - df + 0.5) / (df + 0.5)), which is never negative.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Spread

__all__ = ["AFTER_SHARE", "BEFORE_SHARE", "best_rows", "gathered", "rarity", "saturated", "spread"]

BEFORE_SHARE = 0.5
AFTER_SHARE = 1 / 3
"""What a message's neighbours count in its window: an answer follows its question."""
_K1 = 1.2
_B = 0.75

_Rows = NDArray[np.intp]


def rarity(*, holding: int, among: int) -> float:
    """Inverse document frequency of a term that `holding` of `among` documents contain."""
    return log(1 + (among - holding + 0.5) / (holding + 0.5))


def saturated(counts: NDArray[Any], lengths: NDArray[Any], mean_length: float) -> Floats:
    """BM25's term weight in [0, 2.2): grows ever slower with the count, falls with the length."""
    norm = _K1 * (1 - _B + _B * np.asarray(lengths, np.float32) / np.float32(max(mean_length, 1)))
    weights: Floats = counts * np.float32(_K1 + 1) / (counts + norm + np.float32(1e-9))
    return weights


def spread(scores: Floats, living: int, admitted: NDArray[np.bool_]) -> Spread:
    """Mean and deviation over the living rows, best over the admitted ones.

    Dead rows must score 0. Summed in float64: the order of rows, which depends on the order of
    additions, then shows in the sixteenth digit instead of the seventh.
    """
    exact = scores.astype(np.float64)
    mean = float(exact.sum()) / max(living, 1)
    # Not a dot product: the linear algebra library would wake threads for it.
    variance = float(np.square(exact).sum()) / max(living, 1) - mean * mean
    best = float(scores.max(where=admitted, initial=0.0))
    return Spread(mean=mean, deviation=max(variance, 1e-12) ** 0.5, best=best)


def gathered(values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """values[rows], 0 where the row is -1."""
    if not len(values):
        return np.zeros(rows.shape, values.dtype)
    picked: NDArray[Any] = np.where(rows >= 0, values[rows], values.dtype.type(0))
    return picked


def best_rows(
    scores: Floats, admitted: NDArray[np.bool_], *, size: int, in_order: Callable[[_Rows], _Rows]
) -> _Rows:
    """The `size` admitted rows of the highest scores above 0, in no particular order.

    `in_order` decides among equals at the cut.
    """
    scored: _Rows = np.flatnonzero((scores > 0) & admitted)
    if len(scored) <= size:
        return scored
    values = scores[scored]
    edge = np.partition(values, len(values) - size)[len(values) - size]
    above, equal = scored[values > edge], scored[values == edge]
    if len(above) + len(equal) > size:
        equal = in_order(equal)[: size - len(above)]
    chosen: _Rows = np.concatenate([above, equal])
    return chosen
