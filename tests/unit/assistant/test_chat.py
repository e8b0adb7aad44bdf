"""One chat turn from input to answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

import holdfast
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Delta, Failed, Finished, Recalled, Started
from holdfast.assistant.quoting import NOTHING
from holdfast.assistant.rooms import post_in_room
from holdfast.errors import BadInput, Conflict

from .conftest import Calendar, Scripted, events_of

BLUE = "Remember, my favourite colour is blue"
ASKED = "What's my favourite colour?"

CONVERSATIONS = [
    [
        (BLUE, f'Kept: "{BLUE}"'),
        (ASKED, f'On 9 January you said: "{BLUE}"'),
        (ASKED, f'On 9 January you said: "{BLUE}"'),
        ("what is my favourite color", f'On 9 January you said: "{BLUE}"'),
        ("What's my favourite food?", NOTHING),
        ("How are you?", NOTHING),
    ],
    [
        (ASKED, NOTHING),
        ("My sister Nora lives in Oslo", 'Kept: "My sister Nora lives in Oslo"'),
        (ASKED, NOTHING),
        ("Where does Nora live?", 'On 9 January you said: "My sister Nora lives in Oslo"'),
        (
            "What do you know about me?",
            'On 9 January you said: "My sister Nora lives in Oslo"',
        ),
    ],
    [
        ("我最喜欢的颜色是蓝色。", "已记住：“我最喜欢的颜色是蓝色。”"),
        ("我最喜欢的颜色是什么？", "1月9日你说过：“我最喜欢的颜色是蓝色。”"),
    ],
]


async def said(user: holdfast.User, session: holdfast.OpenSession, text: str) -> str:
    """The answer to a text."""
    events = await events_of(user, session, text)
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.parametrize("conversation", CONVERSATIONS)
async def test_a_conversation_goes_as_written(
    conversation: list[tuple[str, str]],
    ada: holdfast.User,
    session: holdfast.OpenSession,
    calendar: Calendar,
) -> None:
    """Each input gets its answer, over the real recall."""
    calendar.now = datetime(2026, 1, 9, 10, tzinfo=UTC)

    answers = [await said(ada, session, text) for text, _ in conversation]

    assert answers == [answer for _, answer in conversation]


async def test_asking_again_and_again_does_not_bury_the_answer(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """However many repetitions recall finds first, what was said is still found behind them."""
    quoted = f'On 10 February you said: "{BLUE}"'
    await session.log_full_chat_interaction(BLUE, f'Kept: "{BLUE}"')
    for _ in range(100):
        await session.log_full_chat_interaction(ASKED, quoted)

    assert await said(ada, session, ASKED) == quoted


async def test_another_session_knows_what_was_said_in_this_one(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Recall is of the person, not of the conversation; the assistant is named by its session."""
    await session.log_full_chat_interaction("hm", "Take the ferry to the island.")
    other = await ada.sessions.start(assistant="other")

    answer = await said(ada, other, "Which ferry goes to the island?")

    assert answer == 'On 10 February Helper said: "Take the ferry to the island."'


