"""Times in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast.errors import BadInput
from holdfast.recall.dates import mentions, span_of

FRIDAY = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today", "2026-11-20", "2026-11-20"),
        ("yesterday", "2026-11-19", "2026-11-19"),
        ("last night", "2026-11-19", "2026-11-19"),
        ("the day before yesterday", "2026-11-18", "2026-11-18"),
        ("last Tuesday", "2026-11-17", "2026-11-17"),
        ("on Friday", "2026-11-13", "2026-11-13"),
        ("next Monday", "2026-11-23", "2026-11-23"),
        ("3 days ago", "2026-11-17", "2026-11-17"),
        ("two weeks ago", "2026-11-03", "2026-11-09"),
        ("a couple of weeks ago", "2026-11-02", "2026-11-10"),
        ("last week", "2026-11-09", "2026-11-15"),
        ("last weekend", "2026-11-14", "2026-11-15"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("in March", "2026-03-01", "2026-03-31"),
        ("in December", "2025-12-01", "2025-12-31"),
        ("last November", "2025-11-01", "2025-11-30"),
        ("in March 2023", "2023-03-01", "2023-03-31"),
        ("last summer", "2026-06-01", "2026-08-31"),
        ("in the winter of 2024", "2024-12-01", "2025-02-28"),
        ("on 9 January", "2026-01-09", "2026-01-09"),
        ("December 24th", "2025-12-24", "2025-12-24"),
        ("January 9, 2025", "2025-01-09", "2025-01-09"),
        ("2026-01-09", "2026-01-09", "2026-01-09"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("in 2022", "2022-01-01", "2022-12-31"),
    ],
)
def test_times_in_a_question_are_understood(words: str, first: str, last: str) -> None:
    """Relative to the moment of asking, in whole days."""
    (mention,) = mentions(f"What did we say {words} about it?", now=FRIDAY)

    assert (first, last) == (
        mention.start.date().isoformat(),
        (mention.end - timedelta(seconds=1)).date().isoformat(),
    )


@pytest.mark.parametrize(
    "text",
    ["May I ask?", "We march on", "31 February", "the second option", "", "30 2 1", "spring roll"],
)
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    """A month's name alone may be a verb; a day that does not exist is nothing."""
    assert () == mentions(text, now=FRIDAY)


def test_this_winter_began_last_december() -> None:
    """Winter is the one season that crosses a year."""
    (mention,) = mentions("this winter", now=datetime(2026, 1, 10, tzinfo=UTC))

    assert (2025, 12) == (mention.start.year, mention.start.month)


def test_days_begin_in_the_zone_of_now() -> None:
    """Yesterday of somebody in Tokyo is not yesterday in UTC."""
    tokyo = timezone(timedelta(hours=9))
    (mention,) = mentions("yesterday", now=FRIDAY.astimezone(tokyo))

    assert datetime(2026, 11, 19, tzinfo=tokyo) == mention.start


def test_two_times_are_two_mentions() -> None:
    """In the order of the text, with the words as written."""
    found = mentions("Between 3 May 2025 and last   Tuesday", now=FRIDAY)

    assert ["3 May 2025", "last   Tuesday"] == [mention.words for mention in found]


def test_a_span_takes_iso_times_and_words() -> None:
    """For since and until."""
    assert datetime(2026, 1, 9, 10, tzinfo=UTC) == span_of("2026-01-09T10:00", now=FRIDAY).start
    assert datetime(2026, 11, 9, tzinfo=UTC) == span_of(" Last week ", now=FRIDAY).start


@pytest.mark.parametrize(
    "words",
    ["", "soon", "2026-13-01", "31 February", "yesterday or so", "9999 years ago", "2026-02-30"],
)
def test_a_span_that_is_not_understood_is_bad_input(words: str) -> None:
    """The field is named and the text is not repeated."""
    with pytest.raises(BadInput) as caught:
        span_of(words, now=FRIDAY, field="until")

    assert "until" == caught.value.field


def test_a_hostile_text_is_read_in_bounded_time() -> None:
    """No pattern backtracks over a long run, and mentions are limited."""
    assert 8 == len(mentions("yesterday " * 10_000, now=FRIDAY))
    assert () == mentions("last " * 20_000 + "9" * 20_000, now=FRIDAY)
