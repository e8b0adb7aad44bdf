"""The library from threads: blocks, iterators, Ctrl-C, closing."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import holdfast.sync
from holdfast.errors import NotFound, StorageFailed
from holdfast.sync.portal import Portal


def test_a_turn_is_recorded_as_it_happens(keeper: holdfast.sync.Keeper) -> None:
    """Input, nested tool calls and a streamed answer come out in the order they happened."""
    session = keeper.user("ada").sessions.start()
    with session.turn("What is the weather?") as turn:
        with turn.tool("weather", {"city": "Oslo"}) as outer:
            with turn.tool("clock") as inner:
                inner.result(12)
            outer.result({"celsius": 4})
        with turn.stream() as answer:
            answer.write("It is ")
            answer.write("4 degrees.")

    messages = session.messages()
    kinds = ["text", "tool_call", "tool_call", "tool_result", "tool_result", "text"]
    assert kinds == [message.kind for message in messages]
    assert messages[2].tool is not None
    assert messages[2].tool.parent_call_id == outer.call_id
    assert messages[-1].text == "It is 4 degrees."
    assert ["complete"] == [turn.status for turn in session.turns()]


def test_ctrl_c_inside_a_turn_ends_it_as_cancelled(keeper: holdfast.sync.Keeper) -> None:
    """KeyboardInterrupt leaves the block, and the turn is recorded as cancelled."""
    session = keeper.user("ada").sessions.start()

    with pytest.raises(KeyboardInterrupt), session.turn("hello"):
        raise KeyboardInterrupt

    assert ["cancelled"] == [turn.status for turn in session.turns()]


def test_an_error_inside_a_turn_is_recorded_and_raised(keeper: holdfast.sync.Keeper) -> None:
    """An exception of the caller passes through; the turn has failed."""
    session = keeper.user("ada").sessions.start()

    with pytest.raises(ZeroDivisionError), session.turn("hello"):
        _ = 1 / 0

    assert ["failed"] == [turn.status for turn in session.turns()]


def test_iterating_may_stop_half_way(keeper: holdfast.sync.Keeper) -> None:
    """An iterator that is left early is closed, and the store goes on working."""
    ada = keeper.user("ada")
    for number in range(3):
        ada.sessions.start(title=f"talk {number}")

    assert next(iter(ada.sessions.each())).title == "talk 2"
    assert len(list(ada.sessions.each())) == 3


def test_many_threads_write_without_gaps(keeper: holdfast.sync.Keeper) -> None:
    """Sixteen threads that write into one session leave seq without a gap or a repeat."""
    session = keeper.user("ada").sessions.start()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: session.log_full_chat_interaction(f"q{n}", "a"), range(64)))

    assert list(range(128)) == [message.seq for message in session.messages()]


def test_errors_are_those_of_the_library(keeper: holdfast.sync.Keeper) -> None:
    """The exceptions of the asynchronous side arrive as they are."""
    with pytest.raises(NotFound):
        keeper.user("nobody", create=False)


def test_closing_ends_the_thread_and_every_call_after_it() -> None:
    """No thread is left, and a closed store says so."""
    before = threading.active_count()
    keeper = holdfast.sync.open("memory:")
    ada = keeper.user("ada")
    keeper.close()
    keeper.close()

    assert threading.active_count() == before
    with pytest.raises(StorageFailed):
        ada.stats()


def test_a_store_that_fails_to_open_leaves_no_thread() -> None:
    """When opening raises, the thread is gone already."""
    before = threading.active_count()

    with pytest.raises(holdfast.HoldfastError):
        holdfast.sync.open("nowhere:")

    assert threading.active_count() == before


def test_an_unclosed_store_warns_and_lets_its_thread_go() -> None:
    """Whoever forgets to close hears of it; the thread ends all the same."""
    left = [holdfast.sync.open("memory:")]
    thread = next(t for t in threading.enumerate() if t.name == "holdfast-sync")

    with pytest.warns(ResourceWarning, match="unclosed"):
        left.clear()
    gc.collect()
    thread.join(timeout=10)

    assert not thread.is_alive()


def test_a_callback_that_calls_back_is_refused() -> None:
    """Waiting for oneself would last for ever; it is an error instead."""
    portal = Portal()

    async def work() -> None:
        portal.call(work)

    try:
        with pytest.raises(RuntimeError, match="callback"):
            portal.call(work)
    finally:
        portal.close()


def test_a_call_cut_off_by_closing_is_an_error() -> None:
    """A thread that waits while another closes the store is told, and does not wait for ever."""
    portal = Portal()
    waiting = threading.Event()
    with ThreadPoolExecutor(1) as pool:

        async def for_ever() -> None:
            waiting.set()
            await asyncio.Event().wait()

        call = pool.submit(portal.call, for_ever)
        waiting.wait()
        portal.close()

        with pytest.raises(StorageFailed):
            call.result()
