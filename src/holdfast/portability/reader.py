"""Opening an export file and reading its conversations, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.errors import HostileFile, ImportFailed, UnknownFormat
from holdfast.portability.agent_sessions import AgentDatabase, holds_envelopes, is_database
from holdfast.portability.bundle_import import bundled_conversations
from holdfast.portability.bundle_reader import BundleReader, is_bundle
from holdfast.portability.containers import Container, Member, open_container, read_whole
from holdfast.portability.conversations import Assets, Broken, Conversation, ImportedFile, Item
from holdfast.portability.encrypted import decrypted, is_encrypted
from holdfast.portability.filenames import bare_name, media_type_of
from holdfast.portability.formats import CONVERSATIONS_NAME, EXPECTED, FORMATS, Format
from holdfast.portability.json_import import JsonReader
from holdfast.portability.json_values import Malformed, checked, mended
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import Sample, plainly_wrong, take_sample
from holdfast.portability.scanning import Element, array_elements, lines
from holdfast.portability.stored import Origin
from holdfast.portability.whole import WholeExport
from holdfast.vault.foreign import ForeignKey

__all__ = ["ExportReader", "needs_key", "open_export"]

_READABLE = (".json", ".jsonl", ".ndjson", ".txt")
"""Endings of files in a ZIP or folder that are looked into; a single file always is."""


class ExportReader:
    """An opened export; iterate it for its conversations. Use it in a `with` block.

    Iterating may be done again and starts afresh. At any time at most one conversation is in
    memory.
    """

    def __init__(
        self,
        path: Origin,
        limits: Limits,
        *,
        key: ForeignKey | None = None,
        only: str | None = None,
    ) -> None:
        self._limits = limits
        self._key = key
        self._only = only
        self.place: str = path.name
        self.bundle: WholeExport | None = None
        """The whole export of this program, when the file is one: it holds more than
        conversations."""
        self.format: str
        """Name of the format: "chatgpt", "claude", "jsonl", "holdfast-bundle", ..."""
        self.total_bytes: int
        """Bytes of the conversations' files, unpacked."""
        self._database: AgentDatabase | None = None
        path = decrypted(path, key, limits)
        if is_database(path):
            self._database = AgentDatabase(path, limits, key)
            self.format, self.total_bytes = self._database.format, self._database.total_bytes
            return
        self.bundle = _whole(path, limits)
        if self.bundle is not None:
            self.format, self.total_bytes = self.bundle.format, self.bundle.total_bytes
            return
        self._container = open_container(path, limits)
        try:
            self._assets = _asset_finder(self._container, limits)
            self._sources = _recognised(self._container, limits)
        except BaseException:
            self._container.close()
            raise
        self.format = self._sources[0][1].name
        self.total_bytes = sum(member.size for member, _, _ in self._sources)

    @property
    def bytes_read(self) -> int:
        """How many of `total_bytes` have been read; for a progress bar."""
        if self.bundle is not None:
            return self.bundle.bytes_read
        if self._database is not None:
            return self._database.bytes_read
        return min(self._container.gauge.bytes_read, self.total_bytes)

    def __iter__(self) -> Iterator[Item]:
        """Yield each conversation, or what is broken about it and where.

        Raises:
            ImportFailed: the file is damaged as a whole, or ends in the middle; what was yielded
                before stands.
            HostileFile: it costs more than the limits allow.
        """
        broken = 0
        for count, item in enumerate(self._items(), 1):
            if self._wants(item):
                yield item
            broken += isinstance(item, Broken)
            if broken > self._limits.max_broken:
                raise HostileFile(self.place, "holds too many broken conversations")
            if count > self._limits.max_conversations:
                raise HostileFile(self.place, "holds too many conversations")

    def _items(self) -> Iterator[Item]:
        if self.bundle is not None:
            yield from bundled_conversations(self.bundle)
            return
        if self._database is not None:
            yield from self._database
            return
        self._container.gauge.bytes_read = 0
        for member, row, sample in self._sources:
            if isinstance(sample, Broken):
                yield sample
            elif row.read is not None:
                yield from row.read(member, self._limits)
            elif row.read_sealed is not None:
                yield from row.read_sealed(member, self._limits, self._key)
            elif row.convert is not None:
                yield from self._converted(member, sample, row.convert)

    def _wants(self, item: Item) -> bool:
        """Whether a conversation is among those that were asked for. Faults always are."""
        if self._only is None or not isinstance(item, Conversation):
            return True
        return fnmatchcase(item.source.partition(":")[2], self._only)

    def _converted(self, member: Member, sample: Sample, convert: _Convert) -> Iterator[Item]:
        """The conversations of a file in which each is one JSON object."""
        max_bytes, max_depth = self._limits.max_conversation_bytes, self._limits.max_depth
        if sample.shape == "object":
            data = read_whole(member, max_bytes=max_bytes, progress=True)
            yield self._item(Element(1, data), member.name, convert, max_depth=max_depth)
            return
        with member.open(progress=True) as stream:
            if sample.shape == "lines":
                for one in lines(stream, member.name, max_bytes=max_bytes):
                    place = f"{member.name}, line {one.number:,}"
                    yield self._item(one, place, convert, max_depth=max_depth)
                return
            for one in array_elements(
                stream, member.name, max_bytes=max_bytes, max_depth=max_depth
            ):
                place = f"{member.name}, conversation {one.number:,}"
                yield self._item(one, place, convert, max_depth=None)

    def _item(
        self, element: Element, place: str, convert: _Convert, *, max_depth: int | None
    ) -> Item:
        """_Convert one conversation; when its JSON is at fault, once more after mending it."""
        if element.fault:
            return Broken(place=place, reason=element.fault, code=element.code)
        try:
            raw = element.raw.removeprefix(b"\xef\xbb\xbf")
            checked(raw, max_values=self._limits.max_values, max_depth=max_depth)
            try:
                return convert(raw, self._assets)
            except Malformed as exc:
                if not exc.mendable:
                    raise
                mended_raw = mended(raw)
                if mended_raw == raw:
                    raise
                return convert(mended_raw, self._assets)
        except Malformed as exc:
            return Broken(place=place, reason=exc.reason, code=exc.code)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        (self.bundle or self._database or self._container).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_export(
    path: str | Origin,
    *,
    limits: Limits | None = None,
    key: ForeignKey | None = None,
    only: str | None = None,
) -> ExportReader:
    """Open an export: a file, a folder or a ZIP, its format told from its content.

    Args:
        path: what the provider gave, packed or unpacked; where it is, or what holds its bytes.
        limits: what it may cost.
        key: what it is encrypted under, if it is.
        only: of the conversations those whose id in the other system is like this ("chat:ada:*");
            of a bundle all.

    Raises:
        UnknownFormat: it is nothing that is known; says what was expected.
        ImportKeyMissing, ImportKeyWrong: it is encrypted, and there is no key or another one.
        ImportFailed: it cannot be read.
        HostileFile: it is built to do harm.
        BundleDamaged: it is a bundle whose checksums do not hold.
    """
    origin = Path(path) if isinstance(path, str) else path
    return ExportReader(origin, limits or Limits(), key=key, only=only)


