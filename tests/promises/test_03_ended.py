"""Promise 3: every turn ends in exactly one final status."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fix_keeper import World, talk, texts
from holdfast.errors import BadInput, StorageFull, TurnEnded
from holdfast.keeper.keeper import Keeper

FINAL = {"complete", "failed", "cancelled", "interrupted"}


async def test_promise_03_ended_each_way_out_of_a_turn_has_its_status(keeper: Keeper) -> None:
    """Leaving the block ends the turn once: normally, by an error, by cancellation, by hand."""
    session = await (await keeper.user("ada")).sessions.start()
    await talk(session, ("hello", "hi"))
    with pytest.raises(ZeroDivisionError):
        async with session.turn("divide") as turn:
            raise ZeroDivisionError("by nothing")
    with pytest.raises(asyncio.CancelledError):
        async with session.turn("stop me"):
            raise asyncio.CancelledError
    async with session.turn("by hand") as turn:
        await turn.end("interrupted")

    assert [turn.status for turn in await session.turns()] == [
        "complete",
        "failed",
        "cancelled",
        "interrupted",
    ]
    assert all(turn.ended_at is not None for turn in await session.turns())


async def test_promise_03_ended_a_turn_never_ends_twice(keeper: Keeper) -> None:
    """After the final status nothing is added, and a second status is refused."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("hello") as turn:
        await turn.reply("hi")
        with pytest.raises(BadInput):
            await turn.end("open")
        await turn.end("complete")
        with pytest.raises(TurnEnded):
            await turn.end("failed")
        with pytest.raises(TurnEnded):
            await turn.reply("too late")

    with pytest.raises(TurnEnded):
        await turn.reply("much too late")
    assert [turn.status for turn in await session.turns()] == ["complete"]
    assert texts(await session.messages()) == ["hello", "hi"]


async def test_promise_03_ended_open_turns_are_interrupted_at_the_next_start(world: World) -> None:
    """A turn whose process went away is found and ended, with the draft it had."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()
    opening = session.turn("what next?")
    turn = await opening.__aenter__()
    stream = turn.stream()
    await stream.__aenter__()
    await stream.write("First you ")
    await stream.flush()
    await _vanish(world, keeper)

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)

    assert texts(await session.messages()) == ["what next?", "First you "]
    assert [turn.status for turn in await session.turns()] == ["interrupted"]
    assert (await again.verify()).problems == ()


async def _vanish(world: World, keeper: Keeper) -> None:
    """Let go of a store as a process that dies does: without ending anything."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await keeper.store.storage.close()
    await keeper.store.keyring.close()
    world._opened.remove(keeper)


async def test_promise_03_ended_closing_a_keeper_ends_its_turns(world: World) -> None:
    """A turn that outlives its keeper is interrupted by the closing, not left open."""
    keeper = await world.open()
    session = await (await keeper.user("ada")).sessions.start()
    await session.turn("anybody there?").__aenter__()
    await keeper.close()

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)

    assert [turn.status for turn in await session.turns()] == ["interrupted"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_promise_03_ended_a_turn_cancelled_while_it_begins_is_not_left_open(
    world: World, moment: str
) -> None:
    """Cancelled around the write of the input: the turn is absent, or has a final status."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold(call: str, _asked: Any) -> None:
        if call == "data.commit":
            setattr(world.tap, moment, None)
            reached.set()
            await release.wait()

    setattr(world.tap, moment, hold)

    async def talk_on() -> None:
        async with session.turn("wait for me") as turn:
            await turn.reply("never said")

    task = asyncio.create_task(talk_on())
    await reached.wait()
    task.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert {turn.status for turn in await session.turns()} <= FINAL
    assert len(await session.messages()) == len(await session.turns())


async def test_promise_03_ended_a_failing_disk_leaves_no_turn_open_for_good(world: World) -> None:
    """When even the end cannot be written, the next start writes it."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()

    async def full(call: str, _asked: Any) -> None:
        if call == "data.commit":
            raise StorageFull

    async def talk_on() -> None:
        async with session.turn("write this down") as turn:
            world.tap.before = full
            await turn.reply("cannot")

    with pytest.raises(StorageFull):
        await talk_on()
    await _vanish(world, keeper)
    world.tap.still()

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)

    assert texts(await session.messages()) == ["write this down"]
    assert [turn.status for turn in await session.turns()] == ["interrupted"]
