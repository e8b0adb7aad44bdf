"""A bundle comes back as it was: the same ids, places, branches, memories and links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.log import create_session
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, VaultErased
from holdfast.keeper.import_report import ImportReport, Progress, in_thread, with_broken
from holdfast.keeper.learning import memory_links, seal_memory, seal_thought, thought_links
from holdfast.keeper.linking import messages_named_by, without_sources
from holdfast.keeper.names import AssistantBody, Names, ProjectBody
from holdfast.keeper.store import Store
from holdfast.model import Memory, Message, Thought, Turn
from holdfast.storage.protocol import ByIds, Kind, Link, OnceTag, SealedRow, State
from holdfast.vault.codec import SessionBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.bundle import BundledSession
    from holdfast.portability.bundle_reader import BundleReader

__all__ = ["BundleImport"]


class BundleImport:
    """Brings a bundle back as it was: the same ids, places, branches, memories and links."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._names = Names(store, vault)
        self._reader = Reader(vault)

    async def run(
        self, bundle: BundleReader, progress: Callable[[Progress], None] | None = None
    ) -> ImportReport:
        for assistant in bundle.assistants():
            body = AssistantBody(
                slug=assistant.slug,
                name=assistant.name,
                avatar=assistant.avatar,
                purpose=assistant.purpose,
            )
            await self._names.restore(Kind.ASSISTANT, assistant.id, body)
        for project in bundle.projects():
            body_of = ProjectBody(slug=project.slug, name=project.name)
            await self._names.restore(Kind.PROJECT, project.id, body_of)
        report = ImportReport(format="holdfast-bundle")
        async for bundled in in_thread(bundle.sessions()):
            report = await self._session(bundled, bundle, report)
            if progress is not None:
                progress(
                    Progress(
                        bytes_read=bundle.bytes_read,
                        total_bytes=bundle.total_bytes,
                        conversations=report.conversations + report.unchanged,
                        messages=report.messages,
                    )
                )
        memories = 0
        for memory in _superseded_first(bundle.memories()):
            memories += await self._memory(memory)
        for thought in bundle.thoughts():
            await self._thought(thought)
        return replace(report, memories=memories)

    async def _session(
        self, bundled: BundledSession, bundle: BundleReader, report: ImportReport
    ) -> ImportReport:
        session, vault = bundled.session, self._vault
        raw = id_bytes(session.id)
        if await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,))):
            return replace(report, unchanged=report.unchanged + 1)
        if await self._was_erased(raw):
            return with_broken(report, f"session {session.id}", VaultErased())
        log = self._store.log_of(vault, session.id)
        entries = [await self._entry(message, bundle) for message in bundled.messages]
        turns = [TurnChange(turn=_ended(turn), begins=True) for turn in bundled.turns]
        once = None
        if session.source is not None:
            tag = vault.keyring.tag(vault.raw, "import", session.source)
            if await vault.storage.once(vault.raw, tag) is not None:
                return replace(report, unchanged=report.unchanged + 1)
            once = OnceTag(tag=tag, id=raw)
        body = SessionBody(
            title=session.title,
            preview=session.preview,
            assistant=session.assistant,
            project=session.project,
            platform=session.platform,
            tags=session.tags,
            pinned=session.pinned,
            source=session.source,
            head=session.head,
        )
        await create_session(
            vault,
            session.id,
            body,
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
        return replace(
            report,
            conversations=report.conversations + 1,
            messages=report.messages + len(entries),
            files=report.files + sum(entry.content is not None for entry in entries),
        )

    async def _was_erased(self, session: bytes) -> bool:
        """Whether a session of this vault was erased: under its id it stays so, at each start."""
        erasures = await self._vault.keyring.storage.erasures()
        return any((e.vault_id, e.session_id) == (self._vault.raw, session) for e in erasures)

    async def _entry(self, message: Message, bundle: BundleReader) -> Entry:
        content = None
        if message.file is not None and bundle.has_file(message.file.sha256):
            content = await asyncio.to_thread(bundle.file, message.file.sha256)
        return Entry(message=message, content=content, follows_leaf=False)

    async def _memory(self, memory: Memory) -> bool:
        vault = self._vault
        if await self._there(memory.id):
            return False
        once = None
        if memory.kind == "summary" and memory.session_id is not None:
            tag = vault.keyring.tag(vault.raw, "summary", id_bytes(memory.session_id).hex())
            if await vault.storage.once(vault.raw, tag) is None:
                once = OnceTag(tag=tag, id=id_bytes(memory.id))
        named = messages_named_by(memory)
        there = await self._alive(named)
        left = without_sources(memory, {one for one in named if id_bytes(one) not in there})
        if memory.sources and not left.sources:
            return False  # What it rests on is not here: it was forgotten or erased.
        memory = left
        if memory.supersedes is not None and not await self._alive([memory.supersedes]):
            memory = replace(memory, supersedes=None)
        row = await seal_memory(vault, memory)
        return await self._put(row, memory_links(memory), once)

    async def _thought(self, thought: Thought) -> bool:
        if await self._there(thought.id):
            return False
        of = (thought.turn_id, thought.session_id, thought.message_id)
        needed: list[str] = [one for one in of if one is not None]
        there = await self._alive([*needed, *filter(None, [thought.linked_memory])])
        if any(id_bytes(one) not in there for one in needed):
            return False
        if thought.linked_memory is not None and id_bytes(thought.linked_memory) not in there:
            thought = replace(thought, linked_memory=None)
        return await self._put(await seal_thought(self._vault, thought), thought_links(thought))

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
