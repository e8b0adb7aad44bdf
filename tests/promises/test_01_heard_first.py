"""Promise 1: what was acknowledged survives; the input is durable before anything else happens."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World, texts
from holdfast.errors import StorageFailed, StorageFull
from holdfast.keeper.keeper import Keeper
from holdfast.storage.protocol import Kind, Write

Told = list[dict[str, Any]]


class Talkers:
    """Children that talk until they are killed; see talker.py."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("talker.py")
        self._parent = subprocess.Popen(
            [sys.executable, "-W", "error", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run_and_kill(self, world: World, what: str, *, seed: int, after: int) -> Told:
        """Let a child talk until it has acknowledged `after` things, kill it, and say what."""
        pipe = self._parent
        assert pipe.stdin is not None
        assert pipe.stdout is not None
        url = f"sqlite:///{world.path}"
        pipe.stdin.write(f"{what} {seed} {url} {world.root_key}\n".encode())
        pipe.stdin.flush()
        pid = json.loads(pipe.stdout.readline())["pid"]
        told: Told = []
        killed_at = 0.0
        for line in pipe.stdout:
            found = json.loads(line)
            if "gone" in found:
                assert found["gone"] == -signal.SIGKILL
                return [*told, {"killed": killed_at}]
            told.append(found)
            if len(told) == after:
                _wait_a_moment(random.Random(seed))
                killed_at = time.monotonic()
                os.kill(pid, signal.SIGKILL)
        raise AssertionError("the talkers are gone")

    def close(self) -> None:
        """Send them home."""
        self._parent.communicate()


def _wait_a_moment(moment: random.Random) -> None:
    """Up to 3 ms of looking at the clock, so that the kill falls anywhere in a write."""
    until = time.perf_counter() + moment.random() * 0.003
    while time.perf_counter() < until:
        pass


@pytest.fixture
def talkers() -> Iterator[Talkers]:
    """A process that forks talkers."""
    made = Talkers()
    yield made
    made.close()


def _assert_kept(told: Told, messages: dict[str, Any], turns: dict[str, Any]) -> None:
    """Everything that was acknowledged is there, as it was, in its turn."""
    for ack in told:
        if "id" in ack:
            found = messages[ack["id"]]
            assert (found.text, found.turn_id) == (ack["text"], ack["turn"])
        if "status" in ack:
            assert turns[ack["turn"]].status == ack["status"]
        if "streamed" in ack:
            said = [m.text for m in messages.values() if m.turn_id == ack["turn"]]
            assert any(text.startswith(ack["streamed"]) for text in said)
    ended = {ack["turn"] for ack in told if "status" in ack}
    for turn in turns.values():
        assert turn.status == "complete" if turn.id in ended else turn.status != "open"


async def _check_after_kill(keeper: Keeper, told: Told) -> int:
    ada = await keeper.user("ada")
    checked = 0
    for session_id in dict.fromkeys(ack["session"] for ack in told if "session" in ack):
        session = await ada.sessions.open(session_id)
        found = await session.messages(limit=100_000)
        turns = {turn.id: turn for turn in await session.turns(limit=100_000)}
        mine = [ack for ack in told if ack.get("session") == session_id]
        _assert_kept(mine, {m.id: m for m in found}, turns)
        assert [m.seq for m in found] == list(range(len(found)))
        checked += len(mine)
    return checked


async def _kill_again_and_again(world: World, talkers: Talkers, *, cycles: int, seed: int) -> None:
    chance = random.Random(seed)
    checked = 0
    for cycle in range(cycles):
        after = chance.randrange(1, 60)
        told = talkers.run_and_kill(world, "talk", seed=seed + cycle, after=after)
        keeper = await world.open()
        checked += await _check_after_kill(keeper, told)
        await keeper.close()
    keeper = await world.open()
    verified = await keeper.verify()
    assert verified.problems == ()
    assert checked > 20 * cycles
    assert verified.turns > cycles


async def test_promise_01_heard_first_kill_at_random_instants(
    world: World, talkers: Talkers
) -> None:
    """A hundred times killed with -9 in the middle of talk: nothing acknowledged is missing."""
    await _kill_again_and_again(world, talkers, cycles=100, seed=random.randrange(2**32))


@pytest.mark.long
async def test_promise_01_heard_first_kill_a_thousand_times(world: World, talkers: Talkers) -> None:
    """The same, a thousand times on one database."""
    await _kill_again_and_again(world, talkers, cycles=1000, seed=random.randrange(2**32))


async def test_promise_01_heard_first_a_stream_loses_at_most_a_second(
    world: World, talkers: Talkers
) -> None:
    """Killed after a while of streaming, all words that were written a second before are there."""
    for seed, after in enumerate((60, 170, 260)):
        told = talkers.run_and_kill(world, "stream", seed=seed, after=after)
        keeper = await world.open()
        session = await (await keeper.user("ada")).sessions.open(told[0]["session"])
        found = await session.messages()
        (turn,) = await session.turns()

        killed = told[-1]["killed"]
        due = [ack["written"] for ack in told if ack.get("at", killed) < killed - 1.0]
        kept = "".join(texts(found)[1:]).split()
        assert texts(found)[0] == "tell me everything"
        assert kept == [str(number) for number in range(len(kept))]
        assert len(kept) >= len(due)
        assert turn.status == "interrupted"
        await keeper.close()


async def test_promise_01_heard_first_the_input_is_durable_before_the_block_runs(
    world: World,
) -> None:
    """When the body of a turn begins, another keeper on the same file reads the input."""
    here, there = await world.open(), await world.open()
    session = await (await here.user("ada")).sessions.start()
    other = await (await there.user("ada")).sessions.open(session.id)
    async with session.turn("heard?") as turn:
        assert texts(await other.messages()) == ["heard?"]
        async with turn.tool("look", {"at": "it"}) as call:
            assert [m.kind for m in await other.messages()] == ["text", "tool_call"]
            call.result("seen")
        assert [m.kind for m in await other.messages()] == ["text", "tool_call", "tool_result"]
        await turn.reply("heard.")
        assert texts(await other.messages())[-1] == "heard."


@pytest.mark.parametrize("failure", [StorageFull, StorageFailed])
async def test_promise_01_heard_first_without_a_durable_input_nothing_runs(
    world: World, failure: type[StorageFailed]
) -> None:
    """A disk that refuses the input: the block is never entered, nothing is half-written."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()
    ran = False

    async def refuse(call: str, _asked: Any) -> None:
        if call == "data.commit":
            raise failure

    async def talk_on() -> None:
        nonlocal ran
        async with session.turn("hello?"):
            ran = True

    world.tap.before = refuse
    with pytest.raises(failure):
        await talk_on()
    world.tap.still()

    assert not ran
    assert await session.messages() == []
    assert await session.turns() == []


async def test_promise_01_heard_first_nothing_is_acknowledged_before_it_is_committed(
    world: World,
) -> None:
    """Each method of a turn returns only after a commit that held its message."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()
    committed: set[bytes] = set()

    async def note(call: str, asked: Any) -> None:
        if call == "data.commit" and isinstance(asked, Write):
            committed.update(row.id for row in asked.put if row.kind is Kind.MESSAGE)

    world.tap.after = note

    def durable(message: Any) -> bool:
        return bytes.fromhex(message.id.replace("-", "")) in committed

    async with session.turn("one") as turn:
        assert durable(turn.messages[0])
        assert durable(await turn.reply("two"))
        assert durable(await turn.reasoning("three"))
        assert durable(await turn.say("system", "four"))
        assert durable(await turn.file("f", b"five", media_type="text/plain"))
        assert durable(await turn.audio(b"six", media_type="audio/wav", transcript="six"))
        assert durable(await turn.error("seven"))
        async with turn.tool("eight") as call:
            assert durable(turn.messages[-1])
            call.result(8)
        assert durable(turn.messages[-1])
        async with turn.stream() as answer:
            await answer.write("nine")
        assert durable(turn.messages[-1])
