"""What happens at the same time in one turn, and what a crash leaves of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fix_keeper import World, talk, texts
from holdfast.capture.turn import TurnRecorder
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession
from holdfast.model import Message


async def _session(keeper: Keeper) -> OpenSession:
    return await (await keeper.user("ada")).sessions.start(assistant="helper")


def _in_a_row(messages: list[Message]) -> bool:
    """Whether each message follows the one before it."""
    return [m.parent_id for m in messages[1:]] == [m.id for m in messages[:-1]]


async def test_tools_that_run_side_by_side_stay_on_one_branch(keeper: Keeper) -> None:
    """Calls and results of parallel tools follow each other; the shown branch holds all."""
    session = await _session(keeper)

    async def look(turn: TurnRecorder, place: str) -> None:
        async with turn.tool("look", {"at": place}, call_id=place) as call:
            await asyncio.sleep(0)
            call.result(place)

    async with session.turn("look around") as turn:
        await asyncio.gather(*(look(turn, place) for place in "abcde"))
        await turn.reply("I saw it all")

    found = await session.messages()
    assert len(found) == 12
    assert _in_a_row(found)
    assert [m.id for m in await session.branch()] == [m.id for m in found]
    assert all(m.tool.parent_call_id is None for m in found if m.tool)


async def test_two_answers_at_once_stay_on_one_branch(keeper: Keeper) -> None:
    """Several streams and replies of one turn at the same time: none hides another."""
    session = await _session(keeper)

    async def stream(turn: TurnRecorder, text: str) -> None:
        async with turn.stream() as answer:
            for word in text.split():
                await answer.write(word + " ")
                await answer.flush()

    async with session.turn("everybody at once") as turn:
        await asyncio.gather(
            stream(turn, "one and two"), turn.reply("three"), stream(turn, "four and five")
        )

    found = await session.messages()
    assert sorted(texts(found)) == ["everybody at once", "four and five ", "one and two ", "three"]
    assert _in_a_row(found)
    assert len(await session.branch()) == 4


async def test_turns_at_the_same_time_keep_their_messages_together(keeper: Keeper) -> None:
    """Two turns in one session at once: each message knows its turn, and follows within it."""
    session = await _session(keeper)

    async def one(name: str) -> str:
        async with session.turn(f"{name} asks") as turn:
            for n in range(5):
                await turn.reply(f"{name} hears {n}")
                await asyncio.sleep(0)
        return turn.id

    turns = await asyncio.gather(one("ada"), one("ben"))

    found = await session.messages()
    for name, turn_id in zip(("ada", "ben"), turns, strict=True):
        mine = [m for m in found if m.turn_id == turn_id]
        assert texts(mine) == [f"{name} asks", *(f"{name} hears {n}" for n in range(5))]
        assert _in_a_row(mine)


async def _die(world: World, keeper: Keeper) -> None:
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await keeper.store.storage.close()
    await keeper.store.keyring.close()
    world._opened.remove(keeper)


async def test_a_draft_is_recovered_where_the_turn_had_come_to(world: World) -> None:
    """A tool ran while an answer streamed, then the process died: the branch holds both."""
    keeper = await world.open()
    session = await _session(keeper)
    turn = await session.turn("tell me").__aenter__()
    stream = await turn.stream().__aenter__()
    await stream.write("I begin ")
    await stream.flush()
    async with turn.tool("look", {}, call_id="c") as call:
        call.result("seen")
    await stream.write("and go on")
    await stream.flush()
    await _die(world, keeper)

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)

    found = await session.messages()
    assert [m.kind for m in found] == ["text", "tool_call", "tool_result", "text"]
    assert found[-1].text == "I begin and go on"
    assert _in_a_row(found)
    assert len(await session.branch()) == 4


async def test_a_draft_of_another_answer_is_recovered_beside_the_first(world: World) -> None:
    """A regeneration that died is a branch beside the answer it was to replace."""
    keeper = await world.open()
    session = await _session(keeper)
    await talk(session, ("hello", "hm"))
    asked, first = await session.messages()
    turn = await session.turn(answers=asked.id).__aenter__()
    stream = await turn.stream().__aenter__()
    await stream.write("hi")
    await stream.flush()
    await _die(world, keeper)

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)

    assert [m.text for m in await session.branch()] == ["hello", "hi"]
    assert [m.text for m in await session.branch(first.id)] == ["hello", "hm"]


async def test_a_live_process_keeps_its_open_turns(world: World) -> None:
    """Another keeper that opens the file, or recovers, leaves turns of the living alone."""
    here = await world.open()
    session = await _session(here)
    async with session.turn("still talking") as turn:
        there = await world.open()
        assert await there.recover() == 0
        assert [t.status for t in await session.turns()] == ["open"]
        await there.close()
        await turn.reply("yes")

    assert [t.status for t in await session.turns()] == ["complete"]


async def test_a_neighbour_recovers_the_turns_of_one_who_died(world: World) -> None:
    """Without opening anew: a server asks now and then."""
    here, there = await world.open(), await world.open()
    session = await _session(there)
    await session.turn("anybody?").__aenter__()
    await _die(world, there)

    assert await here.recover() == 1
    assert await here.recover() == 0
    session = await (await here.user("ada")).sessions.open(session.id)
    assert [t.status for t in await session.turns()] == ["interrupted"]


async def test_a_session_that_is_erased_ends_the_turn_in_it(keeper: Keeper) -> None:
    """Whoever talks in a session that goes away hears of it; nothing comes back."""
    from holdfast.errors import HoldfastError

    ada = await keeper.user("ada")
    session = await ada.sessions.start()

    async def talk_on() -> None:
        async with session.turn("hello") as turn:
            await ada.erase_session(session.id)
            await turn.reply("anybody there?")

    with pytest.raises(HoldfastError):
        await talk_on()

    assert await ada.sessions.list() == []
    assert (await ada.stats()).messages == 0
    assert (await keeper.verify()).problems == ()


async def test_forgetting_the_input_of_an_open_turn_lets_it_go_on(keeper: Keeper) -> None:
    """The turn goes on and ends; what was forgotten stays forgotten."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    async with session.turn("my secret", intent="secret") as turn:
        await ada.forget(turn.messages[0].id)
        await turn.annotate(model="m")
        await turn.reply("noted")

    (ended,) = await session.turns()
    assert texts(await session.messages()) == ["noted"]
    assert ended.status == "complete"
    assert ended.intent is None
    assert (await keeper.verify()).problems == ()


