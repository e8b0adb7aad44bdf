"""What must hold of a database file after any accident."""

from __future__ import annotations

from pathlib import Path

import apsw

from holdfast.storage.protocol import Kind
from holdfast.storage.sqlite.connection import OpenFile, open_connection


def assert_whole(path: Path, page_key: bytes | None) -> frozenset[bytes]:
    """Check the file inside out, and return the ids of all its records.

    Its pages are sound, every session has as many messages and turns as its head says, in order
    without a gap, and each row's columns agree with the rest: no write is there by half.
    """
    if not path.exists() or not path.stat().st_size:
        return frozenset()
    file = OpenFile(path=path, page_key=page_key, busy_timeout_s=5)
    connection = open_connection(file)
    try:
        assert connection.pragma("integrity_check") == "ok"
        if not connection.table_exists(None, "records"):
            return frozenset()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        for vault_id, rev in connection.execute("SELECT vault_id, rev FROM vaults").fetchall():
            _assert_vault(connection, vault_id, rev)
        return frozenset(row[0] for row in connection.execute("SELECT id FROM records"))
    finally:
        connection.close()


def _assert_vault(connection: apsw.Connection, vault_id: bytes, rev: int) -> None:
    newest = connection.execute(
        "SELECT coalesce(max(rev), 0) FROM records WHERE vault_id = ?", (vault_id,)
    ).fetchall()[0][0]
    assert newest <= rev
    heads = connection.execute(
        "SELECT session_id, next_seq, turns, rev FROM sessions WHERE vault_id = ?", (vault_id,)
    )
    for session_id, next_seq, turns, head_rev in heads.fetchall():
        assert head_rev <= rev
        assert orders(connection, vault_id, Kind.MESSAGE, session_id) == list(range(next_seq))
        assert orders(connection, vault_id, Kind.TURN, session_id) == list(range(turns))


def orders(connection: apsw.Connection, vault_id: bytes, kind: Kind, scope: bytes) -> list[int]:
    """The places of all rows of a kind in a session, ascending."""
    found = connection.execute(
        "SELECT ord FROM records WHERE vault_id = ? AND kind = ? AND scope = ? ORDER BY ord",
        (vault_id, kind, scope),
    )
    return [row[0] for row in found]
