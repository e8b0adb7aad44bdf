"""The recorder: appends to one session, gap-free and once, whoever else is writing.

One `SessionLog` per session and process. It keeps the session's head in memory and moves it by
compare-and-set: when another process was faster, the head is read again and the same entries are
sealed anew for the next places. Order comes from `seq`, so the clock decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from holdfast.capture.batch import Batch
from holdfast.capture.entries import Appended, Draft, DraftBody, Entry, TurnChange, rebased
from holdfast.clock import Clock, Ids, id_bytes, id_text, to_ms
from holdfast.errors import Conflict, NotFound, TurnEnded
from holdfast.model import Message, MessageId, SessionId, Turn, TurnId
from holdfast.storage.protocol import (
    ByIds,
    HeadMove,
    HeadsQuery,
    Kind,
    Link,
    OnceTag,
    RowKey,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
)
from holdfast.vault.chain import chain_start
from holdfast.vault.codec import (
    SessionBody,
    open_body,
    open_turn,
    seal_session,
)
from holdfast.vault.keyring import KeySet
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["SessionLog", "create_session"]

_MAX_TRIES = 1000
_ALL = 1_000_000


class SessionLog:
    """Writes to one session. Shared by everybody in this process who writes to it."""

    def __init__(
        self, vault: Vault, session_id: SessionId, *, clock: Clock, ids: Ids, writer: int
    ) -> None:
        self.vault = vault
        self.session_id = session_id
        self.raw = id_bytes(session_id)
        self.clock = clock
        self.ids = ids
        self.writer = writer
        self._lock = asyncio.Lock()
        self._head: SessionHead | None = None
        self._leaf: MessageId | None = None
        self._body: SessionBody | None = None
        self._body_version = 0
        self._versions: dict[bytes, int] = {}
        """How often each open turn and draft was sealed so far, by raw id."""

    async def append(
        self,
        entries: Sequence[Entry] = (),
        turns: Sequence[TurnChange] = (),
        *,
        drafts: Sequence[Draft] = (),
        once: OnceTag | None = None,
        remove: tuple[RowKey, ...] = (),
        extra: tuple[SealedRow, ...] = (),
        links: tuple[Link, ...] = (),
    ) -> Appended:
        """Make messages, turns and drafts durable in one write, at the session's next places.

        On return all of it survives any crash; when it raises, none of it was written (after
        StorageFailed on a commit: as far as is known). Every write compares the session's head,
        also one that does not move it, so that none is sealed under a key that was rotated away.
        `extra` and `links` are records of the vault itself that belong to the same write.

        Raises:
            Conflict: the once-tag exists: the client key was used before.
            TurnEnded: somebody else (a recovery) ended the turn.
            NotFound: the session was forgotten meanwhile.
            StorageFailed: or one of its kinds.
        """
        async with self._lock:
            for _ in range(_MAX_TRIES):
                head = self._head or await self._read_head()
                keys = await self.vault.session_keys(self.raw)
                batch = Batch(self, head, keys, self._leaf, self._body)
                batch.add(entries, turns, drafts)
                try:
                    written = await self.vault.commit(
                        put=(*batch.rows, *extra),
                        head=batch.move(),
                        once=once,
                        remove=remove,
                        links=links,
                    )
                except Conflict:
                    turns = await self._after_conflict(turns, drafts, once)
                except BaseException:
                    # Cancelled or failed: whether it was written is unknown, so ask again.
                    self.invalidate()
                    raise
                else:
                    self._accept(batch, written.rev)
                    return Appended(messages=tuple(batch.messages), turns=tuple(batch.turns))
            raise Conflict("the session is being written by too many at once")

    def _accept(self, batch: Batch, rev: int) -> None:
        self._head = replace(batch.head, rev=rev)
        self._leaf = batch.leaf
        if batch.body is not self._body:
            self._body, self._body_version = batch.body, self._body_version + 1
        self._versions.update(batch.versions)
        for ended in batch.ended:
            self._versions.pop(ended, None)

    async def _after_conflict(
        self, turns: Sequence[TurnChange], drafts: Sequence[Draft], once: OnceTag | None
    ) -> list[TurnChange]:
        """Find out who was faster; returns the turns with which the same may be tried again."""
        self.invalidate()
        if once is not None and await self.vault.storage.once(self.vault.raw, once.tag):
            raise Conflict("this client key was used before")
        await self.vault.session_keys(self.raw, fresh=True)
        again = []
        for change in turns:
            if not change.begins:
                row = await self.turn_row(change.turn.id)
                now = await self._opened_turn(row)
                if row.state is not State.OPEN:
                    raise TurnEnded(now.status)
                self._versions[row.id] = row.version
                if change.base is not None:
                    turn = rebased(change.turn, change.base, now)
                    change = replace(change, turn=turn, base=now)
            again.append(change)
        if drafts:
            ask = ByIds(vault_id=self.vault.raw, ids=tuple(draft.id for draft in drafts))
            for row in await self.vault.storage.rows_by_id(ask):
                self._versions[row.id] = row.version
        return again

    async def _opened_turn(self, row: SealedRow) -> Turn:
        rows, keys = await self.vault.openable((row,), self.raw)
        if not rows:
            raise NotFound("turn")
        return open_turn(rows[0], self.vault.place(Kind.TURN, self.raw), keys)

    async def read_turn(self, turn_id: TurnId) -> Turn:
        """A turn of this session, noting its version so that it can be changed.

        Raises:
            NotFound: there is none.
        """
        row = await self.turn_row(turn_id)
        self._versions[row.id] = row.version
        return await self._opened_turn(row)

    def invalidate(self) -> None:
        """Forget what is known of the head; the next write reads it again."""
        self._head = None
        self._body = None

    async def _read_head(self) -> SessionHead:
        vault = self.vault
        ask = HeadsQuery(vault_id=vault.raw, session_ids=(self.raw,), limit=1)
        heads = await vault.storage.heads(ask)
        if not heads:
            raise NotFound("session")
        reader = Reader(vault)
        rows, keys = await vault.openable((await reader.session_row(self.raw),), self.raw)
        if not rows:
            raise NotFound("session")
        row = rows[0]
        place = vault.place(Kind.SESSION, self.raw)
        self._body = open_body(row, place, keys, SessionBody)
        self._body_version = row.version
        self._leaf = await self._read_leaf()
        self._head = heads[0]
        return heads[0]

    async def _read_leaf(self) -> MessageId | None:
        if self._body is not None and self._body.head is not None:
            return MessageId(self._body.head)
        span = RowSpan(
            vault_id=self.vault.raw, kind=Kind.MESSAGE, scope=self.raw, newest=True, limit=1
        )
        rows = await self.vault.storage.rows(span)
        return MessageId(id_text(rows[-1].id)) if rows else None

    async def recorded_turn(self, turn_id: bytes) -> tuple[Turn, list[Message]]:
        """A turn of this session with its messages, as it is recorded now.

        Raises:
            NotFound: there is none, or its session was forgotten.
        """
        turn = await self._opened_turn(await self.turn_row(TurnId(id_text(turn_id))))
        span = RowSpan(
            vault_id=self.vault.raw,
            kind=Kind.MESSAGE,
            scope=self.raw,
            parent=turn_id,
            state=State.LIVE,
            limit=_ALL,
        )
        rows = await self.vault.storage.rows(span)
        return turn, await Reader(self.vault).open_messages(rows, self.raw)

    # Parts that are not messages of their own yet

    async def drafts(self, turn_id: TurnId | None = None) -> list[tuple[RowKey, Message]]:
        """Streamed answers that have not ended, of one turn or of the whole session."""
        span = RowSpan(
            vault_id=self.vault.raw,
            kind=Kind.DRAFT,
            scope=self.raw,
            parent=None if turn_id is None else id_bytes(turn_id),
            limit=_ALL,
        )
        rows = await self.vault.storage.rows(span)
        rows, keys = await self.vault.openable(rows, self.raw)
        place = self.vault.place(Kind.DRAFT, self.raw)
        return [(RowKey(id=r.id), open_body(r, place, keys, DraftBody).message) for r in rows]

    async def turn_row(self, turn_id: TurnId) -> SealedRow:
        """The sealed row of a turn of this session.

        Raises:
            NotFound: there is none.
        """
        ask = ByIds(vault_id=self.vault.raw, ids=(id_bytes(turn_id),))
        rows = await self.vault.storage.rows_by_id(ask)
        if not rows or rows[0].kind is not Kind.TURN or rows[0].scope != self.raw:
            raise NotFound("turn")
        return rows[0]

    def client_key_tag(self, client_key: str) -> bytes:
        """What a client key is known by: a keyed digest within its session."""
        return self.vault.keyring.tag(self.vault.raw, f"client-key/{self.session_id}", client_key)

    def next_version(self, record_id: bytes) -> int:
        """The version that an open turn's or a draft's next seal gets."""
        return self._versions.get(record_id, -1) + 1

    def sealed_body(self, body: SessionBody, keys: KeySet) -> SealedRow:
        """The session's own record, changed."""
        return seal_session(
            body,
            self.raw,
            keys.current,
            self.vault.place(Kind.SESSION, self.raw),
            version=self._body_version + 1,
            at_ms=to_ms(self.clock()),
        )


