"""Sessions by what was found in them: the best messages of each, and titles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from holdfast.clock import id_bytes
from holdfast.keeper.find_words import Narrowing
from holdfast.keeper.found import FoundGroup, FoundHit
from holdfast.keeper.known import KnownSession
from holdfast.keeper.matching import Matching, is_telling
from holdfast.model import Message, Session, SessionId
from holdfast.recall.asking import Ranked
from holdfast.storage.protocol import HeadsQuery
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Groups", "grouped", "is_among", "listed"]

_OF_A_GROUP = 3
_LOOKED_THROUGH = 8
"""Messages of a group that are opened when a phrase must or must not be in them."""
_TITLE = 5.0
"""What a title with all of the words counts as: more than one common word in a message does, less
than several rare ones."""


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
    ranked: Iterable[Ranked],
    titles: Mapping[SessionId, FoundHit],
    sessions: Mapping[SessionId, KnownSession],
    matching: Matching,
    *,
    limit: int,
) -> Groups:
    """Sessions by their best message or their title, best first.

    Args:
        ranked: messages, best first.
        sessions: every session that may be shown.
    """
    by_session: dict[SessionId, list[Ranked]] = {}
    for one in ranked:
        if is_telling(one):
            by_session.setdefault(SessionId(one.session_id), []).append(one)
    order = _order(by_session, titles)
    shown = _enough([s for s in order if s in sessions], sessions, limit, matching)
    messages = await _messages(vault, [by_session.get(s, []) for s in shown], matching)
    current = await _joined(vault, shown)
    groups = [
        _group(current[s], by_session.get(s, []), titles.get(s), messages, matching)
        for s in shown
        if s in current
    ]
    return _apart((group for group in groups if group is not None), limit)


def _order(
    by_session: Mapping[SessionId, Sequence[Ranked]], titles: Collection[SessionId]
) -> list[SessionId]:
    scores = {session_id: hits[0].score for session_id, hits in by_session.items()}
    for session_id in titles:
        scores[session_id] = max(scores.get(session_id, _TITLE), _TITLE)
    return sorted(scores, key=lambda session_id: (-scores[session_id], session_id))


def _enough(
    order: Sequence[SessionId],
    sessions: Mapping[SessionId, KnownSession],
    limit: int,
    matching: Matching,
) -> list[SessionId]:
    """The first of each list, and more when some of them may be refused."""
    most = 3 * limit if matching.demands else limit
    left = {False: most, True: most}
    shown = []
    for session_id in order:
        archived = sessions[session_id].session.archived
        if left[archived]:
            left[archived] -= 1
            shown.append(session_id)
    return shown


async def _messages(
    vault: Vault, hits: Iterable[Sequence[Ranked]], matching: Matching
) -> dict[str, Message]:
    """The best messages of each session, by id."""
    most = _LOOKED_THROUGH if matching.demands else _OF_A_GROUP
    ids = [one.id for of_session in hits for one in of_session[:most]]
    return {message.id: message for message in await Reader(vault).messages_by_id(ids)}


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
    messages: Mapping[str, Message],
    matching: Matching,
) -> FoundGroup | None:
    """None when nothing that was found in it is admitted."""
    said = [hit for one in ranked if (hit := matching.message(one, messages.get(one.id)))]
    if not said and title is None:
        return None
    most = ranked[0].held if said else 0
    alike = sum(one.held == most for one in ranked) if said else 0
    hits = said if title is None else [title, *said]
    return FoundGroup(session=session, count=alike, hits=tuple(hits[:_OF_A_GROUP]))
