"""Telling code from prose in what was said, by the fences that Markdown uses."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["Segment", "segments"]

_OPENING = re.compile(r"^( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*([^\s`]*).*$")


class Segment(Struct, frozen=True):
    """A run of prose, or the content of one fenced block."""

    text: str
    is_code: bool = False
    language: str = ""


def segments(text: str) -> list[Segment]:
    """Cut `text` into prose and fenced code. A fence that is never closed runs to the end.

    Joined with newlines and their fences, the segments are the lines of `text`.
    """
    found: list[Segment] = []
    held: list[str] = []
    fence, indent, language = "", 0, ""
    for line in _lines(text):
        if fence:
            if _closes(line, fence):
                found.append(Segment("\n".join(held), True, language))
                held, fence = [], ""
            else:
                held.append(_unindented(line, indent))
            continue
        opening = _OPENING.match(line)
        if opening is None:
            held.append(line)
            continue
        if held:
            found.append(Segment("\n".join(held)))
        held, fence = [], opening[2]
        indent, language = len(opening[1]), opening[3]
    if fence or held:
        found.append(Segment("\n".join(held), bool(fence), language if fence else ""))
    return found


def _lines(text: str) -> list[str]:
    """Lines by Markdown's line ends alone; str.splitlines knows a dozen more."""
    return re.split(r"\r\n|\n|\r", text) if text else []


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip(" \t")
    indent = len(line) - len(line.lstrip(" "))
    return indent < 4 and len(stripped) >= len(fence) and set(stripped) == {fence[0]}


def _unindented(line: str, indent: int) -> str:
    spaces = len(line) - len(line.lstrip(" "))
    return line[min(indent, spaces) :]
