"""The tables of an OpenAI Agents SDK session store, read from a file that somebody else wrote.

    agent_sessions   session_id, created_at, updated_at
    agent_messages   id, session_id, message_data, created_at

Nothing is written, no view, trigger or function of the file is run, and a value over the limit is
refused before it is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from holdfast.errors import HostileFile, ImportFailed

__all__ = ["AgentRow", "AgentTables"]

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
_COLUMNS = "PRAGMA table_xinfo(agent_messages)"
"""The last member of each row says whether the column is hidden or computed."""
_SESSIONS = """
SELECT CAST(session_id AS BLOB)
  FROM agent_messages
 GROUP BY session_id
 ORDER BY min(id)
"""
_MESSAGES = """
SELECT id, CAST(message_data AS BLOB), CAST(created_at AS TEXT)
  FROM agent_messages
 WHERE session_id = CAST(:session_id AS TEXT)
 ORDER BY id
 LIMIT :max_rows
"""
_ALLOWED = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ})
_FUNCTIONS = frozenset({"min", "current_timestamp"})
"""What our order of sessions needs, and the defaults of the SDK's own columns."""
_LONG = 1 << 16
_JOURNAL_VERSIONS = slice(18, 20)
"""Two bytes of the header: 1 for a rollback journal, 2 for WAL."""


class AgentRow(Struct, frozen=True):
    """One stored item; `data` is JSON as bytes that nobody has checked."""

    id: int
    data: bytes
    created_at: str | None


class AgentTables:
    """Reads one database. Close it."""

    def __init__(self, source: Path | bytes, *, name: str, max_value_bytes: int) -> None:
        """Open a file where it is, or the bytes of one.

        Raises:
            ImportFailed: it is damaged, in use, or holds no such tables.
            HostileFile: reading its columns would run what the file says.
        """
        self._name = name
        self._connection = self._guarded(lambda: _connection(source))
        try:
            self._guarded(lambda: _restrict(self._connection, max_value_bytes))
            tables = {row[0] for row in self._rows(_TABLES)}
            if "agent_messages" not in tables:
                reason = "is a SQLite database without sessions of the OpenAI Agents SDK"
                raise ImportFailed(name, reason)
            if any(row[-1] for row in self._rows(_COLUMNS)):
                # SQLite asks the authorizer about functions in a query, not about those.
                raise HostileFile(name, "computes its columns, as no such store does")
            self._connection.authorizer = _authorized
        except BaseException:
            self._connection.close()
            raise

    def sessions(self) -> list[str]:
        """Ids of the sessions, in the order of their first items."""
        return [self._text(row[0]) for row in self._rows(_SESSIONS)]

    def items(self, session_id: str, *, max_rows: int) -> list[AgentRow]:
        """The first items of a session, oldest first."""
        given = {"session_id": session_id, "max_rows": max_rows}
        return [
            AgentRow(int(number), bytes(data or b""), created)
            for number, data, created in self._rows(_MESSAGES, given)
        ]

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def _rows(self, statement: str, given: dict[str, Any] | None = None) -> Iterator[Any]:
        yield from self._guarded(lambda: self._connection.execute(statement, given).fetchall())

    def _text(self, raw: object) -> str:
        try:
            return bytes(raw).decode() if isinstance(raw, bytes) else str(raw)
        except UnicodeDecodeError as exc:
            raise ImportFailed(self._name, "holds a session id that is not UTF-8") from exc

    def _guarded(self, call: Any) -> Any:
        """Do it; what the driver raises becomes ImportFailed, without words of the file."""
        try:
            return call()
        except apsw.TooBigError as exc:
            raise HostileFile(self._name, "holds a value over the limit") from exc
        except apsw.BusyError as exc:
            raise ImportFailed(self._name, "is in use: stop the program that writes it") from exc
        except (apsw.Error, UnicodeDecodeError) as exc:
            reason = "is no SQLite database that can be read, or of another shape"
            raise ImportFailed(self._name, reason) from exc


def _connection(source: Path | bytes) -> apsw.Connection:
    if isinstance(source, Path):
        return apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    connection = apsw.Connection(":memory:")
    # A database in memory has no WAL; what was in one when the file was copied is not in the file.
    header = bytearray(source[:100])
    header[_JOURNAL_VERSIONS] = b"\x01\x01"
    connection.deserialize("main", bytes(header) + source[100:])
    return connection


def _restrict(connection: apsw.Connection, max_value_bytes: int) -> None:
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, max_value_bytes)
    connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, _LONG)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.pragma("temp_store", "MEMORY")
    connection.pragma("cell_size_check", "ON")
    connection.pragma("query_only", "ON")


def _authorized(
    action: int, first: str | None, second: str | None, database: str | None, inner: str | None
) -> int:
    """Reading tables directly, with the few functions that takes."""
    ours = action == apsw.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS
    return apsw.SQLITE_OK if (action in _ALLOWED and not inner) or ours else apsw.SQLITE_DENY
