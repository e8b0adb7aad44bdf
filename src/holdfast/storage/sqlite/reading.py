"""Answers the protocol's questions on a reader's connection."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from holdfast.errors import NotFound
from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadsQuery,
    Kind,
    Link,
    LinksQuery,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    VaultRow,
    VaultStats,
)
from holdfast.storage.sqlite.queries import load_queries
from holdfast.storage.sqlite.rows import Row, heads_from, links_from, rows_from, vault_from

__all__ = [
    "read_by_ids",
    "read_changes",
    "read_heads",
    "read_links",
    "read_once",
    "read_open_owners",
    "read_rows",
    "read_stats",
    "read_vault",
    "read_vault_of",
    "read_vaults",
    "snapshot",
]

_SQL = load_queries("queries.sql")
_ROWS_OF_SCOPE = _SQL["rows_of_scope"]
_ROWS_OF_SCOPE_NEWEST = _SQL["rows_of_scope_newest"]
_FIRST, _LAST = -(2**63), 2**63 - 1
"""Bounds of `ord` that bound nothing."""


def read_rows(connection: apsw.Connection, span: RowSpan) -> list[SealedRow]:
    """What `Storage.rows` answers; each shape of span has the query that its index serves."""
    first = _FIRST if span.first is None else span.first
    last = _LAST if span.last is None else span.last
    tail = (span.state, span.parent, span.owner, span.limit)
    if span.state is State.OPEN:
        return _open_rows(connection, span, first, last)
    if span.kind is Kind.CHUNK and span.parent is not None and not span.newest:
        bindings = (span.vault_id, span.parent, span.scope, first, last, span.state, span.owner)
        return _rows(connection, "rows_chunks", (*bindings, span.limit))
    if span.scope is None:
        name = "rows_of_kind_newest" if span.newest else "rows_of_kind"
        found = _rows(connection, name, (span.vault_id, span.kind, first, last, *tail))
    else:
        sql = _ROWS_OF_SCOPE_NEWEST if span.newest else _ROWS_OF_SCOPE
        place = (span.vault_id, span.kind, span.scope, first, last)
        found = rows_from(connection.execute(sql, (*place, *tail)))
    if span.newest:
        found.reverse()
    return found


def _open_rows(
    connection: apsw.Connection, span: RowSpan, first: int, last: int
) -> list[SealedRow]:
    place = (span.vault_id, span.kind, span.scope, first, last, span.parent, span.owner)
    found = _rows(connection, "rows_open", place)
    return found[-span.limit :] if span.newest else found[: span.limit]


def _rows(connection: apsw.Connection, name: str, bindings: Row) -> list[SealedRow]:
    return rows_from(connection.execute(_SQL[name], bindings))


def read_by_ids(connection: apsw.Connection, ask: ByIds) -> list[SealedRow]:
    """What `Storage.rows_by_id` answers."""
    if not ask.ids:
        return []
    found = _rows(connection, "rows_by_id", (ask.vault_id, apsw.carray(ask.ids)))
    by_id = {row.id: row for row in found}
    return [by_id[row_id] for row_id in ask.ids if row_id in by_id]


def read_changes(connection: apsw.Connection, ask: ChangesQuery) -> list[SealedRow]:
    """What `Storage.changes` answers: whole revisions, seen at one instant."""
    if ask.kinds is not None and not ask.kinds:
        return []
    with snapshot(connection):
        return _whole_revs(connection, ask)


def _whole_revs(connection: apsw.Connection, ask: ChangesQuery) -> list[SealedRow]:
    found = _changes(connection, ask)
    if len(found) <= ask.limit:
        return found
    torn = found[-1].rev
    whole = [row for row in found if row.rev < torn]
    if whole:
        return whole
    at_once = _rows(connection, "changes_at", (ask.vault_id, torn))
    return [row for row in at_once if ask.kinds is None or row.kind in ask.kinds]


def _changes(connection: apsw.Connection, ask: ChangesQuery) -> list[SealedRow]:
    """One row more than asked for, to see whether the last revision is whole."""
    if ask.kinds is None:
        return _rows(connection, "changes", (ask.vault_id, ask.after, ask.limit + 1))
    kinds = apsw.carray(array("q", ask.kinds))
    bindings = (ask.vault_id, ask.after, kinds, ask.limit + 1)
    return _rows(connection, "changes_of_kinds", bindings)


def read_heads(connection: apsw.Connection, ask: HeadsQuery) -> list[SessionHead]:
    """What `Storage.heads` answers."""
    before_ms, before_id = ask.before or (None, None)
    wanted = (ask.kind, ask.assistant_id, ask.project_id, ask.archived)
    tail = (*wanted, before_ms, before_id, ask.limit)
    if ask.session_ids is None:
        return heads_from(connection.execute(_SQL["heads"], (ask.vault_id, *tail)))
    if not ask.session_ids:
        return []
    bindings = (ask.vault_id, apsw.carray(ask.session_ids), *tail)
    return heads_from(connection.execute(_SQL["heads_by_id"], bindings))


def read_links(connection: apsw.Connection, ask: LinksQuery) -> list[Link]:
    """What `Storage.links` answers."""
    if ask.from_ids is None and ask.to_ids is None:
        return links_from(connection.execute(_SQL["links_all"], (ask.vault_id, ask.kind)))
    found: list[Row] = []
    for name, ids in (("links_from", ask.from_ids), ("links_to", ask.to_ids)):
        if ids:
            bindings = (ask.vault_id, apsw.carray(ids), ask.kind)
            found.extend(connection.execute(_SQL[name], bindings))
    return links_from(found)


def read_vault(connection: apsw.Connection, vault_id: bytes) -> VaultRow | None:
    """What `Storage.vault` answers."""
    return vault_from(connection.execute(_SQL["vault"], (vault_id,)).fetchone())


def read_vault_of(connection: apsw.Connection, owner_tag: bytes) -> VaultRow | None:
    """What `Storage.vault_of` answers."""
    return vault_from(connection.execute(_SQL["vault_of"], (owner_tag,)).fetchone())


def read_vaults(connection: apsw.Connection, ask: tuple[bytes, int]) -> list[VaultRow]:
    """What `Storage.vaults` answers; `ask` is (after, limit)."""
    found = map(vault_from, connection.execute(_SQL["vaults"], ask))
    return [row for row in found if row is not None]


@contextmanager
def snapshot(connection: apsw.Connection) -> Iterator[None]:
    """Let every statement inside see the database as it was at the first of them."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def read_once(connection: apsw.Connection, ask: tuple[bytes, bytes]) -> bytes | None:
    """What `Storage.once` answers; `ask` is (vault, tag)."""
    found = connection.execute(_SQL["once"], ask).fetchone()
    return None if found is None else bytes(found[0])


