"""The trash: what somebody deleted and may still want back.

A session in the trash is sealed and whole where it was; it is only in no list, and found by no
search. One sealed record of the vault names the sessions that are there, so that a list needs one
read to leave them out. The memories that rest on nothing else go along, each marked in its own
record, and come back with it. When its time has come it is erased like any other, with a receipt.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict
from holdfast.keeper.linking import without_sources
from holdfast.keeper.remembered import memory_links, seal_memory
from holdfast.keeper.session_record import read_record
from holdfast.keeper.setting_records import ReadSetting, SettingRecord
from holdfast.keeper.store import Store
from holdfast.model import Memory, MessageId, SessionId
from holdfast.storage.protocol import ByIds, SealedRow
from holdfast.vault.codec import MemoryBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = [
    "Kept",
    "TrashedSession",
    "keep_memories_of",
    "out_of_trash",
    "restore_sessions",
    "rests_on",
    "trash_sessions",
    "trashed_sessions",
]

Kept: TypeAlias = Literal["forget", "keep"]
"""What becomes of the memories that rest on a session alone."""


class TrashedSession(Struct, frozen=True, omit_defaults=True):
    """Since when a session is in the trash, and what becomes of its memories."""

    at: datetime
    memories: Kept = "forget"


class _TrashBody(Struct, frozen=True, omit_defaults=True):
    sessions: dict[str, TrashedSession] = {}
    memories: tuple[str, ...] = ()
    """Those that went along; what their owner put there by hand is not among them."""


_RECORD = SettingRecord("trash", _TrashBody())


async def trashed_sessions(vault: Vault) -> dict[str, TrashedSession]:
    """The sessions in the trash, by id; one read."""
    return (await _RECORD.read(vault)).body.sessions


async def trash_sessions(
    store: Store, vault: Vault, session_ids: Iterable[str], *, memories: Kept = "forget"
) -> None:
    """Put sessions into the trash, all in one write; one that is there already stays since when it
    is.

    Raises:
        NotFound: one is unknown, or somebody else's; nothing was changed.
    """
    ids = [id_text(await _raw(vault, one)) for one in session_ids]
    while True:
        read = await _RECORD.read(vault)
        there, now = read.body.sessions, store.clock()
        added = {
            one: TrashedSession(at=there[one].at if one in there else now, memories=memories)
            for one in ids
        }
        after = {**there, **added}
        if await _written(store, vault, read, after, {o: added[o].at for o in ids}):
            return


async def restore_sessions(store: Store, vault: Vault, session_ids: Iterable[str]) -> None:
    """Take sessions out of the trash as they were, with the memories that went along; those that
    are not in it stay as they are.

    Raises:
        NotFound: one is unknown, or somebody else's; nothing was changed.
    """
    ids = {id_text(await _raw(vault, one)) for one in session_ids}
    while True:
        read = await _RECORD.read(vault)
        back = dict.fromkeys(sorted(ids & read.body.sessions.keys()))
        if not back:
            return
        after = {one: kept for one, kept in read.body.sessions.items() if one not in back}
        if await _written(store, vault, read, after, back):
            return


async def out_of_trash(store: Store, vault: Vault, session_ids: Iterable[str]) -> None:
    """Name sessions no more that were erased."""
    gone = set(session_ids)
    while True:
        read = await _RECORD.read(vault)
        after = {one: kept for one, kept in read.body.sessions.items() if one not in gone}
        if len(after) == len(read.body.sessions):
            return
        if await _written(store, vault, read, after, {}):
            return


async def keep_memories_of(store: Store, vault: Vault, session_id: str) -> None:
    """Loosen every memory from a session that is about to be erased, so that it stays without it.

    Before the erasure and not with it: that destroys the key first, and what a crash leaves of it
    is finished without knowing what was to be kept.
    """
    name = id_text(await _raw(vault, session_id))
    while True:
        known = await store.known.all_memories(vault)
        named = [(memory, lost) for memory in known if (lost := _named_in(memory, name))]
        if not named:
            return
        rows = await _rows(vault, [memory.id for memory, _ in named])
        put, unlinks = [], []
        for memory, lost in named:
            row = rows.get(memory.id)
            if row is None:
                continue
            (body,) = await vault.open_records([row], MemoryBody)
            left = _loosened(memory, lost, name)
            put.append(await seal_memory(vault, left, version=row.version + 1, covers=body.covers))
            stay = set(memory_links(left))
            unlinks += [link for link in memory_links(memory) if link not in stay]
        try:
            await vault.commit(put=tuple(put), unlinks=tuple(unlinks))
        except Conflict:
            continue
        return


def _loosened(memory: Memory, lost: set[MessageId], session_id: str) -> Memory:
    left = without_sources(memory, lost)
    return replace(
        left,
        session_id=None if left.session_id == session_id else left.session_id,
        source_gone=memory.source_gone or bool(memory.sources and not left.sources),
        trashed_at=None,
    )


def _named_in(memory: Memory, session_id: str) -> set[MessageId]:
    """The messages of a session that a memory names, in its former versions too."""
    places = [*memory.sources, *([memory.closed_by] if memory.closed_by is not None else [])]
    named = {place.message_id for place in places if place.session_id == session_id}
    return named.union(*(_named_in(version.memory, session_id) for version in memory.former))


def rests_on(memory: Memory, sessions: set[str]) -> bool:
    """Whether a memory rests on these sessions and on nothing else."""
    return bool(memory.sources) and all(one.session_id in sessions for one in memory.sources)


async def _written(
    store: Store,
    vault: Vault,
    before: ReadSetting[_TrashBody],
    sessions: dict[str, TrashedSession],
    marks: dict[str, datetime] | dict[str, None],
) -> bool:
    """Write the trash as it is from now on, the sessions' own records and those of the memories
    that go along or come back; False when somebody else was quicker."""
    body = before.body
    now = store.clock()
    doomed = {one for one, kept in sessions.items() if kept.memories == "forget"}
    known = {memory.id: memory for memory in await store.known.all_memories(vault)}
    along = {memory.id for memory in known.values() if rests_on(memory, doomed)}
    hide = [one for one in along if one not in body.memories and known[one].trashed_at is None]
    show = [one for one in body.memories if one not in along]
    put = [await _marked(vault, one, at) for one, at in marks.items()]
    rows = await _rows(vault, [*hide, *show])
    for one, row in rows.items():
        (record,) = await vault.open_records([row], MemoryBody)
        record.trashed_at = now if one in along else None
        put.append(await vault.seal_again(row, record))
    stay = [one for one in body.memories if one in along]
    trash = _TrashBody(sessions=sessions, memories=(*stay, *sorted(hide)))
    row, _ = await _RECORD.sealed(store, vault, before, trash)
    put.append(row)
    try:
        await vault.commit(put=tuple(put))
    except Conflict:
        for one in marks:
            await vault.session_keys(id_bytes(one), fresh=True)
        return False
    for one in marks:
        store.log_of(vault, SessionId(one)).invalidate()
    return True


async def _marked(vault: Vault, session_id: str, at: datetime | None) -> SealedRow:
    """A session's own record, with since when it is in the trash. Its head stays as it is: no date
    and no order changes."""
    record = await read_record(vault, id_bytes(session_id))
    return await record.sealed(replace(record.body, trashed_at=at))


async def _raw(vault: Vault, session_id: str) -> bytes:
    return (await Reader(vault).head(SessionId(session_id))).session_id


async def _rows(vault: Vault, memory_ids: Iterable[str]) -> dict[str, SealedRow]:
    ask = ByIds(vault_id=vault.raw, ids=tuple(id_bytes(one) for one in sorted(memory_ids)))
    return {id_text(row.id): row for row in await vault.storage.rows_by_id(ask)}
