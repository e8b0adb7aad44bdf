"""From questions with known evidence to weights.

Messages and sessions: listwise, each piece of evidence against all candidates of its question that
are none, softmax, weighted by one over the square root of the pieces, with a quadratic penalty on
standardised weights; then scaled to log-odds (Platt). What can only speak for a candidate gets no
negative weight: that costs nothing here and keeps more on conversations of another kind.
Confidence: logistic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fusion_examples import Case
from holdfast.index.embedder import Floats
from holdfast.recall.confidence import CONFIDENCE_FEATURES, best_facts
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import GIVEN, Fusion, SetFile
from holdfast.recall.ranking import Weighed
from holdfast.recall.sessions import SESSION_FEATURES, session_table

PENALTIES = {"messages": 10.0, "sessions": 1.0, "confidence": 3.0}
_HARD, _EVERY = 400, 8
_EITHER_WAY = frozenset(
    (
        "names_another",
        "by_assistant",
        "length",
        "length_before",
        "length_after",
        "asks",
        "opens",
        "after_question",
        "of_oneself",
    )
)
"""Features that may also speak against a candidate; no session has any of them."""
_MESSAGES = tuple(FEATURES)
_CRUDE = [_MESSAGES.index(name) for name in ("window", "cosine", "session_cosine")]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One question: its candidates' features and which of them are evidence."""

    features: Floats
    evidence: NDArray[np.bool_]


def fusion_of(weights: SetFile, names: tuple[str, ...]) -> Fusion:
    """One set for both kinds of conversation."""
    return Fusion({"people": weights, "assistant": weights}, names, given=_given(names))


def _given(names: tuple[str, ...]) -> dict[str, float]:
    """Weights that are not learned; a session's "coverage" is another than a message's."""
    return GIVEN if names == _MESSAGES else {}


def learned_messages(cases: list[Case], *, without: frozenset[str] = frozenset()) -> SetFile:
    """Weights for messages; some features may be left out."""
    examples = [Example(c.weighed.features, c.evidence) for c in cases]
    return _fit(examples, _MESSAGES, PENALTIES["messages"], without)


def learned_sessions(
    cases: list[Case], messages: SetFile, *, without: frozenset[str] = frozenset()
) -> SetFile:
    """Weights for sessions, on what the weights for messages make of these cases."""
    fusion, examples = fusion_of(messages, _MESSAGES), []
    for case in cases:
        weighed = case.scored(fusion)
        groups, table, _ = session_table(weighed)
        ids = [weighed.evidence.session_ids[rows[0]] for rows in groups]
        evidence = np.isin(ids, case.question.evidence_sessions)
        examples.append(Example(table, evidence))
    return _fit(examples, SESSION_FEATURES, PENALTIES["sessions"], without)


def learned_confidence(cases: list[Case], messages: SetFile) -> SetFile:
    """Weights that tell cases from the same cases without their evidence."""
    fusion = fusion_of(messages, _MESSAGES)
    facts = [facts_of(case, fusion, weighed) for case in cases for weighed in _both(case)]
    features = np.concatenate(facts).astype(np.float64)
    answered = np.tile([True, False], len(cases))
    middle, width = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    standard = (features - middle) / width

    def loss(line: Matrix) -> tuple[float, Matrix]:
        sums = standard @ line[1:] + line[0]
        cost = np.logaddexp(0, np.where(answered, -sums, sums)).sum()
        slope = 1 / (1 + np.exp(-sums)) - answered
        gradient = np.concatenate([[slope.sum()], standard.T @ slope])
        penalty = PENALTIES["confidence"]
        gradient[1:] += penalty * line[1:]
        return float(cost + 0.5 * penalty * line[1:] @ line[1:]), gradient

    line = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = line[1:] / width
    return _rounded(CONFIDENCE_FEATURES, weights, line[0] - middle @ weights)


def facts_of(case: Case, fusion: Fusion, weighed: Weighed | None = None) -> Matrix:
    """What the confidence rests on for a case."""
    scored = case.scored(fusion, weighed)
    return best_facts(scored.evidence, scored.features, scored.scores)


