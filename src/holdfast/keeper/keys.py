"""Upkeep of keys: which is in force, rotating the root, rotating a vault's own."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.keeper.store import Store
from holdfast.vault.root import KeyFile, RootKeySource
from holdfast.vault.rotation import RotationReport, rotate_vault_key
from holdfast.vault.vault import Vault

__all__ = ["KeyStatus", "Keys"]


class KeyStatus(Struct, frozen=True, kw_only=True):
    """Which keys are in force; fingerprints only."""

    root_fingerprint: str
    source: str
    vault_keys: int
    erasures: int
    audit_entries: int


class Keys:
    """The keys of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def status(self) -> KeyStatus:
        """Fingerprint of the root key, where it comes from, and counts."""
        keyring = self._store.keyring
        return KeyStatus(
            root_fingerprint=keyring.root_fingerprint.hex(),
            source=type(self._store.source).__name__,
            vault_keys=len(await keyring.storage.all_vault_keys()),
            erasures=len(await keyring.storage.erasures()),
            audit_entries=len(await keyring.storage.audit()),
        )

    async def rotate_root(self, new: RootKeySource | None = None) -> int:
        """Wrap every vault key under a new root key; no content is touched.

        Args:
            new: where the new root key comes from. None makes a new key file in the place of the
                old one; a process that dies on the way is safe: the next start finishes it.

        Returns:
            The number of vault keys wrapped anew.

        Raises:
            BadInput: no new source is given and the root key is not in a key file.
            Conflict: somebody else rotated it meanwhile.
        """
        store = self._store
        if new is None:
            if not isinstance(store.source, KeyFile):
                raise BadInput("root key", "it is not in a key file: name the new one")
            root = store.source.begin_rotation()
            count = await store.keyring.rotate_root(root)
            store.source.finish_rotation()
        else:
            root, saved = new.load(None, expected=None)
            count = await store.keyring.rotate_root(root, saved)
            store.source = new
        body: dict[str, object] = {"action": "keys.rotate_root", "vault_keys": count}
        await store.keyring.record_audit({**body, "root": root.fingerprint.hex()})
        return count

    async def rotate_vault(
        self, vault: Vault, *, progress: Callable[[int, int], None] | None = None
    ) -> RotationReport:
        """Seal everything of a vault under new keys: readable throughout, safe to kill."""
        report = await rotate_vault_key(vault, progress=progress)
        await self._store.drop_derived(vault)
        return report