def read_open_owners(connection: apsw.Connection) -> list[tuple[int, bytes]]:
    """(owner, vault) of every open turn, each once."""
    found: list[tuple[int, bytes]] = list(connection.execute(_SQL["open_owners"]))
    return found


def read_stats(connection: apsw.Connection, vault_id: bytes) -> VaultStats:
    """What `Storage.stats` answers, seen at one instant.

    Raises:
        NotFound: the vault does not exist.
    """
    vault, sessions, files, counted = _counts(connection, vault_id)
    if vault is None:
        raise NotFound("vault")
    count: dict[int, int] = {row[0]: row[1] for row in counted}
    said = next((row[2:] for row in counted if row[0] == Kind.MESSAGE), (0, 0, None, None))
    return VaultStats(
        sessions=sessions,
        turns=count.get(Kind.TURN, 0),
        messages=said[0],
        memories=count.get(Kind.MEMORY, 0),
        thoughts=count.get(Kind.THOUGHT, 0),
        files=count.get(Kind.FILE, 0) + files,
        sealed_bytes=sum(row[3] for row in counted),
        first_ms=said[2],
        last_ms=said[3],
        rev=vault.rev,
    )


def _counts(
    connection: apsw.Connection, vault_id: bytes
) -> tuple[VaultRow | None, int, int, list[Row]]:
    with snapshot(connection):
        vault = read_vault(connection, vault_id)
        sessions: list[Row] = connection.execute(_SQL["count_heads"], (vault_id,)).fetchall()
        files: list[Row] = connection.execute(_SQL["count_files"], (vault_id,)).fetchall()
        counted: list[Row] = connection.execute(_SQL["count_rows"], (vault_id,)).fetchall()
        return vault, sessions[0][0], files[0][0], counted
