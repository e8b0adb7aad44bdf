"""Words of a vault that resemble one: that begin or end so, or are a slip of the pen away.

Sorted lists are made at the first question that needs them; what came since is looked through, and
sorted in when it is much. Results depend only on which words are in use and how often, never on
when they came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from heapq import nsmallest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing
from holdfast.index.vocabulary import Vocabulary

__all__ = ["Lexicon", "distances"]

_LONGEST_TAIL = 2_000
_TAIL_SHARE = 16
_MAX_NEAR_CHARS = 32
_LAST = "\U0010ffff"


class Lexicon:
    """Look-alikes among the forms of a vocabulary. Numbers are the vocabulary's."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = vocabulary
        self._reset()

    @property
    def nbytes(self) -> int:
        strings = 12 * len(self._by_front.ordered) + 79 * len(self._by_end.ordered)
        return strings + self._letters.nbytes + self._sizes.nbytes

    def starting_with(self, front: str, limit: int) -> list[int]:
        """Forms in use that begin so, the most used first, equals by spelling."""
        self._renew()
        return self._most_used(self._by_front.starting_with(front), limit)

    def ending_with(self, end: str, limit: int) -> list[int]:
        """Forms in use that end so, the most used first, equals by spelling."""
        self._renew()
        return self._most_used(self._by_end.starting_with(end[::-1]), limit)

    def near(self, form: str, *, limit: int = 4, used: int = 1) -> tuple[int, list[int]]:
        """Forms in use a few letters away: how many letters, and which, the most used first.

        One letter wrong, missing, too many or changed with its neighbour for words of four
        letters or more, two for those of eight or more; the first is seldom wrong. All are
        equally far and stand in at least `used` places. (0, []) when there is none.
        """
        if not 4 <= len(form) <= _MAX_NEAR_CHARS or not form.isalpha():
            return 0, []
        self._renew()
        for most in (1, 2) if len(form) >= 8 else (1,):
            found = self._within(form, most, used)
            alike = [n for n in found if self._words.names[n][0] == form[0]]
            turned = [n for n in found if self._words.names[n][:2] == form[1::-1]]
            # Two wrong letters of which one is the first: nobody would see the same word.
            others = found if most == 1 else []
            if best := alike or turned or others:
                return most, self._most_used(np.array(best), limit)
        return 0, []

    def _within(self, form: str, most: int, used: int) -> list[int]:
        """Forms in use at most so many slips away, but for the form itself."""
        self._take_in_letters()
        near = self._words.uses >= used
        near &= np.abs(self._sizes.used.astype(np.int16) - len(form)) <= most
        if not near.any():
            return []
        ((letters, pairs),) = _letters_of([form])
        # A slip changes at most two letters of the set and six pairs of neighbours: the first
        # leaves one word in a hundred, the second a tenth of these.
        near &= np.bitwise_count(self._letters.used[:, 0] ^ letters) <= 2 * most
        numbers = np.flatnonzero(near)
        numbers = numbers[np.bitwise_count(self._letters.used[numbers, 1] ^ pairs) <= 6 * most]
        names = [self._words.names[number] for number in numbers.tolist()]
        far = distances(form, names)
        return [int(n) for n in numbers[(far > 0) & (far <= most)]]

    def _most_used(self, numbers: NDArray[Any], limit: int) -> list[int]:
        names, uses = self._words.names, self._words.uses[numbers]
        least = 1
        if len(numbers) > limit:
            least = max(1, int(np.partition(uses, len(uses) - limit)[len(uses) - limit]))
        more = sorted((-used, names[n]) for n, used in _pairs(numbers, uses, uses > least))
        equal = (names[n] for n, _ in _pairs(numbers, uses, uses == least))
        chosen = [name for _, name in more][:limit]
        chosen += nsmallest(limit - len(chosen), equal)
        return [self._words.forms[name] for name in chosen]

    def _take_in_letters(self) -> None:
        new = self._words.names[len(self._sizes) :]
        if new:
            self._letters.extend(_letters_of(new))
            self._sizes.extend(np.array([len(name) for name in new], np.uint8))

    def _renew(self) -> None:
        """After a pruning all numbers are others."""
        if self._names is not self._words.names:
            self._reset()

    def _reset(self) -> None:
        self._names = self._words.names
        self._by_front = _Sorted(self._words, turned=False)
        self._by_end = _Sorted(self._words, turned=True)
        self._letters = Growing(np.uint64, width=2)
        self._sizes = Growing(np.uint8)


