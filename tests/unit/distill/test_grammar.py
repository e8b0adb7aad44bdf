"""Patterns mean what their page says, and what is no pattern is refused."""

from __future__ import annotations

import pytest

from holdfast.distill.grammar import compiled
from holdfast.distill.rules import LANGUAGES, language

WORDS = {"pet": ["dog", "guinea pig"], "i_am": ["i am", "i'm"]}


@pytest.mark.parametrize(
    ("line", "text", "slots"),
    [
        ("my {what:1-2} is {value}", "My old boat is red and green", ("old boat", "red and green")),
        ("i [really|do] like {value}", "I do like tea", ("tea",)),
        ("i [really|do] like {value}", "i like tea", ("tea",)),
        ("<i_am> from {value}", "I’m from Bonn", ("Bonn",)),
        ("no [,] wait [,] {value}", "no, wait, Bonn", ("Bonn",)),
        ("my {pet=pet}'s name is {value}", "my guinea pig's name is Bo", ("guinea pig", "Bo")),
        ("i have {value+pet}", "I have dog, dog and guinea pig", ("dog, dog and guinea pig",)),
        ("i quit {value=ing}", "i quit smoking cigars", ("smoking cigars",)),
        ("mein lieblings{what:1-1} ist {value}", "Mein Lieblingstier ist Bo", ("tier", "Bo")),
    ],
)
def test_a_pattern_matches_what_it_says(line: str, text: str, slots: tuple[str, ...]) -> None:
    """Regardless of case and of how the apostrophe was typed."""
    match = compiled(line, WORDS).regex.match(text)

    assert match is not None
    assert match.groups() == slots


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("i like {value}", "i liked tea"),
        ("i like {value}", "i like"),
        ("i have {value=pet}", "i have doggy bags"),
        ("i quit {value=ing}", "i quit my job"),
        ("i am {value=digits} years", "i am 123456 years"),
    ],
)
def test_a_pattern_matches_whole_words_only(line: str, text: str) -> None:
    """A word that only begins like another is another."""
    assert compiled(line, WORDS).regex.match(text) is None


def test_a_pattern_knows_the_words_it_begins_with() -> None:
    """It is tried only where two words can be its first."""
    assert compiled("<i_am> [now] at {value}", WORDS).starts == {
        ("i", "am"),
        ("i'm", "now"),
        ("i'm", "at"),
    }
    assert compiled("my {what:1-2} is {value}", WORDS).starts == {("my", "")}


@pytest.mark.parametrize(
    "line", ["i have <nothing>", "i have {value=nothing}", ", {value}", "i {v:1}"]
)
def test_what_is_no_pattern_is_refused(line: str) -> None:
    """When the rules are read, not when somebody speaks."""
    with pytest.raises(ValueError, match=r".+"):
        compiled(line, WORDS)


def test_no_pattern_has_more_than_two_open_parts() -> None:
    """So that no text of a sentence's length makes one go back and forth for long."""
    for code in LANGUAGES:
        lists = [able for table in language(code).rules.values() for able in table.values()]
        for rule, pattern in {pair for able in lists for pair in able}:
            assert pattern.regex.pattern.count(".*") <= 2, rule.name
