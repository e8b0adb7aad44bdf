"""Sessions that are not stored, while this process holds them for their owners."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import Conflict

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession

__all__ = ["Temporaries"]

_MOST = 20
"""Of one owner: each has keys and an index of its own in memory."""
_IDLE = timedelta(hours=2)


class _Held(Struct):
    session: OpenSession
    used_at: datetime


class Temporaries:
    """By the vault of their owner. What nobody asked for in two hours is let go of, and everything
    when the process ends: nothing of it is anywhere else."""

    def __init__(self) -> None:
        self._held: dict[bytes, dict[str, _Held]] = {}

    def hold(self, owner: bytes, session: OpenSession, now: datetime) -> None:
        """Hold one more.

        Raises:
            Conflict: the owner has twenty of them.
        """
        self.let_go(now)
        held = self._held.setdefault(owner, {})
        if len(held) >= _MOST:
            raise Conflict("there are too many temporary conversations: end one, or keep it")
        held[session.id] = _Held(session, now)

    def find(self, owner: bytes, session_id: str, now: datetime) -> OpenSession | None:
        """The owner's session of this id, None when there is none (any more)."""
        found = self._held.get(owner, {}).get(session_id)
        if found is None:
            return None
        if found.used_at + _IDLE < now:
            self.drop(owner, session_id)
            return None
        found.used_at = now
        return found.session

    def drop(self, owner: bytes, session_id: str) -> None:
        """Hold one no longer."""
        held = self._held.get(owner, {})
        held.pop(session_id, None)
        if not held:
            self._held.pop(owner, None)

    def drop_all(self, owner: bytes) -> None:
        """Hold none of an owner's any longer."""
        self._held.pop(owner, None)

    def let_go(self, now: datetime) -> int:
        """Drop what has been idle for too long; returns how many."""
        idle = [
            (owner, session_id)
            for owner, held in self._held.items()
            for session_id, one in held.items()
            if one.used_at + _IDLE < now
        ]
        for owner, session_id in idle:
            self.drop(owner, session_id)
        return len(idle)
