"""Term to rows, in segments of consecutive rows: each is sorted once and then only read.

One list for all would be sorted anew whenever enough was added: three seconds at a million
messages, for which some question would have to wait. A segment is sorted in some tens of
milliseconds at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forward", "Inverted"]

_MOST_ENTRIES = 2_000_000
_Longs: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Forward:
    """The terms of each row, from which everything here is sorted."""

    starts: _Longs
    """Row to its first entry; one more than rows."""
    terms: NDArray[np.int32]
    counts: NDArray[np.uint8]
    known_terms: int


@dataclass(frozen=True, slots=True)
class _Segment:
    first_row: int
    end_row: int
    starts: NDArray[np.int32]
    """Term to its first entry; one more than terms were known."""
    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.rows)


class Inverted:
    """Sorted postings of the rows from 0 to `rows`."""

    ARRAYS = ("inverted_shape", "inverted_starts", "inverted_rows", "inverted_counts")
    """What a snapshot keeps."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []

    @property
    def rows(self) -> int:
        """How many rows are sorted in."""
        return self._segments[-1].end_row if self._segments else 0

    @property
    def nbytes(self) -> int:
        return sum(s.starts.nbytes + s.rows.nbytes + s.counts.nbytes for s in self._segments)

    def sort_in(self, forward: Forward) -> None:
        """Sort the rows in that came since; small segments become larger ones with them."""
        first, size = self.rows, len(forward.terms) - int(forward.starts[self.rows])
        while self._segments and len(self._segments[-1]) <= min(2 * size, _MOST_ENTRIES - size):
            last = self._segments.pop()
            first, size = last.first_row, size + len(last)
        end_row = len(forward.starts) - 1
        while first < end_row:
            most = int(forward.starts[first]) + _MOST_ENTRIES
            end = int(np.searchsorted(forward.starts, most, side="right")) - 1
            end = min(max(end, first + 1), end_row)
            self._segments.append(_sorted(forward, first, end))
            first = end

    def sort_anew(self, forward: Forward) -> None:
        """Sort all rows."""
        self._segments = []
        self.sort_in(forward)

    def of(self, term: int) -> list[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
        """Rows that hold a term, ascending, and how often, in pieces."""
        found = []
        for segment in self._segments:
            if term + 1 < len(segment.starts):
                start, end = segment.starts[term : term + 2].tolist()
                if start < end:
                    found.append((segment.rows[start:end], segment.counts[start:end]))
        return found

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps, by the names of `ARRAYS`."""
        segments = self._segments
        shape = [(s.first_row, s.end_row, len(s.starts), len(s)) for s in segments]
        arrays = (
            np.array(shape, np.int64).reshape(-1, 4),
            np.concatenate([np.zeros(0, np.int32), *(s.starts for s in segments)]),
            np.concatenate([np.zeros(0, np.int32), *(s.rows for s in segments)]),
            np.concatenate([np.zeros(0, np.uint8), *(s.counts for s in segments)]),
        )
        return dict(zip(self.ARRAYS, arrays, strict=True))

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave."""
        shape, starts, rows, counts = (arrays[name] for name in self.ARRAYS)
        self._segments = []
        start = entry = 0
        for first_row, end_row, terms, size in shape.tolist():
            piece, entries = slice(start, start + terms), slice(entry, entry + size)
            self._segments.append(
                _Segment(
                    first_row,
                    end_row,
                    starts[piece].copy(),
                    rows[entries].copy(),
                    counts[entries].copy(),
                )
            )
            start, entry = piece.stop, entries.stop


def _sorted(forward: Forward, first: int, end: int) -> _Segment:
    """The segment of the rows from `first` to before `end`."""
    starts = forward.starts[first : end + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    terms = forward.terms[entries]
    rows = np.repeat(np.arange(first, end, dtype=np.int64), np.diff(starts))
    # Rows and counts ride in the low bits of one key: sorting plain integers takes a third of the
    # time of an argsort and a gather.
    keys = (terms.astype(np.int64) << 40) | (rows << 8) | forward.counts[entries]
    keys.sort()
    per_term = np.bincount(terms, minlength=forward.known_terms)
    return _Segment(
        first,
        end,
        np.concatenate([[0], np.cumsum(per_term)]).astype(np.int32),
        ((keys >> 8) & 0xFFFFFFFF).astype(np.int32),
        (keys & 0xFF).astype(np.uint8),
    )
