"""What is said about one thing, over time: one value at a time, whatever order it arrives in."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.clock import uuid7_ids
from holdfast.keeper.reconciling import Settled, Statement, settle
from holdfast.model import Memory, MessageId, SessionId, Source

DAY = datetime(2026, 1, 1, tzinfo=UTC)
END = DAY + timedelta(days=9999)
IDS = uuid7_ids()


def said(value: str, day: int, *, ends: bool = False, start: int = 0, **other: Any) -> Statement:
    """A statement about the favourite colour."""
    at = DAY + timedelta(days=day)
    source = Source(
        session_id=SessionId("s"), message_id=MessageId(f"m{day:03}"), start=start, end=9, at=at
    )
    fields: dict[str, Any] = {
        "kind": "preference",
        "text": f"Favourite colour: {value}",
        "subject": "user",
        "attribute": "favourite colour",
        "made_by": "rules/1",
        **other,
    }
    return Statement(value=value, at=at, source=source, ends=ends, **fields)


def told(known: list[Memory], *new: Statement, **other: Any) -> list[Memory]:
    """The memories after one more settlement, by time."""
    return after(known, settle(known, new, ids=IDS, now=DAY, **other))


def after(known: list[Memory], settled: Settled) -> list[Memory]:
    """What is there once it was written."""
    by_id = {memory.id: memory for memory in known}
    by_id.update((memory.id, memory) for memory in (*settled.made, *settled.changed))
    for memory in settled.gone:
        del by_id[memory.id]
    return sorted(by_id.values(), key=lambda m: (m.valid_from or DAY, m.valid_to or END))


def spans(memories: list[Memory]) -> list[tuple[str, int, int | None, int]]:
    """(value, first day, last day, how often it was said)."""

    def day(at: datetime | None) -> int | None:
        return None if at is None else (at - DAY).days

    return [(m.value, day(m.valid_from) or 0, day(m.valid_to), len(m.sources)) for m in memories]


def test_a_new_value_closes_the_old_one_and_supersedes_it() -> None:
    """Both stay, each with its time."""
    blue, green = told(told([], said("blue", 1)), said("green", 5))

    assert spans([blue, green]) == [("blue", 1, 5, 1), ("green", 5, None, 1)]
    assert (blue.supersedes, green.supersedes) == (None, blue.id)


def test_the_same_value_again_is_one_more_source() -> None:
    """No second memory, whatever the letters' case."""
    assert spans(told(told([], said("blue", 1)), said("Blue.", 5))) == [("blue", 1, None, 2)]


def test_an_older_statement_never_closes_a_newer_one() -> None:
    """It takes its own place in time."""
    red, green = told(told([], said("green", 5)), said("red", 2))

    assert spans([red, green]) == [("red", 2, 5, 1), ("green", 5, None, 1)]
    assert green.supersedes == red.id


def test_what_is_found_between_two_times_of_the_same_value_parts_them() -> None:
    """Blue, later found to have been red for a while, and blue again."""
    known = told(told([], said("blue", 1)), said("blue", 9))

    assert spans(told(known, said("red", 4))) == [
        ("blue", 1, 4, 1),
        ("red", 4, 9, 1),
        ("blue", 9, None, 1),
    ]


def test_an_ending_closes_without_a_successor() -> None:
    """What was named, or whatever held; what ends nothing is refused and changes nothing."""
    (blue,) = known = told(told([], said("blue", 1)), said("", 6, ends=True))
    other = settle(known, [said("red", 7, ends=True)], ids=IDS, now=DAY)

    assert spans(known) == [("blue", 1, 6, 1)]
    assert blue.closed_by == said("", 6).source
    assert [(r.reason, r.statement.value) for r in other.refused] == [("nothing to end", "red")]
    assert (other.made, other.changed, other.gone) == ((), (), ())


def test_of_two_in_one_message_the_later_wins() -> None:
    """The former is kept as superseded, and holds at no time."""
    known = told([], said("green", 1, start=40), said("blue", 1, start=3))

    assert spans(known) == [("blue", 1, 1, 1), ("green", 1, None, 1)]


def test_what_its_owner_settled_stays_won() -> None:
    """Corrected, pinned or written by hand: nothing distilled closes it, and it is told so."""
    (blue,) = told([], said("blue", 3))
    for kept in (
        replace(blue, corrected=True, value="teal"),
        replace(blue, pinned=True),
        replace(blue, made_by="hand", sources=()),
    ):
        later = settle([kept], [said("green", 5)], ids=IDS, now=DAY)

        assert (later.made, later.changed, later.gone) == ((), (), ())
        assert [r.reason for r in later.refused] == ["corrected"]
        assert spans(told([kept], said("red", 1)))[0] == ("red", 1, 3, 1)


