"""Somebody's years of chats, through the one recorder: whole conversations, once, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.capture.log import Entry, SessionLog, TurnChange, create_session, titled
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, HoldfastError, ImportFailed, VaultErased
from holdfast.keeper.erasing import source_tag
from holdfast.keeper.learning import memory_links, seal_memory, seal_thought, thought_links
from holdfast.keeper.names import AssistantBody, Names, ProjectBody
from holdfast.keeper.previewing import Preview, preview_import
from holdfast.keeper.store import Store
from holdfast.model import (
    FileId,
    FilePart,
    Memory,
    Message,
    MessageId,
    SessionId,
    Thought,
    Turn,
    TurnId,
)
from holdfast.storage.protocol import ByIds, Kind, Link, OnceTag, SealedRow, State
from holdfast.vault.codec import SessionBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.bundle import BundledSession
    from holdfast.portability.bundle_reader import BundleReader
    from holdfast.portability.conversations import Broken, Conversation, ImportedMessage

__all__ = ["ImportReport", "Imports", "Progress"]

_T = TypeVar("_T")
_LABEL = 500
"""Characters of an imported name; longer ones are cut, a conversation is not lost over them."""


class Progress(Struct, frozen=True, kw_only=True):
    """How far an import has come."""

    bytes_read: int
    total_bytes: int
    conversations: int
    messages: int


class ImportReport(Struct, frozen=True, kw_only=True):
    """What came in. `broken` names each conversation that did not, with place and reason."""

    format: str
    conversations: int = 0
    """New ones."""
    grown: int = 0
    """Known ones that had new messages."""
    unchanged: int = 0
    messages: int = 0
    memories: int = 0
    files: int = 0
    broken: tuple[Broken, ...] = ()


class Imports:
    """Brings exports of other systems, and bundles of this one, into a vault."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._names = Names(store, vault)

    async def file(
        self, path: str | Path, *, progress: Callable[[Progress], None] | None = None
    ) -> ImportReport:
        """Import a file or folder; the format is found from its content.

        Each conversation is one durable write. Doing it again changes nothing; an export that has
        grown adds what is new. A broken conversation is reported and the rest goes on. All that
        came in can be found on return.

        Raises:
            UnknownFormat: none of the known formats.
            HostileFile, ImportFailed, BundleDamaged: the file as a whole cannot be read; what was
                imported before that point stays.
            StorageFailed: or one of its kinds.
        """
        from holdfast.portability.reader import open_export

        export = await asyncio.to_thread(open_export, path)
        try:
            if export.bundle is not None:
                bundle = _BundleImport(self._store, self._vault)
                report = await bundle.run(export.bundle, progress)
                await self._store.indexes.current(self._vault)
                return report
            report = ImportReport(format=export.format)
            async for item in _in_thread(iter(export)):
                report = await self._take(item, report)
                if progress is not None:
                    progress(
                        Progress(
                            bytes_read=export.bytes_read,
                            total_bytes=export.total_bytes,
                            conversations=report.conversations + report.grown + report.unchanged,
                            messages=report.messages,
                        )
                    )
            await self._store.indexes.current(self._vault)
            return report
        finally:
            await asyncio.to_thread(export.close)

    async def preview(
        self, path: str | Path, *, progress: Callable[[Progress], None] | None = None
    ) -> Preview:
        """What importing a file would bring; nothing is written.

        Raises:
            UnknownFormat, HostileFile, ImportFailed, BundleDamaged: as `file`.
        """
        return await preview_import(self._vault, Path(path), progress=progress)

    async def _take(self, item: Conversation | Broken, report: ImportReport) -> ImportReport:
        from holdfast.portability.conversations import Broken

        if isinstance(item, Broken):
            return replace(report, broken=(*report.broken, item))
        try:
            return await self._conversation(item, report)
        except HoldfastError as exc:
            if exc.code.startswith(("storage", "root", "vault", "key")):
                raise
            broken = Broken(place=f"conversation {item.source}", reason=str(exc), code=exc.code)
            return replace(report, broken=(*report.broken, broken))

    async def _conversation(self, found: Conversation, report: ImportReport) -> ImportReport:
        vault = self._vault
        tag = vault.keyring.tag(vault.raw, "import", found.source)
        known = await vault.storage.once(vault.raw, tag)
        if known is not None:
            added = await self._grow(SessionId(id_text(known)), found)
            if not added:
                return replace(report, unchanged=report.unchanged + 1)
            return replace(report, grown=report.grown + 1, messages=report.messages + added)
        session_id = SessionId(self._store.ids())
        log = self._store.log_of(vault, session_id)
        plan = _Plan(self._store, log, found, {})
        try:
            await self._begin(session_id, log, found, plan, tag)
        except Conflict:
            return replace(report, unchanged=report.unchanged + 1)
        return replace(
            report,
            conversations=report.conversations + 1,
            messages=report.messages + len(plan.entries),
            files=report.files + sum(entry.content is not None for entry in plan.entries),
            broken=(*report.broken, *_broken(plan)),
        )

    async def _begin(
        self, session_id: SessionId, log: SessionLog, found: Conversation, plan: _Plan, tag: bytes
    ) -> None:
        first = next((m.text for m in found.messages if m.text.strip() and m.role != "system"), "")
        title, preview = titled(first)
        assistant, project = _slug(found.assistant), _slug(found.project)
        body = SessionBody(
            title=_label(found.title) or title,
            preview=preview,
            assistant=assistant,
            project=project,
            platform=_label(found.platform or "") or None,
            tags=tuple(_label(tag) for tag in found.tags if tag.strip()),
            pinned=found.pinned,
            source=found.source,
            head=plan.head(),
        )
        said = min((m.at for m in found.messages if m.at is not None), default=None)
        started = found.started_at or said or found.last_at or self._store.clock()
        await create_session(
            self._vault,
            session_id,
            body,
            kind=_slug(found.kind) or "chat",
            assistant_id=await self._names.assistant(assistant),
            project_id=await self._names.project(project),
            started_at=started,
            archived=found.archived,
            once=OnceTag(tag=tag, id=id_bytes(session_id)),
            log=log,
            history=lambda _: (plan.entries, plan.turns),
        )

    async def _grow(self, session_id: SessionId, found: Conversation) -> int:
        """Add what a known conversation has gained since it was last imported."""
        known: dict[str, MessageId] = {}
        async for batch in Reader(self._vault).all_messages(session_id, forgotten=True):
            known.update((m.source, m.id) for m in batch if m.source is not None)
        log = self._store.log_of(self._vault, session_id)
        plan = _Plan(self._store, log, found, known)
        if not plan.entries:
            return 0
        # Two imports of the same file at once: what one adds, the other must not add again.
        vault, first = self._vault, plan.entries[0].message
        added = "\n".join(entry.message.source or "" for entry in plan.entries)
        once = OnceTag(
            tag=vault.keyring.tag(vault.raw, f"grown/{session_id}", added), id=id_bytes(first.id)
        )
        try:
            await log.append(plan.entries, plan.turns, once=once)
        except Conflict:
            return 0
        return len(plan.entries)


