"""A second look at the first hits by something that reads them, such as a cross-encoder.

There is none by default. Late interaction over the static token vectors was measured on the
development data (2026-11): 15 ms for fifty short messages, and at every weight it found as much
evidence as the fusion alone or less. A model that reads question and text together may do better:
it plugs in here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from holdfast.recall.asking import Ranked, Reason

__all__ = ["DEPTH", "MAX_CHARS", "Reranker", "rerank"]

DEPTH = 50
"""So many hits are looked at again."""
MAX_CHARS = 4_000
"""Of a text; the rest of a longer one is not shown to a reranker."""

_logger = logging.getLogger(__name__)


class Reranker(Protocol):
    """Says how well each of some texts answers a question. Called from a worker thread."""

    @property
    def name(self) -> str:
        """Shown as a reason: "reranked by ..."."""

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """One finite number for each text, higher is better, on any scale.

        Whatever it raises leaves the order as it was. It bounds its own time.
        """


def rerank(
    reranker: Reranker, question: str, ranked: Sequence[Ranked], texts: Sequence[str]
) -> list[Ranked]:
    """The hits by the reranker's scores, equals as they were; unchanged when it fails.

    Scores stay in their places, so that they fall from hit to hit; each hit that was looked at
    again has a reason that says so and how many places it rose. Without that reason it was not
    looked at: a failure is told that way, and in the log.

    Args:
        reranker: is shown at most `MAX_CHARS` of each text.
        question: as it was asked.
        ranked: at most `DEPTH`, best first.
        texts: theirs.
    """
    try:
        scores = [float(s) for s in reranker.scores(question, [t[:MAX_CHARS] for t in texts])]
        if len(scores) != len(ranked) or not all(map(math.isfinite, scores)):
            raise ValueError("not one finite number for each text")
    except Exception as exc:  # noqa: BLE001  # whatever a plug-in raises costs the second look alone
        extra = {"action": "recall.rerank", "kind": type(exc).__name__}
        _logger.warning("reranker failed", extra=extra)
        return list(ranked)
    order = sorted(range(len(ranked)), key=lambda at: (-scores[at], at))
    return [
        replace(
            ranked[at],
            score=ranked[place].score,
            reasons=(
                *ranked[at].reasons,
                Reason(name=f"reranked by {reranker.name}", value=float(at - place)),
            ),
        )
        for place, at in enumerate(order)
    ]
