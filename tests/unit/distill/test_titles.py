"""A conversation is called by what it is about, in the words of who began it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.capture.entries import titled
from holdfast.distill.titles import MAX_TITLE, title_of


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        (("Hi there!", "Could you please help me plan a trip to Norway?"), "Plan a trip to Norway"),
        (("hello, how are you?", "my sink is leaking"), "My sink is leaking"),
        (("```\nx = 1\n```\nWhy does this fail?",), "Why does this fail"),
        (("Kannst du mir bitte erklären, wie Hefe wirkt?",), "Erklären, wie Hefe wirkt"),
        (("hello",), "hello"),
        (("👍",), "👍"),
        ((" \n ",), ""),
        ((), ""),
    ],
)
def test_a_title_is_the_first_subject_without_courtesies(
    said: Any, texts: tuple[str, ...], title: str
) -> None:
    """A greeting alone is taken only when there is nothing else."""
    assert title_of(said(*texts)) == title


def test_a_title_is_short_and_on_one_line(said: Any) -> None:
    """Cut between words, with an ellipsis."""
    title = title_of(
        said("Explain the very\tlong history of the lighthouse keepers of Brittany " * 9)
    )

    assert title == "Explain the very long history of the lighthouse keepers of…"
    assert len(title) <= MAX_TITLE


def test_an_assistant_gives_the_title_only_when_nobody_else_spoke(said: Any) -> None:
    """People's words first; tool results never."""
    hello = said("Welcome to the shop", role="assistant")
    tool = said("I am a tool", role="tool", kind="tool_result")

    assert title_of(hello) == "Welcome to the shop"
    assert title_of(hello + said("where are the nails")) == "Where are the nails"
    assert title_of(tool) == ""


_TABLE = "## Costs\n\n| item | price |\n|---|---|\n| tent | 90 |\n\nThe **tent** is the dearest."


def test_neither_title_nor_preview_holds_marks_of_markdown(said: Any) -> None:
    """Headings, tables, emphasis and fences are for the page, not for a line in a list."""
    assert title_of(said(_TABLE)) == "The tent is the dearest"
    assert titled(_TABLE) == ("Costs The tent is the dearest.",) * 2
    assert title_of(said("| a | b |\n|---|---|\n\nWhich `column` is **better**?")) == (
        "Which column is better"
    )
