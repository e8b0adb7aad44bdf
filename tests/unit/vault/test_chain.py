"""The running MAC of a session tells when its messages are not all there, in order, as written."""

from __future__ import annotations

import pytest

from holdfast.vault.chain import chain_start, extend_chain

KEY = bytes(range(32))
PLACE = (bytes([1]) * 16, bytes([2]) * 16, bytes([3]) * 16)
LINKS = [(seq, bytes([seq]) * 16) for seq in range(6)]


def _chain(links: list[tuple[int, bytes]], key: bytes = KEY) -> bytes:
    return extend_chain(key, chain_start(key, *PLACE), links)


def test_a_chain_may_be_extended_in_any_steps() -> None:
    """One message at a time or all at once: the same value."""
    value = chain_start(KEY, *PLACE)
    for link in LINKS:
        value = extend_chain(KEY, value, [link])

    assert value == _chain(LINKS)
    assert extend_chain(KEY, value, []) == value


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param(LINKS[:-1], id="the last is missing"),
        pytest.param(LINKS[1:], id="the first is missing"),
        pytest.param(LINKS[:2] + LINKS[3:], id="one is missing in the middle"),
        pytest.param([LINKS[1], LINKS[0], *LINKS[2:]], id="two are exchanged"),
        pytest.param([(0, LINKS[1][1]), (1, LINKS[0][1]), *LINKS[2:]], id="two links exchanged"),
        pytest.param([*LINKS[:3], (3, bytes(16)), *LINKS[4:]], id="one is replaced"),
        pytest.param([*LINKS[:3], (9, LINKS[3][1]), *LINKS[4:]], id="one has another number"),
        pytest.param([*LINKS, LINKS[-1]], id="one is repeated"),
        pytest.param([], id="all are gone"),
    ],
)
def test_promise_08_bound_a_changed_history_has_another_chain(
    altered: list[tuple[int, bytes]],
) -> None:
    """Missing, reordered, replaced, renumbered, repeated or truncated: the value differs."""
    assert _chain(altered) != _chain(LINKS)


def test_a_chain_belongs_to_one_session_and_key() -> None:
    """The same messages elsewhere, or under another key, make another chain."""
    a, v, s = PLACE
    starts = {chain_start(KEY, *place) for place in [(a, v, s), (v, a, s), (a, s, v), (s, v, a)]}

    assert len(starts) == 4
    assert _chain(LINKS, key=bytes(32)) != _chain(LINKS)
