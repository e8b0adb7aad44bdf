"""Our own JSON export read back: what `json_export` wrote, record by record, in bounded memory.

The document names files and does not hold them, and it has no checksums: every record is looked at
for itself, and one that cannot be kept is told with its place while the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Struct

from holdfast.errors import HostileFile, ImportFailed, UnknownFormat
from holdfast.model import Assistant, Memory, Message, Project, Thought, Turn
from holdfast.portability.bundle import BundledSession, SessionRecord
from holdfast.portability.containers import Container, Member, open_container
from holdfast.portability.conversations import Broken
from holdfast.portability.json_export import JSON_FORMAT, JSON_VERSION
from holdfast.portability.json_values import Malformed, checked
from holdfast.portability.limits import Limits
from holdfast.portability.members import Part, members_of, part_of
from holdfast.portability.scanning import Brackets, Element, array_elements
from holdfast.portability.stored import Origin
from holdfast.portability.whole import Lack, fault_in

__all__ = ["JsonReader"]

T = TypeVar("T", bound=Struct)

_HEAD_BYTES = 1 << 16
_MARK = re.compile(rb'"format"\s*:\s*"%s"' % JSON_FORMAT.encode())
_FACTOR = 4
"""As in a bundle: what was exported must come back, and is longer than a conversation elsewhere."""
_MAX_DEPTH = 500
"""What a tool was given may be nested deep. Of twice as much, sealing would exhaust the stack."""


class _SessionRecord(SessionRecord, frozen=True, kw_only=True):
    """A session as it stands in the document."""

    turns: tuple[Turn, ...] = ()
    messages: tuple[Message, ...] = ()


class JsonReader:
    """An opened JSON export of this program."""

    format = JSON_FORMAT
    lacks: tuple[Lack, ...] = ("files", "checksums")

    def __init__(
        self, container: Container, member: Member, limits: Limits, parts: dict[str, Any]
    ) -> None:
        self._container = container
        self._member = member
        self._limits = limits
        self._parts = parts
        self.place = container.place

    @classmethod
    def opened(cls, path: Origin, limits: Limits) -> Self | None:
        """The export in a file, packed or not; None when it is something else.

        Raises:
            ImportFailed: it ends in the middle, or cannot be read.
            UnknownFormat: it is of a newer release.
        """
        try:
            container = open_container(path, limits)
        except ImportFailed:
            return None  # Whoever opens it for another format says why.
        try:
            member = _document_in(container)
            parts = None if member is None else _parts_of(member, container.place)
        except BaseException:
            container.close()
            raise
        if member is None or parts is None:
            container.close()
            return None
        return cls(container, member, limits, parts)

    @property
    def total_bytes(self) -> int:
        """Bytes of the conversations."""
        part = self._parts.get("sessions")
        return part.end - part.start if isinstance(part, Part) else 0

    @property
    def bytes_read(self) -> int:
        """How many of `total_bytes` were read by `sessions`."""
        return min(self._container.gauge.bytes_read, self.total_bytes)

    def sessions(self) -> Iterator[BundledSession | Broken]:
        """The conversations in the order they were written, one in memory at a time.

        Raises:
            ImportFailed: the list is damaged as a whole.
            HostileFile: too many are broken.
        """
        self._container.gauge.bytes_read = 0
        for place, found in self._records("sessions", _SessionRecord, called="conversation"):
            if isinstance(found, Broken):
                yield found
                continue
            bundled = _bundled(found)
            fault = fault_in(bundled)
            yield bundled if fault is None else Broken(place=place, reason=fault)

    def memories(self) -> list[Memory | Broken]:
        """All memories."""
        return [found for _, found in self._records("memories", Memory, called="memory")]

    def thoughts(self) -> list[Thought | Broken]:
        """All entries of thought logs."""
        return [found for _, found in self._records("thoughts", Thought, called="thought")]

    def assistants(self) -> list[Assistant | Broken]:
        """All assistants."""
        return [found for _, found in self._records("assistants", Assistant, called="assistant")]

    def projects(self) -> list[Project | Broken]:
        """All projects."""
        return [found for _, found in self._records("projects", Project, called="project")]

    def has_file(self, sha256: str) -> bool:
        """Never: the document only names files."""
        return False

    def file(self, sha256: str) -> bytes:
        """None of them is there.

        Raises:
            ImportFailed: always.
        """
        raise ImportFailed(self.place, "holds no files")

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._container.close()

    def _records(
        self, name: str, kind: type[T], *, called: str
    ) -> Iterator[tuple[str, T | Broken]]:
        """Each record of a list with its place, or what is wrong with it."""
        part = self._parts.get(name)
        if part is None:
            return
        if not isinstance(part, Part):
            raise ImportFailed(f"{self.place}, {name}", "is not a list")
        decoder = msgspec.json.Decoder(kind)
        broken = 0
        stream = self._member.open(progress=name == "sessions")
        with part_of(stream, part) as listed:
            for element in array_elements(
                listed,
                f"{self.place}, {name}",
                max_bytes=_FACTOR * self._limits.max_conversation_bytes,
                max_depth=_MAX_DEPTH,
            ):
                place = f"{self.place}, {called} {element.number:,}"
                found = self._record(element, decoder, place)
                broken += isinstance(found, Broken)
                if broken > self._limits.max_broken:
                    raise HostileFile(self.place, f"holds too many broken {name}")
                yield place, found

    def _record(self, element: Element, decoder: msgspec.json.Decoder[T], place: str) -> T | Broken:
        if element.fault:
            return Broken(place=place, reason=element.fault, code=element.code)
        try:
            checked(element.raw, max_values=_FACTOR * self._limits.max_values, max_depth=None)
            return decoder.decode(element.raw)
        except Malformed as exc:
            return Broken(place=place, reason=exc.reason, code=exc.code)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # What the decoder says may hold a part of the text.
            return Broken(place=place, reason="is no record of its kind")


def _document_in(container: Container) -> Member | None:
    """The only file, when it may be such a document; what macOS puts beside it in a ZIP is none."""
    files = [one for one in container.members if not one.name.startswith("__MACOSX/")]
    return files[0] if len(files) == 1 and _may_be_ours(files[0]) else None


def _parts_of(document: Member, place: str) -> dict[str, Any] | None:
    """The members of the document; None when the file holds something else."""
    with document.open() as stream:
        members = members_of(stream, place)
    if members.get("format") != JSON_FORMAT:
        return None
    if members.get("version") != JSON_VERSION:
        raise UnknownFormat(
            place,
            f"is a JSON export of another version than {JSON_VERSION}: upgrade holdfast",
        )
    return members


def _may_be_ours(member: Member) -> bool:
    """Whether the outermost object names our format: in others it may stand further inside."""
    try:
        with member.open() as stream:
            head = stream.read(_HEAD_BYTES)
    except ImportFailed:
        return False
    brackets, at = Brackets(), 0
    for mark in _MARK.finditer(head):
        brackets.find(head[at : mark.start()])
        at = mark.start()
        if brackets.depth == 1:
            return True
    return False


def _bundled(record: _SessionRecord) -> BundledSession:
    return BundledSession(
        session=record.session(),
        turns=record.turns,
        messages=record.messages,
        learned=record.learned,
    )
