"""An answer that only quotes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.assistant.answering import Asked
from holdfast.assistant.excerpts import excerpt, subject_terms
from holdfast.assistant.phrasing import phrasing
from holdfast.assistant.quoting import NOTHING, compose, is_echo
from holdfast.distill.echoes import is_quotation
from holdfast.distill.frames import FRAMES
from holdfast.keeper.recalling import Hit
from holdfast.model import Memory, MemoryId, MessageId, SessionId, Source
from holdfast.recall.snippets import Snippet

from .conftest import NOW, hit, memory_hit, message

JANUARY = datetime(2026, 1, 9, 8, tzinfo=UTC)
ASKED = "What's my favourite colour?"
BLUE = "Remember, my favourite colour is blue"
_NOTHINGS = {frames.nothing for frames in FRAMES.values()}


def answer(question: str, *hits: Hit) -> str:
    """What is said to a question with these hits, Helper being the assistant."""
    names = {SessionId("s"): "helper"}
    return compose(Asked(text=question, hits=hits, now=NOW, assistants=names))


def test_the_answer_is_a_quote_with_its_day() -> None:
    """What was said, when, and by whom; nothing else."""
    assert answer(ASKED, hit(BLUE, at=JANUARY)) == f'On 9 January you said: "{BLUE}"'


def test_another_year_is_named() -> None:
    """Without it, a day of another year would be taken for one of this year."""
    long_ago = JANUARY.replace(year=2024)

    assert answer(ASKED, hit(BLUE, at=long_ago)) == f'On 9 January 2024 you said: "{BLUE}"'


def test_days_begin_in_the_zone_that_is_given() -> None:
    """Late in the evening it is tomorrow further east."""
    late = datetime(2025, 12, 31, 23, tzinfo=UTC)
    asked = Asked(text=ASKED, hits=(hit(BLUE, at=late),), now=NOW, assistants={})

    east = compose(asked, zone=timezone(timedelta(hours=3)))

    assert east == f'On 1 January you said: "{BLUE}"'
    assert compose(asked) == f'On 31 December 2025 you said: "{BLUE}"'


@pytest.mark.parametrize(
    ("found", "speaker"),
    [
        (hit(BLUE, role="assistant"), "Helper"),
        (hit(BLUE, role="assistant", author="nora"), "Nora"),
        (hit(BLUE, role="assistant", session_id=SessionId("other")), "the assistant"),
        (hit(BLUE, author="Ben"), "Ben"),
        (hit(BLUE), "you"),
    ],
)
def test_the_speaker_is_named(found: Hit, speaker: str) -> None:
    """Words of others are never put into the owner's mouth."""
    assert answer(ASKED, found) == f'On 10 February {speaker} said: "{BLUE}"'


def test_a_memory_is_quoted_as_a_note() -> None:
    """Nobody said it in these words; a summary of several messages is not quoted at all."""
    assert answer(ASKED, memory_hit(BLUE)) == f'Noted on 10 February: "{BLUE}"'
    assert answer(ASKED, memory_hit(BLUE, at=None)) == f'Noted: "{BLUE}"'
    assert answer(ASKED, memory_hit(BLUE, kind="summary")) == NOTHING


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the capital of France?", BLUE),
        ("What's my favourite food?", BLUE),
        ("How are you?", BLUE),
        ("Who am I?", "I am tired of the rain"),
        ("When is my dentist appointment?", "My sister Nora lives in Oslo"),
        ("我的狗叫什么名字？", "我最喜欢的颜色是蓝色"),
        ("Wo ist mein Schlüssel?", "Mein Auto ist rot und steht im Hof"),
        ("Comment s'appelle mon chat ?", "Ma voiture est rouge et je l'aime"),
    ],
)
def test_what_shares_no_subject_is_no_answer(question: str, text: str) -> None:
    """Recall always finds something best; when it is not about the question, that is said."""
    assert answer(question, hit(text, score=-3)) in _NOTHINGS


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Which color do I like best?", BLUE),
        ("When is my dentist appointment?", "I see the dentist on Tuesday"),
        ("Where do I work?", "I work at the harbour"),
        ("What's my name?", "My name is Ada"),
        ("What did I say about Oslo in January?", "We should go to Oslo"),
        ("I plan a dinner with my sister, what food does she like?", "My sister loves spicy food"),
        ("我最喜欢的颜色是什么？", "请记住,我最喜欢的颜色是蓝色"),
        ("Was ist meine Lieblingsfarbe?", "Meine Lieblingsfarbe ist blau"),
    ],
)
def test_what_shares_the_subject_is_an_answer_whatever_its_score(question: str, text: str) -> None:
    """Words of talking, times and qualifiers are not the subject; spelling does not matter."""
    assert text in answer(question, hit(text, score=-3))