class _Sorted:
    """Forms in alphabetical order, read from the front or the end; there may come more."""

    def __init__(self, words: Vocabulary, *, turned: bool) -> None:
        self.ordered: list[str] = []
        self._numbers = np.zeros(0, np.int32)
        self._words = words
        self._step = -1 if turned else 1

    def starting_with(self, front: str) -> NDArray[np.int32]:
        """Numbers of the names that begin so as they are read, in no particular order."""
        known = len(self.ordered)
        tail = [name[:: self._step] for name in self._words.names[known:]]
        if len(tail) > max(_LONGEST_TAIL, known // _TAIL_SHARE):
            self._sort(tail)
            known, tail = len(self.ordered), []
        start, end = bisect_left(self.ordered, front), bisect_left(self.ordered, front + _LAST)
        late = [known + at for at, name in enumerate(tail) if name.startswith(front)]
        return np.concatenate([self._numbers[start:end], np.array(late, np.int32)])

    def _sort(self, tail: list[str]) -> None:
        self.ordered += tail
        self.ordered.sort()
        forms = self._words.forms
        numbers = (forms[name[:: self._step]] for name in self.ordered)
        self._numbers = np.fromiter(numbers, np.int32, len(self.ordered))


def _pairs(
    numbers: NDArray[Any], uses: NDArray[np.int64], which: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    return zip(numbers[which].tolist(), uses[which].tolist(), strict=True)


def distances(word: str, names: list[str]) -> NDArray[np.int16]:
    """Damerau's distance, optimal string alignment, of a word to each name; shape (n,).

    One table of all names at once: three thousand names take a millisecond.
    """
    if not names:
        return np.zeros(0, np.int16)
    letters, sizes = _matrix(names)
    count, width = letters.shape
    steps = np.arange(width + 1, dtype=np.int16)
    before, last = steps, np.broadcast_to(steps, (count, width + 1))
    for at, letter in enumerate(map(ord, word), start=1):
        differs = letters != letter
        row = np.empty((count, width + 1), np.int16)
        row[:, 0] = at
        row[:, 1:] = np.minimum(last[:, :-1] + differs, last[:, 1:] + 1)
        if at > 1:
            swapped = ~differs[:, :-1] & (letters[:, 1:] == ord(word[at - 2]))
            turned = np.where(swapped, before[..., :-2] + 1, row[:, 2:])
            row[:, 2:] = np.minimum(row[:, 2:], turned)
        row = np.minimum.accumulate(row - steps, axis=1) + steps
        before, last = last, row
    found: NDArray[np.int16] = last[np.arange(count), sizes]
    return found


def _matrix(names: list[str]) -> tuple[NDArray[np.uint32], NDArray[Any]]:
    """The letters of names, 0 behind their ends; shape (n, longest); and their sizes."""
    sizes = np.array([len(name) for name in names])
    width = max(int(sizes.max()), 2)
    return np.array(names, f"<U{width}").view(np.uint32).reshape(len(names), width), sizes


def _letters_of(names: list[str]) -> NDArray[np.uint64]:
    """Which letters and which pairs of neighbours a name has, as bits that several share.

    Shape (n, 2).
    """
    found = np.zeros((len(names), 2), np.uint64)
    for start in range(0, len(names), 50_000):
        letters, _ = _matrix(names[start : start + 50_000])
        end = start + len(letters)
        found[start:end, 0] = _bits(letters, letters > 0)
        found[start:end, 1] = _bits(letters[:, :-1] * 31 + letters[:, 1:], letters[:, 1:] > 0)
    return found


def _bits(values: NDArray[np.uint32], there: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """The values of each row as a set of 64."""
    bits = np.left_shift(np.uint64(1), values.astype(np.uint64) % 64)
    found: NDArray[np.uint64] = np.bitwise_or.reduce(np.where(there, bits, 0), axis=1)
    return found
