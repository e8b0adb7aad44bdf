"""Applies one write inside the writer's transaction.

What refuses most writes comes first: the vault's epoch, the once-tag and the session's head. A
write that is refused rolls its group back, and each write of it is done again on its own.
"""

from __future__ import annotations

from holdfast.errors import Conflict, NotFound, SequenceConflict
from holdfast.storage.protocol import (
    HeadMove,
    Kind,
    Link,
    SealedRow,
    SessionHead,
    State,
    Write,
    Written,
)
from holdfast.storage.sqlite.queries import load_queries
from holdfast.storage.sqlite.rows import bind_head, bind_move, bind_row, bind_touch
from holdfast.storage.sqlite.writer import Txn

__all__ = ["apply_write_txn", "erase_vault_txn"]

_SQL = load_queries("queries.sql")
# Constants, not look-ups: the writer runs these tens of thousands of times a second.
_ADVANCE_VAULT = _SQL["advance_vault"]
_MOVE_HEAD = _SQL["move_head"]
_PUT_ROW = _SQL["put_row"]


def apply_write_txn(txn: Txn, write: Write) -> Written:
    """Do all of a write; the caller rolls back when this raises.

    Raises:
        SequenceConflict, Conflict, NotFound: as `Storage.commit`.
    """
    vault_id = write.vault_id
    rev, seals = _advance_vault_txn(txn, write)
    if write.once is not None and _once_exists_txn(txn, vault_id, write.once.tag):
        raise Conflict("this was written before")
    if write.head is not None:
        _move_head_txn(txn, vault_id, write.head, rev)
    if write.touch is not None:
        _touch_head_txn(txn, vault_id, write.touch, rev)
    if write.erase_sessions or write.remove or write.unlinks:
        _take_away_txn(txn, write, rev)
    if write.put:
        _put_txn(txn, vault_id, write.put, rev)
    for link in write.links:
        _link_txn(txn, vault_id, link)
    if write.once is not None:
        txn.run(_SQL["insert_once"], (vault_id, write.once.tag, write.once.id))
    if write.next_epoch is not None:
        seals = write.sealed_records
        txn.run(_SQL["rotate_vault"], (seals, write.next_epoch, vault_id))
    return Written(rev=rev, seals=seals)


def _advance_vault_txn(txn: Txn, write: Write) -> tuple[int, int]:
    """Make the vault if this write does, and give the write its revision."""
    if write.vault is not None:
        row = write.vault
        txn.run(
            _SQL["insert_vault"],
            (
                write.vault_id,
                row.account_id,
                row.owner_tag,
                row.kind,
                row.created_ms,
                row.epoch,
            ),
        )
        if not txn.changes():
            raise Conflict("this vault exists")
    place = (write.sealed_records, write.vault_id, write.epoch)
    found: tuple[int, int] | None = txn.run(_ADVANCE_VAULT, place).fetchone()
    if found is not None:
        return found
    if txn.run(_SQL["vault_exists"], (write.vault_id,)).fetchone() is None:
        raise NotFound("vault")
    raise Conflict("the vault's key was rotated meanwhile")


def _once_exists_txn(txn: Txn, vault_id: bytes, tag: bytes) -> bool:
    return txn.run(_SQL["once"], (vault_id, tag)).fetchone() is not None


def _move_head_txn(txn: Txn, vault_id: bytes, move: HeadMove, rev: int) -> None:
    if move.expected_next_seq == -1 and move.expected_turns == -1:
        txn.run(_SQL["insert_head"], bind_head(vault_id, move.head, rev))
    else:
        txn.run(_MOVE_HEAD, bind_move(vault_id, move, rev))
    if not txn.changes():
        raise SequenceConflict


def _touch_head_txn(txn: Txn, vault_id: bytes, touch: SessionHead, rev: int) -> None:
    txn.run(_SQL["touch_head"], bind_touch(vault_id, touch, rev))
    if not txn.changes():
        raise NotFound("session")


def _take_away_txn(txn: Txn, write: Write, rev: int) -> None:
    for session_id in write.erase_sessions:
        _erase_session_txn(txn, write.vault_id, session_id, rev)
    for key in write.remove:
        txn.run(_SQL["remove_row"], (write.vault_id, key.id))
    for link in write.unlinks:
        txn.run(_SQL["remove_link"], (write.vault_id, link.from_id, link.to_id, link.kind))


def _put_txn(txn: Txn, vault_id: bytes, rows: tuple[SealedRow, ...], rev: int) -> None:
    run, changes = txn.run, txn.changes
    for row in rows:
        run(_PUT_ROW, bind_row(vault_id, row, rev))
        if not changes():
            raise Conflict
        if row.state >= State.FORGOTTEN:
            run(_SQL["remove_links_from"], (vault_id, row.id))
            run(_SQL["remove_links_to"], (vault_id, row.id))


def _link_txn(txn: Txn, vault_id: bytes, link: Link) -> None:
    txn.run(_SQL["insert_link"], (link.kind, vault_id, link.from_id, link.to_id))
    if txn.changes():
        return
    place = (vault_id, link.from_id, link.to_id, link.kind)
    if txn.run(_SQL["link_exists"], place).fetchone() is None:
        raise Conflict("an end of the link is not there")


def _erase_session_txn(txn: Txn, vault_id: bytes, session_id: bytes, rev: int) -> None:
    """Remove all of a session and leave its grave, unless it is erased already."""
    grave = txn.run(_SQL["session_grave"], (vault_id, session_id)).fetchone()
    txn.run(_SQL["session_once_remove"], (vault_id, session_id))
    txn.run(_SQL["session_head_remove"], (vault_id, session_id))
    removed = txn.changes()
    for kind in Kind:
        txn.run(_SQL["session_rows_remove"], (vault_id, kind, session_id))
        removed += txn.changes()
    if not removed and (grave is None or grave[2] == State.GONE):
        return
    scope, ord_, _, version, at_ms = grave or (session_id, 0, State.GONE, -1, 0)
    txn.run(_SQL["remove_row"], (vault_id, session_id))
    row = SealedRow(
        kind=Kind.SESSION,
        scope=scope,
        ord=ord_,
        id=session_id,
        state=State.GONE,
        at_ms=at_ms,
        version=version + 1,
        sealed=b"",
    )
    txn.run(_PUT_ROW, bind_row(vault_id, row, rev))


def erase_vault_txn(txn: Txn, vault_id: bytes) -> int:
    """Remove everything of a vault; returns the number of sealed rows."""
    removed = 0
    for name in ("vault_links_remove", "vault_once_remove", "vault_rows_remove"):
        txn.run(_SQL[name], (vault_id,))
        removed = txn.changes()
    txn.run(_SQL["vault_heads_remove"], (vault_id,))
    txn.run(_SQL["vault_remove"], (vault_id,))
    return removed
