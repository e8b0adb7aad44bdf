"""Answerers that fail: stopped with what they said kept, told without content, and stood in for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

import holdfast
from holdfast.assistant.answering import Thinking, Usage
from holdfast.assistant.chat import ChatOptions, chat
from holdfast.assistant.events import Delta, Failed, FellBack, Finished, ToolStarted
from holdfast.assistant.tools import Tool, ToolArguments, ToolContext, ToolSet
from holdfast.errors import HoldfastError, ModelRefused, StorageFailed

from .conftest import Call, Scripted, Silence, Step, events_of, said_in


async def test_a_model_that_stalls_has_failed(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """What it said is kept, it is let go of, and the client is told what to do."""
    answerer = Scripted("so far", Silence())
    options = ChatOptions(model_timeout_s=0.01)

    events = await events_of(ada, session, "hi", answerer=answerer, options=options)

    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "model_stalled"
    assert "model_timeout_s" in failed.message
    messages = await session.messages()
    assert [(m.kind, m.error_code) for m in messages] == [
        ("text", None),
        ("text", None),
        ("error", "model_stalled"),
    ]
    assert messages[1].text == "so far"
    assert answerer.closed


async def test_the_time_a_tool_takes_is_not_the_model_s(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A model that waits for its tool is not silent; after it, it may be again."""
    loop = asyncio.get_running_loop()

    async def slow(context: ToolContext, asked: ToolArguments) -> str:
        ready = asyncio.Event()
        loop.call_later(0.6, ready.set)
        await ready.wait()
        return "slow"

    tools = ToolSet(
        [
            Tool(
                name="slow",
                title="slow",
                description="slow",
                arguments=ToolArguments,
                call=slow,
                scope="memory:read",
            )
        ]
    )
    options = ChatOptions(model_timeout_s=0.5)
    answered = Scripted(Call("slow", {}), "there")
    stalled = Scripted(Call("slow", {}), Silence())

    first = await events_of(ada, session, "a", answerer=answered, tools=tools, options=options)
    second = await events_of(ada, session, "b", answerer=stalled, tools=tools, options=options)

    assert isinstance(first[-1], Finished)
    assert getattr(second[-1], "code", None) == "model_stalled"


def _looping(*, period: int) -> list[Step]:
    stretch = ("I do not know what to say about that, really. " * 40)[:period]
    return [stretch[at : at + 7] for at in range(0, period, 7)] * (12_000 // period)


@pytest.mark.parametrize("period", [1, 46, 700, 1_500])
async def test_a_model_that_repeats_itself_without_end_is_stopped(
    ada: holdfast.User, session: holdfast.OpenSession, period: int
) -> None:
    """Once the same words have come often enough; what was said until then is kept."""
    answerer = Scripted("Well: ", *_looping(period=period), "never")
    events = await events_of(ada, session, "hi", answerer=answerer)

    messages = await session.messages()
    assert getattr(events[-1], "code", None) == "model_repeats"
    assert 6_000 <= len(messages[1].text) < 9_000
    assert said_in(events) == messages[1].text


async def test_a_long_answer_with_lists_and_tables_is_no_repetition(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Lines that resemble each other are not the same."""
    rows: list[Step] = [f"| {n} | the same words in each row | {n * n} |\n" for n in range(2_000)]
    events = await events_of(ada, session, "hi", answerer=Scripted(*rows))

    assert isinstance(events[-1], Finished)


async def test_an_answer_without_end_is_stopped_at_the_limit(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Up to the limit it is kept, and nobody else answers on top of it."""
    answerer, fallback = Scripted("12345", "67890", "never"), Scripted("never")
    events = await events_of(
        ada,
        session,
        "hi",
        answerer=answerer,
        fallback=fallback,
        options=ChatOptions(max_answer_chars=8),
    )

    assert getattr(events[-1], "code", None) == "answer_too_long"
    assert (await session.messages())[1].text == said_in(events) == "12345678"
    assert (answerer.closed, fallback.asked) == (True, [])


async def test_reasoning_counts_as_said(ada: holdfast.User, session: holdfast.OpenSession) -> None:
    """A model that only thinks, for ever, is stopped too."""
    answerer = Scripted(Thinking(text="hm " * 10), "never")
    events = await events_of(
        ada, session, "hi", answerer=answerer, options=ChatOptions(max_answer_chars=8)
    )

    assert getattr(events[-1], "code", None) == "answer_too_long"
    assert [m.kind for m in await session.messages()] == ["text", "reasoning", "error"]


@pytest.mark.parametrize("pieces", [(), ("",), (" \n",), (Thinking(text="hm"),)])
async def test_an_answer_of_nothing_has_failed(
    ada: holdfast.User, session: holdfast.OpenSession, pieces: tuple[Step, ...]
) -> None:
    """Silence is no answer, and must not look like one."""
    events = await events_of(ada, session, "hi", answerer=Scripted(*pieces))

    assert getattr(events[-1], "code", None) == "model_incomplete"
    assert [turn.status for turn in await session.turns()] == ["failed"]


async def test_half_a_character_does_not_cost_the_answer(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """A surrogate pair that is split over pieces is joined; a lone half becomes a mark."""
    answerer = Scripted("a\ud83d", "\ude00b", "\udc00c", "\ud800")
    await events_of(ada, session, "hi", answerer=answerer)

    assert (await session.messages())[1].text == "a😀b\ufffdc"


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError("secret words"), "error"), (ModelRefused(401), "model_refused")]
)
async def test_promise_12_no_model_needed_another_answers_when_the_model_fails(
    ada: holdfast.User, session: holdfast.OpenSession, error: Exception, code: str
) -> None:
    """In the same turn: the error is on record, the model named is the one that answered."""
    first, second = Scripted("so far", error, name="big"), Scripted("here", name="small")

    events = await events_of(ada, session, "hi", answerer=first, fallback=second)

    [turn] = await session.turns()
    assert (turn.status, turn.model) == ("complete", "small")
    messages = await session.messages()
    assert [(m.kind, m.text) for m in messages if m.kind == "text"] == [
        ("text", "hi"),
        ("text", "so far"),
        ("text", "here"),
    ]
    assert [m.error_code for m in messages] == [None, None, code, None]
    assert FellBack(turn_id=turn.id, model="small", code=code) in events
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.message == messages[-1]
    assert second.asked == first.asked


