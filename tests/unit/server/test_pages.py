"""A page of a conversation is one moment of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from holdfast.keeper.keeper import Keeper
from holdfast.server.api.pages import read_page
from holdfast.server.schemas.outline import ConversationAsked


async def test_a_turn_that_ends_while_a_page_is_read_is_not_shown_ended_without_its_answer(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are read before turns; what ended in between comes with what it ended with."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    opening = session.turn("What is it?")
    turn = await opening.__aenter__()
    read = session.turns_by_id

    async def ends_first(ids: Any) -> Any:
        await turn.reply("It is blue.")
        await opening.__aexit__(None, None, None)
        async with session.turn("And since when?"):
            pass
        return await read(ids)

    monkeypatch.setattr(session, "turns_by_id", ends_first)
    page = await read_page(_request(), ada, session, ConversationAsked(limit=100))
    first, *later = page.turns

    assert (first.status, [m.text for m in first.messages]) == (
        "complete",
        ["What is it?", "It is blue."],
    )
    assert all(turn.messages for turn in later)
    assert page.next_cursor is None


def _request() -> Any:
    """One of a server in which nothing runs."""
    talks = SimpleNamespace(is_running=lambda *_: False)
    state = SimpleNamespace(talks=talks, facts=SimpleNamespace(trash_days=30))
    return SimpleNamespace(app=SimpleNamespace(state=state))
