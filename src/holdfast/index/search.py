"""One search: look words up, compare the vector, keep the candidates, gather facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.index.candidates import Admitted, best_rows, best_windows
from holdfast.index.embedder import Floats
from holdfast.index.entries import Filter
from holdfast.index.evidence import Evidence, Variants
from holdfast.index.happenings import NEVER, happenings
from holdfast.index.lexicon import Lexicon
from holdfast.index.lookup import Asked, Looked, look_up
from holdfast.index.order import SessionOrder
from holdfast.index.postings import Postings
from holdfast.index.queries import Query
from holdfast.index.rows import Rows
from holdfast.index.scoring import gathered, rarity, saturated, spread
from holdfast.index.shapes import ASKS
from holdfast.index.tallies import Tallies
from holdfast.index.tiers import Compared
from holdfast.index.titles import Titles
from holdfast.index.vectors import Vectors
from holdfast.index.vocabulary import Vocabulary
from holdfast.index.widening import Words

__all__ = ["Parts", "find", "living_speakers"]

_MANY = 8_000
"""Postings; in a longer list candidates are looked up, a shorter one is spread out."""
_NEAR = 3
"""Words so many places apart stand near each other: "key for the boat"."""
_TITLED_SESSIONS = 8
_TITLED_ROWS = 12
"""The sessions whose titles match best are looked at closely, so many of each one's rows."""
_LONG_TALK = 60
"""Messages; in a longer session the talk has moved on from what it was opened with."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an index, row numbers in common."""

    rows: Rows
    vocabulary: Vocabulary
    lexicon: Lexicon
    postings: Postings
    titles: Titles
    order: SessionOrder
    vectors: Vectors | Compared
    embedder: str
    """Name of what `vectors` compares by."""
    tallies: Tallies


def find(
    parts: Parts, query: Query, vector: Floats, where: Filter, pool: int, *, dated: bool
) -> Evidence:
    """See `VaultIndex.search`."""
    alive = parts.rows.column("alive")
    words = Words(parts.vocabulary, parts.lexicon, parts.postings, parts.titles.postings, alive)
    looked = look_up(words, query, alive, parts.rows.living)
    asked = looked.asked
    mask = parts.rows.admitted(where)
    admitted = Admitted(mask if looked.required is None else mask & looked.required)
    bm25 = _bm25(parts, asked)
    cosine = parts.vectors.similarities(vector)
    sessions = _Sessions(parts, asked)
    titled = _titled_rows(parts, admitted, asked, sessions.titles)
    candidates = _candidates(parts, admitted, bm25, cosine, titled, pool)
    around = _around(parts, candidates)
    counts = _counts(asked, around, len(bm25))
    session = parts.rows.column("place")[candidates]
    closest, opening = _of_sessions(parts, cosine, session)
    return Evidence(
        **_identity(parts, candidates),
        embedder=parts.embedder,
        after_question=gathered(parts.postings.shapes, around[1]) & ASKS > 0,
        happened_ms=_happened(parts, candidates, dated=dated),
        among_people=gathered(parts.tallies.among_people, session),
        terms=tuple(a.term for a in asked),
        asked_words=looked.asked_words,
        counts=counts,
        pairs=_pairs(parts, looked, candidates, counts[0]),
        lengths=gathered(parts.postings.lengths.astype(np.float32), around),
        mean_length=_mean_length(parts),
        bm25=gathered(bm25, around),
        bm25_spread=spread(bm25, parts.rows.living, admitted.masked(bm25)),
        cosine=gathered(cosine, around),
        cosine_spread=spread(cosine, parts.rows.living, admitted.masked(cosine)),
        cosine_far=gathered(cosine, _beyond(parts, around)),
        cosine_light=parts.vectors.second_opinion(around, vector),
        session_counts=_gathered_columns(sessions.counts, session),
        session_bm25=gathered(sessions.bm25, session),
        session_best_bm25=float(sessions.bm25.max(initial=0.0)),
        session_cosine=closest,
        session_opening=opening,
        title_counts=_gathered_columns(sessions.titles, session),
        variants=_variants(parts, asked, candidates),
        marks=looked.marks,
    )


def _pairs(parts: Parts, looked: Looked, rows: NDArray[np.intp], counts: Floats) -> Floats:
    """See `Evidence.pairs`; `counts` are of the rows themselves, shape (t, c)."""
    shares = np.zeros(len(rows), np.float32)
    rarities = [one.term.rarity for one in looked.asked]
    weights = {pair: rarities[pair[0]] + rarities[pair[1]] for pair in looked.pairs}
    there = counts > 0
    both = [there[first] & there[second] for first, second in weights]
    some = np.flatnonzero(np.any(both, axis=0)) if both else rows[:0]
    if not len(some):
        return shares
    which = np.zeros(len(parts.vocabulary.terms), np.int16)
    for nth, one in enumerate(looked.asked, start=1):
        for number, _ in one.numbers:
            which[number] = nth
    found = parts.postings.places_of(rows[some], which)
    total = sum(weights.values())
    for (first, second), weight in weights.items():
        held = some[_side_by_side(found, first + 1, second + 1)]
        shares[held] += np.float32(weight / total)
    return shares


