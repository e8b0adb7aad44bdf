"""The memories, thoughts and sessions of a vault, opened once and kept current by revision.

A context asks for what is valid now at every turn, and a search for every title and thought while
it is typed; opening each of them anew would cost more than the recall beside it. What is held here
is as readable as an index in memory is, and leaves with the vault that it belongs to. What there is
much of is saved (see `KnownFile`), so that a start costs what has changed since.
"""

from __future__ import annotations

import asyncio
import contextlib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import from_ms, id_bytes, id_text, to_ms
from holdfast.errors import HoldfastError
from holdfast.keeper.known_file import KnownFile, KnownSession, Saved
from holdfast.keeper.known_records import Held, Records
from holdfast.keeper.linking import without_memories
from holdfast.keeper.remembered import to_memory, to_thought
from holdfast.model import Memory, MemoryId, Thought
from holdfast.storage.protocol import HeadsQuery, Kind, SealedRow
from holdfast.vault.codec import MemoryBody, ThoughtBody, open_turn
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Known", "KnownSession", "KnownThought"]

_SAVE_AFTER = 500
_SAVE_AT_END = 50
_SESSIONS_OF_A_MEMORY = 4
"""The latest sessions that used a memory are known; when all of them are erased, none is."""
_NOTHING = Saved(sessions_rev=-1, sessions={}, uses_rev=-1, uses={})


class KnownThought(Struct, frozen=True, kw_only=True):
    """A thought, and its words as they are looked up."""

    thought: Thought
    words: frozenset[str]


class Known:
    """What is known by vault. One per opened store.

    Each raises what `Storage` does, and
        TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        NotFound: the vault was erased.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is where what there is much of is saved; nothing is without one."""
        self._files = KnownFile(folder)
        self._read_once: WeakKeyDictionary[Vault, Saved] = WeakKeyDictionary()
        self._saving: dict[Vault, asyncio.Task[None]] = {}
        self._memories = Records(Kind.MEMORY, _read_memories)
        self._views: WeakKeyDictionary[Vault, tuple[int, Mapping[MemoryId, Memory]]] = (
            WeakKeyDictionary()
        )
        self._uses = Records(Kind.TURN, _read_uses, add=_add_uses, saved=self._saved_uses)
        self._thoughts = Records(Kind.THOUGHT, _read_thoughts)
        self._sessions = Records(Kind.SESSION, _read_sessions, saved=self._saved_sessions)

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
        """When an answer was last given a memory, by the memory's id."""
        held = await self._uses.held(vault)
        here = {id_bytes(known.session.id) for known in await self.sessions(vault)}
        await self._keep_memories(vault, held)
        self._save_soon(vault)
        return {
            id_text(memory): from_ms(max(of_memory))
            for memory, by_session in held.records.items()
            if (of_memory := [at for session, at in by_session.items() if session in here])
        }

    async def _keep_memories(self, vault: Vault, held: Held[dict[bytes, int]]) -> None:
        """Answers are given messages, too: of those nobody asks when they were last used."""
        memories = (await self._memories.held(vault)).records
        for one in [one for one in held.records if one not in memories]:
            del held.records[one]

    async def thoughts(self, vault: Vault) -> list[KnownThought]:
        """Every thought of a vault, likewise."""
        return await self._thoughts.of(vault)

    async def sessions(self, vault: Vault) -> list[KnownSession]:
        """Every session of a vault, likewise."""
        found = await self._sessions.of(vault)
        self._save_soon(vault)
        return found

    # What is saved

    async def _file(self, vault: Vault) -> Saved:
        known = self._read_once.get(vault)
        if known is None:
            known = await self._files.read(vault) or _NOTHING
            self._read_once[vault] = known
        return known

    async def _saved_sessions(self, vault: Vault) -> tuple[int, dict[bytes, KnownSession]]:
        saved = await self._file(vault)
        return saved.sessions_rev, dict(saved.sessions)

    async def _saved_uses(self, vault: Vault) -> tuple[int, dict[bytes, dict[bytes, int]]]:
        saved = await self._file(vault)
        return saved.uses_rev, {memory: dict(by) for memory, by in saved.uses.items()}

    def _save_soon(self, vault: Vault, *, least: int = _SAVE_AFTER) -> None:
        """Beside the answer, which need not wait for it; `close` does."""
        if vault in self._saving or self._files.path(vault) is None:
            return
        held = (self._sessions.peek(vault), self._uses.peek(vault))
        if sum(one.unsaved for one in held if one is not None) >= least:
            task = asyncio.create_task(self._save(vault))
            self._saving[vault] = task
            task.add_done_callback(lambda _: self._saving.pop(vault, None))

    async def _save(self, vault: Vault) -> None:
        before = await self._file(vault)
        # Caught up first: what was forgotten or erased elsewhere must not come back. What nobody
        # asked for yet stays as it was saved.
        with contextlib.suppress(HoldfastError):
            sessions = await self._sessions.held(vault)
            saved = replace(before, sessions_rev=sessions.rev, sessions=dict(sessions.records))
            sessions.unsaved = 0
            if self._uses.peek(vault) is not None:
                uses = await self._uses.held(vault)
                await self._keep_memories(vault, uses)
                uses.unsaved = 0
                saved = replace(
                    saved, uses_rev=uses.rev, uses={i: dict(by) for i, by in uses.records.items()}
                )
            here = saved.sessions
            known = {
                i: {s: at for s, at in by.items() if s in here} for i, by in saved.uses.items()
            }
            saved = replace(saved, uses={i: by for i, by in known.items() if by})
            self._read_once[vault] = saved
            await self._files.write(vault, saved)

    async def unsave(self, vault: Vault) -> None:
        """Throw a file away that holds what was forgotten; one is saved anew when there is much."""
        saving = self._saving.get(vault)
        if saving is not None:
            await asyncio.wait([saving])
        self._read_once[vault] = _NOTHING
        self._files.remove(vault)
        for held in (self._sessions.peek(vault), self._uses.peek(vault)):
            if held is not None:
                held.unsaved = max(held.unsaved, len(held.records))

    async def drop(self, vault: Vault) -> None:
        """Know nothing of a vault any more, and have nothing saved of it."""
        await self.unsave(vault)
        for records in (self._memories, self._uses, self._thoughts, self._sessions):
            records.forget(vault)
        self._views.pop(vault, None)

    async def close(self) -> None:
        """Finish what is being saved, and save what is new."""
        for vault in self._sessions.vaults():
            self._save_soon(vault, least=_SAVE_AT_END)
        if self._saving:
            await asyncio.wait(list(self._saving.values()))


