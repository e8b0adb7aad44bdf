"""The thought log: whose thought, of which turn or session, and what it led to."""

from __future__ import annotations

import pytest

from fix_keeper import talk
from holdfast.errors import NotFound
from holdfast.keeper.keeper import Keeper


async def test_a_thought_is_found_from_all_that_it_is_linked_to(keeper: Keeper) -> None:
    """Assistant, session, turn, memory, kind and time; and nothing else is found."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("hello", "hi"))
    (turn,) = await session.turns()
    memory = await ada.memories.add("blue")
    one = await ada.thoughts.log("helper", "one", turn_id=turn.id, memory_id=memory.id, kind="plan")
    two = await ada.thoughts.log("other", "two", session_id=session.id)

    assert (one.session_id, one.turn_id, one.linked_memory) == (session.id, turn.id, memory.id)
    for found in (
        await ada.thoughts.list(assistant="helper"),
        await ada.thoughts.list(turn_id=turn.id),
        await ada.thoughts.list(memory_id=memory.id),
        await ada.thoughts.list(kind="plan"),
        await ada.thoughts.list(until=two.at),
        await ada.thoughts.of_turn(turn.id),
        await ada.thoughts.of_memory(memory.id),
        (await ada.thoughts.of_turns([turn.id]))[turn.id],
    ):
        assert found == [one]
    assert await ada.thoughts.list(session_id=session.id) == [two, one]
    assert (await ada.thoughts.page(since=two.at)).thoughts == [two]
    assert await ada.thoughts.get(two.id) == two


async def test_a_thought_of_a_session_goes_with_it(keeper: Keeper) -> None:
    """Also when it has no turn; one that is free stays."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await ada.thoughts.log("helper", "of the session", session_id=session.id)
    free = await ada.thoughts.log("helper", "free")

    await ada.erase_session(session.id)

    assert await ada.thoughts.list() == [free]


async def test_a_thought_names_only_what_belongs_together(keeper: Keeper) -> None:
    """A turn of another session, or something of somebody else, is not there."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    one, two = await ada.sessions.start(), await ada.sessions.start()
    bens = await ben.sessions.start()
    await talk(one, ("hello", "hi"))
    (turn,) = await one.turns()

    with pytest.raises(NotFound):
        await ada.thoughts.log("helper", "x", session_id=two.id, turn_id=turn.id)
    with pytest.raises(NotFound):
        await ada.thoughts.log("helper", "x", session_id=bens.id)

    assert await ada.thoughts.list() == []


async def test_a_message_is_repeated_once_and_its_thought_goes_with_it(keeper: Keeper) -> None:
    """No copy of what was forgotten is left in the log."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    done = await session.log_full_chat_interaction("hello", "hi", reasoning="swordfish")
    thought = next(message for message in done.messages if message.kind == "reasoning")

    noted = await ada.thoughts.repeat("helper", thought)
    assert await ada.thoughts.repeat("helper", thought) == noted
    assert (noted.kind, noted.text, noted.turn_id) == ("reasoning", "swordfish", done.turn.id)
    await ada.forget(thought.id)

    assert await ada.thoughts.list() == []
    with pytest.raises(NotFound):
        await ada.thoughts.repeat("helper", thought)
