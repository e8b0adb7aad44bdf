"""Memories and thoughts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.conversations import MessageOut
from holdfast.server.schemas.shapes import In, Moment, Out, PageAsked

__all__ = [
    "MemoriesOut",
    "MemoryFilters",
    "MemoryIn",
    "MemoryOut",
    "SourceMessageOut",
    "SourceOut",
    "SourcesOut",
    "ThoughtFilters",
    "ThoughtIn",
    "ThoughtOut",
    "ThoughtsOut",
]


class MemoryFilters(PageAsked):
    """Which memories."""

    kind: Literal["fact", "preference", "summary", "episode", "note"] | None = None
    tag: str | None = None
    """A tag they bear."""
    assistant: str | None = None
    """Slug of who made them."""
    session_id: str | None = None
    """The conversation they were made from."""
    min_importance: int = Field(default=1, ge=1, le=10)
    origin: Literal["said", "assistant", "tool", "file", "import", "hand"] | None = None
    """Whose words they rest on."""
    pinned: bool | None = None
    valid_at: str | None = Field(default=None, max_length=100, examples=["2026-03-01"])
    """Those that held then: a time, a day, or words."""
    q: str = Field(default="", max_length=1000)
    """Words, each of which begins a word of the text or a tag."""
    project: str | None = None
    """Slug: those made in a conversation held for it."""
    since: str | None = Field(default=None, max_length=100, examples=["last week"])
    """Learned from then on: an ISO 8601 time, a date, or words."""
    until: str | None = Field(default=None, max_length=100, examples=["2026-01-09"])
    """Learned before: an ISO 8601 time, the end of a date, or words."""
    trashed: bool = False
    """Those in the trash, and only those."""
    sort: Literal["new", "importance", "used", "stated"] = "new"
    """Newest first, most important first, or last used first."""


class MemoryIn(In):
    """Something to remember."""

    text: str = Field(examples=["Ada likes blue"])
    kind: Literal["fact", "preference", "summary", "episode", "note"] = "note"
    tags: list[str] = Field(default=[], max_length=1000)
    importance: int = Field(default=5, ge=1, le=10)
    assistant: str | None = Field(default=None, examples=["helper"])
    valid_from: Moment | None = None
    """From when it holds; now when left out."""
    valid_to: Moment | None = None
    sources: list[str] = Field(default=[], max_length=1000)
    """Ids of the messages it comes from."""


class SourceOut(Out):
    """A message that a memory rests on, or a span of its text in code points."""

    session_id: str
    message_id: str
    start: int | None
    end: int | None


class MemoryOut(Out):
    """Something that is remembered."""

    id: str
    kind: str
    text: str
    tags: list[str]
    importance: int
    assistant: str | None
    session_id: str | None
    created_at: datetime
    valid_from: datetime | None
    valid_to: datetime | None
    supersedes: str | None
    pinned: bool
    subject: str
    """What it is about; "" when that is not known."""
    attribute: str
    """What it says of the subject; of one subject and attribute one value holds at a time."""
    origin: str
    """Whose words it rests on: said, assistant, tool, file, import, hand."""
    made_by: str
    corrected: bool
    """Its owner changed it: nothing that is distilled supersedes it."""
    sources: list[SourceOut]
    source_gone: bool = False
    """What it rested on was removed, and it was to stay."""
    trashed_at: datetime | None = None
    """When it was put into the trash."""
    project: str | None = None
    """Slug: that of the conversation it was made in. With what follows it is told where memories
    are listed or changed, and not with what a search found."""
    last_used_at: datetime | None = None
    """When an answer was last given it."""
    conflicts: list[str] = Field(default_factory=list)
    """Ids of memories that hold now too, of the same subject and attribute, and say something
    else."""


class MemoriesOut(Out):
    """A page of memories, newest first."""

    memories: list[MemoryOut]
    next_cursor: str | None


class SourceMessageOut(MessageOut):
    """A message that a memory rests on."""

    session_id: str


class SourcesOut(Out):
    """The messages that a memory rests on, in the order they were said."""

    messages: list[SourceMessageOut]


class ThoughtFilters(PageAsked):
    """Which thoughts."""

    assistant: str | None = None
    session_id: str | None = None
    turn_id: str | None = None
    memory_id: str | None = None
    """Those that led to it."""
    kind: str | None = Field(default=None, max_length=200)


class ThoughtIn(In):
    """A thought of an assistant."""

    text: str = Field(examples=["They may want a reminder"])
    assistant: str = Field(examples=["helper"])
    turn_id: str | None = None
    """The turn it came up in; when that goes, the thought goes."""
    session_id: str | None = None
    """The conversation it belongs to, when there is no turn."""
    memory_id: str | None = None
    """The memory it led to."""
    kind: str = Field(default="note", examples=["note"])
    """note, reasoning, or any other word."""


class ThoughtOut(Out):
    """An entry in an assistant's thought log."""

    id: str
    assistant: str
    text: str
    at: datetime
    session_id: str | None
    turn_id: str | None
    memory_id: str | None
    kind: str


class ThoughtsOut(Out):
    """A page of thoughts, newest first."""

    thoughts: list[ThoughtOut]
    next_cursor: str | None
