"""What was found."""

from __future__ import annotations

from datetime import datetime

from holdfast.server.schemas.base import Out

__all__ = ["HitOut"]


class HitOut(Out):
    """Something that was found."""

    session_id: str | None
    message_id: str | None
    memory_id: str | None
    role: str | None
    at: datetime | None
    snippet: str
    score: float
