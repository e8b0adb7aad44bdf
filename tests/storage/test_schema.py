"""The schema is the sum of its deltas, and moving to it is safe at every step."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from holdfast.errors import RootKeyWrong, SchemaTooNew, StorageFailed
from holdfast.storage.protocol import VaultRow
from holdfast.storage.sqlite import SqliteStorage, migrate
from holdfast.storage.sqlite.connection import OpenFile, open_connection, prepare_file
from holdfast.storage.sqlite.migrate import DATA_SCHEMA, KEYS_SCHEMA, Schema, deltas_of
from holdfast.storage.sqlite.queries import load_queries, read_sql, statements

_PAGE_KEY = bytes(range(32))
_OLD_VAULT = VaultRow(
    vault_id=bytes(16), account_id=b"a", owner_tag=b"ada", kind="user", created_ms=5, rev=1
)


def _schema_of(connection: apsw.Connection) -> set[tuple[str, str, str]]:
    """(type, name, statement with one space between words) of everything in a database."""
    found = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")
    return {(kind, name, re.sub(r"\s+", " ", sql)) for kind, name, sql in found}


def _open(path: Path, page_key: bytes | None = _PAGE_KEY) -> apsw.Connection:
    prepare_file(path)
    return open_connection(OpenFile(path=path, page_key=page_key, busy_timeout_s=5))


def _write_meta(connection: apsw.Connection, version: int, compat: int) -> None:
    for name, value in (("schema_version", version), ("schema_compat_version", compat)):
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _make_old_file(path: Path) -> None:
    """A data file of schema 1 with one vault, as the first release left it."""
    connection = _open(path)
    for statement in statements(read_sql("deltas/0001_initial.sql")):
        connection.execute(statement)
    _write_meta(connection, 1, 1)
    connection.pragma("application_id", DATA_SCHEMA.application_id)
    connection.pragma("user_version", 1)
    connection.execute(
        "INSERT INTO vaults VALUES (?, ?, ?, 'user', 5, 1, 0, 1)", (bytes(16), b"a", b"ada")
    )
    connection.close()


@pytest.mark.parametrize("schema", [DATA_SCHEMA, KEYS_SCHEMA], ids=["data", "keys"])
def test_the_schema_is_the_sum_of_its_deltas(schema: Schema) -> None:
    """A database built from schema.sql equals one built delta by delta."""
    at_once, by_steps = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    for statement in statements(read_sql(schema.file)):
        at_once.execute(statement)
    for _, name in deltas_of(schema):
        for statement in statements(read_sql(name)):
            by_steps.execute(statement)

    assert _schema_of(at_once) == _schema_of(by_steps)
    at_once.close()
    by_steps.close()


@pytest.mark.parametrize("schema", [DATA_SCHEMA, KEYS_SCHEMA], ids=["data", "keys"])
def test_the_last_delta_leads_to_the_present_version(schema: Schema) -> None:
    """Deltas are numbered 1, 2, 3 ... up to SCHEMA_VERSION."""
    numbers = [number for number, _ in deltas_of(schema)]

    assert numbers == list(range(1, schema.version + 1))
    assert 1 <= schema.compat_version <= schema.version


@pytest.mark.parametrize("file", ["queries.sql", "keys_queries.sql"])
def test_every_query_is_valid_and_uses_named_parameters(file: str) -> None:
    """Each block is one statement that the schema understands; no ? stands in any of them."""
    connection = apsw.Connection(":memory:")
    for statement in statements(read_sql(file.replace("queries", "schema"))):
        connection.execute(statement)

    for name, sql in load_queries(file).items():
        names = set(re.findall(r":\w+", sql))
        connection.execute(f"EXPLAIN {sql}", (None,) * len(names))
        assert "?" not in sql, name
        assert ";" not in sql, name
    connection.close()


async def test_an_older_file_is_migrated_and_copied_before(tmp_path: Path) -> None:
    """What was in it stays; the copy has the old schema and opens under the same page key only."""
    path = tmp_path / "data.db"
    _make_old_file(path)

    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    vault = await storage.vault(bytes(16))
    await storage.close()

    assert vault == _OLD_VAULT
    present, fresh = _open(path), _open(tmp_path / "fresh.db")
    migrate.bring_up_to_date(
        fresh, OpenFile(path=path, page_key=_PAGE_KEY, busy_timeout_s=5), DATA_SCHEMA, migrate=True
    )
    before = _open(tmp_path / "data.db.before-1")
    assert _schema_of(present) == _schema_of(fresh)
    assert present.pragma("user_version") == DATA_SCHEMA.version
    assert before.pragma("user_version") == 1
    assert "records_open_idx" not in {name for _, name, _ in _schema_of(before)}
    for connection in (present, fresh, before):
        connection.close()
    with pytest.raises(RootKeyWrong):
        _open(tmp_path / "data.db.before-1", bytes(32))
    assert (tmp_path / "data.db.before-1").stat().st_mode & 0o777 == 0o600


def test_an_older_file_is_left_alone_when_told_so(tmp_path: Path) -> None:
    """With migrate=False the caller hears that the schema is old, and nothing changes."""
    path = tmp_path / "data.db"
    _make_old_file(path)

    with pytest.raises(StorageFailed, match="holdfast migrate"):
        SqliteStorage.open(path, page_key=_PAGE_KEY, migrate=False)

    connection = _open(path)
    assert connection.pragma("user_version") == 1
    connection.close()
    assert [one.name for one in tmp_path.iterdir()] == ["data.db"]


@pytest.mark.parametrize("migrating", [True, False])
async def test_a_newer_schema_is_refused(tmp_path: Path, *, migrating: bool) -> None:
    """SchemaTooNew when the file says that older code must not open it; never a guess."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=None)
    await storage.close()
    connection = _open(path, None)
    _write_meta(connection, 9, 9)
    connection.close()

    with pytest.raises(SchemaTooNew) as caught:
        SqliteStorage.open(path, page_key=None, migrate=migrating)

    assert (caught.value.found, caught.value.known) == (9, DATA_SCHEMA.version)


