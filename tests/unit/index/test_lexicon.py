"""Words that resemble one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.index.lexicon import Lexicon, distances
from holdfast.index.postings import Postings
from holdfast.index.vocabulary import Vocabulary


def lexicon(*texts: str) -> tuple[Vocabulary, Postings, Lexicon]:
    words = Vocabulary()
    postings = Postings(words)
    postings.extend(list(texts))
    return words, postings, Lexicon(words)


def near(text: str, word: str) -> tuple[int, list[str]]:
    words, _, known = lexicon(text)
    distance, found = known.near(word)
    return distance, [words.names[number] for number in found]


def slow_distance(first: str, second: str) -> int:
    """By the book: optimal string alignment."""
    rows = [list(range(len(second) + 1))]
    for i, a in enumerate(first, start=1):
        row = [i]
        for j, b in enumerate(second, start=1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


@given(st.text("abc", min_size=1, max_size=7), st.lists(st.text("abc", min_size=1, max_size=7)))
def test_distances_of_many_are_those_of_each(word: str, names: list[str]) -> None:
    """One table for all names gives what the textbook gives for each."""
    assert [slow_distance(word, name) for name in names] == distances(word, names).tolist()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("thrid", (1, ["third"])),
        ("thirdd", (1, ["third"])),
        ("thrd", (1, ["third"])),
        ("rhird", (1, ["third"])),
        ("htird", (1, ["third"])),
        ("retsaurent", (2, ["restaurant"])),
        ("oat", (0, [])),  # too short
        ("th1rd", (0, [])),  # a code, not a word
        ("zebra", (0, [])),
        ("third", (0, [])),  # not near itself
    ],
)
def test_slips_of_the_pen_are_seen_through(word: str, expected: tuple[int, list[str]]) -> None:
    """One for words of four letters, two for those of eight."""
    assert expected == near("the third oar in the restaurant", word)


def test_the_nearest_and_most_used_come_first() -> None:
    """Then by spelling; a word that begins alike beats one that does not."""
    assert (1, ["boats", "boots"]) == near("boots boats boats goats", "bots")
    assert (1, ["coast"]) == near("coast toast", "coastt")
    assert (1, ["coats"]) == near("boats coats", "coatss")


def test_words_no_longer_in_use_resemble_nothing() -> None:
    """Nor do they complete anything."""
    words, postings, known = lexicon("third oar", "thin ice")
    postings.forget([0])

    assert (0, []) == known.near("thrid")
    assert ["thin"] == [words.names[number] for number in known.starting_with("thi", 9)]


def test_completions_are_the_same_whenever_the_words_came() -> None:
    """Sorted lists and what came after them answer alike; so they do from the end."""
    texts = [f"word{n % 50:02d}{n}" for n in range(3_000)]
    words, postings, known = lexicon(*texts[:2_500])
    known.starting_with("w", 1)
    postings.extend(texts[2_500:])
    fresh_words, _, fresh = lexicon(*texts[::-1])

    for front in ("word0", "word49", "word4949", "x"):
        expected = [fresh_words.names[n] for n in fresh.starting_with(front, 40)]
        assert expected == [words.names[n] for n in known.starting_with(front, 40)]
    ends = [words.names[n] for n in known.ending_with("49", 100)]
    assert sorted(text for text in texts if text.endswith("49"))[:100] == ends
