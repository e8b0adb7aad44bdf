"""Words of a vault that resemble one: that begin or end so, or are a slip of the pen away.

Sorted lists are made at the first question that needs them; what came since is looked through, and
sorted in when it is much. Results depend only on which words are in use and how often, never on
when they came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
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
        strings = 8 * len(self._by_front.ordered) + 75 * len(self._by_end.ordered)
        return strings + self._letters.nbytes + self._sizes.nbytes

    def starting_with(self, front: str, limit: int) -> list[int]:
        """Forms in use that begin so, the most used first, equals by spelling."""
        self._renew()
        return self._most_used(self._by_front.starting_with(front), limit)

    def ending_with(self, end: str, limit: int) -> list[int]:
        """Forms in use that end so, the most used first, equals by spelling."""
        self._renew()
        return self._most_used((w[::-1] for w in self._by_end.starting_with(end[::-1])), limit)

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
                return most, self._most_used((self._words.names[n] for n in best), limit)
        return 0, []

    def _within(self, form: str, most: int, used: int) -> list[int]:
        """Forms in use at most so many slips away, but for the form itself."""
        self._take_in_letters()
        letters, sizes = self._letters.used, self._sizes.used
        (of_form,) = _letters_of([form])
        # A slip changes at most two letters of the set: this leaves one word in a hundred.
        near = np.bitwise_count(letters ^ of_form) <= 2 * most
        near &= np.abs(sizes.astype(np.int16) - len(form)) <= most
        near &= self._words.uses >= used
        numbers = np.flatnonzero(near)
        names = [self._words.names[number] for number in numbers.tolist()]
        far = distances(form, names)
        return [int(n) for n in numbers[(far > 0) & (far <= most)]]

    def _most_used(self, forms: Iterable[str], limit: int) -> list[int]:
        numbers = np.array([self._words.forms[form] for form in forms], np.int64)
        uses = self._words.uses[numbers] if len(numbers) else numbers
        numbers, uses = numbers[uses > 0], uses[uses > 0]
        if len(numbers) > limit:
            # The least used of those that may stay: only they need to be put in order.
            least = np.partition(uses, len(uses) - limit)[len(uses) - limit]
            numbers, uses = numbers[uses >= least], uses[uses >= least]
        names = self._words.names
        pairs = zip(uses.tolist(), numbers.tolist(), strict=True)
        return [n for _, _, n in sorted((-used, names[n], n) for used, n in pairs)[:limit]]

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
        self._by_front = _Sorted(self._names, turned=False)
        self._by_end = _Sorted(self._names, turned=True)
        self._letters = Growing(np.uint64)
        self._sizes = Growing(np.uint8)


class _Sorted:
    """Names in alphabetical order, read from the front or the end; `names` may grow."""

    def __init__(self, names: list[str], *, turned: bool) -> None:
        self.ordered: list[str] = []
        self._names = names
        self._step = -1 if turned else 1

    def starting_with(self, front: str) -> list[str]:
        """As read, in no particular order."""
        tail = [name[:: self._step] for name in self._names[len(self.ordered) :]]
        if len(tail) > max(_LONGEST_TAIL, len(self.ordered) // _TAIL_SHARE):
            self.ordered += tail
            self.ordered.sort()
            tail = []
        start, end = bisect_left(self.ordered, front), bisect_left(self.ordered, front + _LAST)
        return self.ordered[start:end] + [name for name in tail if name.startswith(front)]


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
    """Which letters a name has, one bit each (letters 64 apart share one)."""
    found = np.zeros(len(names), np.uint64)
    for start in range(0, len(names), 50_000):
        letters, _ = _matrix(names[start : start + 50_000])
        bits = np.left_shift(np.uint64(1), letters.astype(np.uint64) % 64)
        bits[letters == 0] = 0
        found[start : start + 50_000] = np.bitwise_or.reduce(bits, axis=1)
    return found
