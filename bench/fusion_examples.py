"""Questions with the features of what a search finds for them, to learn from and to measure on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from holdfast.bench.dataset import (
    History,
    Question,
    entries_of,
    now_of,
    read_histories,
    scored_questions,
)
from holdfast.bench.recall import Found
from holdfast.index.embedder import Embedder, Floats, StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.minilm import MiniLMEmbedder
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import Fusion, SetFile
from holdfast.recall.ranking import Weighed, given_way, weigh
from holdfast.recall.sessions import session_table

POOL = 600
_DEPTH = 20
_CUT = 300
_UNWEIGHED = Fusion({k: SetFile(0.0, {}) for k in ("people", "assistant")}, FEATURES)
"""What is learned must not depend on what was learned before."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question with all its candidates; `without` the same, its conversations taken away."""

    history: int
    question: Question
    weighed: Weighed
    evidence: NDArray[np.bool_]
    without: Weighed | None
    answerable: bool

    def scored(self, fusion: Fusion, weighed: Weighed | None = None) -> Weighed:
        """The candidates with the scores that these weights give."""
        known = weighed or self.weighed
        people = known.evidence.among_people
        scores = fusion.scores(fusion.parts(known.features, people), people)
        return replace(known, scores=np.round(scores, 6))


class Kept:
    """A slow embedder whose vectors are kept in a file; of an assistant's long texts the head."""

    def __init__(self, real: Embedder, file: Path | None) -> None:
        self._real, self._file = real, file
        self.name, self.dims = real.name, real.dims
        self._known: dict[str, Floats] = {}
        if file and file.exists():
            kept = np.load(file)
            self._known = dict(zip(kept["keys"].tolist(), kept["rows"], strict=True))

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), dims)."""
        keys = [hashlib.blake2b(t.encode("utf-8", "replace"), digest_size=8) for t in texts]
        rows = np.zeros((len(texts), self.dims), np.float32)
        for at, (key, text) in enumerate(zip(keys, texts, strict=True)):
            name = key.hexdigest()
            if name not in self._known:
                head = text if len(text) < 4 * _CUT else text[:_CUT]
                self._known[name] = self._real.embed([head])[0]
            rows[at] = self._known[name]
        return rows

    def save(self) -> None:
        """Write the file."""
        if self._file:
            keys, rows = np.array(list(self._known)), np.array(list(self._known.values()))
            np.savez(self._file, keys=keys, rows=rows)


def cases_of(path: Path, embedder: str, vectors: Path | None) -> list[Case]:
    """Every question of a file."""
    tier = Kept(MiniLMEmbedder(), vectors) if embedder == MiniLMEmbedder.name else None
    static, cases = StaticEmbedder(), []
    for number, history in enumerate(read_histories(path)):
        cases += _cases(number, history, _index(history, static, tier))
    if tier is not None:
        tier.save()
    return cases


def found_by(case: Case, messages: Fusion, sessions: Fusion) -> Found:
    """Where the evidence of a case stands."""
    weighed = case.scored(messages)
    ids = weighed.evidence.ids
    order = np.argsort(-given_way(weighed), kind="stable")[:_DEPTH]
    groups, table, people = session_table(weighed)
    scores = np.round(sessions.scores(sessions.parts(table, people), people), 6)
    best = np.argsort(-scores, kind="stable")[:_DEPTH]
    ranked = [weighed.evidence.session_ids[groups[at][0]] for at in best.tolist()]
    wanted = set(case.question.evidence_messages), set(case.question.evidence_sessions)
    return Found(
        category=case.question.category,
        messages=tuple(n for n, at in enumerate(order.tolist()) if ids[at] in wanted[0]),
        sessions=tuple(n for n, session in enumerate(ranked) if session in wanted[1]),
        message_count=len(wanted[0]),
        session_count=len(wanted[1]),
    )


def _index(history: History, static: StaticEmbedder, tier: Embedder | None) -> VaultIndex:
    index = VaultIndex(static, tiers=[tier] if tier else [])
    entries = entries_of(history)
    index.add(entries)
    _pay(index, entries)
    return index


def _pay(index: VaultIndex, entries: list[Entry]) -> None:
    texts = {entry.id: entry.text for entry in entries}
    while index.is_owing:
        index.pay(texts, 500)


def _cases(number: int, history: History, index: VaultIndex) -> Iterator[Case]:
    scored = {question.id for question in scored_questions(history)}
    entries = entries_of(history)
    for question in history.questions:
        ask = Ask(
            question=question.question,
            now=now_of(history, question),
            include="messages",
            operators=False,
        )
        answerable = question.id in scored
        weighed = weigh(ask, index, pool=POOL, fusion=_UNWEIGHED)
        yield Case(
            number,
            question,
            weighed,
            np.isin(weighed.evidence.ids, question.evidence_messages),
            _without(question, ask, index, entries) if answerable else None,
            answerable,
        )


def _without(question: Question, ask: Ask, index: VaultIndex, entries: list[Entry]) -> Weighed:
    """The same question where the conversations that answer it never took place."""
    gone = set(question.evidence_sessions)
    for session in gone:
        index.remove_session(session)
    weighed = weigh(ask, index, pool=POOL, fusion=_UNWEIGHED)
    index.add(entry for entry in entries if entry.session_id in gone)
    _pay(index, entries)
    return weighed
