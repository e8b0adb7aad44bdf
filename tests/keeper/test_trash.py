"""The trash: out of sight at once, back as it was, erased when its time has come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import asdict

from fix_keeper import World, talk
from holdfast.errors import NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.keeper.verifying import verify
from holdfast.model import Session

_CANARY = "quagga"
_DAYS = 30


async def _told(user: User, text: str = f"I keep a {_CANARY}") -> str:
    """A session with a memory, a thought and all that a session may bear; returns its id."""
    session = await user.sessions.start(assistant="helper", project="trip", title=f"My {_CANARY}")
    await session.log_full_chat_interaction(
        text, "Noted", memory=f"keeps a {_CANARY}", thought=f"a {_CANARY}, then"
    )
    await session.change(pinned=True, archived=True, tags=["animals"])
    return session.id


async def _seen(user: User) -> dict[str, Any]:
    """All places in which something of a session shows."""
    stats = await user.stats()
    pieces = (await user.context(f"what about the {_CANARY}")).text
    return {
        "listed": [s.id for s in (await user.sessions.page()).sessions],
        "found": [hit.text for hit in await user.recall(_CANARY)],
        "context": _CANARY in pieces,
        "memories": [m.text for m in await user.memories.list()],
        "thoughts": [t.text for t in await user.thoughts.list()],
        "counts": (stats.sessions, stats.turns, stats.messages, stats.memories, stats.thoughts),
        "exported": b"".join([part async for part in user.exports.stream(format="json")]).count(
            _CANARY.encode()
        ),
    }


_NOTHING = {
    "listed": [],
    "found": [],
    "context": False,
    "memories": [],
    "thoughts": [],
    "counts": (0, 0, 0, 0, 0),
    "exported": 0,
}


async def test_what_is_in_the_trash_shows_nowhere_and_comes_back_as_it_was(world: World) -> None:
    """In no list, search, context, export or count; restored it is the same to the last field, in a
    process that knew it before and in one that did not."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session_id = await _told(ada)
    before = await (await ada.sessions.open(session_id)).info()
    shown = await _seen(ada)

    await ada.sessions.trash(session_id)
    world.clock.pass_by(days=3)
    hidden = await _seen(ada)
    await world.close()
    keeper = await world.open()
    ada = await keeper.user("ada")
    keeper.store.indexes.drop(ada.vault)
    afresh = await _seen(ada)
    await ada.sessions.restore(session_id)
    back = await _seen(ada)

    assert all(shown.values())
    assert (hidden, afresh) == (_NOTHING, _NOTHING)
    assert back == shown
    assert await (await ada.sessions.open(session_id)).info() == before


async def test_only_what_is_in_the_trash_is_listed_there(keeper: Keeper) -> None:
    """Newest first like any list, and each says since when."""
    ada = await keeper.user("ada")
    gone, stays = await _told(ada), await _told(ada)
    await ada.sessions.trash(gone)

    (listed,) = (await ada.sessions.page(trashed=True)).sessions
    both = [session.id async for session in ada.sessions.each(trashed=None)]

    assert (listed.id, listed.trashed_at is not None) == (gone, True)
    assert sorted(both) == sorted([gone, stays])
    assert [s.id for s in await ada.sessions.list()] == [stays]


async def test_no_date_and_no_order_changes(keeper: Keeper) -> None:
    """Neither does the session come to the front, nor is it distilled anew."""
    ada = await keeper.user("ada")
    ids = [await _told(ada) for _ in range(3)]
    await ada.distill()
    before = [asdict(s) for s in await ada.sessions.list()]

    await ada.sessions.trash(ids[:2])
    await ada.sessions.restore(ids[:2])

    assert [asdict(s) for s in await ada.sessions.list()] == before
    assert await ada.distill() == 0


