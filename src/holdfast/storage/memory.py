"""The backend that keeps nothing on disk: for sessions that are never stored, and for tests.

It passes the same contract suite as every other backend. What it promises ends with the process.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from operator import attrgetter

from holdfast.errors import Conflict, NotFound, StorageFailed
from holdfast.storage._memory_vault import MemoryVault
from holdfast.storage.protocol import (
    NO_SCOPE,
    Anchor,
    AuditEntry,
    ByIds,
    ChangesQuery,
    Erasure,
    HeadsQuery,
    KeyWrite,
    Kind,
    Link,
    LinksQuery,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    VaultRow,
    VaultStats,
    WrappedKey,
    Write,
    WriterPresence,
    Written,
)

__all__ = ["MemoryKeyStorage", "MemoryStorage"]


class MemoryStorage:
    """`Storage` in dictionaries. Safe to use from several threads and event loops."""

    def __init__(self) -> None:
        self._vaults: dict[bytes, MemoryVault] = {}
        self._by_owner: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._number = secrets.randbits(62)
        self._closed = False

    async def commit(self, write: Write) -> Written:
        with self._lock:
            self._check_open()
            if write.vault is None:
                return self._known(write.vault_id).apply(write)
            return self._create(write, write.vault)

    def _create(self, write: Write, row: VaultRow) -> Written:
        if write.vault_id in self._vaults or row.owner_tag in self._by_owner:
            raise Conflict("this vault exists")
        new = MemoryVault(
            VaultRow(
                vault_id=write.vault_id,
                account_id=row.account_id,
                owner_tag=row.owner_tag,
                kind=row.kind,
                created_ms=row.created_ms,
                epoch=row.epoch,
            )
        )
        written = new.apply(write)
        self._vaults[write.vault_id] = new
        self._by_owner[row.owner_tag] = write.vault_id
        return written

    async def vault(self, vault_id: bytes) -> VaultRow | None:
        with self._lock:
            held = self._look(vault_id)
            return held.row if held else None

    async def vault_of(self, owner_tag: bytes) -> VaultRow | None:
        with self._lock:
            self._check_open()
            vault_id = self._by_owner.get(owner_tag)
            return None if vault_id is None else self._vaults[vault_id].row

    async def vaults(self, *, after: bytes = b"", limit: int = 1000) -> list[VaultRow]:
        with self._lock:
            self._check_open()
            ids = sorted(vault_id for vault_id in self._vaults if vault_id > after)
            return [self._vaults[vault_id].row for vault_id in ids[:limit]]

    async def rows(self, span: RowSpan) -> list[SealedRow]:
        with self._lock:
            held = self._look(span.vault_id)
            return held.rows(span) if held else []

    async def rows_by_id(self, ask: ByIds) -> list[SealedRow]:
        with self._lock:
            held = self._look(ask.vault_id)
            records = held.records if held else {}
            found = [records[row_id] for row_id in ask.ids if row_id in records]
            return [row for row in found if row.state is not State.GONE]

    async def changes(self, ask: ChangesQuery) -> list[SealedRow]:
        with self._lock:
            held = self._look(ask.vault_id)
            return held.changes(ask) if held else []

    async def heads(self, ask: HeadsQuery) -> list[SessionHead]:
        with self._lock:
            held = self._look(ask.vault_id)
            heads = [head for head in held.heads.values() if _asked(head, ask)] if held else []
            heads.sort(key=lambda head: (head.last_ms, head.session_id), reverse=True)
            return heads[: ask.limit]

    async def links(self, ask: LinksQuery) -> list[Link]:
        with self._lock:
            held = self._look(ask.vault_id)
            links = held.links if held else {}
            return [links[key] for key in sorted(links) if _joins(links[key], ask)]

    async def once(self, vault_id: bytes, tag: bytes) -> bytes | None:
        with self._lock:
            held = self._look(vault_id)
            return held.once.get(tag) if held else None

    async def stats(self, vault_id: bytes) -> VaultStats:
        with self._lock:
            self._check_open()
            return _stats(self._known(vault_id))

    async def erase_vault(self, vault_id: bytes) -> int:
        with self._lock:
            self._check_open()
            held = self._vaults.pop(vault_id, None)
            if held is None:
                return 0
            del self._by_owner[held.row.owner_tag]
            return len(held.records)

    async def scrub(self) -> None:
        """Nothing to do: there are no files."""

    async def writers(self) -> WriterPresence:
        """Nobody else can hold a turn of this storage open: every other number is gone."""
        with self._lock:
            self._check_open()
            opened = {
                (row.owner, held.row.vault_id)
                for held in self._vaults.values()
                for row in held.records.values()
                if row.state is State.OPEN and row.owner not in (None, self._number)
            }
        departed = sorted({owner for owner, _ in opened if owner is not None})
        abandoned = sorted({vault_id for _, vault_id in opened})
        return WriterPresence(
            mine=self._number, departed=tuple(departed), abandoned=tuple(abandoned)
        )

    async def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StorageFailed("the storage was closed: open it again")

    def _look(self, vault_id: bytes) -> MemoryVault | None:
        self._check_open()
        return self._vaults.get(vault_id)

    def _known(self, vault_id: bytes) -> MemoryVault:
        held = self._vaults.get(vault_id)
        if held is None:
            raise NotFound("vault")
        return held


def _asked(head: SessionHead, ask: HeadsQuery) -> bool:
    wanted: tuple[tuple[object, object], ...] = (
        (ask.kind, head.kind),
        (ask.assistant_id, head.assistant_id),
        (ask.project_id, head.project_id),
        (ask.archived, head.archived),
    )
    if any(asked is not None and asked != found for asked, found in wanted):
        return False
    if ask.session_ids is not None and head.session_id not in ask.session_ids:
        return False
    return ask.before is None or (head.last_ms, head.session_id) < ask.before


def _joins(link: Link, ask: LinksQuery) -> bool:
    if ask.kind is not None and link.kind != ask.kind:
        return False
    if ask.from_ids is None and ask.to_ids is None:
        return True
    starts = ask.from_ids is not None and link.from_id in ask.from_ids
    return starts or (ask.to_ids is not None and link.to_id in ask.to_ids)


def _stats(held: MemoryVault) -> VaultStats:
    kept = [row for row in held.records.values() if row.state is not State.GONE]
    counts = {kind: sum(1 for row in kept if row.kind is kind) for kind in Kind}
    files = {row.parent for row in kept if row.kind is Kind.CHUNK}
    said = [row.at_ms for row in kept if row.kind is Kind.MESSAGE and row.state is State.LIVE]
    return VaultStats(
        sessions=len(held.heads),
        turns=counts[Kind.TURN],
        messages=len(said),
        memories=counts[Kind.MEMORY],
        thoughts=counts[Kind.THOUGHT],
        files=counts[Kind.FILE] + len(files),
        sealed_bytes=sum(len(row.sealed) for row in kept),
        first_ms=min(said, default=None),
        last_ms=max(said, default=None),
        rev=held.row.rev,
    )


class MemoryKeyStorage:
    """`KeyStorage` in dictionaries. Safe to use from several threads and event loops."""

    def __init__(self) -> None:
        self._keys: dict[tuple[bytes, bytes, int], WrappedKey] = {}
        self._erasures: dict[tuple[bytes, bytes], Erasure] = {}
        self._audit: list[AuditEntry] = []
        self._anchors: dict[tuple[bytes, bytes], Anchor] = {}
        self._secrets: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._closed = False

    async def commit(self, write: KeyWrite) -> None:
        with self._lock:
            self._check_open()
            if write.under_root is not None and write.under_root != self._secrets.get("root", b""):
                raise Conflict("the root key was rotated meanwhile")
            audit = self._continued(write.audit)
            keys = self._changed_keys(write)
            for erasure in write.erasures:
                self._erasures.setdefault((erasure.vault_id, erasure.session_id), erasure)
            for place in [p for p in self._anchors if _loosened(p, write)]:
                del self._anchors[place]
            self._anchors.update(((a.vault_id, a.session_id), a) for a in write.anchors)
            self._secrets.update(write.secrets)
            self._audit, self._keys = audit, keys

    def _continued(self, entries: tuple[AuditEntry, ...]) -> list[AuditEntry]:
        chain = list(self._audit)
        for entry in entries:
            if entry.number != len(chain):
                raise Conflict("the audit chain has grown meanwhile")
            chain.append(entry)
        return chain

    def _changed_keys(self, write: KeyWrite) -> dict[tuple[bytes, bytes, int], WrappedKey]:
        keys = {place: key for place, key in self._keys.items() if not _destroyed(place, write)}
        for key in write.put:
            place = (key.vault_id, key.session_id, key.version)
            if keys.setdefault(place, key) != key:
                raise Conflict("another key is at this place")
        return keys

    async def keys(self, vault_id: bytes, session_id: bytes | None = None) -> list[WrappedKey]:
        return self._sorted(
            lambda key: key.vault_id == vault_id and session_id in (None, key.session_id)
        )

    async def all_vault_keys(self) -> list[WrappedKey]:
        return self._sorted(lambda key: key.session_id == NO_SCOPE)

    def _sorted(self, wanted: Callable[[WrappedKey], bool]) -> list[WrappedKey]:
        with self._lock:
            self._check_open()
            return [self._keys[place] for place in sorted(self._keys) if wanted(self._keys[place])]

    async def erasures(self) -> list[Erasure]:
        with self._lock:
            self._check_open()
            by_age = attrgetter("at_ms", "vault_id", "session_id")
            return sorted(self._erasures.values(), key=by_age)

    async def audit(self, *, after: int = -1) -> list[AuditEntry]:
        with self._lock:
            self._check_open()
            return [entry for entry in self._audit if entry.number > after]

    async def anchors(self, vault_id: bytes) -> list[Anchor]:
        with self._lock:
            self._check_open()
            places = sorted(place for place in self._anchors if place[0] == vault_id)
            return [self._anchors[place] for place in places]

    async def secrets(self) -> dict[str, bytes]:
        with self._lock:
            self._check_open()
            return dict(self._secrets)

    async def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StorageFailed("the storage was closed: open it again")


def _loosened(place: tuple[bytes, bytes], write: KeyWrite) -> bool:
    """Whether a session's anchor goes: its keys or its vault's all do, or it is asked for."""
    return place[0] in write.unanchor or any(
        version is None and vault_id == place[0] and session_id in (NO_SCOPE, place[1])
        for vault_id, session_id, version in write.destroy
    )


def _destroyed(place: tuple[bytes, bytes, int], write: KeyWrite) -> bool:
    vault_id, session_id, version = place
    for doomed_vault, doomed_session, doomed_version in write.destroy:
        whole_vault = doomed_session == NO_SCOPE and doomed_version is None
        same_key = doomed_session == session_id and doomed_version in (None, version)
        if doomed_vault == vault_id and (whole_vault or same_key):
            return True
    return False
