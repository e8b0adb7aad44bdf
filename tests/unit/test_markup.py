"""A title, a preview and a summary are words: what only gives a text its look is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.markup import one_line, prose_spans


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Plan\n\n- **buy** milk\n- [x] call `Eve`", "Plan buy milk call Eve"),
        (
            "Prices:\n\n| fruit | price |\n|---|---|\n| fig | 2 |\n\nThat is all.",
            "Prices: That is all.",
        ),
        ("fruit | price\n--- | ---\nfig | 2\nplum | 3\nend", "end"),
        ("Try this:\n```python\nx = {1: 2}\n```\nIt works.", "Try this: It works."),
        ("> quoted *so*\n\n---\n1. one\n2) two", "quoted so one two"),
        ("See [the docs](https://a.b/c_(d)) and ![a cat](cat.png)", "See the docs and a cat"),
        ("```\nonly code\n```", "only code"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("~~old~~ new ## Head ##", "old new ## Head ##"),
    ],
)
def test_marks_of_markdown_are_left_out(text: str, line: str) -> None:
    """Code and tables as a whole, unless there is nothing else."""
    assert one_line(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24",
        "snake_case_name and __init__",
        "C# and #tag",
        "3. Oktober ist frei",
        "yes | no",
        "-5 degrees",
        "***",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    """Signs that people write are words of theirs."""
    assert one_line(text) == text


@pytest.mark.parametrize("front", ["---", "* * *", "# a", "- ", "> ", "1. a\n2. ", "a | b\n"])
def test_a_line_of_blanks_takes_no_longer_than_its_length(front: str) -> None:
    """A million of them between a mark and a word, which anybody can say: not hours."""
    text = front + " " * 1_000_000 + "x"

    assert text[[*prose_spans(text)][-1][0] :].endswith("x")
    assert one_line(text[:19_000] + "x").endswith("x")


@given(st.text("ab |*_`#>-~[]()!1.\n ", max_size=80))
def test_prose_stands_where_it_says(text: str) -> None:
    """Spans lie inside the text, in order, one a line, and hold words."""
    end = 0
    for start, stop in prose_spans(text):
        assert end <= start < stop <= len(text)
        assert text[start:stop].strip()
        assert "\n" not in text[start:stop]
        end = stop
    assert one_line(text).split() or not text.split()
