"""What of a text is words and what only gives them their look: Markdown, as assistants write it.

Nothing here renders: a title, a preview or a summary is one line of words, and a table, a fence or
a mark of emphasis has no place in it. Every function takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["one_line", "prose_spans", "without_marks"]

_READ = 20_000
"""Characters of a text from which a line is made; no title or preview needs more."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# Blanks stand before a mark or at the end, never in both: parting them would take quadratic time.
_RULE = re.compile(r" {0,3}(?:\*(?: *\*){2,}|-(?: *-){2,}|_(?: *_){2,}|={3,})\s*")
_DIVIDER = re.compile(r"(?=[^\n]*-)(?=[^\n]*\|)[\s|:-]+")
_LEAD = re.compile(r"(?:\s*(?:>+|#{1,6}(?=\s)|[-*+•](?=\s)))*\s*(?:\[[ xX]\]\s+)?")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\((?:[^()\s]|\([^()\s]*\)){0,2000}\)")
_EMPHASIS = (
    re.compile(r"\*\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*\*"),
    re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,500}?)(?<=\S)\*(?![\w*])"),
    re.compile(r"~~(?=\S)([^~\n]{1,500}?)(?<=\S)~~"),
    re.compile(r"`{1,3}([^`\n]{1,500})`{1,3}"),
)
_HEADING_END = re.compile(r"(?<!\s)\s+#+\s*$")


def prose_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the lines of prose stand, each from its first word on: what is left without code
    blocks, tables and rules, and without the mark of a heading, an item or a quotation."""
    lines = list(_lines(text))
    numbered = sum(_NUMBER.match(text, *line) is not None for line in lines) > 1
    fence, in_table = "", False
    for at, (start, end) in enumerate(lines):
        found = _FENCE.match(text, start, end)
        if fence:
            fence = "" if found and found[1].startswith(fence) else fence
            continue
        if found and "`" not in text[found.end() : end]:
            fence = found[1]
            continue
        below = lines[at + 1] if at + 1 < len(lines) else (end, end)
        in_table = _is_row(text, (start, end), below, in_table=in_table)
        if in_table or _RULE.fullmatch(text, start, end):
            continue
        words = _after_lead(text, start, end, numbered=numbered)
        if text[words:end].strip():
            yield words, end


def without_marks(text: str) -> str:
    """A stretch of prose without marks of emphasis and with links as their words."""
    if not any(mark in text for mark in "*_`~["):
        return text
    text = _LINK.sub(r"\1", text)
    for mark in _EMPHASIS:
        text = mark.sub(r"\1", text)
    return text


def one_line(text: str) -> str:
    """The words of a text on one line. Of one that is all code or tables, what stands in them; of
    one that is nothing but marks, those."""
    text = text[:_READ]
    prose = [_line(text, start, end) for start, end in prose_spans(text)]
    if not prose:
        prose = [_cells(text[start:end]) for start, end in _lines(text)]
    line = " ".join(without_marks(" ".join(prose)).split())
    return line or " ".join(text.split())


def _line(text: str, start: int, end: int) -> str:
    is_heading = text[max(0, start - 8) : start].rstrip().endswith("#")
    return _HEADING_END.sub("", text[start:end]) if is_heading else text[start:end]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        found = text.find("\n", start)
        end = len(text) if found < 0 else found
        yield start, end
        start = end + 1


def _is_row(text: str, line: tuple[int, int], below: tuple[int, int], *, in_table: bool) -> bool:
    """Whether a line is of a table: it begins with a bar, heads one, or goes on with it."""
    words = text[slice(*line)].strip()
    if "|" not in words:
        return False
    bars = words.startswith("|") and words.count("|") > 1
    return in_table or bars or _DIVIDER.fullmatch(text, *below) is not None


def _after_lead(text: str, start: int, end: int, *, numbered: bool) -> int:
    lead = _LEAD.match(text, start, end)
    at = start if lead is None else lead.end()
    number = _NUMBER.match(text, at, end) if numbered else None
    return at if number is None else number.end()


def _cells(line: str) -> str:
    """What a row of a table or a line of code holds; "" for what only divides."""
    bare = line.strip()
    if _DIVIDER.fullmatch(bare) or _RULE.fullmatch(bare) or _FENCE.match(bare):
        return ""
    return bare.lstrip("#").strip() if "|" not in bare else " ".join(bare.replace("|", " ").split())
