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

from holdfast.clock import id_bytes, to_ms
from holdfast.errors import Conflict
from holdfast.keeper.store import Store
from holdfast.model import Message, Pause, Session
from holdfast.storage.protocol import ByIds, Kind, OnceTag, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["begun", "is_paused", "learnable", "pause_vault", "pauses_of"]


class _PausesBody(Struct, omit_defaults=True):
    pauses: tuple[Pause, ...] = ()


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
    row = await _row(vault)
    return () if row is None else (await vault.open_records([row], _PausesBody))[0].pauses


async def pause_vault(store: Store, vault: Vault, *, learning: bool) -> tuple[Pause, ...]:
    """Stop learning in all of a vault, or take it up again; returns its pauses."""
    while True:
        row = await _row(vault)
        known = () if row is None else (await vault.open_records([row], _PausesBody))[0].pauses
        now = store.clock()
        pauses = begun(known, now, learning=learning)
        if pauses == known:
            return known
        record_id = id_bytes(store.ids()) if row is None else row.id
        sealed = await vault.seal_record(
            Kind.SETTING,
            record_id,
            _PausesBody(pauses=pauses),
            at_ms=to_ms(now) if row is None else row.at_ms,
            version=0 if row is None else row.version + 1,
        )
        once = OnceTag(tag=_tag(vault), id=record_id) if row is None else None
        try:
            await vault.commit(put=(sealed,), once=once)
        except Conflict:
            continue
        return pauses


async def is_paused(vault: Vault, session: Session) -> bool:
    """Whether nothing is to be learned from a session just now."""
    return any(pause.until is None for pause in (*session.pauses, *await pauses_of(vault)))


async def learnable(vault: Vault, session: Session, messages: Iterable[Message]) -> list[Message]:
    """Those messages of a session that were not said while learning was paused."""
    pauses = (*session.pauses, *await pauses_of(vault))
    return [m for m in messages if not any(pause.covers(m.at) for pause in pauses)]


def _tag(vault: Vault) -> bytes:
    return vault.keyring.tag(vault.raw, "setting", "pauses")


async def _row(vault: Vault) -> SealedRow | None:
    raw = await vault.storage.once(vault.raw, _tag(vault))
    if raw is None:
        return None
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
    return rows[0] if rows else None
