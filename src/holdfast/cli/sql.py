"""`sql`: the rows of the embedded database, to look at.

Opened read-only, with an authorizer that allows reading alone: nothing typed here can write, also
not into another file. What is sealed is shown as such, ids as the rest of Holdfast writes them.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.cli.call import Call
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Column
from holdfast.errors import BadInput, RootKeyWrong

if TYPE_CHECKING:
    import apsw

__all__ = ["open_for_looking", "sql_command"]

_IDS = frozenset(
    {"vault_id", "session_id", "id", "scope", "parent", "from_id", "to_id"}
    | {"assistant_id", "project_id", "account_id"}
)

_TABLES = (
    "SELECT name FROM main.sqlite_schema "
    "WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name LIKE :pattern ORDER BY name"
)


@click.command("sql", cls=Command)
@click.argument("statement", required=False)
@pass_call
def sql_command(call: Call, statement: str | None) -> None:
    """Look at the database's rows; nothing can be written.

    Opens a shell, or answers one STATEMENT. Sealed columns are shown as "sealed, 312 bytes". In
    the shell .tables and .schema help to find the way, .exit leaves.

    With --json and a STATEMENT: {"columns": [...], "rows": [[...]]}.
    """
    import apsw

    from holdfast.keeper.configured import options_of
    from holdfast.keeper.inspecting import page_key_of, where_of
    from holdfast.storage.upkeep import file_of

    call.check_store_exists()
    options = options_of(call.settings)
    page_key = call.run(lambda: page_key_of(options))
    with open_for_looking(file_of(where_of(options)), page_key) as connection:
        if statement is None:
            _shell(connection)
            return
        if statement.lstrip().startswith("."):
            what = "commands that begin with a dot are for the shell: run 'holdfast sql'"
            raise BadInput("statement", what + " without a statement and type it there")
        try:
            _answer(call, connection, statement)
        except apsw.Error as exc:
            # The driver's words quote the statement alone, which is the caller's own.
            raise BadInput("statement", _reason(exc)) from None


def _reason(error: Exception) -> str:
    import apsw

    if isinstance(error, (apsw.AuthError, apsw.ReadOnlyError)):
        return "only reading is possible here"
    return str(error)


@contextlib.contextmanager
def open_for_looking(file: Path, page_key: bytes) -> Iterator[apsw.Connection]:
    """A connection that can only read, with views over what is sealed.

    Raises:
        RootKeyWrong: the page key does not open the file.
    """
    import apsw

    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.pragma("cipher", "aegis")
        connection.pragma("key", "raw:" + page_key.hex())
        connection.pragma("temp_store", "MEMORY")
        try:
            _cover_tables(connection)
        except apsw.NotADBError:
            raise RootKeyWrong from None
        connection.pragma("query_only", "ON")
        connection.authorizer = _only_reading
        yield connection
    finally:
        connection.close()


def _cover_tables(connection: apsw.Connection) -> None:
    """Views that stand before the tables: sealed bytes as their size, ids as text."""
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
    ]
    for name in names:
        columns = [row[1] for row in connection.execute(f'PRAGMA main.table_info("{name}")')]
        types = [row[2] for row in connection.execute(f'PRAGMA main.table_info("{name}")')]
        shown = [_shown(c, kind) for c, kind in zip(columns, types, strict=True)]
        # Names of our own schema, never of a caller.
        connection.execute(
            f'CREATE TEMP VIEW "{name}" AS SELECT {", ".join(shown)} FROM main."{name}"'  # noqa: S608
        )


def _shown(column: str, kind: str) -> str:
    if kind != "BLOB":
        return f'"{column}"'
    if column in _IDS:
        digits = f'lower(hex("{column}"))'
        parts = "||'-'||".join(
            f"substr({digits}, {start}, {count})"
            for start, count in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        )
        return f'CASE length("{column}") WHEN 16 THEN {parts} END AS "{column}"'
    what = "sealed, " if column == "sealed" else ""
    return f"""'{what}' || nullif(length("{column}"), 0) || ' bytes' AS "{column}\""""


def _only_reading(
    action: int, first: str | None, second: str | None, _db: str | None, _trigger: str | None
) -> int:
    import apsw

    allowed = {
        apsw.SQLITE_SELECT,
        apsw.SQLITE_READ,
        apsw.SQLITE_FUNCTION,
        apsw.SQLITE_RECURSIVE,
        apsw.SQLITE_TRANSACTION,
    }
    if action in allowed and second != "load_extension":
        return apsw.SQLITE_OK
    readable = {
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "database_list",
    }
    if action == apsw.SQLITE_PRAGMA and first in readable:
        return apsw.SQLITE_OK
    return apsw.SQLITE_DENY


def _answer(call: Call, connection: apsw.Connection, statement: str) -> None:
    cursor = connection.execute(statement)
    columns: list[str] = []
    with contextlib.suppress(_complete()):
        columns = [str(column[0]) for column in cursor.get_description()]
    rows = [[_plain(value) for value in row] for row in cursor]
    if call.json:
        call.output.document({"columns": columns, "rows": rows})
    elif columns:
        call.output.table(
            [Column(name, flexible=True) for name in columns],
            [["" if value is None else str(value) for value in row] for row in rows],
        )


def _complete() -> type[Exception]:
    import apsw

    return apsw.ExecutionCompleteError


def _plain(value: Any) -> Any:  # what SQLite knows
    return f"sealed, {len(value)} bytes" if isinstance(value, bytes) else value


def _shell(connection: apsw.Connection) -> None:
    from apsw.shell import Shell

    class Looking(Shell):
        def command_tables(self, cmd: list[str]) -> None:
            """tables ?PATTERN?: Lists names of tables matching LIKE pattern"""
            # The shell's own lists each name twice: the table's and that of the view before it.
            for pattern in cmd or ["%"]:
                names = connection.execute(_TABLES, {"pattern": pattern})
                self.stdout.writelines(f"{name}\n" for (name,) in names)

    connection.authorizer = None  # the shell registers functions when it is made
    shell: Any = Looking(  # it is untyped
        stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, db=connection
    )
    connection.authorizer = _only_reading
    shell.header = True
    if sys.stdin.isatty():
        shell.process_command(".mode box")
    with tempfile.TemporaryDirectory() as folder:
        # The shell's history would stay in the home folder.
        shell.history_file = str(Path(folder) / "history")
        shell.cmdloop(intro="Nothing can be written here; .help helps, .exit leaves.\n")
