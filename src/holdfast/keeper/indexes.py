"""The indexes of opened vaults: built from sealed rows, current by revision, saved sealed.

An index is derived. Its snapshot is one sealed file per vault beside the node; a snapshot that is
missing, of another key, damaged or ahead of the vault is thrown away and built afresh.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import HoldfastError, NotFound, TamperedRecord
from holdfast.model import Message
from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadsQuery,
    Kind,
    RowSpan,
    SealedRow,
    State,
    VaultRow,
)
from holdfast.vault.codec import MemoryBody, SessionBody, open_body, open_message
from holdfast.vault.envelope import COMMITMENT_SIZE, SealKey
from holdfast.vault.keyring import KeySet
from holdfast.vault.sealed_file import read_sealed_file, write_sealed_file
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.index.embedder import Embedder
    from holdfast.index.entries import Entry
    from holdfast.index.tiers import TierState
    from holdfast.index.vault_index import VaultIndex

__all__ = ["Indexes", "indexed_text"]

_logger = logging.getLogger(__name__)
_KINDS = (Kind.SESSION, Kind.MESSAGE, Kind.MEMORY)
_PAGE = 20_000
_ALL = 1_000_000
_SNAPSHOT_PLACE = b"holdfast index 2"
_INLINE = 64
"""So few new entries are added on the event loop; more go to a thread."""
_MAX_TOOL_CHARS = 4000
_PAID_AT_ONCE = 32
_SAVE_EMBEDDED = 5000
"""So many vectors of a tier at most are made again after a crash."""
_FAILED_PAUSE_S = 30.0
_STEP_S = 0.5
_SAVE_AFTER = 2000
"""A snapshot is written when so many entries are new since the last."""


class _Label(Struct):
    """What a session lends to its messages."""

    kind: str = "chat"
    assistant: str | None = None
    project: str | None = None
    platform: str | None = None
    tags: tuple[str, ...] = ()
    trashed: bool = False
    """None of its messages can be found."""
    title: str = ""


class _Held(Struct):
    vault: Vault
    index: VaultIndex
    labels: dict[str, _Label]
    lock: asyncio.Lock
    unsaved: int = 0
    nbytes: int = 0
    """As it was when it last grew."""
    saving: asyncio.Task[None] | None = None
    embedding: asyncio.Task[None] | None = None
    dropped: bool = False
    """It was thrown away: a snapshot that is being written must go too."""


class _Snapshot(Struct):
    """What stands before the dumped index, after its own size in 4 bytes."""

    rev: int
    labels: dict[str, _Label]


def _made_once(make: Callable[[], Embedder]) -> Callable[[], Embedder]:
    """One embedder for all who ask, also at the same time, and for the stores of sessions that are
    not kept: it takes eighty megabytes."""
    lock = threading.Lock()
    made: list[Embedder] = []

    def once() -> Embedder:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return once


class Indexes:
    """The indexes in memory, least recently used ones leave when there are too many bytes."""

    def __init__(
        self,
        embedder: Callable[[], Embedder],
        *,
        tier: Callable[[], Embedder] | None = None,
        known: Callable[[str], Embedder | None] = lambda _: None,
        folder: Path | None,
        max_bytes: int = 2 << 30,
    ) -> None:
        """See `VaultIndex` of tiers; `tier` makes the one that all indexes are to have."""
        self.make_embedder = _made_once(embedder)
        self._make_tier = _made_once(tier) if tier is not None else None
        self._known = known
        self._embedder: Embedder | None = None
        self._tiers: tuple[Embedder, ...] = ()
        self._paying = asyncio.Lock()
        self._folder = folder
        self._max_bytes = max_bytes
        self._held: OrderedDict[bytes, _Held] = OrderedDict()
        # Kept up, not summed up: with ten thousand vaults each write would look at them all.
        self._nbytes = 0

    @property
    def folder(self) -> Path | None:
        """Where snapshots lie; None when none are kept."""
        return self._folder

    @property
    def nbytes(self) -> int:
        """The memory that all of them take."""
        return self._nbytes

    def holds(self, vault: Vault) -> bool:
        """Whether a vault's index is in memory, however old: the next question need not load it."""
        return vault.raw in self._held

    async def current(self, vault: Vault) -> VaultIndex:
        """The index of a vault with every write acknowledged before this call.

        Raises:
            TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
            NotFound: the vault was erased.
        """
        held = self._held.get(vault.raw)
        if held is None:
            held = await self._begin(vault)
        self._held.move_to_end(vault.raw)
        row = await vault.storage.vault(vault.raw)
        if row is None:
            self.drop(vault)
            raise NotFound("vault")
        if held.index.rev == row.rev:
            self._weigh(held)  # what a search looked up first is kept
            self._embed_beside(held)
            return held.index
        async with held.lock:
            if held.index.rev > row.rev and not await self._caught_up(vault, held):
                self.drop(vault)
                return await self.current(vault)
            if held.index.rev < row.rev:
                await self._catch_up(vault, held, row)
                self._weigh(held)
        if held.unsaved >= _SAVE_AFTER and held.saving is None:
            # Beside the answer, which need not wait for it; `close` does.
            held.saving = asyncio.create_task(self._save(held))
        self._embed_beside(held)
        self._evict(keep=vault.raw)
        return held.index

    async def tier(self, vault: Vault) -> TierState:
        """Which embedder serves a vault, and how far the one in the settings has come."""
        return (await self.current(vault)).tier

    async def embed_all(self, vault: Vault, *, told: Callable[[TierState], object]) -> TierState:
        """Wait until nothing is owed any more; `told` hears of each step.

        Ends early when the embedder fails: the state says why.
        """
        while True:
            index = await self.current(vault)
            state = index.tier
            told(state)
            held = self._held.get(vault.raw)
            if held is None or held.embedding is None or state.failing:
                return state
            await asyncio.wait({held.embedding}, timeout=_STEP_S)

    def _embed_beside(self, held: _Held) -> None:
        """What a tier owes is paid beside the answers, in one task for each vault."""
        if held.embedding is None and held.index.is_owing:
            held.embedding = asyncio.create_task(self._embed(held), name="embedding")

    async def _embed(self, held: _Held) -> None:
        from holdfast.index.endpoint import EmbedderFailed

        paid = 0
        try:
            while held.index.is_owing and not held.dropped:
                texts = await self._texts_of(held.vault, held.index.unread(_PAID_AT_ONCE))
                try:
                    # One vault at a time: an embedder takes a core, or an endpoint's patience.
                    async with self._paying:
                        done = await asyncio.to_thread(held.index.pay, texts, _PAID_AT_ONCE)
                except EmbedderFailed:
                    # Why is told by `tier`; here it could hold an address with a key in it.
                    _logger.warning("embedder failed", extra={"action": "index.embed"})
                    await asyncio.sleep(_FAILED_PAUSE_S)
                    continue
                paid, held.unsaved = paid + done, held.unsaved + done
                if paid >= _SAVE_EMBEDDED and held.saving is None:
                    paid = 0
                    await self._save(held)
                self._weigh(held)
        except HoldfastError:
            # The vault was erased, or does not open: who asks next hears of it.
            _logger.warning("embedding stopped", extra={"action": "index.embed"})
        finally:
            held.embedding = None

    async def _texts_of(self, vault: Vault, ids: list[str]) -> dict[str, str]:
        """What is indexed of messages and memories; of those that are gone nothing."""
        if not ids:
            return {}
        ask = ByIds(vault_id=vault.raw, ids=tuple(id_bytes(one) for one in ids))
        rows = [row for row in await vault.storage.rows_by_id(ask) if row.state is State.LIVE]
        messages = await self._openable(vault, [row for row in rows if row.kind is Kind.MESSAGE])
        memories, keys = await vault.openable([row for row in rows if row.kind is Kind.MEMORY])
        texts = {
            id_text(row.id): indexed_text(
                open_message(row, vault.place(Kind.MESSAGE, row.scope), opening)
            )
            for row, opening in messages
        }
        for row in memories:
            body = open_body(row, vault.place(Kind.MEMORY), keys, MemoryBody)
            texts[id_text(row.id)] = body.text
        return texts

    async def _caught_up(self, vault: Vault, held: _Held) -> bool:
        """Whether an index ahead of the row we read is simply newer than that read."""
        row = await vault.storage.vault(vault.raw)
        return row is not None and row.rev >= held.index.rev

    async def _begin(self, vault: Vault) -> _Held:
        embedder = await self._embedder_ready()
        held = self._held.setdefault(vault.raw, await self._load(vault, embedder))
        self._weigh(held)
        return held

    def _weigh(self, held: _Held) -> None:
        """Count what an index takes now, unless it was thrown away meanwhile."""
        if self._held.get(held.vault.raw) is held:
            before, held.nbytes = held.nbytes, held.index.nbytes
            self._nbytes += held.nbytes - before

    async def prepare(self) -> None:
        """Load what compares meanings, so that the first recall need not wait. May run often.

        Raises:
            MissingExtra: it is not installed.
        """
        await self._embedder_ready()

    async def _embedder_ready(self) -> Embedder:
        if self._embedder is None:
            if self._make_tier is not None:
                self._tiers = (await asyncio.to_thread(self._make_tier),)
            self._embedder = await asyncio.to_thread(self.make_embedder)
        return self._embedder

    async def _catch_up(self, vault: Vault, held: _Held, row: VaultRow | None) -> None:
        """Take in all that `row`, which was read before, has seen; and what came since."""
        while True:
            ask = ChangesQuery(vault_id=vault.raw, after=held.index.rev, kinds=_KINDS, limit=_PAGE)
            rows = await vault.storage.changes(ask)
            if not rows:
                if row is not None:
                    held.index.rev = max(held.index.rev, row.rev)
                return
            if rows[-1].rev <= held.index.rev:
                raise TamperedRecord("revision of vault", vault.id)
            await self._take(vault, held, rows)
            held.index.rev = rows[-1].rev
            if row is not None and held.index.rev >= row.rev:
                return
            row = await vault.storage.vault(vault.raw)

    async def _take(self, vault: Vault, held: _Held, rows: list[SealedRow]) -> None:
        back = await self._relabel(vault, held, [row for row in rows if row.kind is Kind.SESSION])
        messages = [row for row in rows if row.kind is Kind.MESSAGE]
        for scope in back:
            # What came while it was in the trash is among them, and need not be taken twice.
            messages = [row for row in messages if row.scope != scope]
            span = RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=scope, limit=_ALL)
            messages += await vault.storage.rows(span)
        await self._know_sessions(vault, held, {row.scope for row in messages})
        removed = [
            id_text(row.id)
            for row in rows
            if row.kind is not Kind.SESSION and row.state is not State.LIVE
        ]
        alive = [
            row
            for row in messages
            if row.state is State.LIVE
            and (label := held.labels.get(id_text(row.scope))) is not None
            and not label.trashed
        ]
        openable = await self._openable(vault, alive)
        memories = [row for row in rows if row.kind is Kind.MEMORY and row.state is State.LIVE]
        memories, keys = await vault.openable(memories)
        place = vault.place(Kind.MEMORY)
        opened = [(row, open_body(row, place, keys, MemoryBody)) for row in memories]
        trashed = [id_text(row.id) for row, body in opened if body.trashed_at is not None]
        opened = [(row, body) for row, body in opened if body.trashed_at is None]
        bodies = [body for _, body in opened]
        sessions = {body.session_id for body in bodies if body.session_id is not None}
        await self._know_sessions(vault, held, {id_bytes(session) for session in sessions})

        def work() -> None:
            held.index.remove([*removed, *trashed])
            entries = [
                _message_entry(
                    open_message(row, vault.place(Kind.MESSAGE, row.scope), opening),
                    held.labels[id_text(row.scope)],
                )
                for row, opening in openable
            ]
            entries += [
                _memory_entry(row, body, held.labels.get(body.session_id or ""))
                for row, body in opened
            ]
            held.index.add([entry for entry in entries if entry.text.strip()])

        if max(len(rows), len(openable)) <= _INLINE:
            work()
        else:
            await asyncio.to_thread(work)
        held.unsaved += len(rows)

    async def _openable(
        self, vault: Vault, rows: list[SealedRow]
    ) -> list[tuple[SealedRow, Mapping[bytes, SealKey]]]:
        """Live message rows of any sessions with the keys that open them."""
        by_scope: dict[bytes, list[SealedRow]] = {}
        for row in rows:
            by_scope.setdefault(row.scope, []).append(row)
        at_once = await self._keys_at_once(vault, len(by_scope))
        found: list[tuple[SealedRow, Mapping[bytes, SealKey]]] = []
        for scope, of_scope in by_scope.items():
            known = at_once.get(scope)
            if known is not None and all(_names_one_of(known, row) for row in of_scope):
                found.extend((row, known.by_commitment) for row in of_scope)
                continue
            read, keys = await vault.openable_among(of_scope, scope)
            found.extend((row, keys) for row in read if row.state is State.LIVE)
        return found

    async def _keys_at_once(self, vault: Vault, sessions: int) -> dict[bytes, KeySet]:
        """The keys of all sessions in one read, when many are needed."""
        return await vault.keyring.all_session_keys(vault.raw) if sessions > 8 else {}

    async def _relabel(self, vault: Vault, held: _Held, rows: list[SealedRow]) -> list[bytes]:
        """Take in what sessions are; returns those that came out of the trash."""
        for row in rows:
            if row.state is State.GONE:
                session_id = id_text(row.id)
                held.labels.pop(session_id, None)
                held.index.remove_session(session_id)
        alive = {row.id for row in rows if row.state is State.LIVE}
        hidden = {raw for raw in alive if _is_trashed(held, raw)}
        await self._read_labels(vault, held, alive, rows)
        return sorted(raw for raw in hidden if not _is_trashed(held, raw))

    async def _know_sessions(self, vault: Vault, held: _Held, scopes: set[bytes]) -> None:
        unknown = {scope for scope in scopes if id_text(scope) not in held.labels}
        if not unknown:
            return
        ask = ByIds(vault_id=vault.raw, ids=tuple(sorted(unknown)))
        await self._read_labels(vault, held, unknown, await vault.storage.rows_by_id(ask))

    async def _read_labels(
        self, vault: Vault, held: _Held, wanted: set[bytes], rows: Iterable[SealedRow]
    ) -> None:
        if not wanted:
            return
        heads = await vault.storage.heads(
            HeadsQuery(vault_id=vault.raw, session_ids=tuple(sorted(wanted)), limit=len(wanted))
        )
        by_id = {row.id: row for row in rows}
        at_once = await self._keys_at_once(vault, len(heads))
        for head in heads:
            row, known = by_id.get(head.session_id), at_once.get(head.session_id)
            if row is None:
                raise TamperedRecord("session", id_text(head.session_id))
            if known is not None and _names_one_of(known, row):
                opening: Mapping[bytes, SealKey] = known.by_commitment
            else:
                read, opening = await vault.openable_among((row,), head.session_id)
                if not read:
                    continue
                row = read[0]
            body = open_body(row, vault.place(Kind.SESSION, head.session_id), opening, SessionBody)
            label = _Label(
                head.kind,
                body.assistant,
                body.project,
                body.platform,
                body.tags,
                body.trashed_at is not None,
                body.title,
            )
            session_id = id_text(head.session_id)
            before = held.labels.get(session_id)
            held.labels[session_id] = label
            if label.trashed:
                held.index.remove_session(session_id, memories=False)
            elif label.title != (before.title if before and not before.trashed else ""):
                held.index.title_session(session_id, label.title)
            if before is not None and before != label:
                held.index.label_session(
                    session_id,
                    assistant=label.assistant,
                    project=label.project,
                    kind=label.kind,
                    tags=label.tags,
                    platform=label.platform,
                )

    # Snapshots

    def _path(self, vault: Vault) -> Path | None:
        return None if self._folder is None else self._folder / f"{vault.id}.index"

    async def _load(self, vault: Vault, embedder: Embedder) -> _Held:
        from holdfast.index.vault_index import VaultIndex

        path = self._path(vault)
        if path is not None and path.exists():
            key = (await vault.keys()).index

            def read() -> _Held:
                plain = read_sealed_file(path, key, _SNAPSHOT_PLACE + vault.raw)
                start = 4 + int.from_bytes(plain[:4], "big")
                snapshot = msgspec.msgpack.decode(plain[4:start], type=_Snapshot)
                dumped = plain[start:]
                del plain
                index = VaultIndex.load(dumped, embedder, tiers=self._tiers, known=self._known)
                index.rev = snapshot.rev
                return _Held(vault, index, snapshot.labels, asyncio.Lock())

            try:
                return await asyncio.to_thread(read)
            except (OSError, ValueError, TamperedRecord):
                # Derived and disposable: what it held is read again from the sealed rows.
                _logger.info("index snapshot unusable", extra={"action": "index.discard"})
                _unlink(path)
        return _Held(vault, VaultIndex(embedder, tiers=self._tiers), {}, asyncio.Lock())

    async def _save(self, held: _Held) -> None:
        """Write a snapshot. It may hold more than its `rev` says, never less."""
        vault, path = held.vault, self._path(held.vault)
        if path is None:
            return
        rev, labels = held.index.rev, dict(held.labels)
        held.unsaved = 0
        try:
            key = (await vault.keys()).index

            def write() -> None:
                head = msgspec.msgpack.encode(_Snapshot(rev, labels))
                parts = (len(head).to_bytes(4, "big"), head, held.index.dump())
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_sealed_file(path, parts, key, _SNAPSHOT_PLACE + vault.raw)

            await asyncio.to_thread(write)
        except (OSError, HoldfastError):
            # A full disk, or a vault erased meanwhile, costs the next start some seconds at most.
            _logger.warning("index snapshot not saved", extra={"action": "index.save"})
        finally:
            held.saving = None
            if held.dropped:
                _unlink(path)

    async def unsave(self, vault: Vault) -> None:
        """Throw a snapshot away that holds what was forgotten; the next question saves a new one.

        The index in memory learns of it by the revision, like that of every other process.
        """
        held, path = self._held.get(vault.raw), self._path(vault)
        if held is not None and held.saving is not None:
            await asyncio.shield(held.saving)
        if path is None or not path.exists():
            return
        _unlink(path)
        if held is not None:
            held.unsaved = _SAVE_AFTER

    def drop(self, vault: Vault) -> None:
        """Throw an index away, its snapshot too."""
        held = self._held.pop(vault.raw, None)
        if held is not None:
            self._nbytes -= held.nbytes
            held.dropped = True
            if held.embedding is not None:
                held.embedding.cancel()
        _unlink(self._path(vault))

    def _evict(self, *, keep: bytes) -> None:
        """Let the least recently used ones go; those that are being embedded come last."""
        for is_embedding in (False, True):
            for raw, held in list(self._held.items()):
                if self._nbytes <= self._max_bytes:
                    return
                busy = held.lock.locked() or held.saving is not None
                if raw != keep and not busy and (held.embedding is not None) == is_embedding:
                    if held.embedding is not None:
                        # What it paid since the last snapshot is paid for again.
                        held.embedding.cancel()
                    self._nbytes -= held.nbytes
                    del self._held[raw]

    async def close(self) -> None:
        """Save what is new, and let go."""
        for held in list(self._held.values()):
            if held.embedding is not None:
                # What a thread is at is not waited for: it is paid for again next time.
                held.embedding.cancel()
                await asyncio.gather(held.embedding, return_exceptions=True)
            if held.saving is not None:
                await held.saving
            if held.unsaved:
                # Caught up first: what was forgotten or erased elsewhere must not come back.
                with contextlib.suppress(HoldfastError):
                    await self.current(held.vault)
                    await self._save(held)
        self._held.clear()
        self._nbytes = 0
        for tier in self._tiers:
            if callable(close := getattr(tier, "close", None)):
                close()


