"""From no schema, or an older one, to the present one; from a newer one not at all."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from holdfast.errors import SchemaTooNew, StorageFailed
from holdfast.storage.sqlite.backup import copy_database
from holdfast.storage.sqlite.connection import OpenFile, open_connection
from holdfast.storage.sqlite.failures import translated_errors
from holdfast.storage.sqlite.queries import read_sql, statements

__all__ = [
    "DATA_SCHEMA",
    "KEYS_SCHEMA",
    "Schema",
    "bring_up_to_date",
    "deltas_of",
    "version_of",
]


class Schema(Struct, frozen=True, kw_only=True):
    """One of our file formats."""

    application_id: int
    """Stands in the header of the file, so that another program's file is never taken for ours."""
    version: int
    compat_version: int
    """The oldest schema version whose code may open the file as it is written now."""
    file: str
    deltas: str


DATA_SCHEMA = Schema(
    application_id=0x484F4C44,  # "HOLD"
    # 1: the first schema.
    # 2: records_open_idx, records_chunks_idx. Code for 1 can use such a file.
    version=2,
    compat_version=1,
    file="schema.sql",
    deltas="deltas",
)
KEYS_SCHEMA = Schema(
    application_id=0x484F4C4B,  # "HOLK"
    # 1: the first schema.
    # 2: anchors. Code for 1 can use such a file; it does not look at them.
    version=2,
    compat_version=1,
    file="keys_schema.sql",
    deltas="keys_deltas",
)


def bring_up_to_date(
    connection: apsw.Connection, file: OpenFile, schema: Schema, *, migrate: bool
) -> None:
    """Make or migrate the schema, in one transaction: a kill leaves the old one or the new one.

    An older file is copied to `<name>.before-<version>` first, encrypted as it is.

    Raises:
        SchemaTooNew: the file needs newer code.
        StorageFailed: it is another program's file, or it is older and `migrate` is False.
    """
    with translated_errors():
        found = _version_txn(connection, schema)
        if found >= schema.version:
            return
        if found and not migrate:
            raise StorageFailed(
                f"the database has schema {found}, this release needs {schema.version}: "
                "run 'holdfast migrate'"
            )
        if found:
            _copy_before(connection, file, found)
        _upgrade(connection, schema)


def version_of(file: OpenFile, schema: Schema) -> int:
    """The schema version of a file, 0 for an empty one; nothing is changed. Blocks.

    Raises:
        SchemaTooNew: the file needs newer code.
        StorageFailed: or one of its kinds; it is another program's file.
    """
    connection = open_connection(file, reader=True)
    try:
        with translated_errors():
            return _version_txn(connection, schema)
    finally:
        connection.close()


def _version_txn(connection: apsw.Connection, schema: Schema) -> int:
    """The file's schema version, 0 for an empty file."""
    application_id = connection.pragma("application_id")
    if application_id != schema.application_id:
        if application_id or connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise StorageFailed("this file belongs to another program: name another path")
        return 0
    rows: list[Any] = connection.execute("SELECT name, value FROM meta").fetchall()
    meta = dict(rows)
    if meta["schema_compat_version"] > schema.version:
        raise SchemaTooNew(found=meta["schema_version"], known=schema.version)
    return int(meta["schema_version"])


def _copy_before(connection: apsw.Connection, file: OpenFile, found: int) -> None:
    target = file.path.with_name(f"{file.path.name}.before-{found}")
    # A copy that is there was made before an earlier attempt: it is the older, better one.
    if not target.exists():
        copy_database(connection, file, target)


def _upgrade(connection: apsw.Connection, schema: Schema) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited for the lock.
        found = _version_txn(connection, schema)
        if found < schema.version:
            for script in _scripts(schema, found):
                for statement in statements(script):
                    connection.execute(statement)
            _write_version_txn(connection, schema)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _scripts(schema: Schema, found: int) -> list[str]:
    if found == 0:
        return [read_sql(schema.file)]
    return [read_sql(name) for number, name in deltas_of(schema) if number > found]


def deltas_of(schema: Schema) -> list[tuple[int, str]]:
    """(version it leads to, file), ascending."""
    folder = files(__package__).joinpath(schema.deltas)
    names = sorted(Path(str(entry)).name for entry in folder.iterdir())
    return [(int(name[:4]), f"{schema.deltas}/{name}") for name in names if name.endswith(".sql")]


def _write_version_txn(connection: apsw.Connection, schema: Schema) -> None:
    connection.pragma("application_id", schema.application_id)
    connection.pragma("user_version", schema.version)
    for name, value in (
        ("schema_version", schema.version),
        ("schema_compat_version", schema.compat_version),
    ):
        connection.execute(
            "INSERT INTO meta (name, value) VALUES (:name, :value)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )
