"""Cutting a stream into the elements of a JSON array, or into lines, in bounded memory.

The array is cut, not parsed: only strings and brackets matter for finding where an element ends.
Against a streaming parser (ijson, yajl) this costs half the time, keeps each conversation's own
bytes, survives a conversation that is no valid JSON, and never holds more than one element
whatever the file says. Measured on two shared cores, 2026-11-20, 157 MB: cutting 0.6 s, ijson
building the same elements 1.1 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from holdfast.errors import HostileFile, ImportFailed
from holdfast.portability.gaps import Gap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Positions = NDArray[np.intp]

__all__ = ["Brackets", "Element", "array_elements", "deepest_level", "ends_inside", "lines"]

_CHUNK_BYTES = 1 << 20
_BLANK = b" \t\r\n"


class Element(Struct, frozen=True):
    """One element of the array, or one line. `raw` is empty when `fault` says why."""

    number: int
    """Counted from 1."""
    raw: bytes
    fault: str | None = None
    code: str = "import_failed"
    offset: int = 0
    """Bytes before it in the stream; lines only."""


class Brackets:
    """Finds the brackets of a chunk that stand outside strings, and their depths."""

    def __init__(self) -> None:
        self._in_string = 0
        self._escaping = False
        self.depth = 0

    @property
    def open(self) -> bool:
        """Whether what was seen so far ends inside a string, an object or an array."""
        return self.depth > 0 or bool(self._in_string)

    def find(self, chunk: bytes) -> tuple[Positions, Positions]:
        """Positions of the brackets in `chunk`, and the depth after each."""
        import numpy as np

        data = np.frombuffer(chunk, np.uint8)
        quotes = self._quotes(chunk, data)
        folded = data | 0x20  # [ and { differ in this bit alone, so do ] and }
        found = np.flatnonzero((folded == 0x7B) | (folded == 0x7D))
        inside = (np.searchsorted(quotes, found) + self._in_string) & 1
        found = found[inside == 0]
        depths = np.cumsum(np.where(folded[found] == 0x7B, 1, -1)) + self.depth
        self._in_string ^= len(quotes) & 1
        if len(depths):
            self.depth = int(depths[-1])
        return found, depths

    def _quotes(self, chunk: bytes, data: NDArray[np.uint8]) -> Positions:
        """Positions of the quotes that open or close a string."""
        import numpy as np

        is_quote = data == 0x22
        if self._escaping:
            is_quote[0] = False
        if self._escaping or b"\\" in chunk:
            slashes = np.flatnonzero(data == 0x5C)
            if self._escaping and len(slashes) and slashes[0] == 0:
                slashes = slashes[1:]
            runs = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
            lengths = np.diff(np.append(runs, len(slashes)))
            first = np.repeat(slashes[runs], lengths)
            escaped = slashes[((slashes - first) & 1) == 0] + 1
            self._escaping = bool(len(escaped)) and int(escaped[-1]) == len(chunk)
            is_quote[escaped[escaped < len(chunk)]] = False
        return np.flatnonzero(is_quote)


class _Cutter:
    """Holds the element that is open, or only its size once it is over the limit."""

    def __init__(self, *, max_bytes: int, max_depth: int) -> None:
        self._max_bytes = max_bytes
        self._max_depth = max_depth
        self._pieces: list[bytes] = []
        self._size = 0
        self._too_deep = False
        self.open = False
        self.number = 0

    def begin(self) -> None:
        self.open, self._size, self._too_deep, self._pieces = True, 0, False, []
        self.number += 1

    def add(self, piece: bytes, *, deepest: int) -> None:
        self._size += len(piece)
        self._too_deep = self._too_deep or deepest > self._max_depth
        if self._size > self._max_bytes or self._too_deep:
            self._pieces.clear()
        else:
            self._pieces.append(piece)

    def end(self) -> Element:
        self.open = False
        if self._too_deep:
            fault = f"is nested deeper than {self._max_depth} levels"
            return Element(self.number, b"", fault, "hostile_file")
        if self._size > self._max_bytes:
            fault = f"has {self._size:,} bytes, over the limit of {self._max_bytes:,}"
            return Element(self.number, b"", fault, "hostile_file")
        raw = b"".join(self._pieces)
        self._pieces.clear()
        return Element(self.number, raw)

    def stray(self) -> Element:
        self.number += 1
        return Element(self.number, b"", "is not a JSON object")


def array_elements(
    stream: BinaryIO, place: str, *, max_bytes: int, max_depth: int
) -> Iterator[Element]:
    """Yield the objects and arrays in the JSON array that `stream` holds, one at a time.

    Memory is bounded by `max_bytes` and a few chunks. An element over a limit, or one that is
    neither object nor array, is yielded with its fault and the cutting goes on.

    Raises:
        ImportFailed: the stream is no array, ends inside it, or goes on after it.
    """
    brackets = Brackets()
    cutter = _Cutter(max_bytes=max_bytes, max_depth=max_depth)
    gap = Gap()
    chunk = _first_chunk(stream)
    if not chunk.startswith(b"["):
        raise ImportFailed(place, "is not a JSON array")
    while chunk:
        yield from _cut(chunk, brackets, cutter, gap)
        if brackets.depth < 1:
            break
        chunk = stream.read(_CHUNK_BYTES)
    if brackets.depth > 0:
        raise ImportFailed(
            place, f"ends in the middle, after {cutter.number:,} conversations: get it again"
        )
    if brackets.depth < 0 or _goes_on(chunk, stream):
        raise ImportFailed(place, "goes on after the end of its JSON array: it is damaged")


def deepest_level(raw: bytes) -> int:
    """How deep arrays and objects are nested in JSON text; 0 without any."""
    brackets = Brackets()
    deepest = 0
    for at in range(0, len(raw), _CHUNK_BYTES):
        depths = brackets.find(raw[at : at + _CHUNK_BYTES])[1]
        deepest = max(deepest, int(depths.max())) if len(depths) else deepest
    return deepest


def ends_inside(raw: bytes) -> bool:
    """Whether JSON text is cut off: it ends inside a string, an object or an array."""
    brackets = Brackets()
    for at in range(0, len(raw), _CHUNK_BYTES):
        brackets.find(raw[at : at + _CHUNK_BYTES])
    return brackets.open


def _first_chunk(stream: BinaryIO) -> bytes:
    """The first chunk, without a byte order mark and leading blanks."""
    chunk = stream.read(_CHUNK_BYTES).removeprefix(b"\xef\xbb\xbf")
    while chunk and not (stripped := chunk.lstrip(_BLANK)):
        chunk = stream.read(_CHUNK_BYTES)
    return stripped if chunk else b""


def _cut(chunk: bytes, brackets: Brackets, cutter: _Cutter, gap: Gap) -> Iterator[Element]:
    """Yield the elements that end in `chunk`; keep the one that stays open."""
    import numpy as np

    opened = brackets.depth
    found, depths = brackets.find(chunk)
    before = np.concatenate(([opened], depths[:-1])) if len(depths) else depths
    closes = np.flatnonzero((depths == 0) & (before == 1))
    last = int(closes[0]) if len(closes) else len(depths)
    edges = np.flatnonzero(((depths == 2) & (before == 1)) | ((depths == 1) & (before == 2)))
    edges = edges[edges < last]
    at = 0
    at_edge = 0
    for edge in edges.tolist():
        position = int(found[edge])
        if cutter.open:
            cutter.add(chunk[at : position + 1], deepest=_deepest(depths, at_edge, edge))
            at = position + 1
            yield cutter.end()
        else:
            for _ in range(gap.strays(chunk[at:position], ends=True)):
                yield cutter.stray()
            at = position
            cutter.begin()
        at_edge = edge
    end = int(found[last]) if last < len(depths) else len(chunk)
    if cutter.open:
        cutter.add(chunk[at:end], deepest=_deepest(depths, at_edge, last))
    else:
        for _ in range(gap.strays(chunk[at:end], ends=last < len(depths))):
            yield cutter.stray()
    if last < len(depths):
        _stop(brackets, chunk[end + 1 :])


def _deepest(depths: Positions, first: int, last: int) -> int:
    """The depth reached between two brackets, without the array's own level."""
    part = depths[first : last + 1]
    return int(part.max()) - 1 if len(part) else 0


