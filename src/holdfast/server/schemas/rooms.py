"""Rooms, who is in them, and what is said there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.server.schemas.conversations import ReceiptOut, TurnOut
from holdfast.server.schemas.shapes import In, Out

__all__ = [
    "MemberOut",
    "NewMemberIn",
    "NewRoomIn",
    "PostIn",
    "RenameRoomIn",
    "RoomDetailOut",
    "RoomOut",
    "RoomReceiptOut",
    "RoomTurnOut",
    "RoomsOut",
]

_Name = Annotated[str, Field(min_length=1, max_length=1024)]


class NewRoomIn(In):
    """A room to be made; the caller owns it."""

    name: _Name
    members: Annotated[list[_Name], Field(default_factory=list, max_length=1000)]
    """Users who may read and write in it."""
    assistants: Annotated[list[_Name], Field(default_factory=list, max_length=100)]
    """Slugs of those who answer in it when they are mentioned."""
    history: Literal["joined", "all"] = "all"
    """What those who join later read: what is said from then on, or everything. It stays so."""


class RenameRoomIn(In):
    """Another name for a room."""

    name: _Name


class NewMemberIn(In):
    """Somebody to be let in: a person, or an assistant by its slug. One of the two."""

    user_id: _Name | None = None
    assistant: _Name | None = None
    role: Literal["owner", "member"] = "member"


class PostIn(In):
    """Something to say in a room; "@slug" has that assistant answer."""

    text: str


class RoomOut(Out):
    """A room in a list."""

    id: str
    name: str
    session_id: str
    created_at: datetime


class RoomsOut(Out):
    """A page of rooms, the last joined first."""

    rooms: list[RoomOut]
    next_cursor: str | None


class MemberOut(Out):
    """Who is in a room: a person, or an assistant with its slug as id."""

    user_id: str
    kind: Literal["person", "assistant"]
    role: Literal["owner", "member"]
    name: str
    """Of an assistant what it is called; of a person the id."""
    joined_at: datetime


class RoomDetailOut(RoomOut):
    """A room and who is in it, in the order they joined."""

    history: Literal["joined", "all"]
    """What those who join later read: what is said from then on, or everything."""
    members: list[MemberOut]


class RoomTurnOut(Out):
    """A post and what was answered to it; `replayed` when the key was used before."""

    turn: TurnOut
    replayed: bool


class RoomReceiptOut(Out):
    """Proof of a room's erasure; null when the room goes on without the caller."""

    receipt: ReceiptOut | None
