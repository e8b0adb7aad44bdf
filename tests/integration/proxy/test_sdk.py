"""The OpenAI SDK with only its base URL changed: it works, and everything is kept."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from integration.server.conftest import Served

from .conftest import Proxied, said
from .upstream import Out, Request, Upstream, completion

TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALLS = [
    {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
    },
    {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{broken"}},
]


def user(text: Any) -> Any:
    return {"role": "user", "content": text}


def test_a_completion_is_answered_by_the_upstream_and_kept(proxied: Proxied) -> None:
    """The question, the answer, its model; the SDK sees the upstream's request id."""
    answer = proxied.sdk().chat.completions.create(model="tiny", messages=[user("Hello")])

    assert answer.choices[0].message.content == "You said: Hello"
    assert answer._request_id == "req_1"
    (turn,) = proxied.turns()
    assert said([turn]) == [
        ("complete", [("user", "text", "Hello"), ("assistant", "text", "You said: Hello")])
    ]
    assert turn["model"] == "tiny-2026"
    assert turn["entities"]["upstream"]["usage"]["total_tokens"] == 5


def test_a_stream_is_answered_and_kept(proxied: Proxied) -> None:
    """Every delta reaches the SDK, and the whole is one message."""
    stream = proxied.sdk().chat.completions.create(
        model="tiny", messages=[user("Hello")], stream=True, stream_options={"include_usage": True}
    )

    chunks = list(stream)
    assert (
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "You said: Hello "
    )
    assert chunks[-1].usage is not None
    (turn,) = proxied.turns()
    assert said([turn]) == [
        ("complete", [("user", "text", "Hello"), ("assistant", "text", "You said: Hello ")])
    ]
    assert turn["entities"]["upstream"]["finish_reasons"] == ["stop"]


async def test_sixteen_conversations_at_once_are_kept_apart(proxied: Proxied) -> None:
    """Each in its own session, each with its three turns, from the SDK for asyncio."""

    async def talk(number: int) -> None:
        messages: list[Any] = []
        async with proxied.async_sdk() as sdk:
            for turn in range(3):
                messages.append(user(f"chat {number} turn {turn}"))
                answer = await sdk.chat.completions.create(model="tiny", messages=messages)
                messages.append(answer.choices[0].message.model_dump(exclude_none=True))

    await asyncio.gather(*[talk(number) for number in range(16)])

    found = sorted(
        [m["text"] for t in s["turns"] for m in t["messages"] if m["role"] == "user"]
        for s in proxied.sessions()
    )
    assert found == sorted([f"chat {n} turn {t}" for t in range(3)] for n in range(16))


def test_tools_go_both_ways_and_every_message_is_kept_once(proxied: Proxied) -> None:
    """Calls from the stream, with arguments that are no JSON as they came; results; the answer."""

    async def calling(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream")
        for index, call in enumerate(CALLS):
            function = call["function"]
            assert isinstance(function, dict)
            start = {
                **call,
                "index": index,
                "function": {"name": function["name"], "arguments": ""},
            }
            await out.chunk({"tool_calls": [start]})
            for letter in function["arguments"]:
                await out.chunk(
                    {"tool_calls": [{"index": index, "function": {"arguments": letter}}]}
                )
        await out.chunk(finish="tool_calls")
        await out.write(b"data: [DONE]\n\n")

    proxied.upstream.script(calling)
    sdk, messages = proxied.sdk(), [user("Weather?")]
    with sdk.chat.completions.stream(model="tiny", messages=messages, tools=[TOOL]) as stream:
        for _ in stream:
            pass
        asked = stream.current_completion_snapshot.choices[0].message
    calls = [c.model_dump(include={"id", "type", "function"}) for c in asked.tool_calls or ()]
    for call in calls:
        call["function"] = {k: call["function"][k] for k in ("name", "arguments")}
    messages.append({"role": "assistant", "content": None, "tool_calls": calls})
    messages += [
        {"role": "tool", "tool_call_id": "call_1", "content": "4 degrees"},
        {"role": "tool", "tool_call_id": "call_2", "content": "no such city"},
    ]
    sdk.chat.completions.create(model="tiny", messages=messages, tools=[TOOL])

    first, second = proxied.turns()
    tools = [m["tool"] for t in (first, second) for m in t["messages"] if m["tool"]]
    assert [(t["call_id"], t["name"], t["arguments"] or t["result"]) for t in tools] == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "weather", "{broken"),
        ("call_1", "weather", "4 degrees"),
        ("call_2", "weather", "no such city"),
    ]
    assert first["intent"] == "tool_execution"
    assert [m["kind"] for m in second["messages"]] == ["tool_result", "tool_result", "text"]
    assert first["entities"]["request"]["tools"] == [TOOL]


