"""Tools, reasoning and usage in a chat turn: everything recorded, in order, before it is told."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

import holdfast
from holdfast.assistant.answering import Thinking, Usage
from holdfast.assistant.chat import ChatOptions, chat
from holdfast.assistant.events import Delta, Finished, Thought, ToolEnded, ToolStarted
from holdfast.assistant.tools import Tool, ToolArguments, ToolContext, ToolSet
from holdfast.errors import BadInput
from holdfast.keeper.contexts import NOTED_TAG

from .conftest import Call, Scripted, Silence, Together, events_of, said_in


class Number(ToolArguments):
    """A number."""

    number: int


def tool(call: Any, name: str = "double", **about: Any) -> ToolSet:
    """One tool that does what a test wants."""
    made = Tool(
        name=name,
        title=name,
        description=name,
        arguments=Number,
        call=call,
        scope="memory:read",
        **about,
    )
    return ToolSet([made])


async def double(context: ToolContext, asked: Number) -> int:
    """Twice the number."""
    return 2 * asked.number


async def test_what_happens_is_recorded_in_the_order_in_which_it_happens(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Reasoning and text in one message each, ended by a tool's call, and its result after it."""
    answerer = Scripted(
        *(Thinking(text="I sh"), Thinking(text="ould look."), "Let me ", "see. "),
        Call("double", {"number": 2}, "c1"),
        *(Thinking(text="Four."), "It is 4."),
    )

    events = await events_of(ada, session, "2 + 2?", answerer=answerer, tools=tool(double))

    messages = await session.messages()
    assert [(m.kind, m.text) for m in messages] == [
        ("text", "2 + 2?"),
        ("reasoning", "I should look."),
        ("text", "Let me see. "),
        ("tool_call", ""),
        ("tool_result", ""),
        ("reasoning", "Four."),
        ("text", "It is 4."),
    ]
    call, result = messages[3].tool, messages[4].tool
    assert call is not None
    assert result is not None
    assert (call.name, call.call_id, call.arguments) == ("double", "c1", {"number": 2})
    assert (result.call_id, result.result, result.failed) == ("c1", 4, False)
    assert [m.id for m in await session.branch()] == [m.id for m in messages]
    assert [type(event) for event in events[2:]] == [
        *(Thought, Thought, Delta, Delta, ToolStarted, ToolEnded, Thought, Delta, Finished)
    ]
    assert answerer.outcomes[0].result == 4


