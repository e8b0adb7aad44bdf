"""Opening by URL: one dict of schemes, files where they were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import BadInput
from holdfast.storage import BACKENDS, StorageUrl, keys_path_of, open_keys, open_storage
from holdfast.storage.memory import MemoryKeyStorage, MemoryStorage
from holdfast.storage.protocol import KeyStorage, KeyWrite, Storage
from holdfast.storage.sqlite import SqliteKeyStorage, SqliteStorage
from holdfast.testing import vault_write


async def test_a_sqlite_url_opens_a_data_file_and_a_key_file_beside_it(tmp_path: Path) -> None:
    """Folders are made; keys are `<stem>.keys.db` unless another path is given."""
    where = StorageUrl(url=f"sqlite:///{tmp_path}/deep/holdfast.db")

    keys, storage = await open_keys(where), await open_storage(where)
    await keys.close()
    await storage.close()

    assert isinstance(keys, SqliteKeyStorage)
    assert isinstance(storage, SqliteStorage)
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {
        "holdfast.db",
        "holdfast.keys.db",
    }


async def test_keys_may_stand_elsewhere(tmp_path: Path) -> None:
    """The key file can be put on another disk than the data."""
    path = tmp_path / "elsewhere" / "keys"
    where = StorageUrl(url=f"sqlite:///{tmp_path}/holdfast.db", keys_path=path)

    keys = await open_keys(where)
    await keys.close()

    assert path.exists()


def test_three_slashes_are_relative_and_four_absolute() -> None:
    """As in every other program that takes a sqlite URL; percent signs are decoded."""
    assert StorageUrl(url="sqlite:///data/holdfast.db").path == Path("data/holdfast.db")
    assert StorageUrl(url="sqlite:////data/my%20file.db").path == Path("/data/my file.db")
    assert keys_path_of(Path("data/holdfast.db")) == Path("data/holdfast.keys.db")


async def test_every_memory_is_a_new_one() -> None:
    """Nothing is shared between two openings of memory:."""
    where = StorageUrl(url="memory:")
    first, second = await open_storage(where), await open_storage(where)
    await first.commit(vault_write())

    assert isinstance(first, MemoryStorage)
    assert isinstance(await open_keys(where), MemoryKeyStorage)
    assert await second.vaults() == []


@pytest.mark.parametrize("url", ["", "holdfast.db", "mysql://x", "sqlite:", "sqlite:///", "sqlite"])
async def test_an_unknown_url_is_refused(url: str) -> None:
    """BadInput says what a URL must look like; nothing is made."""
    with pytest.raises(BadInput):
        await open_storage(StorageUrl(url=url))
    with pytest.raises(BadInput):
        await open_keys(StorageUrl(url=url))


async def test_every_backend_offers_both_protocols(tmp_path: Path) -> None:
    """A new entry in the dict is a whole backend."""
    for scheme in BACKENDS:
        where = StorageUrl(url=f"{scheme}:///{tmp_path}/{scheme}.db")
        keys, storage = await open_keys(where), await open_storage(where)
        await keys.commit(KeyWrite())
        await keys.close()
        await storage.close()

        assert isinstance(keys, KeyStorage)
        assert isinstance(storage, Storage)
