"""Memories as a whole: what there is of each, and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from holdfast.server.schemas.memories import MemoryOut
from holdfast.server.schemas.shapes import Out

__all__ = ["MemoryChangeOut", "MemoryChangesOut", "MemoryFacetsOut", "SlugCountOut", "TagCountOut"]


class TagCountOut(Out):
    """How many memories bear a tag."""

    tag: str
    n: int


class SlugCountOut(Out):
    """How many memories are an assistant's, or a project's."""

    slug: str
    n: int


class MemoryFacetsOut(Out):
    """How many memories there are of each kind, tag, assistant and project; most first."""

    kinds: dict[str, int]
    tags: list[TagCountOut]
    assistants: list[SlugCountOut]
    projects: list[SlugCountOut]
    total: int


class MemoryChangeOut(Out):
    """One change, and the memory as it is now."""

    at: datetime
    what: Literal["learned", "corrected", "merged", "superseded", "ended", "added"]
    """superseded: the memory took the place of one that said `before`."""
    memory: MemoryOut
    before: str | None
    """What it said before, or what the one said that it took the place of."""
    by: str
    """"you", the slug of an assistant, "rules", or the name of a model."""


class MemoryChangesOut(Out):
    """A page of changes, newest first."""

    changes: list[MemoryChangeOut]
    next_cursor: str | None
