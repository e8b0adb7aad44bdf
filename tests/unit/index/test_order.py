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
