"""Searching everything at once: what is found where, what narrows, and what stands apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fix_keeper import HandClock, talk
from holdfast.errors import BadInput
from holdfast.keeper.found import Found
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User

NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape"


def titles(groups: Any) -> list[str]:
    """Of the sessions of groups."""
    return [group.session.title for group in groups]


def labels(found: Found) -> set[str]:
    """Of all hits in sessions."""
    return {hit.label for group in (*found.groups, *found.archived) for hit in group.hits}


async def filled(keeper: Keeper, clock: HandClock) -> User:
    """Ada's history: a needle two months ago, the same words elsewhere, and everyday talk."""
    ada = await keeper.user("ada")
    clock.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    shed = await ada.sessions.start(title="Clear-out", assistant="helper", tags=["home"])
    await talk(shed, (NEEDLE, "I will remember."), ("And the oar is cracked", "A pity."))
    clock.now = datetime(2026, 5, 10, 9, 0, tzinfo=UTC)
    music = await ada.sessions.start(title="Piano lessons", assistant="tutor", project="music")
    await talk(music, ("When is my lesson?", "On Tuesday at five."))
    await music.change(pinned=True)
    old = await ada.sessions.start(title="Old boats", assistant="helper")
    await talk(old, ("The boat needs paint before summer", "White or grey?"))
    await old.change(archived=True)
    clock.pass_by(days=1)
    return ada


async def test_a_message_is_found_in_its_session(keeper: Keeper, clock: HandClock) -> None:
    """The group is the conversation, the hit the very message, the matched words are marked."""
    ada = await filled(keeper, clock)

    found = await ada.find("third oar")

    assert titles(found.groups)[0] == "Clear-out"
    hit = found.groups[0].hits[0]
    assert (hit.label, hit.message and hit.message.text) == ("message", NEEDLE)
    marked = [hit.snippet.text[start:end] for start, end in hit.snippet.marks]
    assert marked == ["third", "oar"]
    assert found.groups[0].count == 1
    assert "oar" in {word for reason in hit.reasons for word in reason.words}


async def test_messages_that_match_alike_are_counted(keeper: Keeper, clock: HandClock) -> None:
    """The count is of those that hold as many of the words as the first one."""
    ada = await filled(keeper, clock)

    found = await ada.find("oar")

    assert (titles(found.groups)[0], found.groups[0].count) == ("Clear-out", 2)


async def test_what_nobody_said_is_not_found(keeper: Keeper, clock: HandClock) -> None:
    """Recall ranks whatever there is; a page shows what tells something."""
    ada = await filled(keeper, clock)

    assert await ada.find("zzyzx qwrtz") == Found()
    assert await ada.find("  ") == Found()


