"""One event loop in a thread of its own, and the way in for threads that have none.

The thread knows the loop and nothing else, so that a portal nobody holds any more is collected
and can warn.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any, Final, TypeVar

from holdfast.errors import StorageFailed

__all__ = ["Portal"]

_T = TypeVar("_T")
_END: Final = object()
_CLOSED = "the store was closed: open it again"


class Portal:
    """Runs coroutines of any thread on one loop and waits for them. Close it.

    Each calling thread has one context for all its calls: what a block sets when it is entered
    (the tool call that others are nested in) is seen by the calls inside it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_serve, args=(self._loop,), name="holdfast-sync", daemon=True
        )
        self._mine = threading.local()
        self._gate = threading.Lock()
        self._closed = False
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether nothing can be called any more."""
        return self._closed

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is the loop's own, which must not wait for itself."""
        return threading.get_ident() == self._thread.ident

    def call(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Await `work()` on the loop and return what it returned, or raise what it raised.

        Ctrl-C cancels it, waits until it has ended, and is raised then.

        Raises:
            StorageFailed: the portal was closed.
            RuntimeError: called from a callback that runs on the loop itself.
        """
        if self.is_here:
            raise RuntimeError("a callback cannot call back: it would wait for itself")
        done: Future[_T] = Future()
        running: list[asyncio.Task[None]] = []
        context = self._context()

        async def run() -> None:
            try:
                done.set_result(await work())
            except asyncio.CancelledError:
                done.cancel()
                done.set_running_or_notify_cancel()
                raise
            except BaseException as exc:  # noqa: BLE001  # it belongs to the caller
                done.set_exception(exc)

        def start() -> None:
            running.append(self._loop.create_task(run(), context=context))

        try:
            # Inside: a Ctrl-C right after the start must stop the work like one during it.
            with self._gate:
                if self._closed:
                    done.cancel()
                    raise StorageFailed(_CLOSED)
                self._loop.call_soon_threadsafe(start)
            return done.result()
        except CancelledError:
            raise StorageFailed(_CLOSED) from None
        except BaseException:
            if not done.done():
                self._stop(running, done)
            raise

    def _stop(self, running: list[asyncio.Task[None]], done: Future[Any]) -> None:
        """End what a Ctrl-C broke into, so that nothing of it happens behind the caller's back."""

        def stop() -> None:
            for task in running:
                task.cancel()
            if not running:  # It came before the start.
                done.cancel()

        self._loop.call_soon_threadsafe(stop)
        waiting = threading.Event()
        done.add_done_callback(lambda _: waiting.set())
        waiting.wait()

    def run(self, function: Callable[[], _T]) -> _T:
        """Call a plain function on the loop's thread, where nothing else runs beside it."""
        if self.is_here:
            return function()

        async def work() -> _T:
            return function()

        return self.call(work)

    def each(self, items: Callable[[], AsyncIterator[_T]]) -> Iterator[_T]:
        """Iterate an asynchronous iterator; it is closed when the iteration ends anyhow."""

        async def begin() -> AsyncIterator[_T]:
            return items()

        iterator = self.call(begin)

        async def step() -> object:
            return await anext(iterator, _END)

        async def end() -> None:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

        try:
            while (item := self.call(step)) is not _END:
                yield item  # type: ignore[misc]  # not the end mark
        finally:
            # A generator that is only dropped is finalised anywhere, also on the loop itself.
            if not self._closed and not self.is_here:
                self.call(end)

    def _context(self) -> contextvars.Context:
        context: contextvars.Context | None = getattr(self._mine, "context", None)
        if context is None:
            context = self._mine.context = contextvars.copy_context()
        return context

    def close(self) -> None:
        """Finish what is running, stop the loop and wait for its thread. May be called twice."""
        if self._shut() and not self.is_here:
            self._thread.join()

    def abandon(self) -> None:
        """Stop the loop without waiting; for finalisers."""
        self._shut()

    def _shut(self) -> bool:
        with self._gate:
            if self._closed:
                return False
            self._closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        return True


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
