"""Chats saved as text: WhatsApp's "Export chat" and Signal's, one line a message and more lines.

    31/12/2024, 23:59 - Ada: Happy new year       [2024-12-31, 23:59] Ada: Happy new year

No zone is given, so that times are taken as UTC. Whether 03/04 is in March or in April is decided
for the whole file: by a number above 12 if there is one, else by which reading runs forward.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from msgspec import Struct

from holdfast.errors import HostileFile
from holdfast.portability.containers import Member
from holdfast.portability.conversations import Broken, Item
from holdfast.portability.json_values import clean_text
from holdfast.portability.limits import Limits
from holdfast.portability.people import Said, room
from holdfast.portability.sampling import Sample
from holdfast.portability.scanning import lines

__all__ = ["is_signal", "is_whatsapp", "read_signal", "read_whatsapp"]

_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
"""Marks of writing direction that phones put around names and dates."""
_START = re.compile(
    r"^(\[)?(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4}),? (\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?"
    r"(?: ?([AaPp])\.? ?[Mm]\.?)?(?:\] ?| - )(.*)$"
)
_NAMED = re.compile(r"^([^:\n]{1,100}):(?: (.*)|(\S.*)?)$", re.DOTALL)


class _Line(Struct):
    """A message as it stands in the file; the date still as three numbers."""

    date: tuple[str, int, str]
    clock: tuple[int, int, int]
    text: str


def is_whatsapp(sample: Sample) -> bool:
    """Whether the first line begins as a message of WhatsApp does."""
    found = _first(sample)
    return found is not None and not _is_signal(found)


def is_signal(sample: Sample) -> bool:
    """Whether the first line begins as a message of Signal's text export does."""
    found = _first(sample)
    return found is not None and _is_signal(found)


def _first(sample: Sample) -> re.Match[str] | None:
    return _START.match(_plain(sample.text.lstrip().split("\n", 1)[0])) if sample.text else None


def _is_signal(found: re.Match[str]) -> bool:
    return found[1] is not None and len(found[2]) == 4


def read_whatsapp(member: Member, limits: Limits) -> Iterator[Item]:
    """The one room of a WhatsApp export.

    Raises:
        ImportFailed: the file cannot be read.
        HostileFile: it is over the limit.
    """
    return _read(member, limits, "whatsapp")


def read_signal(member: Member, limits: Limits) -> Iterator[Item]:
    """The one room of a Signal export.

    Raises:
        ImportFailed: the file cannot be read.
        HostileFile: it is over the limit.
    """
    return _read(member, limits, "signal")


def _read(member: Member, limits: Limits, platform: str) -> Iterator[Item]:
    try:
        found = _lines(member, limits)
    except UnicodeDecodeError:
        yield Broken(place=member.name, reason="is not valid UTF-8")
        return
    reading = _reading(found)
    said = [_said(line, reading) for line in found]
    title = re.sub(r"(?i)^(whatsapp chat (with|-)|_chat$)", "", member.base.rsplit(".", 1)[0])
    yield room(platform, said, title=clean_text(title.strip()))


def _lines(member: Member, limits: Limits) -> list[_Line]:
    found: list[_Line] = []
    size = 0
    with member.open(progress=True) as stream:
        for element in lines(stream, member.name, max_bytes=limits.max_line_bytes):
            size += len(element.raw) + 200  # what a message costs beside its text
            if element.fault or size > 4 * limits.max_conversation_bytes:
                raise HostileFile(member.name, "is over the limit for one conversation")
            text = _plain(str(element.raw, "utf-8"))
            start = _START.match(text)
            if start is not None:
                found.append(_begun(start))
            elif found:
                found[-1].text += "\n" + text
    return found


def _plain(line: str) -> str:
    """A line with ordinary spaces and without marks of writing direction."""
    return line.translate(_MARKS).replace("\u202f", " ").replace("\xa0", " ").rstrip("\r")


def _begun(start: re.Match[str]) -> _Line:
    hour = int(start[5])
    if start[8]:
        hour = hour % 12 + (12 if start[8] in "Pp" else 0)
    clock = (hour, int(start[6]), int(start[7] or 0))
    return _Line((start[2], int(start[3]), start[4]), clock, start[9])


_Reading = Callable[[_Line], datetime | None]


def _year_first(line: _Line) -> datetime | None:
    return _moment(line, line.date[0], line.date[1], int(line.date[2]))


def _day_first(line: _Line) -> datetime | None:
    return _moment(line, line.date[2], line.date[1], int(line.date[0]))


def _month_first(line: _Line) -> datetime | None:
    return _moment(line, line.date[2], int(line.date[0]), line.date[1])


def _moment(line: _Line, year: str, month: int, day: int) -> datetime | None:
    full = int(year) + (2000 if len(year) <= 2 else 0)
    try:
        return datetime(full, month, day, *line.clock, tzinfo=UTC)
    except ValueError:
        return None


def _reading(found: Sequence[_Line]) -> _Reading:
    """How the dates of this file are to be read."""
    if found and len(found[0].date[0]) == 4:
        return _year_first
    if any(int(line.date[0]) > 12 for line in found):
        return _day_first
    if any(line.date[1] > 12 for line in found):
        return _month_first
    return min((_day_first, _month_first), key=lambda reading: _steps_back(found, reading))


def _steps_back(found: Sequence[_Line], reading: _Reading) -> int:
    times = [at for at in map(reading, found) if at is not None]
    return sum(later < earlier for earlier, later in pairwise(times))


def _said(line: _Line, reading: _Reading) -> Said:
    named = _NAMED.match(line.text)
    author = clean_text(named[1].strip()) if named else None
    text = (named[2] or named[3] or "") if named else line.text
    return Said(text=clean_text(text), at=reading(line), author=author or None)
