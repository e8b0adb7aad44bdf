"""What a turn and an exchange ask the storage for: once what they need, and no more."""

from __future__ import annotations

import gc
import weakref
from collections import Counter

from fix_keeper import World
from holdfast.assistant.chat import chat
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User


async def _answered(ada: User, session: OpenSession, text: str) -> None:
    async for _ in chat(ada, session, text):
        pass


async def test_a_turn_reads_what_its_session_is_once(world: World) -> None:
    """Recall, context and answer all ask about the session; the second to last of its messages
    and the ends of others' sessions are read together, however many were found."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    for number in range(3):
        other = await ada.sessions.start(assistant=f"helper-{number}")
        await other.log_full_chat_interaction("Which boat?", f"The blue boat, number {number}.")
    session = await ada.sessions.start(assistant="helper")
    await _answered(ada, session, "Which boat was it?")
    world.tap.calls.clear()
    await _answered(ada, session, "Was it the blue boat?")

    calls = Counter(world.tap.calls)
    assert calls["data.heads"] == 2
    assert calls["data.commit"] == 2
    assert calls.total() <= 16


async def test_one_exchange_after_another_reads_the_end_of_its_session_once(world: World) -> None:
    """Whoever opens a session anew for each exchange, as a server does, pays for the opening."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    started = await ada.sessions.start(assistant="helper")
    session_id = started.id
    await started.log_full_chat_interaction("one", "1")
    del started
    gc.collect()
    world.tap.calls.clear()
    session = await ada.sessions.open(session_id)
    await session.log_full_chat_interaction("two", "2")

    assert world.tap.calls == ["data.heads", "data.commit"]


async def test_a_recorder_leaves_with_the_vault_that_is_erased(world: World) -> None:
    """What it knew of the end of a session, the title among it, is not held any longer."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    session = await ada.sessions.start(title="the blue boat")
    await session.log_full_chat_interaction("one", "1")
    recorder = weakref.ref(session.log)
    del session
    await ada.erase()
    gc.collect()

    assert recorder() is None
