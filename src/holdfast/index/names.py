"""Small numbers for values that repeat: roles, slugs, speakers, sets of tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

__all__ = ["Names"]


class Names:
    """Values by number, in order of first appearance; a number is never given twice.

    Values are folded before they are compared, so that "Ada" and "ada" are one.
    """

    def __init__(self, fold: Callable[[Any], Any], values: Iterable[Any] = ()) -> None:
        """`values` are folded already."""
        self._fold = fold
        self._folded: dict[Any, int] = {}
        for value in values:
            self._folded[value] = len(self._folded)
        self._values: list[Any] = []
        self._known = _Known(self._folded, fold)

    def __len__(self) -> int:
        return len(self._folded)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._folded)

    def by_number(self) -> list[Any]:
        """All values, folded, by their numbers; not to be changed."""
        if len(self._values) < len(self._folded):
            self._values.extend(islice(self._folded, len(self._values), None))
        return self._values

    def numbers(self, values: Iterable[Any]) -> list[int]:
        """The number of each value; a new one when it has none."""
        return list(map(self._known.__getitem__, values))

    def find(self, value: Any) -> int:
        """The value's number, -1 when it has none."""
        return self._folded.get(self._fold(value), -1)


class _Known(dict[Any, int]):
    """Numbers by value as given: a lookup of a known value stays in C."""

    def __init__(self, folded: dict[Any, int], fold: Callable[[Any], Any]) -> None:
        super().__init__()
        self._folded = folded
        self._fold = fold

    def __missing__(self, value: Any) -> int:
        number = self[value] = self._folded.setdefault(self._fold(value), len(self._folded))
        return number