def needs_key(path: Path) -> bool:
    """Whether a file is encrypted by the program it comes from; False for what cannot be read."""
    return is_encrypted(path) or holds_envelopes(path, Limits())


def _whole(path: Origin, limits: Limits) -> WholeExport | None:
    if is_bundle(path, limits):
        return BundleReader(path, limits=limits)
    return JsonReader.opened(path, limits)


_Convert = Callable[[bytes, Assets], Conversation]
_Source = tuple[Member, Format, Sample | Broken]


def _recognised(container: Container, limits: Limits) -> list[_Source]:
    """The files that hold conversations, with their format, in the order of their names.

    Files that are named as conversations but cannot be recognised are kept, to be reported: a
    missing part of someone's history must not look like a history without it.
    """
    alone = len(container.members) == 1
    found: list[_Source] = []
    doubtful: list[tuple[Member, Broken]] = []
    for member in container.members:
        if not alone and not member.name.lower().endswith(_READABLE):
            continue
        sample = _sample(member, limits, alone=alone)
        if isinstance(sample, tuple):
            found.append((member, *sample))
        elif CONVERSATIONS_NAME.fullmatch(member.base):
            doubtful.append((member, sample))
    if not found:
        raise _nothing_found(container, doubtful, limits)
    for member, broken in doubtful:
        wrong = plainly_wrong(member, limits)
        if wrong is not None:
            broken = Broken(place=member.name, reason=wrong.reason, code=wrong.code)
        found.append((member, found[0][1], broken))
    return sorted(found, key=lambda source: source[0].name)


def _sample(member: Member, limits: Limits, *, alone: bool) -> tuple[Format, Sample] | Broken:
    """Format and sample of a file. One bad file among many must not end the others' import."""
    try:
        sample = take_sample(member, limits)
    except ImportFailed as exc:
        if alone:
            raise
        return Broken(place=member.name, reason=exc.reason, code=exc.code)
    row = next((row for row in FORMATS if sample and row.matches(sample)), None)
    if sample is None or row is None:
        return Broken(place=member.name, reason="is not an export of a kind that is known")
    return row, sample


def _nothing_found(
    container: Container, doubtful: Sequence[tuple[Member, Broken]], limits: Limits
) -> ImportFailed:
    """Why there is nothing to import, as plainly as can be told."""
    if not container.members:
        return UnknownFormat(container.place, "holds no files")
    candidates = [member for member, _ in doubtful] or container.members
    wrong = plainly_wrong(candidates[0], limits) if len(candidates) == 1 else None
    return wrong or UnknownFormat(container.place, EXPECTED)


def _asset_finder(container: Container, limits: Limits) -> Assets:
    """Find files by the id their name begins with: "file-abc-photo.png" is file-abc."""
    by_id: dict[str, Member] = {}
    for member in container.members:
        base = member.base
        if base.startswith("file") and not base.lower().endswith(_READABLE[:3]):
            for end in _id_ends(base):
                by_id.setdefault(base[:end], member)

    def find(file_id: str) -> ImportedFile | None:
        member = by_id.get(file_id)
        if member is None:
            return None
        name = bare_name(member.base.removeprefix(file_id).lstrip("-_")) or member.base
        if name.startswith("."):
            name = bare_name(member.base)
        read = partial(read_whole, member, max_bytes=limits.max_file_bytes)
        return ImportedFile(name=name, media_type=media_type_of(name), data=read)

    return find


def _id_ends(name: str) -> list[int]:
    """Where an id may end in a file's name; the first dozen places are enough for every export."""
    ends = [at for at, char in enumerate(name[:200]) if char in "-."]
    return [*ends[:12], len(name)]
