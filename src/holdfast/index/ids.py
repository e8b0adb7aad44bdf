"""The ids of an index's rows: as bytes in one array, found again by their digests.

A dictionary of strings takes 190 bytes an id, this about 60: of a million messages that is an
eighth of the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing

__all__ = ["Ids", "digests_of"]

_LONGEST_TAIL = 4096
"""So many new ids, or a sixteenth of all, lie in a dictionary until they are sorted in."""
_TAIL_SHARE = 16


def digests_of(ids: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each id that is the same in every process; rarely two have one number."""
    digest = hashlib.blake2b
    joined = b"".join(digest(_encoded(one), digest_size=8).digest() for one in ids)
    return np.frombuffer(joined, ">u8").astype(np.uint64)


class Ids:
    """Ids by row, numbered from 0 in order of `extend`; the same id may have several rows."""

    ARRAYS = ("bytes", "ends", "digests", "sorted")
    """What a snapshot keeps."""

    def __init__(self) -> None:
        self._bytes = Growing(np.uint8)
        self._ends = Growing(np.int64)
        self._digests = Growing(np.uint64)
        self._sorted = np.zeros(0, np.int32)
        # In that order: to look through them in place, numpy would copy all rows at each call.
        self._sorted_digests = np.zeros(0, np.uint64)
        self._tail: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def nbytes(self) -> int:
        arrays = self._bytes, self._ends, self._digests
        return (
            sum(a.nbytes for a in arrays)
            + self._sorted.nbytes
            + self._sorted_digests.nbytes
            + 250 * len(self._tail)
        )

    @property
    def digests(self) -> NDArray[np.uint64]:
        """Of each row's id: orders what is equal in all else, the same in every process."""
        return self._digests.used

    def extend(self, ids: Sequence[str], digests: NDArray[np.uint64]) -> None:
        """Append rows; `digests` are theirs."""
        first = len(self)
        self._append([_encoded(one) for one in ids], digests)
        for row, one in enumerate(ids, start=first):
            self._tail.setdefault(one, []).append(row)
        if len(self._tail) > max(_LONGEST_TAIL, len(self) // _TAIL_SHARE):
            self._sort()

    def rows_of(self, ids: Sequence[str], digests: NDArray[np.uint64]) -> list[tuple[str, int]]:
        """Every row of each of the ids, as (id, row)."""
        found = [(one, row) for one in ids for row in self._tail.get(one, ())]
        ends = [
            np.searchsorted(self._sorted_digests, digests, side=side).tolist()
            for side in ("left", "right")
        ]
        for one, start, end in zip(ids, *ends, strict=True):
            rows = self._sorted[start:end].tolist()
            found += [(one, row) for row in rows if self._raw(row) == _encoded(one)]
        return found

    def texts(self, rows: NDArray[np.intp]) -> list[str]:
        """The ids of these rows."""
        if not len(rows):
            return []
        ends = self._ends.used
        stops, starts = ends[rows], np.where(rows > 0, ends[rows - 1], 0)
        width = int(stops[0] - starts[0])
        if width and np.all(stops - starts == width):  # the usual case: all of one form
            together = self._bytes.used[starts[:, None] + np.arange(width)]
            if together.max() < 128 and together.min() > 0:
                texts: list[str] = together.view(f"S{width}")[:, 0].astype(f"U{width}").tolist()
                return texts
        return [_decoded(self._raw(row)) for row in rows.tolist()]

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Hold only these rows, renumbered in this order."""
        raws, digests = [self._raw(row) for row in rows.tolist()], self._digests.used[rows]
        self.__init__()  # type: ignore[misc]  # as new
        self._append(raws, digests)
        self._sort()

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps, by the names of `ARRAYS`."""
        self._sort()
        arrays = self._bytes.used, self._ends.used, self._digests.used, self._sorted
        return dict(zip(self.ARRAYS, arrays, strict=True))

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave."""
        self._bytes.replace(arrays["bytes"])
        self._ends.replace(arrays["ends"])
        self._digests.replace(arrays["digests"])
        self._sorted = np.array(arrays["sorted"], np.int32)
        self._sorted_digests = self._digests.used[self._sorted]
        self._tail = {}

    def _append(self, raws: Sequence[bytes], digests: NDArray[np.uint64]) -> None:
        sizes = np.fromiter(map(len, raws), np.int64, len(raws))
        self._ends.extend(np.cumsum(sizes) + len(self._bytes))
        self._bytes.extend(np.frombuffer(b"".join(raws), np.uint8))
        self._digests.extend(digests)

    def _raw(self, row: int) -> bytes:
        ends = self._ends.used
        start = int(ends[row - 1]) if row else 0
        return self._bytes.used[start : int(ends[row])].tobytes()

    def _sort(self) -> None:
        # Rows of one digest stay in ascending order, which stable sorting keeps.
        self._sorted = np.argsort(self._digests.used, kind="stable").astype(np.int32)
        self._sorted_digests = self._digests.used[self._sorted]
        self._tail = {}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