@pytest.mark.parametrize(
    "steps",
    [(Silence(),), ("la " * 4_000,), (), (Usage(model="m", input_tokens=1, output_tokens=0),)],
)
async def test_every_failure_of_a_model_is_stood_in_for(
    ada: holdfast.User, session: holdfast.OpenSession, steps: tuple[Step, ...]
) -> None:
    """Stalled, circling or empty: somebody answers."""
    events = await events_of(
        ada,
        session,
        "hi",
        answerer=Scripted(*steps),
        fallback=Scripted("here"),
        options=ChatOptions(model_timeout_s=0.01),
    )

    assert isinstance(events[-1], Finished)
    assert (await session.messages())[-1].text == "here"


async def test_when_the_fallback_fails_too_the_turn_has_failed(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Both errors are on record, and no word of either is told."""
    first, second = Scripted(ValueError("secret one")), Scripted(KeyError("secret two"))

    events = await events_of(ada, session, "my canary", answerer=first, fallback=second)

    failed = events[-1]
    assert isinstance(failed, Failed)
    assert "secret" not in failed.message
    assert "canary" not in failed.message
    assert failed.code == "error"
    assert [m.kind for m in await session.messages()] == ["text", "error", "error"]
    assert [turn.status for turn in await session.turns()] == ["failed"]


async def test_what_cannot_be_recorded_ends_the_turn_even_where_a_model_swallows_it(
    ada: holdfast.User, session: holdfast.OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is not durable has not happened: nobody goes on as if it had."""

    class Swallows(Scripted):
        async def answer(self, asked: Any, tools: Any = None):  # type: ignore[no-untyped-def, override]
            try:
                await tools.run("search", {"query": "x"})
            except HoldfastError:
                yield "as if nothing had happened"

    async def full(*_: object, **__: object) -> None:
        raise StorageFailed

    events = []
    turn = chat(ada, session, "hi", answerer=Swallows(), fallback=Scripted("never"))
    async with aclosing(turn) as happening:
        async for event in happening:
            events.append(event)
            if type(event).__name__ == "Recalled":
                monkeypatch.setattr("holdfast.assistant.calling.TurnTools._note", full)

    assert not any(isinstance(event, ToolStarted) for event in events)
    assert getattr(events[-1], "code", None) == "storage_failed"
    assert [turn.status for turn in await session.turns()] == ["failed"]


async def test_closing_at_any_event_leaves_one_ended_turn_and_no_task(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Whoever leaves, and whenever: the input is kept, the turn ended, nothing runs on."""
    before = asyncio.all_tasks()
    for count in range(1, 9):
        answerer = Scripted(
            *(Thinking(text="hm"), "a", Call("search", {"query": "x"}), "b", ValueError())
        )
        turn = chat(ada, session, f"hi {count}", answerer=answerer, fallback=Scripted("c"))
        async with aclosing(turn) as events:
            for _ in range(count):
                await anext(events)

    assert asyncio.all_tasks() == before
    turns = await session.turns()
    assert [turn.status for turn in turns] == ["cancelled"] * 8
    messages = await session.messages()
    assert [m.text for m in messages if m.role == "user"] == [f"hi {n}" for n in range(1, 9)]
    calls = [m for m in messages if m.kind == "tool_call"]
    assert len(calls) == len([m for m in messages if m.kind == "tool_result"])
    assert [m.seq for m in messages] == list(range(len(messages)))


async def test_an_answer_is_never_further_than_its_listener(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Nothing piles up: the next piece is asked for when the last one was taken."""
    given: list[str] = []

    class Counts(Scripted):
        async def answer(self, asked: Any, tools: Any = None):  # type: ignore[no-untyped-def, override]
            for piece in ("a", "b", "c"):
                given.append(piece)
                yield piece

    async with aclosing(chat(ada, session, "hi", answerer=Counts())) as events:
        async for event in events:
            if isinstance(event, Delta):
                assert given[-1] == event.text


class _RaisesAtOnce:
    """Breaks before it gives anything to iterate."""

    name = "at once"

    def answer(self, asked: Any, tools: Any) -> Any:
        """Never."""
        raise ValueError("secret")


class _BreaksOnClosing(Scripted):
    """Cannot even be let go of."""

    async def answer(self, asked: Any, tools: Any = None):  # type: ignore[no-untyped-def, override]
        try:
            yield "la " * 4_000
        finally:
            raise ValueError("secret")


@pytest.mark.parametrize(
    "answerer",
    [_RaisesAtOnce(), _BreaksOnClosing(), Scripted("so far", asyncio.CancelledError())],
    ids=["at once", "on closing", "cancelled inside"],
)
async def test_however_an_answerer_breaks_another_stands_in(
    ada: holdfast.User, session: holdfast.OpenSession, answerer: Any
) -> None:
    """It is the answerer's failure, and the turn's listener is not cancelled by it."""
    events = await events_of(ada, session, "hi", answerer=answerer, fallback=Scripted("here"))

    assert isinstance(events[-1], Finished)
    assert (await session.messages())[-1].text == "here"


async def test_promise_03_ended_a_turn_that_is_being_completed_is_not_cancelled_any_more(
    ada: holdfast.User, session: holdfast.OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancellation that comes while the last status is written changes nothing of it."""
    append, ending, written = session.log.append, asyncio.Event(), []

    async def slowly(*arguments: Any, **named: Any) -> Any:
        changes = named.get("turns", arguments[1] if len(arguments) > 1 else ())
        statuses = [change.turn.status for change in changes]
        if "complete" in statuses:
            ending.set()
            await asyncio.sleep(0)
        written.extend(statuses)
        return await append(*arguments, **named)

    monkeypatch.setattr(session.log, "append", slowly)
    talk = asyncio.create_task(events_of(ada, session, "hi", answerer=Scripted("there")))
    async with asyncio.timeout(10):
        await ending.wait()
    talk.cancel()
    await asyncio.gather(talk, return_exceptions=True)

    assert written[-1] == "complete"
    assert [turn.status for turn in await session.turns()] == ["complete"]


@pytest.mark.parametrize("times", [1, 1_000])
async def test_promise_03_ended_a_model_that_will_not_be_cancelled_ends_with_its_turn(
    times: int, ada: holdfast.User, session: holdfast.OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It swallows the cancellation, once or for ever, and goes on talking: to nobody."""
    monkeypatch.setattr("holdfast.assistant.chat._CANCELLED_S", 0.2)
    let_go = asyncio.Event()

    class Deaf:
        name = "deaf"

        async def answer(self, asked: object, tools: object = None) -> AsyncIterator[str]:
            yield "one "
            for _ in range(times):
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue
                break
            yield "two"

    async with asyncio.timeout(10):
        async with aclosing(chat(ada, session, "hi", answerer=Deaf())) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break
    let_go.set()

    (turn,) = await session.turns()
    messages = await session.messages()
    assert turn.status == "cancelled"
    assert messages[0].text == "hi"
    assert messages[1].text.startswith("one ")


class _ExitsAtOnce:
    """Asks the process to end instead of giving an iterator."""

    name = "exits"

    def answer(self, asked: Any, tools: Any) -> Any:
        """Never."""
        raise SystemExit(3)


@pytest.mark.parametrize(
    "answerer",
    [_ExitsAtOnce(), Scripted("so far", SystemExit(3))],
    ids=["at once", "in its answer"],
)
async def test_an_answerer_that_exits_ends_its_answer_and_not_the_process(
    ada: holdfast.User, session: holdfast.OpenSession, answerer: Any
) -> None:
    """`sys.exit` in a model's package: the turn has failed, what came before it is kept, and the
    next turn is answered."""
    [*_, failed] = await events_of(ada, session, "hi", answerer=answerer)
    [*_, finished] = await events_of(ada, session, "and now?", answerer=Scripted("here"))

    assert isinstance(failed, Failed)
    assert failed.code == "model_failed"
    assert isinstance(finished, Finished)
    assert [turn.status for turn in await session.turns()] == ["failed", "complete"]