def _side_by_side(found: tuple[NDArray[Any], ...], first: int, second: int) -> NDArray[Any]:
    """Of what `Postings.places_of` found, rows that have the first near the second, each once."""
    row, at, which = found
    mine, other = which == first, which == second
    held = []
    # Of the words that matter, the next one or the one after it is near enough, or none is.
    for step in (1, 2):
        both = (mine[:-step] & other[step:]) | (other[:-step] & mine[step:])
        near = (at[step:] - at[:-step] <= _NEAR) & (row[step:] == row[:-step]) & both
        held.append(row[:-step][near])
    return np.unique(np.concatenate(held))


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
    return parts.tallies.words / max(parts.rows.living, 1)


def _bm25(parts: Parts, asked: tuple[Asked, ...]) -> Floats:
    """Of every row; shape (n,)."""
    lengths, mean = parts.postings.lengths, _mean_length(parts)
    scores = np.zeros(len(lengths), np.float32)
    for one in asked:
        weights = saturated(one.counts, lengths[one.rows], mean)
        scores[one.rows] += np.float32(one.term.rarity) * weights
    if parts.rows.living < len(scores):
        scores[~parts.rows.column("alive")] = 0
    return scores


def _candidates(
    parts: Parts,
    admitted: Admitted,
    bm25: Floats,
    cosine: Floats,
    titled: NDArray[np.intp],
    pool: int,
) -> NDArray[np.intp]:
    """Rows worth a closer look, in the order of content."""
    in_order, first = parts.rows.in_order_of_content, parts.rows.first_in_order
    if admitted.count <= pool:
        return in_order(np.flatnonzero(admitted.mask))
    sixth = pool // 6
    chosen = [titled]
    for scores in (bm25, cosine):
        chosen.append(best_rows(scores, admitted, size=sixth, first=first))
        chosen.append(best_windows(scores, parts.order, admitted, size=2 * sixth, first=first))
    return in_order(np.unique(np.concatenate(chosen)))


def _titled_rows(
    parts: Parts, admitted: Admitted, asked: tuple[Asked, ...], titles: Floats
) -> NDArray[np.intp]:
    """The first rows of the sessions whose titles hold most of what is asked."""
    held = np.array([one.term.rarity for one in asked], np.float32) @ np.minimum(titles, 1)
    matching = np.flatnonzero(held).tolist()
    # Equals by the session's name: its number says when it came.
    names = parts.rows.sessions.by_number()
    best = sorted(matching, key=lambda number: (-held[number], names[number]))[:_TITLED_SESSIONS]
    if not best:
        return np.zeros(0, np.intp)
    place = parts.rows.column("place")
    rows = np.flatnonzero(np.isin(place, best) & admitted.mask)
    order = np.lexsort((parts.rows.digests[rows], parts.rows.column("seq")[rows], place[rows]))
    rows = rows[order]
    nth = np.arange(len(rows)) - np.searchsorted(place[rows], place[rows])
    chosen: NDArray[np.intp] = rows[nth < _TITLED_ROWS]
    return chosen


