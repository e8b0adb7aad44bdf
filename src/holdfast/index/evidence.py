"""What a search found out about its candidates, before anything is weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats

__all__ = ["Evidence", "Spread", "Term", "Variants"]


_FARTHEST = 30.0
"""Deviations. Where weights are learned nothing lies beyond; a word that one of a million messages
has would lie at a thousand, and whatever weight it has would drown all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question that the vault knows."""

    text: str
    """As looked up: folded and stemmed."""
    rarity: float
    """Inverse document frequency, natural logarithm, above 0."""
    is_guess: bool = False
    """It stands for what the word was perhaps meant to be; the word itself is a term too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """Other words that a text may have in place of a word of the question."""

    words: tuple[str, ...]
    """As a person reads it: "oars", "near 'third'"."""
    which: NDArray[np.int16]
    """Which of them, counted from 1, each candidate has; 0: none or the word itself; shape (c,)."""

    def shown(self, candidate: int) -> str | None:
        """What a candidate has in place of the word; None when it is the word."""
        place = int(self.which[candidate])
        return self.words[place - 1] if place else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a score is distributed over everything in the vault."""

    mean: float
    deviation: float
    """Above 0, also when all are equal."""
    best: float
    """Of what the filter admits."""

    def standard(self, scores: Floats) -> Floats:
        """Distances from the mean in deviations, 30 at most."""
        found: Floats = (scores - self.mean) / self.deviation
        return np.minimum(found, _FARTHEST).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Facts about c candidates in an order of content (newest first), t terms of the question.

    An axis of length 3 holds the message itself, the one before and the one after it in its
    session; zero where there is none. Session facts of a memory are zero.
    """

    embedder: str
    """Name of what compared meanings."""
    ids: list[str]
    session_ids: list[str]
    speakers: list[str | None]
    """Casefolded."""
    roles: list[str]
    kinds: list[str]
    seqs: NDArray[np.int32]
    at_ms: NDArray[np.int64]
    is_memory: NDArray[np.bool_]
    shapes: NDArray[np.uint8]
    """Bits of `holdfast.index.shapes`."""
    selves: NDArray[np.uint8]
    """Words by which one speaks of oneself, per mille, 255 at most; shape (c,)."""
    after_question: NDArray[np.bool_]
    """What was said before it ends in a question mark; shape (c,)."""
    happened_ms: NDArray[np.int64]
    """First and last moment of the time it speaks of, -1 where of none, or where nobody asked for
    it; shape (2, c)."""
    among_people: NDArray[np.bool_]
    """The candidate's session has no message of an assistant."""

    terms: tuple[Term, ...]
    asked_words: int
    """Words of the question that were looked up, known or not."""
    counts: Floats
    """How often each term occurs; shape (3, t, c)."""
    pairs: Floats
    """Share of the question's neighbouring words, by their rarity, that stand near each other in
    the candidate itself, in either order; 0 for a question of one word; shape (c,)."""
    lengths: Floats
    """Words; shape (3, c)."""
    mean_length: float
    bm25: Floats
    """Shape (3, c)."""
    bm25_spread: Spread
    cosine: Floats
    """Shape (3, c)."""
    cosine_spread: Spread
    cosine_far: Floats
    """Of the message two before and the one two after; shape (2, c)."""
    cosine_light: Floats
    """By the index's own embedder, where a more accurate one compares; else 0; shape (3, c)."""
    session_counts: Floats
    """How often each term occurs in the candidate's session; shape (t, c)."""
    session_bm25: Floats
    """Shape (c,)."""
    session_best_bm25: float
    session_cosine: Floats
    """Of the session's closest message; shape (c,)."""
    session_opening: Floats
    """Of what the user opened the session with; of the closest message where the session is too
    long for that to say what it is about; shape (c,)."""
    title_counts: Floats
    """How often each term occurs in the title of the candidate's session, which the session's own
    counts have in them too; shape (t, c)."""
    variants: dict[int, Variants]
    """By the place of a term: what candidates may have in its place. Few terms have any."""
    marks: frozenset[str]
    """Terms that show in a text why it was found."""
    known_speakers: frozenset[str]
    """Everybody who speaks in this vault, casefolded."""

    def __len__(self) -> int:
        return len(self.ids)

    def rarities(self) -> NDArray[Any]:
        """Shape (t,)."""
        return np.array([term.rarity for term in self.terms], np.float32)
