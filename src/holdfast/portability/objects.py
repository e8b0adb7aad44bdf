"""The JSON objects of a file, whether it is an array of them, one of them, or one a line."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from holdfast.errors import HostileFile
from holdfast.portability.containers import Member, read_whole
from holdfast.portability.conversations import Broken
from holdfast.portability.json_values import Malformed, checked, mended, value_of
from holdfast.portability.limits import Limits
from holdfast.portability.sampling import take_sample
from holdfast.portability.scanning import Element, array_elements, lines

__all__ = ["Found", "objects", "sound"]


class Found(Struct, frozen=True):
    """One object: JSON within the limits, and where it stands."""

    place: str
    raw: bytes


def sound(raw: bytes, limits: Limits) -> bytes:
    """JSON text that a strict parser takes, mended when it has to be.

    Raises:
        Malformed: it costs more than the limits, or is beyond mending.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    checked(raw, max_values=limits.max_values, max_depth=limits.max_depth)
    try:
        value_of(raw, "it")
    except Malformed as exc:
        if not exc.mendable:
            raise
        return mended(raw)
    return raw


def objects(member: Member, limits: Limits) -> Iterator[Found | Broken]:
    """Yield each object, or what is wrong with it; at most one in memory.

    Raises:
        ImportFailed: the file is damaged as a whole.
        HostileFile: more elements are broken than the limit, or the one object is over it.
    """
    broken = 0
    for place, element in _elements(member, limits):
        found = _found(place, element, limits)
        broken += isinstance(found, Broken)
        if broken > limits.max_broken:
            raise HostileFile(member.name, "holds too many broken objects")
        yield found


def _found(place: str, element: Element, limits: Limits) -> Found | Broken:
    if element.fault:
        return Broken(place=place, reason=element.fault, code=element.code)
    try:
        return Found(place, sound(element.raw, limits))
    except Malformed as exc:
        return Broken(place=place, reason=exc.reason, code=exc.code)


def _elements(member: Member, limits: Limits) -> Iterator[tuple[str, Element]]:
    sample = take_sample(member, limits)
    if sample is None or sample.shape in ("object", "text"):
        data = read_whole(member, max_bytes=limits.max_conversation_bytes, progress=True)
        yield member.name, Element(1, data)
        return
    with member.open(progress=True) as stream:
        if sample.shape == "lines":
            for one in lines(stream, member.name, max_bytes=limits.max_line_bytes):
                yield f"{member.name}, line {one.number:,}", one
            return
        for one in array_elements(
            stream,
            member.name,
            max_bytes=limits.max_conversation_bytes,
            max_depth=limits.max_depth,
        ):
            yield f"{member.name}, element {one.number:,}", one
