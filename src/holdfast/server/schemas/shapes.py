"""What every wire model is made of, and the shapes that all routes share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

__all__ = [
    "Asked",
    "ErrorDetail",
    "ErrorOut",
    "HealthOut",
    "In",
    "Moment",
    "Out",
    "PageAsked",
    "ReadyOut",
    "TicketOut",
]


_MAX_FIELDS = 64


class Out(BaseModel):
    """What the server sends."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class In(BaseModel):
    """What a client sends: nothing unknown, and no value of another type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: Any) -> Any:  # whatever JSON holds
        """One error, and not one for each of a million fields: they would stop the server."""
        if isinstance(given, dict) and len(given) > _MAX_FIELDS:
            raise PydanticCustomError("extra_forbidden", "Input has too many fields")
        return given


class Asked(BaseModel):
    """Query parameters, which are all text; the route refuses the unknown and the doubled."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class PageAsked(Asked):
    """Which part of a list."""

    cursor: str | None = Field(default=None, max_length=200)
    """The `next_cursor` of the page before."""
    limit: int = Field(default=50, ge=1, le=1000)
    """How many at most."""


def _from_text(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("moment", "Input should be a time as text, with a time zone")
    return value


Moment: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_from_text),
    Field(strict=False, examples=["2026-01-09T12:00:00Z"]),
]
"""A time in a body: ISO 8601 with a zone."""


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


class ReadyOut(Out):
    """Whether the server can do its work."""

    status: Literal["ready", "not_ready"]
    failing: list[str] = []
    """Names of the checks that fail: disk, keys, reading, running, upkeep, writing."""


class TicketOut(Out):
    """Lets one WebSocket in, once."""

    ticket: str
    expires_in: int
    """Seconds."""
