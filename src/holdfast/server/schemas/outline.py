"""A long conversation at a glance, and where words stand in it."""

from __future__ import annotations

from pydantic import Field

from holdfast.server.schemas.shapes import Asked, Out

__all__ = ["ConversationAsked", "FoundOut", "OutlineOut", "SpotOut"]

_MAX_SEQ = (1 << 53) - 1


class ConversationAsked(Asked):
    """Which part of a conversation. At most one of `cursor`, `after_seq` and `last`."""

    cursor: str | None = Field(default=None, max_length=200)
    """The `next_cursor` of the page before."""
    after_seq: int | None = Field(default=None, ge=-1, le=_MAX_SEQ)
    """Messages behind this place."""
    last: int | None = Field(default=None, ge=1, le=1000)
    """The newest so many messages."""
    limit: int = Field(default=1000, ge=1, le=1000)
    """How many messages at most."""
    max_text: int | None = Field(default=None, ge=0, le=_MAX_SEQ)
    """Characters that are sent of a text, and of a tool's values; `cut` says of which."""


class OutlineOut(Out):
    """Columns over all messages of a conversation, one value a message; `seq` is the place."""

    ids: list[str]
    parents: list[int]
    """The place of the message that each one follows; -1 for none."""
    roles: str
    """One letter each: user u, assistant a, tool t, system s."""
    kinds: str
    """One letter each: text t, tool_call c, tool_result r, audio a, file f, reasoning g,
    error e."""
    turns: list[int]
    """The index of its turn."""
    sizes: list[int]
    """Characters of its text."""
    at: list[int]
    """Milliseconds since 1970."""
    forgotten: list[int]
    """Places of those that have no content any more."""


class SpotOut(Out):
    """One place: characters (code points) of the message's text, end exclusive."""

    message_id: str
    seq: int
    start: int
    end: int


class FoundOut(Out):
    """Where words stand in a conversation, in order."""

    count: int
    """All of them."""
    hits: list[SpotOut]
    """The first 5,000."""
