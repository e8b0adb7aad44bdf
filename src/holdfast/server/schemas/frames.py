"""What a client sends over a socket, as JSON text; its speech comes in binary frames."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from holdfast.server.schemas.shapes import In

__all__ = [
    "FRAME_TYPES",
    "AudioEndFrame",
    "AudioStartFrame",
    "CancelFrame",
    "ClientFrame",
    "EditFrame",
    "JoinFrame",
    "LeaveFrame",
    "MessageFrame",
    "PingFrame",
    "PostFrame",
    "RegenerateFrame",
    "TypingFrame",
    "client_frames",
]


class MessageFrame(In):
    """Say something."""

    type: Literal["message"]
    text: str
    client_key: str | None = None


class EditFrame(In):
    """Say something else in place of an earlier message: a branch beside it."""

    type: Literal["edit"]
    message_id: str
    text: str
    client_key: str | None = None


class RegenerateFrame(In):
    """Have an earlier message answered once more."""

    type: Literal["regenerate"]
    message_id: str
    client_key: str | None = None


class CancelFrame(In):
    """Cancel one turn, or without a name all that run or wait in the socket's session."""

    type: Literal["cancel"]
    turn_id: str | None = None


class PingFrame(In):
    """Ask for a pong."""

    type: Literal["ping"]


class AudioStartFrame(In):
    """Begin to speak: binary frames with the audio follow."""

    type: Literal["audio_start"]
    media_type: str
    client_key: str | None = None
    name: str | None = None
    """The file's name."""


class AudioEndFrame(In):
    """Stop speaking: what came is said, or thrown away."""

    type: Literal["audio_end"]
    discard: bool = False


class JoinFrame(In):
    """Listen to a room."""

    type: Literal["join"]
    room_id: str
    after_seq: int | None = None


class LeaveFrame(In):
    """Stop listening to a room; one stays a member of it."""

    type: Literal["leave"]
    room_id: str


class PostFrame(In):
    """Say something in a room that this socket has joined."""

    type: Literal["post"]
    room_id: str
    text: str
    client_key: str | None = None


class TypingFrame(In):
    """Show the others of a room that one is writing. It is not recorded."""

    type: Literal["typing"]
    room_id: str


ClientFrame: TypeAlias = (
    MessageFrame
    | EditFrame
    | RegenerateFrame
    | CancelFrame
    | PingFrame
    | AudioStartFrame
    | AudioEndFrame
    | JoinFrame
    | LeaveFrame
    | PostFrame
    | TypingFrame
)
client_frames: TypeAdapter[ClientFrame] = TypeAdapter(
    Annotated[ClientFrame, Field(discriminator="type")]
)
"""Reads a client's frame."""

FRAME_TYPES = (
    "message",
    "edit",
    "regenerate",
    "cancel",
    "ping",
    "audio_start",
    "audio_end",
    "join",
    "leave",
    "post",
    "typing",
)
