"""Which rows hold which terms, how often, and in what order.

Two forms of the same facts. The forward lists (row > terms) only grow and are the truth; the
inverted lists (term > rows) are sorted from them, piece by piece. What was added since the last
sort is found by scanning the forward lists' tail, which is kept short enough that a scan costs
microseconds. So adding is appending. Beside them stands each row's text as the numbers of its
forms, four bytes a word: what a quoted phrase is looked for in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Ints
from holdfast.index.growing import Growing
from holdfast.index.inverted import Forward, Inverted
from holdfast.index.shapes import ASKS, OF_ONESELF, asks
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.words import surfaces

__all__ = ["Postings"]

_LONGEST_TAIL = 48_000
"""Forward entries scanned per question term: 20 microseconds."""
_Numbers = NDArray[np.int64]


class Postings:
    """Terms by row, numbered from 0 in order of `extend`; a removed row keeps its number."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = vocabulary
        self._places = Growing(np.int32)  # the forms of all texts, one after another
        self._place_starts = Growing(np.int64)  # row > its first place; one more than rows
        self._place_starts.extend(np.zeros(1, np.int64))
        self._starts = Growing(np.int64)  # row > first forward entry; one more than rows
        self._starts.extend(np.zeros(1, np.int64))
        self._terms = Growing(np.int32)
        self._counts = Growing(np.uint8)
        self._lengths = Growing(np.int32)
        self._shapes = Growing(np.uint8)
        self._selves = Growing(np.uint8)
        self._frequencies = Growing(np.int32)  # term > living rows that hold it
        self._inverted = Inverted()

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def nbytes(self) -> int:
        arrays = (self._starts, self._terms, self._counts, self._lengths, self._frequencies)
        places = self._places, self._place_starts
        return sum(a.nbytes for a in (*arrays, *places)) + self._inverted.nbytes

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Terms in each row, repeats counted."""
        return self._lengths.used

    @property
    def shapes(self) -> NDArray[np.uint8]:
        """Bits of `holdfast.index.shapes` for each row."""
        return self._shapes.used

    @property
    def selves(self) -> NDArray[np.uint8]:
        """Words of each row by which one speaks of oneself ("my", "we"), per mille, 255 at most."""
        return self._selves.used

    def extend(self, texts: Sequence[str]) -> None:
        """Append a row for each text."""
        found = [surfaces(text) for text in texts]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        forms = self._words.numbers(chain.from_iterable(found), int(lengths.sum()))
        self._extend_places(forms, lengths)
        rows, terms, counts = _counted(self._words.form_terms[forms].astype(np.int64), lengths)
        self._make_room_for_new_terms()
        shapes = np.array([ASKS * asks(text) for text in texts], np.uint8)
        np.bitwise_or.at(shapes, rows, self._words.term_shapes[terms])
        self._shapes.extend(shapes)
        self._selves.extend(_per_mille(rows, counts, self._words.term_shapes[terms], lengths))
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
            self._words.count(self._places_of(row), -1)

    def keep(self, rows: Ints) -> None:
        """Hold only these rows, renumbered in this order."""
        entries, starts = _entries_of(self._starts.used, rows)
        self._terms.replace(self._terms.used[entries])
        self._counts.replace(self._counts.used[entries])
        self._lengths.replace(self._lengths.used[rows])
        self._shapes.replace(self._shapes.used[rows])
        self._selves.replace(self._selves.used[rows])
        self._starts.replace(starts)
        places, starts = _entries_of(self._place_starts.used, rows)
        self._places.replace(self._places.used[places])
        self._place_starts.replace(starts)
        self.sort()

    def renumber(self, forms: Ints, terms: Ints) -> None:
        """Take over the numbers that a pruned vocabulary gave; there must be no dead rows."""
        self._places.replace(forms[self._places.used])
        self._terms.replace(terms[self._terms.used])
        size = len(self._words.terms)
        self._frequencies.replace(np.bincount(self._terms.used, minlength=size))
        self.sort()

    def held_terms(self) -> NDArray[np.bool_]:
        """Which terms a living row has."""
        self._make_room_for_new_terms()
        held: NDArray[np.bool_] = self._frequencies.used > 0
        return held

    def number_of(self, term: str) -> int | None:
        """The term's number when a living row holds it."""
        number = self._words.terms.get(term)
        if number is None or number >= len(self._frequencies):
            return None
        return number if self._frequencies.used[number] else None

    def rows_with(self, forms: Sequence[int]) -> Ints:
        """Rows, dead ones among them, in which these forms stand one after the other; ascending."""
        terms = self._words.form_terms[list(forms)].tolist()
        rarest = sorted(set(terms), key=lambda term: (self.frequency(term), term))[:3]
        rows = reduce(_both, (self.rows_of(term)[0] for term in rarest))
        # The places of all candidates, one after another, each row behind a place that is no form.
        places, starts = _entries_of(self._place_starts.used, rows)
        text = np.full(len(places) + len(rows), -1, np.int32)
        text[np.arange(len(places)) + np.repeat(np.arange(len(rows)), np.diff(starts))] = (
            self._places.used[places]
        )
        count = len(text) - len(forms) + 1
        if count <= 0:
            return rows[:0]
        found = np.ones(count, bool)
        for at, form in enumerate(forms):
            found &= text[at : at + count] == form
        ends = starts[1:] + np.arange(1, len(rows) + 1)
        return rows[np.unique(np.searchsorted(ends, np.flatnonzero(found), side="right"))]

    def frequency(self, number: int) -> int:
        """How many living rows hold the term."""
        return int(self._frequencies.used[number]) if number < len(self._frequencies) else 0

    def rows_of(self, number: int) -> tuple[Ints, NDArray[np.float32]]:
        """Rows that hold a term, ascending, dead ones among them, and how often (at most 255)."""
        self._sort_when_long()
        pieces = [*self._inverted.of(number), self._tail(number)]
        rows: Ints = np.concatenate([piece[0] for piece in pieces])
        return rows, np.concatenate([piece[1] for piece in pieces]).astype(np.float32)

    def places_of(self, rows: Ints, terms: NDArray[np.int16]) -> tuple[NDArray[Any], ...]:
        """Where rows have certain terms: which of the rows, at which place, `terms` of the term.

        Args:
            rows: any.
            terms: by term, 0 for those that do not matter; shape (terms,).
        """
        entries, starts = _entries_of(self._place_starts.used, rows)
        which = terms[self._words.form_terms[self._places.used[entries]]]
        found = np.flatnonzero(which)
        return np.searchsorted(starts, found, side="right") - 1, found, which[found]

    def wording(self, row: int) -> bytes:
        """The same for rows of the same words in the same order; b"" for a row without words."""
        return self._places_of(row).tobytes()

    def sort(self) -> None:
        """Make the inverted lists from the forward ones."""
        self._inverted.sort_anew(self._forward())

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps."""
        return {
            "starts": self._starts.used,
            "terms": self._terms.used,
            "counts": self._counts.used,
            "lengths": self._lengths.used,
            "shapes": self._shapes.used,
            "selves": self._selves.used,
            "places": self._places.used,
            "place_starts": self._place_starts.used,
            **self._inverted_state(),
        }

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave; the vocabulary must be restored already."""
        self._starts.replace(arrays["starts"])
        self._terms.replace(arrays["terms"])
        self._counts.replace(arrays["counts"])
        self._lengths.replace(arrays["lengths"])
        self._shapes.replace(arrays["shapes"])
        self._selves.replace(arrays["selves"])
        self._places.replace(arrays["places"])
        self._place_starts.replace(arrays["place_starts"])
        size = len(self._words.terms)
        self._frequencies.replace(np.bincount(self._terms.used, minlength=size))
        self._words.count(self._places.used, +1)
        self._inverted.restore(arrays)

    def _make_room_for_new_terms(self) -> None:
        new = len(self._words.terms) - len(self._frequencies)
        self._frequencies.extend(np.zeros(new, np.int32))

    def _extend_places(self, forms: Ints, lengths: Ints) -> None:
        is_pair = self._words.pairs[forms]
        if is_pair.any():
            rows = np.repeat(np.arange(len(lengths)), lengths)
            forms, rows = forms[~is_pair], rows[~is_pair]
            lengths = np.bincount(rows, minlength=len(lengths))
        self._words.count(forms, +1)
        self._places.extend(forms)
        self._place_starts.extend(np.cumsum(lengths) + self._place_starts.used[-1])

    def _places_of(self, row: int) -> NDArray[np.int32]:
        start, end = self._place_starts.used[row : row + 2].tolist()
        return self._places.used[start:end]

    def _count_rows(self, terms: NDArray[Any], change: int) -> None:
        if len(terms) < 1000:  # a row holds a term once, few rows at a time: add one by one
            np.add.at(self._frequencies.used, terms, change)
        else:
            size = len(self._frequencies)
            self._frequencies.used[:] += change * np.bincount(terms, minlength=size).astype(
                np.int32
            )

    def _sort_when_long(self) -> None:
        if len(self._terms) - int(self._starts.used[self._inverted.rows]) > _LONGEST_TAIL:
            self._inverted.sort_in(self._forward())

    def _inverted_state(self) -> dict[str, NDArray[Any]]:
        self._inverted.sort_in(self._forward())
        return self._inverted.state()

    def _forward(self) -> Forward:
        known = len(self._words.terms)
        return Forward(self._starts.used, self._terms.used, self._counts.used, known)

    def _tail(self, number: int) -> tuple[Ints, NDArray[np.uint8]]:
        first = int(self._starts.used[self._inverted.rows])
        entries = np.flatnonzero(self._terms.used[first:] == number) + first
        rows = np.searchsorted(self._starts.used, entries, side="right") - 1
        return rows, self._counts.used[entries]


