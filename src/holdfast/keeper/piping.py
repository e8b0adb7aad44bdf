"""What a writer in a thread writes into a file, piece by piece on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import AsyncGenerator, Callable
from typing import IO, cast

__all__ = ["piped"]

_PIECE_BYTES = 256 << 10
_QUEUED = 4


class _Gone(Exception):
    """Nobody reads any more."""


class _Pipe(io.RawIOBase):
    """The writer's end. A write waits until there is room."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUED)
        self._rest = bytearray()
        self._told = False
        self._abandoned = False
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        before = len(self._rest)
        self._rest += data  # type: ignore[arg-type]  # typeshed hides the buffer's type
        taken = len(self._rest) - before
        if len(self._rest) >= _PIECE_BYTES:
            self._put(bytes(self._rest))
            self._rest.clear()
        return taken

    def end(self) -> None:
        """From the writer's thread: what is left, and that it was the last."""
        if self.failure is None and self._rest:
            self._put(bytes(self._rest))
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        if not self._abandoned:
            asyncio.run_coroutine_threadsafe(self._pieces.put(piece), self._loop).result()
        elif not self._told:
            # Once: whatever is closed on the way out may write a last time.
            self._told = True
            raise _Gone

    async def next(self) -> bytes | None:
        """The next piece, None at the end."""
        return await self._pieces.get()

    def abandon(self) -> None:
        """Nobody reads any more: the writer's next write tells it, one that waits is let go."""
        self._abandoned = True
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._pieces.get_nowait()


async def piped(write: Callable[[IO[bytes]], None]) -> AsyncGenerator[bytes, None]:
    """Run a writer in a thread of its own and yield what it writes; some 2 MiB are in memory.

    Not a thread of the common pool: a reader that takes its time would keep it from all others.
    Close the iterator (`aclosing`) when it is not read to its end.

    Raises:
        What the writer raises, after what it wrote until then.
    """
    loop = asyncio.get_running_loop()
    pipe, ended = _Pipe(loop), asyncio.Event()
    thread = threading.Thread(
        target=_run, args=(write, pipe, loop, ended), name="holdfast-export", daemon=True
    )
    thread.start()
    try:
        while (piece := await pipe.next()) is not None:
            yield piece
        if pipe.failure is not None:
            raise pipe.failure
    finally:
        pipe.abandon()
        await asyncio.shield(asyncio.ensure_future(ended.wait()))
        thread.join()


def _run(
    write: Callable[[IO[bytes]], None],
    pipe: _Pipe,
    loop: asyncio.AbstractEventLoop,
    ended: asyncio.Event,
) -> None:
    try:
        write(cast("IO[bytes]", pipe))
    except _Gone:
        pass
    except BaseException as exc:  # noqa: BLE001  # it goes to whoever reads
        pipe.failure = exc
    finally:
        with contextlib.suppress(_Gone, RuntimeError):
            pipe.end()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)
