"""The part of a text that shows why it was found."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from holdfast.index.words import STOP_TERMS, surfaces, term_of, term_spans

__all__ = ["Snippet", "marked_terms", "snippet", "snippet_of"]

_LOOKED_AT = 50_000
"""Characters of a text that are searched for the best place."""
_SLACK = 12
"""Characters a cut may move to fall between words."""


class Snippet(Struct, frozen=True, kw_only=True):
    """A cut from a text. `marks` are its matched words (code points of `text`, end exclusive)."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def snippet(text: str, terms: Iterable[str], width: int = 160) -> Snippet:
    """The stretch of about `width` characters with the most different matches.

    Args:
        text: what was said, as it is stored.
        terms: words of the question in any form; "blue" also marks "Blue", "café" "cafes".
            Stop words mark nothing unless there is nothing else.
        width: characters, without the "…" that stands where something was cut off.
    """
    return snippet_of(text, marked_terms(terms), width)


def snippet_of(text: str, wanted: frozenset[str], width: int = 160) -> Snippet:
    """As `snippet`, for a hit: `wanted` are its marks, or of `marked_terms`."""
    spans = term_spans(text[:_LOOKED_AT], wanted)
    start, end = _cut(text, _best_start(spans, width, len(text)), width)
    marks = [(s - start, e - start) for s, e, _ in spans if s >= start and e <= end]
    before = "…" if start > 0 else ""
    shown = text[start:end]
    return Snippet(
        text=before + shown + ("…" if end < len(text) else ""),
        marks=_merged(marks, offset=len(before)),
    )


def marked_terms(terms: Iterable[str]) -> frozenset[str]:
    """What the words of a question mark in a text."""
    found = [surface for term in terms for surface in surfaces(term)]
    telling = [surface for surface in found if surface.replace("'", "") not in STOP_TERMS]
    return frozenset(map(term_of, telling or found))


def _best_start(spans: list[tuple[int, int, str]], width: int, size: int) -> int:
    """Where a window of `width` sees the most different terms; centred on what it sees."""
    best, best_seen, first = 0, 0, 0
    seen: dict[str, int] = {}
    for last, (_, end, term) in enumerate(spans):
        seen[term] = seen.get(term, 0) + 1
        while first < last and end - spans[first][0] > width:
            left = spans[first][2]
            seen[left] -= 1
            if not seen[left]:
                del seen[left]
            first += 1
        if len(seen) > best_seen:
            best_seen = len(seen)
            best = (spans[first][0] + end - width) // 2
    return max(0, min(best, size - width))


def _cut(text: str, start: int, width: int) -> tuple[int, int]:
    """The window moved so that it neither begins nor ends within a word, where it can."""
    end = min(len(text), start + width)
    if start > 0:
        space = text.find(" ", start, start + _SLACK)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", max(start, end - _SLACK), end)
        end = space if space > start else end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _merged(marks: list[tuple[int, int]], *, offset: int) -> tuple[tuple[int, int], ...]:
    """Marks in order, those that touch or overlap (pairs of characters do) as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple((start + offset, end + offset) for start, end in merged)