def test_a_speaker_need_not_name_himself() -> None:
    """What Nora says of her job is an answer about Nora; what she says of else is none."""
    question = "What is Nora's new job?"

    assert answer(question, hit("I am at my job", author="Nora", score=-3)) != NOTHING
    assert answer(question, hit("I like the sea", author="Nora", score=-3)) == NOTHING


def test_likeness_of_meaning_answers_when_recall_is_confident() -> None:
    """Without a common word the hit must be likelier than not, and for its meaning."""
    text, question = "My sister lives in Oslo", "Where is my sibling?"

    assert text in answer(question, hit(text, score=0.5, reasons=("similar meaning",)))
    assert answer(question, hit(text, score=-0.5, reasons=("similar meaning",))) == NOTHING
    assert answer(question, hit(text, score=0.5)) == NOTHING


def test_questions_are_no_answers_unless_there_is_nothing_else() -> None:
    """A question states nothing; a text that asks and states does."""
    asks = hit("Which colour do you like?")
    both = hit("My favourite colour is blue. Is that common?")

    assert answer(ASKED, asks, both) == f'On 10 February you said: "{both.text}"'
    assert answer(ASKED, asks) == f'On 10 February you said: "{asks.text}"'


def test_neither_the_same_question_nor_its_old_answers_are_quoted() -> None:
    """Otherwise each asking would bury what was said deeper."""
    old = f'On 9 January you said: "{BLUE}"'
    echoes = [hit("what's my favourite colour"), hit(old, role="assistant")]
    echoes += [hit(f'Kept: "{BLUE}"', role="assistant"), hit(NOTHING, role="assistant")]

    assert answer(ASKED, *echoes) == NOTHING
    assert answer(ASKED, *echoes, hit(BLUE)) == f'On 10 February you said: "{BLUE}"'


@pytest.mark.parametrize("text", [f'On 9 January 2024 Nora said: "{BLUE}"', f'Noted: "{BLUE}"'])
def test_only_an_assistant_can_have_quoted_before(text: str) -> None:
    """A person who writes the same words says something."""
    assert is_echo(message(text, role="assistant"), ASKED)
    assert not is_echo(message(text), ASKED)


def test_the_same_statement_twice_is_one_quote() -> None:
    """Near-duplicates are folded, also when the assistant repeats what a person said."""
    said = [hit(BLUE, at=JANUARY), hit("My favourite colour is blue"), hit(f"{BLUE}!")]
    said.append(hit("Great, your favourite colour is blue.", role="assistant"))

    assert answer(ASKED, *said) == f'On 9 January you said: "{BLUE}"'


TRIP = (
    "I meet Nora in the office garden before breakfast, the harbour ferry leaves with bicycles,"
    " tents, sleeping bags, apples, bread, cheese, chocolate, maps, torches and rain coats"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "We meet Nora in the office on Monday at 10",
            "We meet Nora in the office on Monday at 11",
        ),
        ("I do not meet Nora in the office", "I meet Nora in the office"),
        (f"{TRIP} at gate 10", f"{TRIP} at gate 11"),
    ],
)
def test_a_number_or_a_not_makes_a_difference(one: str, other: str) -> None:
    """What differs in what matters is not folded."""
    said = answer("When do I meet Nora in the office?", hit(one), hit(other))

    assert said.splitlines() == [f'On 10 February you said: "{text}"' for text in (one, other)]


def test_a_correction_comes_before_what_it_corrects() -> None:
    """Of texts that are alike the newest comes first, whatever recall prefers."""
    old, new = hit(BLUE, at=JANUARY), hit("My favourite colour is green now")

    assert answer(ASKED, old, new).splitlines() == [
        'On 10 February you said: "My favourite colour is green now"',
        f'On 9 January you said: "{BLUE}"',
    ]


