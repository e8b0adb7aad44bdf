"""What every wire model is made of, and the shapes that all routes share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["ErrorDetail", "ErrorOut", "HealthOut", "In", "Out", "TicketOut"]


class Out(BaseModel):
    """What the server sends."""

    model_config = ConfigDict(frozen=True)


class In(BaseModel):
    """What a client sends: nothing unknown, and no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ErrorDetail(Out):
    """What went wrong; `code` is stable, `message` is for people."""

    code: str
    message: str
    request_id: str


class ErrorOut(Out):
    """The one shape of every error."""

    error: ErrorDetail


class HealthOut(Out):
    """The process runs."""

    status: Literal["ok"] = "ok"
    version: str


class TicketOut(Out):
    """Lets one WebSocket in, once."""

    ticket: str
    expires_in: int
    """Seconds."""