def _per_mille(rows: Ints, counts: Ints, shapes: NDArray[np.uint8], lengths: Ints) -> Ints:
    """Of each row's words, those by which one speaks of oneself."""
    own = counts * (shapes & OF_ONESELF > 0)
    sums = np.bincount(rows, weights=own, minlength=len(lengths)).astype(np.int64)
    shares: Ints = np.minimum(sums * 1000 // np.maximum(lengths, 1), 255)
    return shares


def _entries_of(starts: _Numbers, rows: Ints) -> tuple[_Numbers, _Numbers]:
    """The entries of these rows, one row after another, and where each row then starts."""
    sizes = starts[rows + 1] - starts[rows]
    ends = np.cumsum(sizes)
    entries = np.repeat(starts[rows] - (ends - sizes), sizes) + np.arange(int(sizes.sum()))
    return entries, np.concatenate([[0], ends])


def _both(rows: Ints, others: Ints) -> Ints:
    return np.intersect1d(rows, others, assume_unique=True)


def _counted(tokens: Ints, lengths: Ints) -> tuple[Ints, Ints, Ints]:
    """Row, term and count of each distinct term of each row, ordered by row, then term."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    keys = (rows << 32) | tokens
    keys.sort()
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else rows
    counts = np.diff(np.append(first, len(keys)))
    distinct = keys[first]
    return distinct >> 32, distinct & 0xFFFFFFFF, counts
