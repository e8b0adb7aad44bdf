"""A second look at hits."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from holdfast.recall.asking import Ranked, Reason
from holdfast.recall.reranking import MAX_CHARS, rerank

HITS = [
    Ranked(
        id=name,
        session_id="s",
        seq=at,
        is_memory=False,
        score=-float(at),
        reasons=(Reason(name="same words", value=1.0),),
    )
    for at, name in enumerate("abc")
]


class ByLength:
    """The longest text answers best."""

    name = "length"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        self.seen = list(texts)
        return [len(text) for text in texts]


class Broken:
    """Gives what it was made with, or raises it."""

    name = "broken"

    def __init__(self, gives: object) -> None:
        self._gives = gives

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        if isinstance(self._gives, Exception):
            raise self._gives
        return self._gives  # type: ignore[return-value]


def test_hits_come_by_its_scores_and_say_so() -> None:
    """The scores stay in falling order; equals stay as they were."""
    found = rerank(ByLength(), "?", HITS, ["x", "xxx", "x"])

    assert ["b", "a", "c"] == [hit.id for hit in found]
    assert [0.0, -1.0, -2.0] == [hit.score for hit in found]
    assert Reason(name="reranked by length", value=1.0) == found[0].reasons[-1]


def test_it_sees_a_bounded_part_of_a_text() -> None:
    """Its time does not grow with a pasted book."""
    reranker = ByLength()
    rerank(reranker, "?", HITS, ["x" * 100_000, "y", "z"])

    assert [MAX_CHARS, 1, 1] == [len(text) for text in reranker.seen]


@pytest.mark.parametrize(
    "gives", [RuntimeError("a secret text"), [1.0], [1.0, float("nan"), 0.0], "abc", None]
)
def test_a_failure_changes_nothing_and_is_told(
    gives: object, caplog: pytest.LogCaptureFixture
) -> None:
    """The order, the scores and the reasons are those of before; no text is in the log."""
    with caplog.at_level(logging.WARNING):
        assert HITS == rerank(Broken(gives), "?", HITS, ["x", "y", "z"])

    assert ["reranker failed"] == [record.getMessage() for record in caplog.records]
    assert "secret" not in caplog.text
