"""What may reach a terminal: text of others without control characters, times, sizes."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from holdfast.portability.controls import visible

__all__ = ["cells", "counted", "day_time", "one_line", "printable", "short_id", "size", "speaker"]

_SHORT = 12
"""Digits of an id's last group, which is random."""
_ENDS_IN_IES = re.compile(r"[^aeiou]y\Z")
"""A memory, memories; but a key, keys."""


def printable(text: str) -> str:
    """The text with everything that could command a terminal made visible."""
    return visible(text)


def one_line(text: str, width: int | None = None) -> str:
    """The printable text on one line, cut to `width` columns of a terminal when given."""
    line = printable(" ".join(text.split()))
    if width is None or cells(line) <= width:
        return line
    while cells(line) > max(1, width - 1):
        line = line[: len(line) - max(1, (cells(line) - width) // 2)]
    return line.rstrip() + "…"


def day_time(at: datetime | None) -> str:
    """A time as the reader's clock shows it: "2026-01-09 14:03"; "" for None."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def cells(text: str) -> int:
    """How many columns of a terminal a line takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    none = sum(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in text)
    return len(text) + wide - none


def counted(count: int, noun: str) -> str:
    """How many of something: "1 message", "2,000 vault keys", "0 memories"."""
    if count != 1:
        noun = f"{noun[:-1]}ies" if _ENDS_IN_IES.search(noun) else f"{noun}s"
    return f"{count:,} {noun}"


def size(count: int) -> str:
    """Bytes for people: "312 bytes", "4.0 KiB", "1.2 GiB"."""
    if count < 1024:
        return f"{count} bytes"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def short_id(identifier: str) -> str:
    """The last group of an id; commands take it in the place of the whole one."""
    return identifier[-_SHORT:]


def speaker(role: str, author: str | None, assistant: str | None) -> str:
    """Who speaks, in a word."""
    if author:
        return one_line(author, 40)
    if role == "user":
        return "you"
    return one_line(assistant, 40) if role == "assistant" and assistant else role
