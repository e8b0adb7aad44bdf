"""Analysis: text to terms."""

from __future__ import annotations

import pytest

from holdfast.index.words import surface_spans, surfaces, term_of


def terms(text: str) -> list[str]:
    return [term_of(surface) for surface in surfaces(text)]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("We hiked up there", "hiking"),
        ("three boxes", "box"),
        ("studies", "studied"),
        ("running", "run"),
        ("she went home", "go"),
        ("we bought bread", "buy"),
        ("two children", "child"),
        ("dancing", "dances"),
        ("Caroline's dog", "caroline"),
        ("a café", "CAFE"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("1,000 miles", "1000"),
        ("ＡＢＣ", "abc"),
        ("أُحِبُّ القهوة", "احب"),
        ("مــرحبا", "مرحبا"),
        ("мой любимый цвет", "Любимый"),
    ],
)
def test_forms_of_a_word_are_one_term(said: str, asked: str) -> None:
    """Case, accents, compatibility forms, plural and tense do not keep a word from being found."""
    assert set(terms(asked)) <= set(terms(said))


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("我喜欢蓝色的天空", "蓝色"),
        ("我喜欢蓝色的天空", "蓝"),
        ("東京タワーに行きました", "タワー"),
        ("서울에서 만났다", "서울"),
        ("ฉันชอบสีฟ้า", "สีฟ้า"),
        ("मुझे नीला रंग पसंद है", "नीला"),
        ("dinner 🍕 tonight", "🍕"),
        ("thumbs up 👍🏽", "👍"),
        ("love ❤️ it", "❤"),
    ],
)
def test_scripts_without_spaces_and_emoji_are_found(said: str, asked: str) -> None:
    """Any part of a run of characters is made of terms that the run has."""
    assert terms(asked)
    assert set(terms(asked)) <= set(terms(said))


def test_hindi_words_stay_whole() -> None:
    """Vowel signs are part of the word, not a border of it."""
    assert ["मुझे", "नीला", "रंग", "पसंद", "है"] == surfaces("मुझे नीला रंग पसंद है")


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00", "\ud800", "\ud800word\udfff", "a\x00b", "\u200d"]
)
def test_odd_text_has_few_terms_and_raises_nothing(text: str) -> None:
    """NUL, lone surrogates and invisible characters are borders of words."""
    assert len(terms(text)) <= 2
    assert len(surface_spans(text)) <= 2


def test_a_very_long_run_is_one_short_term() -> None:
    """A base64 blob does not become a term of a megabyte."""
    assert [64] == [len(term) for term in terms("x" * 100_000)]


def test_spans_point_into_the_text_as_given() -> None:
    """Positions survive folding that changes lengths."""
    text = "Straße ﬁn 東京 Café"

    assert ["Straße", "ﬁn", "東", "京", "東京", "Café"] == [
        text[start:end] for _, start, end in surface_spans(text)
    ]


def test_short_words_keep_their_ending() -> None:
    """ "bus", "this" and "was" are no plurals; "red" and "sing" carry no tense."""
    assert ["bus", "red", "sing", "gas"] == terms("bus red sing gas")
