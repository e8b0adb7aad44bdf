"""Postings in segments."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.index import inverted
from holdfast.index.inverted import Forward, Inverted


def rows_of_words(count: int) -> Forward:
    """Row n has the terms 0, 1 and 2 + n % 3, term 1 as often as n % 5."""
    terms = [[0, 1, 2 + n % 3] for n in range(count)]
    counts = [[1, n % 5, 2] for n in range(count)]
    return Forward(
        np.arange(count + 1, dtype=np.int64) * 3,
        np.array(terms, np.int32).reshape(-1),
        np.array(counts, np.uint8).reshape(-1),
        5,
    )


def found(lists: Inverted, term: int) -> list[tuple[int, int]]:
    return [pair for rows, counts in lists.of(term) for pair in zip(rows, counts, strict=True)]


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test sees several."""
    monkeypatch.setattr(inverted, "_MOST_ENTRIES", 30)


@pytest.mark.parametrize("steps", [(100,), (1, 2, 4, 100), (*range(0, 101, 7), 100)])
def test_every_row_of_a_term_is_there_however_rows_came(steps: tuple[int, ...]) -> None:
    """Ascending, each once, with its count; after a snapshot too."""
    lists = Inverted()
    for count in steps:
        lists.sort_in(rows_of_words(count))
    read = Inverted()
    read.restore(lists.state())

    for each in (lists, read):
        assert 100 == each.rows
        assert [(n, n % 5) for n in range(100)] == found(each, 1)
        assert [(n, 2) for n in range(0, 100, 3)] == found(each, 2)
        assert [] == found(each, 9)


def test_segments_stay_small_and_few() -> None:
    """One addition sorts a bounded part of the whole, and a look-up visits few parts."""
    lists = Inverted()
    for count in range(1, 201):
        lists.sort_in(rows_of_words(count))

    segments = lists.state()["inverted_shape"]
    assert segments[:, 3].max() <= 30
    assert len(segments) <= 200 * 3 / 15 + 5
