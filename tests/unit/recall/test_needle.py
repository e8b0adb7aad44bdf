"""One sentence among a thousand other conversations, asked for as people do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked
from holdfast.recall.ranking import rank
from holdfast.recall.snippets import snippet_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEEDLE = "The spare key for the boat shed hangs behind the third oar, wrapped in blue tape"
WHO = ["My sister", "The neighbour", "A colleague", "Our teacher", "The plumber", "Grandma"]
DID = ["painted", "sold", "lost", "repaired", "described", "ordered", "photographed", "moved"]
WHAT = [
    "the garden fence",
    "a spare wheel for the bicycle",
    "three train tickets",
    "a blue kettle",
    "the second chapter of the novel",
    "a ferry to the island",
    "some wrapping paper",
    "the keyboard of the piano",
    "a tapestry from Norway",
    "the shelf behind the sofa",
    "an old rowing machine",
    "the roof of the barn",
]
WHEN = ["yesterday", "last week", "before lunch", "in the spring", "after the concert"]


def others() -> Iterator[Entry]:
    chance = random.Random(7)
    for number in range(1_000):
        said = " ".join(map(chance.choice, (WHO, DID, WHAT, WHEN)))
        at = {"session_id": f"s{number}", "at_ms": 1_750_000_000_000 + number * 3_600_000}
        yield Entry(id=f"q{number}", seq=0, role="user", text=said, **at)
        yield Entry(
            id=f"a{number}", seq=1, role="assistant", text=f"How nice! {said.title()}?", **at
        )


@pytest.fixture(scope="module")
def index(static: StaticEmbedder) -> VaultIndex:
    made = VaultIndex(static)
    made.add(others())
    at = {"session_id": "boat", "at_ms": 1_751_000_000_000}
    made.add([Entry(id="needle", seq=0, role="user", text=NEEDLE, **at)])
    made.add([Entry(id="noted", seq=1, role="assistant", text="Noted.", **at)])
    return made


def ask(index: VaultIndex, question: str, **given: object) -> list[Ranked]:
    return rank(Ask(**{"question": question, "now": NOW, "limit": 5, **given}), index)


def marked(found: Ranked) -> list[str]:
    cut = snippet_of(NEEDLE, found.marks, 200)
    return [cut.text[start:end] for start, end in cut.marks]


@pytest.mark.parametrize(
    "question",
    [
        "oars",
        "spare keys",
        "thrid oar",
        '"third oar"',
        "THÍRD OAR",
        "where is the boat shed key",
        "boatshed",
        "oar -kettle",
        "behnid the oar",
        "“THIRD oar”",
    ],
)
def test_the_sentence_is_found_as_people_ask_for_it(index: VaultIndex, question: str) -> None:
    """In the plural, misspelt, quoted, accented, as a question, as one word."""
    assert "needle" == ask(index, question)[0].id


@pytest.mark.parametrize("typed", ["oar", "oar t", "oar ta", "oar tap", "oar tape"])
def test_every_letter_typed_keeps_the_sentence_found(index: VaultIndex, typed: str) -> None:
    """The last word stands for all that begin so."""
    assert "needle" == ask(index, typed, as_you_type=True)[0].id


def test_a_finished_word_stands_for_itself(index: VaultIndex) -> None:
    """A space after it, or a question that is not being typed: "tap" is no tape."""
    for asked in (ask(index, "tap", limit=1), ask(index, "tap ", limit=1, as_you_type=True)):
        assert "tape" not in {word for reason in asked[0].reasons for word in reason.words}


@pytest.mark.parametrize(
    "question", ['"oar third"', '"third oars"', '"third blue"', '"the oar"', '"thrid oar"']
)
def test_a_phrase_is_required_word_for_word(index: VaultIndex, question: str) -> None:
    """In its order, in these forms, without anything between, without guessing."""
    assert [] == ask(index, question)


@pytest.mark.parametrize("question", ["oar -tape", "oar -TAPES", 'oar -"third oar"', "-oar third"])
def test_what_is_excluded_is_not_found(index: VaultIndex, question: str) -> None:
    """In any form of the word, or exactly in this order."""
    assert "needle" not in [hit.id for hit in ask(index, question, limit=1_000)]


@pytest.mark.parametrize("question", ['oar -"oar third"', "oar - tape", "oar tape-tape"])
def test_what_is_no_exclusion_excludes_nothing(index: VaultIndex, question: str) -> None:
    """Another order of the words, a dash, a hyphen."""
    assert "needle" == ask(index, question)[0].id


def test_a_name_in_quotation_marks_is_only_preferred_in_a_sentence(index: VaultIndex) -> None:
    """A whole question names a thing; what answers it need not repeat the name."""
    hits = ask(index, 'Did anybody hang the oar of the "Golden Hind" behind something?')

    assert "needle" == hits[0].id
    assert [] == ask(index, 'oar "Golden Hind"')


def test_without_operators_quotation_marks_mean_nothing(index: VaultIndex) -> None:
    """What somebody wrote to somebody is no search."""
    hits = ask(index, 'He said "hang the oar -behind it"', operators=False)

    assert "needle" == hits[0].id


def test_a_guess_says_what_it_took_the_word_for(index: VaultIndex) -> None:
    """In the reasons, and by marking the word that was found."""
    (found, *_) = ask(index, "thrid oar")
    (words,) = (reason.words for reason in found.reasons if reason.name == "same words")

    assert ("near 'third'", "oar") == tuple(sorted(words))
    assert ["third", "oar"] == marked(found)


def test_a_compound_marks_its_parts(index: VaultIndex) -> None:
    """And an unfinished word what it may become."""
    assert ["boat", "shed"] == marked(ask(index, "boatshed")[0])
    assert ["oar", "tape"] == marked(ask(index, "oar tap", as_you_type=True)[0])


def test_nothing_is_guessed_when_it_must_not_be(index: VaultIndex) -> None:
    """What is about to be destroyed is named exactly."""
    hits = ask(index, "thrid", slips=False)

    assert not [hit for hit in hits if any("near" in str(r.words) for r in hit.reasons)]
    assert hits[0].marks == {"thrid"}
