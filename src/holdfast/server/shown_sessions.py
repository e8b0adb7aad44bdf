"""What of a conversation is told besides what is kept of it: unread, running, temporary, the day
on which it leaves the trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from holdfast.clock import id_bytes
from holdfast.keeper.unseen import unseen_of
from holdfast.server.schemas import SessionOut
from holdfast.server.shown import session_out

if TYPE_CHECKING:
    from holdfast.keeper.users import User
    from holdfast.model import Session
    from holdfast.server.facts import Facts
    from holdfast.server.talking.talks import Talks

__all__ = ["marks_of", "shown_session", "shown_sessions"]


async def shown_sessions(
    request: Request, owner: User, sessions: Sequence[Session]
) -> list[SessionOut]:
    """Conversations of a user as they stand in a list."""
    marks = await marks_of(request, owner, sessions)
    return [session_out(session, marks[session.id]) for session in sessions]


async def shown_session(request: Request, owner: User, session: Session) -> SessionOut:
    """One of them."""
    return (await shown_sessions(request, owner, [session]))[0]


async def marks_of(
    request: Request, owner: User, sessions: Sequence[Session]
) -> dict[str, dict[str, Any]]:
    """Those fields of each that are no part of the noun, by id."""
    talks: Talks = request.app.state.talks
    facts: Facts = request.app.state.facts
    own = owner.vault.id
    unseen = await unseen_of(owner.vault, [s for s in sessions if s.vault_id == own])
    days = timedelta(days=facts.trash_days)
    return {
        session.id: {
            "unread": unseen.get(session.id, 0),
            "running": talks.is_running(id_bytes(session.vault_id), session.id),
            "temporary": session.vault_id != own,
            "purge_at": None if session.trashed_at is None else session.trashed_at + days,
        }
        for session in sessions
    }
