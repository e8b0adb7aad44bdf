"""Looking at a store that is not opened: its page key, its schema. Nothing is made or changed."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.errors import VaultLocked
from holdfast.keeper.opening import OpenOptions, source_of
from holdfast.storage import StorageUrl, keys_path_of, open_keys
from holdfast.storage.upkeep import SchemaFound, file_of, schema_of
from holdfast.vault.keyring import Keyring

__all__ = ["page_key_of", "schema_found", "where_of"]


def where_of(options: OpenOptions) -> StorageUrl:
    """The store's files, without a page key."""
    return StorageUrl(
        url=options.url,
        keys_path=options.keys_path,
        busy_timeout_s=options.busy_timeout_s,
        migrate=options.migrate,
    )


async def page_key_of(options: OpenOptions) -> bytes:
    """The key that encrypts the data file as a whole.

    Raises:
        BadInput: the store is not in files.
        VaultLocked: the file of wrapped keys is not there.
        RootKeyMissing, RootKeyWrong, RootKeyExposed: the root key does not fit.
    """
    where = where_of(options)
    if not (where.keys_path or keys_path_of(file_of(where))).exists():
        raise VaultLocked
    keys = await open_keys(where)
    try:
        keyring = await Keyring.open(
            keys, source_of(options), data_exists=True, clock=options.clock
        )
        return keyring.page_key
    finally:
        await keys.close()


async def schema_found(options: OpenOptions) -> SchemaFound:
    """The schema of the data file, and the one this release knows.

    Raises:
        SchemaTooNew: the file needs a newer release.
        StorageFailed, KeyFailure: or one of their kinds, as `page_key_of`.
    """
    return await schema_of(replace(where_of(options), page_key=await page_key_of(options)))
