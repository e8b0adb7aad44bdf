"""What is known of each row beside its words and its vector, and which rows a filter leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.entries import Entry, Filter
from holdfast.index.growing import Growing
from holdfast.index.ids import Ids, digests_of
from holdfast.index.names import Names

__all__ = ["Rows"]

_NAMED = ("role", "kind", "session_kind", "speaker", "assistant", "project", "platform", "tags")
_NUMBERS: dict[str, type[np.generic]] = {
    "at_ms": np.int64,
    "seq": np.int32,
    "session": np.int32,
    "place": np.int32,
    "is_memory": np.bool_,
    "alive": np.bool_,
    **dict.fromkeys(_NAMED, np.int32),
}


class Rows:
    """Columns by row, numbered from 0 in order of `extend`; a removed row keeps its number.

    `session` is the number of the row's session, -1 for a memory without one; `place` the same for
    living messages, -1 for all else.
    """

    def __init__(self) -> None:
        self._ids = Ids()
        self.sessions = Names(_same)
        self.names = {name: Names(_FOLDED.get(name, _same)) for name in _NAMED}
        self._columns: dict[str, Growing[Any]] = {
            name: Growing(dtype) for name, dtype in _NUMBERS.items()
        }
        self.living = 0

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values()) + self._ids.nbytes

    def column(self, name: str) -> NDArray[Any]:
        """A writable view of one column."""
        return self._columns[name].used

    @property
    def digests(self) -> NDArray[np.uint64]:
        """Numbers that order rows of equal time and seq the same in every process."""
        return self._ids.digests

    def ids_of(self, rows: NDArray[np.intp]) -> list[str]:
        """The ids of rows."""
        return self._ids.texts(rows)

    def rows_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Where those of the entries stand that are living."""
        alive = self.column("alive")
        found = self._ids.rows_of(ids, digests_of(ids)) if len(self) else ()
        return {one: row for one, row in found if alive[row]}

    def extend(self, entries: list[Entry]) -> None:
        """Append living rows; none of the ids may be living already."""
        ids = [entry.id for entry in entries]
        self._ids.extend(ids, digests_of(ids))
        self.living += len(entries)
        sessions = np.array(self.sessions.numbers(entry.session_id for entry in entries))
        nowhere = np.array([not entry.session_id for entry in entries])
        is_memory = np.array([entry.is_memory for entry in entries])
        self._append("session", np.where(nowhere, -1, sessions))
        self._append("place", np.where(nowhere | is_memory, -1, sessions))
        self._append("at_ms", [entry.at_ms for entry in entries])
        self._append("seq", [entry.seq for entry in entries])
        self._append("is_memory", is_memory)
        self._append("alive", np.ones(len(entries)))
        for name in _NAMED:
            values = map(attrgetter(name), entries)
            self._append(name, self.names[name].numbers(values))

    def forget(self, rows: list[int]) -> None:
        """Living rows die."""
        self.column("alive")[rows] = False
        self.column("place")[rows] = -1
        self.living -= len(rows)

    def of_session(self, session_id: str) -> NDArray[np.intp]:
        """Living rows of a session, memories among them."""
        number = self.sessions.find(session_id)
        if number < 0:
            return np.zeros(0, np.intp)
        return np.flatnonzero((self.column("session") == number) & self.column("alive"))

    def label(self, rows: NDArray[np.intp], name: str, value: Any) -> None:
        """Give rows one value in a named column."""
        (number,) = self.names[name].numbers([value])
        self.column(name)[rows] = number

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Hold only these rows, renumbered in this order."""
        self._ids.keep(rows)
        for column in self._columns.values():
            column.replace(column.used[rows])

    def prune(self) -> None:
        """Know only names and sessions that a row has; there must be no dead rows."""
        for name in _NAMED:
            fold = _FOLDED.get(name, _same)
            self.names[name] = self._renumbered(name, self.names[name], fold)
        self.sessions = self._renumbered("session", self.sessions, _same)
        self._settle()

    def _renumbered(self, name: str, known: Names, fold: Callable[[Any], Any]) -> Names:
        column = self.column(name)
        used, numbers = np.unique(column[column >= 0], return_inverse=True)
        values = list(known)
        column[column >= 0] = numbers
        return Names(fold, [values[number] for number in used.tolist()])

    def admitted(self, where: Filter) -> NDArray[np.bool_]:
        """Which rows are living and pass the filter; shape (n,)."""
        mask: NDArray[np.bool_] = self.column("alive").copy()
        for name, wanted in _wanted_names(where):
            mask &= self.column(name) == self.names[name].find(wanted)
        if where.within_project is not None:
            project, names = self.column("project"), self.names["project"]
            mask &= (project == names.find(None)) | (project == names.find(where.within_project))
        if where.memories is not None:
            mask &= self.column("is_memory") == where.memories
        if where.since_ms is not None:
            mask &= self.column("at_ms") >= where.since_ms
        if where.until_ms is not None:
            mask &= self.column("at_ms") < where.until_ms
        if where.session_ids is not None:
            mask &= np.isin(self.column("session"), [self._session(s) for s in where.session_ids])
        if where.tags:
            mask &= np.isin(self.column("tags"), self._tag_sets_with(_folded_tags(where.tags)))
        return mask

    def in_order_of_content(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Rows by time, newest first, then seq, then id: the same whatever was added first."""
        keys = self.digests[rows], self.column("seq")[rows], -self.column("at_ms")[rows]
        return rows[np.lexsort(keys)]

    def first_in_order(self, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
        """The first `count` of `in_order_of_content`, of many rows in a fraction of the time."""
        if len(rows) > 4 * count > 0:
            at = self.column("at_ms")[rows]
            rows = rows[at >= np.partition(at, len(at) - count)[len(at) - count]]
        return self.in_order_of_content(rows)[:count]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Names and arrays a snapshot keeps; every row must be living."""
        names = {name: list(values) for name, values in self.names.items()}
        facts = {"sessions": list(self.sessions), "names": names}
        columns = {name: column.used for name, column in self._columns.items() if name != "place"}
        return facts, columns | {f"id_{name}": each for name, each in self._ids.state().items()}

    def restore(self, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Hold what `state` gave."""
        self._ids.restore({name: arrays[f"id_{name}"] for name in Ids.ARRAYS})
        self.sessions = Names(_same, facts["sessions"])
        for name, values in facts["names"].items():
            folded = (tuple(v) if isinstance(v, list) else v for v in values)
            self.names[name] = Names(_FOLDED.get(name, _same), folded)
        for name, column in self._columns.items():
            if name != "place":
                column.replace(arrays[name])
        self._settle()
        self.living = len(self._ids)

    def _settle(self) -> None:
        """Where rows stand, all of them living."""
        place = np.where(self.column("is_memory"), -1, self.column("session"))
        self._columns["place"].replace(place)

    def _append(self, name: str, values: list[Any] | NDArray[Any]) -> None:
        self._columns[name].extend(np.asarray(values, _NUMBERS[name]))

    def _session(self, session_id: str) -> int:
        number = self.sessions.find(session_id)
        return number if number >= 0 else -2  # -1 is "has none", which nobody asks for here

    def _tag_sets_with(self, wanted: tuple[str, ...]) -> list[int]:
        needed = set(wanted)
        return [number for number, tags in enumerate(self.names["tags"]) if needed <= set(tags)]


def _wanted_names(where: Filter) -> list[tuple[str, Any]]:
    names = [name for name in _NAMED if name != "tags" and getattr(where, name) is not None]
    return [(name, getattr(where, name)) for name in names]


def _same(value: Any) -> Any:
    return value


def _folded_name(name: str | None) -> str | None:
    return None if name is None else name.casefold()


def _folded_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({tag.casefold() for tag in tags}))


_FOLDED: dict[str, Callable[[Any], Any]] = {
    "speaker": _folded_name,
    "assistant": _folded_name,
    "project": _folded_name,
    "platform": _folded_name,
    "tags": _folded_tags,
}
