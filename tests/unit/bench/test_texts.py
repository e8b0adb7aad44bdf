"""The made-up talk is the same every time and of the promised shape."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from statistics import mean

from holdfast.bench.texts import Talk


def test_two_talks_of_one_seed_say_the_same() -> None:
    """Figures of two runs rest on the same words; another seed says something else."""
    first, again, other = (list(islice(Talk(seed).exchanges(), 50)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_exchanges_have_the_promised_length() -> None:
    """A question has about 120 characters, an answer about 400."""
    exchanges = list(islice(Talk().exchanges(), 500))

    assert 100 <= mean(len(one.question) for one in exchanges) <= 140
    assert 360 <= mean(len(one.answer) for one in exchanges) <= 440


def test_words_are_spread_as_in_a_language() -> None:
    """A few words make up much of the text, and most words are rare."""
    words = Counter(
        word for one in islice(Talk().exchanges(), 1000) for word in one.answer.lower().split()
    )

    assert sum(count for _, count in words.most_common(50)) > 0.3 * words.total()
    assert sum(count == 1 for count in words.values()) > 0.3 * len(words)


def test_questions_come_in_every_kind() -> None:
    """Five in a row are of five kinds: none of them is asked twice as often as another."""
    questions = list(islice(Talk().questions(), 10))

    assert len({question.split()[0] for question in questions}) >= 3
    assert [question for question in questions if "{" in question] == []
