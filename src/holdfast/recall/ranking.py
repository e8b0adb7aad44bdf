"""From a question to ranked messages and memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from holdfast.clock import from_ms
from holdfast.index.embedder import Floats
from holdfast.index.entries import Filter
from holdfast.index.evidence import Evidence
from holdfast.index.happenings import NEVER
from holdfast.index.queries import Query, parse
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.anchors import anchor_in
from holdfast.recall.asking import Ask, Ranked, filter_of
from holdfast.recall.confidence import CONFIDENCE_FEATURES, best_facts, probability
from holdfast.recall.dates import Mention
from holdfast.recall.features import FEATURES, matrix
from holdfast.recall.fusion import GIVEN, Fusion, shipped_weights
from holdfast.recall.questions import Question, read, times_in
from holdfast.recall.reasons import reasons

__all__ = ["Answer", "Weighed", "answer", "given_way", "rank", "weigh"]

_POOL = 600
"""Candidates looked at closely: enough that the cut costs no evidence on the development data."""
_LARGEST_POOL = 20_000
_QUOTED = 0.3
"""What the next message of a conversation with an assistant loses, times ln(1 + its better ones): a
question that needs several things finds them in several such conversations. People come back to a
subject within one conversation: there it would cost half a point of LoCoMo."""
_HELD_AROUND = list(FEATURES).index("coverage_window")
_HOLDS_EVENT = 0.5
"""Share of an event's words that must stand together for a time to be counted from there."""
_SCORE_DIGITS = 6
"""Scores nearer than this are equal, and content decides: floating-point sums over the vault
depend in their last digits on the order in which it was filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Candidates with their features and scores, in the order of the evidence."""

    evidence: Evidence
    question: Question
    features: Floats
    """Shape (c, len(FEATURES))."""
    parts: Floats
    """What each feature adds to the score; shape (c, len(FEATURES))."""
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found for a question."""

    hits: list[Ranked]
    confidence: float
    """How likely it is that one of the best hits belongs to an answer, 0 to 1; the same for every
    page of it. Below `holdfast.recall.confidence.NOTHING` there is nothing relevant."""
    weighed: Weighed
    """What the hits were chosen from."""

    def explained(self, hits: Sequence[Ranked]) -> list[Ranked]:
        """Some of the hits, with their reasons."""
        weighed = self.weighed
        place = {one: at for at, one in enumerate(weighed.evidence.ids)}
        places = [place[one.id] for one in hits]
        why = reasons(weighed.evidence, weighed.question, weighed.parts, places)
        return [structs.replace(one, reasons=whys) for one, whys in zip(hits, why, strict=True)]


def rank(ask: Ask, index: VaultIndex, *, fusion: Fusion | None = None) -> list[Ranked]:
    """The hits of `answer`.

    Raises:
        BadInput: see `Ask`.
    """
    return answer(ask, index, fusion=fusion).hits


def answer(ask: Ask, index: VaultIndex, *, fusion: Fusion | None = None) -> Answer:
    """The best answers first; equals by time, newest first, then by seq and id.

    A conversation that has been quoted already gives way a little to others. What says the very
    same words as a better hit is folded into it.

    Args:
        ask: what is asked.
        index: of the vault that is asked.
        fusion: other weights than the shipped ones.

    Raises:
        BadInput: see `Ask`.
    """
    needed = ask.offset + ask.limit
    pool = max(_POOL, 3 * needed)
    weighed = weigh(ask, index, pool=pool, fusion=fusion)
    folded = _folded(weighed, index, needed)
    if len(folded) < min(needed, len(weighed.evidence)) and len(weighed.evidence) < len(index):
        # One text, said over and over, fills the pool: look at what stands behind it, too.
        weighed = weigh(ask, index, pool=max(_LARGEST_POOL, pool), fusion=fusion)
        folded = _folded(weighed, index, needed)
    found = Answer(
        hits=_shown(weighed, folded[ask.offset : needed]),
        confidence=_confidence(weighed),
        weighed=weighed,
    )
    return replace(found, hits=found.explained(found.hits)) if ask.explained else found


@dataclass(slots=True)
class _Folded:
    """A candidate by its place, with what is left of its score and how often its words came."""

    at: int
    score: float
    repeats: int = 0


def _folded(weighed: Weighed, index: VaultIndex, needed: int) -> list[_Folded]:
    """The best candidates with different words, best first, as many as are needed."""
    evidence = weighed.evidence
    scores = given_way(weighed)
    found: dict[object, _Folded] = {}
    order = np.argsort(-scores, kind="stable").tolist()
    for start in range(0, len(order), max(needed, 1)):
        batch = order[start : start + needed]
        wordings = index.wordings([evidence.ids[at] for at in batch])
        for at, wording in zip(batch, wordings, strict=True):
            same = (wording, evidence.roles[at], bool(evidence.is_memory[at])) if wording else at
            if same in found:
                found[same].repeats += 1
            elif len(found) == needed:
                return list(found.values())
            else:
                found[same] = _Folded(at, float(scores[at]))
    return list(found.values())


def given_way(weighed: Weighed) -> NDArray[np.float64]:
    """The scores less what a conversation's second and further messages lose; shape (c,)."""
    return np.round(weighed.scores - _QUOTED * np.log1p(_nth_of_session(weighed)), _SCORE_DIGITS)


