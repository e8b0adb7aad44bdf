"""The owner's hand on what is remembered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fix_keeper import talk
from holdfast.distill import finding
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.correcting import Correction
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.users import User
from holdfast.model import Memory, Message

_MARCH = datetime(2025, 3, 1, tzinfo=UTC)


async def _told(user: User, *texts: str) -> list[str]:
    """Say something in a session of its own; returns the ids of what the user said."""
    session = await user.sessions.start(assistant="helper")
    await talk(session, *((text, "Noted.") for text in texts))
    return [m.id for m in await session.messages() if m.role == "user"]


async def _texts(user: User) -> set[str]:
    return {memory.text for memory in await user.memories.list()}


async def test_memories_are_filtered_by_all_that_they_bear(keeper: Keeper) -> None:
    """Tag, kind, origin, importance, pin, assistant, the session of a source, and a time."""
    ada = await keeper.user("ada")
    (said,) = await _told(ada, "I like blue")
    blue = await ada.memories.add(
        NewMemory(text="blue", kind="preference", tags=["colour"], importance=8, origin="said"),
        sources=[said],
        assistant="helper",
    )
    old = await ada.memories.add(
        NewMemory(text="old", valid_from=_MARCH, valid_to=_MARCH + timedelta(days=31))
    )
    await ada.memories.pin(old.id)
    session_id = blue.sources[0].session_id

    async def found(**asked: object) -> list[str]:
        return [m.text for m in await ada.memories.list(**asked)]  # type: ignore[arg-type]  # any

    assert await found() == ["old", "blue"]
    for asked in (
        {"kind": "preference"},
        {"tag": "colour"},
        {"origin": "said"},
        {"min_importance": 8},
        {"pinned": False},
        {"assistant": "helper"},
        {"session_id": session_id},
    ):
        assert await found(**asked) == ["blue"], asked
    assert await found(pinned=True) == ["old"]
    assert await found(valid_at=_MARCH) == ["old"]
    assert await found(valid_at=_MARCH + timedelta(days=31)) == []
    assert [m.text for m in (await ada.memories.page(pinned=True)).memories] == ["old"]
    with pytest.raises(BadInput):
        await found(valid_at="some day or other")


async def test_an_edit_is_kept_with_what_was_there_before(keeper: Keeper) -> None:
    """The new text counts and stays; the old one can be read, and comes back whole."""
    ada = await keeper.user("ada")
    (said,) = await _told(ada, "my favourite colour is blue")
    made = await ada.memories.add(NewMemory(text="Favourite colour: blue"), sources=[said])

    edited = await ada.memories.edit(made.id, "Favourite colour: navy")
    again = await ada.memories.edit(made.id, Correction(importance=9, tags=["colour"]))

    assert (edited.text, edited.corrected, edited.sources) == (
        "Favourite colour: navy",
        True,
        made.sources,
    )
    assert [version.memory.text for version in again.former] == [made.text, edited.text]
    assert await ada.memories.get(made.id) == again
    assert await ada.memories.undo(made.id) == edited
    assert await ada.memories.undo(made.id) == made
    with pytest.raises(BadInput):
        await ada.memories.undo(made.id)


async def test_an_edit_that_changes_nothing_writes_nothing(keeper: Keeper) -> None:
    """Neither a version nor a revision."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("blue")
    rev = (await ada.stats()).rev

    assert await ada.memories.edit(made.id, "blue") == made
    assert (await ada.stats()).rev == rev