async def test_the_first_words_of_all_are_found(keeper: Keeper) -> None:
    """A vault of one exchange is enough: no score of a young vault hides them."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("My oar is blue", "A fine colour."))

    found = await ada.find("oar")

    assert [h.message and h.message.text for h in found.groups[0].hits][-1] == "My oar is blue"


async def test_a_title_is_found(keeper: Keeper, clock: HandClock) -> None:
    """Also while its last word is being typed, in whatever form, and with a slip of the pen."""
    ada = await filled(keeper, clock)

    for typed in (
        "piano lesson",
        "PIANO",
        "pia",
        "paino less",
        '"piano lessons"',
        "paino lessson ",
    ):
        found = await ada.find(typed, as_you_type=True)
        assert titles(found.groups)[:1] == ["Piano lessons"], typed
        hit = found.groups[0].hits[0]
        assert (hit.label, hit.snippet.marks[0]) == ("title", (0, 5)), typed
    assert "Piano lessons" not in titles((await ada.find("pia")).groups)
    for typed in ('"lessons piano"', "lessons -piano", '"pian"'):
        assert "title" not in labels(await ada.find(typed)), typed


async def test_titles_that_say_the_same_share_their_weight(
    keeper: Keeper, clock: HandClock
) -> None:
    """One of many is not likelier meant than what was said; one alone is, the newest first."""
    ada = await filled(keeper, clock)
    for _ in range(12):
        await ada.sessions.start(title="Where is the boat shed key")
        clock.pass_by(days=1)

    many = await ada.find("where is the boat shed key")
    one = await ada.find("music lesson piano")

    assert titles(many.groups)[0] == "Clear-out"
    begun = [group.session.started_at for group in many.groups[1:]]
    assert begun == sorted(begun, reverse=True)
    assert titles(one.groups)[:1] == ["Piano lessons"]


async def test_slips_are_marked(keeper: Keeper, clock: HandClock) -> None:
    """What the word stood for is what is marked, and the reason says so."""
    ada = await filled(keeper, clock)

    hit = (await ada.find("thrid oar")).groups[0].hits[0]

    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["third", "oar"]
    assert "near 'third'" in {word for reason in hit.reasons for word in reason.words}


async def test_archived_sessions_stand_apart(keeper: Keeper, clock: HandClock) -> None:
    """They are never left out in silence, and are never among the others."""
    ada = await filled(keeper, clock)

    found = await ada.find("boat")

    assert "Old boats" not in titles(found.groups)
    assert titles(found.archived) == ["Old boats"]
    assert titles((await ada.find("boat archived:true")).groups) == []
    assert (await ada.find("boat", archived=False)).archived == ()


async def test_filters_narrow(keeper: Keeper, clock: HandClock) -> None:
    """By operator, by argument, and in words."""
    ada = await filled(keeper, clock)

    for typed, given in (
        ("oar lesson", {"assistant": "TUTOR"}),
        ("oar lesson", {"project": "music"}),
        ("oar lesson", {"pinned": True}),
        ("oar lesson with tutor", {}),
        ("oar lesson in:music", {}),
        ("oar lesson after:2026-04-01", {}),
        ("oar lesson in May", {}),
        ("pinned:true", {}),
    ):
        found = await ada.find(typed, **given)  # type: ignore[arg-type]  # filters by name
        assert titles(found.groups) == ["Piano lessons"], typed
    assert titles((await ada.find("oar lesson", tags=["home"])).groups) == ["Clear-out"]


async def test_a_phrase_is_a_phrase(keeper: Keeper, clock: HandClock) -> None:
    """Its words follow one another; an excluded word is in nothing that is shown."""
    ada = await filled(keeper, clock)

    assert titles((await ada.find('"third oar"')).groups) == ["Clear-out"]
    assert (await ada.find('"oar third"')).groups == ()
    found = await ada.find("oar -third")
    assert [h.message and h.message.text for h in found.groups[0].hits] == [
        "And the oar is cracked"
    ]


async def test_a_time_in_words_gives_way(keeper: Keeper, clock: HandClock) -> None:
    """When it leaves nothing the wider result is shown, and said to be one."""
    ada = await filled(keeper, clock)

    found = await ada.find("third oar in May")

    assert titles(found.groups)[0] == "Clear-out"
    assert found.wider is not None
    assert (found.wider.drop, found.wider.shown) == (("since", "until"), True)
    assert [one.kind for one in found.understood] == ["since", "until"]


async def test_a_filter_that_was_given_does_not(keeper: Keeper, clock: HandClock) -> None:
    """Nothing is shown, and what fewer filters would find is told."""
    ada = await filled(keeper, clock)

    found = await ada.find("third oar after:2026-05-01 with:tutor")

    assert (found.groups, found.archived, found.memories) == ((), (), ())
    assert found.wider is not None
    assert (found.wider.drop, found.wider.shown) == (("since", "assistant"), False)
    assert found.wider.count > 0


async def test_memories_and_thoughts_are_found(keeper: Keeper, clock: HandClock) -> None:
    """Each with its label and where it stands."""
    ada = await filled(keeper, clock)
    memory = await ada.memories.add("The dinghy is called Marigold")
    thought = await ada.thoughts.add("They may rename the dinghy", assistant="helper")

    found = await ada.find("dinghy")

    assert [(h.label, h.memory and h.memory.id) for h in found.memories] == [("memory", memory.id)]
    assert [h.thought and h.thought.id for h in found.thoughts] == [thought.id]
    await ada.memories.forget(memory.id)
    assert (await ada.find("dinghy")).memories == ()


async def test_a_session_in_the_trash_is_not_found(keeper: Keeper, clock: HandClock) -> None:
    """Neither what was said, nor its title, nor a thought about it; restored, all of it."""
    ada = await filled(keeper, clock)
    session = await ada.sessions.start(title="Marigold")
    await talk(session, ("The marigold dinghy leaks", "Oh."))
    await ada.thoughts.add("A marigold is a flower", assistant="helper", session_id=session.id)
    before = await ada.find("marigold")
    assert (len(before.groups), len(before.thoughts)) == (1, 1)

    await ada.sessions.trash(session.id)
    assert await ada.find("marigold") == Found()
    assert session.id not in {g.session.id for g in (await ada.find("pinned:false")).groups}

    await ada.sessions.restore(session.id)
    after = await ada.find("marigold")
    assert [g.hits[0].label for g in after.groups] == [before.groups[0].hits[0].label]
    assert len(after.thoughts) == 1


async def test_rooms_are_searched_as_long_as_one_is_in_them(
    keeper: Keeper, clock: HandClock
) -> None:
    """Whoever left is a stranger; filters on one's own sessions leave rooms out."""
    ada = await filled(keeper, clock)
    bob = await keeper.user("bob")
    room = await bob.rooms.create("Boat club", members=["ada"])
    await room.post("The slipway is closed on Friday")

    found = await ada.find("slipway")
    assert [(r.name, r.hits[0].label, r.hits[0].room_id) for r in found.rooms] == [
        ("Boat club", "room", room.id)
    ]
    assert (await ada.find("slipway", pinned=True)).rooms == ()
    await room.remove("ada")
    assert (await ada.find("slipway")).rooms == ()


