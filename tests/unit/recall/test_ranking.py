"""From a question to ranked hits with reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.clock import to_ms
from holdfast.errors import BadInput
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.asking import Ask, Ranked
from holdfast.recall.fusion import Fusion, SetFile
from holdfast.recall.ranking import rank
from holdfast.recall.sessions import SESSION_FEATURES, rank_sessions

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = ("people", "assistant")
TALK = [
    ("s1", "user", "Remember, my favourite colour is blue", 40),
    ("s1", "assistant", "Noted, blue it is.", 40),
    ("s2", "user", "How do I repair a bicycle chain?", 20),
    ("s2", "assistant", "Use a chain tool to push out the broken link.", 20),
    ("s3", "user", "We adopted a puppy called Rex", 1),
    ("s3", "assistant", "Congratulations! What breed is he?", 1),
    ("s4", "user", "我最喜欢的食物是饺子", 5),
    ("s4", "assistant", "饺子很好吃", 5),
]


def said(number: int, session: str, role: str, text: str, days_ago: int) -> Entry:
    at_ms = to_ms(NOW - timedelta(days=days_ago)) + number
    return Entry(
        id=f"m{number}", session_id=session, seq=number % 2, role=role, at_ms=at_ms, text=text
    )


@pytest.fixture(scope="module")
def index(static: StaticEmbedder) -> VaultIndex:
    made = VaultIndex(static)
    made.add(said(number, *line) for number, line in enumerate(TALK))
    return made


def ask(index: VaultIndex, question: str, **given: object) -> list[Ranked]:
    return rank(Ask(**{"question": question, "now": NOW, **given}), index)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what's my favourite colour?", "m0"),
        ("fixing my bike chain", "m2"),
        ("the name of our dog", "m4"),
        ("我喜欢什么食物", "m6"),
    ],
)
def test_the_message_that_answers_comes_first(
    index: VaultIndex, question: str, expected: str
) -> None:
    """Same words, another form, similar meaning, another script."""
    assert expected == ask(index, question)[0].id


def test_hits_page_without_gap_or_repeat(index: VaultIndex) -> None:
    """offset continues where limit ended."""
    whole = ask(index, "blue chain puppy", limit=6)

    assert whole == ask(index, "blue chain puppy", limit=3) + ask(
        index, "blue chain puppy", limit=3, offset=3
    )


def test_scores_fall_and_reasons_are_their_largest_parts(index: VaultIndex) -> None:
    """Every reason adds, strongest first, and names the words it rests on as they were asked."""
    hits = ask(index, "what's my favourite COLOURS?")
    values = [reason.value for reason in hits[0].reasons]

    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0
    assert {"same words": {"favourite", "colours"}}.items() <= {
        reason.name: set(reason.words) for reason in hits[0].reasons
    }.items()


def test_a_time_in_the_question_is_preferred_not_required(index: VaultIndex) -> None:
    """The same question, another day: another order, the same hits."""
    plain = ask(index, "what did we talk about", limit=8)
    dated = ask(index, "what did we talk about yesterday", limit=8)

    assert "s3" == dated[0].session_id
    assert {hit.id for hit in plain} == {hit.id for hit in dated}
    assert "said yesterday" in [reason.name for reason in dated[0].reasons]


def test_filters_narrow_what_is_found(index: VaultIndex) -> None:
    """By time, role, session and kind of thing."""
    assert {"s3"} == {hit.session_id for hit in ask(index, "blue", days_back=2)}
    assert {"m1", "m3", "m5", "m7"} == {hit.id for hit in ask(index, "blue", role="assistant")}
    assert {"m0", "m1"} == {hit.id for hit in ask(index, "puppy", session_id="s1")}
    assert [] == ask(index, "blue", include="memories")
    since = NOW - timedelta(days=30)
    assert {"s2"} == {
        hit.session_id for hit in ask(index, "blue", since=since, until=since + timedelta(days=20))
    }


def test_a_memory_stands_beside_the_message_it_came_from(static: StaticEmbedder) -> None:
    """It is not punished for having no session and no neighbours."""
    index = VaultIndex(static)
    index.add(said(number, *line) for number, line in enumerate(TALK))
    memory = Entry(id="k1", session_id="", is_memory=True, at_ms=0, text="Favourite colour: blue")
    index.add([memory])

    assert "k1" in [hit.id for hit in ask(index, "what is my favourite colour?")[:2]]
    assert ["k1"] == [h.id for h in ask(index, "favourite colour", include="memories")]


def test_a_named_speaker_is_preferred(static: StaticEmbedder) -> None:
    """Among people: both said the same, one was asked about."""
    index = VaultIndex(static)
    index.add(
        Entry(id=name, session_id=name, at_ms=0, speaker=name, text="I have been to Norway")
        for name in ("Ada", "Grace", "Edsger")
    )

    (first, *_) = ask(index, "Where has Grace's holiday been?")

    assert "Grace" == first.id
    assert "said by grace" in [reason.name for reason in first.reasons]


def test_sessions_are_ranked_by_all_that_was_found_in_them(index: VaultIndex) -> None:
    """Each once, with the messages that speak for it."""
    ranked = rank_sessions(Ask(question="how to repair a chain", now=NOW, limit=2), index)

    assert "s2" == ranked[0].session_id
    assert {"m2", "m3"} == set(ranked[0].hits)
    assert 2 == len({one.session_id for one in ranked})


@pytest.mark.parametrize(
    ("other", "before", "after", "counts"),
    [
        ("assistant", 0, 3, "the opening"),
        ("assistant", 1, 3, "the opening"),
        ("assistant", 0, 80, "the closest"),
        ("user", 0, 3, "nothing"),
    ],
)
def test_what_a_session_was_opened_with_says_what_it_is_about(
    static: StaticEmbedder, other: str, before: int, after: int, counts: str
) -> None:
    """The user's first message, not what a system put before it; of a talk that went on and on
    whatever is closest; and nothing among people, who begin with a greeting."""
    opening, question = "My tomatoes have yellow leaves.", "Why did the plants look sick?"
    lines = [("system", "Be brief.")] * before + [("user", opening)]
    lines += [(other, "The plants look sick.")] + [("user", "And then?")] * after
    index = VaultIndex(static)
    index.add(
        Entry(id=f"m{n}", session_id="s", seq=n, role=role, at_ms=0, text=text)
        for n, (role, text) in enumerate(lines)
    )
    only = Fusion({k: SetFile(0, {"opening": 1}) for k in KINDS}, SESSION_FEATURES)

    (found,) = rank_sessions(Ask(question=question, now=NOW), index, fusion=only)

    texts = {"the opening": opening, "the closest": "The plants look sick.", "nothing": ""}
    asked, said = static.embed([question, texts[counts]])
    assert found.score == pytest.approx(float(asked @ said), abs=0.01)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("question", {"question": ""}),
        ("question", {"question": " \n\t\x00 "}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 1001}),
        ("offset", {"offset": -1}),
        ("days_back", {"days_back": 0}),
        ("days_back", {"days_back": float("nan")}),
        ("days_back", {"days_back": 1e12}),
        ("include", {"include": "everything"}),
        ("since", {"since": NOW, "until": NOW - timedelta(days=1)}),
        ("since", {"since": NOW.replace(tzinfo=None)}),
        ("now", {"now": NOW.replace(tzinfo=None)}),
    ],
)
def test_bad_input_names_its_field(index: VaultIndex, field: str, given: dict[str, object]) -> None:
    """And never repeats the question."""
    with pytest.raises(BadInput) as caught:
        ask(index, **{"question": "secret-canary", **given})

    assert field == caught.value.field
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "question",
    [
        "the of and",
        "?",
        "🍕",
        "\x00\x01 blue",
        "\ud800",
        "word " * 10_000,
        "x" * 100_000,
        "ｂｌｕｅ",
    ],
)
def test_odd_questions_are_answered(index: VaultIndex, question: str) -> None:
    """Stop words, controls, emoji, lone surrogates, ten thousand words: some order, no error."""
    assert len(TALK) == len(ask(index, question))


def test_an_empty_vault_has_no_hits(static: StaticEmbedder) -> None:
    """Nothing, rather than an error."""
    assert [] == ask(VaultIndex(static), "anything")
    assert [] == rank_sessions(Ask(question="anything", now=NOW), VaultIndex(static))


def told(number: int, text: str, *, session: str = "s", speaker: str | None = None) -> Entry:
    at_ms = to_ms(NOW - timedelta(days=90)) + number * 86_400
    return Entry(
        id=f"m{number}", session_id=session, seq=number, speaker=speaker, at_ms=at_ms, text=text
    )


def test_a_thousand_identical_messages_are_one_hit(static: StaticEmbedder) -> None:
    """They do not fill the page: what else there is comes after them."""
    index = VaultIndex(static)
    index.add(told(number, "The ferry leaves at nine") for number in range(1000))
    index.add([told(1000, "A ferry ticket costs four pounds")])

    hits = ask(index, "ferry", limit=5)

    assert [0, 999] == sorted(hit.repeats for hit in hits)
    assert "m1000" in {hit.id for hit in hits}


def test_equal_words_of_different_people_stay_apart(static: StaticEmbedder) -> None:
    """Who said something belongs to what was said."""
    index = VaultIndex(static)
    index.add([told(1, "I can swim", speaker="Ada"), told(2, "I can swim", speaker="Chen")])

    assert {"m1", "m2"} == {hit.id for hit in ask(index, "who can swim?")}


def test_of_like_statements_the_newer_comes_first_when_asked_how_things_are_now(
    static: StaticEmbedder,
) -> None:
    """And the older one is not hidden."""
    index = VaultIndex(static)
    index.add(
        [
            told(1, "My commute takes 45 minutes by bus", session="a"),
            told(2, "My commute takes 30 minutes by bike", session="b"),
        ]
    )

    hits = ask(index, "How long does my commute currently take?")

    assert ["m2", "m1"] == [hit.id for hit in hits]


def test_a_page_goes_on_where_the_one_before_ended(static: StaticEmbedder) -> None:
    """Folding and giving way come before the cut."""
    index = VaultIndex(static)
    index.add(told(number, f"The ferry number {number // 3} is late") for number in range(60))

    whole = [hit.id for hit in ask(index, "late ferry", limit=20)]
    pages = [
        hit.id for at in (0, 5, 10, 15) for hit in ask(index, "late ferry", limit=5, offset=at)
    ]

    assert whole == pages
    assert 20 == len(set(whole))
