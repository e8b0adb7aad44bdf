""" "It is green now" is about what was spoken of last, or about nothing."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "change",
    [
        "Actually it is green now",
        "it's green now",
        "It is now green.",
        "make it green",
        "sorry, I meant green",
        "It changed to green.",
        "no wait, green",
    ],
)
def test_a_change_gives_the_last_attribute_a_new_value(told: Any, change: str) -> None:
    """The new memory has the attribute and kind of the old, and its own span."""
    found = told("My favourite colour is blue.", change).found

    assert [(f.kind, f.attribute, f.value) for f in found] == [
        ("preference", "favourite colour", "blue"),
        ("preference", "favourite colour", "green"),
    ]
    assert (found[1].text, found[1].source.message_id) == ("Favourite colour: green", "m1")


@pytest.mark.parametrize(
    "other",
    [
        "it is raining now",
        "it's working now, thanks",
        "it is now quite late",
        "it's a nice day now",
        "Actually it's broken now",
        "it is 5 pm now",
    ],
)
def test_what_cannot_be_a_value_changes_nothing(told: Any, other: str) -> None:
    """A colour is a colour; the weather is none."""
    assert [f.value for f in told("My favourite colour is blue.", other).found] == ["blue"]


def test_a_plain_change_reaches_across_the_conversation_and_a_short_one_does_not(
    told: Any,
) -> None:
    """ "Actually ... now" says that something else was true; "it's X now" must be near."""
    talk = ["My favourite colour is blue.", *["What is the time?"] * 5]

    assert [f.value for f in told(*talk, "Actually it is green now").found] == ["blue", "green"]
    assert [f.value for f in told(*talk, "it's green now").found] == ["blue"]


def test_a_change_of_nothing_is_unclear(told: Any) -> None:
    """It is told, and nothing is invented for it."""
    finding = told("Actually it is green now.")

    assert finding.found == ()
    assert [d.reason for d in finding.dropped] == ["unclear"]


def test_a_change_needs_a_name_where_a_name_stood(told: Any) -> None:
    """ "It's cold now" is no place to live."""
    found = told("I live in Oslo.", "it's cold now", "It's Bergen now").found

    assert [f.value for f in found] == ["Oslo", "Bergen"]


def test_what_goes_on_is_no_value(told: Any) -> None:
    """ "It's boiling now" tells of the kettle."""
    found = told("My favourite tea is mint.", "it's boiling now", "it's sage now").found

    assert [f.value for f in found] == ["mint", "sage"]
