"""The part of a text that shows why it was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.recall.snippets import snippet


def marked(text: str, *terms: str, width: int = 160) -> list[str]:
    cut = snippet(text, terms, width)
    return [cut.text[start:end] for start, end in cut.marks]


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("I bought Blue shoes", "blue", ["Blue"]),
        ("Two cafés there", "Café", ["cafés"]),
        ("We hiked up", "hiking", ["hiked"]),
        ("我喜欢蓝色的天空", "蓝色", ["蓝色"]),
        ("pizza 🍕!", "🍕", ["🍕"]),
        ("the end", "the", ["the"]),
        ("nothing here", "zebra", []),
    ],
)
def test_matched_words_are_marked_in_any_form(text: str, term: str, expected: list[str]) -> None:
    """Folded, stemmed and in scripts without spaces."""
    assert expected == marked(text, term)


def test_stop_words_mark_nothing_beside_telling_ones() -> None:
    """A question's "what is the" would mark half the text."""
    assert ["colour"] == marked("What is the colour of it", "what is the colour")


def test_the_window_shows_the_most_different_words() -> None:
    """Two words near each other beat one word many times."""
    text = "blue " * 50 + "x " * 200 + "the blue boat " + "y " * 200

    cut = snippet(text, ["blue", "boat"], 40)

    assert "blue boat" in cut.text
    assert cut.text.startswith("…")
    assert cut.text.endswith("…")


def test_a_cut_falls_between_words() -> None:
    """Unless there is no space near."""
    cut = snippet("alpha beta gamma delta epsilon zeta eta theta", ["epsilon"], 20)

    whole = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}
    assert set(cut.text.strip("…").split()) <= whole


def test_a_short_text_stays_whole() -> None:
    """No ellipsis where nothing was cut."""
    assert "short" == snippet("short", ["x"]).text
    assert "" == snippet("", ["x"]).text


@given(st.text(max_size=300), st.lists(st.text(max_size=10), max_size=4), st.integers(1, 80))
def test_any_text_gives_marks_inside_a_bounded_cut(text: str, terms: list[str], width: int) -> None:
    """Marks are in order, apart, and within the text shown."""
    cut = snippet(text, terms, width)

    assert len(cut.text) <= width + 2
    ends = [0]
    for start, end in cut.marks:
        assert ends[-1] <= start < end <= len(cut.text)
        ends.append(end)
