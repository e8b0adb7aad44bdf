"""One search: look words up, compare the vector, keep the candidates, gather facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.entries import Filter
from holdfast.index.evidence import Evidence, Term
from holdfast.index.order import SessionOrder
from holdfast.index.postings import Postings
from holdfast.index.rows import Rows
from holdfast.index.scoring import (
    AFTER_SHARE,
    BEFORE_SHARE,
    best_rows,
    gathered,
    rarity,
    saturated,
    spread,
)
from holdfast.index.vectors import Vectors
from holdfast.index.words import STOP_TERMS, surfaces, term_of

__all__ = ["Parts", "find"]

_MAX_TERMS = 24
"""The rarest words of a long question say all of it; each costs a pass over its postings."""
_MAX_CHARS = 20_000
_MAX_SURFACES = 2_000
_COMMON_SHARE = 0.1
"""A word in more than this share of a big vault is left out when the question has rarer ones."""
_BIG = 5_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an index, row numbers in common."""

    rows: Rows
    postings: Postings
    order: SessionOrder
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class _Asked:
    """A looked-up term with its postings."""

    term: Term
    rows: NDArray[Any]
    counts: Floats


def find(parts: Parts, question: str, vector: Floats, where: Filter, pool: int) -> Evidence:
    """See `VaultIndex.search`."""
    alive = parts.rows.column("alive")
    admitted = parts.rows.admitted(where)
    words = _question_terms(question)
    asked = _look_up(parts, words)
    bm25 = _bm25(parts, asked)
    bm25[~alive] = 0
    cosine = parts.vectors.similarities(vector)
    cosine[~alive] = 0
    candidates = _candidates(parts, admitted, bm25, cosine, pool)
    sessions = _Sessions(parts, asked, cosine, alive)
    around = _around(parts, candidates)
    session = np.where(
        parts.rows.column("is_memory")[candidates], -1, parts.rows.column("session")[candidates]
    )
    return Evidence(
        **_identity(parts, candidates),
        among_people=gathered(sessions.among_people, session),
        terms=tuple(a.term for a in asked),
        asked_words=len(words),
        counts=_counts(asked, around, len(alive)),
        lengths=gathered(parts.postings.lengths.astype(np.float32), around),
        mean_length=_mean_length(parts),
        bm25=gathered(bm25, around),
        bm25_spread=spread(bm25, parts.rows.living, admitted),
        cosine=gathered(cosine, around),
        cosine_spread=spread(cosine, parts.rows.living, admitted),
        session_counts=_gathered_columns(sessions.counts, session),
        session_bm25=gathered(sessions.bm25, session),
        session_best_bm25=float(sessions.bm25.max(initial=0.0)),
        session_cosine=gathered(sessions.cosine, session),
    )


def _gathered_columns(values: Floats, columns: NDArray[Any]) -> Floats:
    """values[:, columns], 0 where the column is -1."""
    picked: Floats = (
        values[:, columns] if values.shape[1] else np.zeros((len(values), len(columns)), np.float32)
    )
    return np.where(columns >= 0, picked, np.float32(0))


def _question_terms(question: str) -> list[str]:
    """Distinct terms in the order of the question; stop words only when there is nothing else."""
    found = surfaces(question[:_MAX_CHARS])[:_MAX_SURFACES]
    telling = [s for s in found if s.replace("'", "") not in STOP_TERMS]
    return list(dict.fromkeys(map(term_of, telling or found)))


def _look_up(parts: Parts, words: list[str]) -> list[_Asked]:
    """Terms the vault knows, rarest first, equals by spelling: the order of the sums."""
    postings, living = parts.postings, parts.rows.living
    known = [
        (postings.frequency(n), word, n)
        for word in words
        if (n := postings.number_of(word)) is not None
    ]
    known.sort()
    if living > _BIG:
        rare = [one for one in known if one[0] <= living * _COMMON_SHARE]
        known = rare or known[:1]
    return [
        _Asked(
            Term(text=word, rarity=rarity(holding=frequency, among=living)), *postings.rows_of(n)
        )
        for frequency, word, n in known[:_MAX_TERMS]
    ]


def _mean_length(parts: Parts) -> float:
    lengths = parts.postings.lengths
    total = int(lengths.sum(where=parts.rows.column("alive"), dtype=np.int64))
    return total / max(parts.rows.living, 1)


def _bm25(parts: Parts, asked: list[_Asked]) -> Floats:
    """Of every row; shape (n,)."""
    lengths, mean = parts.postings.lengths, _mean_length(parts)
    scores = np.zeros(len(lengths), np.float32)
    for one in asked:
        weights = saturated(one.counts, lengths[one.rows], mean)
        scores[one.rows] += np.float32(one.term.rarity) * weights
    return scores


