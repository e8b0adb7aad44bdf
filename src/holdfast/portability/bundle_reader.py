"""Reading a bundle back: first everything is checked, then it is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Struct

from holdfast.errors import BundleDamaged, HostileFile, ImportFailed, UnknownFormat
from holdfast.model import Assistant, Memory, Message, Project, Thought, Turn
from holdfast.portability.bundle import (
    BUNDLE_FORMAT,
    BUNDLE_VERSION,
    LINES_MEMBERS,
    BundledSession,
    Manifest,
    SessionRecord,
)
from holdfast.portability.containers import Container, Member, open_container, read_whole
from holdfast.portability.limits import MIB, Limits
from holdfast.portability.scanning import lines
from holdfast.portability.stored import Origin, size_of
from holdfast.portability.whole import Lack

__all__ = ["BundleReader", "is_bundle"]

T = TypeVar("T", bound=Struct)

_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 64 * MIB
_DEFLATE_RATIO = 1100
"""No deflate stream unpacks to more than 1,032 times its size."""
_READ_BYTES = 1 << 20
_LINE_FACTOR = 4
"""A line may be this many times as long as a conversation elsewhere: one message alone may reach
the recorder's limit, and escapes make it longer."""


class _Head(Struct):
    """The part of a manifest that every version has."""

    format: Any = None  # any file may be called manifest.json
    version: Any = None


