"""A file is opened the one way that keeps the promises, or not at all."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import apsw
import pytest

from holdfast.errors import (
    HoldfastError,
    StorageBusy,
    StorageFailed,
    StorageReadOnly,
    UnsafeSqlite,
)
from holdfast.storage.sqlite import SqliteKeyStorage, SqliteStorage, failures
from holdfast.storage.sqlite.connection import OpenFile, check_library, open_connection
from holdfast.testing import new_vault, vault_write

_PAGE_KEY = bytes(range(32))


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}


@pytest.mark.parametrize("reader", [True, False])
async def test_every_connection_is_safe(tmp_path: Path, *, reader: bool) -> None:
    """WAL, synchronous=FULL, secure_delete, foreign keys, nothing temporary in a file."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    await storage.close()

    connection = open_connection(
        OpenFile(path=path, page_key=_PAGE_KEY, busy_timeout_s=5), reader=reader
    )
    names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "temp_store")
    found = {name: connection.pragma(name) for name in names}
    rest = {name: connection.pragma(name) for name in ("trusted_schema", "query_only", "cipher")}
    connection.close()

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "temp_store": 2,
    }
    assert rest == {"trusted_schema": 0, "query_only": int(reader), "cipher": "aegis"}


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_an_unsafe_sqlite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Releases before 3.51.3 can corrupt a WAL database: nothing is opened with them."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)

    with pytest.raises(UnsafeSqlite):
        SqliteStorage.open(tmp_path / "data.db", page_key=None)
    with pytest.raises(UnsafeSqlite):
        SqliteKeyStorage.open(tmp_path / "keys.db")

    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_that_would_ignore_the_page_key_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A plain build takes `PRAGMA key` without a word and writes everything in the clear."""
    monkeypatch.delattr(apsw, "mc_version")

    with pytest.raises(UnsafeSqlite):
        check_library()


def test_the_sqlite_at_hand_is_safe() -> None:
    """The locked library passes its own check."""
    check_library()


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """0600 for the database, its -wal and -shm and the writers' locks; 0700 for new folders."""
    folder = tmp_path / "new" / "data"
    storage = SqliteStorage.open(folder / "data.db", page_key=None)
    keys = SqliteKeyStorage.open(folder / "data.keys.db")
    await new_vault(storage)
    mine = (await storage.writers()).mine
    modes = _modes(tmp_path)
    await storage.close()
    await keys.close()

    assert modes == {
        "new": 0o700,
        "data": 0o700,
        "data.db": 0o600,
        "data.db-wal": 0o600,
        "data.db-shm": 0o600,
        "data.db-writers": 0o700,
        str(mine): 0o600,
        "data.keys.db": 0o600,
        "data.keys.db-wal": 0o600,
        "data.keys.db-shm": 0o600,
    }


async def test_a_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    """A database copied with lax rights is tightened when it is opened."""
    path = tmp_path / "data.db"
    path.touch(0o644)

    storage = SqliteStorage.open(path, page_key=None)
    await storage.close()

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["/proc/none/data.db", "/proc/self/status", "/dev"])
def test_a_place_that_cannot_be_written_is_refused(place: str) -> None:
    """StorageReadOnly names the path, and what to check."""
    with pytest.raises((StorageReadOnly, StorageFailed)) as caught:
        SqliteStorage.open(place, page_key=None)

    assert caught.value.code == "storage_read_only"
    assert place in str(caught.value)


async def test_another_programs_file_is_not_taken(tmp_path: Path) -> None:
    """A database that is not ours is refused and stays as it was."""
    path = tmp_path / "other.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()

    with pytest.raises(StorageFailed, match="another program"):
        SqliteStorage.open(path, page_key=None)


async def test_a_key_file_is_not_taken_for_data(tmp_path: Path) -> None:
    """The two files have their own application ids."""
    path = tmp_path / "keys.db"
    keys = SqliteKeyStorage.open(path)
    await keys.close()

    with pytest.raises(StorageFailed, match="another program"):
        SqliteStorage.open(path, page_key=None)


async def test_promise_06_sealed_an_encrypted_file_shows_nothing(tmp_path: Path) -> None:
    """Not even plain columns and the schema can be read in the database, -wal or -shm."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    write = vault_write(owner_tag=b"canary-owner-tag")
    await storage.commit(write)
    files = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    await storage.close()
    files["closed"] = path.read_bytes()

    for name, content in files.items():
        for canary in (b"canary-owner-tag", write.vault_id, b"CREATE TABLE", b"owner_tag"):
            assert canary not in content, name


async def test_a_database_held_by_another_is_busy(tmp_path: Path) -> None:
    """StorageBusy after the busy timeout, nothing written, and service when it is let go."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=None, busy_timeout_s=0.01)
    other = open_connection(OpenFile(path=path, page_key=None, busy_timeout_s=1))
    other.execute("BEGIN IMMEDIATE")
    write = vault_write()

    with pytest.raises(StorageBusy):
        await storage.commit(write)
    other.execute("ROLLBACK")
    other.close()
    written = await storage.commit(write)
    await storage.close()

    assert written.rev == 1


def test_every_error_of_the_driver_has_a_meaning() -> None:
    """A new release of the driver with a new error class fails here."""
    classes = {
        one for one in vars(apsw).values() if isinstance(one, type) and issubclass(one, apsw.Error)
    }

    assert classes == set(failures.MEANING)


@pytest.mark.parametrize("error", failures.MEANING, ids=lambda error: error.__name__)
def test_a_driver_error_becomes_a_domain_error(error: type[apsw.Error]) -> None:
    """Caused by the driver's, without its text: that could quote what somebody wrote."""
    with pytest.raises(HoldfastError) as caught, failures.translated_errors():
        raise error("canary")

    assert isinstance(caught.value.__cause__, error)
    assert type(failures.translated(error("canary"))) is type(caught.value)
    assert "canary" not in str(caught.value)


def test_other_errors_are_not_touched() -> None:
    """A mistake in our own code stays what it is."""
    mistake = KeyError("x")

    assert failures.translated(mistake) is mistake


@pytest.mark.parametrize("kind", ["data", "keys"])
def test_a_storage_that_is_only_dropped_warns(tmp_path: Path, kind: str) -> None:
    """ResourceWarning, so that tests find what was left open."""
    opened: list[object] = []
    if kind == "data":
        opened.append(SqliteStorage.open(tmp_path / "data.db", page_key=None))
    else:
        opened.append(SqliteKeyStorage.open(tmp_path / "keys.db"))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        opened.clear()
        gc.collect()

    assert [one.category for one in caught] == [ResourceWarning]


async def test_a_page_key_is_never_printed(tmp_path: Path) -> None:
    """Neither by repr of what holds it, nor in an error about it."""
    file = OpenFile(path=tmp_path / "data.db", page_key=_PAGE_KEY, busy_timeout_s=5)

    assert _PAGE_KEY.hex() not in repr(file)
    assert repr(_PAGE_KEY)[2:-1] not in repr(file)
