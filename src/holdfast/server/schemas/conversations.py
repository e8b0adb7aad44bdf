"""Conversations, their turns and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from holdfast.server.schemas.base import Out

__all__ = [
    "ConversationOut",
    "ConversationsOut",
    "FileOut",
    "MessageOut",
    "SessionOut",
    "SessionWithTurns",
    "ToolOut",
    "TurnOut",
]


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
    message_count: int
    turn_count: int
    started_at: datetime
    last_message_at: datetime


class ToolOut(Out):
    """A tool's call or result."""

    name: str
    call_id: str
    parent_call_id: str | None
    arguments: Any = None
    result: Any = None
    failed: bool


class FileOut(Out):
    """A file of a message, without its bytes."""

    id: str
    name: str
    media_type: str
    size: int


class MessageOut(Out):
    """One entry of a turn."""

    id: str
    seq: int
    parent_id: str | None
    role: str
    kind: str
    text: str
    at: datetime
    author: str | None = None
    tool: ToolOut | None = None
    file: FileOut | None = None
    error_code: str | None = None


class TurnOut(Out):
    """One exchange with all its messages."""

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


class SessionWithTurns(SessionOut):
    """One conversation with all that was said in it."""

    turns: list[TurnOut]


class ConversationsOut(Out):
    """A page of conversations, newest first."""

    sessions: list[SessionOut]
    next_cursor: str | None


class ConversationOut(Out):
    """One conversation."""

    session: SessionWithTurns
