"""The second stage: from what was found of each session to an order of sessions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.evidence import Evidence
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Reason
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import Fusion, shipped_weights
from holdfast.recall.ranking import Weighed, weigh
from holdfast.recall.reasons import reasons

__all__ = ["SESSION_FEATURES", "RankedSession", "rank_sessions", "session_table"]

SESSION_FEATURES = (
    "best",
    "second",
    "third",
    "mass",
    "session",
    "session_coverage",
    "session_cosine",
    "said_then",
    "window",
    "cosine",
    "best_of_people",
    "cosine_of_people",
    "cosine_of_three",
    "pairs",
    "only_then",
    "coverage",
    "opening",
)
"""The scores of the session's best messages below the best of all, what they amount to together,
the session's own features, and the highest of its messages' features. Of people: of what was not
said by an assistant, the best score, the mean similarity, that of the three closest. Opening: how
near what the session was opened with comes, where an assistant speaks: it is opened with what is
wanted of it; people begin with a greeting."""

_FLOOR = -12.0
"""Below the best score of all; what lies lower, or is not there, counts as this."""
_AT = {name: at for at, name in enumerate(FEATURES)}
_OF_SESSION = ("session", "session_coverage", "session_cosine")
_HIGHEST = ("said_then", "window", "cosine", "pairs", "only_then", "coverage")
_CLOSEST = 3
"""Messages of people whose similarity is averaged."""


class RankedSession(Struct, frozen=True, kw_only=True):
    """A session that may answer; `hits` are its messages' ids, best first."""

    session_id: str
    score: float
    hits: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    """Why its best message was found; the session stands or falls with it."""


def rank_sessions(
    ask: Ask,
    index: VaultIndex,
    *,
    fusion: Fusion | None = None,
    message_fusion: Fusion | None = None,
) -> list[RankedSession]:
    """Sessions for an ask, best first; `limit` and `offset` count sessions.

    Args:
        ask: what is asked.
        index: of the vault that is asked.
        fusion: other weights for sessions than the shipped ones.
        message_fusion: other weights for messages.

    Raises:
        BadInput: see `Ask`.
    """
    pool = max(600, 30 * (ask.offset + ask.limit))
    weighed = weigh(ask, index, pool=pool, fusion=message_fusion)
    groups, table, among_people = session_table(weighed)
    if not groups:
        return []
    weights = fusion or _shipped(weighed.evidence.embedder)
    scores = np.round(weights.scores(weights.parts(table, among_people), among_people), 6)
    order = np.argsort(-scores, kind="stable")[ask.offset : ask.offset + ask.limit]
    sessions, ids = weighed.evidence.session_ids, weighed.evidence.ids
    best = [groups[at][0] for at in order.tolist()]
    why = reasons(weighed.evidence, weighed.question, weighed.parts, best)
    return [
        RankedSession(
            session_id=sessions[groups[at][0]],
            score=float(scores[at]),
            hits=tuple(ids[row] for row in groups[at]),
            reasons=of_this,
        )
        for at, of_this in zip(order.tolist(), why, strict=True)
    ]


def session_table(weighed: Weighed) -> tuple[list[list[int]], Floats, NDArray[np.bool_]]:
    """Candidates of each session, best first, their features, and whether people talk there.

    Sessions come in the order of their best message; memories count for none.
    """
    best_first = np.argsort(-weighed.scores, kind="stable").tolist()
    by_session: dict[str, list[int]] = {}
    for row in best_first:
        if not weighed.evidence.is_memory[row]:
            by_session.setdefault(weighed.evidence.session_ids[row], []).append(row)
    groups = list(by_session.values())
    if not groups:
        return groups, np.zeros((0, len(SESSION_FEATURES)), np.float32), np.zeros(0, bool)
    people = weighed.evidence.among_people[[rows[0] for rows in groups]]
    return groups, _table(groups, weighed), people


def _table(groups: list[list[int]], weighed: Weighed) -> Floats:
    rows = np.concatenate([np.array(group, np.intp) for group in groups])
    sizes = np.array([len(group) for group in groups])
    starts = np.cumsum(sizes) - sizes
    below = np.maximum(weighed.scores - weighed.scores.max(), _FLOOR)[rows]
    features = weighed.features[rows]

    def nth_best(nth: int) -> NDArray[Any]:
        last = len(rows) - 1
        return np.where(sizes > nth, below[np.minimum(starts + nth, last)], _FLOOR)

    def highest(name: str) -> NDArray[Any]:
        found: NDArray[Any] = np.maximum.reduceat(features[:, _AT[name]], starts)
        return found

    columns = {
        "best": nth_best(0),
        "second": nth_best(1),
        "third": nth_best(2),
        "mass": np.log(np.add.reduceat(np.exp(below), starts)),
        **{name: features[starts, _AT[name]] for name in _OF_SESSION},
        **{name: highest(name) for name in _HIGHEST},
        "opening": _opening(weighed.evidence, rows[starts]),
        **_of_people(rows, starts, sizes, below, weighed),
    }
    return np.stack([columns[name] for name in SESSION_FEATURES], axis=1).astype(np.float32)


def _opening(evidence: Evidence, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Of the sessions that these candidates stand in."""
    return np.where(evidence.among_people[rows], np.float32(0), evidence.session_opening[rows])


def _of_people(
    rows: NDArray[np.intp],
    starts: NDArray[np.intp],
    sizes: NDArray[np.intp],
    below: NDArray[np.float64],
    weighed: Weighed,
) -> dict[str, NDArray[Any]]:
    """What people said in each session; all of it where only others spoke."""
    counts = np.array([weighed.evidence.roles[row] == "user" for row in rows.tolist()], bool)
    silent = ~np.logical_or.reduceat(counts, starts)
    counts |= np.repeat(silent, sizes)
    cosine = weighed.features[rows, _AT["cosine"]].astype(np.float64)
    group = np.repeat(np.arange(len(sizes)), sizes)
    spoken = np.add.reduceat(counts.astype(np.intp), starts)
    order = np.lexsort((-cosine, ~counts, group))
    nth = np.arange(len(rows)) - np.repeat(starts, sizes)
    first = cosine[order] * (counts[order] & (nth < _CLOSEST))
    return {
        "best_of_people": np.maximum.reduceat(np.where(counts, below, _FLOOR), starts),
        "cosine_of_people": np.add.reduceat(cosine * counts, starts) / spoken,
        "cosine_of_three": np.add.reduceat(first, starts) / np.minimum(spoken, _CLOSEST),
    }


@cache
def _shipped(embedder: str) -> Fusion:
    return Fusion(shipped_weights().tier(embedder).sessions, SESSION_FEATURES)
