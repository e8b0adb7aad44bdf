"""What was said before the page that is read still tells what the page means."""

from __future__ import annotations

from fix_keeper import talk
from holdfast.keeper.keeper import Keeper


async def test_an_ending_taken_back_in_a_later_run_ended_nothing(keeper: Keeper) -> None:
    """The memory holds again, though the ending was written before."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("I live in Oslo.", "I see."))
    await keeper.distill()
    await talk(session, ("I no longer live in Oslo.", "I see."))
    await keeper.distill()
    (ended,) = [m for m in await ada.memories.list() if m.attribute == "home"]
    await talk(session, ("just kidding", "I see."))
    await keeper.distill()

    (home,) = [m for m in await ada.memories.list() if m.attribute == "home"]
    assert ended.valid_to is not None
    assert (home.value, home.valid_to, home.closed_by) == ("Oslo", None, None)


async def test_a_part_played_for_long_is_no_fact_when_read_in_between(keeper: Keeper) -> None:
    """It began more messages ago than a page before this one holds."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("Let's roleplay: I am a knight.", "Aye."))
    await talk(session, *(("What is the time, squire?", "Late.") for _ in range(20)))
    await keeper.distill()
    await talk(session, ("My name is Lancelot and I live in Camelot.", "Aye."))
    await keeper.distill()

    assert [m.value for m in await ada.memories.list() if m.attribute in ("name", "home")] == []


async def test_undoing_gives_back_the_memory_that_says_the_same_by_now(keeper: Keeper) -> None:
    """What was between two times the same was said is gone: undone, they are one memory."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    for place in ("Oslo", "Bergen", "Oslo"):
        await talk(session, (f"I live in {place}.", "I see."))
        await keeper.distill()
    first, between, last = reversed([m for m in await ada.memories.list() if m.attribute == "home"])
    await ada.memories.edit(last.id, "Lives in Oslo, again")
    await ada.forget(between.sources[0].message_id)

    undone = await ada.memories.undo(last.id)

    assert (undone.id, undone.sources) == (first.id, (*first.sources, *last.sources))
    assert [m for m in await ada.memories.list() if m.attribute == "home"] == [undone]