async def test_nobody_hears_what_another_said(
    keeper: holdfast.Keeper, ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Another user's question finds nothing of it."""
    await said(ada, session, BLUE)
    ben = await keeper.user("ben")

    assert await said(ben, await ben.sessions.start(assistant="helper"), ASKED) == NOTHING


async def test_events_come_in_their_order_and_match_what_is_recorded(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Started, Recalled, Delta, Finished; ids and messages are those of the record."""
    started, recalled, *deltas, finished = await events_of(
        ada, session, "hi", answerer=Scripted("a", "b")
    )

    [turn], [heard, answer] = await session.turns(), await session.messages()
    assert started == Started(turn_id=turn.id, session_id=session.id, message=heard)
    assert recalled == Recalled(turn_id=turn.id, hits=())
    assert deltas == [Delta(turn_id=turn.id, text="a"), Delta(turn_id=turn.id, text="b")]
    assert finished == Finished(turn_id=turn.id, status="complete", message=answer)
    assert (turn.status, turn.model, answer.text) == ("complete", "scripted", "ab")


async def test_what_is_far_from_an_answer_is_not_given_to_it(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Recall ranks whatever there is; an answerer gets what may be part of the answer."""
    elsewhere = await ada.sessions.start()
    await elsewhere.log_full_chat_interaction("The key to the boat shed hangs behind the oar", "Ok")
    for number in range(40):
        await elsewhere.log_full_chat_interaction(f"Bread number {number} rose", "Well baked")
    ranked = await ada.recall("where is the key to the boat shed?", limit=24, include="messages")
    _, recalled, *_ = await events_of(
        ada, session, "where is the key to the boat shed?", answerer=Scripted("there")
    )

    assert isinstance(recalled, Recalled)
    assert recalled.hits[0].text == "The key to the boat shed hangs behind the oar"
    assert len(recalled.hits) < len(ranked) // 2


async def test_promise_01_heard_first_the_input_is_durable_before_the_answerer_is_asked(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """At the first event the input can already be read back, and the answerer was not called."""
    answerer = Scripted("never")
    async with aclosing(chat(ada, session, "hear me", answerer=answerer)) as events:
        await anext(events)
        heard = [m.text for m in await session.messages()]

    assert (heard, answerer.asked) == (["hear me"], [])


async def test_promise_12_no_model_needed_a_failing_answerer_loses_nothing(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Input, what was answered so far, and the error stay; the client is told without content."""
    answerer = Scripted("so far", ValueError("secret words"))

    events = await events_of(ada, session, "hi", answerer=answerer)

    [turn], messages = await session.turns(), await session.messages()
    assert [m.kind for m in messages] == ["text", "text", "error"]
    assert (turn.status, messages[1].text) == ("failed", "so far")
    assert events[-1] == Failed(
        turn_id=turn.id,
        code="error",
        message="the answer could not be made: what you said is kept, try again",
    )


async def test_closing_the_events_cancels_the_turn(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """What was answered until then is kept."""
    async with aclosing(chat(ada, session, "hi", answerer=Scripted("so ", "far"))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break

    [turn], messages = await session.turns(), await session.messages()
    assert (turn.status, [m.text for m in messages]) == ("cancelled", ["hi", "so "])


@pytest.mark.parametrize(("ending", "status"), [(False, "cancelled"), (True, "interrupted")])
async def test_promise_03_ended_a_cancelled_task_ends_its_turn(
    ada: holdfast.User, session: holdfast.OpenSession, ending: bool, status: str
) -> None:
    """As cancelled, or as interrupted when the process is ending."""
    stopping, waiting = asyncio.Event(), asyncio.Event()

    class Waits(Scripted):
        async def answer(self, asked: object, tools: object = None):  # type: ignore[no-untyped-def, override]
            yield "so far"
            waiting.set()
            await asyncio.Event().wait()

    async def talk() -> None:
        async with aclosing(
            chat(ada, session, "hi", answerer=Waits(), stopping=stopping)
        ) as events:
            async for _ in events:
                pass

    task = asyncio.create_task(talk())
    await waiting.wait()
    if ending:
        stopping.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    [turn], messages = await session.turns(), await session.messages()
    assert (turn.status, [m.text for m in messages]) == (status, ["hi", "so far"])


@pytest.mark.parametrize(("ending", "status"), [(False, "cancelled"), (True, "interrupted")])
@pytest.mark.parametrize("posts", [False, True], ids=["session", "room"])
async def test_promise_03_ended_a_turn_cut_off_while_it_begins_tells_why(
    ada: holdfast.User,
    session: holdfast.OpenSession,
    monkeypatch: pytest.MonkeyPatch,
    ending: bool,
    status: str,
    posts: bool,
) -> None:
    """Cut off while its input is being written, it is interrupted when the process is ending, and
    cancelled only when somebody cancelled it."""
    room = await ada.rooms.create("team") if posts else None
    place = session if room is None else await room.session()
    append, stopping, writing = place.log.append, asyncio.Event(), asyncio.Event()
    goes_on = asyncio.Event()

    async def slowly(*arguments: Any, **named: Any) -> Any:
        writing.set()
        await goes_on.wait()
        return await append(*arguments, **named)

    monkeypatch.setattr(place.log, "append", slowly)
    events = (
        chat(ada, session, "hi", answerer=Scripted("there"), stopping=stopping)
        if room is None
        else post_in_room(ada, room, "hi", stopping=stopping)
    )

    async def talk() -> None:
        async with aclosing(events):
            async for _ in events:
                pass

    task = asyncio.create_task(talk())
    await writing.wait()
    if ending:
        stopping.set()
    task.cancel()
    goes_on.set()
    await asyncio.gather(task, return_exceptions=True)

    assert [turn.status for turn in await place.turns()] == [status]


async def test_promise_04_once_the_same_client_key_gets_the_recorded_answer(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The second time nothing is written and nobody is asked."""
    answerer = Scripted("once")
    first = await events_of(ada, session, "hi", client_key="k", answerer=answerer)

    second = await events_of(ada, session, "hi", client_key="k", answerer=answerer)

    assert len(answerer.asked) == 1
    assert len(await session.messages()) == 2
    assert [type(event) for event in second] == [Started, Delta, Finished]
    assert isinstance(second[0], Started)
    assert second[0].replayed
    assert isinstance(first[-1], Finished)
    assert isinstance(second[-1], Finished)
    assert first[-1].message == second[-1].message


async def test_a_retry_of_a_turn_that_failed_is_answered_anew(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The input stands once, the new answer beside the broken one; a third try repeats it."""
    await events_of(ada, session, "hi", client_key="k", answerer=Scripted(ValueError()))
    await events_of(ada, session, "hi", client_key="k", answerer=Scripted(ValueError()))

    third = await events_of(ada, session, "hi", client_key="k", answerer=Scripted("now"))
    fourth = await events_of(ada, session, "hi", client_key="k", answerer=Scripted("never"))

    texts = [(m.role, m.text) for m in await session.messages() if m.kind == "text"]
    assert texts == [("user", "hi"), ("assistant", "now")]
    assert [m.text for m in await session.branch()] == ["hi", "now"]
    assert isinstance(third[-1], Finished)
    assert isinstance(fourth[-1], Finished)
    assert third[-1].message == fourth[-1].message


async def test_a_key_that_is_being_answered_is_refused(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Two answers at once to one input are none of what was asked for."""
    async with aclosing(chat(ada, session, "hi", client_key="k")) as events:
        await anext(events)
        with pytest.raises(Conflict):
            await events_of(ada, session, "hi", client_key="k")


async def test_an_empty_input_is_refused_and_leaves_no_turn(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Nothing was said."""
    with pytest.raises(BadInput):
        await events_of(ada, session, "  ")

    assert await session.turns() == []
