"""The parts of a score in words a person understands."""

from __future__ import annotations

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.recall.asking import Reason
from holdfast.recall.features import FEATURES
from holdfast.recall.questions import Question

__all__ = ["reasons"]

_GROUPS = {
    "same words": ("bm25", "bm25_z", "window", "window_z", "coverage", "coverage_window"),
    "similar meaning": ("cosine", "cosine_z"),
    "said around it": ("bm25_before", "bm25_after", "cosine_before", "cosine_after"),
    "same conversation": ("session", "session_coverage", "session_cosine"),
    "who spoke": ("names_speaker", "names_another", "by_assistant", "answers_you"),
    "said then": ("said_then", "said_around"),
    "states a number": ("has_number",),
    "states a time": ("has_date",),
    "form": ("length", "asks", "opens"),
}
"""Features that mean the same to a person are one reason; "form" is never shown."""
_COLUMNS = {
    name: [list(FEATURES).index(feature) for feature in features]
    for name, features in _GROUPS.items()
}
_MAX_REASONS = 4
_SMALLEST = 0.05


def reasons(evidence: Evidence, question: Question, parts: Floats, at: int) -> tuple[Reason, ...]:
    """What speaks for candidate `at`, the strongest first; `parts` are its parts of the score."""
    sums = {name: float(parts[columns].sum()) for name, columns in _COLUMNS.items()}
    shown = [
        Reason(name=label, value=round(value, 3), words=_words(name, evidence, question, at))
        for name, value in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
        if value >= _SMALLEST and (label := _label(name, evidence, question, at))
    ]
    return tuple(shown[:_MAX_REASONS])


def _label(name: str, evidence: Evidence, question: Question, at: int) -> str | None:
    """The words for a reason, None when it says nothing about this candidate."""
    if name == "form":
        return None
    if name == "same words" and not _words(name, evidence, question, at):
        return None
    if name == "who spoke":
        return f"said by {evidence.speakers[at]}" if evidence.speakers[at] else "who spoke"
    if name == "said then":
        return f"said {question.times[0].words}" if question.times else None
    return name


def _words(name: str, evidence: Evidence, question: Question, at: int) -> tuple[str, ...]:
    if name == "same words":
        counts = evidence.counts[0, :, at]
    elif name == "said around it":
        counts = evidence.counts[1:, :, at].max(axis=0)
    elif name == "same conversation":
        counts = evidence.session_counts[:, at]
    else:
        return ()
    found = zip(evidence.terms, counts, strict=True)
    return tuple(question.spelling(term.text) for term, count in found if count > 0)