def _candidates(
    parts: Parts, admitted: NDArray[np.bool_], bm25: Floats, cosine: Floats, pool: int
) -> NDArray[np.intp]:
    """Rows worth a closer look, in the order of content."""
    rows = np.flatnonzero(admitted)
    in_order = parts.rows.in_order_of_content
    if len(rows) > pool:
        sixth = pool // 6
        chosen = [
            best_rows(scores, admitted, size=size, in_order=in_order)
            for alone in (bm25, cosine)
            for scores, size in ((alone, sixth), (_window(parts, alone), 2 * sixth))
        ]
        rows = np.unique(np.concatenate(chosen))
    return in_order(rows)


def _window(parts: Parts, scores: Floats) -> Floats:
    """Each row's score with its shares of its neighbours'."""
    before = gathered(scores, parts.order.before)
    after = gathered(scores, parts.order.after)
    window: Floats = scores.copy()
    window += BEFORE_SHARE * before
    window += AFTER_SHARE * after
    return window


def _around(parts: Parts, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Each row, the one before and the one after it, -1 where there is none; shape (3, c)."""
    return np.stack([rows, parts.order.before[rows], parts.order.after[rows]])


def _counts(asked: list[_Asked], around: NDArray[Any], size: int) -> Floats:
    """How often each term occurs in each candidate and its neighbours; shape (3, t, c)."""
    counts = np.zeros((3, len(asked), around.shape[1]), np.float32)
    scratch = np.zeros(size, np.float32)
    for number, one in enumerate(asked):
        scratch[one.rows] = one.counts
        counts[:, number, :] = gathered(scratch, around)
        scratch[one.rows] = 0
    return counts


def _identity(parts: Parts, rows: NDArray[np.intp]) -> dict[str, Any]:
    """The fields of `Evidence` that come straight from the columns."""
    column = parts.rows.column
    sessions: list[str] = [*parts.rows.sessions, ""]  # the last, also as number -1
    speakers, roles, kinds = (list(parts.rows.names[n]) for n in ("speaker", "role", "kind"))
    return {
        "ids": [parts.rows.ids[row] for row in rows.tolist()],
        "session_ids": [sessions[number] for number in column("session")[rows].tolist()],
        "speakers": [speakers[number] for number in column("speaker")[rows].tolist()],
        "roles": [roles[number] for number in column("role")[rows].tolist()],
        "kinds": [kinds[number] for number in column("kind")[rows].tolist()],
        "seqs": column("seq")[rows],
        "at_ms": column("at_ms")[rows],
        "is_memory": column("is_memory")[rows],
        "shapes": parts.postings.shapes[rows],
        "known_speakers": _living_speakers(parts, speakers),
    }


def _living_speakers(parts: Parts, names: list[str | None]) -> frozenset[str]:
    if len(names) < 2:  # at most the nobody of conversations with an assistant
        return frozenset(name for name in names if name and parts.rows.living)
    column = parts.rows.column("speaker")
    rows = np.bincount(column, weights=parts.rows.column("alive"), minlength=len(names))
    return frozenset(name for name, spoke in zip(names, rows > 0, strict=True) if name and spoke)


class _Sessions:
    """Facts of every session by its number."""

    def __init__(
        self, parts: Parts, asked: list[_Asked], cosine: Floats, alive: NDArray[np.bool_]
    ) -> None:
        self._size = len(parts.rows.sessions)
        messages = alive & ~parts.rows.column("is_memory")
        # Rows that count for no session go to one past the last, which is cut off again.
        session = np.where(messages, parts.rows.column("session"), self._size)
        session[session < 0] = self._size
        lengths = self._sum(session, parts.postings.lengths)
        living = int(np.count_nonzero(lengths))
        mean_length = float(lengths.sum()) / max(living, 1)
        self.counts = np.stack(
            [self._sum(session[one.rows], one.counts) for one in asked]
            or [np.zeros(self._size, np.float32)]
        )[: len(asked)]
        self.bm25 = np.zeros(self._size, np.float32)
        for counts in self.counts:
            weight = rarity(holding=int(np.count_nonzero(counts)), among=living)
            self.bm25 += np.float32(weight) * saturated(counts, lengths, mean_length)
        closest = np.full(self._size + 1, -1, np.float32)
        np.maximum.at(closest, session, cosine)
        self.cosine = closest[:-1]
        assistant = parts.rows.names["role"].find("assistant")
        spoken = self._sum(session, parts.rows.column("role") == assistant)
        self.among_people = spoken == 0

    def _sum(self, session: NDArray[Any], values: NDArray[Any]) -> Floats:
        sums = np.bincount(session, weights=values, minlength=self._size + 1)
        return sums[: self._size].astype(np.float32)
