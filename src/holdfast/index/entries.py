"""What is indexed, and what a search may be narrowed to."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Entry", "Filter"]


class Entry(Struct, frozen=True, kw_only=True):
    """One message or memory as the index sees it. `text` is plaintext: never log it.

    A memory names the session it was distilled in, or "" when there is none; its `seq` is 0.
    """

    id: str
    session_id: str
    seq: int = 0
    is_memory: bool = False
    role: str = "user"
    kind: str = "text"
    """The message's kind (text, tool_call, ...), or the memory's (fact, preference, ...)."""
    session_kind: str = "chat"
    speaker: str | None = None
    """The author's or the assistant's name."""
    assistant: str | None = None
    """Slug."""
    project: str | None = None
    """Slug."""
    tags: tuple[str, ...] = ()
    """The session's tags, or a memory's own."""
    at_ms: int
    """Milliseconds since 1970 UTC."""
    text: str
    platform: str | None = None


class Filter(Struct, frozen=True, kw_only=True):
    """What a search is narrowed to, before anything is cut off; every given field must hold.

    Names (speaker, assistant, project, platform, tags) are compared without regard to case.
    """

    speaker: str | None = None
    role: str | None = None
    kind: str | None = None
    assistant: str | None = None
    project: str | None = None
    session_kind: str | None = None
    platform: str | None = None
    session_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    """All of them must be on the entry."""
    since_ms: int | None = None
    """Inclusive."""
    until_ms: int | None = None
    """Exclusive."""
    within_project: str | None = None
    """Only what belongs to this project, or to none."""
    memories: bool | None = None
    """True: memories only; False: messages only; None: both."""
