"""Times that hang on an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.clock import to_ms
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.recall.anchors import Anchor, anchor_in
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import weigh

DAY = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "event", "days", "is_after", "touches"),
    [
        ("what did I eat two weeks before the trip to Oslo?", "the trip to Oslo", 14, False, False),
        ("who called the day after I moved", "I moved", 1, True, True),
        ("A couple of months after the wedding, where was Ada?", "the wedding", 60, True, False),
        ("What did I buy 3 days prior to the exam?", "the exam", 3, False, False),
        ("The week before the race what did we run?", "the race", 7, False, True),
    ],
)
def test_an_event_with_a_distance_is_read(
    question: str, event: str, days: int, is_after: bool, touches: bool
) -> None:
    """The event's words end where the question goes on."""
    anchor = anchor_in(question)

    assert anchor is not None
    found = anchor.event, anchor.days, anchor.is_after, anchor.touches
    assert found == (event, days, is_after, touches)


@pytest.mark.parametrize(
    "question",
    [
        "what did I do before the trip?",
        "the day before",
        "two weeks before the trip",
        "how many days before I moved did she call?",
        "what happened the week before last?",
        "what did I do the day after it?",
    ],
)
def test_a_question_without_an_event_or_a_distance_has_no_anchor(question: str) -> None:
    """Nothing is guessed."""
    assert anchor_in(question) is None


def test_the_stretch_next_to_an_event_touches_it_and_a_distance_leads_away() -> None:
    """ "The week before" ends at the event, "two weeks before" is around a day."""
    week = Anchor(event="x", words="x", is_after=False, days=7, touches=True)
    fortnight = Anchor(event="x", words="x", is_after=True, days=14, touches=False)

    assert week.span(DAY, DAY) == (DAY - timedelta(days=7), DAY)
    start, end = fortnight.span(DAY, DAY)
    assert start < DAY + timedelta(days=14) < end
    assert end - start < timedelta(days=14)


def _entry(n: int, day: datetime, text: str, session: str) -> Entry:
    return Entry(id=f"m{n}", session_id=session, seq=0, role="user", at_ms=to_ms(day), text=text)


@pytest.fixture(scope="module")
def index(static: StaticEmbedder) -> VaultIndex:
    filled = VaultIndex(static)
    filled.add(
        [
            _entry(1, DAY, "Yesterday I moved into the lighthouse.", "moved"),
            _entry(2, DAY + timedelta(days=13), "For dinner we cooked mussels.", "then"),
            _entry(3, DAY - timedelta(days=90), "For dinner we cooked a risotto.", "before"),
            _entry(4, DAY + timedelta(days=200), "For dinner we cooked lentils.", "later"),
        ]
    )
    return filled


def _asked(question: str, **narrowed: object) -> Ask:
    return Ask(question=question, now=DAY + timedelta(days=300), **narrowed)  # type: ignore[arg-type]


def test_what_was_said_at_a_distance_from_an_event_comes_first(index: VaultIndex) -> None:
    """The event is looked for, and its time is the one it speaks of, not the one it was told at."""
    weighed = weigh(_asked("dinner two weeks after I moved into the lighthouse"), index, pool=600)

    (time,) = weighed.question.times
    assert time.words == "two weeks after I moved into the lighthouse"
    assert time.start + (time.end - time.start) / 2 == DAY + timedelta(days=14 - 1)
    dinners = [n for n, id_ in enumerate(weighed.evidence.ids) if id_ != "m1"]
    best = max(dinners, key=lambda n: weighed.scores[n])
    assert weighed.evidence.ids[best] == "m2"


def test_an_event_may_lie_outside_the_time_that_is_asked_about(index: VaultIndex) -> None:
    """A filter cuts what is found, not what it is counted from."""
    ask = _asked("dinner two weeks after I moved into the lighthouse", since=DAY + timedelta(5))

    weighed = weigh(ask, index, pool=600)

    assert weighed.question.times
    assert set(weighed.evidence.ids) == {"m2", "m4"}


def test_an_event_that_may_not_be_seen_dates_nothing(index: VaultIndex) -> None:
    """What a session is asked alone must not tell of another."""
    ask = _asked("dinner two weeks after I moved into the lighthouse", session_id="then")

    assert weigh(ask, index, pool=600).question.times == ()


@pytest.mark.parametrize(
    "question",
    [
        "dinner two weeks after the eclipse in Chile",
        "dinner yesterday, two weeks after I moved into the lighthouse",
    ],
)
def test_an_unknown_event_and_a_plain_time_need_no_event(index: VaultIndex, question: str) -> None:
    """A time that the question names itself is what it means; else there is none."""
    times = weigh(_asked(question), index, pool=600).question.times

    assert [time.words for time in times] in ([], ["yesterday"])


def test_a_time_outside_the_calendar_is_none(static: StaticEmbedder) -> None:
    """The year 10,400 does not exist; the question is answered all the same."""
    far = datetime(9500, 1, 1, tzinfo=UTC)
    index = VaultIndex(static)
    index.add([_entry(1, far, "The comet landed.", "far")])

    weighed = weigh(_asked("dinner 900 years after the comet landed"), index, pool=600)

    assert weighed.question.times == ()
    assert weighed.evidence.ids == ["m1"]