def _without_trash(known: Mapping[MemoryId, Memory]) -> Mapping[MemoryId, Memory]:
    trashed = frozenset(memory.id for memory in known.values() if memory.trashed_at is not None)
    if not trashed:
        return known
    mended = without_memories(known, trashed)
    return {i: mended.get(i, memory) for i, memory in known.items() if i not in trashed}


async def _read_memories(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, Memory]:
    alive, _ = await vault.openable(rows)
    bodies = await vault.open_records(alive, MemoryBody)
    return {row.id: to_memory(row, body) for row, body in zip(alive, bodies, strict=True)}


async def _read_uses(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, dict[bytes, int]]:
    """What the answers of turns were given, and in which session when."""
    by_session: dict[bytes, list[SealedRow]] = {}
    for row in rows:
        by_session.setdefault(row.scope, []).append(row)
    found: dict[bytes, dict[bytes, int]] = {}
    for scope, of_session in by_session.items():
        alive, keys = await vault.openable_among(of_session, scope)
        place = vault.place(Kind.TURN, scope)
        for row in alive:
            turn = open_turn(row, place, keys)
            at = to_ms(turn.ended_at or turn.started_at)
            for one in turn.used:
                by = found.setdefault(id_bytes(one.id), {})
                by[scope] = max(at, by.get(scope, at))
    return found


def _add_uses(
    records: dict[bytes, dict[bytes, int]],
    rows: Sequence[SealedRow],
    read: dict[bytes, dict[bytes, int]],
) -> None:
    """The latest sessions of each stay; those of turns that are gone do, too, until their session
    is."""
    for one, by_session in read.items():
        known = records.setdefault(one, {})
        for session, at in by_session.items():
            known[session] = max(at, known.get(session, at))
        while len(known) > _SESSIONS_OF_A_MEMORY:
            del known[min(known, key=lambda session: known[session])]


async def _read_thoughts(vault: Vault, rows: Sequence[SealedRow]) -> dict[bytes, KnownThought]:
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
        id_bytes(session.id): KnownSession(
            session=session, words=_words(session.title), sorted_as=_sorted_as(session.title)
        )
        for session in await Reader(vault).join(heads)
    }


def _sorted_as(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.casefold())
    return "".join([c for c in plain if not unicodedata.combining(c)])


def _words(text: str) -> frozenset[str]:
    from holdfast.index.words import surfaces, term_of  # not before something is searched

    return frozenset(map(term_of, surfaces(text)))
