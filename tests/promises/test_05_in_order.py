"""Promise 5: `seq` has no gap and no repeat, whatever writes and whatever the clock does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

from fix_keeper import World, talk
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession


async def _in_order(session: OpenSession, messages: int) -> None:
    found = await session.messages()
    assert [message.seq for message in found] == list(range(messages))
    turns = await session.turns()
    assert [turn.index for turn in turns] == list(range(len(turns)))
    # Within a turn the order is the order of saying, and each message follows an earlier one.
    places = {message.id: message.seq for message in found}
    assert all(m.parent_id is None or places[m.parent_id] < m.seq for m in found)


async def test_promise_05_in_order_sixteen_writers_in_one_session(keeper: Keeper) -> None:
    """Sixteen tasks with twenty turns each: 640 messages without a gap, each turn's in order."""
    session = await (await keeper.user("ada")).sessions.start()

    async def writer(name: str) -> None:
        for n in range(20):
            await talk(session, (f"{name} asks {n}", f"{name} hears {n}"))

    await asyncio.gather(*(writer(f"w{n}") for n in range(16)))

    await _in_order(session, 640)
    said = [m.text for m in await session.messages() if m.text.startswith("w3 asks")]
    assert said == [f"w3 asks {n}" for n in range(20)]
    assert (await keeper.verify()).problems == ()


async def test_promise_05_in_order_a_thousand_sessions_at_once(keeper: Keeper) -> None:
    """A thousand sessions, two turns each, all at the same time."""
    ada = await keeper.user("ada")

    async def one(_n: int) -> OpenSession:
        session = await ada.sessions.start()
        await talk(session, ("first", "one"), ("second", "two"))
        return session

    sessions = await asyncio.gather(*(one(n) for n in range(1000)))

    stats = await ada.stats()
    assert (stats.sessions, stats.turns, stats.messages) == (1000, 2000, 4000)
    for session in sessions[::50]:
        await _in_order(session, 4)


_OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
import holdfast

async def main(url, key, session_id):
    async with holdfast.open(url, root_key=holdfast.KeyFile(Path(key))) as keeper:
        session = await (await keeper.user("ada", create=False)).sessions.open(session_id)
        for n in range(60):
            async with session.turn(f"there {n}") as turn:
                await turn.reply(f"yes {n}")

asyncio.run(main(*sys.argv[1:]))
"""


async def test_promise_05_in_order_two_processes_in_one_session(world: World) -> None:
    """A second process talks in the same session at the same time: one order, no gap."""
    keeper = await world.open()
    session = await (await keeper.user("ada")).sessions.start()
    given = [f"sqlite:///{world.path}", str(world.root_key), session.id]
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", _OTHER_PROCESS, *given, stderr=subprocess.PIPE
    )
    here = 0
    ended = asyncio.create_task(other.communicate())
    while not ended.done():
        await talk(session, (f"here {here}", f"yes {here}"))
        here += 1
    _, complaints = await ended
    assert (other.returncode, complaints.decode()) == (0, "")

    messages = await session.messages(limit=100_000)

    assert [m.seq for m in messages] == list(range(2 * (here + 60)))
    for place, count in (("here", here), ("there", 60)):
        said = [m.text for m in messages if m.text.startswith(place)]
        assert said == [f"{place} {n}" for n in range(count)]
    assert len({m.turn_id for m in messages}) == here + 60
    assert (await keeper.verify()).problems == ()


async def test_promise_05_in_order_the_clock_may_jump_ten_years(world: World) -> None:
    """Back ten years and on again between turns and inside one: order, last time, listing hold."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    began = world.clock.now
    await talk(session, ("one", "1"))
    for jump in (-3652, 0, 7304, -3652):
        async with session.turn(f"jump {jump}") as turn:
            world.clock.pass_by(days=jump)
            await turn.reply("where are we?")
    await talk(session, ("last", "end"))

    await _in_order(session, 12)
    said = [m.text for m in await session.messages() if m.role == "user"]
    assert said == ["one", "jump -3652", "jump 0", "jump 7304", "jump -3652", "last"]
    info = await session.info()
    assert info.last_at == max(m.at for m in await session.messages()).replace(
        microsecond=info.last_at.microsecond
    )
    assert info.started_at >= began - timedelta(seconds=1)
    assert (await keeper.verify()).problems == ()


async def test_promise_05_in_order_ids_go_on_when_the_clock_is_set_back(world: World) -> None:
    """A store that was written in the future is opened in the past: talking goes on in order."""
    keeper = await world.open()
    session = await (await keeper.user("ada")).sessions.start()
    await talk(session, ("from the future", "indeed"))
    await keeper.close()
    world.clock.pass_by(days=-3652)

    again = await world.open()
    ada = await again.user("ada")
    session = await ada.sessions.open(session.id)
    await talk(session, ("from the past", "welcome"))

    await _in_order(session, 4)
    assert [hit.text for hit in await ada.recall("from the past", limit=1)] == ["from the past"]
    assert [found.id for found in await ada.sessions.list()] == [session.id]
