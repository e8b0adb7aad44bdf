"""Reading nouns back out of a vault. Nothing unreadable is ever skipped: it raises."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator

from holdfast.clock import id_bytes, id_text
from holdfast.errors import NotFound, TamperedRecord
from holdfast.model import Message, Session, SessionId, Turn
from holdfast.storage.protocol import (
    ByIds,
    HeadsQuery,
    Kind,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
)
from holdfast.vault.codec import open_message, open_session, open_turn
from holdfast.vault.vault import Vault

__all__ = ["FILE_CHUNK_BITS", "Reader"]

FILE_CHUNK_BITS = 20
"""A chunk's ord is its message's seq shifted by this, plus the chunk's number."""

_PAGE = 2000


def _raw(session_id: str) -> bytes:
    try:
        return id_bytes(session_id)
    except (ValueError, AttributeError):
        raise NotFound("session") from None


def _known_forms(ids: Iterable[str]) -> Iterator[bytes]:
    """Those of `ids` that have the form of an id; the others can be nowhere."""
    for text in ids:
        with contextlib.suppress(ValueError):
            yield id_bytes(text)


class Reader:
    """Sessions, turns and messages of one vault. Foreign and unknown ids raise NotFound alike."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._storage = vault.storage

    async def head(self, session_id: SessionId) -> SessionHead:
        """The plain head of a session.

        Raises:
            NotFound: there is none in this vault.
        """
        heads = await self._storage.heads(
            HeadsQuery(vault_id=self._vault.raw, session_ids=(_raw(session_id),), limit=1)
        )
        if not heads:
            raise NotFound("session")
        return heads[0]

    async def session(self, session_id: SessionId) -> Session:
        """One session.

        Raises:
            NotFound: there is none in this vault.
        """
        joined = await self.join([await self.head(session_id)])
        if not joined:
            raise NotFound("session")
        return joined[0]

    async def sessions(self, session_ids: Iterable[str]) -> list[Session]:
        """Several sessions in two reads, in no order; unknown and foreign ones are absent."""
        raw = tuple(_known_forms(session_ids))
        if not raw:
            return []
        ask = HeadsQuery(vault_id=self._vault.raw, session_ids=raw, limit=len(raw))
        return await self.join(await self._storage.heads(ask))

    async def join(self, heads: list[SessionHead]) -> list[Session]:
        """Join heads with their sealed records, in the order of `heads`.

        A session that was forgotten between the two reads is left out.

        Raises:
            TamperedRecord: a head has no record, or a record does not open.
        """
        vault = self._vault
        rows = await self._storage.rows_by_id(
            ByIds(vault_id=vault.raw, ids=tuple(head.session_id for head in heads))
        )
        by_id = {row.id: row for row in rows}
        await vault.keyring.warm(vault.raw, by_id)
        joined = []
        for head in heads:
            row = by_id.get(head.session_id)
            if row is None:
                if await self._still_there(head):
                    raise TamperedRecord("session", id_text(head.session_id))
                continue
            found, keys = await vault.openable_among((row,), head.session_id)
            place = vault.place(Kind.SESSION, head.session_id)
            joined += [open_session(row, head, vault.id, place, keys) for row in found]
        return joined

    async def _still_there(self, head: SessionHead) -> bool:
        ask = HeadsQuery(vault_id=self._vault.raw, session_ids=(head.session_id,), limit=1)
        if not await self._storage.heads(ask):
            return False
        row = ByIds(vault_id=self._vault.raw, ids=(head.session_id,))
        return not await self._storage.rows_by_id(row)

    async def session_row(self, session_id: bytes) -> SealedRow:
        """The sealed record of a session, for changing it.

        Raises:
            NotFound: there is none in this vault.
        """
        rows = await self._storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=(session_id,)))
        if not rows or rows[0].kind is not Kind.SESSION:
            raise NotFound("session")
        return rows[0]

    async def messages(
        self,
        session_id: SessionId,
        *,
        first: int | None = None,
        last: int | None = None,
        newest: bool = False,
        limit: int = 1000,
        forgotten: bool = False,
    ) -> list[Message]:
        """Messages with first <= seq < last in order; with `newest`, the latest `limit` of them.

        Forgotten ones are left out unless asked for. [] when there are none.
        """
        scope = _raw(session_id)
        rows = await self._storage.rows(
            RowSpan(
                vault_id=self._vault.raw,
                kind=Kind.MESSAGE,
                scope=scope,
                first=first,
                last=last,
                state=None if forgotten else State.LIVE,
                newest=newest,
                limit=limit,
            )
        )
        found = await self.open_messages(rows, scope)
        return [message for message in found if forgotten or not message.forgotten]

    async def open_messages(self, rows: list[SealedRow], scope: bytes) -> list[Message]:
        """Open message rows of one session, in their order."""
        if not rows:
            return []
        found, keys = await self._vault.openable(rows, scope)
        place = self._vault.place(Kind.MESSAGE, scope)
        return [open_message(row, place, keys) for row in found]

    async def messages_by_id(self, ids: Iterable[str]) -> list[Message]:
        """Messages in the order of the ids; unknown, foreign and forgotten ones are absent."""
        raw = tuple(_known_forms(ids))
        rows = await self._storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=raw))
        of_scope: dict[bytes, list[SealedRow]] = {}
        for row in rows:
            if row.kind is Kind.MESSAGE and row.state is State.LIVE:
                of_scope.setdefault(row.scope, []).append(row)
        found: dict[bytes, Message] = {}
        for scope, together in of_scope.items():
            for message in await self.open_messages(together, scope):
                found[id_bytes(message.id)] = message
        opened = [found[row.id] for row in rows if row.id in found]
        return [message for message in opened if not message.forgotten]

    async def turns(
        self,
        session_id: SessionId,
        *,
        first: int | None = None,
        last: int | None = None,
        newest: bool = False,
        limit: int = 1000,
    ) -> list[Turn]:
        """Turns of a session by index; [] when there are none."""
        scope = _raw(session_id)
        rows = await self._storage.rows(
            RowSpan(
                vault_id=self._vault.raw,
                kind=Kind.TURN,
                scope=scope,
                first=first,
                last=last,
                newest=newest,
                limit=limit,
            )
        )
        return await self.open_turns(rows, scope)

    async def turns_by_id(self, session_id: SessionId, ids: Iterable[str]) -> list[Turn]:
        """Turns of a session by index; unknown and foreign ids are absent."""
        scope = _raw(session_id)
        raw = tuple(_known_forms(ids))
        rows = await self._storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=raw))
        own = [row for row in rows if row.kind is Kind.TURN and row.scope == scope]
        return await self.open_turns(sorted(own, key=lambda row: row.ord), scope)

    async def open_turns(self, rows: list[SealedRow], scope: bytes) -> list[Turn]:
        """Open turn rows of one session, in their order."""
        if not rows:
            return []
        found, keys = await self._vault.openable(rows, scope)
        place = self._vault.place(Kind.TURN, scope)
        return [open_turn(row, place, keys) for row in found]

    async def all_messages(
        self, session_id: SessionId, *, forgotten: bool = False
    ) -> AsyncIterator[list[Message]]:
        """Every message of a session in order, in bounded batches."""
        first = 0
        while True:
            batch = await self.messages(session_id, first=first, limit=_PAGE, forgotten=True)
            if not batch:
                return
            first = batch[-1].seq + 1
            yield [m for m in batch if forgotten or not m.forgotten]

    async def file_content(self, message: Message) -> bytes:
        """The bytes of a message's file, joined from its sealed chunks.

        Raises:
            NotFound: the message has no file.
            TamperedRecord: a chunk is missing or does not open.
        """
        if message.file is None:
            raise NotFound("file")
        scope = _raw(message.session_id)
        rows = await self._storage.rows(
            RowSpan(
                vault_id=self._vault.raw,
                kind=Kind.CHUNK,
                scope=scope,
                first=message.seq << FILE_CHUNK_BITS,
                last=(message.seq + 1) << FILE_CHUNK_BITS,
                limit=1 << FILE_CHUNK_BITS,
            )
        )
        rows, keys = await self._vault.openable(rows, scope)
        place = self._vault.place(Kind.CHUNK, scope)
        parts = []
        for row in rows:
            try:
                key = keys[row.sealed[1:33]]
            except KeyError:
                raise TamperedRecord("chunk", id_text(row.id)) from None
            parts.append(key.open(row.sealed, place.of(row.id, row.ord, row.version)))
        content = b"".join(parts)
        if len(content) != message.file.size:
            raise TamperedRecord("file", message.file.id)
        return content
