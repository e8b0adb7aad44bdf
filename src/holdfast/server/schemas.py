"""What goes over the wire, apart from the nouns of the library: those may change, this is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

__all__ = [
    "CancelFrame",
    "ClientFrame",
    "ConversationOut",
    "ConversationsOut",
    "DeltaEvent",
    "ErrorDetail",
    "ErrorEvent",
    "ErrorOut",
    "FailedEvent",
    "FileOut",
    "FinishedEvent",
    "Frame",
    "HealthOut",
    "HistoryEvent",
    "HitOut",
    "MessageFrame",
    "MessageOut",
    "PingFrame",
    "PongEvent",
    "RecalledEvent",
    "ServerEvent",
    "SessionOut",
    "SessionWithTurns",
    "StartedEvent",
    "TicketOut",
    "ToolOut",
    "TurnOut",
    "client_frames",
]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ErrorDetail(_Out):
    """What went wrong; `code` is stable, `message` is for people."""

    code: str
    message: str
    request_id: str


class ErrorOut(_Out):
    """The one shape of every error."""

    error: ErrorDetail


class HealthOut(_Out):
    """The process runs."""

    status: Literal["ok"] = "ok"
    version: str


class TicketOut(_Out):
    """Lets one WebSocket in, once."""

    ticket: str
    expires_in: int
    """Seconds."""


class SessionOut(_Out):
    """One conversation, without what was said in it."""

    id: str
    title: str
    kind: str
    assistant: str | None
    project: str | None
    platform: str | None
    preview: str
    tags: list[str]
    pinned: bool
    archived: bool
    message_count: int
    turn_count: int
    started_at: datetime
    last_message_at: datetime


class ToolOut(_Out):
    """A tool's call or result."""

    name: str
    call_id: str
    parent_call_id: str | None
    arguments: Any = None
    result: Any = None
    failed: bool


class FileOut(_Out):
    """A file of a message, without its bytes."""

    id: str
    name: str
    media_type: str
    size: int


class MessageOut(_Out):
    """One entry of a turn."""

    id: str
    seq: int
    parent_id: str | None
    role: str
    kind: str
    text: str
    at: datetime
    author: str | None = None
    tool: ToolOut | None = None
    file: FileOut | None = None
    error_code: str | None = None


class TurnOut(_Out):
    """One exchange with all its messages."""

    id: str
    index: int
    status: str
    started_at: datetime
    ended_at: datetime | None
    intent: str | None
    intent_confidence: float | None
    entities: dict[str, Any]
    tags: list[str]
    model: str | None
    messages: list[MessageOut]


class SessionWithTurns(SessionOut):
    """One conversation with all that was said in it."""

    turns: list[TurnOut]


class ConversationsOut(_Out):
    """A page of conversations, newest first."""

    sessions: list[SessionOut]
    next_cursor: str | None


class ConversationOut(_Out):
    """One conversation."""

    session: SessionWithTurns


# The socket, from the client


class MessageFrame(_In):
    """Say something."""

    type: Literal["message"]
    text: str
    client_key: str | None = None


class CancelFrame(_In):
    """Cancel the turn that is being answered, and those that wait."""

    type: Literal["cancel"]


class PingFrame(_In):
    """Ask for a pong."""

    type: Literal["ping"]


ClientFrame: TypeAlias = Annotated[
    MessageFrame | CancelFrame | PingFrame, Field(discriminator="type")
]
client_frames: TypeAdapter[MessageFrame | CancelFrame | PingFrame] = TypeAdapter(ClientFrame)
"""Reads a client's frame."""


# The socket, from the server


class HitOut(_Out):
    """Something that was found."""

    session_id: str | None
    message_id: str | None
    memory_id: str | None
    role: str | None
    at: datetime | None
    snippet: str
    score: float


class HistoryEvent(_Out):
    """The latest messages of the session, in order; the first event of a connection."""

    type: Literal["history"] = "history"
    messages: list[MessageOut]


class StartedEvent(_Out):
    """The input is durable."""

    type: Literal["started"] = "started"
    turn_id: str
    message: MessageOut | None
    client_key: str | None
    replayed: bool


class RecalledEvent(_Out):
    """What was found for the input, best first."""

    type: Literal["recalled"] = "recalled"
    turn_id: str
    hits: list[HitOut]


class DeltaEvent(_Out):
    """A piece of the answer."""

    type: Literal["delta"] = "delta"
    turn_id: str
    text: str


class FinishedEvent(_Out):
    """The turn has its final status."""

    type: Literal["finished"] = "finished"
    turn_id: str
    status: str
    message: MessageOut | None
    replayed: bool


class FailedEvent(_Out):
    """The turn failed; the input and what went wrong are recorded."""

    type: Literal["failed"] = "failed"
    turn_id: str
    code: str
    message: str


class ErrorEvent(_Out):
    """A frame of this client could not be taken; nothing was recorded for it."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str
    client_key: str | None = None


class PongEvent(_Out):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"


ServerEvent: TypeAlias = (
    HistoryEvent
    | StartedEvent
    | RecalledEvent
    | DeltaEvent
    | FinishedEvent
    | FailedEvent
    | ErrorEvent
    | PongEvent
)


class Frame(_Out):
    """One frame to a client.

    `seq` grows by one with each event of the session; what concerns one connection alone (history,
    error, pong) bears the number of the last event before it.
    """

    seq: int
    session_id: str
    event: Annotated[ServerEvent, Field(discriminator="type")]
