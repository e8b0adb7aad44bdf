"""A chat turn with a model at the other end: whatever it does, nothing that was said is lost."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

import holdfast
from fix_keeper import World
from holdfast.assistant.answering import Answerer
from holdfast.assistant.chat import ChatOptions, chat
from holdfast.assistant.events import (
    Delta,
    Event,
    Failed,
    FellBack,
    Finished,
    Thought,
    ToolEnded,
    ToolStarted,
)
from holdfast.assistant.quoting import QuotingAnswerer
from integration.models.conftest import answerer
from integration.models.upstream import (
    Reply,
    Upstream,
    breaks_off,
    calls,
    never_ends,
    refuses,
    says,
    stalls,
)

SAID = "What is my favourite colour?"


@pytest.fixture
async def ada(world: World) -> holdfast.User:
    """Somebody who said something a while ago."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    earlier = await ada.sessions.start(assistant="helper")
    async with earlier.turn("My favourite colour is blue.") as turn:
        await turn.reply("Noted.")
    world.clock.pass_by(days=7)
    return ada


async def events_of(
    user: holdfast.User, by: Answerer, text: str = SAID, **given: Any
) -> tuple[holdfast.OpenSession, list[Event]]:
    """A new session with one turn, and the events of it."""
    session = await user.sessions.start(assistant="helper")
    async with aclosing(chat(user, session, text, answerer=by, **given)) as events:
        return session, [event async for event in events]


async def recorded(session: holdfast.OpenSession) -> list[tuple[str, str, str]]:
    """Role, kind and text of all messages; of an error its code."""
    return [(m.role, m.kind, m.error_code or m.text) for m in await session.messages()]


async def test_a_model_answers_from_what_was_recalled(
    ada: holdfast.User, upstream: Upstream
) -> None:
    """It is shown what was said a week ago, and its answer and its cost are recorded."""
    upstream.replies.append(says("Blue, ", "I think.", reasoning=["colour"]))

    session, events = await events_of(ada, answerer(upstream))

    assert "My favourite colour is blue." in upstream.requests[0].body["messages"][0]["content"]
    assert "Blue, I think." == "".join(e.text for e in events if isinstance(e, Delta))
    assert ["colour"] == [e.text for e in events if isinstance(e, Thought)]
    assert [
        ("user", "text", SAID),
        ("assistant", "reasoning", "colour"),
        ("assistant", "text", "Blue, I think."),
    ] == await recorded(session)
    turn = (await session.turns())[0]
    usage = {"model": "openai:m", "input_tokens": 11, "output_tokens": 7}
    assert ("complete", "openai:m", usage) == (turn.status, turn.model, turn.entities["usage"])