def _around(parts: Parts, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Each row, the one before and the one after it, -1 where there is none; shape (3, c)."""
    return np.stack([rows, parts.order.before[rows], parts.order.after[rows]])


def _beyond(parts: Parts, around: NDArray[Any]) -> NDArray[Any]:
    """The rows two before and two after, -1 where there is none; shape (2, c)."""
    links = parts.order.before, parts.order.after
    return np.stack(
        [np.where(rows >= 0, link[rows], -1) for rows, link in zip(around[1:], links, strict=True)]
    )


def _happened(parts: Parts, rows: NDArray[np.intp], *, dated: bool) -> NDArray[np.int64]:
    if not dated:
        return np.full((2, len(rows)), NEVER, np.int64)
    return happenings(parts.postings, parts.vocabulary, rows, parts.rows.column("at_ms")[rows])


def _counts(asked: tuple[Asked, ...], around: NDArray[Any], size: int) -> Floats:
    """How often each term occurs in each candidate and its neighbours; shape (3, t, c)."""
    counts = np.zeros((3, len(asked), around.shape[1]), np.float32)
    scratch = np.zeros(size, np.float32)
    for number, one in enumerate(asked):
        if len(one.rows) > _MANY:
            at = np.minimum(np.searchsorted(one.rows, around), len(one.rows) - 1)
            counts[:, number, :] = np.where(one.rows[at] == around, one.counts[at], 0)
            continue
        scratch[one.rows] = one.counts
        counts[:, number, :] = gathered(scratch, around)
        scratch[one.rows] = 0
    return counts


def _identity(parts: Parts, rows: NDArray[np.intp]) -> dict[str, Any]:
    """The fields of `Evidence` that come straight from the columns."""
    column = parts.rows.column
    sessions: list[str] = parts.rows.sessions.by_number()
    names = parts.rows.names
    speakers, roles, kinds = (names[n].by_number() for n in ("speaker", "role", "kind"))
    return {
        "ids": parts.rows.ids_of(rows),
        "session_ids": [
            sessions[number] if number >= 0 else "" for number in column("session")[rows].tolist()
        ],
        "speakers": [speakers[number] for number in column("speaker")[rows].tolist()],
        "roles": [roles[number] for number in column("role")[rows].tolist()],
        "kinds": [kinds[number] for number in column("kind")[rows].tolist()],
        "seqs": column("seq")[rows],
        "at_ms": column("at_ms")[rows],
        "is_memory": column("is_memory")[rows],
        "shapes": parts.postings.shapes[rows],
        "selves": parts.postings.selves[rows],
        "known_speakers": living_speakers(parts),
    }


def living_speakers(parts: Parts) -> frozenset[str]:
    """Everybody who speaks in this vault, casefolded."""
    names = parts.rows.names["speaker"].by_number()
    spoken = parts.tallies.spoken > 0
    return frozenset(name for name, spoke in zip(names, spoken, strict=False) if name and spoke)


def _of_sessions(parts: Parts, cosine: Floats, session: NDArray[Any]) -> tuple[Floats, Floats]:
    """Of the closest message and of the opening of each candidate's session, 0 where it has none;
    see `Evidence.session_cosine` and `Evidence.session_opening`."""
    known, back = np.unique(session, return_inverse=True)
    there = known >= 0
    closest, opening = np.zeros((2, len(known)), np.float32)
    closest[there] = parts.order.highest(cosine, known[there], parts.rows.column("place"))
    is_long = parts.order.sizes[known[there]] > _LONG_TALK
    role, user = parts.rows.column("role"), parts.rows.names["role"].find("user")
    opened = gathered(cosine, parts.order.openings(known[there], role, user))
    opening[there] = np.where(is_long, closest[there], opened)
    return closest[back], opening[back]


class _Sessions:
    """The words of every session by its number, those of its title among them."""

    def __init__(self, parts: Parts, asked: tuple[Asked, ...]) -> None:
        self._size = size = len(parts.rows.sessions)
        place = parts.rows.column("place")
        spoken = parts.tallies.session_words
        lengths = spoken + self._of_titles(parts, parts.titles.postings.lengths) * (spoken > 0)
        living = int(np.count_nonzero(spoken))
        mean_length = int(lengths.sum()) / max(living, 1)
        self.counts = np.zeros((len(asked), size), np.float32)
        self.titles = np.zeros((len(asked), size), np.float32)
        self.bm25 = np.zeros(size, np.float32)
        for number, one in enumerate(asked):
            # Rows that count for no session have place -1: they fall into the first, cut off.
            sums = np.bincount(place[one.rows] + 1, weights=one.counts, minlength=size + 1)[1:]
            self.titles[number] = titles = self._title_counts(parts, one) * (spoken > 0)
            self.counts[number] = counts = sums.astype(np.float32) + titles
            weight = rarity(holding=int(np.count_nonzero(counts)), among=living)
            self.bm25 += np.float32(weight) * saturated(counts, lengths, mean_length)

    def _title_counts(self, parts: Parts, one: Asked) -> Floats:
        """How often a term occurs in each session's title."""
        postings = parts.titles.postings
        counts = np.zeros(len(postings), np.float32)
        for number, weight in one.numbers:
            if postings.frequency(number):  # few words of a question are in any title
                rows, of_rows = postings.rows_of(number)
                counts[rows] += of_rows * np.float32(weight)
        return self._of_titles(parts, counts)

    def _of_titles(self, parts: Parts, values: NDArray[Any]) -> Floats:
        """Values of titles by session."""
        if not values.any():
            return np.zeros(self._size, np.float32)
        session = parts.titles.sessions(parts.rows.sessions)
        sums = np.bincount(session + 1, weights=values, minlength=self._size + 1)[1:]
        return sums.astype(np.float32)