async def test_nothing_is_learned_from_what_is_in_the_trash(keeper: Keeper) -> None:
    """Not before it comes back."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("My favourite colour is blue", "Noted."))
    await ada.sessions.trash(session.id)
    while_there = await ada.distill()
    await ada.sessions.restore(session.id)

    assert while_there == 0
    assert await ada.distill() == 1
    assert await ada.memories.list()


async def test_memories_that_are_to_stay_stay(keeper: Keeper) -> None:
    """In the trash they rest on what is there; when that is erased they say that it is gone."""
    ada = await keeper.user("ada")
    session_id = await _told(ada)
    await ada.sessions.trash(session_id, memories="keep")
    (in_trash,) = await ada.memories.list()
    await ada.erase_session(session_id)
    (after,) = await ada.memories.list()

    assert (in_trash.source_gone, len(in_trash.sources)) == (False, 2)
    assert (after.source_gone, after.sources, after.session_id) == (True, (), None)
    assert after.text == in_trash.text
    assert [hit.text for hit in await ada.recall(_CANARY)] == [after.text]


async def test_memories_that_stayed_outlive_what_is_said_of_the_same_later(keeper: Keeper) -> None:
    """What was true once and rests on nothing any more is closed, not lost."""
    ada = await keeper.user("ada")
    for place in ("Oslo", "Bergen"):
        session = await ada.sessions.start(assistant="helper")
        await talk(session, (f"I live in {place}.", "I see."))
        await keeper.distill()
        await ada.erase_session(session.id, memories="keep")

    homes = [m for m in await ada.memories.list() if m.attribute == "home"]

    assert [(m.value, m.source_gone, m.valid_to is None) for m in homes] == [
        ("Bergen", True, True),
        ("Oslo", True, False),
    ]


@pytest.mark.parametrize("memories", ["forget", "keep"])
async def test_what_has_come_to_its_time_is_erased_with_a_receipt(
    keeper: Keeper, memories: Any
) -> None:
    """Not a day sooner; with its memories, or without those that were to stay."""
    clock = keeper.store.clock
    ada = await keeper.user("ada")
    session_id = await _told(ada)
    await ada.sessions.trash(session_id, memories=memories)
    clock.pass_by(days=_DAYS - 1)  # type: ignore[attr-defined]  # the world's own clock
    early = await keeper.purge_trash(after_days=_DAYS)
    clock.pass_by(days=1)  # type: ignore[attr-defined]  # likewise
    due = await keeper.purge_trash(after_days=_DAYS)
    again = await keeper.purge_trash(after_days=_DAYS)

    assert (early, due, again) == (0, 1, 0)
    with pytest.raises(NotFound):
        await (await ada.sessions.open(session_id)).info()
    assert (await ada.sessions.page(trashed=True)).sessions == []
    assert [m.source_gone for m in await ada.memories.list()] == [True] * (memories == "keep")
    entry = (await keeper.store.keyring.storage.audit())[-1]
    assert session_id.encode() in entry.body
    assert (await verify(keeper.store, [ada.vault])).ok


async def test_what_was_talked_in_since_is_taken_out_instead(keeper: Keeper) -> None:
    """Whoever goes on with a conversation wants it back."""
    ada = await keeper.user("ada")
    session_id = await _told(ada)
    await ada.sessions.trash(session_id)
    keeper.store.clock.pass_by(days=2)  # type: ignore[attr-defined]  # the world's own clock
    await talk(await ada.sessions.open(session_id), ("and another", "Good."))
    keeper.store.clock.pass_by(days=_DAYS)  # type: ignore[attr-defined]  # likewise

    assert await keeper.purge_trash(after_days=_DAYS) == 0
    assert [s.id for s in await ada.sessions.list()] == [session_id]
    assert len([hit for hit in await ada.recall("another") if hit.message]) >= 1


async def test_a_memory_of_two_sessions_goes_with_the_second_and_comes_with_the_first(
    keeper: Keeper,
) -> None:
    """It rests on whatever is not in the trash."""
    ada = await keeper.user("ada")
    one, two = await ada.sessions.start(), await ada.sessions.start()
    await talk(one, ("blue", "ok"))
    await talk(two, ("blue again", "ok"))
    sources = [(await session.messages())[0].id for session in (one, two)]
    memory = await ada.memories.add("likes blue", sources=sources)

    async def shown() -> list[str]:
        return [m.id for m in await ada.memories.list()]

    await ada.sessions.trash(one.id)
    after_one = await shown()
    await ada.sessions.trash(two.id)
    after_two = await shown()
    await ada.sessions.restore(one.id)

    assert (after_one, after_two, await shown()) == ([memory.id], [], [memory.id])


async def test_it_is_counted_what_would_go(keeper: Keeper) -> None:
    """Messages, the memories that rest on nothing else, thoughts, files."""
    ada = await keeper.user("ada")
    session = await ada.sessions.open(await _told(ada))
    async with session.turn("look") as turn:
        await turn.file("boat.txt", b"oars", media_type="text/plain")
        await turn.reply("seen")
    await ada.memories.add("by hand")

    found = await ada.sessions.consequences(session.id)

    assert asdict(found) == {"messages": 5, "memories": 1, "thoughts": 1, "files": 1}


async def test_many_at_once_and_by_several_hands(keeper: Keeper) -> None:
    """Each of them is there in the end, whoever was quicker."""
    ada = await keeper.user("ada")
    ids = [await _told(ada) for _ in range(6)]

    await asyncio.gather(
        ada.sessions.trash(ids[:3]), ada.sessions.trash(ids[3:]), ada.sessions.trash(ids[2:4])
    )

    assert {s.id for s in (await ada.sessions.page(trashed=True)).sessions} == set(ids)
    assert await ada.memories.list() == []


async def test_a_foreign_session_is_an_unknown_one(keeper: Keeper) -> None:
    """Nobody puts away, brings back or weighs what is somebody else's."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    session_id = await _told(ada)
    own = await _told(ben)

    for attempt in (
        ben.sessions.trash([own, session_id]),
        ben.sessions.restore(session_id),
        ben.sessions.consequences(session_id),
        ben.erase_session(session_id, memories="keep"),
    ):
        with pytest.raises(NotFound):
            await attempt

    shown: list[Session] = await ben.sessions.list()
    assert [session.id for session in shown] == [own]


async def test_clearing_takes_the_trash_along(keeper: Keeper) -> None:
    """Every conversation is every one."""
    ada = await keeper.user("ada")
    ids = {await _told(ada), await _told(ada)}
    await ada.sessions.trash(min(ids))

    assert {receipt.session_id for receipt in await ada.clear()} == ids
    assert await _seen(ada) == _NOTHING
