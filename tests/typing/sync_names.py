"""Only type-checked, never run: the types of `holdfast.sync` come out as those of the library."""

from __future__ import annotations

from typing import assert_type

import holdfast.sync
from holdfast.keeper.recalling import Hits
from holdfast.model import Message, Session


def blocks_and_iterators_lose_their_async() -> None:
    """An asynchronous block is a block, an asynchronous iterator an iterator."""
    with holdfast.sync.open("memory:", account="home") as keeper:
        assert_type(keeper, holdfast.sync.Keeper)
        ada = keeper.user("ada")
        session = ada.sessions.start(assistant="helper")
        with session.turn("hello") as turn, turn.tool("clock") as call:
            call.result(12)
            assert_type(turn.reply("hi"), Message)
        assert_type(list(ada.sessions.each()), list[Session])
        assert_type(ada.recall("hello"), Hits)


def wrong_calls_are_found(keeper: holdfast.sync.Keeper) -> None:
    """What the library would refuse, a type checker refuses here too."""
    keeper.user(1)  # type: ignore[arg-type]  # the error is what is being tested
    keeper.nobody()  # type: ignore[attr-defined]  # the error is what is being tested