class BundleReader:
    """An opened bundle whose checksums and counts hold. Use it in a `with` block."""

    format = BUNDLE_FORMAT
    lacks: tuple[Lack, ...] = ()

    def __init__(self, path: str | Origin, *, limits: Limits | None = None) -> None:
        """Open and verify.

        Raises:
            BundleDamaged: a member is missing, is one too many, or is not what the manifest says.
            UnknownFormat: it is no bundle, or one of a newer release.
            HostileFile: it unpacks to more than the limits allow.
        """
        self._limits = limits or Limits()
        origin = Path(path) if isinstance(path, str) else path
        self.place = origin.name
        self._container = _opened(origin, self._limits)
        try:
            self._by_name = {member.name: member for member in self._container.members}
            _check_size(self._container, origin, self._limits)
            self.manifest: Manifest = self._read_manifest()
            self._verify()
        except BaseException:
            self._container.close()
            raise

    @property
    def total_bytes(self) -> int:
        """Bytes of the lines of sessions, turns and messages."""
        return sum(self._member(f"{name}.jsonl").size for name in LINES_MEMBERS[:3])

    @property
    def bytes_read(self) -> int:
        """How many of `total_bytes` were read by `sessions`."""
        return self._container.gauge.bytes_read

    def sessions(self) -> Iterator[BundledSession]:
        """Yield the sessions in the order they were written, one in memory at a time.

        Raises:
            BundleDamaged: a line is no such record, or a record belongs to no session.
        """
        self._container.gauge.bytes_read = 0
        turns = _Grouped(self._records("turns", Turn, progress=True), lambda t: t.session_id)
        messages = _Grouped(
            self._records("messages", Message, progress=True), lambda m: m.session_id
        )
        for record in self._records("sessions", SessionRecord, progress=True):
            yield BundledSession(
                session=record.session(),
                turns=tuple(turns.of(record.id)),
                messages=tuple(messages.of(record.id)),
                learned=record.learned,
            )
        if turns.left or messages.left:
            raise BundleDamaged(self.place, "holds turns or messages of no session")

    def memories(self) -> list[Memory]:
        """All memories, in the order they were written."""
        return list(self._records("memories", Memory))

    def thoughts(self) -> list[Thought]:
        """All entries of thought logs, in the order they were written."""
        return list(self._records("thoughts", Thought))

    def assistants(self) -> list[Assistant]:
        """All assistants."""
        return list(self._records("assistants", Assistant))

    def projects(self) -> list[Project]:
        """All projects."""
        return list(self._records("projects", Project))

    def has_file(self, sha256: str) -> bool:
        """Whether the bundle holds this content."""
        return f"files/{sha256}" in self._by_name

    def file(self, sha256: str) -> bytes:
        """The content of a file.

        Raises:
            BundleDamaged: the bundle does not hold it.
            HostileFile: it is over the limit.
        """
        if not self.has_file(sha256):
            raise BundleDamaged(self.place, "lacks a file that a message refers to")
        return read_whole(self._member(f"files/{sha256}"), max_bytes=self._limits.max_file_bytes)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._container.close()

    def _member(self, name: str) -> Member:
        return self._by_name[name]

    def _records(self, name: str, kind: type[T], *, progress: bool = False) -> Iterator[T]:
        decoder = msgspec.json.Decoder(kind)
        max_bytes = _LINE_FACTOR * self._limits.max_conversation_bytes
        with self._member(f"{name}.jsonl").open(progress=progress) as stream:
            for line in lines(stream, self.place, max_bytes=max_bytes):
                place = f"{self.place}, {name}.jsonl, line {line.number:,}"
                if line.fault:
                    raise HostileFile(place, line.fault)
                try:
                    yield decoder.decode(line.raw)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
                    raise BundleDamaged(place, "is no record of its kind") from exc

    def _read_manifest(self) -> Manifest:
        member = self._by_name.get(_MANIFEST)
        head = _head_of(member) if member else None
        if member is None or head is None or head.format != BUNDLE_FORMAT:
            raise UnknownFormat(self.place, "is no Holdfast bundle")
        if head.version != BUNDLE_VERSION:
            raise UnknownFormat(
                self.place,
                f"is a bundle of another version than {BUNDLE_VERSION}: upgrade holdfast",
            )
        try:
            data = read_whole(member, max_bytes=_MANIFEST_BYTES)
            return msgspec.json.decode(data, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise BundleDamaged(self.place, "has a manifest that cannot be read") from exc

    def _verify(self) -> None:
        """Compare every member with the manifest; no record is decoded here."""
        expected = self.manifest.members
        if self._by_name.keys() - {_MANIFEST} != expected.keys():
            raise BundleDamaged(self.place, "has members missing or too many")
        if len(self._container.members) != len(self._by_name):
            raise BundleDamaged(self.place, "has two members of the same name")
        if not {f"{name}.jsonl" for name in LINES_MEMBERS} <= expected.keys():
            raise BundleDamaged(self.place, "has members missing or too many")
        counts = {"files": 0}
        for name, wanted in expected.items():
            size, digest, newlines = self._measure(name)
            if (size, digest) != (wanted.size, wanted.sha256):
                raise BundleDamaged(f"{self.place}, {name}", "was altered or damaged")
            if name.startswith("files/"):
                counts["files"] += 1
                if name != f"files/{digest}":
                    raise BundleDamaged(f"{self.place}, {name}", "has the name of another file")
            else:
                counts[name.removesuffix(".jsonl")] = newlines
        if counts != self.manifest.counts:
            raise BundleDamaged(self.place, "does not hold as many records as it says")

    def _measure(self, name: str) -> tuple[int, str, int]:
        digest = hashlib.sha256()
        size = newlines = 0
        try:
            with self._member(name).open() as stream:
                while piece := stream.read(_READ_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    newlines += piece.count(b"\n")
        except HostileFile:
            raise
        except ImportFailed as exc:
            raise BundleDamaged(f"{self.place}, {name}", "was altered or damaged") from exc
        return size, digest.hexdigest(), newlines

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Grouped:
    """Records that stand in the order of their sessions, handed out session by session."""

    def __init__(self, records: Iterator[Any], session_of: Callable[[Any], str]) -> None:
        self._records = records
        self._session_of = session_of
        self._next = next(records, None)

    @property
    def left(self) -> bool:
        """Whether there are records that no session has taken."""
        return self._next is not None

    def of(self, session_id: str) -> Iterator[Any]:
        """The records of the session that comes next."""
        while self._next is not None and self._session_of(self._next) == session_id:
            record, self._next = self._next, next(self._records, None)
            yield record


def is_bundle(path: Origin, limits: Limits) -> bool:
    """Whether the file is a bundle, of whatever version; False for what cannot be read."""
    try:
        container = _opened(path, limits)
    except ImportFailed:
        return False
    try:
        found = (member for member in container.members if member.name == _MANIFEST)
        member = next(found, None)
        head = _head_of(member) if member else None
        return head is not None and head.format == BUNDLE_FORMAT
    except ImportFailed:
        return False
    finally:
        container.close()


def _opened(path: Origin, limits: Limits) -> Container:
    # A bundle is checked as a whole instead of by member: one session that repeats itself, or
    # one blank picture, may well pack a thousand times, and what was exported must come back.
    unlimited = msgspec.structs.replace(
        limits, max_ratio=_DEFLATE_RATIO, max_unpacked_bytes=1 << 62
    )
    return open_container(path, unlimited)


def _check_size(container: Container, path: Origin, limits: Limits) -> None:
    unpacked = sum(member.size for member in container.members)
    allowed = max(limits.max_unpacked_bytes, size_of(path) * limits.max_ratio)
    if unpacked > allowed:
        raise HostileFile(container.place, "unpacks to more than the limit")


def _head_of(member: Member) -> _Head | None:
    try:
        data = read_whole(member, max_bytes=_MANIFEST_BYTES)
        return msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ImportFailed):
        return None