def _changed() -> tuple[Hit, Hit, Hit, Hit]:
    """Blue until the tenth of February, then green: both as they were said, and remembered."""
    blue = hit("I like blue best, my favourite colour", at=JANUARY, id=MessageId("blue"))
    green = hit("Actually my favourite colour is green", id=MessageId("green"))
    former = _remembered("Favourite colour: blue", blue, until=NOW)
    return blue, green, former, _remembered("Favourite colour: green", green)


def _remembered(text: str, found: Hit, *, until: datetime | None = None) -> Hit:
    said = found.message
    assert said is not None
    memory = Memory(
        id=MemoryId(text),
        kind="preference",
        text=text,
        created_at=said.at,
        valid_from=said.at,
        valid_to=until,
        sources=(Source(session_id=said.session_id, message_id=said.id),),
    )
    return Hit(memory=memory, session_id=None, score=1.0, reasons=(), snippet=Snippet(text=text))


def test_what_is_and_what_was_have_different_answers() -> None:
    """Now: nothing that has ended. Before: what has ended first, from when until when."""
    found = _changed()

    now = answer("What is my favourite colour?", *found)
    then = answer("What was my favourite colour?", *found).splitlines()

    assert "green" in now
    assert "blue" not in now
    assert then[0] == 'Noted on 9 January, until 10 February: "Favourite colour: blue"'
    assert any("green" in line for line in then[1:])
    assert not any("I like blue" in line for line in then)


@pytest.mark.parametrize("question", ["What is my favourite colour?", "My favourite colour?"])
def test_what_has_ended_is_better_than_nothing_and_says_so(question: str) -> None:
    """Where nothing holds now; and not as if it still did."""
    blue, _, former, _ = _changed()

    assert answer(question, blue, former) == (
        'Noted on 9 January, until 10 February: "Favourite colour: blue"'
    )


def test_words_that_still_hold_in_part_are_quoted() -> None:
    """A message that another memory rests on has not ended as a whole."""
    blue, _, former, _ = _changed()
    lasting = _remembered("Best liked: blue things", blue)

    assert "I like blue best" in answer("What is my favourite colour?", blue, former, lasting)


def test_at_most_three_quotes_are_given() -> None:
    """Best first; the rest can be searched for."""
    said = [hit(f"The boat number {n} is in harbour {n * n}") for n in range(3, 9)]

    quoted = answer("Where is the boat?", *said).splitlines()

    assert len(quoted) == 3


def test_tool_output_reasoning_and_errors_are_not_quoted() -> None:
    """Nobody said them."""
    silent = [hit(BLUE, role="tool"), hit(BLUE, role="system", kind="error")]
    silent.append(hit(BLUE, role="assistant", kind="reasoning"))

    assert answer(ASKED, *silent) == NOTHING


def test_the_assistant_is_quoted_first_when_it_is_asked_for() -> None:
    """ "What did you recommend" is about the assistant's words, not about the person's."""
    person = hit("I want to see the fjord from a boat")
    helper = hit("For the fjord take the morning boat.", role="assistant")

    you = answer("What did you recommend for the fjord boat?", person, helper)
    mine = answer("What about the fjord boat?", person, helper)

    assert you.startswith("On 10 February Helper said")
    assert mine.startswith("On 10 February you said")


def test_a_time_alone_asks_for_what_was_said_then() -> None:
    """ "What did I say yesterday?" has no subject but the day."""
    said = [hit("I ate a pear", at=NOW - timedelta(days=1)), hit(BLUE, at=JANUARY)]

    assert answer("What did I say yesterday?", *said) == 'On 9 February you said: "I ate a pear"'
    assert answer("What did I say last year?", *said) == NOTHING


def test_a_statement_is_acknowledged_with_its_own_words() -> None:
    """It was kept before it is acknowledged; the quote shows what."""
    assert answer(BLUE, hit("my favourite colour is red")) == f'Kept: "{BLUE}"'
    assert answer("") == "Kept."


LONG = (
    "We left the house early and drove for hours. " * 8
    + "Nora's favourite colour is blue, she said at lunch. "
    + "Then we went on to the coast and slept in a small hut. " * 8
)