def _unlink(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _is_trashed(held: _Held, session: bytes) -> bool:
    label = held.labels.get(id_text(session))
    return label is not None and label.trashed


def _names_one_of(keys: KeySet, row: SealedRow) -> bool:
    return row.sealed[1 : 1 + COMMITMENT_SIZE] in keys.by_commitment


def indexed_text(message: Message) -> str:
    """What of a message can be found: its text, its tool's name and values, its file's name."""
    parts = [message.text]
    if message.tool is not None:
        value = message.tool.arguments if message.kind == "tool_call" else message.tool.result
        parts.append(message.tool.name)
        if value is not None:
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            parts.append(text[:_MAX_TOOL_CHARS])
    if message.file is not None and message.kind == "file":
        parts.append(message.file.name)
    return "\n".join(part for part in parts if part)


def _message_entry(message: Message, label: _Label) -> Entry:
    from holdfast.index.entries import Entry

    speaker = message.author
    if speaker is None and message.role == "assistant":
        speaker = label.assistant
    return Entry(
        id=message.id,
        session_id=message.session_id,
        seq=message.seq,
        role=message.role,
        kind=message.kind,
        session_kind=label.kind,
        speaker=speaker,
        assistant=label.assistant,
        project=label.project,
        tags=label.tags,
        at_ms=to_ms(message.at),
        text=indexed_text(message),
        platform=label.platform,
    )


def _memory_entry(row: SealedRow, body: MemoryBody, label: _Label | None) -> Entry:
    """What of a memory can be found; `label` is its session's, as `label_session` lends it too."""
    from holdfast.index.entries import Entry

    at = body.valid_from or body.created_at
    lent = label or _Label(kind="")
    return Entry(
        id=id_text(row.id),
        session_id=body.session_id or "",
        is_memory=True,
        role="user",
        kind=body.kind,
        session_kind=lent.kind,
        assistant=body.assistant,
        project=lent.project,
        platform=lent.platform,
        tags=body.tags,
        at_ms=to_ms(at),
        text=body.text,
    )