@pytest.mark.parametrize(
    "correction",
    [
        Correction(text=" "),
        Correction(importance=11),
        Correction(valid_to=_MARCH - timedelta(days=10_000)),
        Correction(valid_from=datetime(2026, 1, 1)),
        Correction(tags=["\ud800"]),
    ],
)
async def test_an_edit_that_cannot_be_kept_changes_nothing(
    keeper: Keeper, correction: Correction
) -> None:
    """BadInput, and the memory is as it was."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("blue")

    with pytest.raises(BadInput):
        await ada.memories.edit(made.id, correction)

    assert await ada.memories.get(made.id) == made


async def test_the_value_follows_the_text_where_its_form_stays(keeper: Keeper) -> None:
    """What is said of an attribute is read from the same place; elsewhere it is unknown."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("x")
    told = Memory(**{**_fields(made), "text": "Favourite colour: blue", "value": "blue"})
    from holdfast.keeper.correcting import corrected

    def value(text: str) -> str:
        return corrected(ada.store, told, Correction(text=text), version=0).value

    assert value("Favourite colour: dark green") == "dark green"
    assert value("I like green") == ""


def _fields(memory: Memory) -> dict[str, object]:
    return {name: getattr(memory, name) for name in memory.__struct_fields__}


async def test_several_become_one_with_all_that_they_rest_on(keeper: Keeper) -> None:
    """Sources, tags and times united; the others are found in it alone; and back again."""
    ada = await keeper.user("ada")
    one, two = await _told(ada, "I like blue", "blue is my colour")
    first = await ada.memories.add(NewMemory(text="likes blue", tags=["a"]), sources=[one])
    second = await ada.memories.add(
        NewMemory(text="blue", tags=["b"], importance=9, valid_from=_MARCH), sources=[two]
    )
    by_hand = await ada.memories.add("blue!")
    thought = await ada.thoughts.add("aha", assistant="helper", memory_id=second.id)

    whole = await ada.memories.merge([first.id, second.id, by_hand.id], text="Colour: blue")

    assert (whole.id, whole.text, whole.tags) == (first.id, "Colour: blue", ("a", "b"))
    assert (whole.importance, whole.valid_from) == (9, min(first.valid_from or _MARCH, _MARCH))
    assert [source.message_id for source in whole.sources] == [one, two]
    assert await ada.memories.list() == [whole]
    assert (await ada.memories.of_message(two)) == [whole]
    assert (await ada.thoughts.get(thought.id)).linked_memory == whole.id
    assert "blue!" in {version.memory.text for version in whole.former}

    assert await ada.memories.undo(whole.id) == first
    assert await ada.memories.get(second.id) == second
    assert await ada.memories.get(by_hand.id) == by_hand


@pytest.mark.parametrize("count", [0, 1])
async def test_one_memory_cannot_be_merged(keeper: Keeper, count: int) -> None:
    """Nor the same one twice; a foreign one is not there."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("blue")
    ids = [made.id, made.id][: 2 * count]

    with pytest.raises(BadInput):
        await ada.memories.merge(ids)
    bens = await (await keeper.user("ben")).memories.add("green")
    with pytest.raises(NotFound):
        await ada.memories.merge([made.id, bens.id])


async def test_a_source_that_goes_takes_what_rested_on_it_out_of_former_versions(
    keeper: Keeper,
) -> None:
    """No version keeps its words; what the owner wrote down by hand is there again, alone."""
    ada = await keeper.user("ada")
    secret, other = await _told(ada, "swordfish", "blue")
    first = await ada.memories.add("swordfish", sources=[secret])
    second = await ada.memories.add("blue", sources=[other])
    whole = await ada.memories.merge([second.id, first.id])

    await ada.forget(secret)

    left = await ada.memories.get(whole.id)
    assert "swordfish" not in str(left)
    assert [source.message_id for source in left.sources] == [other]

    by_hand = await ada.memories.add("by hand")
    await ada.memories.merge([second.id, by_hand.id])
    await ada.forget(other)

    assert await ada.memories.list() == [by_hand]


async def test_forgetting_keeps_nothing_and_cannot_be_undone(keeper: Keeper) -> None:
    """All of several or none; their thoughts stay, without naming them."""
    ada = await keeper.user("ada")
    one, two = await ada.memories.add("one"), await ada.memories.add("two")
    thought = await ada.thoughts.add("aha", assistant="helper", memory_id=one.id)
    with pytest.raises(NotFound):
        await ada.memories.forget([one.id, thought.id])
    assert await _texts(ada) == {"one", "two"}

    await ada.memories.forget([one.id, two.id])

    assert await ada.memories.list() == []
    assert (await ada.thoughts.get(thought.id)).linked_memory is None
    with pytest.raises(NotFound):
        await ada.memories.undo(one.id)


async def test_clearing_removes_every_memory_and_nothing_that_was_said(keeper: Keeper) -> None:
    """Twice removes nothing more."""
    ada = await keeper.user("ada")
    (said,) = await _told(ada, "blue")
    await ada.memories.add("blue", sources=[said])
    await ada.memories.add("by hand")

    assert (await ada.memories.clear(), await ada.memories.clear()) == (2, 0)
    assert await ada.memories.list() == []
    assert (await ada.stats()).messages == 2


async def test_of_twenty_edits_at_once_none_is_lost(keeper: Keeper) -> None:
    """Each one is made upon the one before."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("0")

    await asyncio.gather(*(ada.memories.edit(made.id, str(n)) for n in range(1, 11)))

    now = await ada.memories.get(made.id)
    versions = {version.memory.text for version in now.former}
    assert {now.text, *versions} == {str(n) for n in range(11)}


