"""The second stage: from what was found of each session to an order of sessions."""

from __future__ import annotations

from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from holdfast.index.embedder import Floats
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask
from holdfast.recall.features import FEATURES
from holdfast.recall.fusion import Fusion, shipped_weights
from holdfast.recall.ranking import Weighed, weigh

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
)
"""The scores of the session's best messages below the best of all, what they amount to together,
the session's own features, and the highest of its messages' features."""

_FLOOR = -12.0
"""Below the best score of all; what lies lower, or is not there, counts as this."""
_AT = {name: at for at, name in enumerate(FEATURES)}


class RankedSession(Struct, frozen=True, kw_only=True):
    """A session that may answer; `hits` are its messages' ids, best first."""

    session_id: str
    score: float
    hits: tuple[str, ...]


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
    weights = fusion or _shipped()
    scores = np.round(weights.scores(weights.parts(table, among_people), among_people), 6)
    order = np.argsort(-scores, kind="stable")[ask.offset : ask.offset + ask.limit]
    sessions, ids = weighed.evidence.session_ids, weighed.evidence.ids
    return [
        RankedSession(
            session_id=sessions[groups[at][0]],
            score=float(scores[at]),
            hits=tuple(ids[row] for row in groups[at]),
        )
        for at in order.tolist()
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
    below = np.maximum(weighed.scores - weighed.scores.max(initial=-np.inf), _FLOOR)
    table = np.array([_features(rows, below, weighed.features) for rows in groups], np.float32)
    people = (
        weighed.evidence.among_people[[rows[0] for rows in groups]] if groups else np.zeros(0, bool)
    )
    return groups, table.reshape(len(groups), len(SESSION_FEATURES)), people


def _features(rows: list[int], below: NDArray[np.float64], features: Floats) -> list[float]:
    scores = [*below[rows[:3]].tolist(), _FLOOR, _FLOOR][:3]
    first = features[rows[0]]
    own = [first[_AT[name]] for name in ("session", "session_coverage", "session_cosine")]
    highest = [features[rows, _AT[name]].max() for name in ("said_then", "window", "cosine")]
    return [*scores, float(np.log(np.exp(below[rows]).sum())), *own, *highest]


@cache
def _shipped() -> Fusion:
    return Fusion(shipped_weights().sessions, SESSION_FEATURES)
