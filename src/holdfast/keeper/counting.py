"""Counts of what was said: day by day, and with whom and for what. From plain columns alone.

No message is opened for it. What is in the trash is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary

from msgspec import Struct

from holdfast.clock import from_ms, id_text, to_ms
from holdfast.errors import BadInput
from holdfast.keeper.memory_facts import projects_of
from holdfast.keeper.moments import clock_in
from holdfast.keeper.store import Store
from holdfast.keeper.trash import trashed_sessions
from holdfast.model import SessionId
from holdfast.storage.protocol import HeadsQuery, Kind, RowSpan, SessionHead, State
from holdfast.vault.vault import Vault

__all__ = ["Tallies", "Tally", "activity_of", "tallies_of"]

_ALL = 1_000_000
_MOST_DAYS = 3660
_STEP_MS = 15 * 60_000
"""Days begin on a quarter of an hour everywhere: what was said is counted by those."""


class Tally(Struct, kw_only=True):
    """What there is with one assistant, or for one project."""

    sessions: int = 0
    messages: int = 0
    memories: int = 0
    last_ms: int | None = None
    """Of the latest message; None when there is no session."""


class Tallies(Struct, frozen=True, kw_only=True):
    """By slug."""

    assistants: Mapping[str, Tally]
    projects: Mapping[str, Tally]


class _Session(Struct):
    """What was counted of a session, and at which of its revisions."""

    rev: int
    steps: Counter[int]


_counted: WeakKeyDictionary[Vault, dict[bytes, _Session]] = WeakKeyDictionary()
"""Counts of quarter hours, kept as long as the vault is in use; they are of plain columns."""


async def activity_of(
    store: Store, vault: Vault, *, zone: str, days: int
) -> list[tuple[date, int]]:
    """How many messages were said on each of the last so many days, oldest first.

    Days without any are left out.

    Args:
        zone: where the days begin, as in "Europe/Oslo".
        days: 1 to 3,660, today among them.

    Raises:
        BadInput: the days are out of bounds, or there is no such zone.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise BadInput("days", f"it is 1 to {_MOST_DAYS:,}")
    now = clock_in(zone, store.clock)()
    today, there = now.date(), now.tzinfo
    first = today - timedelta(days=days - 1)
    first_ms = to_ms(datetime(first.year, first.month, first.day, tzinfo=there))
    steps: Counter[int] = Counter()
    known = _counted.setdefault(vault, {})
    heads = await _heads(vault)
    for head in heads:
        if head.last_ms >= first_ms and head.messages:
            steps.update(await _steps(vault, known, head))
    found: Counter[date] = Counter()
    for step, count in steps.items():
        found[from_ms(step * _STEP_MS).astimezone(there).date()] += count
    kept = {head.session_id for head in heads}
    for gone in [raw for raw in known if raw not in kept]:
        known.pop(gone, None)
    return sorted((day, count) for day, count in found.items() if first <= day <= today)


async def tallies_of(store: Store, vault: Vault) -> Tallies:
    """What there is with each assistant and for each project that has a session."""
    known = await store.known.sessions(vault)
    slugs = {one.session.id: (one.session.assistant, one.session.project) for one in known}
    assistants: dict[str, Tally] = {}
    projects: dict[str, Tally] = {}
    for head in await _heads(vault):
        for slug, among in zip(
            slugs.get(SessionId(id_text(head.session_id)), ()), (assistants, projects), strict=False
        ):
            if slug is not None:
                tally = among.setdefault(slug, Tally())
                tally.sessions += 1
                tally.messages += head.messages
                tally.last_ms = max(tally.last_ms or 0, head.last_ms)
    # As the list of memories is narrowed to an assistant or a project.
    of_session = await projects_of(store, vault)
    for memory in await store.known.memories(vault):
        for slug, among in (
            (memory.assistant, assistants),
            (of_session.get(memory.session_id or ""), projects),
        ):
            if slug in among:
                among[slug].memories += 1
    return Tallies(assistants=assistants, projects=projects)


async def _heads(vault: Vault) -> list[SessionHead]:
    trashed = await trashed_sessions(vault)
    heads = await vault.storage.heads(HeadsQuery(vault_id=vault.raw, limit=_ALL))
    return [head for head in heads if id_text(head.session_id) not in trashed]


async def _steps(vault: Vault, known: dict[bytes, _Session], head: SessionHead) -> Counter[int]:
    found = known.get(head.session_id)
    if found is None or found.rev != head.rev:
        rows = await vault.storage.rows(
            RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=head.session_id, limit=_ALL)
        )
        steps = Counter(row.at_ms // _STEP_MS for row in rows if row.state is State.LIVE)
        found = known[head.session_id] = _Session(head.rev, steps)
    return found.steps
