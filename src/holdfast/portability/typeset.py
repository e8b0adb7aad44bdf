"""What was said, as the blocks that the PDF's template knows how to set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from holdfast.portability.prose import segments

__all__ = ["Block", "fact", "is_rtl", "spans_of", "typeset"]

Block: TypeAlias = Mapping[str, object]
"""One block of the template: kind, and text or spans. Made here and read by document.typ alone."""
_Span: TypeAlias = tuple[str, str]
"""("t" plain, "b" bold, "c" code, "n" line break; text)."""

_HEADING = re.compile(r"^#{1,6}[ \t]+(.*)$")
_ITEM = re.compile(r"^([ \t]{0,12})([-*+]|\d{1,4}[.)])[ \t]+(.*)$")
_MARKS = re.compile(r"`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*")
_LONG_WORD = re.compile(r"[^\s\u200b]{60}")
_RTL_SAMPLE = 200


def fact(text: str, *, bad: bool = False) -> Block:
    """A small line about a message that nobody said."""
    return {"kind": "fact", "text": text, "bad": bad}


def typeset(
    text: str, *, rich: bool = False, code: bool = False, language: str = ""
) -> list[Block]:
    """Blocks for what was said.

    Args:
        text: what was said.
        rich: set headings, lists, bold and inline code as Markdown means them; for assistants,
            who write it. What people type stays as they typed it.
        code: the whole of it is code.
        language: the code's language, for colouring.
    """
    if code:
        return [_code(text, language)]
    blocks: list[Block] = []
    for segment in segments(text):
        if segment.is_code:
            blocks.append(_code(segment.text, segment.language))
        else:
            blocks.extend(_prose(segment.text, rich=rich))
    return blocks


def _code(text: str, language: str) -> Block:
    return {"kind": "code", "text": _breakable(text), "language": language or "text"}


def _prose(text: str, *, rich: bool) -> Iterator[Block]:
    """Paragraphs, and when it is rich headings and items."""
    held: list[str] = []
    for line in text.split("\n"):
        special = _special(line) if rich else None
        if special is None and line.strip():
            held.append(line)
            continue
        if held:
            yield _paragraph(held, rich=rich)
            held = []
        if special is not None:
            yield special
    if held:
        yield _paragraph(held, rich=rich)


def _special(line: str) -> Block | None:
    heading = _HEADING.match(line)
    if heading:
        said = heading[1]
        return {"kind": "heading", "rtl": is_rtl(said), "spans": spans_of(said, rich=True)}
    item = _ITEM.match(line)
    if item is None:
        return None
    return {
        "kind": "item",
        "level": len(item[1].replace("\t", "  ")) // 2,
        "mark": item[2] if item[2][0].isdigit() else "•",
        "rtl": is_rtl(item[3]),
        "spans": spans_of(item[3], rich=True),
    }


def _paragraph(lines: list[str], *, rich: bool) -> Block:
    spans: list[_Span] = []
    for number, line in enumerate(lines):
        if number:
            spans.append(("n", ""))
        spans.extend(spans_of(line, rich=rich))
    return {"kind": "text", "rtl": is_rtl("\n".join(lines)), "spans": spans}


def spans_of(line: str, *, rich: bool) -> list[_Span]:
    """The pieces of one line."""
    line = _breakable(line)
    if not rich:
        return [("t", line)]
    spans: list[_Span] = []
    at = 0
    for mark in _MARKS.finditer(line):
        spans.append(("t", line[at : mark.start()]))
        spans.append(("c", mark[1]) if mark[1] is not None else ("b", mark[2]))
        at = mark.end()
    spans.append(("t", line[at:]))
    return [span for span in spans if span[1]] or [("t", "")]


def is_rtl(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    for char in text[:_RTL_SAMPLE]:
        direction = unicodedata.bidirectional(char)
        if direction in ("R", "AL", "L"):
            return direction != "L"
    return False


def _breakable(text: str) -> str:
    """`text` in which a word longer than a line may break: a zero-width space every 60 letters."""
    return _LONG_WORD.sub(lambda run: run[0] + "\u200b", text)
