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
    """As recall reads them. A date in quotes is a phrase and no date."""
    found = read('"third oar" -piano -"blue tape" „im März“ well-kept "in March" in May')

    assert found.text == '"third oar" -piano -"blue tape" „im März“ well-kept "in March"'
    assert found.narrowing.since == datetime(2026, 5, 1, tzinfo=UTC)
    assert shown(found)[2:] == [
        ("phrase", "third oar", '"third oar"'),
        ("without", "piano", "-piano"),
        ("without", "blue tape", '-"blue tape"'),
        ("phrase", "im März", "„im März“"),
        ("phrase", "in March", '"in March"'),
    ]


def test_nothing_but_an_exclusion_looks_for_nothing() -> None:
    """It is told all the same."""
    found = read("-piano tag:garden")

    assert (found.text, [kind for kind, _, _ in shown(found)]) == ("", ["tag", "without"])


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("Ruder im März", (3, 1), (4, 1)),
        ("Ruder letzte Woche", (11, 9), (11, 16)),
        ("el remo la semana pasada", (11, 9), (11, 16)),
        ("la rame le mois dernier", (10, 1), (11, 1)),
        ("上周 桨", (11, 9), (11, 16)),
        ("Ruder seit März", (3, 1), None),
        ("el remo desde marzo", (3, 1), None),
        ("la rame depuis mars", (3, 1), None),
    ],
)
def test_dates_in_words_of_every_language_narrow(
    typed: str, since: tuple[int, int], until: tuple[int, int] | None
) -> None:
    """As recall reads them; "since" has no end in any of them."""
    found = read(typed).narrowing

    assert found.since == datetime(2026, *since, tzinfo=UTC)
    assert found.until == (until and datetime(2026, *until, tzinfo=UTC))


def test_with_is_understood_in_other_languages() -> None:
    """Of an assistant that is known."""
    for typed in ("Ruder mit Helper", "remos con helper", "rames avec @helper"):
        assert read(typed).narrowing.assistant == "helper", typed
    assert read('oars "with Helper"').narrowing.assistant is None


def test_the_last_word_is_unfinished_while_it_is_the_last_that_was_typed() -> None:
    """Not what stands before a space, an operator or a date."""
    typed = ("oar ta", "oar ta ", "oar ta tag:x", "oar in March", "tag:x oar ta")

    assert [read(one).unfinished for one in typed] == [True, False, False, False, True]


def test_what_is_given_holds_over_what_is_typed() -> None:
    """A chip of the page is not overruled by a word."""
    found = read("oar tag:garden in March", since=NOW, tags=("boat",))

    assert found.narrowing == Narrowing(since=NOW, tags=("boat",))


def test_a_narrowing_is_given_up_by_name() -> None:
    """Both edges of a time are one thing."""
    narrowing = Narrowing(until=NOW, tags=("a",), pinned=False)

    assert narrowing.names == ("since", "tags", "pinned")
    assert narrowing.without(["since", "tags"]) == Narrowing(pinned=False)
