"""How a person wants to have it: sealed in their vault, the same on all of their devices."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.clock import id_bytes, to_ms
from holdfast.errors import Conflict
from holdfast.keeper.store import Store
from holdfast.storage.protocol import ByIds, Kind, OnceTag, SealedRow
from holdfast.vault.vault import Vault

__all__ = [
    "Answering",
    "Language",
    "Preferences",
    "Theme",
    "change_preferences",
    "preferences_of",
]

Language: TypeAlias = Literal["auto", "en", "de"]
Theme: TypeAlias = Literal["auto", "light", "dark"]
Answering: TypeAlias = Literal["model", "quotes"]


class Preferences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person has chosen. One that was never made is as here."""

    language: Language = "auto"
    """Of the page; auto is that of the browser."""
    theme: Theme = "auto"
    """Of the page; auto is that of the system."""
    answers: Answering = "model"
    """Whether the model words the answers, when there is one, or they are quoted here."""


async def preferences_of(vault: Vault) -> Preferences:
    """The preferences of a vault's owner.

    Raises:
        TamperedRecord, UnknownEnvelope: they do not open; they are not taken for unmade.
    """
    row = await _row(vault)
    return Preferences() if row is None else await _opened(vault, row)


async def change_preferences(
    store: Store,
    vault: Vault,
    *,
    language: Language | None = None,
    theme: Theme | None = None,
    answers: Answering | None = None,
) -> Preferences:
    """Choose anew; what is None stays. Returns what holds now."""
    while True:
        row = await _row(vault)
        known = Preferences() if row is None else await _opened(vault, row)
        chosen = Preferences(
            language=language or known.language,
            theme=theme or known.theme,
            answers=answers or known.answers,
        )
        if chosen == known:
            return known
        record_id = id_bytes(store.ids()) if row is None else row.id
        sealed = await vault.seal_record(
            Kind.SETTING,
            record_id,
            chosen,
            at_ms=to_ms(store.clock()) if row is None else row.at_ms,
            version=0 if row is None else row.version + 1,
        )
        once = OnceTag(tag=_tag(vault), id=record_id) if row is None else None
        try:
            await vault.commit(put=(sealed,), once=once)
        except Conflict:  # another device chose in the same moment
            continue
        return chosen


async def _opened(vault: Vault, row: SealedRow) -> Preferences:
    return (await vault.open_records([row], Preferences))[0]


def _tag(vault: Vault) -> bytes:
    return vault.keyring.tag(vault.raw, "setting", "preferences")


async def _row(vault: Vault) -> SealedRow | None:
    raw = await vault.storage.once(vault.raw, _tag(vault))
    if raw is None:
        return None
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
    return rows[0] if rows else None