def _broken(plan: _Plan) -> list[Broken]:
    from holdfast.portability.conversations import Broken

    return [Broken(place=place, reason=reason, code=code) for place, reason, code in plan.problems]


class _Plan:
    """The messages and turns that a foreign conversation becomes.

    A message of a person starts a turn; what follows it on its branch belongs to that turn.
    """

    def __init__(
        self, store: Store, log: SessionLog, found: Conversation, known: dict[str, MessageId]
    ) -> None:
        self._store = store
        self._log = log
        self._found = found
        self._ids = dict(known)
        self._turn_of: dict[str, TurnId] = {}
        self._turns: dict[TurnId, Turn] = {}
        self.problems: list[tuple[str, str, str]] = []
        """Files that did not come in: place, reason, code."""
        self.entries: list[Entry] = []
        for message in found.messages:
            forgotten = source_tag(log.vault, message.source)
            if message.source not in known and forgotten not in known:
                self._add(message)
        self.turns = [TurnChange(turn=turn, begins=True) for turn in self._turns.values()]

    def head(self) -> str | None:
        """The leaf that was shown, when it is not the newest message anyway."""
        leaf = self._ids.get(self._found.head or "")
        return None if not self.entries or leaf == self.entries[-1].message.id else leaf

    def _add(self, message: ImportedMessage) -> None:
        at = message.at or self._found.started_at or self._store.clock()
        turn_id = self._turn_for(message)
        content = self._content(message)
        made = Message(
            id=MessageId(self._store.ids()),
            session_id=self._log.session_id,
            turn_id=turn_id,
            seq=0,
            parent_id=self._ids.get(message.parent or ""),
            role=message.role,
            kind=message.kind,
            text=checked_text("text", message.text, self._store.limits),
            at=at,
            author=_label(message.author or "") or None,
            tool=message.tool,
            file=self._file(message, content),
            speech=message.speech,
            error_code=message.error_code,
            item=message.item,
            source=message.source,
        )
        turn = self._turns.get(turn_id)
        started = at if turn is None else min(turn.started_at, at)
        ended = at if turn is None or turn.ended_at is None else max(turn.ended_at, at)
        model = message.model or (None if turn is None else turn.model)
        self._turns[turn_id] = Turn(
            id=turn_id,
            session_id=self._log.session_id,
            index=0,
            status="complete",
            started_at=started,
            ended_at=ended,
            model=model,
        )
        self._ids[message.source] = made.id
        self.entries.append(Entry(message=made, content=content, follows_leaf=False))

    def _turn_for(self, message: ImportedMessage) -> TurnId:
        inherited = self._turn_of.get(message.parent or "")
        # What a reader split off a message ("x#1" from "x": its files) stays in that one's turn.
        split_off = message.parent is not None and message.source.startswith(
            message.parent.partition("#")[0] + "#"
        )
        starts = message.role == "user" and message.kind != "tool_result" and not split_off
        turn_id = TurnId(self._store.ids()) if starts or inherited is None else inherited
        self._turn_of[message.source] = turn_id
        return turn_id

    def _content(self, message: ImportedMessage) -> bytes | None:
        """The bytes of a message's file; a file that cannot be read does not cost the rest."""
        if message.file is None:
            return None
        try:
            return message.file.read()
        except ImportFailed as exc:
            place = f"a file of conversation {self._found.source}"
            self.problems.append((place, exc.reason, exc.code))
            return None

    def _file(self, message: ImportedMessage, content: bytes | None) -> FilePart | None:
        if message.file is None:
            return None
        return FilePart(
            id=FileId(self._store.ids()),
            name=_label(message.file.name) or "file",
            media_type=_label(message.file.media_type) or "application/octet-stream",
            size=len(content or b""),
            sha256=hashlib.sha256(content or b"").hexdigest(),
        )


