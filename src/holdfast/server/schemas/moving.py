"""A user's own account of what is kept, taking it along, bringing it in, and making an end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.shapes import Asked, In, Out

__all__ = [
    "ActiveDayOut",
    "ActivityAsked",
    "ActivityOut",
    "BrokenOut",
    "EraseIn",
    "ImportOut",
    "ImportPreviewOut",
    "ImportProgressOut",
    "ProfileOut",
]


class ProfileOut(Out):
    """How much is kept of a user; rooms are not counted."""

    user: str
    conversation_count: int
    turn_count: int
    message_count: int
    memory_count: int
    thought_count: int
    file_count: int
    first_message_at: datetime | None
    last_message_at: datetime | None
    storage_bytes: int
    """Bytes of the sealed records."""


class ActivityAsked(Asked):
    """Which days, and where they begin."""

    zone: str = Field(default="UTC", max_length=64, examples=["Europe/Oslo"])
    days: int = Field(default=365, ge=1, le=3660)
    """So many, today among them."""


class ActiveDayOut(Out):
    """A day on which something was said."""

    day: date
    messages: int


class ActivityOut(Out):
    """The days on which something was said, oldest first; the others are left out."""

    days: list[ActiveDayOut]


class BrokenOut(Out):
    """A conversation of an import that did not come in, and why."""

    place: str
    reason: str
    code: str


class ImportOut(Out):
    """What an import came to."""

    format: str
    conversations: int
    """New ones."""
    grown: int
    """Known ones that had new messages."""
    unchanged: int
    messages: int
    memories: int
    files: int
    missing_files: int
    """That messages name and the export does not hold: known by their names alone."""
    lacks: list[Literal["files", "checksums"]]
    """What files of this format cannot hold: the content of files, or what shows whether they were
    altered."""
    broken: list[BrokenOut]


class ImportPreviewOut(Out):
    """What a file holds and what importing it would bring; nothing was written."""

    format: str
    conversations: int
    messages: int
    memories: int
    files: int
    """Whose content it holds."""
    missing_files: int
    """That messages name and the export does not hold: they come in by their names."""
    lacks: list[Literal["files", "checksums"]]
    """What files of this format cannot hold: the content of files, or what shows whether they were
    altered."""
    new: int
    """Conversations that are not here yet."""
    grown: int
    """That are here and would gain messages."""
    unchanged: int
    """Conversations and memories that are here as they are in the file."""
    first_at: datetime | None
    last_at: datetime | None
    titles: list[str]
    """Of the first ten conversations that have one."""
    broken: list[BrokenOut]


class ImportProgressOut(Out):
    """A line of an import that tells how far it is."""

    done: int
    """Bytes of the file that were read."""
    total: int | None


class EraseIn(In):
    """That everything shall be erased, and of whom."""

    confirm: str = Field(examples=["ada"])
    """The user's own name, as in the profile."""
    key: str | None = Field(default=None, max_length=1000, examples=["hf_..."])
    """The API key of whoever logged in with one, once more: a page that was left open is not
    enough."""
