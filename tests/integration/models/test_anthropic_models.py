"""Models behind Anthropic's messages API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from holdfast.assistant.answering import Thinking, ToolOutcome, Usage
from holdfast.errors import ModelFailed, ModelIncomplete, ModelRefused, ModelUnreachable
from integration.models.conftest import Toolcase, answerer, asked, pieces_of, text_of
from integration.models.upstream import Reply, Upstream, Wire, refuses

CANARY = "zanzibar-canary"


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one content block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": d} for d in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(index: int, *pieces: str) -> list[dict[str, Any]]:
    """A block of text."""
    deltas = ({"type": "text_delta", "text": piece} for piece in pieces)
    return block(index, {"type": "text", "text": ""}, *deltas)


def tool_use(index: int, call_id: str, name: str, arguments: str) -> list[dict[str, Any]]:
    """A block that calls a tool."""
    start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return block(index, start, {"type": "input_json_delta", "partial_json": arguments})


def replies(*events: dict[str, Any], stop: str | None = "end_turn") -> Reply:
    """A message; without a reason to stop it breaks off."""

    async def reply(wire: Wire) -> None:
        usage = {"input_tokens": 11, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
        message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}  # type: ignore[dict-item]  # JSON
        ending = [
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop, "stop_sequence": None},
                "usage": {"output_tokens": 7},
            },
            {"type": "message_stop"},
        ]
        await wire.head()
        for event in [
            {"type": "message_start", "message": message},
            *events,
            *(ending if stop else []),
        ]:
            await wire.raw(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    return reply


async def test_text_thought_and_cost_are_told(upstream: Upstream) -> None:
    """Thinking, text and usage come as they do from any other provider."""
    thinking = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "sig"},
    )
    upstream.replies.append(replies(*thinking, *text(1, "It is ", "4.")))

    pieces = await pieces_of(answerer(upstream, "anthropic"))

    usage = Usage(model="anthropic:m", input_tokens=11, output_tokens=7)
    assert [Thinking(text="hm"), "It is ", "4.", usage] == pieces


async def test_the_request_is_a_message_under_the_configured_key(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instructions stand apart from the talk, and nothing of the environment goes out."""
    for name in ("API_KEY", "AUTH_TOKEN", "PROFILE", "WEBHOOK_SIGNING_KEY"):
        monkeypatch.setenv(f"ANTHROPIC_{name}", CANARY)
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"X-Extra: {CANARY}")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://{CANARY}.invalid")
    upstream.replies.append(replies(*text(0, "4.")))

    await pieces_of(answerer(upstream, "anthropic"), asked("How cold?", assistant="Marvin"))

    request = upstream.requests[0]
    assert "/v1/messages" == request.path.partition("?")[0]
    assert "Bearer sk-secret" == request.headers["authorization"]
    assert "Marvin" in json.dumps(request.body["system"])
    assert ["user"] == [message["role"] for message in request.body["messages"]]
    assert (500, True) == (request.body["max_tokens"], request.body["stream"])
    assert CANARY not in repr(request)


async def test_tools_run_and_their_results_go_back(upstream: Upstream) -> None:
    """Two calls in one message, two results in the next, in order."""
    upstream.replies += [
        replies(
            *text(0, "Let me see."),
            *tool_use(1, "c1", "weather", '{"city": "Oslo"}'),
            *tool_use(2, "c2", "weather", '{"city": "Ro'),
            stop="tool_use",
        ),
        replies(*text(0, "4 degrees.")),
    ]
    tools = Toolcase(weather=ToolOutcome(result={"celsius": 4}))

    pieces = await pieces_of(answerer(upstream, "anthropic"), tools=tools)

    assert "Let me see.\n\n4 degrees." == text_of(pieces)
    assert {"c1": {"city": "Oslo"}, "c2": {"invalid_json": '{"city": "Ro'}} == {
        call_id: arguments for _, arguments, call_id in tools.called
    }
    results = upstream.requests[1].body["messages"][-1]["content"]
    assert ["c1", "c2"] == [result["tool_use_id"] for result in results]


async def _overloaded(wire: Wire) -> None:
    await wire.head()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": CANARY}}
    await wire.raw(f"event: error\ndata: {json.dumps(error)}\n\n".encode())


_BODY = json.dumps({"type": "error", "error": {"type": "x", "message": CANARY}})
FAILURES: dict[str, tuple[Reply, type[ModelFailed]]] = {
    "unauthorised": (refuses(401, _BODY), ModelRefused),
    "overloaded": (refuses(529, _BODY), ModelUnreachable),
    "overloaded in the stream": (_overloaded, ModelUnreachable),
    "breaks off": (replies(*text(0, "It is"), stop=None), ModelIncomplete),
    "says nothing": (replies(), ModelIncomplete),
    "refuses": (replies(*text(0, "I"), stop="refusal"), ModelRefused),
    "html": (refuses(200, f"<html>{CANARY}", "text/html"), ModelIncomplete),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_each_way_to_fail_has_its_error(upstream: Upstream, case: str) -> None:
    """One of ours, without a word of the provider."""
    reply, kind = FAILURES[case]
    upstream.replies.append(reply)

    with pytest.raises(kind) as failed:
        await pieces_of(answerer(upstream, "anthropic"))

    assert CANARY not in str(failed.value)
    assert failed.value.__cause__ is failed.value.__context__ is None
