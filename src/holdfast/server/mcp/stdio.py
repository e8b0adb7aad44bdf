"""MCP over stdin and stdout, for a host that starts a process of its own for one user.

Whatever else this process prints goes to stderr: on stdout there is the protocol and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from mcp.server.stdio import stdio_server

from holdfast.assistant.tools.standard import tools_of
from holdfast.keeper.access import ALL_SCOPES, Scope
from holdfast.server.mcp.offering import Offering
from holdfast.server.mcp.speaking import OneUser
from holdfast.server.mcp.transport import quieten
from holdfast.server.mcp.unanswered import Unanswered
from holdfast.server.observing.logs import log_to_stderr

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server

    from holdfast.keeper.keeper import Keeper
    from holdfast.server.observing.logs import LogFormat
    from holdfast.settings import Settings

__all__ = ["serve_stdio"]

_READING: frozenset[Scope] = frozenset({"memory:read"})
_MAX_LINE_BYTES = 4 << 20
_QUEUED_LINES = 16
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_LAST_WORDS_S = 30.0
"""How long answers may take that are still owed when stdin ends."""


async def serve_stdio(keeper: Keeper, settings: Settings, *, read_only: bool = False) -> None:
    """Serve the user of the settings until stdin ends, or SIGTERM or SIGINT comes.

    Call it in the main thread of a process that does nothing else.
    """
    log_to_stderr(settings.log_level, cast("LogFormat", settings.log_format))
    quieten()
    speaker = OneUser(
        await keeper.user(settings.user),
        scopes=_READING if read_only else ALL_SCOPES,
        clock=keeper.store.clock,
        base_url=settings.public_url,
    )
    offering = Offering(tools_of(settings), speaker, tool_timeout_s=settings.tool_timeout_s)
    with _wires() as (read_fd, write_fd):
        serving = asyncio.ensure_future(_serve(offering.server(), read_fd, write_fd))
        loop = asyncio.get_running_loop()
        for how in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows ends a process without asking
                loop.add_signal_handler(how, serving.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _serve(server: Server[Any], read_fd: int, write_fd: int) -> None:  # Any: its own state
    task = asyncio.current_task()
    assert task is not None
    # The SDK's own reading and writing would keep a process that is to end until its host closes
    # the pipe: a thread that waits for a line cannot be told to stop.
    unanswered = Unanswered()
    # Any: the SDK wants files of anyio, and uses this much of them.
    lines: Any = _Lines(read_fd, unanswered)
    wire: Any = _Wire(write_fd, unanswered, lost=task.cancel)
    async with stdio_server(lines, wire) as (read, write):
        await server.run(read, write, server.create_initialization_options())


class _Lines:
    """What comes in, line by line, read by a thread that nobody waits for."""

    def __init__(self, fd: int, unanswered: Unanswered) -> None:
        self._fd = fd
        self._unanswered = unanswered
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_QUEUED_LINES)
        threading.Thread(target=self._run, name="holdfast-mcp-in", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._queue.get()) is not None:
            self._unanswered.note_received(line)
            yield line
        # The SDK breaks off what runs when this ends, and a host may have asked and closed.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._unanswered.settled()

    def _run(self) -> None:
        with open(self._fd, "rb", closefd=False) as pipe:
            whole = True
            while line := pipe.readline(_MAX_LINE_BYTES):
                # Of a line that is too long nothing is taken: its pieces are no messages.
                ends = line.endswith(b"\n")
                if whole and (ends or len(line) < _MAX_LINE_BYTES):
                    self._put(_readable(line))
                whole = ends
        self._put(None)

    def _put(self, line: str | None) -> None:
        put = self._queue.put(line)
        try:
            asyncio.run_coroutine_threadsafe(put, self._loop).result()
        except RuntimeError:  # the loop has ended
            put.close()


def _readable(line: bytes) -> str:
    """A line as the SDK reads it: half a surrogate pair becomes a question mark.

    It would drop the line, and the host would wait for an answer that never comes.
    """
    text = line.decode("utf-8", "replace")
    if not _HALF_PAIR.search(line):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace").decode()
    except (ValueError, RecursionError):
        return text


class _Wire:
    """What goes out, written by a thread that nobody waits for once the host is gone."""

    def __init__(self, fd: int, unanswered: Unanswered, *, lost: Callable[[], object]) -> None:
        self._fd = fd
        self._unanswered = unanswered
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        self._last: asyncio.Future[None] | None = None
        self._text = ""
        threading.Thread(target=self._run, name="holdfast-mcp-out", daemon=True).start()

    async def write(self, text: str) -> None:
        """Take a text; `flush` waits until it is written."""
        self._last = self._loop.create_future()
        self._queue.put((text.encode(), self._last))
        self._text = text

    async def flush(self) -> None:
        """Return when all of it is written."""
        if self._last is not None:
            await self._last
            self._unanswered.note_sent(self._text)

    def _run(self) -> None:
        while True:
            data, written = self._queue.get()
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(self._fd, left) :]
                told: Callable[[], object] = _Done(written)
            except OSError:  # nobody reads any more
                told = self._lost
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(told)


class _Done:
    """Tells a future that it is done, unless whoever waited for it has left."""

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def __call__(self) -> None:
        if not self._future.done():
            self._future.set_result(None)


@contextlib.contextmanager
def _wires() -> Iterator[tuple[int, int]]:
    """Descriptors of stdin and stdout that nothing else has: to all others stdin is empty, and
    stdout is stderr."""
    sys.stdout.flush()
    read_fd, write_fd = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    try:
        yield read_fd, write_fd
    finally:
        # What a tool printed and nobody wrote out yet is none of the protocol's either.
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(write_fd, 1)
        # Not closed: a thread may be at them still, and a number that is given out anew would be
        # read and written by two.
