"""What is remembered: list, add, follow to its sources, forget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_label
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.client_keys import client_key_tag
from holdfast.keeper.correcting import Correction
from holdfast.keeper.hand import (
    ForgottenMemories,
    correct_memory,
    forget_memories,
    merge_memories,
    undo_change,
)
from holdfast.keeper.learning import NewMemory, memory_links, new_memory, seal_memory
from holdfast.keeper.linking import chain_of, held_at, known_forms
from holdfast.keeper.listing import Place, checked_limit, cut, read_cursor
from holdfast.keeper.moments import edge
from holdfast.keeper.receipts import LearningReceipt, read_receipts
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId, MemoryKind, MemoryOrigin, Message, SessionId, Source
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    Kind,
    LinksQuery,
    OnceTag,
    RowSpan,
    SealedRow,
)
from holdfast.vault.codec import MemoryBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Memories", "MemoryPage", "to_memory"]

_Found: TypeAlias = list[Memory]  # inside the classes `list` is a method
_Messages: TypeAlias = list[Message]
_Receipts: TypeAlias = list[LearningReceipt]
_ALL = 1_000_000
_AT_ONCE = 500


def to_memory(row: SealedRow, body: MemoryBody) -> Memory:
    """A memory from its row and its opened body."""
    return Memory(
        id=MemoryId(id_text(row.id)),
        kind=body.kind,
        text=body.text,
        tags=body.tags,
        importance=body.importance,
        assistant=body.assistant,
        session_id=body.session_id,  # type: ignore[arg-type]  # the same text form
        created_at=body.created_at,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        supersedes=None if body.supersedes is None else MemoryId(body.supersedes),
        sources=body.sources,
        pinned=body.pinned,
        subject=body.subject,
        attribute=body.attribute,
        value=body.value,
        origin=body.origin,
        made_by=body.made_by,
        corrected=body.corrected,
        closed_by=body.closed_by,
        former=body.former,
    )


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
        limit: int | None = None,
    ) -> _Found:
        """Memories, newest first; [] when there are none.

        Args:
            session_id: those made in the session, or resting on a message of it.
            origin: whose words they rest on.
            valid_at: those that held at that time; aware, or words ("in March", "yesterday").

        Raises:
            BadInput: the time is not understood.
        """
        await self._gate("read")
        at = edge(valid_at, self._store.clock, end=False)
        rows = await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, limit=_ALL)
        )
        found = [
            memory
            for memory in await self._open(rows)
            if (kind is None or memory.kind == kind)
            and (tag is None or tag in memory.tags)
            and (assistant is None or memory.assistant == assistant)
            and (session_id is None or _is_of(memory, session_id))
            and memory.importance >= min_importance
            and (origin is None or memory.origin == origin)
            and (pinned is None or memory.pinned == pinned)
            and (at is None or held_at(memory, at))
        ]
        found.sort(key=_place, reverse=True)
        return found if limit is None else found[:limit]

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
        cursor: str | None = None,
        limit: int = 50,
    ) -> MemoryPage:
        """As `list`, page by page.

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
        )
        shown, next_cursor = cut(found, _place, before=before, limit=limit)
        return MemoryPage(memories=shown, next_cursor=next_cursor)

    async def get(self, memory_id: str) -> Memory:
        """One memory.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        await self._gate("read")
        return (await self._open([await self._row(memory_id)]))[0]

    async def by_ids(self, memory_ids: Iterable[str]) -> _Found:
        """Memories by id; those that are gone are absent."""
        await self._gate("read")
        raw = tuple(known_forms(memory_ids))
        if not raw:  # as in most recalls of a young vault
            return []
        rows = await self._vault.storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=raw))
        return await self._open([row for row in rows if row.kind is Kind.MEMORY])

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
        vault = self._vault
        made = new_memory(
            self._store,
            NewMemory(text=new) if isinstance(new, str) else new,
            sources=await self._resolve(sources),
            assistant=checked_label("assistant", assistant, self._store.limits),
            session=None,
        )
        once = client_key_tag(vault, self._store.limits, "memory", client_key)
        known = await self._added(once, made)
        if known is not None:
            return known
        try:
            await vault.commit(
                put=(await seal_memory(vault, made),),
                links=tuple(memory_links(made)),
                once=None if once is None else OnceTag(tag=once, id=id_bytes(made.id)),
            )
        except Conflict:
            known = await self._added(once, made)
            if known is None:
                raise
            return known
        return made

    async def _added(self, once: bytes | None, asked: Memory) -> Memory | None:
        """The memory that was made under a client key, None when there is none yet.

        Raises:
            BadInput: it says something else than is asked for now.
            NotFound: it was forgotten.
        """
        raw = None if once is None else await self._vault.storage.once(self._vault.raw, once)
        if raw is None:
            return None
        found = await self.get(id_text(raw))
        if _said(found) != _said(asked):
            raise BadInput("client key", "it was used for another memory: take a new one")
        return found

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
        """The messages that a memory rests on, in the order they were said.

        Raises:
            NotFound: the memory is unknown, or somebody else's.
        """
        memory = await self.get(memory_id)
        ids = dict.fromkeys(source.message_id for source in memory.sources)
        found = await Reader(self._vault).messages_by_id(ids)
        return sorted(found, key=lambda message: (message.at, message.seq))

    async def history(self, memory_id: str) -> _Found:
        """What was true one after the other: from the first memory of its chain to the last.

        What each was before its owner changed it is in its `former`.

        Raises:
            NotFound: the memory is unknown, or somebody else's.
        """
        memory = await self.get(memory_id)
        known = {other.id: other for other in await self._store.known.memories(self._vault)}
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

        The latest 20 changes are kept. Forgetting cannot be undone: nothing of it is left.

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

    async def clear(self) -> int:
        """Remove every memory for good; what was said stays. Returns how many there were.

        Cut short, it has removed some; doing it again removes the rest.
        """
        await self._gate("write")
        ids = [memory.id for memory in await self.list()]
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

    async def _open(self, rows: Sequence[SealedRow]) -> _Found:
        bodies = await self._vault.open_records([*rows], MemoryBody)
        return [to_memory(row, body) for row, body in zip(rows, bodies, strict=True)]

    async def _resolve(self, sources: Sequence[Source | str]) -> tuple[Source, ...]:
        ids = [s.message_id if isinstance(s, Source) else s for s in sources]
        found = {m.id: m for m in await Reader(self._vault).messages_by_id(ids)}
        resolved = []
        for source, message_id in zip(sources, ids, strict=True):
            message = found.get(message_id)  # type: ignore[call-overload]  # ids are text
            if message is None:
                raise NotFound("message")
            if isinstance(source, Source):
                end = len(message.text) if source.end is None else source.end
                if not 0 <= (source.start or 0) <= end <= len(message.text):
                    raise BadInput("source", "the span lies outside the message's text")
                resolved.append(replace(source, session_id=message.session_id))
            else:
                resolved.append(Source(session_id=message.session_id, message_id=message.id))
        return tuple(resolved)


def _place(memory: Memory) -> Place:
    return to_ms(memory.created_at), id_bytes(memory.id)


def _said(memory: Memory) -> tuple[object, ...]:
    """What a memory says, apart from what it was given when it was made."""
    return memory.text, memory.kind, memory.tags, memory.importance, memory.assistant


def _is_of(memory: Memory, session_id: str) -> bool:
    sources = {source.session_id for source in memory.sources}
    return memory.session_id == session_id or session_id in sources
