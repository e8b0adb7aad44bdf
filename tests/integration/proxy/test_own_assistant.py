"""With nothing configured the server's own assistant answers the OpenAI SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from integration.server.conftest import HUNG_S, Served

from .conftest import Person, said

BLUE = "Remember, my favourite colour is blue"
ASKED = "What's my favourite colour?"


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with no upstream and no model."""
    server = Served(tmp_path_factory.mktemp("own")).start(child=False)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def service(standing: Served) -> str:
    """A key that acts for users."""
    return standing.key("service", "--act-for-users")


@pytest.fixture
def ada(standing: Served, service: str) -> Iterator[Person]:
    """Somebody new."""
    person = Person(standing, service)
    yield person
    person.close()


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def ask(sdk: OpenAI, *messages: Any, **options: Any) -> str:
    """The answer to a history."""
    answer = sdk.chat.completions.create(model="holdfast", messages=list(messages), **options)
    return answer.choices[0].message.content or ""


def test_it_keeps_what_is_said_and_quotes_it_later(ada: Person) -> None:
    """Told in one conversation, asked in another; usage and model are there."""
    sdk = ada.sdk()
    told = sdk.chat.completions.create(model="holdfast", messages=[user(BLUE)])
    answer = ask(sdk, user(ASKED))

    assert told.choices[0].message.content == f'Kept: "{BLUE}"'
    assert told.choices[0].finish_reason == "stop"
    assert (told.model, told.object) == ("holdfast", "chat.completion")
    assert told.usage is not None
    assert told.usage.total_tokens == told.usage.prompt_tokens + told.usage.completion_tokens > 0
    assert answer.endswith(f'you said: "{BLUE}"')
    assert len(ada.sessions()) == 2


