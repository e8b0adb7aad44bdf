"""Sockets of clients that are made by hand: what is sent too early, too often or in too many
pieces is bounded, and is no fault in the log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from holdfast.server.bounded import MAX_PIECES, BoundedSocket

from .conftest import HUNG_S, Served

HANDSHAKE = (
    "GET /ws{query} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
PING = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
_SMALL = 4096


class Narrow(BoundedSocket):
    """One of which the system takes little that is not read."""

    def connection_made(self, transport: Any) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL)
        transport.set_write_buffer_limits(high=_SMALL)
        super().connection_made(transport)


async def echoes(scope: Any, receive: Any, send: Any) -> None:
    """An application that says again what is said to it."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": message["text"]})


async def refuses(scope: Any, receive: Any, send: Any) -> None:
    """An application that lets nobody in."""
    await receive()
    await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"no"})


def text(content: bytes, *, fin: bool = True) -> bytes:
    """A frame of text, or its first piece."""
    return Frame(Opcode.TEXT, content, fin=fin).serialize(mask=True)


Reached = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def reached(
    app: Callable[..., Any], *, begins: bytes = b"HTTP/1.1 101"
) -> AsyncIterator[Reached]:
    """A connection to an application, with the handshake behind it."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws_per_message_deflate=False)
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    server = await loop.create_server(
        lambda: Narrow(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    raw.setblocking(False)
    async with server, asyncio.timeout(HUNG_S):
        await loop.sock_connect(raw, server.sockets[0].getsockname())
        reader, writer = await asyncio.open_connection(sock=raw, limit=_SMALL)
        writer.write(HANDSHAKE.format(query="", host="x").encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(begins)
        yield reader, writer
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await asyncio.gather(*state.tasks)


async def frame_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Opcode and content of the next short frame."""
    first, length = await reader.readexactly(2)
    return first & 0x0F, await reader.readexactly(length)


async def closed_by(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Code and reason with which the server closes, which it then does."""
    opcode, said = await frame_of(reader)
    assert (opcode, await reader.read()) == (Opcode.CLOSE, b"")
    return struct.unpack(">H", said[:2])[0], said[2:]


async def test_pings_of_who_does_not_read_are_not_answered_for_ever() -> None:
    """What waits for a client does not grow with what it sends; once it reads, it is answered."""
    number = 8_000
    async with reached(echoes) as (reader, writer):
        writer.write(PING * number + text(b"the end"))
        await writer.drain()
        answers = []
        while not answers or answers[-1][0] == Opcode.PONG:
            answers.append(await frame_of(reader))
        writer.write(PING)
        after = await frame_of(reader)

    assert answers.pop() == (Opcode.TEXT, b"the end")
    assert 0 < len(answers) < number
    assert after == (Opcode.PONG, b"x" * 125)


async def test_a_frame_in_pieces_without_end_closes_the_socket() -> None:
    """Empty ones count: their content is bounded, their number would not be."""
    pieces = text(b"", fin=False)
    pieces += Frame(Opcode.CONT, b"", fin=False).serialize(mask=True) * (MAX_PIECES + 10)
    async with reached(echoes) as (reader, writer):
        writer.write(pieces)

        assert await closed_by(reader) == (1009, b"too many pieces")


async def test_as_many_pieces_as_may_be_are_one_frame() -> None:
    """It is handed on whole."""
    pieces = text(b"a", fin=False) + Frame(Opcode.CONT, b"", fin=False).serialize(mask=True) * (
        MAX_PIECES - 2
    )
    async with reached(echoes) as (reader, writer):
        writer.write(pieces + Frame(Opcode.CONT, b"b").serialize(mask=True))

        assert await frame_of(reader) == (Opcode.TEXT, b"ab")


async def test_text_that_is_none_closes_the_socket_and_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the code that says so."""
    async with reached(echoes) as (reader, writer):
        writer.write(text(b"\xff\xfe"))

        assert (await closed_by(reader))[0] == 1007
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


async def test_a_refused_handshake_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever has no ticket cannot fill the log with errors."""
    async with reached(refuses, begins=b"HTTP/1.1 401") as (reader, _):
        assert await reader.read() == b"no"

    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


@pytest.mark.parametrize("wrong", ["another verb", "too many headers", "a long header"])
async def test_a_handshake_that_is_none_is_not_kept(standing: Served, wrong: str) -> None:
    """Nobody would ever answer it: the connection is closed, with why."""
    host = standing.url.removeprefix("http://")
    handshake = HANDSHAKE.format(query="", host=host)
    lines = {"too many headers": "X: y\r\n" * 200, "a long header": f"X: {'y' * 9000}\r\n"}
    if wrong == "another verb":
        handshake = handshake.replace("GET", "POST")
    name, _, port = host.rpartition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(handshake.replace("Host:", f"{lines.get(wrong, '')}Host:").encode())
    async with asyncio.timeout(HUNG_S):
        answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("leaves", ["at once", "after its handshake", "with too much, too early"])
async def test_who_leaves_in_the_midst_of_a_handshake_is_no_fault(
    standing: Served, leaves: str
) -> None:
    """Neither in the log nor for anybody else."""
    before = len(standing.log)
    host = standing.url.removeprefix("http://")
    name, _, port = host.rpartition(":")
    for _ in range(5):
        query = f"?ticket={await standing.ticket()}&session_id=none"
        raw = socket.create_connection((name, int(port)), HUNG_S)
        raw.sendall(HANDSHAKE.format(query=query, host=host).encode())
        with contextlib.suppress(ConnectionError):
            if leaves == "after its handshake":
                raw.recv(12)
            elif leaves == "with too much, too early":
                raw.sendall(text(b"x" * (2 << 20)))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    async with standing.talk("none") as ada:
        await ada.send(type="ping")
        assert await ada.until("pong") == [{"type": "pong"}]
    async with standing.client() as client, asyncio.timeout(HUNG_S):
        while "holdfast_open_requests 1.0\n" not in (await client.get("/metrics")).text:
            pass

    told = standing.log[before:]
    assert [word for word in ("Traceback", "ERROR", "request broke") if word in told] == []
