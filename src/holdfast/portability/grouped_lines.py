"""Files in which each line names the session it belongs to.

Sessions may be interleaved, so a file is read twice: once to see whose each line is, once to read
them. Only positions are kept in between, so that memory is bounded by one session.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from msgspec import Struct

from holdfast.errors import HostileFile, ImportFailed
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Broken, Conversation, Item
from holdfast.portability.json_values import Malformed, checked
from holdfast.portability.limits import Limits
from holdfast.portability.scanning import Element, lines
from holdfast.portability.trees import MAX_NODES

__all__ = ["Build", "SessionOf", "read_grouped"]

SessionOf = Callable[[bytes], str | None]
"""The session that a line belongs to, or None for a line that says nothing. Raises Malformed."""
Build = Callable[[str, Sequence[bytes]], Conversation]
"""A conversation from its session's id and its lines. Raises Malformed."""


_JUMP_BYTES = 1 << 12


class _Span(Struct):
    """Where the lines of one session stand: (offset, length, number of the first line) each."""

    pieces: list[tuple[int, int, int]]
    size: int = 0


def read_grouped(
    member: Member, limits: Limits, *, session_of: SessionOf, build: Build
) -> Iterator[Item]:
    """Yield broken lines first, then the sessions in the order of their first lines.

    Raises:
        ImportFailed: the file cannot be read, or more lines are broken than the limit.
        HostileFile: more sessions than the limit, or interleaved ones in a ZIP, where going back
            means unpacking again.
    """
    with member.open() as stream:
        spans, broken = _index(stream, member.name, limits, session_of)
    yield from broken
    # A small buffer: interleaved sessions mean a jump for each line, and each jump fills it anew.
    with member.open(progress=True, buffer_bytes=_JUMP_BYTES) as stream:
        for session, span in spans.items():
            place = f"{member.name}, line {span.pieces[0][2]:,}"
            if span.size > limits.max_conversation_bytes:
                reason = f"has {span.size:,} bytes, over the limit"
                yield Broken(place=place, reason=reason, code="hostile_file")
                continue
            found: list[Element] = []
            try:
                found = _read_span(stream, span, member, limits)
                yield build(session, [element.raw for element in found])
            except Malformed as exc:
                yield _broken(exc, found, span.pieces[0][2], member.name)


def _broken(fault: Malformed, found: Sequence[Element], first: int, name: str) -> Broken:
    """What is broken about a session, at the line that is to blame when one is."""
    at = first if fault.at is None else found[fault.at].number
    reason = fault.reason
    if at != first:
        reason += f"; its conversation, which begins in line {first:,}, is left out"
    return Broken(place=f"{name}, line {at:,}", reason=reason, code=fault.code)


def _index(
    stream: BinaryIO, name: str, limits: Limits, session_of: SessionOf
) -> tuple[dict[str, _Span], list[Broken]]:
    """Which lines belong to which session, and the lines that are broken."""
    spans: dict[str, _Span] = {}
    broken: list[Broken] = []
    for element in lines(stream, name, max_bytes=limits.max_line_bytes):
        try:
            session = _session_of(element, limits, session_of)
        except Malformed as exc:
            place = f"{name}, line {element.number:,}"
            broken.append(Broken(place=place, reason=exc.reason, code=exc.code))
            if len(broken) > limits.max_broken:
                raise ImportFailed(name, "has too many broken lines: is it JSON Lines?") from exc
            continue
        if session is not None:
            _extend(spans.setdefault(session, _Span([])), element)
        if len(spans) > limits.max_conversations:
            raise HostileFile(name, f"holds more than {limits.max_conversations:,} sessions")
    return spans, broken


def _session_of(element: Element, limits: Limits, session_of: SessionOf) -> str | None:
    if element.fault:
        raise Malformed(element.fault, element.code)
    checked(element.raw, max_values=limits.max_values, max_depth=limits.max_depth)
    return session_of(element.raw)


def _extend(span: _Span, element: Element) -> None:
    """Add a line; lines that stand together make one piece."""
    length = len(element.raw)
    if span.pieces:
        at, size, first = span.pieces[-1]
        gap = element.offset - (at + size)
        if 0 <= gap <= 2:  # only a line end in between
            span.pieces[-1] = (at, size + gap + length, first)
            span.size += gap + length
            return
    span.pieces.append((element.offset, length, element.number))
    span.size += length


def _read_span(stream: BinaryIO, span: _Span, member: Member, limits: Limits) -> list[Element]:
    """The lines of a session, each with its number in the file."""
    found: list[Element] = []
    if len(span.pieces) > MAX_NODES:
        raise Malformed(f"holds more than {MAX_NODES:,} messages", "hostile_file")
    for at, size, first in span.pieces:
        if at < stream.tell() and not member.seekable:
            raise HostileFile(
                member.name, "has interleaved sessions: unpack the ZIP and import the file"
            )
        stream.seek(at)
        data = io.BytesIO(stream.read(size))
        found.extend(
            Element(first + element.number - 1, element.raw)
            for element in lines(data, member.name, max_bytes=limits.max_line_bytes)
        )
    return found
