"""Talking to a real server over a real socket."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from .conftest import Served

BLUE = "Remember, my favourite colour is blue"
ASKED = "What's my favourite colour?"


async def turns_of(served: Served, session_id: str) -> list[tuple[str, list[str]]]:
    """Status and texts of each turn."""
    found = await served.get(f"/api/conversations/current_user/{session_id}")
    return [
        (turn["status"], [message["text"] for message in turn["messages"]])
        for turn in found["session"]["turns"]
    ]


async def test_promise_12_no_model_needed_it_still_knows_after_kill_9(tmp_path: Path) -> None:
    """The main job, as users run it: tell, kill -9, start again, ask."""
    served = Served(tmp_path).start(child=False)
    try:
        async with served.talk() as ada:
            assert await ada.ask(BLUE) == f'Kept: "{BLUE}"'
        served.kill(signal.SIGKILL)
        served.start(child=False)
        async with served.talk() as ada:
            said = [message["text"] for message in ada.history]
            answer = await ada.ask(ASKED)
    finally:
        served.kill()

    assert said == [BLUE, f'Kept: "{BLUE}"']
    assert answer.startswith("On ")
    assert answer.endswith(f' you said: "{BLUE}"')


async def test_the_events_of_a_turn_come_in_order_and_numbered(served: Served) -> None:
    """Started, recalled, deltas, finished; seq without gaps, each with the session's id."""
    async with served.talk() as ada:
        await ada.send(type="message", text=BLUE, client_key="k")
        frames = [await ada.frame()]
        while frames[-1]["event"]["type"] != "finished":
            frames.append(await ada.frame())

    kinds = [frame["event"]["type"] for frame in frames]
    started, finished = frames[0]["event"], frames[-1]["event"]
    assert kinds == ["started", "recalled", *["delta"] * (len(kinds) - 3), "finished"]
    assert [frame["seq"] for frame in frames] == [ada.seq + 1 + n for n in range(len(frames))]
    assert {frame["session_id"] for frame in frames} == {ada.session_id}
    assert (started["message"]["text"], started["client_key"]) == (BLUE, "k")
    assert (finished["status"], finished["message"]["text"]) == ("complete", f'Kept: "{BLUE}"')


async def test_history_on_connect_is_the_latest_twenty_messages(served: Served) -> None:
    """In order, of the last session; a reconnect goes on where it was."""
    async with served.talk() as ada:
        for number in range(12):
            await ada.ask(f"This is number {number}")
        first = ada.session_id
    async with served.talk() as ada:
        assert ada.session_id == first
        assert [m["seq"] for m in ada.history] == list(range(4, 24))


async def test_a_named_session_is_continued(served: Served) -> None:
    """By its id, with its history; a session nobody has is refused before there is a socket."""
    async with served.talk() as ada:
        await ada.ask(BLUE)
        named = ada.session_id
    async with served.talk(named) as ada:
        assert (ada.session_id, ada.history[0]["text"]) == (named, BLUE)


async def test_two_clients_of_a_session_hear_the_same(served: Served) -> None:
    """What one says the other hears, answer and all."""
    async with served.talk() as one, served.talk() as other:
        await one.send(type="message", text=BLUE)
        heard = [await one.until("finished"), await other.until("finished")]

    assert heard[0] == heard[1]
    assert one.session_id == other.session_id


async def test_messages_sent_at_once_are_answered_one_after_another(served: Served) -> None:
    """In the order they came, so that no answer stands between a question and its own."""
    async with served.talk() as ada:
        for number in range(5):
            await ada.send(type="message", text=f"Number {number} is here")
        for _ in range(5):
            await ada.until("finished")
    async with served.talk() as ada:
        messages = ada.history

    said = [f"Number {number} is here" for number in range(5)]
    assert [m["text"] for m in messages] == [t for s in said for t in (s, f'Kept: "{s}"')]
    assert [m["parent_id"] for m in messages] == [None, *(m["id"] for m in messages[:-1])]


