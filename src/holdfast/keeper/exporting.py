"""Taking everything along: a bundle that comes back whole, JSON, Markdown, PDF."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from msgspec import Struct

from holdfast.clock import id_bytes
from holdfast.errors import BadInput, StorageReadOnly
from holdfast.keeper.memories import Memories
from holdfast.keeper.names import Names
from holdfast.keeper.pausing import pauses_of, with_pauses
from holdfast.keeper.piping import piped
from holdfast.keeper.receipts import opened_learnings
from holdfast.keeper.sessions import Sessions
from holdfast.keeper.store import Store
from holdfast.keeper.thoughts import Thoughts
from holdfast.model import Memory, Message, Session, SessionId
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.portability.bundle import BundledSession, Learned
    from holdfast.portability.exported import Exported

__all__ = ["ExportFormat", "ExportReport", "Exports"]

ExportFormat: TypeAlias = Literal["bundle", "json", "markdown", "pdf"]
_T = TypeVar("_T")
_ALL = 1_000_000
_AT_ONCE = 200
"""Records of what was learned that are read at once."""


class ExportReport(Struct, frozen=True, kw_only=True):
    """What went out."""

    path: str
    format: ExportFormat
    sessions: int
    messages: int
    memories: int
    bytes: int


class Exports:
    """Writes a vault, or some of its sessions, into a file of its owner's."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def file(
        self,
        path: str | Path,
        *,
        format: ExportFormat = "bundle",  # noqa: A002
        sessions: list[str] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ExportReport:
        """Write an export; it appears under its name when it is complete.

        Args:
            format: "bundle" comes back loss-free with an import, "json" but for the content of
                files; "markdown" and "pdf" (extra `pdf`) are for reading.
            sessions: ids of those to write; all when left out.
            progress: called with the number of messages written so far.

        Raises:
            NotFound: a session is not there.
            MissingExtra: PDF without its packages.
            StorageReadOnly: the target cannot be written.
            TamperedRecord, UnknownEnvelope: a record does not open; nothing is skipped.
        """
        target = Path(path)
        chosen = await self._chosen(sessions)
        whole = sessions is None
        feed = await self._feed(chosen, progress, whole=whole)
        memories = await Memories(self._store, self._vault).list() if whole else []
        exported = await self._exported(feed, memories, whole=whole)
        try:
            size = await asyncio.to_thread(_write, target, format, exported, feed)
        except OSError as exc:
            raise StorageReadOnly(str(target)) from exc
        return ExportReport(
            path=str(target),
            format=format,
            sessions=len(chosen),
            messages=feed.messages,
            memories=len(memories),
            bytes=size,
        )

    async def stream(
        self,
        *,
        format: ExportFormat = "bundle",  # noqa: A002
        sessions: list[str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """An export as `file` writes it, piece by piece, in bounded memory; nothing readable is
        ever on the disk. Close the iterator when it is not read to its end.

        Raises:
            As `file`; what came before an error is no export.
        """
        chosen = await self._chosen(sessions)
        whole = sessions is None
        feed = await self._feed(chosen, None, whole=whole)
        memories = await Memories(self._store, self._vault).list() if whole else []
        exported = await self._exported(feed, memories, whole=whole)
        path = self._store.data_path
        folder = None if path is None else path.parent

        def write(file: IO[bytes]) -> None:
            if format == "bundle":
                _write_bundle(file, exported, feed, folder)
            else:
                _write_into(file, format, exported)

        async with aclosing(piped(write)) as pieces:
            async for piece in pieces:
                yield piece

    async def total_messages(self, sessions: list[str] | None = None) -> int:
        """How many messages an export would hold, of these sessions or of all.

        Raises:
            NotFound: one of the sessions is not there.
        """
        return sum(session.message_count for session in await self._chosen(sessions))

    async def _chosen(self, ids: list[str] | None) -> list[Session]:
        if ids is None:
            found = [session async for session in Sessions(self._store, self._vault).each()]
            return sorted(found, key=lambda session: (session.started_at, session.id))
        reader = Reader(self._vault)
        return [await reader.session(SessionId(session_id)) for session_id in ids]

    async def _feed(
        self, chosen: list[Session], progress: Callable[[int], None] | None, *, whole: bool
    ) -> _Feed:
        # Before the memories are: what is learned meanwhile must not count as learned. Without
        # memories in it, an export must not say that there is nothing left to learn.
        learned = await _learned(self._vault, chosen) if whole else {}
        pauses, now = await pauses_of(self._vault), self._store.clock()
        chosen = [with_pauses(session, pauses, now) for session in chosen]
        loop = asyncio.get_running_loop()
        return _Feed(self._store, self._vault, chosen, learned, loop, progress)

    async def _exported(self, feed: _Feed, memories: list[Memory], *, whole: bool) -> Exported:
        from holdfast.portability.exported import Exported

        names = Names(self._store, self._vault)
        thoughts = await Thoughts(self._store, self._vault).list() if whole else []
        thoughts.reverse()
        return Exported(
            exported_at=self._store.clock(),
            sessions=feed,
            memories=sorted(memories, key=lambda memory: (memory.created_at, memory.id)),
            thoughts=thoughts,
            assistants=await names.assistants() if whole else [],
            projects=await names.projects() if whole else [],
        )


class _Feed:
    """Sessions for a writer that runs in a thread, read one at a time on the event loop."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        sessions: list[Session],
        learned: Mapping[str, Learned],
        loop: asyncio.AbstractEventLoop,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._reader = Reader(vault)
        self._sessions = sessions
        self._learned = learned
        self._loop = loop
        self._progress = progress
        self.messages = 0
        self.limits = store.limits

    def __iter__(self) -> Iterator[BundledSession]:
        for session in self._sessions:
            bundled = self.call(self._bundled(session))
            self.messages += len(bundled.messages)
            if self._progress is not None:
                self._loop.call_soon_threadsafe(self._progress, self.messages)
            yield bundled

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something on the event loop and wait for it, from the writer's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _bundled(self, session: Session) -> BundledSession:
        from holdfast.portability.bundle import BundledSession

        messages: list[Message] = []
        async for batch in self._reader.all_messages(session.id, forgotten=True):
            messages.extend(batch)
        turns = await self._reader.turns(session.id, limit=_ALL)
        return BundledSession(
            session=session,
            turns=tuple(turns),
            messages=tuple(messages),
            learned=self._learned.get(session.id),
        )

    def content(self, message: Message) -> bytes:
        """The bytes of a message's file."""
        return self.call(self._reader.file_content(message))


async def _learned(vault: Vault, sessions: Sequence[Session]) -> dict[str, Learned]:
    """Up to where each session was distilled; those that never were are absent."""
    from holdfast.portability.bundle import Learned

    found: dict[str, Learned] = {}
    for first in range(0, len(sessions), _AT_ONCE):
        ids = {id_bytes(one.id): one.id for one in sessions[first : first + _AT_ONCE]}
        for raw, known in (await opened_learnings(vault, list(ids))).items():
            body = known.body
            if body.covers or body.model_covers:
                found[ids[raw]] = Learned(
                    rules=body.rules,
                    covers=body.covers,
                    model_covers=body.model_covers,
                    title=body.title,
                    tags=body.tags,
                )
    return found


def _write(target: Path, kind: ExportFormat, exported: Exported, feed: _Feed) -> int:
    """Write the file and return its bytes."""
    if kind == "bundle":
        _write_bundle(target, exported, feed)
    else:
        _write_document(target, kind, exported)
    return target.stat().st_size


def _write_into(file: IO[bytes], kind: ExportFormat, exported: Exported) -> None:
    from holdfast.portability.json_export import write_json
    from holdfast.portability.markdown import write_markdown

    if kind == "json":
        write_json(file, exported)
    elif kind == "markdown":
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        write_markdown(text, exported)
        text.flush()
        text.detach()
    elif kind == "pdf":
        from holdfast.portability.pdf import write_pdf

        write_pdf(file, exported)
    else:
        raise BadInput("format", "it is bundle, json, markdown or pdf")


def _write_document(target: Path, kind: ExportFormat, exported: Exported) -> None:
    temporary = target.with_name(f".{target.name}.partial")
    try:
        with _private(temporary) as file:
            _write_into(file, kind, exported)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _private(path: Path) -> IO[bytes]:
    """An export is plaintext: only its owner may read it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(handle, "w+b")


def _write_bundle(
    target: Path | IO[bytes], exported: Exported, feed: _Feed, folder: Path | None = None
) -> None:
    from holdfast.portability.bundle import BundleWriter

    with BundleWriter(target, created_at=exported.exported_at, folder=folder) as bundle:
        for bundled in exported.sessions:
            bundle.add_session(
                bundled.session, bundled.turns, bundled.messages, learned=bundled.learned
            )
            for message in bundled.messages:
                if message.file is not None and not message.forgotten:
                    bundle.add_file(message.file, feed.content(message))
        for memory in exported.memories:
            bundle.add_memory(memory)
        for thought in exported.thoughts:
            bundle.add_thought(thought)
        for assistant in exported.assistants:
            bundle.add_assistant(assistant)
        for project in exported.projects:
            bundle.add_project(project)
