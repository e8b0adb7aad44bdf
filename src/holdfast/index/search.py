"""One search: look words up, compare the vector, keep the candidates, gather facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.entries import Filter
from holdfast.index.evidence import Evidence, Variants
from holdfast.index.lexicon import Lexicon
from holdfast.index.lookup import Asked, Looked, Words, look_up
from holdfast.index.order import SessionOrder
from holdfast.index.postings import Postings
from holdfast.index.queries import Query
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
from holdfast.index.titles import Titles
from holdfast.index.vectors import Vectors
from holdfast.index.vocabulary import Vocabulary

__all__ = ["Parts", "find"]

_NEAR = 3
"""Words so many places apart stand near each other: "key for the boat"."""
_TITLED_SESSIONS = 8
_TITLED_ROWS = 12
"""The sessions whose titles match best are looked at closely, so many of each one's rows."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an index, row numbers in common."""

    rows: Rows
    vocabulary: Vocabulary
    lexicon: Lexicon
    postings: Postings
    titles: Titles
    order: SessionOrder
    vectors: Vectors


def find(parts: Parts, query: Query, vector: Floats, where: Filter, pool: int) -> Evidence:
    """See `VaultIndex.search`."""
    alive = parts.rows.column("alive")
    admitted = parts.rows.admitted(where)
    words = Words(parts.vocabulary, parts.lexicon, parts.postings, parts.titles.postings)
    looked = look_up(words, query, alive, parts.rows.living)
    asked = looked.asked
    if looked.required is not None:
        admitted &= looked.required
    bm25 = _bm25(parts, asked)
    bm25[~alive] = 0
    cosine = parts.vectors.similarities(vector)
    cosine[~alive] = 0
    sessions = _Sessions(parts, asked, cosine, alive)
    titled = _titled_rows(parts, admitted, asked, sessions.titles)
    candidates = _candidates(parts, admitted, bm25, cosine, titled, pool)
    around = _around(parts, candidates)
    session = np.where(
        parts.rows.column("is_memory")[candidates], -1, parts.rows.column("session")[candidates]
    )
    return Evidence(
        **_identity(parts, candidates),
        among_people=gathered(sessions.among_people, session),
        terms=tuple(a.term for a in asked),
        asked_words=looked.asked_words,
        counts=_counts(asked, around, len(alive)),
        pairs=_pairs(parts, looked, candidates),
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
        title_counts=_gathered_columns(sessions.titles, session),
        variants=_variants(parts, asked, candidates),
        marks=looked.marks,
    )


def _pairs(parts: Parts, looked: Looked, rows: NDArray[np.intp]) -> Floats:
    """See `Evidence.pairs`."""
    shares = np.zeros(len(rows), np.float32)
    if not looked.pairs:
        return shares
    which = np.zeros(len(parts.vocabulary.terms), np.int16)
    for nth, one in enumerate(looked.asked, start=1):
        for number, _ in one.numbers:
            which[number] = nth
    row, at, place = parts.postings.places_of(rows, which)
    rarities = [one.term.rarity for one in looked.asked]
    weights = {pair: rarities[pair[0]] + rarities[pair[1]] for pair in looked.pairs}
    total = sum(weights.values())
    for first, second in weights:
        held = np.zeros(len(rows), bool)
        mine, other = place == first + 1, place == second + 1
        # Of the words that matter, the next one or the one after it is near enough or none is.
        for step in (1, 2):
            both = (mine[:-step] & other[step:]) | (other[:-step] & mine[step:])
            near = (at[step:] - at[:-step] <= _NEAR) & (row[step:] == row[:-step]) & both
            held[row[:-step][near]] = True
        shares += held * np.float32(weights[first, second] / total)
    return shares


def _variants(
    parts: Parts, asked: tuple[Asked, ...], candidates: NDArray[np.intp]
) -> dict[int, Variants]:
    size = len(parts.rows)
    found = ((n, one.labelled(parts.postings, candidates, size)) for n, one in enumerate(asked))
    return {number: labelled for number, labelled in found if labelled is not None}


def _gathered_columns(values: Floats, columns: NDArray[Any]) -> Floats:
    """values[:, columns], 0 where the column is -1."""
    picked: Floats = (
        values[:, columns] if values.shape[1] else np.zeros((len(values), len(columns)), np.float32)
    )
    return np.where(columns >= 0, picked, np.float32(0))


def _mean_length(parts: Parts) -> float:
    lengths = parts.postings.lengths
    total = int(lengths.sum(where=parts.rows.column("alive"), dtype=np.int64))
    return total / max(parts.rows.living, 1)


def _bm25(parts: Parts, asked: tuple[Asked, ...]) -> Floats:
    """Of every row; shape (n,)."""
    lengths, mean = parts.postings.lengths, _mean_length(parts)
    scores = np.zeros(len(lengths), np.float32)
    for one in asked:
        weights = saturated(one.counts, lengths[one.rows], mean)
        scores[one.rows] += np.float32(one.term.rarity) * weights
    return scores


def _candidates(
    parts: Parts,
    admitted: NDArray[np.bool_],
    bm25: Floats,
    cosine: Floats,
    titled: NDArray[np.intp],
    pool: int,
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
        rows = np.unique(np.concatenate([*chosen, titled]))
    return in_order(rows)


def _titled_rows(
    parts: Parts, admitted: NDArray[np.bool_], asked: tuple[Asked, ...], titles: Floats
) -> NDArray[np.intp]:
    """The first rows of the sessions whose titles hold most of what is asked."""
    none = np.zeros(0, np.intp)
    if not titles.any():
        return none
    held = np.array([one.term.rarity for one in asked], np.float32) @ np.minimum(titles, 1)
    # Equals by the session's name: its number says when it came.
    names = list(parts.rows.sessions)
    best = sorted(np.flatnonzero(held).tolist(), key=lambda n: (-held[n], names[n]))
    found = [none]
    for session in best[:_TITLED_SESSIONS]:
        rows = np.flatnonzero((parts.rows.column("session") == session) & admitted)
        first = np.lexsort((parts.rows.column("id_order")[rows], parts.rows.column("seq")[rows]))
        found.append(rows[first[:_TITLED_ROWS]])
    return np.concatenate(found)


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


def _counts(asked: tuple[Asked, ...], around: NDArray[Any], size: int) -> Floats:
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
        self, parts: Parts, asked: tuple[Asked, ...], cosine: Floats, alive: NDArray[np.bool_]
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
        lengths += self._of_titles(parts, parts.titles.postings.lengths) * (lengths > 0)
        self.titles = np.stack(
            [self._title_counts(parts, one) for one in asked] or [np.zeros(self._size, np.float32)]
        )[: len(asked)]
        self.counts += self.titles
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

    def _title_counts(self, parts: Parts, one: Asked) -> Floats:
        """How often a term occurs in each session's title."""
        postings = parts.titles.postings
        counts = np.zeros(len(postings), np.float32)
        for number, weight in one.numbers if len(postings) else ():
            rows, of_rows = postings.rows_of(number)
            counts[rows] += of_rows * np.float32(weight)
        return self._of_titles(parts, counts)

    def _of_titles(self, parts: Parts, values: NDArray[Any]) -> Floats:
        """Values of titles by session."""
        session = parts.titles.sessions(parts.rows.sessions)
        return self._sum(np.where(session < 0, self._size, session), values)

    def _sum(self, session: NDArray[Any], values: NDArray[Any]) -> Floats:
        sums = np.bincount(session, weights=values, minlength=self._size + 1)
        return sums[: self._size].astype(np.float32)
