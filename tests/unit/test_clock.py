"""Times and ids keep their value through every form they take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from holdfast.clock import from_ms, id_bytes, id_text, to_ms

_YEAR_2200_MS = 7_258_118_400_000


@given(st.integers(0, _YEAR_2200_MS))
@example(539_095_041_300)  # one that float arithmetic puts a millisecond earlier
def test_a_stored_time_comes_back_as_the_same_millisecond(ms: int) -> None:
    """Milliseconds to a time and back are the same milliseconds."""
    assert to_ms(from_ms(ms)) == ms


def test_a_time_is_stored_as_the_millisecond_it_lies_in() -> None:
    """What is finer than a millisecond is cut off, never rounded up; the zone does not matter."""
    at = datetime(2026, 1, 9, 12, 0, 0, 1_999, tzinfo=timezone(timedelta(hours=2)))

    assert from_ms(to_ms(at)) == datetime(2026, 1, 9, 10, 0, 0, 1_000, tzinfo=UTC)


@given(st.binary(min_size=16, max_size=16))
def test_an_id_has_one_text_form(raw: bytes) -> None:
    """Bytes to text and back are the same bytes."""
    assert id_bytes(id_text(raw)) == raw


@pytest.mark.parametrize(
    "text", ["", "no id", "0" * 31, "0" * 33, "0" * 30 + "é0", "0" * 30 + " 0"]
)
def test_what_is_no_uuid_is_refused(text: str) -> None:
    """Anything but 32 hexadecimal digits raises ValueError."""
    with pytest.raises(ValueError, match=r"."):
        id_bytes(text)
