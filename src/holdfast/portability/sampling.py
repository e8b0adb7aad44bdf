"""Looking at the beginning of a file to tell what it is; names are never believed."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Literal

from msgspec import Raw, Struct

from holdfast.errors import HostileFile, ImportFailed
from holdfast.portability.containers import Member, read_whole
from holdfast.portability.json_values import Malformed, checked, fields_of, mended
from holdfast.portability.limits import Limits
from holdfast.portability.scanning import Element, array_elements, deepest_level, lines

__all__ = ["Sample", "take_sample"]

_Shape = Literal["array", "object", "lines", "text"]

_HEAD_BYTES = 1 << 16
_ELEMENTS_TRIED = 10
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


class Sample(Struct, frozen=True):
    """The beginning of a file.

    `fields` are the members of the first object: of the array, of the file, or of the first line.
    `text` is the first 64 KiB of a text file. Both are empty when there is no such thing.
    """

    shape: _Shape
    fields: Mapping[str, Raw] = {}
    text: str = ""


def take_sample(member: Member, limits: Limits) -> Sample | None:
    """The sample of a file, or None when it is neither JSON nor text.

    Raises:
        ImportFailed: it cannot be read, or is UTF-16 or UTF-32.
        HostileFile: it is one JSON object that is over a limit.
    """
    with member.open() as stream:
        head = stream.read(_HEAD_BYTES)
    _check_encoding(head, member.name)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"["):
        # "[31/12/24, 23:59] Ada: ..." is a line of a chat, and no array either.
        return _of_array(member, limits) or _of_text(head)
    if text.startswith(b"{"):
        return _of_lines(member, limits) or _of_object(member, limits)
    return _of_text(head)


def _check_encoding(head: bytes, name: str) -> None:
    sixteen = len(head) >= 4 and head[:4].count(0) in (2, 3)
    if head.startswith(_WIDE_MARKS) or sixteen:
        raise ImportFailed(name, "is UTF-16 or UTF-32: save it as UTF-8 and try again")


def _of_array(member: Member, limits: Limits) -> Sample | None:
    """The first element that is an object decides; a few broken ones before it do no harm."""
    with member.open() as stream:
        try:
            for element in _elements(stream, member.name, limits):
                fields = _fields(element.raw, limits) if element.raw.startswith(b"{") else None
                if fields:
                    return Sample("array", fields)
                if element.number >= _ELEMENTS_TRIED:
                    break
        except ImportFailed:
            return None
    return None


def _elements(stream: BinaryIO, name: str, limits: Limits) -> Iterator[Element]:
    return array_elements(
        stream, name, max_bytes=limits.max_conversation_bytes, max_depth=limits.max_depth
    )


def _of_lines(member: Member, limits: Limits) -> Sample | None:
    """One complete object in the first line means JSON Lines, unless it is the only line."""
    with member.open() as stream:
        for element in lines(stream, member.name, max_bytes=limits.max_line_bytes):
            fields = _fields(element.raw, limits)
            return Sample("lines", fields) if fields else None
    return None


def _of_object(member: Member, limits: Limits) -> Sample | None:
    raw = read_whole(member, max_bytes=limits.max_conversation_bytes)
    if deepest_level(raw) > limits.max_depth:
        raise HostileFile(member.name, f"is nested deeper than {limits.max_depth} levels")
    fields = _fields(raw, limits)
    return Sample("object", fields) if fields else None


def _of_text(head: bytes) -> Sample | None:
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return None
    return Sample("text", {}, text) if text.isprintable() or "\0" not in text else None


def _fields(raw: bytes, limits: Limits) -> dict[str, Raw]:
    """The members of the object in `raw`; none when it is no object or over a limit."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        checked(raw, max_values=limits.max_values, max_depth=limits.max_depth)
        try:
            return fields_of(raw, "the sample")
        except Malformed as exc:
            return fields_of(mended(raw), "the sample") if exc.mendable else {}
    except Malformed:
        return {}