def test_what_a_lost_statement_had_closed_holds_again() -> None:
    """Its successor, its ending, or the middle of it goes."""
    known = told([], said("blue", 1), said("green", 5), said("blue", 9), said("", 12, ends=True))

    assert spans(told(known, without=["m005", "m012"])) == [("blue", 1, None, 2)]
    assert spans(told(known, without=["m009"])) == [("blue", 1, 5, 1), ("green", 5, None, 1)]
    assert told(known, removed=[m.id for m in known]) == []


def test_a_memory_that_loses_its_first_words_keeps_none_of_them() -> None:
    """What the other source said too is left: attribute and value."""
    first = said("blue", 1, text="My favourite colour is blue, as my late aunt's eyes")
    (left,) = told(told([], first, said("blue", 4)), without=["m001"])

    assert (left.text, left.valid_from) == ("Favourite colour: blue", DAY + timedelta(days=4))


def _without_source(memory: Memory) -> Memory:
    return replace(memory, sources=(), session_id=None, closed_by=None, source_gone=True)


def test_what_was_kept_without_its_source_has_its_place_in_time() -> None:
    """It goes with nothing that is said later: that closes it, as it would any other."""
    (blue,) = told([], said("blue", 1))
    kept = _without_source(blue)

    old, green = known = told([kept], said("green", 5))

    assert (old, green.supersedes) == (replace(kept, valid_to=DAY + timedelta(days=5)), old.id)
    assert told(known) == known
    assert spans(told(known, without=["m005"])) == [("blue", 1, None, 0)]


def test_what_was_kept_without_its_source_ends_where_it_had_ended() -> None:
    """Also when what ended it went along."""
    (blue,) = told(told([], said("blue", 1)), said("", 4, ends=True))

    known = told([_without_source(blue)], said("green", 9))

    assert spans(known) == [("blue", 1, 4, 0), ("green", 9, None, 1)]
    assert told(known) == known


def test_what_was_kept_without_its_source_rests_on_the_same_said_again() -> None:
    """Then it has a source, since when it always held."""
    (blue,) = told([], said("blue", 1))

    (again,) = told([_without_source(blue)], said("blue", 6))

    assert (again.id, again.source_gone, again.session_id) == (blue.id, False, "s")
    assert spans([again]) == [("blue", 1, None, 1)]
    assert told([again]) == [again]
    assert told([again], without=["m006"]) == []


def test_what_was_taken_back_was_not_said() -> None:
    """One statement of a message goes, the other stays."""
    joke = said("pink", 2)
    known = told([], said("blue", 1), joke)

    assert spans(told(known, unsaid=[joke.source])) == [("blue", 1, None, 1)]


@st.composite
def _histories(draw: st.DrawFn) -> list[Statement]:
    days = draw(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True))
    return [
        said(
            draw(st.sampled_from(["red", "green", "blue"])), day, ends=draw(st.integers(0, 5)) == 0
        )
        for day in days
    ]


def _values(memories: list[Memory]) -> list[Any]:
    return [(m.value, m.valid_from, m.valid_to, m.sources) for m in memories]


@given(_histories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(
    history: list[Statement], chance: random.Random
) -> None:
    """All at once, one by one, or shuffled in parts: the same values at the same times."""
    history = [s for s in history if not s.ends]
    at_once = told([], *history)
    shuffled = chance.sample(history, len(history))
    one_by_one: list[Memory] = []
    for statement in shuffled:
        one_by_one = told(one_by_one, statement)

    assert _values(one_by_one) == _values(at_once)


@given(_histories(), st.randoms(use_true_random=False))
def test_one_value_holds_at_a_time_and_the_chain_is_whole(
    history: list[Statement], chance: random.Random
) -> None:
    """After each statement and each loss: spans in order without overlap, each follows the last."""
    known: list[Memory] = []
    for statement in chance.sample(history, len(history)):
        known = told(known, statement)
        if chance.random() < 0.3:
            known = told(known, without=[chance.choice(history).source.message_id])
        assert all(m.sources for m in known)
        for former, later in itertools.pairwise(known):
            assert former.valid_to is not None
            assert former.valid_to <= (later.valid_from or DAY)
            assert later.supersedes == former.id


@given(_histories())
def test_settling_twice_changes_nothing(history: list[Statement]) -> None:
    """Reading the same session again, as after a crash."""
    known = told([], *history)
    again = settle(known, [s for s in history if not s.ends], ids=IDS, now=DAY)

    assert (again.made, again.changed, again.gone) == ((), (), ())
