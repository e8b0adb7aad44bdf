"""Conversations, their turns and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from holdfast.server.schemas.shapes import In, Out, PageAsked

__all__ = [
    "ChangeConversationIn",
    "ClearedOut",
    "ConversationBegunOut",
    "ConversationFilters",
    "ConversationOut",
    "ConversationsOut",
    "FileOut",
    "ForgottenOut",
    "MessageOut",
    "MessagesOut",
    "ReceiptOut",
    "SessionOut",
    "SessionWithTurns",
    "SpeechOut",
    "StartConversationIn",
    "ToolCallOut",
    "ToolOut",
    "TurnMemoryOut",
    "TurnOut",
]


# From the client


class ConversationFilters(PageAsked):
    """Which conversations."""

    assistant: str | None = None
    """Slug of whom they were held with."""
    project: str | None = None
    """Slug of what they were held for."""
    kind: str | None = Field(default=None, examples=["chat"])
    """chat, room, marketer_chat, video_chat, personal_chat, or another."""
    platform: str | None = None
    """Where they took place."""
    tag: str | None = None
    """A tag they bear."""
    q: str | None = Field(default=None, max_length=1000)
    """Part of the title, whatever the case of its letters."""
    pinned: bool | None = None
    """Only those that are pinned, or are not."""
    archived: bool | None = None
    """Only those that are archived, or are not."""
    trashed: bool = False
    """Only those in the trash; without it none of them."""
    sort: Literal["last", "started", "messages", "title"] = "last"
    """By the last message or the beginning, newest first; most messages first; or by title."""
    since: str | None = Field(default=None, max_length=100, examples=["last week"])
    """Whose last message is not older: an ISO 8601 time, a date, or words."""
    until: str | None = Field(default=None, max_length=100, examples=["2026-01-09"])
    """Whose last message is older: an ISO 8601 time, the end of a date, or words."""


class StartConversationIn(In):
    """A conversation to begin."""

    assistant: str | None = Field(default=None, examples=["helper"])
    """Slug of whom it is held with; made when it is new."""
    project: str | None = Field(default=None, examples=["trip"])
    """Slug of what it is held for; made when it is new."""
    kind: str = Field(default="chat", examples=["chat"])
    """chat, room, marketer_chat, video_chat, personal_chat, or another."""
    title: str = Field(default="", examples=["A trip to Oslo"])
    """The beginning of what is said first, when it is empty."""
    platform: str | None = Field(default=None, examples=["TIKTOK"])
    """Where it takes place."""
    tags: list[str] = Field(default=[], max_length=1000)
    temporary: bool = False
    """It is never stored: it ends with the server, or when it was not used for two hours."""


class ChangeConversationIn(In):
    """What to change; what is left out, or null, stays."""

    title: str | None = Field(default=None, examples=["A trip to Oslo"])
    pinned: bool | None = None
    archived: bool | None = None
    project: str | None = Field(default=None, examples=["trip"])
    """Slug of what it is held for; made when it is new. Empty: nothing."""
    tags: list[str] | None = Field(default=None, max_length=1000)
    learning: bool | None = None
    """false: nothing that is said from now on is made a memory, until true."""


# From the server


class SessionOut(Out):
    """One conversation, without what was said in it."""

    id: str
    title: str
    kind: str
    assistant: str | None
    project: str | None
    platform: str | None
    preview: str
    tags: list[str]
    pinned: bool
    archived: bool
    learning: bool
    """Whether memories are made of what is said in it."""
    message_count: int
    turn_count: int
    started_at: datetime
    last_message_at: datetime
    trashed_at: datetime | None = None
    """Since when it is in the trash."""
    purge_at: datetime | None = None
    """When it is erased, if it stays there."""
    unread: int = 0
    """Answers that were not seen (`.../seen`), at most 99; 0 where seeing was never noted."""
    running: bool = False
    """Something is being answered in it."""
    temporary: bool = False
    """It is stored nowhere: `.../keep` does that."""


class ToolOut(Out):
    """A tool's call or result."""

    name: str
    call_id: str
    parent_call_id: str | None
    arguments: Any = None
    result: Any = None
    failed: bool
    cut: bool = False
    """Only the beginning of arguments or result is here, of a structure as JSON text."""


class FileOut(Out):
    """A file of a message, without its bytes."""

    id: str
    name: str
    media_type: str
    size: int


class SpeechOut(Out):
    """How an audio message became text."""

    engine: str | None
    language: str | None
    duration_s: float | None


class MessageOut(Out):
    """One entry of a turn."""

    id: str
    seq: int
    turn_id: str
    parent_id: str | None
    role: str
    kind: str
    text: str
    size: int
    """Characters of the whole text."""
    cut: bool = False
    """Only the beginning of the text is here: the message alone has all of it."""
    at: datetime
    author: str | None = None
    tool: ToolOut | None = None
    file: FileOut | None = None
    speech: SpeechOut | None = None
    error_code: str | None = None


class ToolCallOut(Out):
    """A tool that was called in a turn, with what came of it."""

    call_id: str
    name: str
    arguments: Any
    result: Any
    """null while there is none."""
    failed: bool
    cut: bool = False
    """As that of a tool message."""
    called_at: datetime
    ended_at: datetime | None


class TurnMemoryOut(Out):
    """A memory that was made from a turn."""

    id: str
    kind: str
    text: str


class TurnOut(Out):
    """One exchange with its messages, the tools it called, and the memories made from it."""

    id: str
    index: int
    status: str
    started_at: datetime
    ended_at: datetime | None
    intent: str | None
    intent_confidence: float | None
    entities: dict[str, Any]
    tags: list[str]
    model: str | None
    messages: list[MessageOut]
    tool_calls: list[ToolCallOut]
    memories: list[TurnMemoryOut]
    used_count: int
    """So many messages and memories was its answer given; see `.../turns/{turn_id}/used`."""


class SessionWithTurns(SessionOut):
    """One conversation with all that was said in it."""

    turns: list[TurnOut]
    next_cursor: str | None = None
    """Asks for the messages that follow; a turn may go on there, under the same id."""


class ConversationsOut(Out):
    """A page of conversations, newest first."""

    sessions: list[SessionOut]
    next_cursor: str | None


class ConversationOut(Out):
    """One conversation."""

    session: SessionWithTurns


class ConversationBegunOut(Out):
    """A conversation as it is after a change."""

    session: SessionOut


class MessagesOut(Out):
    """Messages of a conversation, in order."""

    messages: list[MessageOut]
    next_after_seq: int | None
    """Asks for those that follow, as `after_seq`; null at the end."""


class ForgottenOut(Out):
    """What went when something was forgotten."""

    messages: int
    memories: int
    """Memories that rested on nothing else."""
    reduced: int
    """Memories that lost a source and rest on others."""
    thoughts: int


class ReceiptOut(Out):
    """Proof of an erasure, without content: keep it."""

    what: str
    vault_id: str
    session_id: str | None
    at: datetime
    sessions: int
    turns: int
    messages: int
    memories: int
    thoughts: int
    files: int
    keys_destroyed: list[str]
    """Fingerprints of the keys that were destroyed."""
    audit_number: int
    audit_digest: str
    """Position and digest in the audit chain; `holdfast verify` checks it."""
    key_backups_left: int
    """Known key backups that could not be written anew and still hold these keys."""


class ClearedOut(Out):
    """What was erased, one receipt for each conversation."""

    sessions: int
    messages: int
    receipts: list[ReceiptOut]
