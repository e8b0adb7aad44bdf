"""What a talk keeps of its events, and what a listener holds: decided without a server."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.assistant.events import Delta, Event, Finished, Started
from holdfast.keeper.access import Caller
from holdfast.model import SessionId, TurnId, UserId
from holdfast.server.schemas.events import PongEvent
from holdfast.server.talking import listeners
from holdfast.server.talking.listeners import TOO_SLOW, Listener
from holdfast.server.talking.run import Run
from holdfast.server.talking.told import Replay, Told

ADA = Caller(user_id=UserId("ada"), account="local", via="process")
SESSION = SessionId("s")


def turn(number: int, pieces: list[str]) -> tuple[Run, list[Event]]:
    """A turn that has not ended yet, and its events."""
    run = Run(client_key=None, by=None, who="ada")
    turn_id = TurnId(f"t{number}")
    deltas = [Delta(turn_id=turn_id, text=piece) for piece in pieces]
    started = Started(turn_id=turn_id, session_id=SESSION, message=None)
    finished = Finished(turn_id=turn_id, status="complete", message=None)
    return run, [started, *deltas, finished]


def text_of(told: list[Told]) -> str:
    return "".join(t.event.text for t in told if isinstance(t.event, Delta))


def others_in(told: list[Told]) -> list[int]:
    """The places of what is no piece of a text."""
    return [t.seq for t in told if not isinstance(t.event, Delta)]


@given(
    turns=st.lists(st.lists(st.text(max_size=30), max_size=12), min_size=1, max_size=6),
    max_events=st.integers(1, 12),
    max_chars=st.integers(100, 3_000),
    asked=st.integers(0, 80),
)
def test_what_is_kept_is_all_that_came_after_or_is_said_not_to_be(
    turns: list[list[str]], max_events: int, max_chars: int, asked: int
) -> None:
    """Whatever the bounds: either a place is covered, and then every event after it is there, or
    it is not; and of a turn that runs the whole text is there at every moment."""
    replay = Replay(0, max_events=max_events, max_chars=max_chars)
    everything: list[Told] = []
    for number, pieces in enumerate(turns):
        run, events = turn(number, pieces)
        for event in events:
            told = Told(len(everything) + 1, SESSION, event=event, run=run)
            everything.append(told)
            replay.add(told)
            so_far = [t for t in everything if t.run is run]
            assert text_of(replay.of(run)) == text_of(so_far)
            assert replay.before_running() == so_far[0].seq - 1
            for place in (asked, len(everything), len(everything) - 1):
                if replay.covers(place):
                    after = [t for t in everything if t.seq > place]
                    assert text_of(replay.after(place)) == text_of(after)
                    assert others_in(replay.after(place)) == others_in(after)
        run.running = False
    assert not replay.covers(len(everything) + 1)
    assert replay.covers(len(everything))


def test_memory_is_bounded() -> None:
    """A million pieces in ended turns and one endless answer stay near the bounds."""
    replay = Replay(0, max_events=100, max_chars=100_000)
    seq = 0
    for number in range(100):
        run, events = turn(number, ["word "] * 50)
        for event in events:
            seq += 1
            replay.add(Told(seq, SESSION, event=event, run=run))
        run.running = False
    assert len(replay.after(0)) <= 100

    run, events = turn(100, ["word "] * 5_000)
    for event in events[:-1]:
        seq += 1
        replay.add(Told(seq, SESSION, event=event, run=run))
    assert len(replay.of(run)) <= 200
    assert text_of(replay.of(run)) == "word " * 5_000


def test_nothing_of_ended_turns_is_kept_after_something_was_removed() -> None:
    """What still runs stays, and whoever comes back with a place from before begins anew."""
    replay = Replay(10)
    ended, events = turn(1, ["secret"])
    for place, event in enumerate(events, start=11):
        replay.add(Told(place, SESSION, event=event, run=ended))
    ended.running = False
    running, more = turn(2, ["open"])
    replay.add(Told(14, SESSION, event=more[0], run=running))

    replay.clear()

    assert replay.of(ended) == []
    assert [t.seq for t in replay.of(running)] == [14]
    assert not replay.covers(12)
    assert replay.covers(13)


async def test_a_listener_that_lags_holds_up_the_talk_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its patience is spent, not renewed by each event; only catching up renews it."""
    monkeypatch.setattr(listeners, "_MAX_WAITING", 1)
    monkeypatch.setattr(listeners, "_PATIENCE_S", 0.0)
    listener = Listener(ADA, ready=lambda: None)
    told = Told(1, SESSION, shown=PongEvent())

    await listener.hear(told)
    assert listener.ended is None
    await listener.hear(told)

    assert listener.ended is TOO_SLOW
    assert listener.take() is None


async def test_those_who_wait_for_a_listener_are_heard_in_turn() -> None:
    """Two events that found no room at once both arrive, once there is."""
    listener = Listener(ADA, ready=lambda: None)
    first = [Told(n, SESSION, shown=PongEvent()) for n in range(listeners._MAX_WAITING)]
    assert all(listener.offer(told) for told in first)
    late = [Told(1_000, SESSION, shown=PongEvent()), Told(1_001, SESSION, shown=PongEvent())]
    waiting = [asyncio.create_task(listener.hear(told)) for told in late]
    await asyncio.sleep(0)

    heard = []
    while len(heard) < len(first) + 2:
        told = listener.take()
        if told is None:
            await asyncio.sleep(0)
        else:
            heard.append(told)
    await asyncio.gather(*waiting)

    assert heard[: len(first)] == first
    assert {told.seq for told in heard[len(first) :]} == {1_000, 1_001}
    assert listener.ended is None


def test_what_is_caught_up_with_does_not_count_as_lagging() -> None:
    """However much was missed, the client is not too slow before it could read."""
    listener = Listener(ADA, ready=lambda: None)
    listener.catch_up([Told(n, SESSION, shown=PongEvent()) for n in range(1_000)])

    assert all(
        listener.offer(Told(n, SESSION, shown=PongEvent()))
        for n in range(1_000, 1_000 + listeners._MAX_WAITING)
    )
    assert not listener.offer(Told(9_999, SESSION, shown=PongEvent()))


def test_what_waits_of_a_room_is_dropped_with_the_access_to_it() -> None:
    """The rest stays, in order."""
    listener = Listener(ADA, ready=lambda: None)
    for seq, session in enumerate(["room", "own", "room", "own"]):
        listener.offer(Told(seq, session, shown=PongEvent()))

    listener.drop("room")

    left = [listener.take(), listener.take(), listener.take()]
    assert [None if t is None else t.seq for t in left] == [1, 3, None]
