"""Which rows hold which terms, and how often.

Two forms of the same facts. The forward lists (row > terms) only grow and are the truth; the
inverted lists (term > rows) are sorted from them. What was added since the last sort is found by
scanning the forward lists' tail, which is kept short enough that a scan costs microseconds. So
adding is appending, and nothing has to be merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Ints
from holdfast.index.growing import Growing
from holdfast.index.shapes import ASKS, asks, shape_of_term
from holdfast.index.words import surfaces, term_of

__all__ = ["Postings"]

_LONGEST_TAIL = 48_000
"""Forward entries scanned per question term: 20 microseconds."""
_TAIL_SHARE = 16
"""The tail may also be this part of the whole, so that sorting stays rare in a big index."""
_MAX_KNOWN_SURFACES = 300_000


class _Surfaces(dict[str, int]):
    """Surface to term number; a surface not seen before gets its term, a new term its number."""

    def __init__(self, numbers: dict[str, int]) -> None:
        super().__init__()
        self._numbers = numbers

    def __missing__(self, surface: str) -> int:
        term = term_of(surface)
        number = self[surface] = self._numbers.setdefault(term, len(self._numbers))
        return number


class Postings:
    """Terms by row, numbered from 0 in order of `extend`; a removed row keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._surfaces = _Surfaces(self._numbers)
        self._starts = Growing(np.int64)  # row > first forward entry; one more than rows
        self._starts.extend(np.zeros(1, np.int64))
        self._terms = Growing(np.int32)
        self._counts = Growing(np.uint8)
        self._lengths = Growing(np.int32)
        self._shapes = Growing(np.uint8)
        self._term_shapes = Growing(np.uint8)
        self._frequencies = Growing(np.int32)  # term > living rows that hold it
        self._sorted_rows = 0
        self._inverted_starts: Ints = np.zeros(1, np.int64)
        self._inverted_rows = np.zeros(0, np.int32)
        self._inverted_counts = np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def nbytes(self) -> int:
        arrays = (self._starts, self._terms, self._counts, self._lengths, self._frequencies)
        inverted = self._inverted_starts, self._inverted_rows, self._inverted_counts
        # A dictionary entry and its string take about 120 bytes.
        words = 120 * (len(self._numbers) + len(self._surfaces))
        return sum(a.nbytes for a in arrays) + sum(a.nbytes for a in inverted) + words

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Terms in each row, repeats counted."""
        return self._lengths.used

    @property
    def shapes(self) -> NDArray[np.uint8]:
        """Bits of `holdfast.index.shapes` for each row."""
        return self._shapes.used

    def extend(self, texts: Sequence[str]) -> None:
        """Append a row for each text."""
        if len(self._surfaces) > _MAX_KNOWN_SURFACES:
            self._surfaces.clear()
        found = [surfaces(text) for text in texts]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        numbers = map(self._surfaces.__getitem__, chain.from_iterable(found))
        tokens = np.fromiter(numbers, np.int64, int(lengths.sum()))
        rows, terms, counts = _counted(tokens, lengths)
        self._take_in_new_terms()
        shapes = np.array([ASKS * asks(text) for text in texts], np.uint8)
        np.bitwise_or.at(shapes, rows, self._term_shapes.used[terms])
        self._shapes.extend(shapes)
        self._count_rows(terms, +1)
        self._terms.extend(terms)
        self._counts.extend(np.minimum(counts, 255))
        ends = np.cumsum(np.bincount(rows, minlength=len(found)))
        self._starts.extend(ends + self._starts.used[-1])
        self._lengths.extend(np.minimum(lengths, 2**31 - 1))

    def forget(self, rows: list[int]) -> None:
        """Stop counting rows among those that hold their terms."""
        for row in rows:
            start, end = self._starts.used[row : row + 2].tolist()
            self._count_rows(self._terms.used[start:end], -1)

    def keep(self, rows: Ints) -> None:
        """Hold only these rows, renumbered in this order."""
        starts = self._starts.used
        sizes = starts[rows + 1] - starts[rows]
        entries = np.repeat(starts[rows] - (np.cumsum(sizes) - sizes), sizes) + np.arange(
            int(sizes.sum())
        )
        self._terms.replace(self._terms.used[entries])
        self._counts.replace(self._counts.used[entries])
        self._lengths.replace(self._lengths.used[rows])
        self._shapes.replace(self._shapes.used[rows])
        self._starts.replace(np.concatenate([[0], np.cumsum(sizes)]))
        self.sort()

    def prune(self) -> None:
        """Know only words that a row holds; there must be no dead rows."""
        held = self._frequencies.used > 0
        if held.all():
            return
        kept = [word for word, is_held in zip(self._numbers, held.tolist(), strict=True) if is_held]
        renumbered = np.cumsum(held) - 1
        self._terms.replace(renumbered[self._terms.used])
        self._frequencies.replace(self._frequencies.used[held])
        self._term_shapes.replace(self._term_shapes.used[held])
        self._numbers = {word: number for number, word in enumerate(kept)}
        self._surfaces = _Surfaces(self._numbers)
        self.sort()

    def number_of(self, term: str) -> int | None:
        """The term's number when a living row holds it."""
        number = self._numbers.get(term)
        return number if number is not None and self._frequencies.used[number] else None

    def frequency(self, number: int) -> int:
        """How many living rows hold the term."""
        return int(self._frequencies.used[number])

    def rows_of(self, number: int) -> tuple[Ints, NDArray[np.float32]]:
        """Rows that hold a term, ascending, dead ones among them, and how often (at most 255)."""
        self._sort_when_long()
        rows, counts = self._tail(number)
        if number + 1 >= len(self._inverted_starts):
            return rows, counts
        span = slice(*self._inverted_starts[number : number + 2].tolist())
        return (
            np.concatenate([self._inverted_rows[span], rows]),
            np.concatenate([self._inverted_counts[span].astype(np.float32), counts]),
        )

    def sort(self) -> None:
        """Make the inverted lists from the forward ones."""
        terms = self._terms.used
        sizes = np.diff(self._starts.used)
        rows = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        # Rows and counts ride in the low bits of one key: sorting plain integers takes a third
        # of the time of an argsort and a gather.
        keys = (terms.astype(np.int64) << 40) | (rows << 8) | self._counts.used
        keys.sort()
        self._inverted_rows = ((keys >> 8) & 0xFFFFFFFF).astype(np.int32)
        self._inverted_counts = (keys & 0xFF).astype(np.uint8)
        per_term = np.bincount(terms, minlength=len(self._numbers))
        self._inverted_starts = np.concatenate([[0], np.cumsum(per_term)])
        self._sorted_rows = len(sizes)

    def state(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """The terms by number and the arrays a snapshot keeps."""
        arrays: dict[str, NDArray[Any]] = {
            "starts": self._starts.used,
            "terms": self._terms.used,
            "counts": self._counts.used,
            "lengths": self._lengths.used,
            "shapes": self._shapes.used,
        }
        return list(self._numbers), arrays

    def restore(self, words: list[str], arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave."""
        self._numbers.update((word, number) for number, word in enumerate(words))
        self._starts.replace(arrays["starts"])
        self._terms.replace(arrays["terms"])
        self._counts.replace(arrays["counts"])
        self._lengths.replace(arrays["lengths"])
        self._shapes.replace(arrays["shapes"])
        self._take_in_new_terms()
        self._frequencies.replace(np.bincount(self._terms.used, minlength=len(words)))
        self.sort()

    def _take_in_new_terms(self) -> None:
        new = list(islice(self._numbers, len(self._frequencies), None))
        self._frequencies.extend(np.zeros(len(new), np.int32))
        self._term_shapes.extend(np.array([shape_of_term(term) for term in new], np.uint8))

    def _count_rows(self, terms: NDArray[Any], change: int) -> None:
        if len(terms) < 1000:  # a row holds a term once, few rows at a time: add one by one
            np.add.at(self._frequencies.used, terms, change)
        else:
            size = len(self._frequencies)
            self._frequencies.used[:] += change * np.bincount(terms, minlength=size).astype(
                np.int32
            )

    def _sort_when_long(self) -> None:
        tail = len(self._terms) - int(self._starts.used[self._sorted_rows])
        if tail > max(_LONGEST_TAIL, len(self._terms) // _TAIL_SHARE):
            self.sort()

    def _tail(self, number: int) -> tuple[Ints, NDArray[np.float32]]:
        first = int(self._starts.used[self._sorted_rows])
        entries = np.flatnonzero(self._terms.used[first:] == number) + first
        rows = np.searchsorted(self._starts.used, entries, side="right") - 1
        return rows, self._counts.used[entries].astype(np.float32)


def _counted(tokens: Ints, lengths: Ints) -> tuple[Ints, Ints, Ints]:
    """Row, term and count of each distinct term of each row, ordered by row, then term."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    keys = (rows << 32) | tokens
    keys.sort()
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else rows
    counts = np.diff(np.append(first, len(keys)))
    distinct = keys[first]
    return distinct >> 32, distinct & 0xFFFFFFFF, counts
