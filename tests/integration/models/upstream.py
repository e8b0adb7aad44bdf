"""A provider of models in this process: a real HTTP server that answers as it is told to.

Each request takes the next reply of `replies`; a reply is a coroutine function that writes to a
`Wire`. What was asked is kept in `requests`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Wire:
    """The way back to a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.left = asyncio.Event()
        """Set when the client has closed the connection."""

    async def head(
        self, status: int = 200, media_type: str = "text/event-stream", **headers: str
    ) -> None:
        """Begin the response."""
        lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {media_type}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, sent: bytes) -> None:
        """Send bytes."""
        self._writer.write(sent)
        await self._writer.drain()

    async def events(self, *events: object) -> None:
        """Send server-sent events, each of one JSON value."""
        for event in events:
            await self.raw(f"data: {json.dumps(event)}\n\n".encode())

    async def until_left(self) -> None:
        """Wait until the client closes the connection."""
        with suppress(ConnectionError):
            await self._reader.read()
        self.left.set()


Reply: TypeAlias = Callable[[Wire], Awaitable[None]]


class Upstream:
    """The provider."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        self.wires: list[Wire] = []
        self.origin = ""

    @property
    def base_url(self) -> str:
        """Where its API is."""
        return f"{self.origin}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        wire = Wire(reader, writer)
        self.wires.append(wire)
        try:
            self.requests.append(await _read(reader))
            await self.replies.pop(0)(wire)
        except ConnectionError:
            wire.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in headers.items()}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(head[0].split()[1], headers, json.loads(body or b"{}"))


@asynccontextmanager
async def serving() -> AsyncIterator[Upstream]:
    """A provider that listens on this machine."""
    upstream = Upstream()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(upstream.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    upstream.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
        running = list(tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


def chunk(delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    """A piece of an OpenAI-compatible stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


USAGE = {
    **chunk({}),
    "choices": [],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
}


def says(*pieces: str, reasoning: Iterable[str] = ()) -> Reply:
    """A whole answer of a model."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.events(chunk({"role": "assistant", "content": ""}))
        for piece in reasoning:
            await wire.events(chunk({"reasoning_content": piece}))
        for piece in pieces:
            await wire.events(chunk({"content": piece}))
        await wire.events(chunk({}, finish="stop"), USAGE)
        await wire.raw(DONE)

    return reply


def calls(*tools: tuple[str, str, str], before: str = "") -> Reply:
    """An answer that calls tools, each (call id, name, arguments as text), in two pieces each."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        if before:
            await wire.events(chunk({"content": before}))
        for index, (call_id, name, arguments) in enumerate(tools):
            half = len(arguments) // 2
            began = {"name": name, "arguments": arguments[:half]}
            call = {"index": index, "id": call_id, "type": "function", "function": began}
            rest = {"index": index, "function": {"arguments": arguments[half:]}}
            await wire.events(chunk({"tool_calls": [call]}), chunk({"tool_calls": [rest]}))
        await wire.events(chunk({}, finish="tool_calls"), USAGE)
        await wire.raw(DONE)

    return reply


def stalls(*pieces: str) -> Reply:
    """Says something and then nothing, until the client leaves."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.events(*(chunk({"content": piece}) for piece in pieces))
        await wire.until_left()

    return reply


def breaks_off(*pieces: str) -> Reply:
    """Ends in the middle of a chunk."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.events(*(chunk({"content": piece}) for piece in pieces))
        await wire.raw(b'data: {"id": "chatcmpl-1", "choi')

    return reply


def ends_early(*pieces: str) -> Reply:
    """Ends between two pieces, without saying why."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        await wire.events(*(chunk({"content": piece}) for piece in pieces))

    return reply


def never_ends(piece: str, *, kind: str = "content") -> Reply:
    """Says the same until the client leaves."""

    async def reply(wire: Wire) -> None:
        await wire.head()
        while True:
            await wire.events(chunk({kind: piece}))

    return reply


def refuses(status: int, body: str, media_type: str = "application/json", **headers: str) -> Reply:
    """Answers with a status and a body."""

    async def reply(wire: Wire) -> None:
        await wire.head(status, media_type, **headers)
        await wire.raw(body.encode())

    return reply
