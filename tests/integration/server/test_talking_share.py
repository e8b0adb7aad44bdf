"""One user's messages that wait for a slow model leave room for everybody else's."""

from __future__ import annotations

import pytest

from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.server.failures import Refused
from holdfast.server.talking.answers import Answers
from holdfast.server.talking.talks import Talks


async def test_one_user_cannot_take_every_turn() -> None:
    """Who has too many is told to wait; another one is not, and ended turns make room."""
    talks = Talks(Answers(QuotingAnswerer()))
    for _ in range(200):
        talks.admit("ada")
    with pytest.raises(Refused) as refused:
        talks.admit("ada")
    taken = talks.turns
    talks.admit("ben")
    talks.leave("ada")
    talks.admit("ada")

    assert (refused.value.status, refused.value.code) == (429, "rate_limited")
    assert taken < 1_000 / 2
    assert talks.turns == taken + 1
