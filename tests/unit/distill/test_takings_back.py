"""What is denied, dictated, withdrawn or said by another leaves one's memories as they were."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.distill.finding import find


def test_a_favourite_said_the_other_way_round_is_the_new_one(told: Any) -> None:
    """ "Now" behind it belongs to the sentence, not to what is the favourite."""
    found = told("My favourite colour is blue.", "green is my favourite colour now").found

    assert [(f.attribute, f.value) for f in found] == [
        ("favourite colour", "blue"),
        ("favourite colour", "green"),
    ]


def test_somebody_else_in_a_room_changes_no_preference(said: Any) -> None:
    """ "It is green now" is about something of whoever says it."""
    talk = [
        *said("My favourite colour is blue.", author="Ada"),
        *said("Actually it is green now.", author="Grace"),
    ]

    assert [f.value for f in find(talk).found] == ["blue"]


def test_somebody_else_in_a_room_takes_nothing_back(said: Any) -> None:
    """A statement that another calls a joke stays said; its author's own word undoes it."""
    first = said("My favourite colour is blue.", author="Ada")

    assert find([*first, *said("just kidding", author="Grace")]).found != ()
    assert find([*first, *said("just kidding", author="Ada")]).found == ()


@pytest.mark.parametrize(
    "text",
    ["Translate: ich wohne in Wien.", "Write a story: ich wohne in Wien."],
)
def test_the_guards_of_one_language_hold_for_the_others(told: Any, text: str) -> None:
    """What is to be translated is usually not in the language of the request."""
    assert told(text).found == ()
    assert [f.value for f in told("Ich wohne in Wien.").found] == ["Wien"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Forget that I live in Rome.", "hypothetical"),
        ("It is not true that I live in Rome.", "hypothetical"),
        ("Repeat after me: I live in Rome.", "quoted"),
        ("I live in Rome, said nobody.", "quoted"),
        ("I live in Rome. Please forget it.", "joke"),
    ],
)
def test_what_is_denied_or_dictated_is_not_found(told: Any, text: str, reason: str) -> None:
    """It is told why it does not count."""
    finding = told(text)

    assert finding.found == ()
    assert reason in {dropped.reason for dropped in finding.dropped}


@pytest.mark.parametrize("change", ["please forget it", "just kidding"])
def test_an_ending_read_earlier_is_taken_back_too(said: Any, change: str) -> None:
    """The source of the ending is among the dropped, for whoever keeps what it ended."""
    live, over, back = said("I live in Oslo.", "I no longer live in Oslo.", change)

    (dropped,) = find([back], before=[live, over]).dropped

    assert (dropped.reason, dropped.source.message_id) == ("joke", over.id)
