"""What a turn and an exchange ask the storage for: once what they need, and no more."""

from __future__ import annotations

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
