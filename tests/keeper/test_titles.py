"""Sessions are found by their titles."""

from __future__ import annotations

import pytest

from fix_keeper import World
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User

TALK = ["What shall we cook?", "Did you sleep well?", "Read me a poem", "Count to ten"]


async def _talks(keeper: Keeper) -> tuple[User, list[str]]:
    """Four short sessions; none of them says what it is about."""
    ada = await keeper.user("ada")
    sessions = []
    for said in TALK:
        session = await ada.sessions.start(assistant="helper", title="")
        async with session.turn(said) as turn:
            await turn.reply("Here it is.")
        sessions.append(session.id)
    return ada, sessions


async def _first(ada: User, question: str, **given: bool) -> str | None:
    """The session of the best hit, when its title is a reason."""
    (hit, *_) = await ada.recall(question, limit=10, **given)
    titled = "title of the conversation" in [reason.name for reason in hit.reasons]
    return hit.session_id if titled else None


@pytest.mark.parametrize("question", ["lighthouse", "Lighthouses", "lihgthouse"])
async def test_a_word_of_the_title_finds_the_session(keeper: Keeper, question: str) -> None:
    """In any form, misspelt too, though nobody said it."""
    ada, sessions = await _talks(keeper)
    await (await ada.sessions.open(sessions[2])).change(title="The lighthouse keeper")

    assert sessions[2] == await _first(ada, question)
    assert sessions[2] == await _first(ada, "light", as_you_type=True)


async def test_a_new_title_takes_the_place_of_the_old_one(keeper: Keeper) -> None:
    """At once; the old words find it no more, and no title at all is none."""
    ada, sessions = await _talks(keeper)
    session = await ada.sessions.open(sessions[1])
    await session.change(title="Lighthouse")
    assert sessions[1] == await _first(ada, "lighthouse")

    await session.change(title="Volcano")
    assert (None, sessions[1]) == (await _first(ada, "lighthouse"), await _first(ada, "volcano"))

    await session.change(title="")
    assert await _first(ada, "volcano") is None


async def test_titles_outlive_a_restart_and_leave_with_their_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the sealed snapshot, and nowhere when the session is erased."""
    monkeypatch.setattr("holdfast.keeper.indexes._SAVE_AFTER", 1)
    keeper = await world.open()
    ada, sessions = await _talks(keeper)
    await (await ada.sessions.open(sessions[0])).change(title="Lighthouse")
    assert sessions[0] == await _first(ada, "lighthouse")
    await keeper.close()

    keeper = await world.open()
    ada = await keeper.user("ada")
    assert sessions[0] == await _first(ada, "lighthouse")
    for path in world.data_dir.glob("*.index/*"):
        assert b"ighthouse" not in path.read_bytes()

    await ada.erase_session(sessions[0])
    assert await _first(ada, "lighthouse") is None
