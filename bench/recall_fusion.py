"""Learn the weights of `holdfast.recall` from conversations whose evidence is known.

    make fusion ARGS="--data people=locomo_dev.jsonl.gz assistant=longmemeval_s_dev.jsonl.gz \
        --licence people='CC BY-NC 4.0' assistant=MIT --write src/holdfast/recall/weights.json"

Each set of weights is learned on its own file, for each embedder anew (`fusion_learning.py` says
how). The figures kept in the file are cross-validated by history, the mean of several partitions
into folds: no conversation is measured with weights that have seen it. `--ablations` also learns
without each group of features and writes a table and a plot. Needs scipy; MiniLM takes a while,
`--vectors FILE` keeps what it made.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from fusion_ablations import write_ablations
from fusion_examples import Case, cases_of, found_by
from fusion_learning import (
    facts_of,
    fusion_of,
    learned_confidence,
    learned_messages,
    learned_sessions,
)
from holdfast.bench.recall import Found, shares_of
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.minilm import MiniLMEmbedder
from holdfast.recall.confidence import CONFIDENCE_FEATURES, NOTHING, probability
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import SetFile, TierFile, WeightsFile
from holdfast.recall.sessions import SESSION_FEATURES

FOLDS = 5
PARTITIONS = 10
"""Ways of parting histories into folds: of so few questions one way says little."""
KINDS = ("people", "assistant")
_EMBEDDERS = {"static": StaticEmbedder.name, "minilm": MiniLMEmbedder.name}
_METHOD = "listwise logistic, L2, cross-validated by history; bench/recall_fusion.py"
_NONE: frozenset[str] = frozenset()


def main() -> None:
    """Train, validate, print, and write when asked to."""
    args = _arguments()
    tiers, figures = {}, {}
    for short in args.embedders:
        name = _EMBEDDERS[short]
        cases = {kind: cases_of(Path(args.data[kind]), name, args.vectors) for kind in KINDS}
        tiers[name] = _tier(cases)
        figures[name] = _figures(cases, tiers[name])
        print(short, msgspec.json.format(msgspec.json.encode(figures[name])).decode())
        if args.ablations and short == args.embedders[0]:
            measured = {kind: _measurer(_answerable(cases[kind])) for kind in KINDS}
            write_ablations(measured, args.ablations)
    file = WeightsFile(format=2, provenance=_provenance(args, figures), tiers=tiers)
    if args.write:
        raw = msgspec.json.format(msgspec.json.encode(file), indent=2)
        Path(args.write).write_bytes(raw + b"\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Learn the weights of recall.")
    parser.add_argument("--data", nargs=2, type=_pair, required=True, metavar="KIND=FILE")
    parser.add_argument("--licence", nargs="*", type=_pair, default=[], metavar="KIND=NAME")
    parser.add_argument("--embedders", nargs="+", choices=[*_EMBEDDERS], default=["static"])
    parser.add_argument("--vectors", type=Path, metavar="FILE")
    parser.add_argument("--ablations", type=Path, metavar="FOLDER")
    parser.add_argument("--write", metavar="FILE")
    args = parser.parse_args()
    args.data, args.licence = dict(args.data), dict(args.licence)
    if args.data.keys() != set(KINDS):
        parser.error("--data takes people=FILE and assistant=FILE")
    return args


def _pair(text: str) -> tuple[str, str]:
    kind, _, value = text.partition("=")
    return kind, value


def _provenance(args: argparse.Namespace, figures: dict[str, object]) -> dict[str, object]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "made": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "method": _METHOD,
        "sets": {
            kind: {
                "data": Path(args.data[kind]).name,
                "licence": args.licence.get(kind, "unknown"),
            }
            for kind in KINDS
        },
        "figures": figures,
    }


def _tier(cases: dict[str, list[Case]]) -> TierFile:
    learned = {kind: _learned(_answerable(of_kind)) for kind, of_kind in cases.items()}
    return TierFile(
        messages={kind: one[0] for kind, one in learned.items()},
        sessions={kind: one[1] for kind, one in learned.items()},
        confidence={
            kind: learned_confidence(_answerable(cases[kind]), one[0])
            for kind, one in learned.items()
        },
    )


def _figures(cases: dict[str, list[Case]], tier: TierFile) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind in KINDS:
        other = KINDS[1 - KINDS.index(kind)]
        mine = _answerable(cases[kind])
        found[kind] = {
            "histories": len({case.history for case in mine}),
            "partitions": _partitions(mine),
            "cross_validated": {**_shares(_cross_validated(mine)), "questions": len(mine)},
            "on_its_own_data": _shares(_found(mine, tier.messages[kind], tier.sessions[kind])),
            f"with_weights_of_{other}": _shares(
                _found(mine, tier.messages[other], tier.sessions[other])
            ),
            "confidence": _confidence(cases[kind]),
        }
    return found


def _answerable(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.answerable]


def _shares(found: list[Found]) -> dict[str, object]:
    shares: dict[str, object] = msgspec.to_builtins(shares_of(found))
    return shares


def _learned(cases: list[Case], without: frozenset[str] = _NONE) -> tuple[SetFile, SetFile]:
    messages = learned_messages(cases, without=without)
    return messages, learned_sessions(cases, messages, without=without)


def _partitions(cases: list[Case]) -> int:
    """One when each history is a fold of its own: then all are the same."""
    return PARTITIONS if len({case.history for case in cases}) > FOLDS else 1


def _folds(cases: list[Case], partition: int = 0) -> Iterator[tuple[list[Case], list[Case]]]:
    """What to learn from and what is held out, by history; the first partition by its number."""
    histories = sorted({case.history for case in cases})
    order = np.arange(len(histories))
    if partition:
        order = np.random.default_rng(partition).permutation(order)
    fold_of = dict(zip(histories, (order % FOLDS).tolist(), strict=True))
    for fold in range(FOLDS):
        rest = [case for case in cases if fold_of[case.history] != fold]
        yield rest, [case for case in cases if fold_of[case.history] == fold]


def _cross_validated(cases: list[Case], without: frozenset[str] = _NONE) -> list[Found]:
    """Of every partition, one after the other: a share of all of it is the mean."""
    found = []
    for partition in range(_partitions(cases)):
        for rest, held_out in _folds(cases, partition):
            found += _found(held_out, *_learned(rest, without))
    return found


def _measurer(cases: list[Case]) -> Callable[[frozenset[str]], list[Found]]:
    return lambda without: _cross_validated(cases, without)


def _found(cases: list[Case], messages: SetFile, sessions: SetFile) -> list[Found]:
    fusions = fusion_of(messages, tuple(FEATURES)), fusion_of(sessions, SESSION_FEATURES)
    return [found_by(case, *fusions) for case in cases]


def _confidence(cases: list[Case]) -> dict[str, float]:
    """How well it tells, cross-validated, questions with an answer from those without."""
    with_answer, taken_away, never = [], [], []
    for rest, held_out in _folds(cases):
        known = _answerable(rest)
        messages = learned_messages(known)
        fusion = fusion_of(messages, tuple(FEATURES))
        judge = fusion_of(learned_confidence(known, messages), CONFIDENCE_FEATURES)

        def sure(case: Case, weighed: object = None) -> float:
            facts = facts_of(case, fusion, weighed)  # noqa: B023  # called in this round
            people = np.array([False])
            return probability(judge.scores(judge.parts(facts, people), people))  # noqa: B023

        with_answer += [sure(case) for case in held_out if case.answerable]
        taken_away += [sure(case, case.without) for case in held_out if case.answerable]
        never += [sure(case) for case in held_out if not case.answerable]
    return _judged(np.array(with_answer), np.array(taken_away), np.array(never))


def _judged(answered: np.ndarray, taken_away: np.ndarray, never: np.ndarray) -> dict[str, float]:
    said_nothing = np.concatenate([taken_away < NOTHING, answered < NOTHING])
    truly = np.arange(len(said_nothing)) < len(taken_away)
    right = float((said_nothing & truly).sum())
    return {
        "answered": len(answered),
        "unanswerable": len(never),
        "threshold": NOTHING,
        "auc_taken_away": _auc(answered, taken_away),
        "auc_unanswerable": _auc(answered, never),
        "nothing_is_right": round(100 * right / max(int(said_nothing.sum()), 1), 1),
        "nothing_is_said_of_taken_away": round(100 * right / max(len(taken_away), 1), 1),
        "nothing_is_said_of_answered": round(100 * float((answered < NOTHING).mean()), 1),
        "nothing_is_said_of_unanswerable": (
            round(100 * float((never < NOTHING).mean()), 1) if len(never) else 0.0
        ),
    }


def _auc(higher: np.ndarray, lower: np.ndarray) -> float:
    """How often a question with an answer is trusted more than one without."""
    if not len(lower):
        return 0.0
    above = (higher[:, None] > lower).mean() + 0.5 * (higher[:, None] == lower).mean()
    return round(float(above), 3)


if __name__ == "__main__":
    main()