async def test_promise_04_once_a_resent_message_gets_the_recorded_answer(served: Served) -> None:
    """The same client key over another socket makes no second turn."""
    async with served.talk() as ada:
        first = await ada.ask(BLUE, "k")
    async with served.talk() as ada:
        again = await ada.ask(BLUE, "k")
        turns = await turns_of(served, ada.session_id)

    assert first == again
    assert len(turns) == 1


async def test_promise_03_ended_a_cancelled_answer_is_kept_as_far_as_it_came(
    served: Served,
) -> None:
    """The client is told, and can go on talking."""
    async with served.talk() as ada:
        await ada.send(type="message", text="slow question")
        await ada.until("delta")
        await ada.send(type="cancel")
        [*_, finished] = await ada.until("finished")
        after = await ada.ask(BLUE)
        turns = await turns_of(served, ada.session_id)

    assert finished["status"] == "cancelled"
    assert after == f'Kept: "{BLUE}"'
    assert turns[0] == ("cancelled", ["slow question", "one "])


async def test_promise_02_every_path_a_lost_client_does_not_stop_the_recording(
    served: Served,
) -> None:
    """The answer goes on without anybody listening; whoever comes back hears the rest."""
    async with served.talk() as ada:
        await ada.send(type="message", text="slow question")
        await ada.until("delta")
    async with served.talk() as ada:
        served.release.touch()
        [*_, finished] = await ada.until("finished")
        turns = await turns_of(served, ada.session_id)

    assert finished["message"]["text"] == "one two"
    assert turns == [("complete", ["slow question", "one two"])]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_graceful_stop_interrupts_what_runs_and_leaves_with_success(
    served: Served, how: signal.Signals
) -> None:
    """The turn ends as interrupted with what it had; the client is told to come back."""
    async with served.talk() as ada:
        await ada.send(type="message", text="slow question")
        await ada.until("delta")
        session_id = ada.session_id
        code = served.kill(how)
        with pytest.raises(ConnectionClosed) as closed:
            await ada.until("nothing")
    served.start()
    turns = await turns_of(served, session_id)

    assert code == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert turns == [("interrupted", ["slow question", "one "])]


async def test_promise_01_heard_first_an_answer_broken_by_kill_9_is_made_anew_when_resent(
    served: Served,
) -> None:
    """What was said stands once; the broken answer stays, the new one stands beside it."""
    async with served.talk() as ada:
        await ada.send(type="message", text="slow question", client_key="k")
        await ada.until("delta")
        served.kill()
    served.start()
    served.release.touch()
    async with served.talk() as ada:
        answer = await ada.ask("slow question", "k")
        again = await ada.ask("slow question", "k")
        broken, whole = await turns_of(served, ada.session_id)

    assert (answer, again) == ("one two", "one two")
    assert (broken[0], broken[1][0]) == ("interrupted", "slow question")
    assert whole == ("complete", ["one two"])


async def test_a_failing_answer_is_told_and_recorded(served: Served) -> None:
    """The input and the error stay; nothing of the content is in the message or in the log."""
    async with served.talk() as ada:
        await ada.send(type="message", text="break, my canary-4711")
        [*_, failed] = await ada.until("failed")
        [(status, texts)] = await turns_of(served, ada.session_id)

    assert (failed["code"], "canary" in failed["message"]) == ("error", False)
    assert (status, texts[0]) == ("failed", "break, my canary-4711")
    assert "canary" not in served.log


async def test_a_client_that_does_not_read_is_closed_and_its_turn_goes_on(served: Served) -> None:
    """Memory stays bounded; the answer is recorded to its end."""
    async with served.talk(buffer_bytes=1 << 17) as ada:
        ada.socket.transport.pause_reading()
        await ada.send(type="message", text="flood me")
        session_id = ada.session_id
        async with served.talk(session_id) as other:
            await other.until("finished")
        ada.socket.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await ada.until("finished")

    assert closed.value.rcvd is None or closed.value.rcvd.reason == "events were not read in time"
    [(status, _)] = await turns_of(served, session_id)
    assert status == "complete"
