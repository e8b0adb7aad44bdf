"""Carries work from event loops to threads that own a connection, and the outcome back.

A lane is one queue served by one or more threads. Threads, because SQLite blocks; our own and
not an executor's, because a lane's thread keeps its connection, and because a whole group of
outcomes goes back with one wake-up of the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

from holdfast.errors import StorageFailed

__all__ = ["MOST_WAITING", "Job", "Lane", "Outcome", "settle"]

_A = TypeVar("_A")
_C = TypeVar("_C")
_R = TypeVar("_R")

MOST_WAITING = 10_000
"""Jobs in a queue; further callers wait before they are taken in."""


class Job(NamedTuple):
    """One piece of work; `work(connection, ask)` runs in the lane's thread.

    Untyped inside the lane (`Any`): `Lane.submit` holds the types of its two ends together.
    """

    work: Callable[[Any, Any], Any]
    ask: Any
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    alone: bool


Outcome: TypeAlias = "tuple[Job, Any, Exception | None]"
"""A job, its result, and the exception it ended in instead."""


def _deliver(outcomes: list[Outcome]) -> None:
    for job, result, exc in outcomes:
        # A caller that was cancelled has gone; what it asked for was done all the same.
        if job.future.done():
            continue
        if exc is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(exc)


def settle(outcomes: list[Outcome]) -> None:
    """Hand outcomes to the loops they came from, with one wake-up for each loop."""
    if not outcomes:
        return
    loop = outcomes[0][0].loop
    if all(outcome[0].loop is loop for outcome in outcomes):
        _call(loop, _deliver, outcomes)
        return
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0].loop, []).append(outcome)
    for loop, mine in by_loop.items():
        _call(loop, _deliver, mine)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *args)
    except RuntimeError:
        # The loop was closed: nobody waits there any more.
        return


class Lane:
    """A bounded queue of jobs. Taken from by threads, put to by tasks of any loop.

    The queue is told to stop by None, once for each thread that takes from it.
    """

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._waiters: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._closed = False

    async def submit(self, work: Callable[[_C, _A], _R], ask: _A, *, alone: bool = False) -> _R:
        """Have the work done and return what it returned, or raise what it raised.

        Cancelling the caller does not call the work back: it was taken in, and is done.

        Raises:
            StorageFailed: the lane was closed.
        """
        loop = asyncio.get_running_loop()
        if self.jobs.qsize() >= MOST_WAITING:
            await self._room(loop)
        future: asyncio.Future[_R] = loop.create_future()
        with self._gate:
            if self._closed:
                raise StorageFailed("the storage was closed: open it again")
            self.jobs.put(Job(work, ask, future, loop, alone))
        return await future

    async def _room(self, loop: asyncio.AbstractEventLoop) -> None:
        while self.jobs.qsize() >= MOST_WAITING:
            turn = loop.create_future()
            self._waiters.append((loop, turn))
            # Looked at again after queueing up: the thread may have taken all just before.
            if self.jobs.qsize() < MOST_WAITING:
                return
            await turn

    def make_room(self) -> None:
        """Called by a thread after it took jobs: let those who wait try again."""
        while self._waiters:
            loop, turn = self._waiters.popleft()
            _call(loop, _wake, turn)

    def close(self, threads: int) -> bool:
        """Take in nothing more and stop the threads after what is queued; False if done before."""
        with self._gate:
            if self._closed:
                return False
            self._closed = True
            for _ in range(threads):
                self.jobs.put(None)
        return True


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
