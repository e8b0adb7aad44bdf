"""What goes over the socket, from the client and from the server."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from holdfast.server.schemas.base import In, Out
from holdfast.server.schemas.conversations import MessageOut
from holdfast.server.schemas.recall import HitOut

__all__ = [
    "CancelFrame",
    "ClientFrame",
    "DeltaEvent",
    "ErrorEvent",
    "FailedEvent",
    "FinishedEvent",
    "Frame",
    "HistoryEvent",
    "MessageFrame",
    "PingFrame",
    "PongEvent",
    "RecalledEvent",
    "ServerEvent",
    "StartedEvent",
    "client_frames",
]


class MessageFrame(In):
    """Say something."""

    type: Literal["message"]
    text: str
    client_key: str | None = None


class CancelFrame(In):
    """Cancel the turn that is being answered, and those that wait."""

    type: Literal["cancel"]


class PingFrame(In):
    """Ask for a pong."""

    type: Literal["ping"]


ClientFrame: TypeAlias = Annotated[
    MessageFrame | CancelFrame | PingFrame, Field(discriminator="type")
]
client_frames: TypeAdapter[MessageFrame | CancelFrame | PingFrame] = TypeAdapter(ClientFrame)
"""Reads a client's frame."""


# From the server


class HistoryEvent(Out):
    """The latest messages of the session, in order; the first event of a connection."""

    type: Literal["history"] = "history"
    messages: list[MessageOut]


class StartedEvent(Out):
    """The input is durable."""

    type: Literal["started"] = "started"
    turn_id: str
    message: MessageOut | None
    client_key: str | None
    replayed: bool


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


class Frame(Out):
    """One frame to a client.

    `seq` grows by one with each event of the session; what concerns one connection alone (history,
    error, pong) bears the number of the last event before it.
    """

    seq: int
    session_id: str
    event: Annotated[ServerEvent, Field(discriminator="type")]
