"""Sessions found as wholes, through the keeper."""

from __future__ import annotations

import pytest

from fix_keeper import HandClock, talk
from holdfast.errors import BadInput
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.model import SessionId


async def _talks(user: User, clock: HandClock) -> dict[str, SessionId]:
    """A trip told of in three turns, and two talks that touch a word of it each."""
    told = {
        "trip": [
            ("Plan our trip to Oslo with me, please", "Gladly. When do you leave?"),
            ("We take the night train to Oslo", "That takes ten hours."),
            ("In Oslo we sleep beside the opera house", "A good place."),
        ],
        "tea": [("Which tea goes with a night of reading?", "Something mild.")],
        "bike": [("The train of my bike makes a noise", "Oil the chain.")],
    }
    ids = {}
    for name, exchanges in told.items():
        session = await user.sessions.start(
            assistant="helper", project="trip" if name == "trip" else "home"
        )
        await talk(session, *exchanges)
        ids[name] = session.id
        clock.pass_by(days=2)
    return ids


async def test_the_session_that_answers_as_a_whole_comes_first(
    keeper: Keeper, clock: HandClock
) -> None:
    """With its best messages, best first, as many as are asked for, and none of another."""
    ada = await keeper.user("ada")
    ids = await _talks(ada, clock)

    best, *rest = await ada.recall_sessions("how do we get to Oslo, by train?", messages=2)

    assert best.session.id == ids["trip"]
    assert "We take the night train to Oslo" in [message.text for message in best.messages]
    assert len(best.messages) == 2
    assert {message.session_id for message in best.messages} == {ids["trip"]}
    assert best.reasons
    assert [best.score, *(hit.score for hit in rest)] == sorted(
        (hit.score for hit in [best, *rest]), reverse=True
    )


async def test_what_narrows_messages_narrows_sessions(keeper: Keeper, clock: HandClock) -> None:
    """By project and by time; a limit counts sessions; nothing of anybody else."""
    ada = await keeper.user("ada")
    ids = await _talks(ada, clock)

    async def found(**narrowed: object) -> set[str]:
        hits = await ada.recall_sessions("the train", **narrowed)  # type: ignore[arg-type]
        return {hit.session.id for hit in hits}

    assert await found(project="home") <= {ids["tea"], ids["bike"]}
    assert ids["bike"] in await found(project="home")
    assert await found(days_back=3) == {ids["bike"]}
    assert len(await found(limit=1)) == 1
    ben = await keeper.user("ben")
    assert await ben.recall_sessions("the train to Oslo") == []


async def test_what_is_in_the_trash_or_forgotten_is_not_found(
    keeper: Keeper, clock: HandClock
) -> None:
    """Nor counted among those that are."""
    ada = await keeper.user("ada")
    ids = await _talks(ada, clock)
    await ada.sessions.trash(ids["trip"])
    await ada.erase_session(ids["bike"])

    hits = await ada.recall_sessions("the night train to Oslo")

    assert {hit.session.id for hit in hits} == {ids["tea"]}


@pytest.mark.parametrize("asked", [{"messages": -1}, {"messages": 101}, {"limit": 0}])
async def test_numbers_out_of_range_are_refused(keeper: Keeper, asked: dict[str, int]) -> None:
    """In words, before anything is read."""
    ada = await keeper.user("ada")
    with pytest.raises(BadInput):
        await ada.recall_sessions("anything", **asked)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        await ada.recall_sessions(" ")
