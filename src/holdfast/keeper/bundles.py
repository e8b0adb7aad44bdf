"""An export of this program comes back as it was: ids, places, branches, memories and links.

A bundle does whole; our JSON does but for the content of files, which it only names.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.log import create_session
from holdfast.clock import id_bytes, id_text
from holdfast.errors import BadInput, Conflict, HoldfastError, VaultErased
from holdfast.keeper.import_report import (
    ImportReport,
    Progress,
    in_thread,
    is_of_the_store,
    with_broken,
)
from holdfast.keeper.linking import messages_named_by, without_sources
from holdfast.keeper.names import AssistantBody, Names, ProjectBody, checked_slug
from holdfast.keeper.receipts import Learning, LearningBody, seal_learning
from holdfast.keeper.remembered import memory_links, seal_memory, seal_thought, thought_links
from holdfast.keeper.session_record import body_of
from holdfast.keeper.store import Store
from holdfast.model import Memory, Message, Thought, Turn
from holdfast.storage.protocol import ByIds, HeadsQuery, Kind, Link, OnceTag, SealedRow, State
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.bundle import BundledSession, Learned
    from holdfast.portability.conversations import Broken
    from holdfast.portability.whole import WholeExport

__all__ = ["BundleImport"]

_T = TypeVar("_T")


class BundleImport:
    """Brings an export of this program back as it was."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._names = Names(store, vault)
        self._reader = Reader(vault)

    async def run(
        self, export: WholeExport, progress: Callable[[Progress], None] | None = None
    ) -> ImportReport:
        """Bring in all that is not here yet. What cannot be kept is told, and the rest goes on.

        Raises:
            BundleDamaged, ImportFailed: the file cannot be read on.
            StorageFailed: or one of its kinds.
        """
        from holdfast.portability.conversations import Broken

        report = ImportReport(format=export.format, lacks=export.lacks)
        report = await self._named(export, report)
        async for bundled in in_thread(export.sessions()):
            if isinstance(bundled, Broken):
                report = replace(report, broken=(*report.broken, bundled))
            else:
                report = await self._taken(
                    f"session {bundled.session.id}", self._session(bundled, export, report), report
                )
            if progress is not None:
                progress(
                    Progress(
                        bytes_read=export.bytes_read,
                        total_bytes=export.total_bytes,
                        conversations=report.conversations + report.unchanged,
                        messages=report.messages,
                    )
                )
        memories, report = _sound(await asyncio.to_thread(export.memories), report)
        for memory in _superseded_first(memories):
            report = await self._taken(f"memory {memory.id}", self._memory(memory, report), report)
        thoughts, report = _sound(await asyncio.to_thread(export.thoughts), report)
        for thought in thoughts:
            report = await self._taken(
                f"thought {thought.id}", self._thought(thought, report), report
            )
        return report

    async def _named(self, export: WholeExport, report: ImportReport) -> ImportReport:
        """The assistants and projects."""
        assistants, report = _sound(await asyncio.to_thread(export.assistants), report)
        for assistant in assistants:
            body = AssistantBody(
                slug=assistant.slug,
                name=assistant.name,
                avatar=assistant.avatar,
                purpose=assistant.purpose,
            )
            report = await self._taken(
                f"assistant {assistant.id}",
                self._restored(Kind.ASSISTANT, assistant.id, body, report),
                report,
            )
        projects, report = _sound(await asyncio.to_thread(export.projects), report)
        for project in projects:
            body_of = ProjectBody(slug=project.slug, name=project.name)
            report = await self._taken(
                f"project {project.id}",
                self._restored(Kind.PROJECT, project.id, body_of, report),
                report,
            )
        return report

    async def _restored(
        self, kind: Kind, record_id: str, body: AssistantBody | ProjectBody, report: ImportReport
    ) -> ImportReport:
        checked_slug(kind.name.lower(), body.slug, self._store)
        await self._names.restore(kind, record_id, body)
        return report

    async def _taken(
        self, place: str, work: Awaitable[ImportReport], report: ImportReport
    ) -> ImportReport:
        """What came of one record; one that cannot be kept does not cost the rest."""
        try:
            return await work
        except ValueError:
            return with_broken(report, place, BadInput("id", "it is no UUID"))
        except HoldfastError as exc:
            if is_of_the_store(exc):
                raise
            return with_broken(report, place, exc)

    async def _session(
        self, bundled: BundledSession, export: WholeExport, report: ImportReport
    ) -> ImportReport:
        session, vault = bundled.session, self._vault
        raw = id_bytes(session.id)
        if await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,))):
            return replace(report, unchanged=report.unchanged + 1)
        if await self._was_erased(raw):
            return with_broken(report, f"session {session.id}", VaultErased())
        log = self._store.log_of(vault, session.id)
        entries = [await self._entry(message, export) for message in bundled.messages]
        turns = [TurnChange(turn=_ended(turn), begins=True) for turn in bundled.turns]
        once = None
        if session.source is not None:
            tag = vault.keyring.tag(vault.raw, "import", session.source)
            if await vault.storage.once(vault.raw, tag) is not None:
                return replace(report, unchanged=report.unchanged + 1)
            once = OnceTag(tag=tag, id=raw)
        try:
            await create_session(
                vault,
                session.id,
                body_of(session),
                kind=session.kind,
                assistant_id=await self._names.assistant(session.assistant),
                project_id=await self._names.project(session.project),
                started_at=session.started_at,
                last_at=session.last_at,
                archived=session.archived,
                once=once,
                log=log,
                history=lambda _: (entries, turns),
            )
        except Conflict:
            if not await self._there(session.id):
                raise  # One of its messages is here, in another session.
            return replace(report, unchanged=report.unchanged + 1)
        if bundled.learned is not None:
            await self._note_learned(raw, bundled.learned)
        held = sum(entry.content is not None for entry in entries)
        named = sum(entry.message.file is not None for entry in entries)
        return replace(
            report,
            conversations=report.conversations + 1,
            messages=report.messages + len(entries),
            files=report.files + held,
            missing_files=report.missing_files + named - held,
        )

    async def _note_learned(self, session: bytes, learned: Learned) -> None:
        """That it was distilled before: its memories come along, those that were forgotten do
        not."""
        vault = self._vault
        ask = HeadsQuery(vault_id=vault.raw, session_ids=(session,), limit=1)
        for head in await vault.storage.heads(ask):
            covers = min(max(learned.covers, 0), head.next_seq)
            body = LearningBody(
                session_id=id_text(session),
                head_rev=head.rev,
                covers=covers,
                rules=learned.rules,
                copied=covers,
                model_covers=min(max(learned.model_covers, 0), head.next_seq),
                title=learned.title,
                tags=learned.tags,
            )
            if body.covers < head.next_seq:
                body.head_rev = 0  # it was not read to its end
            new = Learning(body=LearningBody())
            row, links = await seal_learning(vault, session, new, body, self._store.clock())
            with contextlib.suppress(Conflict):  # it is being distilled already
                await vault.commit(put=(row,), links=links)

    async def _was_erased(self, session: bytes) -> bool:
        """Whether a session of this vault was erased: under its id it stays so, at each start."""
        erasures = await self._vault.keyring.storage.erasures()
        return any((e.vault_id, e.session_id) == (self._vault.raw, session) for e in erasures)

    async def _entry(self, message: Message, export: WholeExport) -> Entry:
        file = message.file
        if file is None:
            return Entry(message=message, follows_leaf=False)
        if export.has_file(file.sha256):
            content = await asyncio.to_thread(export.file, file.sha256)
            return Entry(message=message, content=content, follows_leaf=False)
        # Known by its name alone: with its former size it would count as a file that lost bytes.
        named = replace(file, size=0, sha256=sha256(b"").hexdigest())
        return Entry(message=replace(message, file=named), follows_leaf=False)

    async def _memory(self, memory: Memory, report: ImportReport) -> ImportReport:
        vault = self._vault
        if await self._there(memory.id):
            return report
        _check_memory(memory)
        once = None
        if memory.kind == "summary" and memory.session_id is not None:
            tag = vault.keyring.tag(vault.raw, "summary", id_bytes(memory.session_id).hex())
            if await vault.storage.once(vault.raw, tag) is None:
                once = OnceTag(tag=tag, id=id_bytes(memory.id))
        named = messages_named_by(memory)
        there = await self._alive(named)
        left = without_sources(memory, {one for one in named if id_bytes(one) not in there})
        if memory.sources and not left.sources:
            return report  # What it rests on is not here: it was forgotten or erased.
        memory = left
        if memory.supersedes is not None and not await self._alive([memory.supersedes]):
            memory = replace(memory, supersedes=None)
        row = await seal_memory(vault, memory)
        added = await self._put(row, memory_links(memory), once)
        return replace(report, memories=report.memories + added)

    async def _thought(self, thought: Thought, report: ImportReport) -> ImportReport:
        if await self._there(thought.id):
            return report
        if thought.at.tzinfo is None:
            raise BadInput("thought", "it has a time without a zone")
        of = (thought.turn_id, thought.session_id, thought.message_id)
        needed: list[str] = [one for one in of if one is not None]
        there = await self._alive([*needed, *filter(None, [thought.linked_memory])])
        if any(id_bytes(one) not in there for one in needed):
            return report
        if thought.linked_memory is not None and id_bytes(thought.linked_memory) not in there:
            thought = replace(thought, linked_memory=None)
        await self._put(await seal_thought(self._vault, thought), thought_links(thought))
        return report

    async def _put(
        self, row: SealedRow, links: Sequence[Link], once: OnceTag | None = None
    ) -> bool:
        vault = self._vault
        there = await self._alive(id_text(link.to_id) for link in links)
        kept = tuple(link for link in links if link.to_id in there)
        try:
            await vault.commit(put=(row,), links=kept, once=once)
        except Conflict:
            return False
        return True

    async def _alive(self, ids: Iterable[str]) -> set[bytes]:
        """Those of the records that are here and not forgotten, by raw id."""
        ask = ByIds(vault_id=self._vault.raw, ids=tuple({id_bytes(text) for text in ids}))
        rows = await self._vault.storage.rows_by_id(ask)
        return {row.id for row in rows if row.sealed and row.state is State.LIVE}

    async def _there(self, record_id: str) -> bool:
        ask = ByIds(vault_id=self._vault.raw, ids=(id_bytes(record_id),))
        return bool(await self._vault.storage.rows_by_id(ask))


