"""What happens in a chat turn, as whoever listens is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Json, Message, SessionId, TurnId, TurnStatus

__all__ = [
    "Delta",
    "Event",
    "Failed",
    "FellBack",
    "Finished",
    "Recalled",
    "Started",
    "TakesTurn",
    "Thought",
    "ToolEnded",
    "ToolStarted",
    "Transcribed",
]


class Started(Struct, frozen=True, kw_only=True, tag="started"):
    """The input is durable. `replayed` tells that it was before: its client key was used."""

    turn_id: TurnId
    session_id: SessionId
    message: Message | None
    replayed: bool = False


class Transcribed(Struct, frozen=True, kw_only=True, tag="transcribed"):
    """The speech of the input became text; `message` is its transcript, durably."""

    turn_id: TurnId
    message: Message


class Recalled(Struct, frozen=True, kw_only=True, tag="recalled"):
    """What was found for the input, best first."""

    turn_id: TurnId
    hits: tuple[Hit, ...]


class TakesTurn(Struct, frozen=True, kw_only=True, tag="answering"):
    """One of several whom a room's post mentions begins; what comes until the next is theirs."""

    turn_id: TurnId
    assistant: str
    """By slug."""


class Delta(Struct, frozen=True, kw_only=True, tag="delta"):
    """A piece of the answer; durable within a second."""

    turn_id: TurnId
    text: str


class Thought(Struct, frozen=True, kw_only=True, tag="thought"):
    """A piece of the model's reasoning."""

    turn_id: TurnId
    text: str


class ToolStarted(Struct, frozen=True, kw_only=True, tag="tool_started"):
    """A tool is being called; the call is durable."""

    turn_id: TurnId
    call_id: str
    name: str
    arguments: Json


class ToolEnded(Struct, frozen=True, kw_only=True, tag="tool_ended"):
    """A tool's result is durable."""

    turn_id: TurnId
    call_id: str
    name: str
    result: Json
    failed: bool


class FellBack(Struct, frozen=True, kw_only=True, tag="fell_back"):
    """A model failed, which is recorded, and another answers; what came before does not count."""

    turn_id: TurnId
    model: str
    """Who answers now."""
    code: str
    """Why the first one failed."""


class Finished(Struct, frozen=True, kw_only=True, tag="finished"):
    """The turn has its final status, durably; `message` is the answer."""

    turn_id: TurnId
    status: TurnStatus
    message: Message | None
    replayed: bool = False


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """The turn ended as failed: the input and what went wrong are recorded."""

    turn_id: TurnId
    code: str
    message: str
    """For people; without any text of the conversation."""


Event: TypeAlias = (
    Started
    | Transcribed
    | Recalled
    | TakesTurn
    | Delta
    | Thought
    | ToolStarted
    | ToolEnded
    | FellBack
    | Finished
    | Failed
)
