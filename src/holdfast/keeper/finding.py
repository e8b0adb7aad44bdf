"""Everything of one user searched at once, while it is typed: messages by their sessions, titles,
memories, thoughts, rooms.

The ranking is recall's. What is added here is what a page needs around it: filters and dates in the
words, groups, titles, and the wider search when a narrow one finds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.errors import BadInput, NotFound, VaultErased
from holdfast.keeper.find_sessions import Groups, grouped, is_among, listed
from holdfast.keeper.find_words import Narrowing, Read, names_somebody, read_words
from holdfast.keeper.found import Found, FoundHit, FoundRoom, Wider
from holdfast.keeper.known import KnownSession
from holdfast.keeper.matching import Matching, in_memory, in_room, telling
from holdfast.keeper.names import Names
from holdfast.keeper.recalling import INLINE_ENTRIES, answered
from holdfast.keeper.store import Store
from holdfast.model import MemoryId, SessionId
from holdfast.recall.asking import Ask, Include
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.index.queries import Query
    from holdfast.index.vault_index import VaultIndex
    from holdfast.keeper.rooms import Rooms
    from holdfast.recall.ranking import Answer

__all__ = ["FindAsk", "find"]

_RANKED = 200
"""Messages that are ranked to be put into groups: what a session can have counted at most."""
_MEMORIES = _THOUGHTS = 20
_ROOMS, _ROOMS_TYPING = 30, 8
_OF_A_ROOM = 3
_MAX_LIMIT = 100
_ONLY_TIMES = frozenset({"since"})


class FindAsk(Struct, frozen=True, kw_only=True):
    """One search of everything."""

    text: str
    now: datetime
    """When, and in which zone: days begin at its midnight."""
    limit: int = 20
    """Sessions in each list: 1 to 100."""
    as_you_type: bool = False
    """The last word may not be whole yet."""
    narrowing: Narrowing = Narrowing()


async def find(store: Store, vault: Vault, rooms: Rooms, ask: FindAsk) -> Found:
    """See `User.find`."""
    checked_text("question", ask.text, store.limits)
    if not 1 <= ask.limit <= _MAX_LIMIT:
        raise BadInput("limit", f"it must be from 1 to {_MAX_LIMIT}")
    known = await _assistants(store, vault, ask.text)
    read = read_words(ask.text, now=ask.now, given=ask.narrowing, assistants=known)
    sessions = {known.session.id: known for known in await store.known.sessions(vault)}
    search = _Search(store, vault, ask, read, sessions)
    found = await search.found(read.text, read.narrowing, rooms=rooms)
    if found.count or not read.narrowing.names:
        return found
    return await _wider(search, read, found)


async def _assistants(store: Store, vault: Vault, text: str) -> dict[str, str]:
    """Slugs by name, when one of them may be meant."""
    if not names_somebody(text):
        return {}
    known = await Names(store, vault).assistants()
    return {name.casefold(): a.slug for a in known for name in (a.slug, a.name) if name}


async def _wider(search: _Search, read: Read, narrow: Found) -> Found:
    """What fewer filters find, the fewest that are enough: told, and shown when only a time in
    words was given up."""
    if read.soft:
        wide = await search.found(read.wide_text, read.narrowing.without(read.soft))
        if wide.count:
            told = Wider(drop=read.soft, count=wide.count, shown=True)
            return replace(wide, wider=told)
    names = read.narrowing.names
    for drop in [*((name,) for name in names), *([names] if len(names) > 1 else [])]:
        wide = await search.found(read.wide_text, read.narrowing.without(drop))
        if wide.count:
            return replace(narrow, wider=Wider(drop=drop, count=wide.count))
    return narrow


class _Search:
    """One search that was read once, and may be tried with fewer filters."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        ask: FindAsk,
        read: Read,
        sessions: Mapping[SessionId, KnownSession],
    ) -> None:
        self._store = store
        self._vault = vault
        self._ask = ask
        self._read = read
        self._sessions = sessions
        self._typing = ask.as_you_type and read.unfinished

    async def found(self, text: str, where: Narrowing, *, rooms: Rooms | None = None) -> Found:
        """Every list, for a text and a narrowing."""
        among = {i: k for i, k in self._sessions.items() if is_among(k.session, where)}
        if not text:
            return self._told(await self._listed(among, where))
        matching = Matching.of(text, as_you_type=self._typing)
        groups = await self._grouped(text, where, among, matching)
        return replace(
            self._told(groups),
            memories=await self._memories(text, where, among),
            thoughts=await self._thoughts(where, among, matching),
            rooms=await self._rooms(text, where, rooms),
        )

    def _told(self, groups: Groups) -> Found:
        return Found(
            understood=self._read.understood, groups=groups.at_hand, archived=groups.archived
        )

    async def _listed(self, among: Mapping[SessionId, KnownSession], where: Narrowing) -> Groups:
        if not where.names:
            return Groups()  # nothing was asked for yet
        return await listed(self._vault, list(among), where, limit=self._ask.limit)

    async def _grouped(
        self,
        text: str,
        where: Narrowing,
        among: Mapping[SessionId, KnownSession],
        matching: Matching,
    ) -> Groups:
        index, answer = await self._answered(text, where, among, "messages", _RANKED)
        titled: list[str] = []
        # A title has no time of its own: a search narrowed to one is for what was said then.
        if where.since is None and where.until is None:
            titled = await _titled(index, matching.query)
        titles = matching.titles(titled, among, answer.weighed.evidence.marks)
        return await grouped(self._vault, answer, titles, among, limit=self._ask.limit)

    async def _answered(
        self,
        text: str,
        where: Narrowing,
        among: Mapping[SessionId, KnownSession],
        include: Include,
        limit: int,
    ) -> tuple[VaultIndex, Answer]:
        ask = _ask(text, self._ask.now, where, include, limit, as_you_type=self._typing)
        if where.pinned is not None or where.archived is not None:
            ask = replace(ask, session_ids=tuple(among))
        return await answered(self._store, self._vault, ask)

    async def _memories(
        self,
        text: str,
        where: Narrowing,
        among: Mapping[SessionId, KnownSession],
    ) -> tuple[FoundHit, ...]:
        _, answer = await self._answered(text, where, among, "memories", _MEMORIES)
        shown = answer.explained(telling(answer))
        if not shown:
            return ()
        known = {memory.id: memory for memory in await self._store.known.memories(self._vault)}
        found = ((one, known.get(MemoryId(one.id))) for one in shown)
        return tuple(in_memory(one, memory) for one, memory in found if memory is not None)

    async def _thoughts(
        self, where: Narrowing, among: Mapping[SessionId, KnownSession], matching: Matching
    ) -> tuple[FoundHit, ...]:
        of_sessions = not _ONLY_TIMES.union({"assistant"}).issuperset(where.names)
        wanted = None if where.assistant is None else where.assistant.casefold()
        trashed = {i for i, known in self._sessions.items() if known.session.trashed_at is not None}
        found = [
            known
            for known in await self._store.known.thoughts(self._vault)
            if (thought := known.thought)
            and (thought.session_id in among or not (of_sessions or thought.session_id in trashed))
            and (wanted is None or thought.assistant.casefold() == wanted)
            and (where.since is None or thought.at >= where.since)
            and (where.until is None or thought.at < where.until)
        ]
        return tuple(matching.thoughts(found)[:_THOUGHTS])

    async def _rooms(
        self, text: str, where: Narrowing, rooms: Rooms | None
    ) -> tuple[FoundRoom, ...]:
        """What the user's rooms hold: those joined last, fewer while it is typed. What narrows by
        anything but time is about the user's own sessions."""
        if rooms is None or not _ONLY_TIMES.issuperset(where.names):
            return ()
        most = _ROOMS_TYPING if self._ask.as_you_type else _ROOMS
        found = []
        for room in (await rooms.page(limit=most)).rooms:
            # Left, or erased by somebody, just now.
            with contextlib.suppress(NotFound, VaultErased):
                hits = await self._in_room(room.id, text, where, rooms)
                if hits:
                    found.append(FoundRoom(room_id=room.id, name=room.name, hits=hits))
        return tuple(found)

    async def _in_room(
        self, room_id: str, text: str, where: Narrowing, rooms: Rooms
    ) -> tuple[FoundHit, ...]:
        room = await rooms.open(room_id)
        found = await room.recall(
            text,
            limit=_OF_A_ROOM,
            since=where.since,
            until=where.until,
            include="messages",
            neighbours=0,
            as_you_type=self._typing,
        )
        return in_room(room_id, found)


def _ask(
    text: str,
    now: datetime,
    where: Narrowing,
    include: Include,
    limit: int,
    *,
    as_you_type: bool,
) -> Ask:
    return Ask(
        question=text,
        now=now,
        limit=limit,
        since=where.since,
        until=where.until,
        assistant=where.assistant,
        project=where.project,
        kind=where.kind,
        tags=where.tags,
        session_id=where.session_id,
        include=include,
        as_you_type=as_you_type,
        explained=False,
    )


async def _titled(index: VaultIndex, query: Query) -> list[str]:
    if len(index) > INLINE_ENTRIES:
        return await asyncio.to_thread(index.titled, query)
    return index.titled(query)
