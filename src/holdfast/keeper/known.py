"""The memories, thoughts and sessions of a vault, opened once and kept current by revision.

A context asks for what is valid now at every turn, and a search for every title and thought while
it is typed; opening each of them anew would cost more than the recall beside it. What is held here
is as readable as an index in memory is, and leaves with the vault that it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct

from holdfast.clock import id_bytes
from holdfast.errors import NotFound
from holdfast.model import Memory, Session, Thought
from holdfast.storage.protocol import ChangesQuery, HeadsQuery, Kind, RowSpan, SealedRow, State
from holdfast.vault.codec import MemoryBody, ThoughtBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Known", "KnownSession", "KnownThought"]

_ALL = 1_000_000
_T = TypeVar("_T")


class KnownSession(Struct, frozen=True, kw_only=True):
    """A session as it was when it was last changed, and the words of its title as looked up.

    What moves with each message (counts, the last time, the head) may be older: read those from
    the session itself.
    """

    session: Session
    words: frozenset[str]


class KnownThought(Struct, frozen=True, kw_only=True):
    """A thought, and its words as they are looked up."""

    thought: Thought
    words: frozenset[str]


class _Held(Generic[_T]):
    """What is known of one vault."""

    def __init__(self) -> None:
        self.rev = -1
        self.records: dict[bytes, _T] = {}
        self.lock = asyncio.Lock()


class _Records(Generic[_T]):
    """Opened records of one kind, by vault and raw id."""

    def __init__(
        self, kind: Kind, read: Callable[[Vault, Sequence[SealedRow]], Awaitable[dict[bytes, _T]]]
    ) -> None:
        self._kind = kind
        self._read = read
        self._held: WeakKeyDictionary[Vault, _Held[_T]] = WeakKeyDictionary()

    async def of(self, vault: Vault) -> list[_T]:
        """Every record of a vault, with every write acknowledged before this call; in no order.

        Raises:
            TamperedRecord, UnknownEnvelope: one does not open; nothing is skipped.
            NotFound: the vault was erased.
        """
        held = self._held.setdefault(vault, _Held())
        async with held.lock:
            row = await vault.storage.vault(vault.raw)
            if row is None:
                self._held.pop(vault, None)
                raise NotFound("vault")
            if row.rev < held.rev:  # An older state was put back.
                held.rev, held.records = -1, {}
            if row.rev != held.rev:
                await self._catch_up(vault, held)
                held.rev = max(held.rev, row.rev)
            return list(held.records.values())

    async def _catch_up(self, vault: Vault, held: _Held[_T]) -> None:
        if held.rev < 0:
            # All at once by place: the way by revision leads past every message there is.
            span = RowSpan(vault_id=vault.raw, kind=self._kind, limit=_ALL)
            await self._take(vault, held, await vault.storage.rows(span))
            return
        after = held.rev
        while rows := await vault.storage.changes(
            ChangesQuery(vault_id=vault.raw, after=after, kinds=(self._kind,))
        ):
            await self._take(vault, held, rows)
            after = held.rev = rows[-1].rev

    async def _take(self, vault: Vault, held: _Held[_T], rows: Sequence[SealedRow]) -> None:
        read = await self._read(vault, [row for row in rows if row.state is State.LIVE])
        for row in rows:
            held.records.pop(row.id, None)
        held.records |= read


class Known:
    """What is known by vault. One per opened store.

    Each raises what `Storage` does, and
        TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        NotFound: the vault was erased.
    """

    def __init__(self) -> None:
        self._memories = _Records(Kind.MEMORY, _read_memories)
        self._thoughts = _Records(Kind.THOUGHT, _read_thoughts)
        self._sessions = _Records(Kind.SESSION, _read_sessions)

    async def memories(self, vault: Vault) -> list[Memory]:
        """Every memory of a vault, with every write acknowledged before this call; in no order."""
        return await self._memories.of(vault)

    async def thoughts(self, vault: Vault) -> list[KnownThought]:
        """Every thought of a vault, likewise."""
        return await self._thoughts.of(vault)

    async def sessions(self, vault: Vault) -> list[KnownSession]:
        """Every session of a vault, likewise."""
        return await self._sessions.of(vault)


async def _read_memories(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, Memory]:
    from holdfast.keeper.memories import to_memory  # the store, which holds this, is below it

    alive, _ = await vault.openable(rows)
    bodies = await vault.open_records(alive, MemoryBody)
    return {row.id: to_memory(row, body) for row, body in zip(alive, bodies, strict=True)}


async def _read_thoughts(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, KnownThought]:
    from holdfast.keeper.thoughts import to_thought  # likewise

    alive, _ = await vault.openable(rows)
    bodies = await vault.open_records(alive, ThoughtBody)
    return {
        row.id: KnownThought(thought=to_thought(row, body), words=_words(body.text))
        for row, body in zip(alive, bodies, strict=True)
    }


async def _read_sessions(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, KnownSession]:
    if not rows:
        return {}
    ids = tuple(row.id for row in rows)
    heads = await vault.storage.heads(
        HeadsQuery(vault_id=vault.raw, session_ids=ids, limit=len(ids))
    )
    return {
        id_bytes(session.id): KnownSession(session=session, words=_words(session.title))
        for session in await Reader(vault).join(heads)
    }


def _words(text: str) -> frozenset[str]:
    from holdfast.index.words import surfaces, term_of  # not before something is searched

    return frozenset(map(term_of, surfaces(text)))
