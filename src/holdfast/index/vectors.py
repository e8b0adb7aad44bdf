"""Exact vector search over one vault: every row is compared, nothing is approximated.

Rows are kept as 8-bit integers with one scale each, and so is the question. A product of two such
rows sums at most 1,024 * 127 * 127 < 2**24, which float32 holds exactly: the similarity of a row is
the same number wherever the row stands and however the product is blocked. That is what lets an
index built piece by piece equal one built at once, at a quarter of the memory. The rounding costs
0.003 of cosine at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.growing import Growing

__all__ = ["Vectors"]

_BLOCK_ROWS = 2048
"""2 MB of float32 at 256 dimensions: the block stays in the second-level cache."""


class Vectors:
    """Unit rows, numbered from 0 in order of `extend`. One search at a time."""

    def __init__(self, dims: int) -> None:
        self._rows = Growing(np.int8, width=dims)
        self._scales = Growing(np.float32)
        self._block = np.empty((_BLOCK_ROWS, dims), np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + self._scales.nbytes + self._block.nbytes

    def extend(self, rows: Floats) -> None:
        """Append; shape (n, dims), rows of length 1 or 0."""
        whole, scales = _quantised(rows)
        self._rows.extend(whole.astype(np.int8))
        self._scales.extend(scales)

    def similarities(self, question: Floats) -> Floats:
        """Cosine of each row to a unit vector of shape (dims,); shape (n,), within [-1, 1]."""
        whole, scales = _quantised(question[None, :])
        rows = self._rows.used
        products = np.empty(len(rows), np.float32)
        block = self._block
        for start in range(0, len(rows), _BLOCK_ROWS):
            part = rows[start : start + _BLOCK_ROWS]
            np.copyto(block[: len(part)], part)
            # Not a matrix product: the linear algebra library would spread it over threads that
            # spin, and under load a search took ten times as long (median equal, 2026-11).
            np.vecdot(block[: len(part)], whole[0], out=products[start : start + len(part)])
        products *= self._scales.used
        products *= scales[0]
        return products

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Hold only these rows, renumbered in this order."""
        self._rows.replace(self._rows.used[rows])
        self._scales.replace(self._scales.used[rows])

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps."""
        return {"rows": self._rows.used, "scales": self._scales.used}

    def restore(self, rows: NDArray[Any], scales: NDArray[Any]) -> None:
        """Hold what `state` gave."""
        self._rows.replace(rows)
        self._scales.replace(scales)


def _quantised(rows: Floats) -> tuple[Floats, Floats]:
    """Whole numbers in [-127, 127] and the scale that makes them the rows again."""
    peaks = np.abs(rows).max(axis=1, initial=0.0)
    scales = np.where(peaks > 0, peaks / 127, 1).astype(np.float32)
    return np.rint(rows / scales[:, None]), scales
