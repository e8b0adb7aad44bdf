"""Names of speakers in a question: whom it names, and what it asks when they are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from holdfast.index.words import surfaces

__all__ = ["named_in", "without_names"]

_MAX_CHARS = 2_000
_WORD = re.compile(r"\S+\s*")


def named_in(question: str, speakers: Iterable[str]) -> frozenset[str]:
    """The speakers all of whose names' words stand in the question, "Ada's" as "Ada"."""
    words = {plain for surface in surfaces(question[:_MAX_CHARS]) for plain in _plain(surface)}
    parts = ((name, surfaces(name)) for name in speakers)
    return frozenset(name for name, of_name in parts if of_name and words.issuperset(of_name))


def without_names(question: str, speakers: Iterable[str]) -> str:
    """The question without the speakers it names; as it is when nothing else were left.

    Who spoke is known of every message without its words, and a name in the question draws its
    vector to whatever has names in it.
    """
    named = {surface for name in named_in(question, speakers) for surface in surfaces(name)}
    if not named:
        return question
    head, tail = question[:_MAX_CHARS], question[_MAX_CHARS:]
    kept = "".join(word for word in _WORD.findall(head) if not _is_of(word, named)) + tail
    return kept if surfaces(kept) else question


def _is_of(word: str, named: set[str]) -> bool:
    found = surfaces(word)
    return bool(found) and all(named.intersection(_plain(surface)) for surface in found)


def _plain(surface: str) -> tuple[str, ...]:
    return surface, surface.removesuffix("'s").removesuffix("’s")
