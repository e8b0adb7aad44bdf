"""All memories of a vault by what they are about, and one write for all that changes among them.

Whoever distils reads it once, decides, and writes. Memories of one subject are made from many
sessions and by many processes, so every such write also moves one record of the vault's own: of two
that decided at the same time on the same ground the second is refused, and decides again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import Ids, id_bytes, id_text
from holdfast.keeper.receipts import LearningBody, learning_id
from holdfast.keeper.reconciling import Refused, Settled, Slot, Statement, settle, slot_of
from holdfast.keeper.remembered import loosened, memory_links, seal_memory, to_memory
from holdfast.model import Memory, MemoryId, Source
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    ChangesQuery,
    Kind,
    Link,
    RowSpan,
    SealedRow,
    State,
)
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = ["Change", "Known", "Ledger", "change_of", "opened_memories"]

_ALL = 1_000_000
_PART = 500
"""Memories opened at a time; in between others get their turn."""


class Change(Struct, frozen=True, kw_only=True):
    """What a write among memories consists of, and what it comes to."""

    put: tuple[SealedRow, ...] = ()
    links: tuple[Link, ...] = ()
    unlinks: tuple[Link, ...] = ()
    made: tuple[Memory, ...] = ()
    changed: tuple[Memory, ...] = ()
    closed: tuple[Memory, ...] = ()
    """Those of `changed` that have an end now and had none."""
    gone: tuple[Memory, ...] = ()
    refused: tuple[Refused, ...] = ()


class Known(Struct, frozen=True):
    """A memory as it was read."""

    memory: Memory
    row: SealedRow
    """Without its content."""


class Ledger:
    """The memories of one vault, as they are each time it is refreshed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[MemoryId, Known] = {}
        self._version = -1
        self._rev = -1
        self._slots: dict[Slot, set[MemoryId]] = {}
        self._by_message: dict[str, set[MemoryId]] = {}

    async def refresh(self) -> None:
        """Take in what was written since the last time; all of it the first time.

        The vault's own record is read first: a write that comes after it is noticed at the latest
        when this one's decision is written.
        """
        vault = self._vault
        raw = learning_id(vault, b"")
        own = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
        self._version = own[0].version if own else -1
        if self._rev < 0:
            await self._read_all()
        while rows := await vault.storage.changes(
            ChangesQuery(vault_id=vault.raw, after=self._rev, kinds=(Kind.MEMORY,))
        ):
            await self._take(rows)
            self._rev = rows[-1].rev

    async def _read_all(self) -> None:
        """All at once by place: the way by revision leads past every message there is."""
        vault = self._vault
        row = await vault.storage.vault(vault.raw)
        rows = await vault.storage.rows(
            RowSpan(vault_id=vault.raw, kind=Kind.MEMORY, scope=NO_SCOPE, limit=_ALL)
        )
        for at in range(0, len(rows), _PART):
            await self._take(rows[at : at + _PART])
            await asyncio.sleep(0)
        self._rev = 0 if row is None else row.rev

    async def _take(self, rows: Sequence[SealedRow]) -> None:
        for row in rows:
            known = self._known.pop(MemoryId(id_text(row.id)), None)
            if known is not None:
                self._leave(known.memory)
        alive = [row for row in rows if row.state is State.LIVE]
        for entry in await opened_memories(self._vault, alive):
            # What its owner put into the trash stands in nobody's way.
            if slot_of(entry.memory) is not None and entry.memory.trashed_at is None:
                self._known[entry.memory.id] = entry
                self._enter(entry.memory)

    def settled(
        self,
        new: Sequence[Statement],
        *,
        ids: Ids,
        now: datetime,
        unsaid: Sequence[Source] = (),
    ) -> list[Settled]:
        """What each slot comes to that something was said about, or taken back from."""
        slots: dict[Slot, list[Statement]] = {}
        for statement in new:
            slots.setdefault(statement.slot, []).append(statement)
        for source in unsaid:
            for memory_id in self._by_message.get(source.message_id, ()):
                slot = slot_of(self._known[memory_id].memory)
                if slot is not None:
                    slots.setdefault(slot, [])
        return [
            settle(self._about(slot), said, ids=ids, now=now, unsaid=unsaid)
            for slot, said in slots.items()
        ]

    def folded_anew(self, slots: Iterable[Slot], *, ids: Ids, now: datetime) -> list[Settled]:
        """What slots come to of what is known already, when one of it changed by hand."""
        return [settle(self._about(slot), ids=ids, now=now) for slot in dict.fromkeys(slots)]

    def _about(self, slot: Slot) -> list[Memory]:
        return [self._known[memory_id].memory for memory_id in self._slots.get(slot, ())]

    async def change(self, settled: Iterable[Settled], *, at_ms: int) -> Change:
        """One write for all of it; empty when nothing changes."""
        found = await change_of(self._vault, self._known, settled)
        if not found.put:
            return found
        own = await self._vault.seal_record(
            Kind.LEARNING,
            learning_id(self._vault, b""),
            LearningBody(),
            at_ms=at_ms,
            version=self._version + 1,
        )
        return replace(found, put=(*found.put, own))

    def _enter(self, memory: Memory) -> None:
        slot = slot_of(memory)
        if slot is None:
            return
        self._slots.setdefault(slot, set()).add(memory.id)
        for message_id in _said_in(memory):
            self._by_message.setdefault(message_id, set()).add(memory.id)

    def _leave(self, memory: Memory) -> None:
        slot = slot_of(memory)
        if slot is not None:
            self._slots.get(slot, set()).discard(memory.id)
        for message_id in _said_in(memory):
            self._by_message.get(message_id, set()).discard(memory.id)


