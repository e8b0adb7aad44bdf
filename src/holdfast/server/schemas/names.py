"""Assistants and projects."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from holdfast.server.schemas.shapes import In, Out

__all__ = [
    "AssistantIn",
    "AssistantOut",
    "AssistantsOut",
    "ProjectIn",
    "ProjectOut",
    "ProjectsOut",
]


class AssistantIn(In):
    """What to say of an assistant; what is left out, or null, stays."""

    name: str | None = Field(default=None, examples=["Helper"])
    avatar: str | None = Field(default=None, examples=["🦉"])
    """A character, or the address of a picture."""
    purpose: str | None = Field(default=None, examples=["Plans trips"])


class _CountedOut(Out):
    """What there is of conversations; what is in the trash is not counted."""

    sessions: int
    messages: int
    memories: int
    """That were made of these conversations."""
    last_message_at: datetime | None


class AssistantOut(_CountedOut):
    """Whom conversations are held with."""

    id: str
    slug: str
    name: str
    avatar: str | None
    purpose: str


class AssistantsOut(Out):
    """All assistants, by slug."""

    assistants: list[AssistantOut]


class ProjectIn(In):
    """What to say of a project; what is left out, or null, stays."""

    name: str | None = Field(default=None, examples=["A trip to Oslo"])


class ProjectOut(_CountedOut):
    """What conversations are held for."""

    id: str
    slug: str
    name: str


class ProjectsOut(Out):
    """All projects, by slug."""

    projects: list[ProjectOut]
