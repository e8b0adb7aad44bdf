"""Answers in the protocol's own words: what was recorded before, and what this server says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject, Message, Turn

__all__ = ["DONE", "chunk", "chunks_of", "completion", "event", "recorded_completion"]

DONE = b"data: [DONE]\n\n"


def event(data: JsonObject) -> bytes:
    """An object as an event of a stream."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def completion(
    answer_id: str,
    model: str,
    text: str,
    *,
    prompt_tokens: int,
    answer_tokens: int,
    reasoning: str = "",
) -> JsonObject:
    """A whole answer."""
    message: JsonObject = {"role": "assistant", "content": text, "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    choice: JsonObject = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "stop",
    }
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        },
    }


def chunk(
    head: JsonObject, delta: JsonObject, *, finish_reason: str | None = None, index: int = 0
) -> JsonObject:
    """A piece of an answer."""
    choice: JsonObject = {
        "index": index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish_reason,
    }
    return {**_head(head), "choices": [choice], "usage": None}


def chunks_of(whole: JsonObject, *, include_usage: bool) -> Iterator[bytes]:
    """A whole answer as a stream of events."""
    choices = whole.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        message, index = choice.get("message"), choice.get("index")
        place = index if isinstance(index, int) else 0
        delta = _as_delta(message) if isinstance(message, dict) else {}
        yield event(chunk(whole, delta, index=place))
        reason = choice.get("finish_reason")
        told = reason if isinstance(reason, str) else "stop"
        yield event(chunk(whole, {}, finish_reason=told, index=place))
    if include_usage:
        yield event({**_head(whole), "choices": [], "usage": whole.get("usage")})
    yield DONE


def _head(whole: JsonObject) -> JsonObject:
    kept = {n: v for n, v in whole.items() if n not in ("choices", "usage", "object")}
    return {**kept, "object": "chat.completion.chunk"}


def _as_delta(message: JsonObject) -> JsonObject:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    numbered: list[Json] = [
        {**call, "index": place} for place, call in enumerate(calls) if isinstance(call, dict)
    ]
    return {**message, "tool_calls": numbered}


def recorded_completion(turn: Turn, messages: Sequence[Message]) -> str:
    """The answer of a turn as it was given, as far as it is recorded in the provider's words."""
    answers = [m for m in messages if m.role == "assistant"]
    for message in reversed(answers):
        if message.item is not None and '"choices"' in message.item:
            return message.item
    text = "".join(_texts(answers))
    made = completion(
        f"chatcmpl-{turn.id}", turn.model or "", text, prompt_tokens=0, answer_tokens=0
    )
    return json.dumps(made, separators=(",", ":"))


def _texts(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        if message.kind == "text":
            yield message.text