def _said_in(memory: Memory) -> set[str]:
    """The messages that made it, and the one that ended it: each may be taken back."""
    ended = () if memory.closed_by is None else (memory.closed_by,)
    return {source.message_id for source in (*memory.sources, *ended)}


async def opened_memories(vault: Vault, rows: list[SealedRow]) -> list[Known]:
    """Memories of their rows, in their order."""
    bodies = await vault.open_records(rows, MemoryBody)
    return [
        Known(to_memory(row, body), replace(row, sealed=b""))
        for row, body in zip(rows, bodies, strict=True)
    ]


async def change_of(
    vault: Vault, known: Mapping[MemoryId, Known], settled: Iterable[Settled]
) -> Change:
    """The rows and links that lead from what is known to what is settled."""
    all_settled = _mended(known, list(settled))
    made = tuple(m for one in all_settled for m in one.made)
    changed = tuple(m for one in all_settled for m in one.changed)
    gone = tuple(m for one in all_settled for m in one.gone)
    put = [await seal_memory(vault, memory) for memory in made]
    put += [
        await seal_memory(vault, memory, version=known[memory.id].row.version + 1)
        for memory in changed
    ]
    put += [vault.gone(known[memory.id].row) for memory in gone]
    put += await loosened(vault, [id_bytes(memory.id) for memory in gone])
    had = {link for m in changed for link in memory_links(known[m.id].memory)}
    has = [link for memory in (*made, *changed) for link in memory_links(memory)]
    return Change(
        put=tuple(put),
        links=tuple(link for link in has if link not in had),
        unlinks=tuple(sorted(had - set(has), key=_order)),
        made=made,
        changed=changed,
        closed=tuple(
            m for m in changed if m.valid_to is not None and known[m.id].memory.valid_to is None
        ),
        gone=gone,
        refused=tuple(refused for one in all_settled for refused in one.refused),
    )


def _mended(known: Mapping[MemoryId, Known], settled: list[Settled]) -> list[Settled]:
    """The same, with nobody superseding what goes: an owner's merge joins things said of different
    subjects, so a chain may lead through several slots."""
    gone = {memory.id for one in settled for memory in one.gone}
    if not gone:
        return settled

    def past(memory: Memory) -> Memory:
        step, seen = memory.supersedes, {memory.id}
        while step is not None and step in gone and step not in seen:
            seen.add(step)
            step = known[step].memory.supersedes if step in known else None
        return replace(memory, supersedes=None if step in seen else step)

    told = gone | {memory.id for one in settled for memory in one.changed}
    beside = tuple(
        past(entry.memory)
        for memory_id, entry in known.items()
        if memory_id not in told and entry.memory.supersedes in gone
    )
    mended = [
        replace(one, made=tuple(map(past, one.made)), changed=tuple(map(past, one.changed)))
        for one in settled
    ]
    return [*mended, Settled(changed=beside)] if beside else mended


def _order(link: Link) -> tuple[str, bytes, bytes]:
    return link.kind, link.from_id, link.to_id
