"""Neighbours and the closest message of a session."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.index import order
from holdfast.index.order import Places, SessionOrder


def places(count: int, sessions: int) -> Places:
    """Row n stands in session n % sessions, every seventh nowhere."""
    numbers = np.arange(count)
    session = np.where(numbers % 7 == 3, -1, numbers % sessions).astype(np.int32)
    return Places(session, (numbers // sessions).astype(np.int32), numbers.astype(np.uint64))


@pytest.mark.parametrize(("small", "long"), [(10**6, 300), (0, 300), (0, 5)])
def test_the_highest_of_a_session_is_the_same_however_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, small: int, long: int
) -> None:
    """At once, link by link, or in one pass for each."""
    monkeypatch.setattr(order, "_SMALL", small)
    monkeypatch.setattr(order, "_LONG", long)
    where, made = places(200, 9), SessionOrder()
    made.extend(where, 9)
    values = np.random.default_rng(1).random(200).astype(np.float32)
    asked = np.array([8, 0, 4])

    found = made.highest(values, asked, where.session)

    assert [values[where.session == session].max() for session in asked] == found.tolist()


def test_links_made_bit_by_bit_are_those_made_at_once() -> None:
    """Whatever order rows come in."""
    all_at_once = places(120, 5)
    rebuilt, grown = SessionOrder(), SessionOrder()
    rebuilt.rebuild(all_at_once, 5)
    for end in (1, 2, 50, 51, 120):
        part = Places(
            *(each[:end] for each in (all_at_once.session, all_at_once.seq, all_at_once.digest))
        )
        grown.extend(part, 5)

    assert rebuilt.before.tolist() == grown.before.tolist()
    assert rebuilt.after.tolist() == grown.after.tolist()


def test_a_session_is_opened_by_the_first_of_the_user() -> None:
    """What a system or a tool put before is passed over; where the user comes late, nothing is."""
    session = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2], np.int32)
    seq = np.array([2, 0, 1, 0, 1, 0, 1, 2, 3, 4], np.int32)
    role = np.array([0, 1, 0, 1, 1, 1, 1, 1, 1, 0], np.int32)
    made = SessionOrder()
    made.extend(Places(session, seq, np.arange(10, dtype=np.uint64)), 3)

    assert [2, 3, 5] == made.openings(np.array([0, 1, 2]), role, 0).tolist()


def test_openings_are_known_whatever_is_taken_away() -> None:
    """As when all is ordered afresh without it; a session that is empty has none."""
    where, role = places(60, 3), np.zeros(60, np.int32)
    made, afresh = SessionOrder(), SessionOrder()
    made.extend(where, 3)
    for row in (0, 6, 9, 57, *range(2, 60, 3)):
        made.forget(row, where)
        where.session[row] = -1
    afresh.rebuild(where, 3)

    found = made.openings(np.arange(3), role, 0).tolist()
    assert found == afresh.openings(np.arange(3), role, 0).tolist()
    assert [12, 1, -1] == found