def _nth_of_session(weighed: Weighed) -> NDArray[np.float64]:
    """How many better candidates there are of the same conversation with an assistant; 0 for a
    memory and among people."""
    evidence = weighed.evidence
    nth = np.zeros(len(evidence))
    met: dict[str, int] = {}
    for at in np.argsort(-weighed.scores, kind="stable").tolist():
        if not evidence.is_memory[at] and not evidence.among_people[at]:
            session = evidence.session_ids[at]
            nth[at] = met[session] = met.get(session, -1) + 1
    return nth


def _shown(weighed: Weighed, folded: list[_Folded]) -> list[Ranked]:
    evidence = weighed.evidence
    held = (evidence.counts[0] > 0).sum(axis=0)
    return [
        Ranked(
            id=evidence.ids[one.at],
            session_id=evidence.session_ids[one.at],
            seq=int(evidence.seqs[one.at]),
            is_memory=bool(evidence.is_memory[one.at]),
            score=one.score,
            reasons=(),
            held=int(held[one.at]),
            marks=evidence.marks,
            repeats=one.repeats,
        )
        for one in folded
    ]


def _confidence(weighed: Weighed) -> float:
    if not len(weighed.evidence):
        return 0.0
    facts = best_facts(weighed.evidence, weighed.features, weighed.scores)
    people = weighed.evidence.among_people[[int(np.argmax(weighed.scores))]]
    fusion = _judging(weighed.evidence.embedder)
    return round(probability(fusion.scores(fusion.parts(facts, people), people)), 3)


def weigh(ask: Ask, index: VaultIndex, *, pool: int, fusion: Fusion | None = None) -> Weighed:
    """Candidates for an ask and what speaks for each, unsorted.

    Raises:
        BadInput: see `Ask`.
    """
    where = filter_of(ask)
    query = parse(ask.question, typing=ask.as_you_type, operators=ask.operators, slips=ask.slips)
    times = times_in(query.text, now=ask.now) or _by_event(ask, query.text, index, pool)
    return _weigh(query, where, times, index, pool, fusion, dated=bool(times))


def _by_event(ask: Ask, text: str, index: VaultIndex, pool: int) -> tuple[Mention, ...]:
    """The time that a question gives by an event, when the vault knows of the event.

    The event is found by the shipped weights, whatever is tried or learned with others.
    """
    anchor = anchor_in(text)
    if anchor is None:
        return ()
    # The event may lie outside the time that is asked about.
    where = filter_of(structs.replace(ask, since=None, until=None, days_back=None))
    event = parse(anchor.event, operators=False, slips=ask.slips)
    found = _weigh(event, where, (), index, pool, None, dated=True)
    if not len(found.evidence):
        return ()
    best = int(np.argmax(found.scores))
    if found.features[best, _HELD_AROUND] < _HOLDS_EVENT:
        return ()
    start, end = found.evidence.happened_ms[:, best].tolist()
    if start == NEVER:
        start = end = int(found.evidence.at_ms[best])
    try:
        span = anchor.span(from_ms(start), from_ms(end))
    except OverflowError:  # 900 years before
        return ()
    return (Mention(start=span[0], end=span[1], words=anchor.words),)


def _weigh(
    query: Query,
    where: Filter,
    times: tuple[Mention, ...],
    index: VaultIndex,
    pool: int,
    fusion: Fusion | None,
    *,
    dated: bool,
) -> Weighed:
    evidence = index.search(query, where=where, pool=pool, dated=dated)
    question = read(query.text, times=times, speakers=evidence.known_speakers)
    features = matrix(evidence, question)
    weights = fusion or _shipped(evidence.embedder)
    parts = weights.parts(features, evidence.among_people)
    scores = weights.scores(parts, evidence.among_people)
    return Weighed(
        evidence=evidence,
        question=question,
        features=features,
        parts=parts,
        scores=np.round(scores, _SCORE_DIGITS),
    )


@cache
def _shipped(embedder: str) -> Fusion:
    return Fusion(shipped_weights().tier(embedder).messages, FEATURES, given=GIVEN)


@cache
def _judging(embedder: str) -> Fusion:
    return Fusion(shipped_weights().tier(embedder).confidence, CONFIDENCE_FEATURES)
