"""What is remembered: list, add, follow to its sources, forget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from holdfast.clock import id_bytes, id_text
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.adding import add_memory
from holdfast.keeper.correcting import Correction
from holdfast.keeper.hand import (
    ForgottenMemories,
    correct_memory,
    forget_memories,
    merge_memories,
    undo_change,
)
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.linking import chain_of, known_forms
from holdfast.keeper.listing import Place, checked_limit, cut, read_cursor
from holdfast.keeper.memory_changes import ChangePage, changes_among
from holdfast.keeper.memory_facts import MemoryFacts, facts_about, projects_of
from holdfast.keeper.memory_filter import (
    MemoryFacets,
    MemoryFilter,
    MemorySort,
    facets_of,
    folded,
    place_by,
)
from holdfast.keeper.memory_trash import restore_memory, trash_memory
from holdfast.keeper.moments import edge
from holdfast.keeper.receipts import LearningReceipt, read_receipts
from holdfast.keeper.remembered import to_memory
from holdfast.keeper.store import Store
from holdfast.keeper.trash import trashed_sessions
from holdfast.model import Memory, MemoryId, MemoryKind, MemoryOrigin, Message, SessionId, Source
from holdfast.storage.protocol import (
    ByIds,
    Kind,
    LinksQuery,
    SealedRow,
)
from holdfast.vault.codec import MemoryBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Memories", "MemoryPage"]

_Found: TypeAlias = list[Memory]  # inside the classes `list` is a method
_Messages: TypeAlias = list[Message]
_Receipts: TypeAlias = list[LearningReceipt]
_AT_ONCE = 500


class MemoryPage(Struct, frozen=True, kw_only=True):
    """Memories, newest first; `next_cursor` asks for the following ones, None at the end."""

    memories: list[Memory]
    next_cursor: str | None = None


class Memories:
    """The memories of one vault. `gate` is asked before each call."""

    def __init__(self, store: Store, vault: Vault, *, gate: Gate = own) -> None:
        self._gate = gate
        self._store = store
        self._vault = vault

    async def list(
        self,
        *,
        kind: MemoryKind | None = None,
        tag: str | None = None,
        assistant: str | None = None,
        session_id: str | None = None,
        min_importance: int = 1,
        origin: MemoryOrigin | None = None,
        pinned: bool | None = None,
        valid_at: datetime | str | None = None,
        q: str = "",
        project: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        trashed: bool = False,
        sort: MemorySort = "new",
        limit: int | None = None,
    ) -> _Found:
        """Memories, newest first unless sorted otherwise; [] when there are none.

        Args:
            session_id: those made in the session, or resting on a message of it.
            origin: whose words they rest on.
            valid_at: those that held at that time; aware, or words ("in March", "yesterday").
            q: words, each of which begins a word of the text or a tag.
            project: those made in a session of the project; its slug.
            since, until: when they were learned; aware times or words.
            trashed: those in the trash, and only those.
            sort: "importance": the most important first; "used": what an answer was given last;
                "stated": summaries behind everything else.

        Raises:
            BadInput: a time is not understood.
        """
        await self._gate("read")
        clock = self._store.clock
        wanted = MemoryFilter(
            kind=kind,
            tag=tag,
            assistant=assistant,
            session_id=session_id,
            min_importance=min_importance,
            origin=origin,
            pinned=pinned,
            at=edge(valid_at, clock, end=False),
            since=edge(since, clock, end=False),
            until=edge(until, clock, end=True),
            project=project,
            words=folded(q) if q else frozenset(),
        )
        found = await self._passing(wanted, trashed=trashed)
        place = await self._placing(sort)
        found.sort(key=place, reverse=True)
        return found if limit is None else found[:limit]

    async def _passing(self, wanted: MemoryFilter, *, trashed: bool) -> _Found:
        known = self._store.known
        if trashed:
            of_vault = await known.all_memories(self._vault)
            among = [memory for memory in of_vault if memory.trashed_at is not None]
        else:
            among = await known.memories(self._vault)
        needed = wanted.project is not None
        projects = await projects_of(self._store, self._vault) if needed else {}
        return [m for m in among if wanted.passes(m, projects.get(m.session_id or ""))]

    async def _placing(self, sort: MemorySort) -> Callable[[Memory], Place]:
        if sort not in ("new", "importance", "used", "stated"):
            raise BadInput("sort", "it is new, importance, used or stated")
        used = await self._store.known.last_used(self._vault) if sort == "used" else {}
        return lambda memory: place_by(sort, memory, used)

    async def page(
        self,
        *,
        kind: MemoryKind | None = None,
        tag: str | None = None,
        assistant: str | None = None,
        session_id: str | None = None,
        min_importance: int = 1,
        origin: MemoryOrigin | None = None,
        pinned: bool | None = None,
        valid_at: datetime | str | None = None,
        q: str = "",
        project: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        trashed: bool = False,
        sort: MemorySort = "new",
        cursor: str | None = None,
        limit: int = 50,
    ) -> MemoryPage:
        """As `list`, page by page; a cursor is of the sort that it came from.

        Raises:
            BadInput: the cursor is none of ours, the limit is not 1 to 1000, or the time is not
                understood.
        """
        checked_limit(limit)
        before = None if cursor is None else read_cursor(cursor)
        found = await self.list(
            kind=kind,
            tag=tag,
            assistant=assistant,
            session_id=session_id,
            min_importance=min_importance,
            origin=origin,
            pinned=pinned,
            valid_at=valid_at,
            q=q,
            project=project,
            since=since,
            until=until,
            trashed=trashed,
            sort=sort,
        )
        place = await self._placing(sort)
        shown, next_cursor = cut(found, place, before=before, limit=limit)
        return MemoryPage(memories=shown, next_cursor=next_cursor)

    async def facets(self) -> MemoryFacets:
        """How many memories there are of each kind, tag, assistant and project."""
        await self._gate("read")
        known = await self._store.known.memories(self._vault)
        return facets_of(known, await projects_of(self._store, self._vault))

    async def facts(self, memories: Iterable[Memory]) -> dict[MemoryId, MemoryFacts]:
        """What is known about memories beside what they say, by id."""
        await self._gate("read")
        return await facts_about(self._store, self._vault, memories)

    async def get(self, memory_id: str) -> Memory:
        """One memory.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        await self._gate("read")
        found = (await self._known(await self._open([await self._row(memory_id)])))[:1]
        if not found:
            raise NotFound("memory")
        return found[0]

    async def by_ids(self, memory_ids: Iterable[str]) -> _Found:
        """Memories by id; those that are gone are absent."""
        await self._gate("read")
        raw = tuple(known_forms(memory_ids))
        if not raw:  # as in most recalls of a young vault
            return []
        rows = await self._vault.storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=raw))
        found = await self._open([row for row in rows if row.kind is Kind.MEMORY])
        return await self._known(found)

    async def add(
        self,
        new: NewMemory | str,
        *,
        sources: Sequence[Source | str] = (),
        assistant: str | None = None,
        client_key: str | None = None,
    ) -> Memory:
        """Remember something; durable on return.

        Args:
            sources: the messages it comes from, as sources or message ids. What is added by hand
                without any names none and rests on nothing but the owner's word.
            client_key: the caller's own key of this call: however often it is retried, one memory
                is made. It stands for what is remembered: with something else it is refused.

        Raises:
            BadInput, TooLarge: it cannot be kept.
            NotFound: a source is not there, or what the key made was forgotten.
        """
        await self._gate("write")
        return await add_memory(
            self._store,
            self._vault,
            NewMemory(text=new) if isinstance(new, str) else new,
            sources=sources,
            assistant=assistant,
            client_key=client_key,
        )

    async def of_message(self, message_id: str) -> _Found:
        """The memories that rest on a message."""
        await self._gate("read")
        links = await self._vault.storage.links(
            LinksQuery(
                vault_id=self._vault.raw, to_ids=tuple(known_forms([message_id])), kind="source"
            )
        )
        return await self.by_ids(id_text(link.from_id) for link in links)

    async def of_messages(self, message_ids: Iterable[str]) -> dict[str, _Found]:
        """The memories that rest on each message; messages that none rests on are absent."""
        await self._gate("read")
        asked = set(message_ids)
        links = await self._vault.storage.links(
            LinksQuery(
                vault_id=self._vault.raw, to_ids=tuple(sorted(known_forms(asked))), kind="source"
            )
        )
        found: dict[str, _Found] = {}
        for memory in await self.by_ids(sorted({id_text(link.from_id) for link in links})):
            for message_id in {source.message_id for source in memory.sources} & asked:
                found.setdefault(message_id, []).append(memory)
        return found

    async def source_messages(self, memory_id: str) -> _Messages:
        """The messages that a memory rests on, in the order they were said, without those in the
        trash.

        Raises:
            NotFound: the memory is unknown, or somebody else's.
        """
        memory = await self.get(memory_id)
        ids = dict.fromkeys(source.message_id for source in memory.sources)
        found = await Reader(self._vault).messages_by_id(ids)
        hidden = await trashed_sessions(self._vault)
        shown = [message for message in found if message.session_id not in hidden]
        return sorted(shown, key=lambda message: (message.at, message.seq))

    async def changes(self, *, cursor: str | None = None, limit: int = 50) -> ChangePage:
        """What changed among the memories, newest first, page by page.

        Raises:
            BadInput: the cursor is none of ours, or the limit is not 1 to 1000.
        """
        await self._gate("read")
        checked_limit(limit)
        before = None if cursor is None else read_cursor(cursor)
        found = changes_among(await self._store.known.memories_by_id(self._vault))
        shown, next_cursor = cut(found, lambda change: change.place, before=before, limit=limit)
        return ChangePage(changes=shown, next_cursor=next_cursor)

    async def history(self, memory_id: str) -> _Found:
        """What was true one after the other: from the first memory of its chain to the last.

        What each was before its owner changed it is in its `former`.

        Raises:
            NotFound: the memory is unknown, or somebody else's.
        """
        memory = await self.get(memory_id)
        known = await self._store.known.memories_by_id(self._vault)
        return chain_of({**known, memory.id: memory}, memory.id)

    async def receipts(self, session_id: str) -> _Receipts:
        """What was learned of a session and what was left out, run by run, oldest first.

        Raises:
            NotFound: the session is unknown, or somebody else's.
        """
        await self._gate("read")
        await Reader(self._vault).head(SessionId(session_id))
        return await read_receipts(self._vault, [session_id])

    async def edit(self, memory_id: str, correction: Correction | str) -> Memory:
        """Correct a memory; what it said before is kept with it and can be brought back.

        Whoever changes what it says, its kind or when it holds has the last word: nothing that is
        distilled afterwards supersedes it.

        Args:
            correction: what changes; a string is the new text.

        Raises:
            BadInput, TooLarge: it cannot be kept so.
            NotFound: the memory is unknown, or somebody else's.
        """
        await self._gate("write")
        if isinstance(correction, str):
            correction = Correction(text=correction)
        return await correct_memory(self._store, self._vault, memory_id, correction)

    async def pin(self, memory_id: str, *, pinned: bool = True) -> Memory:
        """Put a memory first in every context, or no longer.

        Raises:
            NotFound: the memory is unknown, or somebody else's.
        """
        return await self.edit(memory_id, Correction(pinned=pinned))

    async def merge(self, memory_ids: Sequence[str], *, text: str | None = None) -> Memory:
        """Make one memory of several: the first of them, which takes in the others.

        It rests on all of their sources, bears all of their tags, and holds as long as any of them
        did. The others are superseded: they are found in its `former` and nowhere else.

        Args:
            text: what it says from now on; what the first said when left out.

        Raises:
            BadInput, TooLarge: they are not 2 to 100 different ones, or the text cannot be kept.
            NotFound: one is unknown, or somebody else's; nothing was changed.
        """
        await self._gate("write")
        return await merge_memories(self._store, self._vault, memory_ids, text=text)

    async def undo(self, memory_id: str) -> Memory:
        """Take back the last change of a memory by its owner: an edit, or a merge.

        The latest 20 changes are kept. Forgetting cannot be undone: nothing of it is left. Where
        another one says the same by now and has taken it in, that one is returned.

        Raises:
            BadInput: there is no such change.
            NotFound: the memory is unknown, or somebody else's.
        """
        await self._gate("write")
        return await undo_change(self._store, self._vault, memory_id)

    async def forget(self, memory_ids: str | Iterable[str]) -> ForgottenMemories:
        """Remove memories for good; what they came from stays, and so do thoughts that led to them.

        What one of them had ended holds again. Returns what went, and what holds again.

        Raises:
            NotFound: one is unknown, or somebody else's; nothing was removed.
        """
        await self._gate("write")
        ids = [memory_ids] if isinstance(memory_ids, str) else list(memory_ids)
        return await forget_memories(self._store, self._vault, ids)

    async def trash(self, memory_id: str) -> Memory:
        """Forget a memory so that it can come back: until it is restored or its time in the trash
        is over it is in no list, search or context, and what it had ended holds again.

        Raises:
            NotFound: it is unknown, or somebody else's.
        """
        await self._gate("write")
        return await trash_memory(self._store, self._vault, memory_id)

    async def restore(self, memory_id: str) -> Memory:
        """Take a memory out of the trash, as it was; or the one that says the same by now and has
        taken it in.

        Raises:
            NotFound: it is unknown, or somebody else's, or not in the trash.
        """
        await self._gate("write")
        return await restore_memory(self._store, self._vault, memory_id)

    async def clear(self) -> int:
        """Remove every memory for good; what was said stays. Returns how many there were.

        Cut short, it has removed some; doing it again removes the rest.
        """
        await self._gate("write")
        ids = [memory.id for memory in await self._store.known.all_memories(self._vault)]
        for first in range(0, len(ids), _AT_ONCE):
            await forget_memories(self._store, self._vault, ids[first : first + _AT_ONCE])
        return len(ids)

    async def _row(self, memory_id: str) -> SealedRow:
        try:
            ids = (id_bytes(memory_id),)
        except (ValueError, AttributeError):
            raise NotFound("memory") from None
        rows = await self._vault.storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=ids))
        if not rows or rows[0].kind is not Kind.MEMORY:
            raise NotFound("memory")
        return rows[0]

    async def _known(self, found: _Found) -> _Found:
        """The same without those in the trash, and as they are without those."""
        if not found:
            return []
        view = await self._store.known.memories_by_id(self._vault)
        return [view.get(m.id, m) for m in found if m.trashed_at is None]

    async def _open(self, rows: Sequence[SealedRow]) -> _Found:
        bodies = await self._vault.open_records([*rows], MemoryBody)
        return [to_memory(row, body) for row, body in zip(rows, bodies, strict=True)]