def test_a_stream_says_the_same_and_tells_its_usage(ada: Person) -> None:
    """Role, pieces, the reason it ended, usage when asked for."""
    chunks = list(
        ada.sdk().chat.completions.create(
            model="holdfast",
            messages=[user(BLUE)],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == f'Kept: "{BLUE}"'
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert said(ada.turns()) == [
        ("complete", [("user", "text", BLUE), ("assistant", "text", f'Kept: "{BLUE}"')])
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_growing_chat_is_one_session_with_each_message_once(ada: Person, stream: bool) -> None:
    """Instructions, four exchanges, everything resent each time, no session named."""
    sdk, messages = ada.sdk(), [{"role": "system", "content": "Be brief"}]
    for number in range(4):
        messages.append(user(f"This is number {number}"))
        answer: Any = sdk.chat.completions.create(
            model="holdfast",
            messages=messages,  # type: ignore[arg-type]
            stream=stream,
        )
        if stream:
            text = "".join(c.choices[0].delta.content or "" for c in answer)
        else:
            text = answer.choices[0].message.content
        messages.append({"role": "assistant", "content": text})

    (session,) = ada.sessions()
    recorded = [(m["role"], m["text"]) for t in session["turns"] for m in t["messages"]]
    assert recorded == [(m["role"], m["content"]) for m in messages]
    assert session["tags"] == ["inferred"]
    assert session["title"] == "This is number 0"


def test_an_edited_question_is_a_branch_and_an_answer_can_be_made_again(ada: Person) -> None:
    """The tree of the chat program is the tree that is kept."""
    sdk = ada.sdk(default_headers={"X-Session-Id": "tree"})
    first = ask(sdk, user("One"))
    ask(sdk, user("One"), {"role": "assistant", "content": first}, user("Two"))
    ask(sdk, user("One"), {"role": "assistant", "content": first}, user("Two, or three"))
    ask(sdk, user("One"))

    messages = [m for t in ada.turns() for m in t["messages"]]
    by_text = {m["text"]: m for m in messages}
    assert by_text["Two"]["parent_id"] == by_text["Two, or three"]["parent_id"]
    roots = [m for m in messages if m["parent_id"] is None]
    assert [m["text"] for m in roots] == ["One"]
    assert [m["role"] for m in messages if m["parent_id"] == roots[0]["id"]] == [
        "assistant",
        "assistant",
    ]


def test_an_assistant_of_ones_own_is_a_model(ada: Person) -> None:
    """Its slug is listed and can be asked; another name is no model."""
    sdk = ada.sdk()
    ask(sdk, user("Hello"))
    (session,) = ada.sessions()
    names = [model.id for model in sdk.models.list()]
    answer = sdk.chat.completions.create(model=session["assistant"], messages=[user("Hello")])

    assert names == ["holdfast", session["assistant"]]
    assert sdk.models.retrieve("holdfast").id == "holdfast"
    assert answer.model == session["assistant"]
    for call in (
        lambda: sdk.models.retrieve("gpt-9"),
        lambda: sdk.chat.completions.create(model="gpt-9", messages=[user("Hello")]),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            call()
        assert caught.value.code == "model_not_found"


def test_a_result_of_a_tool_is_kept_and_the_question_answered(ada: Person) -> None:
    """A history that was begun elsewhere, with a call and its result at the end."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = ask(
        ada.sdk(),
        user("What is the weather?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    )

    assert answer
    messages = [m for t in ada.turns() for m in t["messages"]]
    assert [(m["role"], m["kind"]) for m in messages] == [
        ("user", "text"),
        ("assistant", "tool_call"),
        ("tool", "tool_result"),
        ("assistant", "text"),
    ]


async def test_the_same_key_again_is_one_turn(ada: Person) -> None:
    """Also at the same moment: everybody gets the answer, or is told to come again."""
    headers = {"Idempotency-Key": "k", "X-Session-Id": "s"}
    async with ada.async_sdk(default_headers=headers, max_retries=8) as sdk:
        answers = await asyncio.gather(
            *[
                sdk.chat.completions.create(model="holdfast", messages=[user(BLUE)])
                for _ in range(6)
            ]
        )

    assert {a.choices[0].message.content for a in answers} == {f'Kept: "{BLUE}"'}
    assert len(ada.turns()) == 1


def test_nobody_asking_anything_is_refused(ada: Person) -> None:
    """Instructions alone have no answer here."""
    answer = httpx2.post(
        f"{ada.served.url}/v1/chat/completions",
        json={"model": "holdfast", "messages": [{"role": "system", "content": "Be brief"}]},
        headers=ada.shown,
        trust_env=False,
        timeout=HUNG_S,
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages")


async def test_a_client_that_leaves_harms_nobody(ada: Person) -> None:
    """At any moment: the input is kept, and every turn gets its final status."""
    async with ada.async_sdk() as sdk:
        assert isinstance(sdk, AsyncOpenAI)
        for number in range(6):
            stream = await sdk.chat.completions.create(
                model="holdfast", messages=[user(f"Leaving {number}")], stream=True
            )
            pieces = stream.__aiter__()
            for _ in range(number):
                await anext(pieces, None)
            await stream.close()
    turns = [t for s in await asyncio.to_thread(ada.ended) for t in s["turns"]]

    assert {t["status"] for t in turns} <= {"complete", "cancelled"}
    assert sorted(t["messages"][0]["text"] for t in turns) == [f"Leaving {n}" for n in range(6)]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [user("hi"), {"role": "user", "content": 5}]}, "messages[1].content"),
        ({"messages": [user("")]}, "messages[0].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content"),
        ({"messages": [user("hi"), {"role": "tool", "content": 5}]}, "messages[1].content"),
        ({"stream": "yes"}, "stream"),
        ({"n": 3}, "n"),
        ({"n": True}, "n"),
    ],
    ids=range(12),
)
def test_what_it_cannot_answer_is_refused_and_begins_no_session(
    ada: Person, fields: dict[str, Any], param: str
) -> None:
    """By name, instead of being ignored; nothing is left behind."""
    answer = httpx2.post(
        f"{ada.served.url}/v1/chat/completions",
        json={"model": "holdfast", "messages": [user("hi")], **fields},
        headers=ada.shown,
        trust_env=False,
        timeout=HUNG_S,
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_input", param)
    assert ada.sessions() == []


def test_what_clients_send_with_every_request_is_taken(ada: Person) -> None:
    """Fields that say what holds anyway, parts instead of a text, an answer that called tools."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": BLUE}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
        {"role": "assistant", "content": ""},
        user(ASKED),
    ]

    assert "blue" in ask(ada.sdk(), *history, n=1, stream=False, temperature=0.2)