class _BundleImport:
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
        async for bundled in _in_thread(bundle.sessions()):
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
            return _with_broken(report, f"session {session.id}", VaultErased())
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
        there = await self._alive(source.message_id for source in memory.sources)
        sources = tuple(s for s in memory.sources if id_bytes(s.message_id) in there)
        if memory.sources and not sources:
            return False  # What it rests on is not here: it was forgotten or erased.
        memory = replace(memory, sources=sources)
        row = await seal_memory(vault, memory)
        return await self._put(row, memory_links(memory), once)

    async def _thought(self, thought: Thought) -> bool:
        if await self._there(thought.id):
            return False
        named = [one for one in (thought.turn_id, thought.linked_memory) if one is not None]
        there = await self._alive(named)
        if thought.turn_id is not None and id_bytes(thought.turn_id) not in there:
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


def _with_broken(report: ImportReport, place: str, error: HoldfastError) -> ImportReport:
    from holdfast.portability.conversations import Broken

    broken = Broken(place=place, reason=str(error), code=error.code)
    return replace(report, broken=(*report.broken, broken))


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


def _label(text: str) -> str:
    return " ".join(text.split())[:_LABEL]


def _slug(name: str | None) -> str | None:
    """A slug from a foreign name: letters, digits and dashes of it."""
    if name is None:
        return None
    slug = "-".join("".join(c if c.isalnum() or c in "._" else " " for c in name).split())
    return slug.strip("-._")[:_LABEL].casefold() or None


async def _in_thread(items: Iterator[_T]) -> AsyncIterator[_T]:
    """Iterate something that reads files without holding up the event loop."""
    done = object()
    while True:
        item = await asyncio.to_thread(next, items, done)
        if item is done:
            return
        yield item  # type: ignore[misc]  # not the end mark