async def create_session(
    vault: Vault,
    session_id: SessionId,
    body: SessionBody,
    *,
    kind: str,
    assistant_id: bytes | None,
    project_id: bytes | None,
    started_at: datetime,
    last_at: datetime | None = None,
    archived: bool = False,
    once: OnceTag | None = None,
    history: Callable[[SessionLog], tuple[Sequence[Entry], Sequence[TurnChange]]] | None = None,
    log: SessionLog | None = None,
) -> None:
    """Begin a session: its key first, then its head and record in one durable write.

    With `log` and `history` a conversation that was held elsewhere is recorded in that same
    write, whole or not at all.

    Raises:
        Conflict: the once-tag exists, or a session of this id does.
    """
    raw = id_bytes(session_id)
    under = await vault.keys()
    keys = await vault.keyring.create_session_key(vault.raw, raw, under=under)
    started_ms = to_ms(started_at)
    head = SessionHead(
        session_id=raw,
        kind=kind,
        assistant_id=assistant_id,
        project_id=project_id,
        archived=archived,
        started_ms=started_ms,
        last_ms=started_ms,
        chain=chain_start(keys.current.chain_key, vault.account, vault.raw, raw),
    )
    rows: list[SealedRow] = []
    if log is not None and history is not None:
        batch = Batch(log, head, keys, None, None)
        batch.add(*history(log), ())
        rows, head = batch.rows, batch.head
    if last_at is not None:
        head = replace(head, last_ms=to_ms(last_at))
    place = vault.place(Kind.SESSION, raw)
    row = seal_session(body, raw, keys.current, place, version=0, at_ms=started_ms)
    move = HeadMove(expected_next_seq=-1, expected_turns=-1, head=head)
    try:
        # Under just that version: a session whose key is wrapped by a vault key that was rotated
        # away would be lost when the rotation destroys it.
        await vault.commit(put=(row, *rows), head=move, once=once, epoch=under.epoch)
    except Conflict:
        if (await vault.keys()).epoch == under.epoch:
            raise
        await vault.keyring.destroy(vault.raw, session_id=raw, version=1)
        await create_session(
            vault,
            session_id,
            body,
            kind=kind,
            assistant_id=assistant_id,
            project_id=project_id,
            started_at=started_at,
            last_at=last_at,
            archived=archived,
            once=once,
            history=history,
            log=log,
        )
