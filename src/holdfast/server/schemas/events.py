"""What a client of a socket is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from holdfast.server.schemas.conversations import MessageOut
from holdfast.server.schemas.recall import HitOut
from holdfast.server.schemas.shapes import Out

__all__ = [
    "AnsweringEvent",
    "DeltaEvent",
    "ErrorEvent",
    "FailedEvent",
    "FellBackEvent",
    "FinishedEvent",
    "Frame",
    "HistoryEvent",
    "JoinedEvent",
    "LeftEvent",
    "PongEvent",
    "PresentEvent",
    "RecalledEvent",
    "ServerEvent",
    "StartedEvent",
    "ThoughtEvent",
    "ToolEndedEvent",
    "ToolStartedEvent",
    "TranscribedEvent",
    "TypingEvent",
]


class HistoryEvent(Out):
    """Where the session stands; the first event of a connection.

    With `resumed` there are no messages: all that was missed follows, event by event. Otherwise
    they are the latest ones, and the turn that runs follows from its beginning.
    """

    type: Literal["history"] = "history"
    messages: list[MessageOut]
    resumed: bool = False


class StartedEvent(Out):
    """The input is durable."""

    type: Literal["started"] = "started"
    turn_id: str
    message: MessageOut | None
    client_key: str | None
    replayed: bool


class TranscribedEvent(Out):
    """The speech of the input became text."""

    type: Literal["transcribed"] = "transcribed"
    turn_id: str
    message: MessageOut


class RecalledEvent(Out):
    """What was found for the input, best first."""

    type: Literal["recalled"] = "recalled"
    turn_id: str
    hits: list[HitOut]


class DeltaEvent(Out):
    """A piece of the answer."""

    type: Literal["delta"] = "delta"
    turn_id: str
    text: str


class ThoughtEvent(Out):
    """A piece of the model's reasoning."""

    type: Literal["thought"] = "thought"
    turn_id: str
    text: str


class ToolStartedEvent(Out):
    """A tool is being called."""

    type: Literal["tool_started"] = "tool_started"
    turn_id: str
    call_id: str
    name: str
    arguments: Any


class ToolEndedEvent(Out):
    """A tool's call has ended."""

    type: Literal["tool_ended"] = "tool_ended"
    turn_id: str
    call_id: str
    name: str
    result: Any
    failed: bool


class AnsweringEvent(Out):
    """One of those whom a post in a room mentions begins; the next pieces are theirs."""

    type: Literal["answering"] = "answering"
    turn_id: str
    assistant: str


class FellBackEvent(Out):
    """A model failed and another answers: what came of the answer before does not count."""

    type: Literal["fell_back"] = "fell_back"
    turn_id: str
    model: str
    code: str


class FinishedEvent(Out):
    """The turn has its final status."""

    type: Literal["finished"] = "finished"
    turn_id: str
    status: str
    message: MessageOut | None
    replayed: bool


class FailedEvent(Out):
    """The turn failed; the input and what went wrong are recorded."""

    type: Literal["failed"] = "failed"
    turn_id: str
    code: str
    message: str


class ErrorEvent(Out):
    """A frame of this client could not be taken; nothing was recorded for it."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str
    client_key: str | None = None


class PongEvent(Out):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"


class JoinedEvent(Out):
    """This connection listens to a room from here on; `messages` and `resumed` as in history."""

    type: Literal["joined"] = "joined"
    room_id: str
    name: str
    messages: list[MessageOut]
    resumed: bool = False


class LeftEvent(Out):
    """This connection does not listen to a room any more."""

    type: Literal["left"] = "left"
    room_id: str
    reason: Literal["left", "not_found"]
    """`not_found`: there is no such room for the caller any more."""


class TypingEvent(Out):
    """Somebody is writing in a room."""

    type: Literal["typing"] = "typing"
    room_id: str
    user_id: str


class PresentEvent(Out):
    """Who listens to a room: at joining, and whenever it is others than before.

    Known is who listens at this server; one who lost the connection is told of within seconds.
    """

    type: Literal["present"] = "present"
    room_id: str
    user_ids: list[str]
    """By name, oneself among them."""


ServerEvent: TypeAlias = (
    HistoryEvent
    | StartedEvent
    | TranscribedEvent
    | RecalledEvent
    | AnsweringEvent
    | DeltaEvent
    | ThoughtEvent
    | ToolStartedEvent
    | ToolEndedEvent
    | FellBackEvent
    | FinishedEvent
    | FailedEvent
    | ErrorEvent
    | PongEvent
    | JoinedEvent
    | LeftEvent
    | TypingEvent
    | PresentEvent
)


class Frame(Out):
    """One frame to a client.

    `seq` grows with each event of the session; what concerns one connection alone (history, error,
    pong, joined, left) or is not kept (typing, present) bears the number of the last event before
    it. `session_id` is None when the connection is in no session.
    """

    seq: int
    session_id: str | None
    event: Annotated[ServerEvent, Field(discriminator="type")]
