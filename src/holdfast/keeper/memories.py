"""What is remembered: list, add, follow to its sources, forget."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_label
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.client_keys import client_key_tag
from holdfast.keeper.learning import NewMemory, loosened, memory_links, new_memory, seal_memory
from holdfast.keeper.listing import checked_limit, cursor_at, read_cursor
from holdfast.keeper.store import Store
from holdfast.model import Memory, MemoryId, MemoryKind, Message, Source
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
_ALL = 1_000_000


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
        limit: int | None = None,
    ) -> _Found:
        """Memories, newest first; [] when there are none."""
        await self._gate("read")
        rows = await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, limit=_ALL)
        )
        found = [
            memory
            for memory in await self._open(rows)
            if (kind is None or memory.kind == kind)
            and (tag is None or tag in memory.tags)
            and (assistant is None or memory.assistant == assistant)
            and (session_id is None or memory.session_id == session_id)
            and memory.importance >= min_importance
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
        cursor: str | None = None,
        limit: int = 50,
    ) -> MemoryPage:
        """As `list`, page by page.

        Raises:
            BadInput: the cursor is none of ours, or the limit is not 1 to 1000.
        """
        checked_limit(limit)
        before = None if cursor is None else read_cursor(cursor)
        found = await self.list(
            kind=kind,
            tag=tag,
            assistant=assistant,
            session_id=session_id,
            min_importance=min_importance,
        )
        left = [memory for memory in found if before is None or _place(memory) < before]
        more, shown = len(left) > limit, left[:limit]
        return MemoryPage(
            memories=shown,
            next_cursor=cursor_at(shown[-1].created_at, shown[-1].id) if more else None,
        )

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
        raw = tuple(_known_forms(memory_ids))
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
                vault_id=self._vault.raw, to_ids=tuple(_known_forms([message_id])), kind="source"
            )
        )
        return await self.by_ids(id_text(link.from_id) for link in links)

    async def of_messages(self, message_ids: Iterable[str]) -> dict[str, _Found]:
        """The memories that rest on each message; messages that none rests on are absent."""
        await self._gate("read")
        asked = set(message_ids)
        links = await self._vault.storage.links(
            LinksQuery(
                vault_id=self._vault.raw, to_ids=tuple(sorted(_known_forms(asked))), kind="source"
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

    async def forget(self, memory_id: str) -> None:
        """Remove a memory; what it came from stays, and so do thoughts that led to it.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        await self._gate("write")
        vault = self._vault
        row = await self._row(memory_id)
        links = await vault.storage.links(
            LinksQuery(vault_id=vault.raw, to_ids=(row.id,), kind="led_to")
        )
        thoughts = await loosened(vault, sorted({link.from_id for link in links}))
        await vault.commit(put=(vault.gone(row), *thoughts))

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


def _place(memory: Memory) -> tuple[int, bytes]:
    return to_ms(memory.created_at), id_bytes(memory.id)


def _said(memory: Memory) -> tuple[object, ...]:
    """What a memory says, apart from what it was given when it was made."""
    return memory.text, memory.kind, memory.tags, memory.importance, memory.assistant


def _known_forms(ids: Iterable[str]) -> Iterator[bytes]:
    """Those of `ids` that have the form of an id; the others can be nowhere."""
    for text in ids:
        with contextlib.suppress(ValueError):
            yield id_bytes(text)
