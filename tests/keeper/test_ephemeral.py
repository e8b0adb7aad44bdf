"""Sessions that are never stored, and users that come into being whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World, texts
from holdfast.errors import BadInput, StorageFailed
from holdfast.keeper.keeper import Keeper


async def test_an_ephemeral_session_is_talked_in_like_any_other(keeper: Keeper) -> None:
    """It has its turns, names and recall, and is not among the user's sessions."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(ephemeral=True, assistant="helper", title="secret")
    async with session.turn("nobody keeps this") as turn:
        await turn.reply("indeed")

    assert texts(await session.messages()) == ["nobody keeps this", "indeed"]
    assert (await session.info()).title == "secret"
    assert await ada.sessions.list() == []
    assert await ada.recall("who keeps this?") == []


async def test_nothing_of_an_ephemeral_session_reaches_the_disk(world: World) -> None:
    """No file grows or changes, besides what opening the store makes."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    before = await (await ada.sessions.start()).info()

    session = await ada.sessions.start(ephemeral=True)
    await session.log_full_chat_interaction("a canary called zanzibar", "noted")
    await keeper.close()

    found = [path for path in Path(world.folder).rglob("*") if path.is_file()]
    assert before.message_count == 0
    assert found
    assert not any(b"zanzibar" in path.read_bytes() for path in found)


async def test_a_user_is_listed_or_not_there_at_all(world: World) -> None:
    """Vault and name are one write: a failure in between leaves no nameless vault."""
    keeper = await world.open("tapped")

    async def fail(call: str, _asked: Any) -> None:
        if call == "data.commit":
            raise StorageFailed

    world.tap.before = fail
    with pytest.raises(StorageFailed):
        await keeper.user("cleo")
    world.tap.still()

    assert await keeper.users() == []
    await keeper.user("cleo")
    assert [user.id for user in await keeper.users()] == ["cleo"]


async def test_one_text_is_not_taken_for_many_tags(keeper: Keeper) -> None:
    """`tags="abc"` would become the tags a, b and c."""
    ada = await keeper.user("ada")

    with pytest.raises(BadInput, match="give several"):
        await ada.sessions.start(tags="abc")