def _stop(brackets: Brackets, rest: bytes) -> None:
    """The array ended inside this chunk: remember whether anything follows."""
    brackets.depth = -1 if rest.strip(_BLANK) else 0


def _goes_on(chunk: bytes, stream: BinaryIO) -> bool:
    """Whether anything but blanks follows; one chunk is enough to tell damage from an end."""
    return bool(stream.read(_CHUNK_BYTES).strip(_BLANK)) if chunk else False


def lines(stream: BinaryIO, place: str, *, max_bytes: int) -> Iterator[Element]:
    """Yield the lines that are not blank, without their line ends, numbered as an editor does.

    A line over `max_bytes` is yielded with its fault. A byte order mark is dropped.

    Raises:
        HostileFile: more than a billion lines.
    """
    number = 0
    offset = 0
    while line := stream.readline(max_bytes + 2):
        number += 1
        if number > 1_000_000_000:
            raise HostileFile(place, "has more than a billion lines")
        start, size = offset, len(line)
        too_long = size > max_bytes + 1 and not line.endswith(b"\n")
        while too_long and (more := stream.readline(_CHUNK_BYTES)):
            size += len(more)
            if more.endswith(b"\n"):
                break
        offset += size
        if too_long:
            fault = f"has {size:,} bytes, over the limit of {max_bytes:,}"
            yield Element(number, b"", fault, "hostile_file", start)
            continue
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.strip():
            yield Element(number, text.rstrip(b"\r\n"), None, "", start)
