"""What is typed into a search, read: what narrows, what is looked for, what is not whole yet."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.keeper.find_words import Narrowing, Read, read_words

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def read(typed: str, **given: object) -> Read:
    """What is typed at noon by somebody who knows one assistant."""
    narrowing = Narrowing(**given)  # type: ignore[arg-type]  # fields by name
    return read_words(typed, now=NOW, given=narrowing, assistants={"helper": "helper"})


def shown(found: Read) -> list[tuple[str, str, str]]:
    """What was understood."""
    return [(one.kind, one.value, one.text) for one in found.understood]


def test_operators_are_taken_out_of_the_text_and_narrow() -> None:
    """Each says what it means and how it was written."""
    found = read("boat shed before:2026-10-01 tag:garden pinned:true in:trip with:Helper")

    assert found.text == "boat shed"
    assert found.narrowing == Narrowing(
        until=datetime(2026, 10, 1, tzinfo=UTC),
        tags=("garden",),
        pinned=True,
        project="trip",
        assistant="Helper",
    )
    assert shown(found) == [
        ("until", "2026-10-01T00:00:00+00:00", "before:2026-10-01"),
        ("tag", "garden", "tag:garden"),
        ("pinned", "true", "pinned:true"),
        ("project", "trip", "in:trip"),
        ("assistant", "Helper", "with:Helper"),
    ]
    assert found.soft == ()


@pytest.mark.parametrize("typed", ["before:", "before:20", "pinned:tr", "tag:", "after:soon"])
def test_an_operator_that_is_still_typed_narrows_nothing(typed: str) -> None:
    """It is no error, and not looked for either."""
    found = read(f"oar {typed}")

    assert (found.text, found.narrowing, found.understood) == ("oar", Narrowing(), ())


def test_a_date_in_words_narrows_softly() -> None:
    """It is taken out of the text, and put back for the wider search."""
    found = read("boat shed in March")

    assert (found.text, found.wide_text) == ("boat shed", "boat shed in March")
    assert found.narrowing.since == datetime(2026, 3, 1, tzinfo=UTC)
    assert found.narrowing.until == datetime(2026, 4, 1, tzinfo=UTC)
    assert found.soft == ("since", "until")
    assert [text for _, _, text in shown(found)] == ["in March", "in March"]


def test_since_in_words_has_no_end() -> None:
    """ "Since March" is also yesterday."""
    found = read("oar since March")

    assert (found.narrowing.until, found.soft) == (None, ("since",))


def test_a_date_beside_an_operator_is_a_word() -> None:
    """Who gave a time exactly means that one."""
    found = read("party last week after:2026-01-01")

    assert (found.text, found.soft) == ("party last week", ())


def test_with_narrows_only_to_somebody_known() -> None:
    """Anybody else's name is a word like others."""
    assert read("oars with Helper").narrowing.assistant == "helper"
    assert read("oars with helpers").text == "oars with helpers"
    assert read("oars with Bob").narrowing.assistant is None


def test_phrases_and_excluded_words_are_told() -> None:
    """A date in quotes is a phrase and no date; a hyphen inside a word excludes nothing."""
    found = read('"third oar" -piano -"blue tape" well-kept "in March"')

    assert found.phrases == (("third", "oar"), ("in", "march"))
    assert found.without == (("piano",), ("blue", "tape"))
    assert found.text == '"third oar" well-kept "in March"'
    assert found.narrowing == Narrowing()
    assert [kind for kind, _, _ in shown(found)] == ["without", "without", "phrase", "phrase"]


def test_what_is_given_holds_over_what_is_typed() -> None:
    """A chip of the page is not overruled by a word."""
    found = read("oar tag:garden in March", since=NOW, tags=("boat",))

    assert found.narrowing == Narrowing(since=NOW, tags=("boat",))


def test_a_narrowing_is_given_up_by_name() -> None:
    """Both edges of a time are one thing."""
    narrowing = Narrowing(until=NOW, tags=("a",), pinned=False)

    assert narrowing.names == ("since", "tags", "pinned")
    assert narrowing.without(["since", "tags"]) == Narrowing(pinned=False)