def _sound(records: Iterable[_T | Broken], report: ImportReport) -> tuple[list[_T], ImportReport]:
    """The records of a list that can be read, and the report with those that cannot."""
    from holdfast.portability.conversations import Broken

    found: list[_T] = []
    for record in records:
        if isinstance(record, Broken):
            report = replace(report, broken=(*report.broken, record))
        else:
            found.append(record)
    return found, report


def _check_memory(memory: Memory) -> None:
    """Raises: BadInput: it is none that could have been made here."""
    if not memory.text.strip():
        raise BadInput("memory", "it is empty")
    if not 1 <= memory.importance <= 10:
        raise BadInput("importance", "it is not from 1 to 10")
    if any(at is not None and at.tzinfo is None for at in _times_of(memory)):
        raise BadInput("memory", "it has a time without a zone")


def _times_of(memory: Memory) -> Iterator[datetime | None]:
    """Every time that a memory bears: one without a zone can be compared with no other."""
    yield from (memory.created_at, memory.valid_from, memory.valid_to, memory.trashed_at)
    yield from (source.at for source in memory.sources)
    yield None if memory.closed_by is None else memory.closed_by.at
    for version in memory.former:
        yield version.changed_at
        yield from _times_of(version.memory)


def _ended(turn: Turn) -> Turn:
    """A turn that was open when the bundle was made cannot go on anywhere else."""
    return replace(turn, status="interrupted") if turn.status == "open" else turn


def _superseded_first(memories: Iterable[Memory]) -> list[Memory]:
    """In an order in which what is superseded is there before what supersedes it."""
    by_id = {memory.id: memory for memory in memories}
    ordered: dict[str, Memory] = {}
    for memory in by_id.values():
        chain = []
        step: Memory | None = memory
        while step is not None and step.id not in ordered and step not in chain:
            chain.append(step)
            step = by_id.get(step.supersedes) if step.supersedes is not None else None
        ordered.update((found.id, found) for found in reversed(chain))
    return list(ordered.values())
