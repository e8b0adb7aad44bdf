"""What those who join a room later may read of it."""

from __future__ import annotations

import pytest

from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.assistant.rooms import post_in_room
from holdfast.errors import NotAllowed, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.rooms import OpenRoom
from holdfast.keeper.users import User

CANARY = "the harbour is blue"
NEWS = "the ferry is late"


async def joined_later(keeper: Keeper, history: str = "joined") -> tuple[User, OpenRoom, OpenRoom]:
    """A room in which something was said before Ben came, and something after."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    hers = await ada.rooms.create("Trip", assistants=["helper"], history=history)
    await hers.post(CANARY)
    await (await hers.memories()).add(CANARY, sources=[(await hers.messages())[0].id])
    await hers.invite("ben")
    his = await ben.rooms.open(hers.id)
    await hers.post(NEWS)
    return ben, his, hers


async def test_who_joins_later_reads_what_is_said_from_then_on(keeper: Keeper) -> None:
    """In the list, by id, on the branch, in the search, among memories and in a context."""
    _, his, hers = await joined_later(keeper)
    before, after = await hers.messages()
    session = await his.session()

    assert [m.text for m in await his.messages()] == [NEWS]
    assert [m.text for m in await session.messages(after_seq=-1)] == [NEWS]
    assert [m.text for m in await session.branch()] == [NEWS]
    assert (await session.message(after.id)).text == NEWS
    for reading in (session.message(before.id), session.branch(before.id)):
        with pytest.raises(NotFound):
            await reading
    assert {hit.text for hit in await his.recall("harbour blue")} <= {NEWS}
    assert (await his.memory_page()).memories == []
    assert CANARY not in (await session.context("harbour")).text
    assert (await session.find("harbour")).count == 0
    assert [t.id for t in await session.turns()] == [after.turn_id]
    assert CANARY not in repr(await session.info())
    with pytest.raises(NotAllowed):
        await session.outline()
    with pytest.raises(NotAllowed):
        await his.memories()


async def test_neighbours_of_what_is_found_begin_there_too(keeper: Keeper) -> None:
    """The message before the first one that may be read is not shown beside it."""
    _, his, hers = await joined_later(keeper)

    (hit,) = [h for h in await his.recall("ferry late", neighbours=2) if h.message is not None]
    hers_too = [h for h in await hers.recall("ferry late", neighbours=2) if h.text == NEWS]

    assert hit.before == ()
    assert [m.text for m in hers_too[0].before] == [CANARY]


async def test_those_who_were_there_read_everything(keeper: Keeper) -> None:
    """The one who made the room, and whoever was let in before anything was said."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("Trip", members=["cy"], history="joined")
    await room.post(CANARY)

    for name in ("ada", "cy"):
        seen = await (await keeper.user(name)).rooms.open(room.id)
        assert [m.text for m in await seen.messages()] == [CANARY]


async def test_in_a_room_that_shows_all_everybody_reads_everything(keeper: Keeper) -> None:
    """That is how a room is unless it is said otherwise, and it says which it is."""
    _, his, _ = await joined_later(keeper, "all")
    usual = await (await keeper.user("ada")).rooms.create("Usual")

    assert [m.text for m in await his.messages()] == [CANARY, NEWS]
    assert len((await his.memory_page()).memories) == 1
    assert [(await r.info()).history for r in (his, usual)] == ["all", "all"]


async def test_who_leaves_and_comes_back_begins_anew(keeper: Keeper) -> None:
    """What was said in between was not for them."""
    ben, his, hers = await joined_later(keeper)
    await his.leave()
    await hers.post("while he was away")
    await hers.invite("ben")
    again = await ben.rooms.open(hers.id)
    await hers.post("and here he is")

    assert [m.text for m in await again.messages()] == ["and here he is"]


async def test_a_new_owner_reads_no_more_than_before(keeper: Keeper) -> None:
    """Another role is no other history."""
    _, his, hers = await joined_later(keeper)
    await hers.invite("ben", role="owner")

    assert [m.text for m in await his.messages()] == [NEWS]


async def test_an_assistant_tells_nobody_what_they_may_not_read(keeper: Keeper) -> None:
    """It answers whom it is asked by, from what they may read."""
    ben, his, hers = await joined_later(keeper)
    ada = await keeper.user("ada")
    answers = []
    for user, room in ((ben, his), (ada, hers)):
        asked = post_in_room(
            user, room, "@helper what colour is the harbour?", answerer=QuotingAnswerer()
        )
        events = [event async for event in asked]
        answers.append(repr(events))

    assert CANARY not in answers[0]
    assert CANARY in answers[1]
