"""The owner's hand on what is remembered."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.memories import MemoryOut, SourceMessageOut
from holdfast.server.schemas.shapes import Asked, In, Moment, Out

__all__ = [
    "AboutAsked",
    "AboutOut",
    "ChangeMemoryIn",
    "ClearedMemoriesOut",
    "ForgetIn",
    "HistoryOut",
    "LearningIn",
    "LearningOut",
    "LearningReceiptOut",
    "LearningReceiptsOut",
    "MemoryVersionOut",
    "MergeIn",
    "PauseOut",
]


class ChangeMemoryIn(In):
    """What to change; what is left out stays, and so does what is null, but for the times."""

    text: str | None = Field(default=None, examples=["Favourite colour: navy"])
    kind: Literal["fact", "preference", "summary", "episode", "note"] | None = None
    tags: list[str] | None = Field(default=None, max_length=1000)
    importance: int | None = Field(default=None, ge=1, le=10)
    pinned: bool | None = None
    """Whether it stands first in every context."""
    valid_from: Moment | None = None
    """null: it always held."""
    valid_to: Moment | None = None
    """null: it still holds."""


class MergeIn(In):
    """Memories that become one: the first, which takes in the others."""

    memory_ids: list[str] = Field(min_length=2, max_length=100)
    text: str | None = None
    """What it says from now on; what the first said when left out."""


class AboutAsked(Asked):
    """What something is to be found about."""

    q: str = Field(min_length=1, examples=["the doctor's letter"])
    limit: int = Field(default=10, ge=1, le=100)


class ForgetIn(In):
    """What is to go for good, as it was listed."""

    memory_ids: list[str] = Field(default=[], max_length=1000)
    message_ids: list[str] = Field(default=[], max_length=1000)


class LearningIn(In):
    """Whether anything is to be learned from what is said from now on."""

    learning: bool


class AboutOut(Out):
    """What there is about something; nothing of it has been changed."""

    messages: list[SourceMessageOut]
    memories: list[MemoryOut]
    """Found by themselves."""
    resting: list[MemoryOut]
    """Those that rest on the messages alone, and go with them."""


class MemoryVersionOut(Out):
    """What a memory was before a change by its owner."""

    memory: MemoryOut
    """With an id of its own when it was merged into the one that tells of it."""
    changed_at: datetime
    change: Literal["edited", "merged"]


class HistoryOut(Out):
    """How a memory came to say what it says."""

    chain: list[MemoryOut]
    """What was true one after the other, oldest first; the memory itself is one of them."""
    former: list[MemoryVersionOut]
    """What it was before its owner changed it, oldest first."""


class ClearedMemoriesOut(Out):
    """How many memories went."""

    memories: int


class PauseOut(Out):
    """A time from which nothing is learned; `until` null: it goes on."""

    since: datetime
    until: datetime | None


class LearningOut(Out):
    """Whether memories are made of what is said."""

    learning: bool
    pauses: list[PauseOut]
    """Oldest first."""


class LearningReceiptOut(Out):
    """What one run learned from one conversation."""

    session_id: str
    at: datetime
    first: int
    """Number of the first message that was read."""
    last: int
    """Of the first that was not."""
    nothing_new: bool
    learned: list[str]
    """Ids of the memories."""
    closed: list[str]
    """Ids of those that no longer hold."""
    reasons: dict[str, int]
    """How often something that looked like a memory was left out, by why."""
    model: str | None
    """Which model proposed memories; null when none did."""
    input_tokens: int
    output_tokens: int


class LearningReceiptsOut(Out):
    """Receipts, newest first."""

    receipts: list[LearningReceiptOut]
