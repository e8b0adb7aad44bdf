"""What is asked for, and what was found."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.conversations import MessageOut, SessionOut
from holdfast.server.schemas.memories import MemoryOut
from holdfast.server.schemas.shapes import Asked, Out

__all__ = [
    "ContextAsked",
    "ContextOut",
    "HitOut",
    "LeftOutOut",
    "PieceOut",
    "ReasonOut",
    "SearchAsked",
    "SearchHitOut",
    "SearchOut",
    "SessionHitOut",
    "SessionsSearchAsked",
    "SessionsSearchOut",
    "SnippetOut",
]


class SearchAsked(Asked):
    """A question, and what narrows the answer."""

    q: str = Field(examples=["what colour do I like?"])
    """In any language; dates in it ("in March") are a preference, not a filter. "Words in quotation
    marks" are required in this order, -word excludes."""
    as_you_type: bool = False
    """The last word is not finished: it stands for all that begin so."""
    days_back: float | None = Field(default=None, gt=0, le=365_000, allow_inf_nan=False)
    """Only what was said in so many days."""
    since: str | None = Field(default=None, max_length=100, examples=["last week"])
    """Only what was said from then on: an ISO 8601 time, a date, or words."""
    until: str | None = Field(default=None, max_length=100, examples=["2026-01-09"])
    """Only what was said before: an ISO 8601 time, the end of a date, or words."""
    assistant: str | None = None
    project: str | None = None
    kind: str | None = None
    """Of the conversation: chat, room, ..."""
    role: Literal["user", "assistant", "tool", "system"] | None = None
    tag: list[str] = Field(default=[], max_length=100)
    """May be given several times; all of them must be there."""
    platform: str | None = None
    session_id: str | None = None
    speaker: str | None = None
    include: Literal["both", "messages", "memories"] = "both"
    neighbours: int = Field(default=1, ge=0, le=20)
    """Messages shown before and after each hit."""
    limit: int = Field(default=10, ge=1, le=1000)


class SessionsSearchAsked(Asked):
    """A question about conversations, and what narrows the answer; see `SearchAsked`."""

    q: str = Field(examples=["where did we plan the trip?"])
    days_back: float | None = Field(default=None, gt=0, le=365_000, allow_inf_nan=False)
    since: str | None = Field(default=None, max_length=100)
    until: str | None = Field(default=None, max_length=100)
    assistant: str | None = None
    project: str | None = None
    kind: str | None = None
    tag: list[str] = Field(default=[], max_length=100)
    platform: str | None = None
    messages: int = Field(default=3, ge=0, le=100)
    """So many of its best messages come with each conversation."""
    limit: int = Field(default=5, ge=1, le=1000)


class ContextAsked(Asked):
    """A question that a model is about to answer."""

    q: str = Field(examples=["what colour do I like?"])
    session_id: str | None = None
    """The conversation it is asked in: its latest messages come first."""
    budget_tokens: int = Field(default=2000, ge=1, le=1_000_000)
    """The text is never longer, by a safe estimate."""
    recent: int = Field(default=20, ge=0, le=1000)
    """So many of the conversation's latest messages."""
    recalled: int = Field(default=12, ge=1, le=1000)
    """So many hits of all that is kept."""


class ReasonOut(Out):
    """A part of a hit's score, in words a person understands."""

    name: str
    value: float
    words: list[str]


class SnippetOut(Out):
    """A cut from a text."""

    text: str
    marks: list[tuple[int, int]]
    """Its matched words: code points of `text`, end exclusive."""


class SearchHitOut(Out):
    """Something that was found, why, and where it stands; a message or a memory."""

    session_id: str | None
    message: MessageOut | None
    memory: MemoryOut | None
    at: datetime | None
    score: float
    """Comparable within one answer only."""
    reasons: list[ReasonOut]
    snippet: SnippetOut
    before: list[MessageOut]
    after: list[MessageOut]
    repeats: int
    """How many others say the very same words; this one stands for them."""


class SearchOut(Out):
    """What was found, best first."""

    hits: list[SearchHitOut]
    confidence: float
    """How likely it is that one of the best hits belongs to an answer, 0 to 1."""
    nothing: bool
    """Probably nothing that was ever said answers the question; the hits came closest."""


class SessionHitOut(Out):
    """A conversation that may answer, why, and the messages that speak for it."""

    session: SessionOut
    score: float
    """Comparable within one answer only."""
    reasons: list[ReasonOut]
    messages: list[MessageOut]
    """Best first."""


class SessionsSearchOut(Out):
    """Conversations, best first."""

    sessions: list[SessionHitOut]


class PieceOut(Out):
    """One part of a context."""

    id: str
    """Of the message or memory it shows."""
    text: str
    tokens: int
    section: Literal["profile", "summary", "recalled", "recent"]


class LeftOutOut(Out):
    """Something that was found and is not shown."""

    id: str
    section: Literal["profile", "summary", "recalled", "recent"]
    why: Literal["budget", "duplicate"]
    """It did not fit, or another piece says the same."""


class ContextOut(Out):
    """Text for a model, and an account of what it is made of."""

    text: str
    tokens: int
    budget_tokens: int
    pieces: list[PieceOut]
    left_out: list[str]
    """Ids of what was found and is not shown."""
    report: list[LeftOutOut]
    """Why each of them is not."""


class HitOut(Out):
    """Something that was found."""

    session_id: str | None
    message_id: str | None
    memory_id: str | None
    role: str | None
    at: datetime | None
    snippet: str
    score: float
