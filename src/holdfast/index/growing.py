"""Arrays that grow at the end at constant amortised cost."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Growing"]

_Scalar = TypeVar("_Scalar", bound=np.generic)


class Growing(Generic[_Scalar]):
    """A numpy array of which a front part is in use; `used` is a view of that part.

    A view taken before an `extend` keeps showing the old contents: take it anew each time.
    """

    def __init__(self, dtype: type[_Scalar], *, width: int | None = None) -> None:
        """`width`: length of a row when rows are vectors; None for single values."""
        shape = 0 if width is None else (0, width)
        self._room: NDArray[_Scalar] = np.zeros(shape, dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def used(self) -> NDArray[_Scalar]:
        """Writable view of what is in use."""
        return self._room[: self._size]

    @property
    def nbytes(self) -> int:
        """Bytes reserved."""
        return self._room.nbytes

    def extend(self, values: NDArray[Any]) -> None:
        """Append rows."""
        end = self._size + len(values)
        if end > len(self._room):
            # A quarter, not the usual double: an index may hold gigabytes.
            room = np.zeros((max(end, end + end // 4, 64), *self._room.shape[1:]), self._room.dtype)
            room[: self._size] = self.used
            self._room = room
        self._room[self._size : end] = values
        self._size = end

    def replace(self, values: NDArray[Any]) -> None:
        """Hold these rows instead."""
        size = len(values)
        # With some room, untouched and so not resident: else the first message after a start would
        # wait until gigabytes were copied.
        shape = (size + size // 16, *self._room.shape[1:])
        self._room = np.empty(shape, self._room.dtype)
        self._room[:size] = values
        self._size = size
