"""The bundle: everything of one owner in one ZIP, and back without loss.

    manifest.json      format, version, counts, SHA-256 and size of every other member
    sessions.jsonl     one `Session` a line; turns and messages follow the same order of sessions
    turns.jsonl        one `Turn` a line, by index inside a session
    messages.jsonl     one `Message` a line, by seq inside a session; forgotten ones are marked
    memories.jsonl, thoughts.jsonl, assistants.jsonl, projects.jsonl
    files/<sha256>     content of files, each once

Lines are the nouns of `holdfast.model` as JSON. A bundle is plaintext: whoever holds it can read
it. `docs/reference/bundle.md` is the specification for other programs.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import msgspec
from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.model import (
    Assistant,
    FilePart,
    Json,
    Memory,
    Message,
    Project,
    Session,
    Thought,
    Turn,
)
from holdfast.vault.spool import SealedSpool

__all__ = [
    "BUNDLE_FORMAT",
    "BUNDLE_VERSION",
    "LINES_MEMBERS",
    "BundleWriter",
    "BundledSession",
    "Learned",
    "Manifest",
    "ManifestMember",
    "SessionRecord",
]

BUNDLE_FORMAT = "holdfast-bundle"
BUNDLE_VERSION = 1
_Lines = Literal["sessions", "turns", "messages", "memories", "thoughts", "assistants", "projects"]
LINES_MEMBERS: tuple[_Lines, ...] = (
    "sessions",
    "turns",
    "messages",
    "memories",
    "thoughts",
    "assistants",
    "projects",
)
_COPY_BYTES = 1 << 20


class ManifestMember(Struct, frozen=True, kw_only=True):
    """What a member of the ZIP must be: its size in bytes, unpacked, and its SHA-256."""

    sha256: str
    size: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What the bundle holds. `counts` has the lines of each member, and `files`."""

    format: str
    version: int
    created_at: datetime
    counts: dict[str, int]
    members: dict[str, ManifestMember]
    options: dict[str, Json] = {}
    """What was asked for when it was written (which sessions, since when); for people."""


class Learned(Struct, frozen=True, kw_only=True):
    """Up to where a session was distilled, so that a copy does not learn it again: what was
    forgotten of it since would come back. Of what was said it holds the title and tags alone."""

    rules: str = ""
    """Version of the rules."""
    covers: int = 0
    """So many of its messages the rules have read."""
    model_covers: int = 0
    """So many a model has."""
    title: str = ""
    tags: tuple[str, ...] = ()
    """What the session has from distilling, and not from its owner."""


class BundledSession(Struct, frozen=True, kw_only=True):
    """A session with all that belongs to it: turns by index, messages by seq."""

    session: Session
    turns: tuple[Turn, ...] = ()
    messages: tuple[Message, ...] = ()
    learned: Learned | None = None
    """None: its memories are not in the export, or nothing was learned yet."""


class SessionRecord(Session, frozen=True, kw_only=True):
    """A session as it stands in an export."""

    learned: Learned | None = None

    def session(self) -> Session:
        """The session itself."""
        return Session(**{name: getattr(self, name) for name in Session.__struct_fields__})


class _Spool:
    """Lines of one member until they are packed.

    A ZIP takes one member at a time and a session belongs to three, so lines wait in files that
    have no name and are sealed: the kernel drops them even when the process is killed.
    """

    def __init__(self, folder: Path | None) -> None:
        self.file = SealedSpool(folder=folder)
        self.count = 0
        self._encoder = msgspec.json.Encoder()

    def add(self, value: Struct) -> None:
        self.file.write(self._encoder.encode(value))
        self.file.write(b"\n")
        self.count += 1

    def pieces(self) -> Iterator[bytes]:
        """All that was added, from the start."""
        with self.file.open() as reader:
            while piece := reader.read(_COPY_BYTES):
                yield piece


