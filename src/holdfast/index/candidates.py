"""The cut to candidates: the rows that score highest, alone and together with their neighbours.

Every cut is exact. What makes it fast is a floor that the wanted rows cannot lie below, found from
the highest values of disjoint groups of rows: only what reaches it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.order import SessionOrder
from holdfast.index.scoring import AFTER_SHARE, BEFORE_SHARE, gathered

__all__ = ["Admitted", "best_rows", "best_windows"]

_Rows: TypeAlias = NDArray[np.intp]
_First: TypeAlias = Callable[[_Rows, int], _Rows]
_GROUPS = 16
"""Times as many groups as rows are wanted: fewer set the floor lower, more cost more."""
_SPARSE = 200
"""Of so many rows or more one is looked at: then sorting a few costs less than marking all."""
_WINDOW = (1 + BEFORE_SHARE + AFTER_SHARE) * (1 + 1e-5)
"""A window's score is at most so many times the highest score in it, rounding included."""


class Admitted:
    """The rows a search may answer with."""

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self.mask = mask
        self.count = int(np.count_nonzero(mask))
        self.everything = self.count == len(mask)

    def only(self, rows: _Rows) -> _Rows:
        """Those of the rows that are admitted."""
        return rows if self.everything else rows[self.mask[rows]]

    def masked(self, scores: Floats) -> Floats:
        """The scores, 0 where a row is not admitted."""
        return scores if self.everything else np.where(self.mask, scores, np.float32(0))


def best_rows(scores: Floats, admitted: Admitted, *, size: int, first: _First) -> _Rows:
    """The `size` admitted rows of the highest scores above 0, in no particular order.

    `first` decides among equals at the cut: it gives the first so many of the rows it is given.
    """
    eligible = admitted.masked(scores)
    rows = _at_least(eligible, _floor(eligible, size))
    return _cut(rows, eligible[rows], size, first)


def best_windows(
    scores: Floats, order: SessionOrder, admitted: Admitted, *, size: int, first: _First
) -> _Rows:
    """As `best_rows`, by each row's score with its shares of its neighbours'."""
    rows = _promising(scores, order, admitted, size)
    if rows is None:
        rows = np.flatnonzero(admitted.mask)
    values = _windows(scores, order, rows)
    scored = values > 0
    return _cut(rows[scored], values[scored], size, first)


def _promising(scores: Floats, order: SessionOrder, admitted: Admitted, size: int) -> _Rows | None:
    """Few rows, ascending, that hold the best `size` windows; None when nothing spares the rest."""
    floor = _floor(scores, size)
    if not floor > 0:
        return None
    tops = _at_least(scores, floor)
    if len(tops) * 4 > len(scores):
        return None
    windows = _windows(scores, order, admitted.only(_with_neighbours(tops, order)))
    if len(windows) < size:
        return None
    lowest = float(np.partition(windows, len(windows) - size)[len(windows) - size])
    if lowest <= 0:
        return None
    # A window as good as that has a row in it that is at least so good.
    rows = _at_least(scores, np.float32(lowest / _WINDOW))
    if len(rows) * 4 > len(scores):
        return None
    return admitted.only(_with_neighbours(rows, order))


def _windows(scores: Floats, order: SessionOrder, rows: _Rows) -> Floats:
    windows: Floats = scores[rows]
    windows += BEFORE_SHARE * gathered(scores, order.before[rows])
    windows += AFTER_SHARE * gathered(scores, order.after[rows])
    return windows


def _with_neighbours(rows: _Rows, order: SessionOrder) -> _Rows:
    """The rows and those before and after them, ascending, each once."""
    found: _Rows
    near = rows, order.before[rows], order.after[rows]
    if len(rows) * _SPARSE < len(order):
        found = np.unique(np.concatenate(near)).astype(np.intp)
        return found[1:] if len(found) and found[0] < 0 else found
    marked = np.zeros(len(order) + 1, bool)
    for each in near:
        marked[each] = True  # no neighbour is -1, the one place too many
    found = np.flatnonzero(marked[:-1])
    return found


def _floor(scores: Floats, size: int) -> np.float32:
    """A value that at least `size` rows reach; 0 when it is not worth looking for one."""
    groups = size * _GROUPS
    if len(scores) < 4 * groups:
        return np.float32(0)
    depth = len(scores) // groups
    highest = scores[: depth * groups].reshape(depth, groups).max(axis=0)
    return np.float32(np.partition(highest, groups - size)[groups - size])


def _at_least(scores: Floats, floor: np.float32) -> _Rows:
    rows: _Rows = np.flatnonzero(scores >= floor if floor > 0 else scores > 0)
    return rows


def _cut(rows: _Rows, values: Floats, size: int, first: _First) -> _Rows:
    if len(rows) <= size:
        return rows
    edge = np.partition(values, len(values) - size)[len(values) - size]
    above, equal = rows[values > edge], rows[values == edge]
    if len(above) + len(equal) > size:
        equal = first(equal, size - len(above))
    chosen: _Rows = np.concatenate([above, equal])
    return chosen
