"""Times that messages speak of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from holdfast.index.happenings import NEVER, happenings
from holdfast.index.postings import Postings
from holdfast.index.vocabulary import Vocabulary

_SAID = datetime(2026, 5, 13, 12, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Yesterday we went to the lake", -1, -1),
        ("we went to the lake last night", -1, -1),
        ("My sister arrived last Friday", -5, -5),
        ("Last weekend was lovely", -4, -3),
        ("I sold the car three weeks ago", -24, -18),
        ("We moved here a couple of years ago", -912, -548),
        ("I quit a month ago", -45, -15),
        ("The exam is tomorrow", 1, 1),
        ("We fly next Monday", 5, 5),
    ],
)
def test_what_was_said_to_have_happened_is_dated(text: str, first: int, last: int) -> None:
    """Days from the one on which it was said."""
    assert _days(text) == (first, last)


@pytest.mark.parametrize("text", ["The lake is cold", "at long last", "I work seven days a week"])
def test_what_speaks_of_no_time_is_not_dated(text: str) -> None:
    """Words of time alone are no time."""
    assert _days(text) is None


def _days(text: str) -> tuple[int, int] | None:
    words = Vocabulary()
    postings = Postings(words)
    postings.extend(["something else", text])
    at_ms = np.array([int(_SAID.timestamp() * 1000)])
    start, end = happenings(postings, words, np.array([1]), at_ms)[:, 0].tolist()
    if start == NEVER:
        return None
    day = int(timedelta(days=1).total_seconds() * 1000)
    return (start - int(at_ms[0])) // day, (end - int(at_ms[0])) // day
