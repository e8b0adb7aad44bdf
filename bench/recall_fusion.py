"""Learn the weights of `holdfast.recall` from conversations whose evidence is known.

    python bench/recall_fusion.py --data people=locomo_dev.jsonl.gz assistant=longmemeval.jsonl.gz \
        --licence people="CC BY-NC 4.0" assistant=MIT --write src/holdfast/recall/weights.json

Each set of weights is learned on its own file. The loss is listwise: each piece of evidence against
all candidates of its question that are none, softmax, weighted by one over the square root of the
pieces, with a quadratic penalty on standardised weights. Then the sums are scaled to log-odds
(Platt). The figures kept in the file are cross-validated by history: no conversation is measured
with weights that have seen it. Needs scipy.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from holdfast.bench.dataset import (
    History,
    Question,
    entries_of,
    now_of,
    read_histories,
    scored_questions,
)
from holdfast.bench.recall import Found, found_in, shares_of
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import Fusion, SetFile, WeightsFile
from holdfast.recall.ranking import weigh
from holdfast.recall.sessions import SESSION_FEATURES, session_table

FOLDS = 5
MESSAGE_PENALTY, SESSION_PENALTY = 10.0, 3.0
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One question: its candidates' features and which of them are evidence."""

    features: Matrix
    evidence: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A history with its index."""

    history: History
    index: VaultIndex

    def asks(self) -> list[tuple[Question, Ask]]:
        return [
            (q, Ask(question=q.question, now=now_of(self.history, q), include="messages"))
            for q in scored_questions(self.history)
        ]


def main() -> None:
    """Train, validate, print, and write when asked to."""
    args = _arguments()
    provenance: dict[str, object] = {
        "made": datetime.now(UTC).date().isoformat(),
        "method": "listwise logistic, L2, cross-validated by history; bench/recall_fusion.py",
        "embedder": StaticEmbedder.name,
        "sets": {},
    }
    messages, sessions = {}, {}
    for kind, path in args.data.items():
        histories = _indexed(Path(path))
        validated = shares_of(_cross_validated(histories, kind))
        messages[kind], sessions[kind] = _learned(histories, kind)
        fitted = shares_of(_found(histories, kind, messages[kind], sessions[kind]))
        provenance["sets"][kind] = {  # type: ignore[index]  # a dict, made above
            "data": Path(path).name,
            "licence": args.licence.get(kind, "unknown"),
            "histories": len(histories),
            "questions": validated.questions,
            "cross_validated": msgspec.to_builtins(validated),
            "on_its_own_data": msgspec.to_builtins(fitted),
        }
        print(kind, "cross-validated", validated, "\n  on its own data", fitted)
    file = WeightsFile(format=1, provenance=provenance, messages=messages, sessions=sessions)
    if args.write:
        raw = msgspec.json.format(msgspec.json.encode(file), indent=2)
        Path(args.write).write_bytes(raw + b"\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Learn the weights of recall.")
    parser.add_argument("--data", nargs=2, type=_pair, required=True, metavar="KIND=FILE")
    parser.add_argument("--licence", nargs="*", type=_pair, default=[], metavar="KIND=NAME")
    parser.add_argument("--write", metavar="FILE")
    args = parser.parse_args()
    args.data, args.licence = dict(args.data), dict(args.licence)
    if args.data.keys() != {"people", "assistant"}:
        parser.error("--data takes people=FILE and assistant=FILE")
    return args


def _pair(text: str) -> tuple[str, str]:
    kind, _, value = text.partition("=")
    return kind, value


def _indexed(path: Path) -> list[Indexed]:
    embedder, indexed = StaticEmbedder(), []
    for history in read_histories(path):
        index = VaultIndex(embedder)
        index.add(entries_of(history))
        indexed.append(Indexed(history, index))
    return indexed


def _cross_validated(histories: list[Indexed], kind: str) -> list[Found]:
    found = []
    for fold in range(FOLDS):
        rest = [h for at, h in enumerate(histories) if at % FOLDS != fold]
        held_out = histories[fold::FOLDS]
        found += _found(held_out, kind, *_learned(rest, kind))
    return found


def _found(
    histories: list[Indexed], kind: str, messages: SetFile, sessions: SetFile
) -> list[Found]:
    fusions = _fusion(messages, tuple(FEATURES)), _fusion(sessions, SESSION_FEATURES)
    return [
        found_in(h.history, h.index, question, messages=fusions[0], sessions=fusions[1])
        for h in histories
        for question, _ in h.asks()
    ]


def _fusion(weights: SetFile, names: tuple[str, ...]) -> Fusion:
    """One set for both kinds: the file is of one kind."""
    return Fusion({"people": weights, "assistant": weights}, names)


def _learned(histories: list[Indexed], kind: str) -> tuple[SetFile, SetFile]:
    """Message weights, then session weights on what the message weights make of it."""
    examples = _message_examples(histories)
    messages = _fit(examples, tuple(FEATURES), MESSAGE_PENALTY)
    fusion = _fusion(messages, tuple(FEATURES))
    sessions = _fit(_session_examples(histories, fusion), SESSION_FEATURES, SESSION_PENALTY)
    return messages, sessions


def _message_examples(histories: list[Indexed]) -> list[Example]:
    return [
        Example(
            weighed.features.astype(np.float64),
            np.isin(weighed.evidence.ids, question.evidence_messages),
        )
        for h in histories
        for question, ask in h.asks()
        for weighed in [weigh(ask, h.index, pool=600)]
    ]


def _session_examples(histories: list[Indexed], fusion: Fusion) -> list[Example]:
    examples = []
    for h in histories:
        for question, ask in h.asks():
            weighed = weigh(ask, h.index, pool=600, fusion=fusion)
            groups, table, _ = session_table(weighed)
            ids = [weighed.evidence.session_ids[rows[0]] for rows in groups]
            evidence = np.isin(ids, question.evidence_sessions)
            examples.append(Example(table.astype(np.float64), evidence))
    return examples


def _fit(examples: list[Example], names: tuple[str, ...], penalty: float) -> SetFile:
    """Weights by name and the bias that make the sums log-odds."""
    useful = [e for e in examples if e.evidence.any() and not e.evidence.all()]
    features = np.concatenate([e.features for e in useful])
    evidence = np.concatenate([e.evidence for e in useful])
    sizes = np.array([len(e.evidence) for e in useful])
    deviations = features.std(axis=0)
    deviations[deviations < 1e-6] = np.inf  # constant in this data: its weight becomes 0
    standard = (features - features.mean(axis=0)) / deviations
    weights = _listwise(standard, evidence, sizes, penalty)
    sums = features @ (weights / deviations)
    scale, bias = _platt(sums, evidence)
    values = weights / deviations * scale
    return SetFile(
        bias=round(float(bias), 4),
        weights={name: round(float(v), 4) for name, v in zip(names, values, strict=True)},
    )


def _listwise(
    features: Matrix, evidence: NDArray[np.bool_], sizes: NDArray[np.int64], penalty: float
) -> Matrix:
    starts = np.cumsum(sizes) - sizes
    question = np.repeat(np.arange(len(sizes)), sizes)
    pieces = np.add.reduceat(evidence.astype(np.float64), starts)
    importance = evidence / np.sqrt(pieces)[question]

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        sums = features @ weights
        sums -= np.maximum.reduceat(sums, starts)[question]
        odds = np.exp(sums)
        others = np.add.reduceat(odds * ~evidence, starts)[question]
        share = odds / (odds + others)
        total = -(importance * np.log(np.maximum(share, 1e-300)))[evidence].sum()
        blame = np.add.reduceat(np.where(evidence, importance / (odds + others), 0), starts)
        slope = np.where(evidence, -importance * (1 - share), odds * blame[question])
        gradient = features.T @ slope + penalty * weights
        cost = total + 0.5 * penalty * float(weights @ weights)
        return cost / len(sizes), gradient / len(sizes)

    start = np.zeros(features.shape[1])
    best: Matrix = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return best


def _platt(sums: Matrix, evidence: NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and bias under which the sums are the log-odds of being evidence."""

    def loss(line: Matrix) -> float:
        odds = np.exp(line[0]) * sums + line[1]
        return float(np.logaddexp(0, np.where(evidence, -odds, odds)).mean())

    scale, bias = minimize(loss, np.array([0.0, -sums.mean() - 5]), method="Nelder-Mead").x
    return float(np.exp(scale)), float(bias)


if __name__ == "__main__":
    main()
