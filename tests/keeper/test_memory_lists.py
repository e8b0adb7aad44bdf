"""Memories as a whole: filtered, sorted, counted; what contradicts, what was used, what changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fix_keeper import HandClock
from holdfast.assistant.chat import chat
from holdfast.errors import BadInput
from holdfast.keeper.correcting import Correction
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.users import User
from holdfast.model import Memory, MemoryKind


def texts(memories: list[Memory]) -> list[str]:
    """What they say, in order."""
    return [memory.text for memory in memories]


async def told(user: User, session: Any, text: str) -> None:
    """Somebody says something, and it is answered."""
    async for _ in chat(user, session, text):
        pass


async def learned(ada: User, said: str, memory: NewMemory | str, **session: Any) -> Memory:
    """A memory of what was said in a session of its own."""
    opened = await ada.sessions.start(**session)
    logged = await opened.log_full_chat_interaction(said, "Noted", memory=memory)
    assert logged.learned.memory is not None
    return logged.learned.memory


async def test_memories_are_found_by_beginnings_of_words(keeper: Keeper) -> None:
    """In text and tags, whatever case and accents; all of the words."""
    ada = await keeper.user("ada")
    await ada.memories.add(NewMemory(text="The café is closed", tags=("Oslo",)))
    await ada.memories.add("The boat is red")

    for words in ("cafe", "CAF", "oslo closed"):
        assert texts(await ada.memories.list(q=words)) == ["The café is closed"], words
    assert await ada.memories.list(q="cafe red") == []


async def test_memories_are_narrowed_by_project_and_time(keeper: Keeper, clock: HandClock) -> None:
    """A memory's project is that of the session it was made in, wherever that is moved."""
    ada = await keeper.user("ada")
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    made = await learned(ada, "The oar is red", "Red oar", project="boat")
    clock.now = datetime(2026, 5, 1, tzinfo=UTC)
    await ada.memories.add("No project")

    assert texts(await ada.memories.list(project="boat")) == ["Red oar"]
    assert texts(await ada.memories.list(until="2026-04-01")) == ["Red oar"]
    assert texts(await ada.memories.list(since="2026-04-01")) == ["No project"]
    assert made.session_id is not None
    await (await ada.sessions.open(made.session_id)).change(project="shed")
    assert (await ada.memories.facts([made]))[made.id].project == "shed"
    assert await ada.memories.list(project="boat") == []


async def test_what_was_stated_stands_before_what_was_summed_up(keeper: Keeper) -> None:
    """Newest first among each; over pages, too."""
    ada = await keeper.user("ada")
    kinds: list[MemoryKind] = ["summary", "fact", "summary", "preference"]
    for number, kind in enumerate(kinds):
        await ada.memories.add(NewMemory(text=f"{kind} {number}", kind=kind))
    first = await ada.memories.page(sort="stated", limit=3)
    rest = await ada.memories.page(sort="stated", limit=3, cursor=first.next_cursor)

    assert [memory.text for memory in (*first.memories, *rest.memories)] == [
        "preference 3",
        "fact 1",
        "summary 2",
        "summary 0",
    ]


async def test_pages_follow_the_sort(keeper: Keeper) -> None:
    """Most important first, page by page, none twice."""
    ada = await keeper.user("ada")
    for importance in (3, 9, 5, 9):
        await ada.memories.add(NewMemory(text=f"of {importance}", importance=importance))

    first = await ada.memories.page(sort="importance", limit=3)
    rest = await ada.memories.page(sort="importance", limit=3, cursor=first.next_cursor)

    assert texts([*first.memories, *rest.memories]) == ["of 9", "of 9", "of 5", "of 3"]
    assert rest.next_cursor is None
    with pytest.raises(BadInput):
        await ada.memories.list(sort="loudest")  # type: ignore[arg-type]  # what is refused


