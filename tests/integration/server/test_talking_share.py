"""One user's messages that wait for a slow model leave room for everybody else's."""

from __future__ import annotations

import pytest

from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.server.failures import Refused
from holdfast.server.talking import talks as bounds
from holdfast.server.talking.answers import Answers
from holdfast.server.talking.talks import Talks

from .observed import NEW, running

ADA, BEN, OTHER_ADA = (b"here", "ada"), (b"here", "ben"), (b"elsewhere", "ada")


async def test_one_user_cannot_take_every_turn() -> None:
    """Who has too many is told to wait; another one is not, nor who bears the same name in another
    account, and ended turns make room."""
    talks = Talks(Answers(QuotingAnswerer()))
    for _ in range(200):
        talks.admit(ADA)
    with pytest.raises(Refused) as refused:
        talks.admit(ADA)
    taken = talks.turns
    talks.admit(BEN)
    talks.admit(OTHER_ADA)
    talks.leave(ADA)
    talks.admit(ADA)

    assert (refused.value.status, refused.value.code) == (429, "rate_limited")
    assert taken < 1_000 / 2
    assert talks.turns == taken + 2


async def test_a_completion_of_the_own_assistant_counts_among_the_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With too many waiting it is refused like any other turn, and it leaves no place taken."""
    monkeypatch.setattr(bounds, "_MAX_TURNS_OF_USER", 1)
    asked = {"model": "holdfast", "messages": [{"role": "user", "content": "hello"}]}
    async with running() as (app, client):
        talks: Talks = app.state.talks
        first = await client.post("/v1/chat/completions", json=asked)
        again = await client.post("/v1/chat/completions", json=asked)
        ada = (await app.state.keeper.user("ada")).vault.account
        talks.admit((ada, "ada"))
        refused = await client.post("/v1/chat/completions", json=asked)
        turn = await client.post(NEW, json={"text": "hello"})
        talks.leave((ada, "ada"))

    assert 429 not in (first.status_code, again.status_code)
    assert (refused.status_code, turn.status_code) == (429, 429)
    assert talks.turns == 0