async def test_what_changed_is_found_as_it_is(keeper: Keeper, clock: HandClock) -> None:
    """A new title, a session put away, one erased: the next search knows."""
    ada = await filled(keeper, clock)
    await ada.find("piano")
    (music,) = [s for s in await ada.sessions.list() if s.title == "Piano lessons"]
    session = await ada.sessions.open(music.id)

    await session.change(title="Violin lessons", archived=True)
    found = await ada.find("violin")
    assert (titles(found.groups), titles(found.archived)) == ([], ["Violin lessons"])
    assert (await ada.find("piano")).archived == ()
    await ada.erase_session(music.id)
    assert (await ada.find("violin lesson")).archived == ()


async def test_promise_07_yours_alone_nobody_finds_anothers_words(
    keeper: Keeper, clock: HandClock
) -> None:
    """Not by words, and not by naming the session."""
    ada = await filled(keeper, clock)
    bob = await keeper.user("bob")
    (shed,) = [s for s in await ada.sessions.list() if s.title == "Clear-out"]

    assert await bob.find("third oar") == Found()
    assert await bob.find("third oar", session_id=shed.id) == Found()


async def test_days_begin_where_the_zone_says(keeper: Keeper, clock: HandClock) -> None:
    """Half past eleven at night in London is tomorrow in Oslo."""
    ada = await keeper.user("ada")
    clock.now = datetime(2026, 1, 8, 23, 30, tzinfo=UTC)
    session = await ada.sessions.start(title="Late")
    await talk(session, ("The oar is lost", "Oh."))
    clock.now += timedelta(hours=12)

    here = await ada.find("oar yesterday")
    there = await ada.find("oar today", zone="Europe/Oslo")

    assert (titles(here.groups), here.wider) == (["Late"], None)
    assert (titles(there.groups), there.wider) == (["Late"], None)


@pytest.mark.parametrize("given", [{"limit": 0}, {"limit": 101}, {"zone": "Nowhere/Land"}])
async def test_what_makes_no_sense_is_refused(keeper: Keeper, given: dict[str, Any]) -> None:
    """By name."""
    ada = await keeper.user("ada")

    with pytest.raises(BadInput):
        await ada.find("oar", **given)