async def test_what_was_said_about_something_is_listed_and_exactly_that_goes(
    keeper: Keeper,
) -> None:
    """The messages, and memories that rest on them alone; what was not listed stays."""
    ada = await keeper.user("ada")
    rash, colour = await _told(ada, "the doctor says my rash is harmless", "I like blue")
    await ada.memories.add("has a harmless rash", sources=[rash])
    await ada.memories.add("likes blue", sources=[colour])

    about = await ada.find_about("rash doctor", limit=2)
    assert rash in {message.id for message in about.messages}
    assert "has a harmless rash" in {m.text for m in (*about.memories, *about.resting)}
    assert len(await ada.memories.list()) == 2  # nothing was changed

    chosen = about.only(frozenset({rash}))
    done = await ada.forget_about(chosen)

    assert (done.messages, await _texts(ada)) == (1, {"likes blue"})
    with pytest.raises(NotFound):
        await ada.forget_about(chosen)


async def test_a_pause_is_a_stretch_of_time(keeper: Keeper) -> None:
    """It begins once and ends once; of the session, or of all."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()

    begun = await ada.pause_learning()
    assert await ada.pause_learning() == begun
    (ended,) = await ada.resume_learning()
    assert (ended.since, ended.until is not None) == (begun[0].since, True)
    assert await ada.resume_learning() == (ended,)
    assert await ada.learning_pauses() == (ended,)

    paused = await session.change(learning=False)
    assert paused.pauses[0].until is None
    assert (await session.change(title="x")).pauses == paused.pauses
    resumed = await session.change(learning=True)
    assert resumed.pauses[0].until is not None


@pytest.mark.parametrize("everywhere", [True, False])
async def test_nothing_is_learned_from_a_pause(
    keeper: Keeper, everywhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it lasts the session is left alone; afterwards what was said in it stays out."""
    read: list[str] = []

    def find(page: list[Message], *, before: list[Message]) -> finding.Finding:
        read.extend(message.text for message in page)
        return finding.Finding()

    monkeypatch.setattr(finding, "find", find, raising=False)
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("The ferry to Bergen leaves on Friday.", "Noted."))
    pause = ada.pause_learning if everywhere else lambda: session.change(learning=False)
    resume = ada.resume_learning if everywhere else lambda: session.change(learning=True)

    await pause()
    await talk(session, ("The swordfish medicine is bitter.", "Noted."))
    await ada.distill()
    assert await ada.memories.list() == []
    await resume()
    await talk(session, ("The hotel in Bergen has a garden.", "Noted."))
    await ada.distill()

    assert "swordfish" not in f"{await ada.memories.list()} {read}"
    assert "Bergen" in str(await ada.memories.list())
    assert "The hotel in Bergen has a garden." in read
