"""What nobody should do and somebody does: each is refused whole, or kept whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.errors import BadInput, HoldfastError, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory


@pytest.mark.parametrize(
    "asked",
    [
        {"memory": NewMemory(text="x", kind="bogus")},  # type: ignore[arg-type]  # the point
        {"memory": NewMemory(text="x", importance=2.5)},  # type: ignore[arg-type]  # the point
        {"entities": [1]},
        {"intent_confidence": True},
    ],
)
async def test_promise_08_bound_what_could_not_be_read_back_is_refused(
    keeper: Keeper, asked: dict[str, Any]
) -> None:
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    with pytest.raises(BadInput):
        await session.log_full_chat_interaction("question", "answer", **asked)
    assert await session.messages() == []
    assert await ada.recall("question") == []
    assert (await keeper.verify()).ok


async def test_promise_08_bound_an_unknown_role_is_refused(keeper: Keeper) -> None:
    session = await (await keeper.user("ada")).sessions.start()
    with pytest.raises(BadInput):
        async with session.turn("hello") as turn:
            await turn.say("robot", "x")  # type: ignore[arg-type]  # the point
    assert [m.kind for m in await session.messages()] == ["text", "error"]
    assert (await session.turns())[0].status == "failed"


async def test_promise_02_every_path_a_large_number_is_a_tools_result(keeper: Keeper) -> None:
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("2**70?") as turn, turn.tool("power") as call:
        call.result({"big": 2**70, "fits": 2**64 - 1})
    result = (await session.messages())[-1].tool
    assert result is not None
    assert result.result == {"big": str(2**70), "fits": 2**64 - 1}


async def test_promise_02_every_path_a_stream_that_nobody_entered(keeper: Keeper) -> None:
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("hello") as turn:
        await turn.stream().write("said all the same")
    assert [m.text for m in await session.messages()] == ["hello", "said all the same"]


async def test_promise_03_ended_an_error_without_a_text_ends_the_turn(keeper: Keeper) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    session = await (await keeper.user("ada")).sessions.start()
    with pytest.raises(Mute):
        async with session.turn("hello"):
            raise Mute
    assert (await session.turns())[0].status == "failed"


async def test_promise_02_every_path_an_answer_given_up_is_followed_by_the_next(
    keeper: Keeper,
) -> None:
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("hello") as turn:
        slow = asyncio.create_task(turn.reply("slow"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        await turn.reply("fallback")
    assert [m.text for m in await session.branch()] == [m.text for m in await session.messages()]


async def test_a_room_keeps_an_owner(keeper: Keeper) -> None:
    room = await (await keeper.user("ada")).rooms.create("trip", members=["bob"])
    with pytest.raises(BadInput):
        await room.invite("ada", role="member")
    await room.erase()
    with pytest.raises(NotFound):
        await room.info()


async def test_a_session_half_erased_hides_nothing_else(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a process dies between an erasure's two steps and another one goes on."""
    ada = await keeper.user("ada")
    kept, doomed = await ada.sessions.start(), await ada.sessions.start()
    await kept.log_full_chat_interaction("blue", "noted")
    await doomed.log_full_chat_interaction("green", "noted")
    await keeper.store.keyring.erase(ada.vault.raw, session_id=doomed.log.raw, audit={})
    assert "blue" in [hit.message.text for hit in await ada.recall("blue") if hit.message]
    assert [session.id for session in await ada.sessions.list()] == [kept.id]
    with pytest.raises(HoldfastError):
        await doomed.info()
