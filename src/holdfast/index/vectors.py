"""Exact vector search over one vault: every row is compared, nothing is approximated.

Rows are kept as 8-bit integers with one scale each, and so is the question. A product of two such
rows sums at most dims * 127 * 127 < 2**24, which float32 holds exactly (rows of more than 1,024
numbers are kept a little coarser for that): the similarity of a row is
the same number wherever the row stands and however the product is blocked. That is what lets an
index built piece by piece equal one built at once, at a quarter of the memory. The rounding costs
0.003 of cosine at most.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.growing import Growing

__all__ = ["Vectors"]

_BLOCK_ROWS = 2048
"""2 MB of float32 at 256 dimensions: the block stays in the second-level cache."""
_GROUP_NUMBERS = 8192
"""So much goes to the linear algebra library in one call: too little for it to spread over threads.
Those spin: under load a search took ten times as long (2026-11)."""
_SHARED_ROWS = 32_768
"""From here on a second thread takes blocks, too: 6 ms of 100,000 rows become 3 to 4."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_CORES = _cores()


class Vectors:
    """Unit rows, numbered from 0 in order of `extend`. One search at a time."""

    def __init__(self, dims: int) -> None:
        self._rows = Growing(np.int8, width=dims)
        self._scales = Growing(np.float32)
        self._products = Growing(np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + self._scales.nbytes + self._products.nbytes

    def extend(self, rows: Floats) -> None:
        """Append; shape (n, dims), rows of length 1 or 0."""
        whole, scales = _quantised(rows)
        self._rows.extend(whole.astype(np.int8))
        self._scales.extend(scales)
        self._products.extend(np.zeros(len(rows)))

    def similarities(self, question: Floats) -> Floats:
        """Cosine of each row to a unit vector of shape (dims,); shape (n,), within [-1, 1].

        The array is used again by the next search.
        """
        whole, scales = _quantised(question[None, :])
        rows = self._rows.used
        products = self._products.used
        # Counting is one step under the interpreter's lock: no block is taken twice.
        starts = itertools.count(0, _BLOCK_ROWS)
        work = partial(_multiply, rows, whole[0], products, starts)
        helping = _helper().submit(work) if len(rows) >= _SHARED_ROWS and _CORES > 1 else None
        work()
        if helping is not None and not helping.cancel():
            helping.result()
        products *= self._scales.used
        products *= scales[0]
        return products

    def similarities_of(self, rows: NDArray[np.intp], question: Floats) -> Floats:
        """As `similarities`, of a few rows."""
        whole, scales = _quantised(question[None, :])
        products = np.vecdot(self._rows.used[rows].astype(np.float32), whole[0])
        found: Floats = products * self._scales.used[rows] * scales[0]
        return found

    def second_opinion(self, rows: NDArray[Any], question: Floats) -> Floats:
        """Nobody else was asked: 0 for all. See `holdfast.index.tiers.Compared`."""
        return np.zeros(rows.shape, np.float32)

    def put(self, row: int, vector: Floats) -> None:
        """Another vector for a row."""
        whole, scales = _quantised(vector[None, :])
        self._rows.used[row] = whole[0]
        self._scales.used[row] = scales[0]

    def forget(self, rows: list[int]) -> None:
        """These rows are similar to nothing from now on: 0."""
        self._scales.used[rows] = 0

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Hold only these rows, renumbered in this order."""
        self._rows.replace(self._rows.used[rows])
        self._scales.replace(self._scales.used[rows])
        self._products.replace(np.zeros(len(rows)))

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps."""
        return {"rows": self._rows.used, "scales": self._scales.used}

    def restore(self, rows: NDArray[Any], scales: NDArray[Any]) -> None:
        """Hold what `state` gave."""
        self._rows.replace(rows)
        self._scales.replace(scales)
        self._products.replace(np.zeros(len(rows)))


def _multiply(
    rows: NDArray[np.int8], question: Floats, products: Floats, starts: Iterator[int]
) -> None:
    """Products of the blocks that nobody else has taken."""
    block = _block(rows.shape[1])
    for start in starts:
        part = rows[start : start + _BLOCK_ROWS]
        if not len(part):
            return
        size = len(part)
        np.copyto(block[:size], part)
        group = max(1, _GROUP_NUMBERS // rows.shape[1])
        whole = size - size % group
        grouped = block[:whole].reshape(-1, group, rows.shape[1])
        into = products[start : start + whole].reshape(-1, group, 1)
        np.matmul(grouped, question[:, None], out=into)
        np.vecdot(block[whole:size], question, out=products[start + whole : start + size])


def _block(dims: int) -> Floats:
    """Room for a block as float32, of the calling thread."""
    blocks = _rooms.__dict__.setdefault("blocks", {})
    if dims not in blocks:
        blocks[dims] = np.empty((_BLOCK_ROWS, dims), np.float32)
    block: Floats = blocks[dims]
    return block


_rooms = threading.local()


@cache
def _helper() -> ThreadPoolExecutor:
    """One thread for all indexes: a busy machine is not made busier."""
    return ThreadPoolExecutor(1, thread_name_prefix="holdfast-vectors")


def _quantised(rows: Floats) -> tuple[Floats, Floats]:
    """Whole numbers of at most 127 and the scale that makes them the rows again."""
    highest = min(127, isqrt((2**24 - 1) // rows.shape[1]))
    peaks = np.abs(rows).max(axis=1, initial=0.0)
    scales = np.where(peaks > 0, peaks / highest, 1).astype(np.float32)
    return np.rint(rows / scales[:, None]), scales
