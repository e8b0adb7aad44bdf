"""The keys under which a page keeps what was typed and not sent.

Each version of a vault's key gives one. What was typed under the one of before is still wanted
after a rotation, when the key that it came from is destroyed: so those in use lie in the vault, as
a record of its own that is sealed anew with everything else and ends with it.
"""

from __future__ import annotations

from msgspec import Struct, field

from holdfast.errors import StorageBusy, StorageFull, StorageReadOnly
from holdfast.keeper.setting_records import SettingRecord
from holdfast.keeper.store import Store
from holdfast.vault.vault import Vault

__all__ = ["draft_keys_of"]

_KEPT = 3
"""Keys of so many versions: a browser that is opened after two rotations loses nothing."""


class _DraftKeys(Struct, frozen=True, omit_defaults=True):
    """By version of the vault's key."""

    keys: dict[int, bytes] = field(default_factory=dict)


_RECORD = SettingRecord("draft keys", _DraftKeys())


async def draft_keys_of(store: Store, vault: Vault) -> tuple[bytes, ...]:
    """The key to seal under, and behind it, newest first, those that may open what is older.

    Writes where a key is new: once for each version of the vault's key, and as soon as that can be
    written.

    Raises:
        VaultErased, VaultLocked, RootKeyWrong: the vault does not open.
        TamperedRecord, UnknownEnvelope: the record of the keys does not.
    """
    derived = await vault.keyring.draft_keys(vault.raw)

    def with_new_ones(known: _DraftKeys) -> _DraftKeys:
        every = known.keys | derived
        return _DraftKeys({version: every[version] for version in sorted(every)[-_KEPT:]})

    try:
        kept = (await _RECORD.change(store, vault, with_new_ones)).keys
    except (StorageBusy, StorageFull, StorageReadOnly):
        # Whoever only looks is not turned away by a full disk: it is written when they come next.
        kept = with_new_ones((await _RECORD.read(vault)).body).keys
    return tuple(kept[version] for version in sorted(kept, reverse=True))
