"""Which message follows which: the neighbours of each row within its session."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing

__all__ = ["SessionOrder"]

_Place = tuple[int, str, int]
"""seq, id, row: ids settle the order should a seq ever occur twice."""


class SessionOrder:
    """Messages of each session by seq. `before` and `after` hold rows, -1 where there is none."""

    def __init__(self) -> None:
        self._before = Growing(np.int32)
        self._after = Growing(np.int32)
        self._places: dict[int, list[_Place]] = {}

    @property
    def before(self) -> NDArray[np.int32]:
        return self._before.used

    @property
    def after(self) -> NDArray[np.int32]:
        return self._after.used

    @property
    def nbytes(self) -> int:
        # A tuple of three with its place in a list: 80 bytes beside what others hold already.
        return self._before.nbytes + self._after.nbytes + 80 * len(self._before)

    def extend(self, places: list[tuple[int, int, str]]) -> None:
        """Append rows: session number, seq, id. Session -1 has no neighbours."""
        first = len(self._before)
        nobody = np.full(len(places), -1, np.int32)
        self._before.extend(nobody)
        self._after.extend(nobody)
        links = self.before, self.after
        for offset, (session, seq, entry_id) in enumerate(places):
            if session >= 0:
                self._insert(session, (seq, entry_id, first + offset), *links)

    def forget(self, session: int, seq: int, entry_id: str) -> None:
        """Close the gap a message leaves; nothing happens when it is not there."""
        places = self._places.get(session, [])
        at = bisect_left(places, (seq, entry_id, -1))
        if at == len(places) or places[at][:2] != (seq, entry_id):
            return
        row = places.pop(at)[2]
        self._link(self.before[row], self.after[row])
        self.before[row] = self.after[row] = -1

    def clear(self) -> None:
        """Hold nothing."""
        self._before.replace(np.zeros(0))
        self._after.replace(np.zeros(0))
        self._places = {}

    def _insert(
        self, session: int, place: _Place, before: NDArray[np.int32], after: NDArray[np.int32]
    ) -> None:
        places = self._places.setdefault(session, [])
        row = place[2]
        if not places or places[-1] < place:  # the usual case: a conversation goes on
            if places:
                last = places[-1][2]
                before[row], after[last] = last, row
            places.append(place)
            return
        insort(places, place)
        at = bisect_left(places, place)
        self._link(places[at - 1][2] if at else -1, row)
        self._link(row, places[at + 1][2])

    def _link(self, before: int, after: int) -> None:
        if before >= 0:
            self.after[before] = after
        if after >= 0:
            self.before[after] = before