async def test_promise_01_heard_first_a_call_is_durable_before_its_tool_runs(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """What the tool itself can read of the session holds its own call, and the text before it."""
    seen: list[tuple[str, str]] = []

    async def looks(context: ToolContext, asked: Number) -> None:
        assert context.session is not None
        seen.extend((m.kind, m.text) for m in await context.session.messages())

    answerer = Scripted("so ", Call("looks", {"number": 1}), "far")
    await events_of(ada, session, "hi", answerer=answerer, tools=tool(looks, "looks"))

    assert seen == [("text", "hi"), ("text", "so "), ("tool_call", "")]


async def test_a_result_is_durable_before_the_model_gets_it(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """At the event that tells of a result it can be read back."""
    answerer = Scripted(Call("double", {"number": 2}), Silence())
    turn = chat(ada, session, "hi", answerer=answerer, tools=tool(double))
    async with aclosing(turn) as events:
        async for event in events:
            if isinstance(event, ToolEnded):
                kinds = [m.kind for m in await session.messages()]
                break

    assert kinds == ["text", "tool_call", "tool_result"]


async def test_a_tool_turn_is_found_by_its_intent(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A turn in which a tool ran says so, with the tools and what the answer took."""
    answerer = Scripted(
        *(Call("double", {"number": 1}), Call("double", {"number": 2}), "4"),
        Usage(model="m-1", input_tokens=7, output_tokens=3),
    )
    await events_of(ada, session, "hello")
    await events_of(ada, session, "hi", answerer=answerer, tools=tool(double))

    [found] = [turn for turn in await session.turns() if turn.intent == "tool_execution"]
    assert (found.intent_confidence, found.status) == (1.0, "complete")
    assert found.entities == {
        "tools": ["double"],
        "usage": {"model": "m-1", "input_tokens": 7, "output_tokens": 3},
    }


async def test_an_intent_that_was_given_stays(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Who knows better what a turn is about is not overruled."""
    answerer = Scripted(Call("double", {"number": 1}), "2")
    means: dict[str, Any] = {"intent": "sums", "entities": {"topic": "sums"}}
    await events_of(ada, session, "hi", answerer=answerer, tools=tool(double), **means)

    [turn] = await session.turns()
    assert (turn.intent, turn.entities) == ("sums", {"topic": "sums", "tools": ["double"]})


async def test_tools_that_run_side_by_side_are_all_recorded(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Each call has its result, and nobody waits for nobody."""
    both = asyncio.Barrier(2)

    async def meets(context: ToolContext, asked: Number) -> int:
        await both.wait()
        return asked.number

    answerer = Scripted(
        Together((Call("meets", {"number": 1}, "a"), Call("meets", {"number": 2}, "b"))), "done"
    )
    events = await events_of(ada, session, "hi", answerer=answerer, tools=tool(meets, "meets"))

    messages = await session.messages()
    results = {m.tool.call_id: m.tool.result for m in messages if m.tool and m.role == "tool"}
    assert results == {"a": 1, "b": 2}
    assert [outcome.result for outcome in answerer.outcomes] == [1, 2]
    assert [m.id for m in await session.branch()] == [m.id for m in messages]
    assert isinstance(events[-1], Finished)


async def _raises(context: ToolContext, asked: Number) -> None:
    raise ValueError("secret-4711")


async def _refuses(context: ToolContext, asked: Number) -> None:
    raise BadInput("number", "it is odd")


async def _hangs(context: ToolContext, asked: Number) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("call", "name", "arguments", "error"),
    [
        (_raises, "double", {"number": 1}, "tool_failed"),
        (_refuses, "double", {"number": 1}, "invalid_input"),
        (_hangs, "double", {"number": 1}, "timeout"),
        (double, "halve", {"number": 1}, "unknown_tool"),
        (double, "", {"number": 1}, "unknown_tool"),
        (double, "x" * 5_000, {"number": 1}, "unknown_tool"),
        (double, "double", {"number": "one"}, "invalid_input"),
        (double, "double", {"number": 1, "more": 2}, "invalid_input"),
        (double, "double", {}, "invalid_input"),
        (double, "double", ["number"], "bad_arguments"),
        (double, "double", {"number": "\ud800"}, "bad_arguments"),
    ],
)
async def test_a_call_that_fails_is_recorded_and_the_model_goes_on(
    ada: holdfast.User,
    session: holdfast.OpenSession,
    call: Any,
    name: str,
    arguments: object,
    error: str,
) -> None:
    """The model reads a code and a sentence without secrets, and the turn is completed."""
    answerer = Scripted(Call(name, arguments), "all the same")
    options = ChatOptions(tool_timeout_s=0.01)

    events = await events_of(
        ada, session, "hi", answerer=answerer, tools=tool(call), options=options
    )

    [outcome] = answerer.outcomes
    assert isinstance(outcome.result, dict)
    assert (outcome.failed, outcome.result["error"]) == (True, error)
    assert "4711" not in str(outcome.result)
    [ended] = [event for event in events if isinstance(event, ToolEnded)]
    assert (ended.result, ended.failed) == (outcome.result, True)
    [result] = [m for m in await session.messages() if m.kind == "tool_result"]
    assert result.tool is not None
    assert (result.tool.result, result.tool.failed) == (outcome.result, True)
    assert [turn.status for turn in await session.turns()] == ["complete"]


async def test_what_a_tool_s_exception_says_is_kept_sealed(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """The record knows more than the model: it is where one looks for what went wrong."""
    answerer = Scripted(Call("double", {"number": 1}), "hm")
    await events_of(ada, session, "hi", answerer=answerer, tools=tool(_raises))

    [result] = [m for m in await session.messages() if m.kind == "tool_result"]
    assert (result.text, result.error_code) == ("ValueError: secret-4711", "error")


async def test_a_model_that_calls_without_end_is_stopped(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """First it is told to answer; when it does not listen the turn has failed."""
    answerer = Scripted(*[Call("double", {"number": n}) for n in range(9)], "never")
    options = ChatOptions(max_tool_calls=2)

    events = await events_of(
        ada, session, "hi", answerer=answerer, tools=tool(double), options=options
    )

    results = [outcome.result for outcome in answerer.outcomes]
    assert results[:2] == [0, 2]
    told: list[Any] = results[2:]
    assert [outcome["error"] for outcome in told] == ["too_many_calls"] * 2
    assert getattr(events[-1], "code", None) == "model_repeats"
    assert [turn.status for turn in await session.turns()] == ["failed"]


async def test_a_long_result_is_kept_whole_and_shown_cut(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A tool cannot flood a model's context."""

    async def floods(context: ToolContext, asked: Number) -> str:
        return "drop " * 10_000

    answerer = Scripted(Call("floods", {"number": 1}), "wet")
    options = ChatOptions(max_tool_result_chars=1_000)
    await events_of(
        ada, session, "hi", answerer=answerer, tools=tool(floods, "floods"), options=options
    )

    [result] = [m for m in await session.messages() if m.kind == "tool_result"]
    assert result.tool is not None
    assert result.tool.result == "drop " * 10_000
    assert len(str(answerer.outcomes[0].result)) < 1_100


async def test_cancelling_a_turn_ends_the_tool_that_runs_and_records_that(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """No call stays without a result, no task behind."""
    answerer = Scripted("so far", Call("waits", {"number": 1}))
    turn = chat(ada, session, "hi", answerer=answerer, tools=tool(_hangs, "waits"))
    before = asyncio.all_tasks()
    async with aclosing(turn) as events:
        async for event in events:
            if isinstance(event, ToolStarted):
                break

    assert answerer.closed
    assert asyncio.all_tasks() == before
    messages = await session.messages()
    assert [m.kind for m in messages] == ["text", "text", "tool_call", "tool_result"]
    assert messages[-1].error_code == "cancelled"
    assert [turn.status for turn in await session.turns()] == ["cancelled"]


async def test_a_model_is_offered_the_standard_tools_without_those_that_destroy(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Forgetting is for people; a model gets it only where somebody says so."""
    answerer = Scripted("hi")
    await events_of(ada, session, "hi", answerer=answerer)
    offered = answerer.offered
    await events_of(
        ada, session, "hi", answerer=answerer, options=ChatOptions(destructive_tools=True)
    )

    assert set(answerer.offered) - set(offered) == {"delete_memory"}
    assert "search_conversation_history" in offered


async def test_a_caller_s_scopes_are_those_of_the_tools(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A credential that may only read cannot have a model write."""
    answerer = Scripted(Call("add_memory", {"text": "planted"}), "done")
    await events_of(ada, session, "hi", answerer=answerer, scopes=frozenset({"memory:read"}))

    assert "add_memory" not in answerer.offered
    assert answerer.outcomes[0].failed
    assert await ada.memories.list() == []


async def test_nothing_of_an_ephemeral_talk_is_remembered_by_a_tool(
    keeper: holdfast.Keeper, ada: holdfast.User
) -> None:
    """A talk of which nothing is kept offers no tool that keeps something."""
    ephemeral = await keeper.ephemeral("ada")
    answerer = Scripted(Call("add_memory", {"text": "secret"}), "done")
    await events_of(ada, ephemeral, "hi", answerer=answerer)

    assert "add_memory" not in answerer.offered
    assert "search_conversation_history" in answerer.offered
    assert await ada.memories.list() == []


async def test_promise_10_traced_what_a_model_notes_names_the_input_and_that_it_was_noted(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """So it can be seen, told apart from what the person kept, and goes with what it came from."""
    answerer = Scripted(Call("add_memory", {"text": "Likes blue"}), "Noted.")
    await events_of(ada, session, "I like blue", answerer=answerer)

    [memory] = await ada.memories.list()
    heard = (await session.messages())[0]
    assert (memory.text, memory.kind, memory.tags) == ("Likes blue", "fact", (NOTED_TAG,))
    assert [source.message_id for source in memory.sources] == [heard.id]
    await ada.forget(heard.id)
    assert await ada.memories.list() == []


async def test_a_search_in_a_turn_does_not_find_the_question_itself(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """What was asked just now is no answer to it."""
    await session.log_full_chat_interaction("My favourite colour is blue", "Noted.")
    answerer = Scripted(Call("search_conversation_history", {"query": "favourite colour"}), "Blue.")
    events = await events_of(ada, session, "Which favourite colour?", answerer=answerer)

    result: Any = answerer.outcomes[0].result
    texts = [found["text"] for found in result["results"]]
    assert any("is blue" in text for text in texts)
    assert not any("Which" in text for text in texts)
    assert said_in(events) == "Blue."


async def test_reasoning_is_noted_as_a_thought_where_that_is_wanted(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Linked to its turn, once, under the assistant's name; elsewhere it is only recorded."""
    thinking = Scripted(Thinking(text="They like blue."), "Blue.")
    await events_of(ada, session, "Which colour?", answerer=thinking)
    assert await ada.thoughts.list() == []

    options = ChatOptions(log_reasoning=True)
    await events_of(ada, session, "And now?", answerer=thinking, options=options, client_key="k")
    await events_of(ada, session, "And now?", answerer=thinking, options=options, client_key="k")

    [thought] = await ada.thoughts.list()
    turn = (await session.turns())[-1]
    assert (thought.text, thought.kind) == ("They like blue.", "reasoning")
    assert (thought.assistant, thought.turn_id) == ("helper", turn.id)


async def test_a_tool_that_exits_fails_alone(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """`sys.exit` in a tool is a failed call that the model reads, also side by side with others;
    the turn goes on."""

    async def exits(context: ToolContext, asked: Number) -> int:
        raise SystemExit(asked.number)

    calls = (Call("double", {"number": 2}), Call("double", {"number": 3}))
    answerer = Scripted(Together(calls), "It did not work.")

    [*_, finished] = await events_of(ada, session, "2 + 2?", answerer=answerer, tools=tool(exits))

    assert isinstance(finished, Finished)
    assert [outcome.failed for outcome in answerer.outcomes] == [True, True]
    results = [m.tool for m in await session.messages() if m.kind == "tool_result"]
    assert [part is not None and part.failed for part in results] == [True, True]
