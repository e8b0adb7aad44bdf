"""What a person says of themselves is found, with its span, and nothing that is only near it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.distill.finding import Found, find
from holdfast.distill.phrases import lowered
from holdfast.distill.rules import LANGUAGES, language
from holdfast.model import Source


def test_a_found_memory_names_the_words_it_rests_on(told: Any) -> None:
    """Every field of it is told by the sentence; the span is the quote, to the code point."""
    found = told("Hey 🎉 — by the way, my favorite colour is deep blue, thanks!").found

    assert found == (
        Found(
            kind="preference",
            text="Favourite colour: deep blue",
            subject="user",
            attribute="favourite colour",
            value="deep blue",
            importance=6,
            source=Source(session_id="s", message_id="m0", start=20, end=51),  # type: ignore[arg-type]
            quote="my favorite colour is deep blue",
            said_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
        ),
    )


def test_two_facts_in_one_sentence_are_two_memories(told: Any) -> None:
    """A clause ends where the next statement begins."""
    found = told("I live in Oslo and I work as a baker, and my dog is called Rex.").found

    assert [(f.attribute, f.value) for f in found] == [
        ("home", "Oslo"),
        ("job", "baker"),
        ("dog: rex", "Rex"),
    ]


def test_contradicting_statements_are_both_told_in_order(told: Any) -> None:
    """The later one wins by coming later; the former stays as history."""
    found = told("My favourite season is winter. No wait, autumn!").found

    assert [(f.attribute, f.value, f.tags) for f in found] == [
        ("favourite season", "winter", ()),
        ("favourite season", "autumn", ("change",)),
    ]


def test_what_is_listed_becomes_one_memory_each(told: Any) -> None:
    """Values that are true beside each other have keys of their own, so none ends another."""
    found = told("I'm allergic to nuts, eggs and soy.").found

    assert [f.attribute for f in found] == ["allergy: nuts", "allergy: eggs", "allergy: soy"]


def test_what_is_no_longer_true_ends_the_former(told: Any) -> None:
    """An ending has no value, and names what ended."""
    (found,) = told("I no longer live in Oslo.").found

    assert (found.attribute, found.ends, found.value, found.ended) == ("home", True, "", "Oslo")


def test_a_request_to_remember_a_fact_is_that_fact_and_weighs_more(told: Any) -> None:
    """What the rules understand is kept as what it is, not as a bare note."""
    (found,) = told("Please remember that I'm vegan.").found

    assert (found.kind, found.attribute, found.value) == ("fact", "diet", "vegan")
    assert (found.importance, found.tags) == (8, ("asked",))


def test_a_request_to_remember_anything_else_is_a_note_in_the_same_words(told: Any) -> None:
    """Nobody's words are changed but for the first letter."""
    (found,) = told("remember that the key lies under the blue pot").found

    assert (found.kind, found.text) == ("note", "The key lies under the blue pot")


def test_decisions_and_tasks_keep_the_whole_clause(told: Any) -> None:
    """The reason and the time belong to them."""
    found = told(
        "Let's go with Postgres because it is faster. I need to call Bob before Friday, any tips?"
    ).found

    assert [(f.kind, f.tags, f.text) for f in found] == [
        ("episode", ("decision",), "Let's go with Postgres because it is faster"),
        ("note", ("task",), "I need to call Bob before Friday"),
    ]


def test_a_person_spoken_of_is_the_subject(told: Any) -> None:
    """What is told of somebody else never supersedes what is told of the user."""
    found = told("My brother Tom lives in Leeds.").found

    assert [(f.subject, f.attribute, f.value) for f in found] == [
        ("user", "brother: tom", "Tom"),
        ("tom", "home", "Leeds"),
    ]


def test_in_a_room_the_author_is_the_subject(told: Any) -> None:
    """Two people's homes are two facts."""
    found = told("I live in Oslo.", author="Grace").found

    assert [f.subject for f in found] == ["grace"]


