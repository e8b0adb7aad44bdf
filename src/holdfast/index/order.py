"""Which message follows which: the neighbours of each row within its session."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.growing import Growing

__all__ = ["Places", "SessionOrder"]

_Ints: TypeAlias = NDArray[np.int32]
_SMALL = 50_000
"""Rows; of so few all sessions are looked through at once, of more only those asked for."""
_LONG = 300
"""Messages; longer sessions are looked through in one pass over the vault instead."""
_PREAMBLE = 3
"""Messages that others may have put before the one by which a user opened a session."""


class Places:
    """Where all rows stand: columns by row, shape (n,).

    `session` is -1 where a row stands nowhere. Digests of ids settle the order should a seq ever
    occur twice.
    """

    def __init__(self, session: _Ints, seq: _Ints, digest: NDArray[np.uint64]) -> None:
        self.session = session
        self.seq = seq
        self.digest = digest

    def of(self, row: int) -> tuple[int, int]:
        """What orders a row within its session."""
        return int(self.seq[row]), int(self.digest[row])


class SessionOrder:
    """Messages of each session by seq. `before` and `after` hold rows, -1 where there is none."""

    def __init__(self) -> None:
        self._before = Growing(np.int32)
        self._after = Growing(np.int32)
        self._first = Growing(np.int32)  # session > its first row
        self._last = Growing(np.int32)  # session > its last row
        self._sizes = Growing(np.int32)  # session > its rows

    def __len__(self) -> int:
        return len(self._before)

    @property
    def before(self) -> _Ints:
        return self._before.used

    @property
    def after(self) -> _Ints:
        return self._after.used

    @property
    def sizes(self) -> _Ints:
        """How many rows each session has, by its number."""
        return self._sizes.used

    @property
    def nbytes(self) -> int:
        links = self._before, self._after, self._first, self._last, self._sizes
        return sum(a.nbytes for a in links)

    def extend(self, places: Places, sessions: int) -> None:
        """Take in the rows that came since; `sessions` is how many sessions there are."""
        first = len(self)
        nobody = np.full(len(places.session) - first, -1, np.int32)
        self._before.extend(nobody)
        self._after.extend(nobody)
        unknown = max(sessions - len(self._last), 0)
        self._first.extend(np.full(unknown, -1, np.int32))
        self._last.extend(np.full(unknown, -1, np.int32))
        self._sizes.extend(np.zeros(unknown, np.int32))
        rows = np.flatnonzero(places.session[first:] >= 0) + first
        keys = places.digest[rows], places.seq[rows], places.session[rows]
        rows = rows[np.lexsort(keys)]
        for group in _by_session(rows, places.session):
            self._join(group, places)

    def forget(self, row: int, places: Places) -> None:
        """Close the gap a message leaves; nothing happens when it stands nowhere."""
        session = int(places.session[row])
        if session < 0:
            return
        before, after = int(self.before[row]), int(self.after[row])
        self._link(before, after)
        if self._first.used[session] == row:
            self._first.used[session] = after
        if self._last.used[session] == row:
            self._last.used[session] = before
        self._sizes.used[session] -= 1
        self.before[row] = self.after[row] = -1

    def rebuild(self, places: Places, sessions: int) -> None:
        """Order all rows afresh."""
        self.__init__()  # type: ignore[misc]  # as new
        rows = np.flatnonzero(places.session >= 0)
        if len(rows):
            rows = rows[np.lexsort((places.digest[rows], places.seq[rows], places.session[rows]))]
        session = places.session[rows]
        same = session[1:] == session[:-1]
        before = np.full(len(places.session), -1, np.int32)
        after = before.copy()
        before[rows[1:][same]] = rows[:-1][same]
        after[rows[:-1][same]] = rows[1:][same]
        first, last = np.full(sessions, -1, np.int32), np.full(sessions, -1, np.int32)
        last[session] = rows  # of equal places the last is written last
        first[session[::-1]] = rows[::-1]
        self._before.replace(before)
        self._after.replace(after)
        self._first.replace(first)
        self._last.replace(last)
        self._sizes.replace(np.bincount(session, minlength=sessions))

    def beside(self, row: int, places: Places, count: int) -> list[int] | None:
        """The rows within `count` of a row's seq, None when there may be others."""
        seq, found = int(places.seq[row]), []
        if places.session[row] < 0:
            return None
        for links, step, wanted in ((self.before, -1, min(count, seq)), (self.after, 1, count)):
            at = row
            for nth in range(1, wanted + 1):
                at = int(links[at])
                if at < 0 or places.seq[at] != seq + step * nth:
                    return None
                found.append(at)
        return found

    def highest(self, values: Floats, sessions: NDArray[np.intp], session_of: _Ints) -> Floats:
        """The highest value of a row in each of the sessions, -1 where there is none.

        Args:
            values: of every row, at least -1.
            sessions: different numbers of sessions.
            session_of: of every row, -1 where it stands nowhere.
        """
        if len(values) < _SMALL:
            every = np.full(len(self._last) + 1, -1, np.float32)
            np.maximum.at(every, session_of, values)  # -1 is the one place too many
            at_once: Floats = every[sessions]
            return at_once
        found = np.full(len(sessions), -1, np.float32)
        is_long = self.sizes[sessions] > _LONG
        at = np.flatnonzero(~is_long)
        rows = self._last.used[sessions[at]]
        while len(at):
            there = rows >= 0
            at, rows = at[there], rows[there]
            found[at] = np.maximum(found[at], values[rows])
            rows = self.before[rows]
        for number in np.flatnonzero(is_long).tolist():
            found[number] = values[session_of == sessions[number]].max()
        return found

    def openings(self, sessions: NDArray[np.intp], role: _Ints, user: int) -> _Ints:
        """The rows that sessions were opened with, -1 where there is none.

        It is the user's first message, or the first of all when the user comes late.

        Args:
            sessions: numbers of sessions.
            role: of every row.
            user: the user's role.
        """
        opened = self._first.used[sessions]
        late = np.flatnonzero((opened >= 0) & (role[opened] != user))
        rows = first = opened[late]
        for _ in range(_PREAMBLE if len(late) else 0):
            rows = np.where((rows >= 0) & (role[rows] != user), self.after[rows], rows)
        opened[late] = np.where((rows >= 0) & (role[rows] == user), rows, first)
        return opened

    def _join(self, rows: NDArray[np.intp], places: Places) -> None:
        """Add rows of one session, in order among themselves."""
        session = int(places.session[rows[0]])
        last = int(self._last.used[session])
        self._sizes.used[session] += len(rows)
        if last < 0 or places.of(last) < places.of(int(rows[0])):
            # The usual case: a conversation goes on.
            if last < 0:
                self._first.used[session] = rows[0]
            chain = np.concatenate([[last], rows])[0 if last >= 0 else 1 :]
            self.before[chain[1:]], self.after[chain[:-1]] = chain[:-1], chain[1:]
            self._last.used[session] = rows[-1]
            return
        for row in rows.tolist():
            self._insert(session, row, places)

    def _insert(self, session: int, row: int, places: Places) -> None:
        before, after = int(self._last.used[session]), -1
        while before >= 0 and places.of(before) > places.of(row):
            before, after = int(self.before[before]), before
        self._link(before, row)
        self._link(row, after)
        if before < 0:
            self._first.used[session] = row
        if after < 0:
            self._last.used[session] = row

    def _link(self, before: int, after: int) -> None:
        if before >= 0:
            self.after[before] = after
        if after >= 0:
            self.before[after] = before


def _by_session(rows: NDArray[np.intp], session: _Ints) -> list[NDArray[np.intp]]:
    """Rows that come session by session, cut where the session changes."""
    if not len(rows):
        return []
    of = session[rows]
    return np.split(rows, np.flatnonzero(of[1:] != of[:-1]) + 1)