async def test_a_newer_schema_that_old_code_may_open_is_opened(tmp_path: Path) -> None:
    """A release back is possible for as long as the file's compat version allows it."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=None)
    await storage.close()
    connection = _open(path, None)
    _write_meta(connection, 9, DATA_SCHEMA.version)
    connection.close()

    storage = SqliteStorage.open(path, page_key=None)
    await storage.close()


_KILLED = """
import os, signal, sys
from holdfast.storage.sqlite import SqliteStorage, migrate

left = int(sys.argv[2])
upgrade = migrate._upgrade

def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return True

def counted(connection, schema):
    connection.exec_trace = count
    upgrade(connection, schema)
    os.write(1, b"survived")

migrate._upgrade = counted
SqliteStorage.open(sys.argv[1], page_key=bytes(range(32)))
os._exit(0)
"""


def test_a_kill_at_any_statement_of_a_migration_leaves_the_old_or_the_new_schema(
    tmp_path: Path,
) -> None:
    """Killed before its n-th statement, for every n; the next opening finishes the migration."""
    versions = []
    for left in range(100):
        path = tmp_path / str(left) / "data.db"
        _make_old_file(path)
        command = [sys.executable, "-c", _KILLED, str(path), str(left)]
        done = subprocess.run(command, capture_output=True, check=False)
        connection = _open(path)
        version, names = (
            connection.pragma("user_version"),
            {n for _, n, _ in _schema_of(connection)},
        )
        connection.close()

        assert ("records_open_idx" in names) == (version == 2)
        assert ("records_chunks_idx" in names) == (version == 2)
        versions.append(version)
        if done.stdout == b"survived":
            break

    assert len(versions) > 5
    assert versions == [1] * (len(versions) - 1) + [2]
