"""Learning paused by its owner, for one session or for all of a vault, and resumed.

A pause is a stretch of time: what is said in it is recorded and can be recalled like everything
else, and nothing is ever distilled from it, also when the worker comes by long after. A pause of a
session is sealed with the session; one of the vault is a sealed record of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.keeper.setting_records import SettingRecord
from holdfast.keeper.store import Store
from holdfast.model import Message, Pause, Session
from holdfast.vault.vault import Vault

__all__ = ["begun", "is_paused", "learnable", "pause_vault", "pauses_of", "with_pauses"]


class _PausesBody(Struct, frozen=True, omit_defaults=True):
    pauses: tuple[Pause, ...] = ()


_RECORD = SettingRecord("pauses", _PausesBody(), tagged=True)


def begun(pauses: Sequence[Pause], now: datetime, *, learning: bool) -> tuple[Pause, ...]:
    """The pauses when learning is stopped or taken up now; the same when it already is."""
    known = tuple(pauses)
    open_since = bool(known) and known[-1].until is None
    if learning and open_since:
        return (*known[:-1], replace(known[-1], until=now))
    if not learning and not open_since:
        return (*known, Pause(since=now))
    return known


async def pauses_of(vault: Vault) -> tuple[Pause, ...]:
    """The pauses of a vault, oldest first; the last one goes on when it has no end."""
    return (await _RECORD.read(vault)).body.pauses


async def pause_vault(store: Store, vault: Vault, *, learning: bool) -> tuple[Pause, ...]:
    """Stop learning in all of a vault, or take it up again; returns its pauses."""

    def changed(known: _PausesBody) -> _PausesBody:
        return _PausesBody(pauses=begun(known.pauses, store.clock(), learning=learning))

    return (await _RECORD.change(store, vault, changed)).pauses


async def is_paused(vault: Vault, session: Session) -> bool:
    """Whether nothing is to be learned from a session just now."""
    return any(pause.until is None for pause in (*session.pauses, *await pauses_of(vault)))


async def learnable(vault: Vault, session: Session, messages: Iterable[Message]) -> list[Message]:
    """Those messages of a session that were not said while learning was paused."""
    pauses = (*session.pauses, *await pauses_of(vault))
    return [m for m in messages if not any(pause.covers(m.at) for pause in pauses)]


def with_pauses(session: Session, pauses: Iterable[Pause], now: datetime) -> Session:
    """A session that leaves its vault: it takes along the vault's pauses that it was held in, as
    far as they have come. Its own stand behind them: the last one may go on."""
    so_far = [replace(pause, until=pause.until or now) for pause in pauses]
    begin, end = session.started_at, session.last_at
    held_in = [pause for pause in so_far if pause.covers(begin) or begin <= pause.since <= end]
    return replace(session, pauses=(*held_in, *session.pauses))
