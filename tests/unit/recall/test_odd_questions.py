"""Questions and vaults out of the ordinary: an answer or a clear error, and soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked
from holdfast.recall.dates import mentions
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import rank_sessions
from holdfast.recall.snippets import snippet_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def vault(static: StaticEmbedder, *texts: str) -> VaultIndex:
    index = VaultIndex(static)
    index.add(
        Entry(id=f"m{n:04d}", session_id=f"s{n // 4}", seq=n % 4, at_ms=1_000 * n, text=text)
        for n, text in enumerate(texts)
    )
    return index


@pytest.fixture(scope="module")
def few(static: StaticEmbedder) -> VaultIndex:
    texts = [
        "the boat is blue",
        "to be or not to be",
        "a pizza 🍕",
        "蓝色的船",
        "x marks it",
        "...",
    ]
    return vault(static, *texts)


def ask(index: VaultIndex, question: str, **given: object) -> list[Ranked]:
    return rank(Ask(**{"question": question, "now": NOW, "limit": 1_000, **given}), index)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("x", "m0004"),
        ("船", "m0003"),
        ("🍕", "m0002"),
        ("to be or not to be", "m0001"),
        ("the BOAT " * 5_000, "m0000"),
        ("boat " + " ".join(map("".join, product("bcdfgh", repeat=5))), "m0000"),
        ("\x00boat\x07\x1b[31m", "m0000"),
        ("ｂｏａｔ", "m0000"),
        ("boat on 31 February", "m0000"),
        ("b\u0301o\u0301at", "m0000"),
    ],
)
def test_short_long_and_strange_questions_find_what_they_say(
    few: VaultIndex, question: str, first: str
) -> None:
    """One letter, an emoji, stop words, ten thousand words, controls, no such day."""
    assert first == ask(few, question)[0].id


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('"to be or not to be"', {"m0001"}),
        ('"🍕"', {"m0002"}),
        ('"色的"', {"m0003"}),
        ('"的色"', set()),
        ('"not said here"', set()),
        ("-boat", {"m0001", "m0002", "m0003", "m0004", "m0005"}),
        ("-boat -not -pizza -色 -marks", {"m0005"}),
        ('"the boat" -blue', set()),
    ],
)
def test_operators_alone_are_a_question(few: VaultIndex, question: str, expected: set[str]) -> None:
    """A phrase of stop words, of one emoji, of characters; only exclusions."""
    assert expected == {hit.id for hit in ask(few, question)}


@pytest.mark.parametrize("question", ['"', '""', "-", '-"', '"" -', "“”", "«", "「", "' - '"])
def test_lone_operators_are_answered(few: VaultIndex, question: str) -> None:
    """They mean nothing, and break nothing."""
    assert 6 == len(ask(few, question))
    assert 6 == len(ask(few, question, as_you_type=True))


@given(
    st.text(max_size=80),
    st.booleans(),
    st.sampled_from(["", '"{}"', "-{}", '-"{}"', "boat {}", "{}?"]),
)
def test_any_question_is_answered_the_same_twice(
    few: VaultIndex, text: str, typing: bool, form: str
) -> None:
    """With any operators; an empty one is refused by name."""
    question = form.format(text) or text
    if not question.strip().strip("\0"):
        with pytest.raises(BadInput):
            ask(few, question, as_you_type=typing)
        return
    hits = ask(few, question, as_you_type=typing)

    assert hits == ask(few, question, as_you_type=typing)
    for hit in hits:
        snippet_of("the boat is blue", hit.marks)


def test_times_that_contradict_each_other_are_refused(few: VaultIndex) -> None:
    """Since after until, and a question that names both is only a question."""
    with pytest.raises(BadInput):
        ask(few, "boat", since=NOW, until=NOW - timedelta(days=1))
    assert 6 == len(ask(few, "the boat between tomorrow and yesterday"))


def test_times_beyond_the_calendar_are_no_times() -> None:
    """A question may speak of any number of years."""
    for words in ("99999 years ago", "vor 9999 Jahren", "hace 9999 años", "9999年前", "0 days ago"):
        assert all(m.start < m.end for m in mentions(words, now=NOW))
    early = datetime(1, 1, 1, tzinfo=UTC)
    assert () == mentions("two weeks ago, last month, vor zwei Wochen, 上周", now=early)


def test_a_vault_of_one_message_answers(static: StaticEmbedder) -> None:
    """By its word, by a slip, by what is typed; and with nothing when it must have the phrase."""
    index = vault(static, "the third oar")

    for question in ("oar", "thrid", '"third oar"', "what?", "third -boat"):
        assert ["m0000"] == [hit.id for hit in ask(index, question)]
    assert ["m0000"] == [hit.id for hit in ask(index, "th", as_you_type=True)]
    assert [] == ask(index, '"oar third"')
    assert [] == ask(index, "third -oar")


def test_a_thousand_equal_messages_are_one_hit(static: StaticEmbedder) -> None:
    """On the first page only; every conversation that has it is found."""
    index = vault(static, *["the third oar is blue"] * 1_000)

    for question in ("thrid oar", '"third oar"', "oar -boat"):
        assert 1 == len(ask(index, question, limit=100))
        assert [] == ask(index, question, limit=100, offset=100)
    sessions = rank_sessions(Ask(question="oar", now=NOW, limit=250), index)
    assert 250 == len({one.session_id for one in sessions})
