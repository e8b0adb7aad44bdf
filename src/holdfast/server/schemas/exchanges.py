"""Finished exchanges of assistants that run elsewhere, and what is told of their recording."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import FailFast, Field, JsonValue

from holdfast.server.schemas.shapes import In, Moment, Out

__all__ = ["ExchangeIn", "ExchangeMemoryIn", "ExchangedOut", "ToolRunIn"]


class ToolRunIn(In):
    """A tool that was called in the exchange, with what came of it."""

    name: str = Field(examples=["get_weather"])
    arguments: Any = None
    result: Any = None
    failed: bool = False
    call_id: str | None = None
    """The model's own id of the call; one is made when it is left out."""


class ExchangeMemoryIn(In):
    """What to remember of an exchange; its messages are the sources."""

    text: str = Field(examples=["Ada likes blue"])
    kind: Literal["fact", "preference", "summary", "episode", "note"] = "note"
    tags: Annotated[list[str], FailFast()] = Field(default=[], max_length=1000)
    importance: int = Field(default=5, ge=1, le=10)
    valid_from: Moment | None = None
    """From when it holds; now when left out."""
    valid_to: Moment | None = None


class ExchangeIn(In):
    """An exchange that has taken place: what the user said, reasoning, tools, answer."""

    user_message: str = Field(examples=["What's my favourite colour?"])
    """What was said to the assistant."""
    assistant_message: str = Field(examples=["Blue, you said last week."])
    """What it answered; may be empty when it only called tools."""
    reasoning: str | None = None
    tools: Annotated[list[ToolRunIn], FailFast()] = Field(default=[], max_length=1000)
    author: str | None = None
    """Who said it, when that is not the user."""
    intent: str | None = None
    intent_confidence: float | None = Field(default=None, ge=0, le=1)
    entities: dict[str, JsonValue] | None = None
    tags: Annotated[list[str], FailFast()] = Field(default=[], max_length=1000)
    model: str | None = None
    """Who worded the answer."""
    at: Moment | None = None
    """When it was said; now when left out."""
    memory: str | ExchangeMemoryIn | None = None
    """What to remember of it: a text, or more."""
    thought: str | None = Field(default=None, examples=["They may want a reminder"])
    """For the assistant's thought log, linked to the turn and the memory."""


class ExchangedOut(Out):
    """What one write made durable."""

    session_id: str
    turn_id: str
    index: int
    """Of the turn in its conversation, from 0."""
    message_ids: list[str]
    """In the order of the messages."""
    memory_id: str | None
    """null, too, when the key was used before: the memory was made then."""
    thought_id: str | None
    """As `memory_id`."""
    replayed: bool
    """The Idempotency-Key was used before: this is what was recorded then."""
