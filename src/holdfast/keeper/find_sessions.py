"""Sessions by what was found in them: the best messages of each, and titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log

from msgspec import Struct

from holdfast.clock import id_bytes
from holdfast.keeper.find_words import Narrowing
from holdfast.keeper.found import FoundGroup, FoundHit
from holdfast.keeper.known import KnownSession
from holdfast.keeper.matching import in_message, telling
from holdfast.model import MessageId, Session, SessionId
from holdfast.recall.asking import Ranked
from holdfast.recall.ranking import Answer
from holdfast.storage.protocol import HeadsQuery
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Groups", "grouped", "is_among", "listed"]

_OF_A_GROUP = 3
_TITLE = 5.0
"""What a title with all of the words counts as at most; like a message's score it is a logarithm
of odds: more than one common word in a message counts, less than several rare ones."""
_LEAD = 1.0
"""So much more than the best message with all of the words. Titles that say the same share it: the
one that is meant is one of them."""


class Groups(Struct, frozen=True, kw_only=True):
    """Sessions at hand, and apart from them those that were put away."""

    at_hand: tuple[FoundGroup, ...] = ()
    archived: tuple[FoundGroup, ...] = ()


def is_among(session: Session, where: Narrowing) -> bool:
    """Whether a session is one of those that a search is narrowed to, whatever its time."""
    return (
        session.trashed_at is None
        and (where.session_id is None or session.id == where.session_id)
        and (where.kind is None or session.kind == where.kind)
        and (where.pinned is None or session.pinned == where.pinned)
        and (where.archived is None or session.archived == where.archived)
        and (where.assistant is None or _same(session.assistant, where.assistant))
        and (where.project is None or _same(session.project, where.project))
        and {tag.casefold() for tag in where.tags} <= {tag.casefold() for tag in session.tags}
    )


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.casefold() == other.casefold()


async def listed(
    vault: Vault, among: Sequence[SessionId], where: Narrowing, *, limit: int
) -> Groups:
    """Sessions without a word to look for, newest first: all that a filter lets through."""
    current = await _joined(vault, among)
    in_time = [
        FoundGroup(session=session, count=0)
        for session in current.values()
        if (where.since is None or session.last_at >= where.since)
        and (where.until is None or session.started_at < where.until)
    ]
    in_time.sort(key=lambda group: (group.session.last_at, group.session.id), reverse=True)
    return _apart(in_time, limit)


def _apart(groups: Iterable[FoundGroup], limit: int) -> Groups:
    found = tuple(groups)
    return Groups(
        at_hand=tuple(group for group in found if not group.session.archived)[:limit],
        archived=tuple(group for group in found if group.session.archived)[:limit],
    )


async def grouped(
    vault: Vault,
    answer: Answer,
    titles: Mapping[SessionId, FoundHit],
    sessions: Mapping[SessionId, KnownSession],
    *,
    limit: int,
) -> Groups:
    """Sessions by their best message or their title, best first.

    Args:
        answer: of messages.
        sessions: every session that may be shown.
    """
    by_session: dict[SessionId, list[Ranked]] = {}
    for one in telling(answer):
        session_id = SessionId(one.session_id)
        if session_id in sessions:
            by_session.setdefault(session_id, []).append(one)
    titled = _score_of_titles(answer, len(titles))
    order = _order(by_session, dict.fromkeys(titles, titled), sessions)
    shown = _enough(order, sessions, limit)
    said = await _said(vault, answer, [by_session.get(s, []) for s in shown])
    current = await _joined(vault, shown)
    groups = [
        _group(current[s], by_session.get(s, []), titles.get(s), said)
        for s in shown
        if s in current
    ]
    return _apart((group for group in groups if group is not None), limit)


def _score_of_titles(answer: Answer, count: int) -> float:
    """What each of so many titles with all of the words counts as."""
    words = len({term.text for term in answer.weighed.evidence.terms})
    said = max((one.score for one in answer.hits if one.held >= words), default=_TITLE)
    return min(_TITLE, said + _LEAD) - log(max(count, 1))


def _order(
    by_session: Mapping[SessionId, Sequence[Ranked]],
    titles: Mapping[SessionId, float],
    sessions: Mapping[SessionId, KnownSession],
) -> list[SessionId]:
    """The best first, of equals the newest."""
    scores = {session_id: hits[0].score for session_id, hits in by_session.items()}
    for session_id, score in titles.items():
        scores[session_id] = max(scores.get(session_id, score), score)
    newest = sorted(scores, key=lambda s: (sessions[s].session.started_at, s), reverse=True)
    return sorted(newest, key=lambda session_id: -scores[session_id])


def _enough(
    order: Sequence[SessionId], sessions: Mapping[SessionId, KnownSession], limit: int
) -> list[SessionId]:
    """The first of each list."""
    left = {False: limit, True: limit}
    shown = []
    for session_id in order:
        archived = sessions[session_id].session.archived
        if left[archived]:
            left[archived] -= 1
            shown.append(session_id)
    return shown


async def _said(
    vault: Vault, answer: Answer, hits: Iterable[Sequence[Ranked]]
) -> dict[str, FoundHit]:
    """The best messages of each session, by id; those that are gone meanwhile are absent."""
    best = [one for of_session in hits for one in of_session[:_OF_A_GROUP]]
    messages = {m.id: m for m in await Reader(vault).messages_by_id(one.id for one in best)}
    return {
        one.id: in_message(one, message)
        for one in answer.explained(best)
        if (message := messages.get(MessageId(one.id))) is not None
    }


async def _joined(vault: Vault, session_ids: Sequence[SessionId]) -> dict[SessionId, Session]:
    """Sessions as they are now, in the order of the ids."""
    raw = tuple(map(id_bytes, session_ids))
    if not raw:
        return {}
    ask = HeadsQuery(vault_id=vault.raw, session_ids=raw, limit=len(raw))
    found = {s.id: s for s in await Reader(vault).join(await vault.storage.heads(ask))}
    return {session_id: found[session_id] for session_id in session_ids if session_id in found}


def _group(
    session: Session,
    ranked: Sequence[Ranked],
    title: FoundHit | None,
    messages: Mapping[str, FoundHit],
) -> FoundGroup | None:
    """None when nothing that was found in it is there any more."""
    said = [messages[one.id] for one in ranked[:_OF_A_GROUP] if one.id in messages]
    if not said and title is None:
        return None
    most = ranked[0].held if said else 0
    alike = sum(one.held == most for one in ranked) if said else 0
    hits = said if title is None else [title, *said]
    return FoundGroup(session=session, count=alike, hits=tuple(hits[:_OF_A_GROUP]))
