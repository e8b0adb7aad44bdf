"""Questions, parsed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.index.queries import parse


@pytest.mark.parametrize(
    ("question", "phrases", "excluded"),
    [
        ("third oar", (), ()),
        ('"Third Oár"', (("third", "oar"),), ()),
        ('key "third oar" "blue tape"', (("third", "oar"), ("blue", "tape")), ()),
        ("„dritte Ruder“", (("dritte", "ruder"),), ()),
        ("« troisième rame »", (("troisieme", "rame"),), ()),
        ("「蓝色的」", (("蓝", "色", "的"),), ()),
        ("key -boat", (), (("boat",),)),
        ('key -"boat shed"', (), (("boat", "shed"),)),
        ("key -boat-shed", (), (("boat", "shed"),)),
        ("钥匙 -船", (), (("船",),)),
        ("-boat", (), (("boat",),)),
        ("well-known - really", (), ()),
        ("tar -x and -5 degrees", (), ()),
        ('a 12" pan and a 10" pan', (), ()),
        ('an "unfinished phrase', (), ()),
        ('"" and " "', (), ()),
        ('who wrote "Little Women"?', (), ()),
        ('"Little Women"?', (("little", "women"),), ()),
    ],
)
def test_operators_are_read_where_they_are_meant(
    question: str, phrases: tuple, excluded: tuple
) -> None:
    """Quotation marks of several languages; no dashes, options, temperatures and inches."""
    query = parse(question)

    assert (phrases, excluded) == (query.phrases, query.excluded)


def test_operators_say_where_they_are_written() -> None:
    """A minus sign inside a phrase excludes nothing; a name in a sentence is no operator."""
    question = 'oar "well -known" -piano -“blue tape”'
    found = parse(question).operators

    assert [(question[one.start : one.end], one.words, one.excludes) for one in found] == [
        ('"well -known"', "well -known", False),
        ("-piano", "piano", True),
        ("-“blue tape”", "blue tape", True),
    ]
    assert parse('who wrote "Little Women"?').operators == ()
    assert parse(question, operators=False).operators == ()


def test_words_of_phrases_count_and_excluded_ones_do_not() -> None:
    """What a question means is read without its operators."""
    query = parse('spare "third oar" -boat')

    assert ("spare", "third", "oar") == query.surfaces
    assert ["spare", "third", "oar"] == query.text.split()


@pytest.mark.parametrize(
    ("question", "prefix"),
    [("oar tap", "tap"), ("oar tap ", None), ("Tápe", "tape"), ("蓝色", None), ("", None)],
)
def test_the_last_word_goes_on_until_a_space(question: str, prefix: str | None) -> None:
    """Only while typing; a script without spaces needs no such thing."""
    assert prefix == parse(question, typing=True).prefix
    assert parse(question).prefix is None


def test_stop_words_tell_something_only_when_there_is_nothing_else() -> None:
    """The band, not the articles."""
    assert ("band",) == parse("the band").telling
    assert ("the", "the") == parse("the The").telling


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_a_question(text: str, typing: bool) -> None:
    """Without operators nothing of it is required or excluded."""
    parse(text, typing=typing)
    plain = parse(text, typing=typing, operators=False)

    assert ((), (), text) == (plain.phrases, plain.excluded, plain.text)


def test_a_hostile_question_is_read_in_bounded_time() -> None:
    """No pattern backtracks, and what is kept is limited."""
    for text in ('"' * 50_000, '-"' * 50_000, ' "a' * 50_000, " -ab" * 50_000, "“" * 50_000):
        query = parse(text)
        assert len(query.phrases) + len(query.excluded) <= 32
