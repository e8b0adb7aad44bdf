"""The parts of a score in words a person understands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.recall.asking import Reason
from holdfast.recall.features import FEATURES
from holdfast.recall.questions import Question

__all__ = ["GROUPS", "reasons"]

GROUPS = {
    "same words": (
        "bm25",
        "bm25_z",
        "window",
        "window_z",
        "coverage",
        "coverage_window",
        "pairs",
        "window_squared",
        "words_and_meaning",
    ),
    "similar meaning": ("cosine", "cosine_z", "cosine_light"),
    "said around it": (
        "bm25_before",
        "bm25_after",
        "cosine_before",
        "cosine_after",
        "cosine_light_before",
        "cosine_light_after",
        "cosine_2_before",
        "cosine_2_after",
    ),
    "same conversation": (
        "session",
        "session_coverage",
        "session_cosine",
    ),
    "who spoke": ("names_speaker", "names_another", "by_assistant", "answers_you"),
    "title of the conversation": ("title",),
    "said then": ("said_then", "said_around", "only_then"),
    "speaks of then": ("happened_then", "happened_around"),
    "answers a question": ("after_question",),
    "about oneself": ("of_oneself",),
    "newest": ("newer",),
    "states a number": ("has_number",),
    "states a time": ("has_date",),
    "form": ("length", "length_before", "length_after", "asks", "opens"),
}
"""Features that mean the same to a person are one reason; "form" is never shown."""
_COLUMNS = {
    name: [list(FEATURES).index(feature) for feature in features]
    for name, features in sorted(GROUPS.items())
}
"""By name: equally strong reasons are told in this order."""
_NAMES = list(_COLUMNS)
_MAX_REASONS = 4
_SMALLEST = 0.05
_Words: TypeAlias = dict[str, list[tuple[str, ...]]]


def reasons(
    evidence: Evidence, question: Question, parts: Floats, candidates: Sequence[int]
) -> list[tuple[Reason, ...]]:
    """What speaks for each of the candidates, the strongest first.

    Args:
        parts: the parts of every candidate's score; shape (c, len(FEATURES)).
        candidates: whose reasons are wanted, by their place in the evidence.
    """
    chosen = np.asarray(candidates, np.intp)
    of_chosen = parts[chosen]
    sums = np.stack([of_chosen[:, columns].sum(axis=1) for columns in _COLUMNS.values()], axis=1)
    words = _words(evidence, question, chosen)
    strongest = np.argsort(-sums, axis=1, kind="stable").tolist()
    ranked = [
        [(_NAMES[n], values[n]) for n in order]
        for order, values in zip(strongest, sums.tolist(), strict=True)
    ]
    return [
        _reasons(of_one, evidence, question, at, place, words)
        for place, (at, of_one) in enumerate(zip(candidates, ranked, strict=True))
    ]


def _reasons(
    ranked: list[tuple[str, float]],
    evidence: Evidence,
    question: Question,
    at: int,
    place: int,
    words: _Words,
) -> tuple[Reason, ...]:
    shown: list[Reason] = []
    for name, value in ranked:
        if value < _SMALLEST or len(shown) == _MAX_REASONS:
            break
        found = words[name][place] if name in words else ()
        label = _label(name, evidence, question, at)
        if label and (found or name != "same words"):
            shown.append(Reason(name=label, value=round(value, 3), words=found))
    return tuple(shown)


def _label(name: str, evidence: Evidence, question: Question, at: int) -> str | None:
    """The words for a reason, None when it is never shown or nobody can say it."""
    if name == "form":
        return None
    if name == "who spoke":
        return f"said by {evidence.speakers[at]}" if evidence.speakers[at] else "who spoke"
    if name == "said then":
        return f"said {question.times[0].words}" if question.times else None
    if name == "speaks of then":
        return f"speaks of {question.times[0].words}" if question.times else None
    return name


def _words(evidence: Evidence, question: Question, chosen: NDArray[np.intp]) -> _Words:
    """The question's words that a reason is about, for each of the chosen candidates."""
    spelled = [question.spelling(term.text) for term in evidence.terms]
    counts = evidence.counts[:, :, chosen]
    held = {
        "same words": counts[0],
        "said around it": counts[1:].max(axis=0),
        "same conversation": evidence.session_counts[:, chosen],
        "title of the conversation": evidence.title_counts[:, chosen],
    }
    found = {
        name: [tuple(compress(spelled, there)) for there in (of_terms > 0).T.tolist()]
        for name, of_terms in held.items()
    }
    if evidence.variants:
        found["same words"] = [_as_held(evidence, spelled, at) for at in chosen.tolist()]
    return found


def _as_held(evidence: Evidence, spelled: list[str], candidate: int) -> tuple[str, ...]:
    """The question's words that a candidate has; what it has in their place, where it does."""
    shown = []
    for number in np.flatnonzero(evidence.counts[0, :, candidate]).tolist():
        variants = evidence.variants.get(number)
        instead = variants.shown(candidate) if variants else None
        shown.append(instead or spelled[number])
    return tuple(dict.fromkeys(shown))
