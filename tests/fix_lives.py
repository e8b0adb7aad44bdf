"""What somebody may have said and done, all of it, for tests that carry it from here to there."""

from __future__ import annotations

from fix_keeper import talk
from holdfast.capture.turn import Input
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.users import User
from holdfast.model import Speech

__all__ = ["full_life"]


async def full_life(user: User) -> None:
    """Every kind of message, branches, files, memories, thoughts, and something forgotten."""
    session = await user.sessions.start(
        assistant="helper", project="trip", title="Oslo", platform="web", tags=["a", "ü"]
    )
    given = Input(
        text="gesprochen",
        audio=b"RIFF" * 1000,
        media_type="audio/wav",
        speech=Speech(engine="e", language="de", duration_s=1.5),
        item='{"raw": [1, 2]}',
    )
    async with session.turn(
        given=given, intent="ask", intent_confidence=0.5, entities={"a": [1, None]}, model="m"
    ) as turn:
        await turn.reasoning("hm")
        async with turn.tool("look", {"at": ["x", {"y": None}]}, call_id="c1") as call:
            call.result({"n": 1.5, "t": "日本"})
        await turn.file(
            "pic.png", bytes(range(256)) * 2000, media_type="image/png", text="a picture"
        )
        await turn.reply("fine \0 \u202e 👩‍👩‍👧", author="helper")
    await talk(session, ("q1", "a1"))
    said = await session.messages()
    async with session.turn("q1 again", edits=said[-2].id) as turn:
        await turn.reply("a1 again")
    await session.log_full_chat_interaction(
        "x", "y", memory=NewMemory(text="m", kind="fact", tags=["t"], importance=9), thought="th"
    )
    await user.memories.add("by hand", sources=[said[0].id])
    other = await user.sessions.start(kind="video_chat", title="empty")
    await other.change(archived=True, pinned=True)
    await talk(other, ("forgotten", "kept"))
    await user.forget((await other.messages())[0].id)
    await user.names.describe_assistant("helper", name="H", avatar="owl", purpose="helps")
    await user.distill()
