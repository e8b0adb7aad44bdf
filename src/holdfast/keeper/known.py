"""The memories, thoughts and sessions of a vault, opened once and kept current by revision.

A context asks for what is valid now at every turn, and a search for every title and thought while
it is typed; opening each of them anew would cost more than the recall beside it. What is held here
is as readable as an index in memory is, and leaves with the vault that it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct

from holdfast.clock import id_bytes
from holdfast.errors import NotFound
from holdfast.keeper.linking import without_memories
from holdfast.model import Memory, MemoryId, Session, Thought
from holdfast.storage.protocol import ChangesQuery, HeadsQuery, Kind, RowSpan, SealedRow, State
from holdfast.vault.codec import MemoryBody, ThoughtBody, open_turn
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
        self.version = 0
        """Raised whenever a record changes: what was made of them is made anew."""


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

        Raises: as `held`.
        """
        return list((await self.held(vault)).records.values())

    async def held(self, vault: Vault) -> _Held[_T]:
        """What is known of a vault, with every write acknowledged before this call.

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
                held.rev, held.records, held.version = -1, {}, held.version + 1
            if row.rev != held.rev:
                await self._catch_up(vault, held)
                held.rev = max(held.rev, row.rev)
            return held

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
        held.version += bool(rows)
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
        self._views: WeakKeyDictionary[Vault, tuple[int, Mapping[MemoryId, Memory]]] = (
            WeakKeyDictionary()
        )
        self._used = _Records(Kind.TURN, _read_used)
        self._thoughts = _Records(Kind.THOUGHT, _read_thoughts)
        self._sessions = _Records(Kind.SESSION, _read_sessions)

    async def memories(self, vault: Vault) -> list[Memory]:
        """Every memory of a vault, with every write acknowledged before this call; in no order.

        What is in the trash is not among them, and what only that had ended holds.
        """
        return list((await self.memories_by_id(vault)).values())

    async def memories_by_id(self, vault: Vault) -> Mapping[MemoryId, Memory]:
        """The same by id."""
        held = await self._memories.held(vault)
        version, view = self._views.get(vault, (-1, {}))
        if version != held.version:
            view = _without_trash({memory.id: memory for memory in held.records.values()})
            self._views[vault] = held.version, view
        return view

    async def all_memories(self, vault: Vault) -> list[Memory]:
        """The same as their records have them, with those in the trash."""
        return await self._memories.of(vault)

    async def last_used(self, vault: Vault) -> Mapping[str, datetime]:
        """When an answer was last given a message or memory, by its id."""
        found: dict[str, datetime] = {}
        for at, ids in await self._used.of(vault):
            for one in ids:
                found[one] = max(at, found.get(one, at))
        return found

    async def thoughts(self, vault: Vault) -> list[KnownThought]:
        """Every thought of a vault, likewise."""
        return await self._thoughts.of(vault)

    async def sessions(self, vault: Vault) -> list[KnownSession]:
        """Every session of a vault, likewise."""
        return await self._sessions.of(vault)


def _without_trash(known: Mapping[MemoryId, Memory]) -> Mapping[MemoryId, Memory]:
    trashed = frozenset(memory.id for memory in known.values() if memory.trashed_at is not None)
    if not trashed:
        return known
    mended = without_memories(known, trashed)
    return {i: mended.get(i, memory) for i, memory in known.items() if i not in trashed}


async def _read_memories(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, Memory]:
    from holdfast.keeper.memories import to_memory  # the store, which holds this, is below it

    alive, _ = await vault.openable(rows)
    bodies = await vault.open_records(alive, MemoryBody)
    return {row.id: to_memory(row, body) for row, body in zip(alive, bodies, strict=True)}


async def _read_used(
    vault: Vault, rows: Sequence[SealedRow]
) -> dict[bytes, tuple[datetime, tuple[str, ...]]]:
    """Turns whose answers were given something: when, and what."""
    by_session: dict[bytes, list[SealedRow]] = {}
    for row in rows:
        by_session.setdefault(row.scope, []).append(row)
    await vault.keyring.warm(vault.raw, by_session)
    found: dict[bytes, tuple[datetime, tuple[str, ...]]] = {}
    for scope, of_session in by_session.items():
        alive, keys = await vault.openable_among(of_session, scope)
        place = vault.place(Kind.TURN, scope)
        for row in alive:
            turn = open_turn(row, place, keys)
            if turn.used:
                ids = tuple(one.id for one in turn.used)
                found[row.id] = (turn.ended_at or turn.started_at, ids)
    return found


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
