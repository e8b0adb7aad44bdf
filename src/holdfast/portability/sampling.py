"""Looking at the beginning of a file to tell what it is; names are never believed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Literal

from msgspec import Raw, Struct

from holdfast.errors import HostileFile, ImportFailed, UnknownFormat
from holdfast.portability.containers import Member, read_whole
from holdfast.portability.json_values import Malformed, checked, fields_of, mended
from holdfast.portability.limits import Limits
from holdfast.portability.scanning import (
    Element,
    array_elements,
    deepest_level,
    ends_inside,
    lines,
)

__all__ = ["Sample", "plainly_wrong", "take_sample"]

_Shape = Literal["array", "object", "lines", "text"]

_HEAD_BYTES = 1 << 16
_ELEMENTS_TRIED = 10
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


_NOTHING = re.compile(rb"[\[{]\s*[\]}]\s*")
_JSON_BEGIN = re.compile(rb"\[\s*([\[{\"]|\Z)|\{\s*(\"|\Z)")
"""What a chat's line of text, "[31/12/24, 23:59] Ada", does not begin with."""


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


def plainly_wrong(member: Member, limits: Limits) -> ImportFailed | None:
    """What is wrong with a file of no known format, when that is plain to see; else None.

    It is empty, holds no conversation (UnknownFormat), or ends in the middle (ImportFailed).
    """
    with member.open() as stream:
        head = stream.read(_HEAD_BYTES)
    text = head.removeprefix(codecs.BOM_UTF8).strip()
    if len(head) < _HEAD_BYTES and not text:
        return UnknownFormat(member.name, "is empty")
    if len(head) < _HEAD_BYTES and _NOTHING.fullmatch(text):
        return UnknownFormat(member.name, "holds no conversation: it is an empty list or object")
    if not _JSON_BEGIN.match(text):
        return None
    try:
        raw = read_whole(member, max_bytes=limits.max_conversation_bytes)
    except HostileFile:
        return None
    if ends_inside(raw):
        return ImportFailed(member.name, "ends in the middle: get it again")
    return None


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
