"""From a question to the sessions that may answer it: ranked as wholes, opened from the vault."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import BadInput, TamperedRecord
from holdfast.keeper.recalling import on_index
from holdfast.model import Message, Session, SessionId
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from holdfast.keeper.store import Store
    from holdfast.recall.asking import Ask, Reason
    from holdfast.recall.sessions import RankedSession
    from holdfast.vault.vault import Vault

__all__ = ["SessionHit", "recall_sessions"]

_MAX_MESSAGES = 100


class SessionHit(Struct, frozen=True, kw_only=True):
    """A session that may answer, why, and the messages that speak for it."""

    session: Session
    score: float
    """Comparable within one answer only."""
    reasons: tuple[Reason, ...]
    """Why its best message was found."""
    messages: tuple[Message, ...]
    """Its best messages, best first."""


async def recall_sessions(
    store: Store, vault: Vault, ask: Ask, *, messages: int
) -> list[SessionHit]:
    """Sessions that may answer an ask, best first; see `User.recall_sessions`."""
    from holdfast.recall.sessions import rank_sessions

    if not 0 <= messages <= _MAX_MESSAGES:
        raise BadInput("messages", f"it lies between 0 and {_MAX_MESSAGES}")
    for _ in range(3):
        _, ranked = await on_index(store, vault, partial(rank_sessions, ask))
        hits = await _opened(vault, ranked, messages)
        if hits is not None:
            return hits
        # Something was forgotten between the ranking and the reading: rank again.
    raise TamperedRecord("index", vault.id)


async def _opened(vault: Vault, ranked: list[RankedSession], count: int) -> list[SessionHit] | None:
    """The hits of a ranking, None when something of one is not there any more."""
    reader = Reader(vault)
    sessions = {one.id: one for one in await reader.sessions(r.session_id for r in ranked)}
    wanted = [one for found in ranked for one in found.hits[:count]]
    said = {str(one.id): one for one in await reader.messages_by_id(wanted)}
    if len(sessions) < len(ranked) or len(said) < len(wanted):
        return None
    return [
        SessionHit(
            session=sessions[SessionId(found.session_id)],
            score=found.score,
            reasons=found.reasons,
            messages=tuple(said[one] for one in found.hits[:count]),
        )
        for found in ranked
    ]