def test_a_long_text_is_cut_at_sentences_around_the_match() -> None:
    """Whole sentences, unaltered, with an ellipsis where something was left out."""
    quoted = excerpt(LONG, subject_terms(ASKED))

    assert "Nora's favourite colour is blue, she said at lunch." in quoted
    assert quoted.startswith("… ")
    assert quoted.endswith(". …")
    assert quoted.strip("… ") in LONG
    assert len(quoted) <= 284


@given(st.text(max_size=1200), st.text(max_size=40))
def test_an_excerpt_is_always_a_part_of_the_text(text: str, question: str) -> None:
    """Nothing is ever altered, and no more is quoted than about the length that was asked for."""
    cut = excerpt(text, subject_terms(question), max_chars=100)

    assert len(cut) <= 104
    assert cut in text or cut.removeprefix("… ").removesuffix(" …") in text


@pytest.mark.parametrize(
    ("question", "text", "line"),
    [
        (
            "Was ist meine Lieblingsfarbe?",
            "Meine Lieblingsfarbe ist blau",
            "Am 9. Januar hast du gesagt: „Meine Lieblingsfarbe ist blau“",
        ),
        (
            "¿Cuál es mi color favorito?",
            "Mi color favorito es el azul",
            "El 9 de enero dijiste: «Mi color favorito es el azul»",
        ),
        (
            "Quelle est ma couleur préférée ?",
            "Ma couleur préférée est le bleu",
            "Le 9 janvier, tu as dit\u00a0: «\u00a0Ma couleur préférée est le bleu\u00a0»",
        ),
        (
            "我最喜欢的颜色是什么？",
            "我最喜欢的颜色是蓝色",
            "1月9日你说过：“我最喜欢的颜色是蓝色”",
        ),
        ("Where does Zoë live?", "Zoë wohnt in Köln", 'On 9 January you said: "Zoë wohnt in Köln"'),
        ("What does 蓝色 mean?", "蓝色 means blue", 'On 9 January you said: "蓝色 means blue"'),
    ],
)
def test_an_answer_is_in_the_language_of_what_is_asked(question: str, text: str, line: str) -> None:
    """Its words around the quotation, its months and its marks; what is quoted stays as it was."""
    assert answer(question, hit(text, at=JANUARY)) == line


def test_where_the_words_tell_no_language_the_preferred_one_is_taken() -> None:
    """A name alone is of no language; what is plainly English is answered in English."""
    found = (hit("Anna mag Tee", at=JANUARY),)

    def in_german(question: str) -> str:
        asked = Asked(text=question, hits=found, now=NOW, assistants={}, language="de")
        return compose(asked)

    assert in_german("Anna?") == "Am 9. Januar hast du gesagt: „Anna mag Tee“"
    assert in_german("What does Anna like?") == 'On 9 January you said: "Anna mag Tee"'
    assert in_german("Berlin") == "Gemerkt: „Berlin“"


def test_then_and_now_are_understood_in_german_too() -> None:
    """Who asks for what was gets what has ended first, who asks for what is gets what holds."""
    before = memory_hit("Lieblingsfarbe: blau", at=JANUARY, ends=JANUARY.replace(day=20))
    now = memory_hit("Lieblingsfarbe: grün", at=JANUARY.replace(day=20))

    then = answer("Was war meine Lieblingsfarbe?", now, before)

    assert then.startswith("Notiert am 9. Januar, bis 20. Januar: „Lieblingsfarbe: blau“")
    assert "blau" not in answer("Was ist meine Lieblingsfarbe?", now, before)


@pytest.mark.parametrize("language", FRAMES)
def test_what_an_answer_says_is_known_again_as_a_quotation(language: str) -> None:
    """In every language and every sentence: nobody has to be told it a second time."""
    words = phrasing(language)
    days = [
        words.day(JANUARY.replace(day=day, year=year), NOW, UTC)
        for day in (1, 31)
        for year in (2024, 2026)
    ]
    for day in days:
        assert is_quotation(words.said("x", day=day, who=None))
        assert is_quotation(words.said("x", day=day, who="Nora Ek"))
        assert is_quotation(words.noted("x", day=day, until=""))
        assert is_quotation(words.noted("x", day=day, until=days[0]))
    assert is_quotation(words.noted("x", day="", until=""))
    assert is_quotation(words.kept("x"))
    assert is_quotation(words.kept(""))
    assert is_quotation(words.nothing)
    assert not is_quotation(words.kept("") + " Now something else.")
