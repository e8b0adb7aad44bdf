"""How a person wants to have it: sealed in their vault, the same on all of their devices."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.keeper.setting_records import SettingRecord
from holdfast.keeper.store import Store
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


_RECORD = SettingRecord("preferences", Preferences(), tagged=True)


async def preferences_of(vault: Vault) -> Preferences:
    """The preferences of a vault's owner.

    Raises:
        TamperedRecord, UnknownEnvelope: they do not open; they are not taken for unmade.
    """
    return (await _RECORD.read(vault)).body


async def change_preferences(
    store: Store,
    vault: Vault,
    *,
    language: Language | None = None,
    theme: Theme | None = None,
    answers: Answering | None = None,
) -> Preferences:
    """Choose anew; what is None stays. Returns what holds now."""

    def chosen(known: Preferences) -> Preferences:
        return Preferences(
            language=language or known.language,
            theme=theme or known.theme,
            answers=answers or known.answers,
        )

    return await _RECORD.change(store, vault, chosen)
