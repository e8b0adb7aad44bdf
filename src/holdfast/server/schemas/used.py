"""What an answer was given."""

from __future__ import annotations

from typing import Literal

from holdfast.server.schemas.conversations import MessageOut
from holdfast.server.schemas.memories import MemoryOut
from holdfast.server.schemas.shapes import Out

__all__ = ["UsedOut", "UsedPieceOut"]


class UsedPieceOut(Out):
    """A message or a memory that an answer was given."""

    message: MessageOut | None
    memory: MemoryOut | None
    session_id: str | None
    """Where it was said, or what the memory was made from."""
    session_title: str | None
    snippet: str
    """How it begins."""
    section: Literal["profile", "summary", "recalled", "recent"]
    gone: bool
    """It was forgotten since: nothing of it is told."""


class UsedOut(Out):
    """What an answer was given beside the conversation's recent messages, in order."""

    used: list[UsedPieceOut]
