"""More accurate vectors beside those every index has, made when there is time.

The index's own embedder is cheap: what is added is compared by meaning at once. A tier is another
embedder whose vectors are owed until somebody pays; it serves as soon as it owes no more than a few
rows, and for those their own similarity stands in. So nothing waits for it, and should it fail
there is always an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Embedder, Floats
from holdfast.index.vectors import Vectors

__all__ = ["Compared", "Tier", "TierState"]

_FEW = 64
"""Owing so many rows a tier serves all the same."""
_KEPT_TEXTS = 2_000
_Rows: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierState:
    """How far an index is with the embedder it is to have."""

    serving: str
    """Name of the embedder that questions are compared with."""
    wanted: str
    """Name of the one that is to be."""
    owed: int
    """Entries the wanted one has still to embed."""
    entries: int
    failing: str = ""
    """Why the wanted one gave no vectors when it was last asked."""


class Tier:
    """An embedder and its vectors, by the rows of the index."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.vectors = Vectors(embedder.dims)
        self.failing = ""
        self._owed: dict[int, str | None] = {}

    @property
    def nbytes(self) -> int:
        texts = min(len(self._owed), _KEPT_TEXTS)
        return self.vectors.nbytes + 100 * len(self._owed) + 500 * texts

    @property
    def owed(self) -> int:
        """How many rows have no vector yet."""
        return len(self._owed)

    @property
    def serves(self) -> bool:
        """Whether questions may be compared with it."""
        return len(self._owed) <= _FEW and not self.failing

    def owed_rows(self) -> _Rows:
        """Rows without a vector."""
        return np.fromiter(self._owed, np.intp, len(self._owed))

    def extend(self, first: int, texts: Sequence[str | None]) -> None:
        """Append rows, from `first` on; their vectors are owed. None: nobody knows the text."""
        self.vectors.extend(np.zeros((len(texts), self.embedder.dims), np.float32))
        for row, text in enumerate(texts, start=first):
            # Of many that come at once the texts are read again later: they would double the index.
            self._owed[row] = text if len(self._owed) < _KEPT_TEXTS else None

    def next_owed(self, count: int) -> dict[int, str | None]:
        """Some rows to pay for next, with their texts where they are known."""
        return {row: self._owed[row] for row, _ in zip(self._owed, range(count), strict=False)}

    def pay(self, row: int, vector: Floats) -> None:
        """Give a row its vector, if it is still owed."""
        if row in self._owed:
            del self._owed[row]
            self.vectors.put(row, vector)

    def forget(self, rows: Iterable[int]) -> None:
        """Rows died."""
        gone = list(rows)
        for row in gone:
            self._owed.pop(row, None)
        self.vectors.forget(gone)

    def keep(self, rows: _Rows) -> None:
        """Hold only these rows, renumbered in this order."""
        self.vectors.keep(rows)
        numbers = {row: number for number, row in enumerate(rows.tolist()) if row in self._owed}
        self._owed = {number: self._owed[row] for row, number in numbers.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays a snapshot keeps."""
        return self.vectors.state() | {"owed": self.owed_rows().astype(np.int64)}

    def restore(self, rows: NDArray[Any], scales: NDArray[Any], owed: NDArray[Any]) -> None:
        """Hold what `state` gave."""
        self.vectors.restore(rows, scales)
        self._owed = dict.fromkeys(owed.tolist())


class Compared:
    """A question compared by a tier, and by the index's own embedder where a vector is owed."""

    def __init__(self, tier: Tier, by_tier: Floats, own: Vectors) -> None:
        self._tier = tier
        self._by_tier = by_tier
        self._own = own

    def similarities(self, question: Floats) -> Floats:
        """As `Vectors.similarities`; `question` is of the index's own embedder."""
        found = self._tier.vectors.similarities(self._by_tier)
        rows = self._tier.owed_rows()
        if len(rows):
            found[rows] = self._own.similarities_of(rows, question)
        return found

    def second_opinion(self, rows: NDArray[Any], question: Floats) -> Floats:
        """What the index's own embedder says of a few rows, 0 where the row is -1."""
        known, back = np.unique(rows, return_inverse=True)
        said = self._own.similarities_of(known, question)
        found: Floats = np.where(known >= 0, said, np.float32(0))[back].reshape(rows.shape)
        return found
