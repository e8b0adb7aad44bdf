"""Putting conversations in order: trash, many at once, months, what was seen."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import FailFast, Field

from holdfast.server.schemas.shapes import Asked, In, Out

__all__ = [
    "BatchFailureOut",
    "BatchIn",
    "BatchOut",
    "ConsequencesOut",
    "MonthOut",
    "MonthsAsked",
    "MonthsOut",
    "SeenIn",
    "TrashIn",
]

_MAX_SEQ = (1 << 53) - 1
_Kept: TypeAlias = Literal["forget", "keep"]


class TrashIn(In):
    """What becomes of the memories that rest on the conversation alone."""

    memories: _Kept = "forget"


class BatchIn(In):
    """The same for many conversations."""

    session_ids: Annotated[list[Annotated[str, Field(max_length=100)]], FailFast()] = Field(
        min_length=1, max_length=1000
    )
    do: Literal["archive", "unarchive", "pin", "unpin", "trash", "restore", "move", "tag", "untag"]
    project: str | None = None
    """For `move`: the slug of a project, made when it is new; null or empty for none."""
    tags: list[str] = Field(default=[], max_length=1000)
    """For `tag` and `untag`: those that are added or taken away."""
    memories: _Kept = "forget"
    """For `trash`: what becomes of the memories that rest on them alone."""


class BatchFailureOut(Out):
    """A conversation with which it could not be done."""

    session_id: str
    code: str
    message: str


class BatchOut(Out):
    """With which it was done, and with which not."""

    done: list[str]
    failed: list[BatchFailureOut]


class ConsequencesOut(Out):
    """What would go with a conversation."""

    messages: int
    memories: int
    """Those that rest on nothing else."""
    thoughts: int
    files: int


class MonthsAsked(Asked):
    """Which conversations, and where days begin."""

    zone: str = Field(default="UTC", max_length=64, examples=["Europe/Oslo"])
    assistant: str | None = None
    project: str | None = None
    kind: str | None = None
    archived: bool | None = None


class MonthOut(Out):
    """One month, and how many conversations had their last message in it."""

    month: str
    sessions: int


class MonthsOut(Out):
    """Months that have any, newest first. A list goes to one with `until`, its next month's first
    day."""

    months: list[MonthOut]
    sessions: int
    trashed: int


class SeenIn(In):
    """Up to which message its owner has seen it."""

    seq: int = Field(ge=0, le=_MAX_SEQ)
