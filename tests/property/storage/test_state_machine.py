"""Any sequence of writes: every backend answers as a plain dictionary would.

The model here is written for clarity and knows nothing of indexes or SQL. It drives the in-memory
backend and a SQLite file side by side; the file is closed and opened again now and then.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from msgspec.structs import replace

from holdfast.errors import Conflict, HoldfastError, NotFound, SequenceConflict
from holdfast.storage.memory import MemoryStorage
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    ChangesQuery,
    HeadMove,
    HeadsQuery,
    Kind,
    Link,
    LinksQuery,
    OnceTag,
    RowKey,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    Storage,
    VaultRow,
    Write,
)
from holdfast.storage.sqlite import SqliteStorage

_T = TypeVar("_T")

# Few names, so that writes meet each other.
_VAULTS = [bytes([1]) * 16, bytes([2]) * 16]
_SESSIONS = [bytes([10 + number]) * 16 for number in range(3)]
_IDS = _SESSIONS + [bytes([20 + number]) * 16 for number in range(8)]
_TAGS = [b"one", b"two", b"three"]
_LINK_KINDS = ["source", "supersedes"]


@dataclass
class ModelVault:
    """One vault as dictionaries."""

    row: VaultRow
    rows: dict[bytes, SealedRow] = field(default_factory=dict)
    heads: dict[bytes, SessionHead] = field(default_factory=dict)
    links: set[tuple[str, bytes, bytes]] = field(default_factory=set)
    once: dict[bytes, bytes] = field(default_factory=dict)


class Model:
    """All vaults; a write is done on a copy, which takes the place of the old only when whole."""

    def __init__(self) -> None:
        self.vaults: dict[bytes, ModelVault] = {}

    def commit(self, write: Write) -> int:
        """The rev of the write."""
        vaults = deepcopy(self.vaults)
        if write.vault is not None:
            if write.vault_id in vaults:
                raise Conflict
            if any(one.row.owner_tag == write.vault.owner_tag for one in vaults.values()):
                raise Conflict
            vaults[write.vault_id] = ModelVault(replace(write.vault, rev=0, seals=0))
        if write.vault_id not in vaults:
            raise NotFound("vault")
        vault = vaults[write.vault_id]
        rev = vault.row.rev + 1
        if write.epoch not in (None, vault.row.epoch):
            raise Conflict
        if write.once is not None and write.once.tag in vault.once:
            raise Conflict
        _write_heads(vault, write, rev)
        _write_rows(vault, write, rev)
        if write.once is not None:
            vault.once[write.once.tag] = write.once.id
        seals = write.sealed_records + (vault.row.seals if write.next_epoch is None else 0)
        epoch = vault.row.epoch if write.next_epoch is None else write.next_epoch
        vault.row = replace(vault.row, rev=rev, seals=seals, epoch=epoch)
        self.vaults = vaults
        return rev


def _write_heads(vault: ModelVault, write: Write, rev: int) -> None:
    if write.head is not None:
        move, head = write.head, write.head.head
        old = vault.heads.get(head.session_id)
        if (move.expected_next_seq, move.expected_turns) == (-1, -1):
            fits = old is None
        else:
            fits = (
                old is not None
                and old.next_seq == move.expected_next_seq
                and old.turns == move.expected_turns
                and old.chain == move.expected_chain
                and move.expected_rev in (None, old.rev)
            )
        if not fits:
            raise SequenceConflict
        vault.heads[head.session_id] = replace(head, rev=rev)
    if write.touch is not None:
        if write.touch.session_id not in vault.heads:
            raise NotFound("session")
        vault.heads[write.touch.session_id] = replace(
            vault.heads[write.touch.session_id],
            kind=write.touch.kind,
            assistant_id=write.touch.assistant_id,
            project_id=write.touch.project_id,
            archived=write.touch.archived,
            rev=rev,
        )


def _write_rows(vault: ModelVault, write: Write, rev: int) -> None:
    for session_id in write.erase_sessions:
        _erase_session(vault, session_id, rev)
    for key in write.remove:
        vault.rows.pop(key.id, None)
        _drop_links(vault, key.id)
    for link in write.unlinks:
        vault.links.discard((link.kind, link.from_id, link.to_id))
    for row in write.put:
        old = vault.rows.get(row.id)
        if old is not None and (
            row.version <= old.version
            or (row.kind, row.scope, row.ord) != (old.kind, old.scope, old.ord)
        ):
            raise Conflict
        gone = row.state is State.GONE
        vault.rows[row.id] = replace(row, rev=rev, sealed=b"" if gone else row.sealed)
        if row.state in (State.FORGOTTEN, State.GONE):
            _drop_links(vault, row.id)
    for link in write.links:
        for end in (link.from_id, link.to_id):
            if end not in vault.rows or vault.rows[end].state >= State.FORGOTTEN:
                raise Conflict
        vault.links.add((link.kind, link.from_id, link.to_id))


def _drop_links(vault: ModelVault, row_id: bytes) -> None:
    vault.links = {link for link in vault.links if row_id not in link[1:]}


def _erase_session(vault: ModelVault, session_id: bytes, rev: int) -> None:
    own = vault.rows.get(session_id)
    grave = own if own is not None and own.kind is Kind.SESSION else None
    doomed = {row.id for row in vault.rows.values() if row.scope == session_id}
    for tag, row_id in list(vault.once.items()):
        if row_id in doomed | {session_id}:
            del vault.once[tag]
    something = doomed - {session_id} or session_id in vault.heads
    if not something and (grave is None or grave.state is State.GONE):
        return
    for row_id in doomed | {session_id}:
        vault.rows.pop(row_id, None)
        _drop_links(vault, row_id)
    vault.heads.pop(session_id, None)
    vault.rows[session_id] = SealedRow(
        kind=Kind.SESSION,
        scope=session_id if grave is None else grave.scope,
        ord=0 if grave is None else grave.ord,
        id=session_id,
        state=State.GONE,
        at_ms=0 if grave is None else grave.at_ms,
        version=0 if grave is None else grave.version + 1,
        sealed=b"",
        rev=rev,
    )


small = st.integers(0, 3)
ids = st.sampled_from(_IDS)
sessions = st.sampled_from(_SESSIONS)
heads = st.builds(
    SessionHead,
    session_id=sessions,
    kind=st.sampled_from(["chat", "room"]),
    assistant_id=st.sampled_from([None, _IDS[5]]),
    project_id=st.sampled_from([None, _IDS[6]]),
    archived=st.booleans(),
    started_ms=small,
    last_ms=small,
    next_seq=small,
    messages=small,
    turns=small,
    chain=st.sampled_from([b"", b"c"]),
)
rows = st.builds(
    SealedRow,
    kind=st.sampled_from([Kind.SESSION, Kind.TURN, Kind.MESSAGE, Kind.MEMORY, Kind.CHUNK]),
    scope=st.sampled_from([NO_SCOPE, *_SESSIONS]),
    ord=small,
    id=ids,
    state=st.sampled_from([State.LIVE, State.LIVE, State.OPEN, State.FORGOTTEN, State.GONE]),
    owner=st.sampled_from([None, 1, 2]),
    parent=st.sampled_from([None, _IDS[3]]),
    at_ms=small,
    version=small,
    link=st.binary(max_size=3),
    sealed=st.binary(max_size=30),
)
links = st.builds(Link, kind=st.sampled_from(_LINK_KINDS), from_id=ids, to_id=ids)
spans = st.builds(
    RowSpan,
    vault_id=st.sampled_from(_VAULTS),
    kind=st.sampled_from(list(Kind)[:8]),
    scope=st.sampled_from([None, NO_SCOPE, *_SESSIONS]),
    first=st.sampled_from([None, 0, 1, 2]),
    last=st.sampled_from([None, 1, 2, 3]),
    parent=st.sampled_from([None, _IDS[3]]),
    state=st.sampled_from([None, *State]),
    owner=st.sampled_from([None, 1]),
    newest=st.booleans(),
    limit=st.sampled_from([1, 2, 1000]),
)


class StorageMachine(RuleBasedStateMachine):
    """Drives the model and two backends with the same writes, and compares every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        # In memory where the system offers it: durability is not the question here, and each of
        # thousands of commits waits for its fsync.
        shm = Path("/dev/shm")
        place = shm if shm.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-model-", dir=place))
        self.model = Model()
        self.memory = MemoryStorage()
        self.file = self._open()

    def _open(self) -> SqliteStorage:
        return SqliteStorage.open(self.folder / "data.db", page_key=bytes(range(32)))

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.runner.run(work)

    @property
    def backends(self) -> list[Storage]:
        """Everything that must agree with the model."""
        return [self.memory, self.file]

    def teardown(self) -> None:
        """Leave no file and no thread behind."""
        self._do(self.file.close())
        self._do(self.memory.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def _commit(self, write: Write) -> None:
        expected: object
        try:
            expected = self.model.commit(write)
        except HoldfastError as exc:
            expected = type(exc)
        for backend in self.backends:
            found: object
            try:
                found = self._do(backend.commit(write)).rev
            except HoldfastError as exc:
                found = type(exc)
            assert found == expected

    @initialize()
    def begin(self) -> None:
        """Most runs have a vault from the start."""
        self.make_vault(_VAULTS[0], b"ada", 1)

    @rule(vault_id=st.sampled_from(_VAULTS), tag=st.sampled_from([b"ada", b"bob"]), epoch=small)
    def make_vault(self, vault_id: bytes, tag: bytes, epoch: int) -> None:
        """Make a vault, which may exist or whose owner may have one."""
        row = VaultRow(
            vault_id=vault_id,
            account_id=NO_SCOPE,
            owner_tag=tag,
            kind="user",
            created_ms=1,
            epoch=epoch,
        )
        self._commit(Write(vault_id=vault_id, vault=row))

    @rule(
        vault_id=st.sampled_from(_VAULTS),
        head=st.none() | heads,
        aim=st.sampled_from(["right", "right", "new", "wrong"]),
        put=st.lists(rows, max_size=4),
        fitting=st.sampled_from([True, True, True, False]),
        raise_by=st.sampled_from([1, 1, 1, 2, 0]),
        remove=st.lists(ids, max_size=1),
        add=st.lists(links, max_size=2),
        unlinks=st.lists(links, max_size=1),
        once=st.none() | st.builds(OnceTag, tag=st.sampled_from(_TAGS), id=ids),
        epoch=st.sampled_from([None, None, 1]),
    )
    def write(
        self,
        vault_id: bytes,
        head: SessionHead | None,
        aim: str,
        put: list[SealedRow],
        fitting: bool,
        raise_by: int,
        remove: list[bytes],
        add: list[Link],
        unlinks: list[Link],
        once: OnceTag | None,
        epoch: int | None,
    ) -> None:
        """A write of everything at once, likely to fit, and sometimes not."""
        vault = self.model.vaults.get(vault_id)
        if fitting and vault is not None:
            aim = "right"
            put = [_fitting(vault, row, raise_by) for row in {row.id: row for row in put}.values()]
            add = [link for link in add if _linkable(vault, put, link)]
            once = None if once is not None and once.tag in vault.once else once
        self._commit(
            Write(
                vault_id=vault_id,
                head=None if head is None else _move(vault, head, aim),
                put=tuple(put),
                remove=tuple(RowKey(id=row_id) for row_id in remove),
                links=tuple(add),
                unlinks=tuple(unlinks),
                once=once,
                epoch=epoch,
                sealed_records=len(put),
            )
        )

    @rule(vault_id=st.sampled_from(_VAULTS), touch=heads)
    def touch(self, vault_id: bytes, touch: SessionHead) -> None:
        """Change what a head says of its session."""
        self._commit(Write(vault_id=vault_id, touch=touch))

    @rule(vault_id=st.sampled_from(_VAULTS), doomed=st.lists(sessions, min_size=1, max_size=2))
    def erase_sessions(self, vault_id: bytes, doomed: list[bytes]) -> None:
        """Erase sessions, some of which were never there."""
        self._commit(Write(vault_id=vault_id, erase_sessions=tuple(doomed)))

    @rule(vault_id=st.sampled_from(_VAULTS), epoch=small)
    def rotate(self, vault_id: bytes, epoch: int) -> None:
        """Start a new epoch."""
        self._commit(Write(vault_id=vault_id, next_epoch=epoch, sealed_records=1))

    @rule(vault_id=st.sampled_from(_VAULTS))
    def erase_vault(self, vault_id: bytes) -> None:
        """Erase a vault, which may not exist."""
        gone = self.model.vaults.pop(vault_id, None)
        for backend in self.backends:
            removed = self._do(backend.erase_vault(vault_id))
            assert removed == (len(gone.rows) if gone else 0)

    @rule()
    def open_again(self) -> None:
        """A restart changes no answer."""
        self._do(self.file.close())
        self.file = self._open()

    @rule(span=spans)
    def read_rows(self, span: RowSpan) -> None:
        """Rows by place, narrowed in every way."""
        vault = self.model.vaults.get(span.vault_id)
        found = [row for row in vault.rows.values() if _in_span(row, span)] if vault else []
        found.sort(key=lambda row: (row.scope, row.ord, row.id))
        expected = found[-span.limit :] if span.newest else found[: span.limit]
        for backend in self.backends:
            assert self._do(backend.rows(span)) == expected

    @rule(vault_id=st.sampled_from(_VAULTS), after=st.integers(0, 20), limit=st.integers(1, 6))
    def read_changes(self, vault_id: bytes, after: int, limit: int) -> None:
        """A consumer that follows `changes` sees every row exactly once, in order."""
        vault = self.model.vaults.get(vault_id)
        for backend in self.backends:
            self._follow(backend, vault_id, vault, after, limit)

    def _follow(
        self, backend: Storage, vault_id: bytes, vault: ModelVault | None, after: int, limit: int
    ) -> None:
        newer = [row for row in vault.rows.values() if row.rev > after] if vault else []
        newer.sort(key=lambda row: (row.rev, row.kind, row.scope, row.ord, row.id))
        found: list[SealedRow] = []
        while page := self._do(
            backend.changes(ChangesQuery(vault_id=vault_id, after=after, limit=limit))
        ):
            found, after = found + page, page[-1].rev
        assert found == newer

    @invariant()
    def everything_agrees(self) -> None:
        """Vaults, heads, rows, links and tags are the model's."""
        for backend in self.backends:
            listed = self._do(backend.vaults())
            assert listed == [self.model.vaults[key].row for key in sorted(self.model.vaults)]
            for vault_id, vault in self.model.vaults.items():
                self._check_vault(backend, vault_id, vault)

    def _check_vault(self, backend: Storage, vault_id: bytes, vault: ModelVault) -> None:
        heads = self._do(backend.heads(HeadsQuery(vault_id=vault_id)))
        newest = sorted(vault.heads.values(), key=lambda one: (one.last_ms, one.session_id))
        assert heads == newest[::-1]
        self._follow(backend, vault_id, vault, after=0, limit=3)
        kept = [row_id for row_id in _IDS if row_id in vault.rows]
        living = [row_id for row_id in kept if vault.rows[row_id].state is not State.GONE]
        found = self._do(backend.rows_by_id(ByIds(vault_id=vault_id, ids=tuple(_IDS))))
        assert [row.id for row in found] == living
        linked = self._do(backend.links(LinksQuery(vault_id=vault_id)))
        assert [(one.kind, one.from_id, one.to_id) for one in linked] == sorted(vault.links)
        for tag in _TAGS:
            assert self._do(backend.once(vault_id, tag)) == vault.once.get(tag)
        counts = self._do(backend.stats(vault_id))
        assert counts.sealed_bytes == sum(len(row.sealed) for row in vault.rows.values())
        assert counts.sessions == len(vault.heads)


def _fitting(vault: ModelVault, row: SealedRow, raise_by: int) -> SealedRow:
    """The row as a put that succeeds, unless its version is raised by 0."""
    old = vault.rows.get(row.id)
    if old is None:
        return row
    place = {"kind": old.kind, "scope": old.scope, "ord": old.ord}
    return replace(row, version=old.version + raise_by, **place)


def _linkable(vault: ModelVault, put: list[SealedRow], link: Link) -> bool:
    rows = vault.rows | {row.id: row for row in put}
    ends = [rows.get(end) for end in (link.from_id, link.to_id)]
    return all(end is not None and end.state < State.FORGOTTEN for end in ends)


def _move(vault: ModelVault | None, head: SessionHead, aim: str) -> HeadMove:
    old = None if vault is None else vault.heads.get(head.session_id)
    if aim == "new" or (aim == "right" and old is None):
        return HeadMove(expected_next_seq=-1, expected_turns=-1, head=head)
    if aim == "right" and old is not None:
        return HeadMove(
            expected_next_seq=old.next_seq,
            expected_turns=old.turns,
            expected_chain=old.chain,
            expected_rev=old.rev if head.archived else None,
            head=head,
        )
    return HeadMove(
        expected_next_seq=head.messages, expected_turns=1, expected_rev=head.turns, head=head
    )


def _in_span(row: SealedRow, span: RowSpan) -> bool:
    if row.kind is not span.kind or span.scope not in (None, row.scope):
        return False
    if span.first is not None and row.ord < span.first:
        return False
    if span.last is not None and row.ord >= span.last:
        return False
    wanted = row.state is not State.GONE if span.state is None else row.state is span.state
    return wanted and span.parent in (None, row.parent) and span.owner in (None, row.owner)


TestStorageMachine = StorageMachine.TestCase
