"""Running summaries: made of what was said, current, once, and never in the way."""

from __future__ import annotations

import asyncio

from fix_keeper import World, talk
from holdfast.distill.echoes import NOTHING
from holdfast.keeper.keeper import Keeper

_TALK = (
    ("My favourite colour is blue and I live in Oslo.", "Oslo is beautiful in winter."),
    ("My sister plays the violin in Ravenna.", "The violin is a fine instrument."),
)


async def test_a_summary_quotes_what_was_said(keeper: Keeper) -> None:
    """Each of its sentences stands in a message that it names."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, *_TALK)

    assert await ada.distill() == 1

    (memory,) = await ada.memories.list(kind="summary")
    said = {message.id: message.text for message in await session.messages()}
    quotes = [said[s.message_id][s.start : s.end] for s in memory.sources]
    assert quotes
    assert all(quote in memory.text for quote in quotes)
    assert (memory.kind, memory.session_id, memory.assistant) == ("summary", session.id, "helper")


async def test_distilling_again_changes_nothing_until_there_is_more(keeper: Keeper) -> None:
    """The same memory under the same id, changed in its place when the talk goes on."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, *_TALK)
    await ada.distill()
    (first,) = await ada.memories.list(kind="summary")
    rev = (await ada.stats()).rev

    assert await ada.distill() == 0
    assert (await ada.stats()).rev == rev
    await talk(session, ("The capital of Iceland is Reykjavik.", "Indeed it is Reykjavik."))
    assert await ada.distill() == 1

    (second,) = await ada.memories.list(kind="summary")
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert (await keeper.verify()).problems == ()


async def test_two_keepers_distil_one_summary(world: World) -> None:
    """At the same time, over the same sessions: one memory each."""
    here, there = await world.open(), await world.open()
    ada = await here.user("ada")
    for _ in range(5):
        await talk(await ada.sessions.start(assistant="helper"), *_TALK)

    changed = await asyncio.gather(*(keeper.distill() for keeper in (here, there) * 3))

    assert sum(changed) >= 5
    assert len(await ada.memories.list(kind="summary")) == 5
    assert (await here.verify()).problems == ()


async def test_a_summary_that_its_owner_removed_stays_away(keeper: Keeper) -> None:
    """Until the session goes on; then there is something new to sum up."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, *_TALK)
    await ada.distill()
    (memory,) = await ada.memories.list(kind="summary")
    await ada.memories.forget(memory.id)

    assert await ada.distill() == 0
    assert await ada.memories.list(kind="summary") == []
    await talk(session, ("The capital of Iceland is Reykjavik.", "Indeed it is Reykjavik."))
    assert await ada.distill() == 1


async def test_too_little_or_nothing_to_say_is_no_summary(keeper: Keeper) -> None:
    """Empty sessions, one message, forgotten ones, signs only: no memory, no error."""
    ada = await keeper.user("ada")
    await ada.sessions.start()
    one = await ada.sessions.start()
    async with one.turn("Only this was ever said here."):
        pass
    signs = await ada.sessions.start()
    await talk(signs, ("?!", "..."))
    forgotten = await ada.sessions.start()
    await talk(forgotten, *_TALK)
    await ada.forget([message.id for message in await forgotten.messages()])

    await ada.distill()

    assert all(memory.session_id == signs.id for memory in await ada.memories.list())


async def test_rooms_are_distilled_for_their_members(keeper: Keeper) -> None:
    """A room's summary lies in the room."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])
    await room.post("We meet on Tuesday at the station in Oslo.")
    await (await ben.rooms.open(room.id)).post("I will bring the violin and the tickets.")

    assert await room.distill() == 1

    theirs = await (await ben.rooms.open(room.id)).memories()
    assert len(await theirs.list()) == 1
    assert await ada.memories.list() == []


async def test_a_word_that_is_too_long_for_a_tag_keeps_nothing_from_being_summed_up(
    keeper: Keeper,
) -> None:
    """A pasted number, a text in a script without spaces: neither its session nor another waits."""
    ada = await keeper.user("ada")
    for text in ("0123456789abcdef" * 100, "ฉันชอบสีฟ้า" * 40, "My sister plays the violin."):
        await talk(await ada.sessions.start(), (text, "Noted."))

    assert await ada.distill() == 3
    assert all(len(tag) <= 64 for memory in await ada.memories.list() for tag in memory.tags)


async def test_a_summary_holds_no_answer_that_only_quotes(keeper: Keeper) -> None:
    """What an assistant quoted was said once already: neither summary nor tags take it up."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await session.log_full_chat_interaction("I sail to Bergen in June", 'Kept: "I sail to Bergen"')
    await session.log_full_chat_interaction(
        "Where do I sail?", 'On 9 June you said: "I sail to Bergen in June"'
    )

    await keeper.distill()

    [summary] = await ada.memories.list(kind="summary")
    assert "Kept" not in summary.text
    assert "you said" not in summary.text
    assert "kept" not in " ".join(summary.tags)


async def test_a_lone_question_becomes_no_memory(keeper: Keeper) -> None:
    """A title is enough of it; once something is stated, there is a summary."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("What is the capital of Iceland?", NOTHING))

    await ada.distill()

    assert await ada.memories.list() == []
    assert (await session.info()).title == "What is the capital of Iceland?"
    await talk(session, ("The capital of Iceland is Reykjavik.", 'Kept: "it"'))
    await ada.distill()
    assert [memory.kind for memory in await ada.memories.list()] == ["summary"]
