"""The words of sessions' titles: they count as words of the session, though nobody said them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing
from holdfast.index.names import Names
from holdfast.index.postings import Postings
from holdfast.index.vocabulary import Vocabulary

__all__ = ["Titles"]

_MIN_DEAD = 256
_MAX_CHARS = 1_000
"""More of a title is no title."""


class Titles:
    """A title for each session that has one."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.postings = Postings(vocabulary)
        self._sessions: list[str] = []
        self._row_of: dict[str, int] = {}
        self._numbers = Growing(np.int32)  # row > number of its session, -1 while it has none
        self._unknown: list[int] = []

    @property
    def nbytes(self) -> int:
        return self.postings.nbytes + 190 * len(self._sessions)

    def put(self, session_id: str, title: str) -> None:
        """A session has this title from now on; "" takes it away."""
        self.drop(session_id)
        if not title.strip():
            return
        self._row_of[session_id] = len(self._sessions)
        self._unknown.append(len(self._sessions))
        self._sessions.append(session_id)
        self._numbers.extend(np.full(1, -1))
        self.postings.extend([title[:_MAX_CHARS]])

    def drop(self, session_id: str) -> None:
        """A session has no title any more."""
        row = self._row_of.pop(session_id, None)
        if row is None:
            return
        self.postings.forget([row])
        self._numbers.used[row] = -1
        dead = len(self._sessions) - len(self._row_of)
        if dead > _MIN_DEAD and dead > len(self._row_of):
            self.compact()

    def sessions(self, known: Names) -> NDArray[np.int32]:
        """The number of each title's session in `known`; -1 of one that is dead or has none."""
        still = []
        for row in self._unknown:
            if self._row_of.get(self._sessions[row]) == row:
                number = known.find(self._sessions[row])
                self._numbers.used[row] = number
                if number < 0:
                    still.append(row)
        self._unknown = still
        return self._numbers.used

    def with_all(self, words: Iterable[Iterable[Sequence[int]]]) -> list[str]:
        """Sessions whose titles hold every word; none when no word is given.

        Args:
            words: for each the terms that stand for it: one of several, some of them together.
        """
        held: NDArray[np.bool_] | None = None
        for alternatives in words:
            of_word = np.zeros(len(self._sessions), bool)
            for terms in alternatives:
                of_word |= self._with_terms(terms)
            held = of_word if held is None else held & of_word
        rows = [] if held is None else np.flatnonzero(held).tolist()
        return [one for row in rows if self._row_of.get(one := self._sessions[row]) == row]

    def _with_terms(self, terms: Sequence[int]) -> NDArray[np.bool_]:
        held = np.ones(len(self._sessions), bool)
        for number in terms:
            of_term = np.zeros(len(self._sessions), bool)
            of_term[self.postings.rows_of(number)[0]] = True
            held &= of_term
        return held

    def compact(self) -> None:
        """Hold living titles only; the sessions' numbers are looked up anew."""
        kept = np.array(sorted(self._row_of.values()), np.intp)
        self.postings.keep(kept)
        self._restore([self._sessions[row] for row in kept.tolist()])

    def state(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """Sessions and arrays a snapshot keeps; there must be no dead titles."""
        return self._sessions, self.postings.state()

    def restore(self, sessions: list[str], arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave."""
        self.postings.restore(arrays)
        self._restore(sessions)

    def _restore(self, sessions: list[str]) -> None:
        self._sessions = sessions
        self._row_of = {session: row for row, session in enumerate(sessions)}
        self._numbers.replace(np.full(len(sessions), -1))
        self._unknown = list(range(len(sessions)))
