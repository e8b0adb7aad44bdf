"""One side of a WebSocket (RFC 6455), as little of it as two thousand idle ones need."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import struct
from typing import Self

import msgspec

from holdfast.bench.server.client import Client, read_head, request_bytes

__all__ = ["Socket", "open_socket"]

_HUNG_S = 60.0
_LIMIT = 1 << 21
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FINAL = 0x80
_MASKED = 0x80
_KEPT_FRAMES = 10_000


class Socket:
    """An open socket. Pings are answered, whether somebody waits for a frame or not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(_KEPT_FRAMES)
        self._task = asyncio.create_task(self._read_all())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._writer.close()

    def send(self, **frame: object) -> None:
        """Send a frame of JSON."""
        self._write(_TEXT, msgspec.json.encode(frame))

    async def until(self, *kinds: str) -> dict[str, object]:
        """Pass over events up to the first of these kinds.

        Raises:
            RuntimeError: the socket was closed instead, or an error was told.
            TimeoutError: it hangs.
        """
        async with asyncio.timeout(_HUNG_S):
            while True:
                frame = await self._frames.get()
                if frame is None:
                    raise RuntimeError("the server closed a socket")
                event: dict[str, object] = msgspec.json.decode(frame)["event"]
                if event["type"] in kinds:
                    return event
                if event["type"] in ("error", "failed"):
                    raise RuntimeError(f"a socket was told {event['code']}")

    def _write(self, kind: int, data: bytes) -> None:
        mask = os.urandom(4)
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", _FINAL | kind, _MASKED | size)
        else:
            head = struct.pack("!BBH", _FINAL | kind, _MASKED | 126, size)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._writer.write(head + mask + masked)

    async def _read_all(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, data = await self._read()
                if kind == _TEXT:
                    await self._frames.put(data)
                elif kind == _PING:
                    self._write(_PONG, data)
                elif kind == _CLOSE:
                    break
        await self._frames.put(None)

    async def _read(self) -> tuple[int, bytes]:
        first, size = await self._reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(size)


async def open_socket(url: str, key: str, session_id: str) -> Socket:
    """Get a ticket for a key and open a socket in a session; its history is still to be read.

    Raises:
        RuntimeError: the server does not let it in.
    """
    async with Client(url, key) as client:
        ticket = (await client.ask("POST", "/api/ws-ticket")).json()
    assert isinstance(ticket, dict)  # an object with the ticket
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=_LIMIT)
    headers = {
        "Host": f"{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    path = f"/ws?ticket={ticket['ticket']}&session_id={session_id}"
    writer.write(request_bytes("GET", path, None, headers))
    first, _ = await read_head(reader)
    if first.split(" ", 2)[1] != "101":
        raise RuntimeError(f"a socket was refused: {first}")
    return Socket(reader, writer)
