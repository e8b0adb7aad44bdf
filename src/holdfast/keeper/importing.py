"""Somebody's years of chats, through the one recorder: whole conversations, once, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.capture.entries import Entry, TurnChange, titled
from holdfast.capture.log import SessionLog, create_session
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, HoldfastError, ImportFailed
from holdfast.keeper.bundles import BundleImport
from holdfast.keeper.forgetting import source_tag
from holdfast.keeper.import_memories import MemoryImport
from holdfast.keeper.import_report import (
    ImportReport,
    Progress,
    in_thread,
    is_of_the_store,
    with_broken,
)
from holdfast.keeper.names import Names
from holdfast.keeper.previewing import Preview, missing_files, preview_import
from holdfast.keeper.store import Store
from holdfast.model import (
    FileId,
    FilePart,
    Message,
    MessageId,
    SessionId,
    Turn,
    TurnId,
)
from holdfast.storage.protocol import OnceTag
from holdfast.vault.codec import SessionBody
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.conversations import (
        Broken,
        Conversation,
        ImportedMemory,
        ImportedMessage,
        Item,
    )
    from holdfast.portability.stored import Origin
    from holdfast.vault.foreign import ForeignKey

__all__ = ["Imports"]

_LABEL = 500
"""Characters of an imported name; longer ones are cut, a conversation is not lost over them."""


class Imports:
    """Brings exports of other systems, and bundles of this one, into a vault."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._names = Names(store, vault)
        self._memories = MemoryImport(store, vault)

    async def file(
        self,
        path: str | Origin,
        *,
        progress: Callable[[Progress], None] | None = None,
        key: ForeignKey | None = None,
        only: str | None = None,
    ) -> ImportReport:
        """Import a file or folder, or what holds a file's bytes; the format is found from it.

        Each conversation is one durable write. Doing it again changes nothing; an export that has
        grown adds what is new. A broken conversation is reported and the rest goes on. All that
        came in can be found on return.

        Args:
            key: what the program that wrote the file encrypted it under.
            only: of the conversations those whose id there is like this ("chat:ada:*").

        Raises:
            UnknownFormat: none of the known formats.
            ImportKeyMissing, ImportKeyWrong: it is encrypted, and there is no key or another one.
            HostileFile, ImportFailed, BundleDamaged: the file as a whole cannot be read; what was
                imported before that point stays.
            StorageFailed: or one of its kinds.
        """
        from holdfast.portability.reader import open_export

        export = await asyncio.to_thread(open_export, path, key=key, only=only)
        try:
            if export.bundle is not None:
                bundle = BundleImport(self._store, self._vault)
                report = await bundle.run(export.bundle, progress)
                await self._store.indexes.current(self._vault)
                return report
            report = ImportReport(format=export.format)
            async for item in in_thread(iter(export)):
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

    async def conversation(self, found: Conversation) -> ImportReport:
        """Import one conversation that was read elsewhere: once, and what it has gained since.

        Raises:
            StorageFailed: or one of its kinds. What is wrong with the conversation is reported.
        """
        return await self._take(found, ImportReport(format=found.source.partition(":")[0]))

    async def preview(
        self,
        path: str | Origin,
        *,
        progress: Callable[[Progress], None] | None = None,
        key: ForeignKey | None = None,
        only: str | None = None,
    ) -> Preview:
        """What importing a file would bring; nothing is written.

        Raises:
            UnknownFormat, HostileFile, ImportFailed, BundleDamaged: as `file`.
        """
        return await preview_import(self._vault, path, progress=progress, key=key, only=only)

    async def _take(self, item: Item, report: ImportReport) -> ImportReport:
        from holdfast.portability.conversations import Broken, ImportedMemory

        if isinstance(item, Broken):
            return replace(report, broken=(*report.broken, item))
        try:
            if isinstance(item, ImportedMemory):
                return await self._memory(item, report)
            return await self._conversation(item, report)
        except HoldfastError as exc:
            if is_of_the_store(exc):
                raise
            what = "memory" if isinstance(item, ImportedMemory) else "conversation"
            return with_broken(report, f"{what} {item.source}", exc)

    async def _memory(self, found: ImportedMemory, report: ImportReport) -> ImportReport:
        outcome = await self._memories.take(found, assistant=_slug(found.assistant))
        if outcome == "new":
            return replace(report, memories=report.memories + 1)
        if outcome == "grown":
            return replace(report, grown=report.grown + 1)
        return replace(report, unchanged=report.unchanged + 1)

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
            missing_files=report.missing_files + len(missing_files(found)),
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


def _label(text: str) -> str:
    return " ".join(text.split())[:_LABEL]


def _slug(name: str | None) -> str | None:
    """A slug from a foreign name: letters, digits and dashes of it."""
    if name is None:
        return None
    slug = "-".join("".join(c if c.isalnum() or c in "._" else " " for c in name).split())
    return slug.strip("-._")[:_LABEL].casefold() or None