async def test_a_memory_tells_when_an_answer_last_used_it(keeper: Keeper) -> None:
    """And the list can be sorted by it; what was never used comes last."""
    ada = await keeper.user("ada")
    used = await ada.memories.add("My spare key hangs behind the third oar")
    await ada.memories.add("My piano is out of tune")
    session = await ada.sessions.start()

    assert (await ada.memories.facts([used]))[used.id].last_used_at is None
    await told(ada, session, "Where does my spare key hang?")

    (turn,) = await session.turns()
    assert [one.id for one in turn.used] == [used.id]
    assert (await ada.memories.facts([used]))[used.id].last_used_at == turn.ended_at
    assert texts(await ada.memories.list(sort="used"))[0] == used.text


async def test_what_contradicts_is_told_of_both(keeper: Keeper, clock: HandClock) -> None:
    """Of one subject and attribute two values that hold now; what has ended contradicts nothing."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await session.log_full_chat_interaction("My favourite colour is blue", "Noted")
    await ada.distill()
    clock.pass_by(days=1)
    await session.log_full_chat_interaction("My favourite colour is green", "Noted")
    await ada.distill()
    known = await ada.memories.list(kind="preference")
    (blue,) = [memory for memory in known if memory.valid_to is not None]
    (green,) = [memory for memory in known if memory.valid_to is None]
    assert (await ada.memories.facts(known))[green.id].conflicts == ()

    await ada.memories.edit(blue.id, Correction(valid_to=None))

    facts = await ada.memories.facts(known)
    assert facts[green.id].conflicts == (blue.id,)
    assert facts[blue.id].conflicts == (green.id,)


async def test_facets_count_what_there_is(keeper: Keeper) -> None:
    """Most first; what is in the trash does not count."""
    ada = await keeper.user("ada")
    await learned(ada, "Red", NewMemory(text="Red", tags=("colour",)), assistant="a", project="p")
    await ada.memories.add(NewMemory(text="Blue", tags=("colour", "sea"), kind="fact"))
    gone = await ada.memories.add(NewMemory(text="Green", tags=("sea",)))
    await ada.memories.trash(gone.id)

    facets = await ada.memories.facets()

    assert facets.tags == {"colour": 2, "sea": 1}
    assert facets.kinds == {"fact": 1, "note": 1}
    assert (facets.assistants, facets.projects, facets.total) == ({"a": 1}, {"p": 1}, 2)


async def test_changes_are_told_newest_first(keeper: Keeper, clock: HandClock) -> None:
    """Added, corrected, merged: what, by whom, and what was said before."""
    ada = await keeper.user("ada")
    blue = await ada.memories.add("My boat is blue")
    clock.pass_by(hours=1)
    await ada.memories.edit(blue.id, "My boat is navy")
    clock.pass_by(hours=1)
    other = await ada.memories.add("The boat was painted")
    clock.pass_by(hours=1)
    await ada.memories.merge([blue.id, other.id])

    page = await ada.memories.changes()

    assert [(c.what, c.memory.id, c.before, c.by) for c in page.changes] == [
        ("merged", blue.id, "My boat is navy", "you"),
        ("corrected", blue.id, "My boat is blue", "you"),
        ("added", blue.id, None, "you"),
    ]
    first = await ada.memories.changes(limit=2)
    rest = await ada.memories.changes(limit=2, cursor=first.next_cursor)
    assert [*first.changes, *rest.changes] == page.changes


async def test_what_was_learned_and_superseded_is_told(keeper: Keeper, clock: HandClock) -> None:
    """From what was said, by whoever made it, with what held before."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await session.log_full_chat_interaction("My favourite colour is blue", "Noted")
    await ada.distill()
    clock.pass_by(days=1)
    await session.log_full_chat_interaction("My favourite colour is green", "Noted")
    await ada.distill()

    changes = (await ada.memories.changes()).changes
    about = [(c.what, c.by) for c in changes if c.memory.attribute]
    summed_up = [(c.what, c.by) for c in changes if c.memory.kind == "summary"]

    assert about == [("superseded", "rules"), ("learned", "rules")]
    assert summed_up == [("learned", "rules")]
    assert [c.before for c in changes if c.what == "superseded"] == [
        c.memory.text for c in changes if c.what == "learned" and c.memory.attribute
    ]
