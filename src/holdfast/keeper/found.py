"""What a search of everything found, in groups."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from holdfast.clock import id_bytes, to_ms
from holdfast.keeper.listing import Place
from holdfast.model import Memory, Message, Session, SessionId, Thought

if TYPE_CHECKING:
    from holdfast.keeper.find_words import Understood
    from holdfast.recall.asking import Reason
    from holdfast.recall.snippets import Snippet

__all__ = ["Found", "FoundGroup", "FoundHit", "FoundRoom", "HitLabel", "Wider"]

HitLabel: TypeAlias = Literal["message", "title", "memory", "thought", "room", "speech", "file"]


class FoundHit(Struct, frozen=True, kw_only=True):
    """One place where it was found. Of message, memory and thought at most one is given; a title is
    none of them."""

    label: HitLabel
    session_id: SessionId | None = None
    message: Message | None = None
    memory: Memory | None = None
    thought: Thought | None = None
    room_id: str | None = None
    score: float
    """Comparable within one list only."""
    reasons: tuple[Reason, ...] = ()
    snippet: Snippet

    @property
    def at(self) -> datetime | None:
        """When it was said, noted, or learned; None for a title."""
        if self.message is not None:
            return self.message.at
        if self.thought is not None:
            return self.thought.at
        return None if self.memory is None else self.memory.created_at

    @property
    def place(self) -> Place:
        """Where it stands among equals, by time."""
        one = self.message or self.memory or self.thought
        return (0, b"") if one is None or self.at is None else (to_ms(self.at), id_bytes(one.id))


class FoundGroup(Struct, frozen=True, kw_only=True):
    """A session with the best of what was found in it; `count` messages match as well as those."""

    session: Session
    count: int
    hits: tuple[FoundHit, ...] = ()


class FoundRoom(Struct, frozen=True, kw_only=True):
    """A room of the user's with what was found in it."""

    room_id: str
    name: str
    hits: tuple[FoundHit, ...]


class Wider(Struct, frozen=True, kw_only=True):
    """What would be found without some of the filters.

    `shown`: it is what is shown, because a time in words had left nothing.
    """

    drop: tuple[str, ...]
    count: int
    shown: bool = False


class Found(Struct, frozen=True, kw_only=True):
    """What was found, best first in each list. Archived sessions stand apart, never left out."""

    understood: tuple[Understood, ...] = ()
    groups: tuple[FoundGroup, ...] = ()
    archived: tuple[FoundGroup, ...] = ()
    memories: tuple[FoundHit, ...] = ()
    thoughts: tuple[FoundHit, ...] = ()
    rooms: tuple[FoundRoom, ...] = ()
    wider: Wider | None = None

    @property
    def count(self) -> int:
        """So many places: messages or titles, memories, thoughts and what rooms have."""
        sessions = sum(max(group.count, 1) for group in (*self.groups, *self.archived))
        rooms = sum(len(room.hits) for room in self.rooms)
        return sessions + len(self.memories) + len(self.thoughts) + rooms
