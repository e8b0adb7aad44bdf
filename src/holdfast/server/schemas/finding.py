"""A search of everything at once, made for a page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.conversations import SessionOut
from holdfast.server.schemas.recall import ReasonOut, SnippetOut
from holdfast.server.schemas.shapes import Asked, Out

__all__ = [
    "FindAsked",
    "FindHitOut",
    "FindOut",
    "FoundGroupOut",
    "FoundRoomOut",
    "UnderstoodOut",
    "WiderOut",
]


class FindAsked(Asked):
    """What is typed into a search, and what it is narrowed to beside that."""

    q: str = Field(default="", max_length=20_000, examples=['boat shed "third oar" in March'])
    """Words, "quoted phrases", -words that must not be there; before:, after:, tag:, pinned:true,
    with:helper, in:project; dates in words and "with Helper"."""
    limit: int = Field(default=20, ge=1, le=100)
    """Conversations in each list."""
    as_you_type: bool = False
    """The last word may not be whole yet."""
    assistant: str | None = None
    project: str | None = None
    tag: list[str] = Field(default=[], max_length=100)
    """May be given several times; all of them must be there."""
    pinned: bool | None = None
    archived: bool | None = None
    kind: str | None = None
    """Of the conversation: chat, room, ..."""
    since: str | None = Field(default=None, max_length=100, examples=["last week"])
    """Only what was said from then on: an ISO 8601 time, a date, or words."""
    until: str | None = Field(default=None, max_length=100, examples=["2026-01-09"])
    """Only what was said before: an ISO 8601 time, the end of a date, or words."""
    session_id: str | None = None
    zone: str = Field(default="UTC", max_length=100, examples=["Europe/Oslo"])
    """Where days begin."""


class UnderstoodOut(Out):
    """A part of what was typed that narrows the answer."""

    kind: Literal[
        "since", "until", "assistant", "project", "tag", "phrase", "without", "pinned", "archived"
    ]
    value: str
    """A time (ISO 8601), a slug, a tag, words, or true and false."""
    text: str
    """As it was typed."""


class FindHitOut(Out):
    """One place where it was found."""

    label: Literal["message", "title", "memory", "thought", "room", "speech", "file"]
    session_id: str | None
    message_id: str | None
    memory_id: str | None
    thought_id: str | None
    room_id: str | None
    seq: int | None
    """Of the message in its conversation."""
    at: datetime | None
    role: str | None
    speaker: str | None
    """Who said it in a room; whose thought or memory it is."""
    tool: str | None
    """Whose call or result it is."""
    snippet: SnippetOut
    reasons: list[ReasonOut]
    score: float
    """Comparable within one list only."""


class FoundGroupOut(Out):
    """A conversation with the best of what was found in it."""

    session: SessionOut
    count: int
    """So many of its messages match as well as the first one; 0 when only the title does."""
    hits: list[FindHitOut]
    """At most three; a title stands first."""


class FoundRoomOut(Out):
    """A room with the best of what was found in it."""

    room_id: str
    name: str
    hits: list[FindHitOut]


class WiderOut(Out):
    """What would be found without some of the filters."""

    drop: list[str]
    """Which: since, until, assistant, project, tags, pinned, archived, kind, session_id."""
    count: int
    shown: bool
    """It is shown already: a time in words had left nothing."""


class FindOut(Out):
    """What was found, best first in each list."""

    understood: list[UnderstoodOut]
    groups: list[FoundGroupOut]
    archived: list[FoundGroupOut]
    """Conversations that were put away."""
    memories: list[FindHitOut]
    thoughts: list[FindHitOut]
    rooms: list[FoundRoomOut]
    wider: WiderOut | None
