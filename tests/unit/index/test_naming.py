"""Speakers' names in questions."""

from __future__ import annotations

import pytest

from holdfast.index.naming import named_in, without_names

_SPEAKERS = frozenset({"ada", "grace hopper", "chen"})


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did Ada say?", {"ada"}),
        ("Where is Ada's boat?", {"ada"}),
        ("When did Grace Hopper leave?", {"grace hopper"}),
        ("When did Grace leave?", set()),
        ("Who sails?", set()),
    ],
)
def test_a_question_names_a_speaker_by_all_of_the_name(question: str, named: set[str]) -> None:
    """A possessive is the name; a part of a name is not."""
    assert named_in(question, _SPEAKERS) == named


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("What did Ada say?", "What did say?"),
        ("Where is Ada's boat?", "Where is boat?"),
        ("Ada?", "Ada?"),
        ("Who sails?", "Who sails?"),
    ],
)
def test_names_leave_a_question_that_says_more_than_they_do(question: str, left: str) -> None:
    """What remains is embedded; a question of nothing but names stays."""
    assert without_names(question, _SPEAKERS) == left