FAILURES: dict[str, tuple[Reply, str]] = {
    "html": (refuses(200, "<html>zanzibar</html>", "text/html"), "model_incomplete"),
    "server error": (refuses(500, "zanzibar"), "model_unreachable"),
    "unauthorised": (refuses(401, "{}"), "model_refused"),
    "breaks off": (breaks_off("It is bl"), "model_incomplete"),
    "stalls": (stalls("It is bl"), "model_stalled"),
    "says nothing": (says(), "model_incomplete"),
    "repeats": (never_ends("blue and blue and "), "model_repeats"),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_failing_model_loses_nothing(
    ada: holdfast.User, upstream: Upstream, case: str
) -> None:
    """The input, what came of the answer, and the error stay; the turn has failed, and whoever
    listens is told so without a word of the provider."""
    reply, code = FAILURES[case]
    upstream.replies.append(reply)
    by = answerer(upstream, timeout_s=0.5 if case == "stalls" else 60.0)
    await by.prepare()

    session, events = await events_of(ada, by)

    failed = events[-1]
    assert isinstance(failed, Failed)
    assert code == failed.code
    assert "zanzibar" not in failed.message
    kept = await recorded(session)
    assert ("user", "text", SAID) == kept[0]
    assert ("system", "error", code) == kept[-1]
    said = "".join(e.text for e in events if isinstance(e, Delta))
    assert said == "".join(text for role, _, text in kept if role == "assistant")
    assert ["failed"] == [turn.status for turn in await session.turns()]


async def test_a_fallback_answers_in_the_same_turn(ada: holdfast.User, upstream: Upstream) -> None:
    """Both the half answer with its error and the whole one are recorded; the turn is complete."""
    upstream.replies.append(breaks_off("It is gr"))

    session, events = await events_of(ada, answerer(upstream), fallback=QuotingAnswerer())

    fell = next(event for event in events if isinstance(event, FellBack))
    assert ("quoting", "model_incomplete") == (fell.model, fell.code)
    assert isinstance(events[-1], Finished)
    kept = await recorded(session)
    assert [
        ("user", "text", SAID),
        ("assistant", "text", "It is gr"),
        ("system", "error", "model_incomplete"),
    ] == kept[:3]
    assert "My favourite colour is blue." in kept[3][2]
    assert [("complete", "quoting")] == [(t.status, t.model) for t in await session.turns()]


async def test_a_fallback_model_is_asked_the_same(ada: holdfast.User, upstream: Upstream) -> None:
    """A second model gets what the first one got."""
    upstream.replies += [refuses(503, ""), says("Blue.")]

    await events_of(ada, answerer(upstream), fallback=answerer(upstream, "ollama"))

    first, second = (request.body["messages"] for request in upstream.requests)
    assert first == second


async def test_tools_of_a_model_are_recorded_once_and_in_order(
    ada: holdfast.User, upstream: Upstream
) -> None:
    """Two calls at once, one with broken arguments, one of a tool that is none: every call and
    result is a message, each once, and the turn says that tools ran."""
    upstream.replies += [
        calls(
            ("c1", "search_conversation_history", '{"query": "colour"}'),
            ("c2", "search_conversation_history", '{"que'),
            ("c3", "nonsense", "{}"),
            before="Let me look.",
        ),
        says("Blue."),
    ]

    session, events = await events_of(ada, answerer(upstream))

    offered = [t["function"]["name"] for t in upstream.requests[0].body["tools"]]
    tool_messages = [m for m in await session.messages() if m.tool is not None]
    assert offered
    assert {"c1": 2, "c2": 2, "c3": 2} == {
        call_id: sum(m.tool is not None and m.tool.call_id == call_id for m in tool_messages)
        for call_id in ("c1", "c2", "c3")
    }
    assert 3 == sum(isinstance(event, ToolStarted) for event in events)
    ended = {e.call_id: e.failed for e in events if isinstance(e, ToolEnded)}
    assert {"c2": True, "c3": True} == {k: v for k, v in ended.items() if k != "c1"}
    texts = [m.text for m in await session.messages() if m.role == "assistant" and m.kind == "text"]
    assert ["Let me look.", "\n\nBlue."] == texts
    assert ["complete"] == [turn.status for turn in await session.turns()]


async def test_a_later_turn_shows_the_model_its_own_tools(
    ada: holdfast.User, upstream: Upstream
) -> None:
    """Calls and results of the turn before are part of what was said just now."""
    upstream.replies += [calls(("c3", "nonsense", "{}")), says("Sorry."), says("Fine.")]
    session, _ = await events_of(ada, answerer(upstream))

    async with aclosing(chat(ada, session, "And now?", answerer=answerer(upstream))) as events:
        assert isinstance([event async for event in events][-1], Finished)

    roles = [m["role"] for m in upstream.requests[-1].body["messages"]]
    assert ["system", "user", "assistant", "tool", "assistant", "user"] == roles


async def test_a_listener_who_leaves_ends_the_request(
    ada: holdfast.User, upstream: Upstream
) -> None:
    """The turn is cancelled with what it had, and the connection to the model is closed."""
    upstream.replies.append(stalls("It is bl"))
    session = await ada.sessions.start(assistant="helper")

    async with aclosing(
        chat(ada, session, SAID, answerer=answerer(upstream), options=ChatOptions())
    ) as events:
        async for event in events:
            if isinstance(event, Delta):
                break

    await upstream.wires[0].left.wait()
    assert ("assistant", "text", "It is bl") == (await recorded(session))[-1]
    assert ["cancelled"] == [turn.status for turn in await session.turns()]