def _both(case: Case) -> list[Weighed]:
    if case.without is None:
        raise ValueError("a case without an answer cannot be told from itself")
    return [case.weighed, case.without]


def _fewer(example: Example) -> Example:
    """The evidence, the likeliest other candidates, and a few of the rest."""
    if len(example.evidence) <= _HARD or example.features.shape[1] != len(_MESSAGES):
        return example
    crude = example.features[:, _CRUDE].sum(axis=1)
    kept = np.zeros(len(crude), bool)
    kept[np.argsort(-crude, kind="stable")[:_HARD]] = True
    kept[::_EVERY] = True
    kept |= example.evidence
    return Example(example.features[kept], example.evidence[kept])


def _fit(
    examples: list[Example], names: tuple[str, ...], penalty: float, without: frozenset[str]
) -> SetFile:
    """Weights by name and the bias that make the sums log-odds."""
    useful = [e for e in examples if e.evidence.any() and not e.evidence.all()]
    fewer = [_fewer(e) for e in useful]
    features = np.concatenate([e.features for e in fewer]).astype(np.float64)
    evidence = np.concatenate([e.evidence for e in fewer])
    sizes = np.array([len(e.evidence) for e in fewer])
    deviations = features.std(axis=0)
    left_out = np.array([name in without or name in _given(names) for name in names])
    deviations[(deviations < 1e-6) | left_out] = np.inf  # its weight becomes 0
    standard = ((features - features.mean(axis=0)) / deviations).astype(np.float32)
    free = [name in _EITHER_WAY for name in names]
    weights = _listwise(standard, evidence, sizes, penalty, free) / deviations
    sums = np.concatenate([e.features @ weights for e in useful])
    scale, bias = _platt(sums, np.concatenate([e.evidence for e in useful]))
    return _rounded(names, weights * scale, bias)


def _rounded(names: tuple[str, ...], weights: Matrix, bias: float) -> SetFile:
    pairs = zip(names, weights.tolist(), strict=True)
    return SetFile(
        bias=round(float(bias), 4),
        weights={name: round(value, 4) for name, value in pairs if round(value, 4)},
    )


def _listwise(
    features: NDArray[np.float32],
    evidence: NDArray[np.bool_],
    sizes: NDArray[np.int64],
    penalty: float,
    free: list[bool],
) -> Matrix:
    starts = np.cumsum(sizes) - sizes
    question = np.repeat(np.arange(len(sizes)), sizes)
    pieces = np.add.reduceat(evidence.astype(np.float64), starts)
    importance = evidence / np.sqrt(pieces)[question]

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        sums = (features @ weights.astype(np.float32)).astype(np.float64)
        sums -= np.maximum.reduceat(sums, starts)[question]
        odds = np.exp(sums)
        others = np.add.reduceat(odds * ~evidence, starts)[question]
        share = odds / (odds + others)
        total = -(importance * np.log(np.maximum(share, 1e-300)))[evidence].sum()
        blame = np.add.reduceat(np.where(evidence, importance / (odds + others), 0), starts)
        slope = np.where(evidence, -importance * (1 - share), odds * blame[question])
        gradient = features.T @ slope.astype(np.float32) + penalty * weights
        cost = total + 0.5 * penalty * float(weights @ weights)
        return cost / len(sizes), gradient / len(sizes)

    start, most = np.zeros(features.shape[1]), {"maxiter": 150}
    bounds = [(None if one else 0, None) for one in free]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=most)
    best: Matrix = found.x
    return best


def _platt(sums: Matrix, evidence: NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and bias under which the sums are the log-odds of being evidence."""

    def loss(line: Matrix) -> float:
        odds = np.exp(line[0]) * sums + line[1]
        return float(np.logaddexp(0, np.where(evidence, -odds, odds)).mean())

    scale, bias = minimize(loss, np.array([0.0, -sums.mean() - 5]), method="Nelder-Mead").x
    return float(np.exp(scale)), float(bias)
