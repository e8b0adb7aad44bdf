"""The members of one big JSON object, found without reading it into memory.

What stands outside the arrays and objects that are its members is small and decoded as a whole;
each of those is known by where it begins and ends, and is read from there when it is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from holdfast.errors import ImportFailed
from holdfast.portability.scanning import Brackets

__all__ = ["Part", "members_of", "part_of"]

_CHUNK_BYTES = 1 << 20
_MAX_OUTSIDE = 1 << 16
"""Bytes that may stand outside the members: names, numbers and short texts."""
_MAX_PARTS = 100


class Part(Struct, frozen=True):
    """Where an array or object stands in its file: bytes, end exclusive."""

    start: int
    end: int


def members_of(stream: BinaryIO, place: str) -> dict[str, Any]:
    """The members of the object that `stream` holds: arrays and objects as `Part`, others as they
    are. Of two with one name the last counts.

    Raises:
        ImportFailed: it is no JSON object, ends in the middle, or has more beside its parts than
            an export has.
    """
    outside: list[bytes] = []
    parts: list[Part] = []
    size = 0
    for piece in _outside(stream, place, parts):
        size += len(piece)
        if size > _MAX_OUTSIDE or len(parts) > _MAX_PARTS:
            raise ImportFailed(place, "has more members than an export has")
        outside.append(piece)
    try:
        found = msgspec.json.decode(b"".join(outside).removeprefix(b"\xef\xbb\xbf"), type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ImportFailed(place, "is not a JSON object: it is damaged") from exc
    return {
        name: parts[value[0]] if isinstance(value, list) else value for name, value in found.items()
    }


def _outside(stream: BinaryIO, place: str, parts: list[Part]) -> Iterator[bytes]:
    """What stands outside arrays and objects; in the place of each of them its number, as [n]."""
    import numpy as np

    brackets = Brackets()
    offset, begun = 0, -1
    while chunk := stream.read(_CHUNK_BYTES):
        opened = brackets.depth
        found, depths = brackets.find(chunk)
        before = np.concatenate(([opened], depths[:-1])) if len(depths) else depths
        edges = np.flatnonzero(((depths == 2) & (before == 1)) | ((depths == 1) & (before == 2)))
        at = 0
        for position in found[edges].tolist():
            if begun < 0:
                yield chunk[at:position] + b"[%d]" % len(parts)
                begun = offset + position
            else:
                at = position + 1
                parts.append(Part(begun, offset + at))
                begun = -1
        if begun < 0:
            yield chunk[at:]
        offset += len(chunk)
    if brackets.open:
        raise ImportFailed(place, "ends in the middle: get it again")


class _Window(RawIOBase):
    """A stream that ends where a part does."""

    def __init__(self, inner: BinaryIO, part: Part) -> None:
        self._inner = inner
        self._left = part.end - part.start
        inner.seek(part.start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed hides the buffer's type
        data = self._inner.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


def part_of(stream: BinaryIO, part: Part) -> BinaryIO:
    """A stream of that part alone; closing it closes `stream`."""
    return BufferedReader(_Window(stream, part), _CHUNK_BYTES)