async def test_a_stream_whose_flush_failed_loses_no_word(world: World) -> None:
    """A flush is refused once: the next write says so, and the end keeps everything."""
    from holdfast.errors import StorageFull

    keeper = await world.open("tapped")
    session = await _session(keeper)

    async def refuse(call: str, _asked: Any) -> None:
        if call == "data.commit":
            world.tap.before = None
            raise StorageFull

    async with session.turn("tell me") as turn, turn.stream() as answer:
        await answer.write("one ")
        world.tap.before = refuse
        with pytest.raises(StorageFull):
            await answer.flush()
        await answer.write("two")

    assert texts(await session.messages()) == ["tell me", "one two"]


async def test_a_keeper_that_did_not_look_keeps_what_another_changed(world: World) -> None:
    """One forgets, archives and moves a session; the other, which had it in mind, goes on talking:
    counts and labels stay as they were made."""
    here, there = await world.open(), await world.open()
    ada, elsewhere = await here.user("ada"), await there.user("ada")
    session = await ada.sessions.start(assistant="helper")
    other = await elsewhere.sessions.open(session.id)
    await talk(other, ("one", "1"))
    await ada.forget((await session.messages())[0].id)
    await session.change(archived=True, project="trip", title="changed")
    await talk(other, ("two", "2"))

    info = await session.info()
    assert (info.message_count, info.archived, info.project) == (3, True, "trip")
    assert info.title == "changed"
    assert [found.id for found in await ada.sessions.list(project="trip")] == [session.id]
    assert (await here.verify()).problems == ()
