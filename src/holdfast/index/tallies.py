"""Counts over the vault that every search needs, kept up instead of counted anew."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.index.growing import Growing
from holdfast.index.rows import Rows

__all__ = ["Tallies"]

_Rows: TypeAlias = NDArray[np.intp]


class Tallies:
    """Of living rows: words, words and assistants by session, rows by speaker."""

    def __init__(self) -> None:
        self.words = 0
        self._session_words = Growing(np.int64)
        self._assistants = Growing(np.int32)
        self._spoken = Growing(np.int32)

    @property
    def nbytes(self) -> int:
        return sum(a.nbytes for a in (self._session_words, self._assistants, self._spoken))

    @property
    def session_words(self) -> NDArray[np.int64]:
        """Words of each session's messages, by the session's number."""
        return self._session_words.used

    @property
    def among_people(self) -> NDArray[np.bool_]:
        """Whether no assistant has spoken, by the session's number."""
        none: NDArray[np.bool_] = self._assistants.used == 0
        return none

    @property
    def spoken(self) -> NDArray[np.int32]:
        """How many rows each speaker has, by the speaker's number."""
        return self._spoken.used

    def add(self, rows: Rows, lengths: NDArray[np.int32], added: _Rows) -> None:
        """Count rows that were added; `lengths` are of all rows."""
        for known, size in (
            (self._session_words, len(rows.sessions)),
            (self._assistants, len(rows.sessions)),
            (self._spoken, len(rows.names["speaker"])),
        ):
            known.extend(np.zeros(max(size - len(known), 0)))
        self._count(rows, lengths, added, 1)

    def forget(self, rows: Rows, lengths: NDArray[np.int32], gone: _Rows) -> None:
        """Count rows no more; they must still stand in their sessions."""
        self._count(rows, lengths, gone, -1)

    def recount(self, rows: Rows, lengths: NDArray[np.int32]) -> None:
        """Count all living rows afresh."""
        self.__init__()  # type: ignore[misc]  # as new
        self.add(rows, lengths, np.flatnonzero(rows.column("alive")))

    def _count(self, rows: Rows, lengths: NDArray[np.int32], which: _Rows, sign: int) -> None:
        words = lengths[which].astype(np.int64)
        self.words += sign * int(words.sum())
        np.add.at(self._spoken.used, rows.column("speaker")[which], sign)
        sessions = rows.column("place")[which]
        talks = sessions >= 0
        np.add.at(self._session_words.used, sessions[talks], sign * words[talks])
        spoke: NDArray[Any] = rows.column("role")[which] == rows.names["role"].find("assistant")
        np.add.at(self._assistants.used, sessions[talks & spoke], sign)