def test_saying_it_twice_in_a_message_says_it_once(told: Any) -> None:
    """A repetition adds nothing; coming back to it after something else does."""
    assert len(told("I live in Oslo. I live in Oslo.").found) == 1
    assert len(told("I live in Oslo. I live in Rome. I live in Oslo.").found) == 3


def test_one_message_cannot_flood_the_memories(told: Any) -> None:
    """Past a hundred, the rest of a message is left out and told as such."""
    finding = told(" ".join(f"I live in Town{i}." for i in range(300)))

    assert len(finding.found) == 100
    assert {d.reason for d in finding.dropped} == {"too long"}


def test_what_is_beyond_the_limit_is_told_and_not_read(told: Any) -> None:
    """A document is no talk."""
    text = "word " * 4_000 + "I live in Oslo."
    finding = told(text)

    assert finding.found == ()
    assert [(d.reason, d.source.start, d.source.end) for d in finding.dropped] == [
        ("too long", 20_000, len(text))
    ]


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("Meine Lieblingsfarbe ist grün.", "favourite colour", "grün"),
        ("Ich wohne in Köln.", "home", "Köln"),
        ("Meine Schwester heißt Mia.", "sister: mia", "Mia"),
    ],
)
def test_keys_are_the_same_in_every_language(
    told: Any, text: str, attribute: str, value: str
) -> None:
    """Who changes language midway still changes the same fact."""
    assert [(f.attribute, f.value) for f in told(text).found] == [(attribute, value)]


def test_every_language_file_can_be_read() -> None:
    """Each has rules, and its lists are in lower case, as they are looked up."""
    for code in LANGUAGES:
        tongue = language(code)
        assert tongue.code == code
        assert tongue.rules
        assert all(entry == entry.lower() for held in tongue.lists.values() for entry in held)


def test_reading_in_two_parts_finds_the_same_as_in_one(said: Any) -> None:
    """What was read before tells what "it" is, and nothing of it is found again."""
    messages = said("My favourite colour is blue.", "What is it?", "Actually it is green now.")

    whole = find(messages).found
    assert find(messages[2:], before=messages[:2]).found == whole[1:]
    assert [f.value for f in whole] == ["blue", "green"]


def test_a_joke_about_what_was_read_before_is_told(said: Any) -> None:
    """Whoever keeps the memories can take the former one back: its source is named."""
    messages = said("My name is Batman.", "just kidding")

    finding = find(messages[1:], before=messages[:1])
    assert [(d.reason, d.source.message_id) for d in finding.dropped] == [("joke", "m0")]


def test_a_sentence_without_end_is_read_up_to_its_limit(told: Any) -> None:
    """Five hundred characters, so that its cost has one too."""
    assert told("word " * 100 + "and I live in Oslo").found == ()
    assert len(told("word " * 90 + "and I live in Oslo").found) == 1


def test_lower_case_keeps_every_position() -> None:
    """Guards and spans speak of the same places, also where lower case has more characters."""
    assert lowered("İSTANBUL I’M") == "İstanbul i'm"


def test_a_taste_is_of_a_kind_and_not_of_what_lies_on_the_table(told: Any) -> None:
    """ "I like the template" is about the talk; "I like maps" is about the person."""
    found = told("I like the template. I like old maps. I love using it.").found

    assert [f.attribute for f in found] == ["opinion: old maps"]


def test_a_list_is_split_only_where_it_lists(told: Any) -> None:
    """A comma between adjectives, or inside a number, lists nothing."""
    found = told(
        "I love slow, strange films. I love hiking and tea. My budget is $2,500 a month."
    ).found

    assert [f.attribute for f in found] == [
        "opinion: slow, strange films",
        "opinion: hiking",
        "opinion: tea",
        "budget",
    ]
    assert found[-1].value == "$2,500 a month"


def test_a_request_in_a_long_text_is_part_of_the_text(told: Any) -> None:
    """Instructions for others are pasted more often than requests are that long."""
    finding = told("Please note that fees apply. " + "Some terms follow here. " * 40)

    assert finding.found == ()
    assert [d.reason for d in finding.dropped] == ["pasted"]