def test_images_pass_through_and_are_kept_as_files(proxied: Proxied) -> None:
    """The upstream gets the request as it was; the picture is a file of the turn."""
    picture = bytes(range(256)) * 8
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
    ]

    async def seeing(request: Request, out: Out) -> None:
        sent = request.json["messages"][0]["content"][1]["image_url"]["url"]
        await out.head(content_type="application/json")
        await out.write(json.dumps(completion(f"{sent == url}")).encode())

    proxied.upstream.script(seeing, seeing)
    sdk = proxied.sdk()
    answer = sdk.chat.completions.create(model="tiny", messages=[user(parts)])
    again = [user(parts), {"role": "assistant", "content": "True"}, user("Sure?")]
    sdk.chat.completions.create(
        model="tiny", messages=[*again[:2], user([{"type": "text", "text": "Sure?"}])]
    )

    assert answer.choices[0].message.content == "True"
    first, second = proxied.turns()
    assert [(m["kind"], m["text"]) for m in first["messages"]] == [
        ("text", "What is this?"),
        ("file", ""),
        ("text", "True"),
    ]
    file = first["messages"][1]["file"]
    assert (file["media_type"], file["size"]) == ("image/png", len(picture))
    assert [m["text"] for m in second["messages"]] == ["Sure?", "True"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_an_upstream_error_reaches_the_client_and_is_kept(
    proxied: Proxied, status: int, kind: type[openai.APIStatusError]
) -> None:
    """Status, body and headers unchanged; the turn failed, with all of it."""
    body = {"error": {"message": "no more", "type": "t", "code": "c", "param": None}}

    async def failing(request: Request, out: Out) -> None:
        await out.head(status, content_type="application/json", retry_after="7", x_request_id="r9")
        await out.write(json.dumps(body).encode())

    proxied.upstream.script(failing)
    with pytest.raises(kind) as caught:
        proxied.sdk().chat.completions.create(model="tiny", messages=[user("Hello")])

    assert caught.value.body == body["error"]
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id == "r9"
    (turn,) = proxied.turns()
    error = turn["messages"][-1]
    assert turn["status"] == "failed"
    assert (error["kind"], error["error_code"]) == ("error", "upstream_error")
    assert error["text"] == f"HTTP {status} (request r9)\n{json.dumps(body)}"


def test_a_page_instead_of_an_answer_is_passed_on_and_kept_as_a_failure(proxied: Proxied) -> None:
    """A gateway's HTML with status 200 is no answer."""

    async def page(request: Request, out: Out) -> None:
        await out.head(content_type="text/html")
        await out.write(b"<html>Sign in to the hotel</html>")

    proxied.upstream.script(page)
    raw = proxied.sdk().chat.completions.with_raw_response.create(
        model="tiny", messages=[user("Hello")]
    )

    assert raw.text == "<html>Sign in to the hotel</html>"
    (turn,) = proxied.turns()
    assert (turn["status"], turn["messages"][-1]["error_code"]) == ("failed", "upstream_unreadable")


def test_an_upstream_that_cannot_be_reached_is_a_clear_error(proxied: Proxied) -> None:
    """502 with our code; what was said is kept, the turn failed."""

    async def hanging_up(request: Request, out: Out) -> None:
        out.writer.close()

    proxied.upstream.script(hanging_up)
    with pytest.raises(openai.InternalServerError) as caught:
        proxied.sdk().chat.completions.create(model="tiny", messages=[user("Hello")])

    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_unreachable"
    assert {"code", "message", "request_id", "type", "param"} == set(caught.value.body or ())
    assert [t["status"] for t in proxied.turns()] == ["failed"]


@pytest.fixture
def impatient(upstream: Upstream, tmp_path: Path) -> Iterator[Proxied]:
    """A new person before a server that waits for an upstream a second only."""
    server = Served(tmp_path, proxy_base_url=upstream.url, proxy_timeout_s="1").start(child=False)
    person = Proxied(server, upstream)
    yield person
    person.close()
    server.kill()


def test_a_silent_upstream_is_a_timeout(impatient: Proxied) -> None:
    """504 after the configured silence; in the middle of a stream the cut is passed on as one."""

    async def silent(request: Request, out: Out) -> None:
        await out.gate("never")

    async def falling_silent(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream")
        await out.chunk({"content": "half "})
        await out.gate("never")

    impatient.upstream.script(silent, falling_silent)
    with pytest.raises(openai.InternalServerError) as caught:
        impatient.sdk().chat.completions.create(model="tiny", messages=[user("Hello")])
    with pytest.raises((openai.APIError, httpx2.HTTPError)):
        list(
            impatient.sdk().chat.completions.create(
                model="tiny", messages=[user("Hello again")], stream=True
            )
        )

    assert caught.value.code == "upstream_timeout"
    first, second = [t for s in impatient.ended() for t in s["turns"]]
    assert [first["status"], second["status"]] == ["failed", "failed"]
    assert [(m["kind"], m["text"]) for m in second["messages"][:2]] == [
        ("text", "Hello again"),
        ("text", "half "),
    ]
    assert second["messages"][-1]["error_code"] == "upstream_timeout"


def test_retries_of_the_sdk_record_the_input_once(proxied: Proxied) -> None:
    """Two failures, then an answer: one message of the user, one answer, all in one session."""

    async def failing(request: Request, out: Out) -> None:
        await out.head(500, content_type="application/json", retry_after_ms="1")
        await out.write(b'{"error": {"message": "try again"}}')

    proxied.upstream.script(failing, failing)
    answer = proxied.sdk(max_retries=2).chat.completions.create(
        model="tiny", messages=[user("Hello")]
    )

    assert answer.choices[0].message.content == "You said: Hello"
    turns = proxied.turns()
    messages = [m for t in turns for m in t["messages"]]
    assert [t["status"] for t in turns] == ["failed", "failed", "complete"]
    assert [m["text"] for m in messages if m["role"] == "user"] == ["Hello"]
    assert [m["text"] for m in messages if m["role"] == "assistant"] == ["You said: Hello"]
    # The answer stands beside the failures, as another answer to the same message.
    assert messages[-1]["parent_id"] == messages[0]["id"]


@pytest.mark.parametrize("stream", [False, True])
def test_promise_04_once_an_idempotency_key_is_answered_once(
    proxied: Proxied, stream: bool
) -> None:
    """The same key again: the recorded answer, without asking the upstream."""
    sdk = proxied.sdk(default_headers={"Idempotency-Key": "order-7"})
    texts = []
    for _ in range(2):
        answer: Any = sdk.chat.completions.create(
            model="tiny", messages=[user("Hello")], stream=stream
        )
        texts.append(
            "".join(c.choices[0].delta.content or "" for c in answer)
            if stream
            else answer.choices[0].message.content
        )

    assert texts[0] == texts[1]
    assert len(proxied.upstream.requests) == 1
    assert len(proxied.turns()) == 1


def test_a_retry_after_the_answer_was_lost_gets_the_recorded_one(proxied: Proxied) -> None:
    """As the SDK marks its retries: the upstream is not asked, and not paid, a second time."""
    sdk = proxied.sdk()
    first = sdk.chat.completions.create(model="tiny", messages=[user("Hello")])
    again = sdk.chat.completions.create(
        model="tiny", messages=[user("Hello")], extra_headers={"x-stainless-retry-count": "1"}
    )

    assert again.choices[0].message.content == first.choices[0].message.content
    assert len(proxied.upstream.requests) == 1
    assert len(proxied.turns()) == 1


def test_several_choices_are_branches_and_the_first_is_shown(proxied: Proxied) -> None:
    """n=2: both answers follow the question; a client may go on with either."""
    both = completion("first")
    both["choices"].append({**completion("second")["choices"][0], "index": 1})

    async def twice(request: Request, out: Out) -> None:
        await out.head(content_type="application/json")
        await out.write(json.dumps(both).encode())

    proxied.upstream.script(twice)
    sdk = proxied.sdk()
    sdk.chat.completions.create(model="tiny", messages=[user("Hello")], n=2)
    sdk.chat.completions.create(
        model="tiny",
        messages=[user("Hello"), {"role": "assistant", "content": "second"}, user("Go on")],
    )

    first, second = proxied.turns()
    asked, beside, shown = first["messages"]
    assert [asked["text"], beside["text"], shown["text"]] == ["Hello", "second", "first"]
    assert beside["parent_id"] == shown["parent_id"] == asked["id"]
    assert second["messages"][0]["parent_id"] == beside["id"]


def test_models_are_the_upstreams(proxied: Proxied) -> None:
    """Listed and retrieved through the proxy, with its key."""
    sdk = proxied.sdk()
    sdk.models.list()
    sdk.models.retrieve("tiny")

    asked = proxied.upstream.requests
    assert [r.path for r in asked] == ["/v1/models", "/v1/models/tiny"]
    assert {r.headers["authorization"] for r in asked} == {"Bearer sk-upstream"}
