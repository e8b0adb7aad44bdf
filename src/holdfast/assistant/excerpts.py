"""What a text is about, and the stretch of it that is worth quoting."""

from __future__ import annotations

import re
from collections.abc import Iterable

from holdfast.assistant.asking import sentence_spans
from holdfast.index.words import STOP_TERMS, surface_spans, surfaces, term_of

__all__ = ["excerpt", "subject_terms"]

_LOOKED_AT = 50_000
"""Characters of a text that are searched for the best place."""
_HOLLOW = frozenset(
    map(
        term_of,
        ("say", "said", "talk", "speak", "discuss", "chat", "ask", "remind", "thing", "something"),
    )
)
"""Words of talking about talking: they carry no subject, though recall may use them."""
_GRAM = re.compile(r"[^\x00-\u0dff]")


def subject_terms(text: str) -> frozenset[str]:
    """The terms that carry what a text is about; spelling of "-our" and "-or" made equal.

    Of scripts without spaces the pairs of characters, and single ones only where there is no pair.
    """
    found = {
        _folded(term_of(surface))
        for surface in surfaces(text[:_LOOKED_AT])
        if surface.replace("'", "").replace("’", "") not in STOP_TERMS
    }
    found -= _HOLLOW
    grams = {term for term in found if _GRAM.match(term)}
    if any(len(term) > 1 for term in grams):
        found -= {term for term in grams if len(term) == 1}
    return frozenset(found)


def _folded(term: str) -> str:
    # Only compared with terms folded the same way, so that "hour" becoming "hor" does no harm.
    return term.replace("our", "or")


def excerpt(text: str, terms: Iterable[str], *, max_chars: int = 280) -> str:
    """The part of a text around its matches: whole sentences, unaltered, "…" where it was cut.

    Args:
        text: what was said.
        terms: as `subject_terms` gives them.
        max_chars: about how long; a sentence that is longer is cut between words.
    """
    whole = text.strip()
    if len(whole) <= max_chars:
        return whole
    wanted = frozenset(terms)
    places = [
        (start, end)
        for surface, start, end in surface_spans(text[:_LOOKED_AT])
        if _folded(term_of(surface)) in wanted
    ]
    start, end = _best_stretch(text, places, max_chars)
    return _with_ellipses(text, start, end)


def _best_stretch(text: str, places: list[tuple[int, int]], max_chars: int) -> tuple[int, int]:
    """The sentence with most matches, grown by the following and preceding ones while they fit."""
    spans = sentence_spans(text)
    held = [sum(start <= at < end for at, _ in places) for start, end in spans]
    first = last = held.index(max(held))
    start, end = spans[first]
    if end - start > max_chars:
        inside = [place for place in places if start <= place[0] < end]
        return _cut_between_words(text, start, end, inside[0][0] if inside else start, max_chars)
    while last + 1 < len(spans) and spans[last + 1][1] - start <= max_chars:
        last += 1
        end = spans[last][1]
    while first > 0 and end - spans[first - 1][0] <= max_chars:
        first -= 1
        start = spans[first][0]
    return start, end


def _cut_between_words(
    text: str, first: int, last: int, match: int, max_chars: int
) -> tuple[int, int]:
    start = max(first, min(match - max_chars // 3, last - max_chars))
    end = min(last, start + max_chars)
    if start > first:
        space = text.find(" ", start, match)
        start = space + 1 if space >= 0 else start
    if end < last:
        space = text.rfind(" ", match, end)
        end = space if space > start else end
    return start, end


def _with_ellipses(text: str, start: int, end: int) -> str:
    before = "… " if text[:start].strip() else ""
    return before + text[start:end].strip() + (" …" if text[end:].strip() else "")
