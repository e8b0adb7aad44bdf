"""What is never stored: the same recorder over a store in memory, under a key of its own.

There is no second way to write a turn, not even for what is not kept.
"""

from __future__ import annotations

from holdfast.capture.checks import checked_name
from holdfast.keeper.indexes import Indexes
from holdfast.keeper.store import Store
from holdfast.storage.memory import MemoryKeyStorage, MemoryStorage
from holdfast.vault.envelope import new_secret
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import GivenKey, key_text
from holdfast.vault.vault import Vault

__all__ = ["temporary_vault"]


async def temporary_vault(store: Store, user_id: str) -> tuple[Store, Vault]:
    """A vault in a store of its own, of which nothing outlives the returned objects.

    Raises:
        BadInput, TooLarge: the user's name cannot be kept.
    """
    source = GivenKey(key_text(new_secret()))
    keyring = await Keyring.open(MemoryKeyStorage(), source, data_exists=False, clock=store.clock)
    storage = MemoryStorage()
    own = Store(
        storage=storage,
        keyring=keyring,
        indexes=Indexes(store.indexes.make_embedder, folder=None),
        source=source,
        clock=store.clock,
        ids=store.ids,
        limits=store.limits,
        writer=(await storage.writers()).mine,
        account="ephemeral",
        data_path=None,
        keys_path=None,
    )
    return own, await own.make_vault("user", checked_name("user", user_id, store.limits))
