"""Between the protocol's structs and the tuples that SQLite binds and returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from holdfast.storage.protocol import (
    HeadMove,
    Kind,
    Link,
    SealedRow,
    SessionHead,
    State,
    VaultRow,
)

__all__ = [
    "Row",
    "bind_head",
    "bind_move",
    "bind_row",
    "bind_touch",
    "heads_from",
    "links_from",
    "rows_from",
    "vault_from",
]

Row: TypeAlias = tuple[Any, ...]
"""A row as the driver gives it: untyped at the boundary, typed once it has left this module."""

_KINDS = {int(kind): kind for kind in Kind}
_STATES = tuple(State)


def rows_from(found: Iterable[Row]) -> list[SealedRow]:
    """Records, columns as every query of records selects them."""
    return [
        SealedRow(
            kind=_KINDS[kind],
            scope=scope,
            ord=ord_,
            id=id_,
            state=_STATES[state],
            owner=owner,
            parent=parent,
            at_ms=at_ms,
            version=version,
            link=link,
            sealed=sealed,
            rev=rev,
        )
        for (
            kind,
            scope,
            ord_,
            id_,
            state,
            owner,
            parent,
            at_ms,
            version,
            link,
            sealed,
            rev,
        ) in found
    ]


def bind_row(vault_id: bytes, row: SealedRow, rev: int) -> Row:
    """Parameters of put_row."""
    state = row.state
    return (
        vault_id,
        row.kind,
        row.scope,
        row.ord,
        row.id,
        state,
        row.owner,
        row.parent,
        row.at_ms,
        row.version,
        row.link,
        rev,
        b"" if state is State.GONE else row.sealed,
    )


def heads_from(found: Iterable[Row]) -> list[SessionHead]:
    """Session heads, columns as the queries of heads select them."""
    return [
        SessionHead(
            session_id=session_id,
            kind=kind,
            assistant_id=assistant_id,
            project_id=project_id,
            archived=bool(archived),
            started_ms=started_ms,
            last_ms=last_ms,
            next_seq=next_seq,
            messages=messages,
            turns=turns,
            chain=chain,
            rev=rev,
        )
        for (
            session_id,
            kind,
            assistant_id,
            project_id,
            archived,
            started_ms,
            last_ms,
            next_seq,
            messages,
            turns,
            chain,
            rev,
        ) in found
    ]


def bind_head(vault_id: bytes, head: SessionHead, rev: int) -> Row:
    """Parameters of insert_head."""
    return (
        vault_id,
        head.session_id,
        head.kind,
        head.assistant_id,
        head.project_id,
        head.archived,
        head.started_ms,
        head.last_ms,
        head.next_seq,
        head.messages,
        head.turns,
        head.chain,
        rev,
    )


def bind_move(vault_id: bytes, move: HeadMove, rev: int) -> Row:
    """Parameters of move_head."""
    head = move.head
    return (
        head.kind,
        head.assistant_id,
        head.project_id,
        head.archived,
        head.started_ms,
        head.last_ms,
        head.next_seq,
        head.messages,
        head.turns,
        head.chain,
        rev,
        vault_id,
        head.session_id,
        move.expected_next_seq,
        move.expected_turns,
        move.expected_chain,
        move.expected_rev,
    )


def bind_touch(vault_id: bytes, head: SessionHead, rev: int) -> Row:
    """Parameters of touch_head."""
    return (
        head.kind,
        head.assistant_id,
        head.project_id,
        head.archived,
        rev,
        vault_id,
        head.session_id,
    )


def vault_from(found: Row | None) -> VaultRow | None:
    """A vault, columns as the queries of vaults select them; None stays None."""
    if found is None:
        return None
    vault_id, account_id, owner_tag, kind, created_ms, rev, seals, epoch = found
    return VaultRow(
        vault_id=vault_id,
        account_id=account_id,
        owner_tag=owner_tag,
        kind=kind,
        created_ms=created_ms,
        rev=rev,
        seals=seals,
        epoch=epoch,
    )


def links_from(found: Iterable[Row]) -> list[Link]:
    """Links by (kind, from, to), each once."""
    return [
        Link(kind=kind, from_id=from_id, to_id=to_id) for kind, from_id, to_id in sorted(set(found))
    ]
