"""A client key makes one thing, however often and from how many tasks it is retried."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import BadInput, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory


async def test_a_session_is_begun_once_under_a_client_key(keeper: Keeper) -> None:
    """Twenty attempts at once and one afterwards come to the same session."""
    ada = await keeper.user("ada")

    begun = await asyncio.gather(
        *(ada.sessions.start(assistant="helper", client_key="one") for _ in range(20))
    )
    again = await ada.sessions.start(assistant="helper", client_key="one")

    assert {session.id for session in begun} == {again.id}
    assert len(await ada.sessions.list()) == 1
    await again.log_full_chat_interaction("it can be", "talked in")


async def test_a_memory_is_made_once_under_a_client_key(keeper: Keeper) -> None:
    """Twenty attempts at once come to one memory, which is what the key gives afterwards too."""
    ada = await keeper.user("ada")
    new = NewMemory(text="Ada likes blue", tags=("colour",), importance=7)

    made = await asyncio.gather(*(ada.memories.add(new, client_key="one") for _ in range(20)))

    assert {memory.id for memory in made} == {m.id for m in await ada.memories.list()}
    assert await ada.memories.add(new, client_key="one") == made[0]


async def test_a_thought_is_noted_once_under_a_client_key(keeper: Keeper) -> None:
    """Twenty attempts at once come to one thought."""
    ada = await keeper.user("ada")

    noted = await asyncio.gather(
        *(ada.thoughts.add("hm", assistant="helper", client_key="one") for _ in range(20))
    )

    assert {thought.id for thought in noted} == {t.id for t in await ada.thoughts.list()}
    assert len(noted) == 20


async def test_a_client_key_stands_for_one_content(keeper: Keeper) -> None:
    """With something else under the same key the call is refused, and nothing is written."""
    ada = await keeper.user("ada")
    await ada.sessions.start(kind="chat", client_key="one")
    await ada.memories.add("blue", client_key="one")
    await ada.thoughts.add("hm", assistant="helper", client_key="one")
    before = await ada.stats()

    with pytest.raises(BadInput):
        await ada.sessions.start(kind="room", client_key="one")
    with pytest.raises(BadInput):
        await ada.memories.add("green", client_key="one")
    with pytest.raises(BadInput):
        await ada.thoughts.add("aha", assistant="helper", client_key="one")

    assert await ada.stats() == before


async def test_a_client_key_is_of_one_user_and_one_kind(keeper: Keeper) -> None:
    """The same key makes a thing of each kind for each user."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    made = [await user.memories.add("blue", client_key="one") for user in (ada, ben)]
    begun = [await user.sessions.start(client_key="one") for user in (ada, ben)]

    assert len({memory.id for memory in made}) == 2
    assert len({session.id for session in begun}) == 2


async def test_what_was_forgotten_does_not_come_back_by_its_key(keeper: Keeper) -> None:
    """A late retry of a memory that was removed is told so."""
    ada = await keeper.user("ada")
    made = await ada.memories.add("blue", client_key="one")
    await ada.memories.forget(made.id)

    with pytest.raises(NotFound):
        await ada.memories.add("blue", client_key="one")

    assert await ada.memories.list() == []
