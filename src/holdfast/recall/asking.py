"""What can be asked, and what comes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.clock import to_ms
from holdfast.errors import BadInput
from holdfast.index.entries import Filter

__all__ = ["Ask", "Include", "Ranked", "Reason", "filter_of"]

Include: TypeAlias = Literal["both", "messages", "memories"]

_MAX_LIMIT = 1_000


class Ask(Struct, frozen=True, kw_only=True):
    """One question to one vault. Every field but the first narrows or pages the answer."""

    question: str
    now: datetime
    """When it is asked; "yesterday" in the question is the day before. Aware."""
    limit: int = 10
    """1 to 1,000."""
    offset: int = 0
    since: datetime | None = None
    """Inclusive, aware."""
    until: datetime | None = None
    """Exclusive, aware."""
    days_back: float | None = None
    """Only what was said in this many days before `now`; together with `since` the later holds."""
    assistant: str | None = None
    project: str | None = None
    kind: str | None = None
    """Of the session: chat, room, ..."""
    role: str | None = None
    tags: tuple[str, ...] = ()
    session_id: str | None = None
    speaker: str | None = None
    platform: str | None = None
    include: Include = "both"
    session_ids: tuple[str, ...] | None = None
    """Only of these sessions; with `session_id` that one alone."""
    within_project: str | None = None
    """Leave out what belongs to another project; what belongs to none stays."""
    as_you_type: bool = False
    """The last word is not finished: it stands for every word that begins so."""
    operators: bool = True
    """Quotation marks require, a minus sign excludes (`holdfast.index.queries`). Not so in what was
    written to somebody and not to a search."""
    slips: bool = True
    """A word that nobody has said stands for the words nearest to it: "thrid" for "third"."""
    explained: bool = True
    """Hits come with their reasons. Without, those that are shown can be explained later
    (`Answer.explained`): reasons for hundreds take longer than the ranking."""


class Reason(Struct, frozen=True, kw_only=True):
    """A part of a hit's score, in words a person understands."""

    name: str
    """"same words", "similar meaning", "said in March", ..."""
    value: float
    """What it adds to the score."""
    words: tuple[str, ...] = ()
    """The words of the question it rests on, as looked up."""


class Ranked(Struct, frozen=True, kw_only=True):
    """A message or memory that may answer, best first."""

    id: str
    session_id: str
    seq: int
    is_memory: bool
    score: float
    """Log-odds of being part of the answer; comparable within and, roughly, between questions."""
    reasons: tuple[Reason, ...]
    """The largest parts of the score first; parts that take away are left out."""
    held: int = 0
    """How many of the words that were looked up stand in it."""
    marks: frozenset[str] = frozenset()
    """Terms to mark in its text, for `holdfast.recall.snippets`."""
    repeats: int = 0
    """How many worse hits said the very same words and were folded into this one."""


def filter_of(ask: Ask) -> Filter:
    """The filter an ask stands for.

    Raises:
        BadInput: the question is empty, a number is out of range, a time has no zone, or since
            lies after until.
    """
    _check(ask)
    since = ask.since
    if ask.days_back is not None:
        earliest = ask.now - timedelta(days=ask.days_back)
        since = max(since, earliest) if since else earliest
    return Filter(
        speaker=ask.speaker,
        role=ask.role,
        assistant=ask.assistant,
        project=ask.project,
        session_kind=ask.kind,
        platform=ask.platform,
        session_ids=(ask.session_id,) if ask.session_id else ask.session_ids,
        within_project=ask.within_project,
        tags=ask.tags,
        since_ms=to_ms(since) if since else None,
        until_ms=to_ms(ask.until) if ask.until else None,
        memories={"both": None, "messages": False, "memories": True}[ask.include],
    )


def _check(ask: Ask) -> None:
    if not ask.question.strip().strip("\0"):
        raise BadInput("question", "it is empty: ask with at least one word")
    if not 1 <= ask.limit <= _MAX_LIMIT:
        raise BadInput("limit", f"it must be from 1 to {_MAX_LIMIT:,}")
    if ask.offset < 0:
        raise BadInput("offset", "it must not be negative")
    if ask.days_back is not None and not 0 < ask.days_back <= 365_000:
        raise BadInput("days_back", "it must be above 0 and at most 365,000")
    if ask.include not in ("both", "messages", "memories"):
        raise BadInput("include", "it must be both, messages or memories")
    for name, at in (("now", ask.now), ("since", ask.since), ("until", ask.until)):
        if at is not None and at.tzinfo is None:
            raise BadInput(name, "it has no time zone: give an aware time")
    if ask.since and ask.until and ask.since > ask.until:
        raise BadInput("since", "it lies after until: swap them")