class BundleWriter:
    """Writes one bundle, streaming; use it in a `with` block.

    A file appears under its name when the block ends without an exception, complete and durable;
    otherwise nothing appears. It is readable by its owner only. A stream is written from front to
    end and left open; it needs to do nothing but take bytes.
    """

    def __init__(
        self,
        target: str | Path | IO[bytes],
        *,
        created_at: datetime,
        options: Mapping[str, Json] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Begin; `folder` is where sealed temporary files lie, by default that of the target."""
        self._path = Path(target) if isinstance(target, str | Path) else None
        self._partial: Path | None = None
        if isinstance(target, str | Path):
            path = Path(target)
            folder = folder or path.parent
            handle, partial = tempfile.mkstemp(
                dir=path.parent, prefix=f".{path.name}.", suffix=".partial"
            )
            self._partial = Path(partial)
            self._file: IO[bytes] = os.fdopen(handle, "w+b")
        else:
            self._file = target
        self._ended = False
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._spools = {name: _Spool(folder) for name in LINES_MEMBERS}
        self._members: dict[str, ManifestMember] = {}
        self._created_at = created_at
        self._options = dict(options or {})
        self._sessions: set[str] = set()

    def add_session(
        self,
        session: Session,
        turns: Iterable[Turn],
        messages: Iterable[Message],
        *,
        learned: Learned | None = None,
    ) -> None:
        """Add a session with its turns by index and its messages by seq.

        Raises:
            BadInput: the session was added before, or a turn or message belongs to another one.
        """
        if session.id in self._sessions:
            raise BadInput("session", "it is in the bundle already")
        self._sessions.add(session.id)
        fields = msgspec.structs.asdict(session)
        self._spools["sessions"].add(
            session if learned is None else SessionRecord(**fields, learned=learned)
        )
        for turn in turns:
            _check_owner(turn.session_id, session)
            self._spools["turns"].add(turn)
        for message in messages:
            _check_owner(message.session_id, session)
            self._spools["messages"].add(message)

    def add_memory(self, memory: Memory) -> None:
        """Add a memory."""
        self._spools["memories"].add(memory)

    def add_thought(self, thought: Thought) -> None:
        """Add an entry of a thought log."""
        self._spools["thoughts"].add(thought)

    def add_assistant(self, assistant: Assistant) -> None:
        """Add an assistant."""
        self._spools["assistants"].add(assistant)

    def add_project(self, project: Project) -> None:
        """Add a project."""
        self._spools["projects"].add(project)

    def add_file(self, part: FilePart, data: bytes | Iterable[bytes]) -> None:
        """Add the content of a file; the same content again is written once.

        Raises:
            BadInput: the content is not the one that `part` names.
        """
        name = f"files/{part.sha256}"
        if name in self._members:
            return
        self._pack(name, [data] if isinstance(data, bytes) else data)
        if self._members[name] != ManifestMember(sha256=part.sha256, size=part.size):
            raise BadInput("file", "its content does not have the digest and size it is known by")

    def close(self) -> None:
        """Finish the file and give it its name. May be called twice."""
        if self._ended:
            return
        try:
            counts: dict[str, int] = {"files": len(self._members)}
            for name, spool in self._spools.items():
                counts[name] = spool.count
                self._pack(f"{name}.jsonl", spool.pieces())
                spool.file.close()
            self._write_manifest(counts)
            self._publish()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Give up: nothing appears. May be called twice, and after `close`."""
        for spool in self._spools.values():
            spool.file.close()
        if self._ended:
            return
        self._ended = True
        self._zip.fp = None  # nothing is to be written any more, not even an end record
        if self._partial is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def _pack(self, name: str, pieces: Iterable[bytes]) -> None:
        digest = hashlib.sha256()
        size = 0
        with self._zip.open(_info(name), "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        self._members[name] = ManifestMember(sha256=digest.hexdigest(), size=size)

    def _write_manifest(self, counts: dict[str, int]) -> None:
        manifest = Manifest(
            format=BUNDLE_FORMAT,
            version=BUNDLE_VERSION,
            created_at=self._created_at,
            counts=counts,
            members=self._members,
            options=self._options,
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        self._zip.writestr(_info("manifest.json"), text)

    def _publish(self) -> None:
        """Durable first, then under its name: a crash leaves the old file or the new one."""
        self._zip.close()
        self._file.flush()
        if self._partial is None or self._path is None:
            self._ended = True
            return
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)
        self._ended = True
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every member: the manifest says when the bundle was made, once."""


def _check_owner(session_id: str, session: Session) -> None:
    if session_id != session.id:
        raise BadInput("session", "a turn or message belongs to another session")


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
