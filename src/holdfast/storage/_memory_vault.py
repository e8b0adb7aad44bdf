"""One vault of the in-memory backend: plain dictionaries, and an undo list per write."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from holdfast.errors import Conflict, NotFound, SequenceConflict
from holdfast.storage.protocol import (
    ChangesQuery,
    HeadMove,
    Kind,
    Link,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    VaultRow,
    Write,
    Written,
)

__all__ = ["MemoryVault"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
_Place: TypeAlias = tuple[int, bytes]
"""(ord, id) inside one (kind, scope)."""

_HIGHEST = bytes([0xFF]) * 17
"""Sorts after every id."""


class MemoryVault:
    """Rows of one vault. Not thread-safe: `MemoryStorage` holds a lock around every call.

    The checks of `apply` run in the same order as in the SQL backends, so that a write which is
    wrong in two ways is refused for the same reason everywhere.
    """

    def __init__(self, row: VaultRow) -> None:
        self.row = row
        self.records: dict[bytes, SealedRow] = {}
        self.heads: dict[bytes, SessionHead] = {}
        self.links: dict[tuple[str, bytes, bytes], Link] = {}
        self.once: dict[bytes, bytes] = {}
        self._places: dict[tuple[Kind, bytes], list[_Place]] = {}
        self._undo: list[Callable[[], object]] = []

    def apply(self, write: Write) -> Written:
        """Do all of a write, or leave everything as it was and raise what `commit` documents."""
        self._undo.clear()
        try:
            return self._apply(write)
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            raise

    def _apply(self, write: Write) -> Written:
        rev = self.row.rev + 1
        if write.epoch is not None and write.epoch != self.row.epoch:
            raise Conflict("the vault's key was rotated meanwhile")
        if write.once is not None and write.once.tag in self.once:
            raise Conflict("this was written before")
        if write.head is not None:
            self._move_head(write.head, rev)
        if write.touch is not None:
            self._touch_head(write.touch, rev)
        for session_id in write.erase_sessions:
            self._erase_session(session_id, rev)
        for key in write.remove:
            self._remove(key.id)
        for link in write.unlinks:
            self._drop(self.links, (link.kind, link.from_id, link.to_id))
        for row in write.put:
            self._put(row, rev)
        for link in write.links:
            self._link(link)
        if write.once is not None:
            self._set(self.once, write.once.tag, write.once.id)
        return self._raise_rev(write, rev)

    def _raise_rev(self, write: Write, rev: int) -> Written:
        rotated = write.next_epoch is not None
        seals = write.sealed_records + (0 if rotated else self.row.seals)
        epoch = self.row.epoch if write.next_epoch is None else write.next_epoch
        self.row = replace(self.row, rev=rev, seals=seals, epoch=epoch)
        return Written(rev=rev, seals=seals)

    def _move_head(self, move: HeadMove, rev: int) -> None:
        old = self.heads.get(move.head.session_id)
        if not _as_expected(old, move):
            raise SequenceConflict
        self._set(self.heads, move.head.session_id, replace(move.head, rev=rev))

    def _touch_head(self, touch: SessionHead, rev: int) -> None:
        old = self.heads.get(touch.session_id)
        if old is None:
            raise NotFound("session")
        new = replace(
            old,
            kind=touch.kind,
            assistant_id=touch.assistant_id,
            project_id=touch.project_id,
            archived=touch.archived,
            rev=rev,
        )
        self._set(self.heads, touch.session_id, new)

    def _put(self, row: SealedRow, rev: int) -> None:
        old = self.records.get(row.id)
        if old is not None:
            moved = (old.kind, old.scope, old.ord) != (row.kind, row.scope, row.ord)
            if moved or row.version <= old.version:
                raise Conflict
        sealed = b"" if row.state is State.GONE else row.sealed
        if row.state >= State.FORGOTTEN:
            self._unlink_all(row.id)
        if old is None:
            self._place(row)
        self._set(self.records, row.id, replace(row, sealed=sealed, rev=rev))

    def _link(self, link: Link) -> None:
        for end in (link.from_id, link.to_id):
            row = self.records.get(end)
            if row is None or row.state >= State.FORGOTTEN:
                raise Conflict("an end of the link is not there")
        self._set(self.links, (link.kind, link.from_id, link.to_id), link)

    def _erase_session(self, session_id: bytes, rev: int) -> None:
        doomed = [row.id for row in self.records.values() if row.scope == session_id]
        grave = self.records.get(session_id)
        if grave is not None and grave.kind is not Kind.SESSION:
            grave = None
        gone = {*doomed, session_id}
        for tag in [tag for tag, row_id in self.once.items() if row_id in gone]:
            self._drop(self.once, tag)
        erased_before = grave is None or grave.state is State.GONE
        if erased_before and session_id not in self.heads and set(doomed) <= {session_id}:
            return
        for row_id in doomed:
            self._remove(row_id)
        self._drop(self.heads, session_id)
        self._remove(session_id)
        self._put(_gravestone(session_id, grave), rev)

    def _remove(self, row_id: bytes) -> None:
        row = self.records.get(row_id)
        if row is None:
            return
        self._unlink_all(row_id)
        place, spot = self._places[(row.kind, row.scope)], (row.ord, row_id)
        place.remove(spot)
        self._undo.append(lambda: insort(place, spot))
        self._drop(self.records, row_id)

    def _unlink_all(self, row_id: bytes) -> None:
        for key in [key for key in self.links if row_id in key[1:]]:
            self._drop(self.links, key)

    def _place(self, row: SealedRow) -> None:
        place, spot = self._places.setdefault((row.kind, row.scope), []), (row.ord, row.id)
        insort(place, spot)
        self._undo.append(lambda: place.remove(spot))

    def _set(self, table: dict[_K, _V], key: _K, value: _V) -> None:
        if key in table:
            old = table[key]
            self._undo.append(lambda: table.__setitem__(key, old))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value

    def _drop(self, table: dict[_K, _V], key: _K) -> None:
        if key in table:
            old = table.pop(key)
            self._undo.append(lambda: table.__setitem__(key, old))

    def rows(self, span: RowSpan) -> list[SealedRow]:
        """What `Storage.rows` answers."""
        spots = self._spots(span)
        if span.newest:
            spots = reversed(list(spots))
        found: list[SealedRow] = []
        for row_id in spots:
            if len(found) >= span.limit:
                break
            if _matches(self.records[row_id], span):
                found.append(self.records[row_id])
        return found[::-1] if span.newest else found

    def _spots(self, span: RowSpan) -> Iterable[bytes]:
        if span.scope is not None:
            scopes = [span.scope]
        else:
            scopes = sorted(scope for kind, scope in self._places if kind == span.kind)
        for scope in scopes:
            place = self._places.get((span.kind, scope), [])
            start = 0 if span.first is None else bisect_left(place, (span.first, b""))
            end = len(place)
            if span.last is not None:
                end = bisect_right(place, (span.last - 1, _HIGHEST))
            yield from (row_id for _, row_id in place[start:end])

    def changes(self, ask: ChangesQuery) -> list[SealedRow]:
        """What `Storage.changes` answers."""
        found = sorted(self._newer(ask), key=_by_rev)
        if len(found) <= ask.limit:
            return found
        torn = found[ask.limit].rev
        whole = [row for row in found[: ask.limit] if row.rev < torn]
        return whole or [row for row in found if row.rev == torn]

    def _newer(self, ask: ChangesQuery) -> Iterator[SealedRow]:
        for row in self.records.values():
            if row.rev > ask.after and (ask.kinds is None or row.kind in ask.kinds):
                yield row


def _as_expected(old: SessionHead | None, move: HeadMove) -> bool:
    if move.expected_next_seq == -1 and move.expected_turns == -1:
        return old is None
    if old is None or move.expected_rev not in (None, old.rev):
        return False
    place = (move.expected_next_seq, move.expected_turns, move.expected_chain)
    return (old.next_seq, old.turns, old.chain) == place


def _by_rev(row: SealedRow) -> tuple[int, Kind, bytes, int, bytes]:
    return row.rev, row.kind, row.scope, row.ord, row.id


def _matches(row: SealedRow, span: RowSpan) -> bool:
    if span.state is None:
        if row.state is State.GONE:
            return False
    elif row.state is not span.state:
        return False
    if span.parent is not None and row.parent != span.parent:
        return False
    return span.owner is None or row.owner == span.owner


def _gravestone(session_id: bytes, old: SealedRow | None) -> SealedRow:
    """The GONE row that tells other nodes' indexes of an erased session."""
    return SealedRow(
        kind=Kind.SESSION,
        scope=session_id if old is None else old.scope,
        ord=0 if old is None else old.ord,
        id=session_id,
        state=State.GONE,
        at_ms=0 if old is None else old.at_ms,
        version=0 if old is None else old.version + 1,
        sealed=b"",
    )
