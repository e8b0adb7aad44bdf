"""A client that leaves in the middle of what it sends is no fault of the server's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct

import pytest

from .conftest import HUNG_S, Served

_CUTS = 24
_TURN = json.dumps({"text": "slow cut off"}).encode()
_MEMORY = json.dumps({"text": "hello"}).encode()
_CALL = {"name": "add_memory", "arguments": {"text": "hello"}}
_MCP = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": _CALL}).encode()
_V1 = {"model": "holdfast", "stream": True, "messages": [{"role": "user", "content": "cut"}]}
REQUESTS = {
    "turn": ("/api/conversations/current_user/new/turns", "application/json", _TURN),
    "stream": ("/api/conversations/current_user/new/turns", "text/event-stream", _TURN),
    "memory": ("/api/memories", "application/json", _MEMORY),
    "import": (
        "/api/import?filename=x.jsonl",
        "application/json",
        b'{"id": "a", "messages": []}\n',
    ),
    "mcp": ("/mcp", "application/json, text/event-stream", _MCP),
    "completion": ("/v1/chat/completions", "text/event-stream", json.dumps(_V1).encode()),
}


async def quiet(served: Served) -> None:
    """Wait until nothing is asked of the server any more."""
    async with served.client() as client, asyncio.timeout(HUNG_S):
        while "holdfast_open_requests 1.0\n" not in (await client.get("/metrics")).text:
            pass


def send_and_leave(address: tuple[str, int], data: bytes, *, reset: bool, read: int = 0) -> None:
    """Send some bytes, wait for some of the answer, and hang up."""
    with socket.create_connection(address, HUNG_S) as raw, contextlib.suppress(ConnectionError):
        raw.sendall(data)
        if read:
            raw.recv(read)
        if reset:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("what", REQUESTS)
async def test_whoever_leaves_anywhere_in_a_request_is_no_fault(
    standing: Served, what: str, reset: bool
) -> None:
    """After so many bytes of it, or of its answer: no error and no traceback in the log, nothing
    is left open, and the server answers the next one."""
    standing.let_go("off")
    path, accept, body = REQUESTS[what]
    async with standing.client() as client:
        await client.get("/healthz")
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    host = standing.url.removeprefix("http://")
    whole = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    address = ("127.0.0.1", int(host.rpartition(":")[2]))
    before = len(standing.log)
    for cut in [*range(1, len(whole), len(whole) // _CUTS), len(whole) - 1, len(whole)]:
        await asyncio.to_thread(send_and_leave, address, whole[:cut], reset=reset)
    for read in (1, 200, 600):
        await asyncio.to_thread(send_and_leave, address, whole, reset=reset, read=read)
    await quiet(standing)
    async with standing.client() as client, asyncio.timeout(HUNG_S):
        while (await client.get("/api/conversations/current_user?limit=200")).text.count(
            '"running":true'
        ):
            pass

    told = standing.log[before:]
    assert [word for word in ("Traceback", "ERROR", "status=5") if word in told] == []


async def test_a_body_that_is_cut_off_is_no_fault(served: Served) -> None:
    """No traceback, and no status of 500 in the line about it."""
    key = served.key("ada")
    host = served.url.removeprefix("http://")
    name, _, port = host.rpartition(":")
    _, writer = await asyncio.open_connection(name, int(port))
    writer.write(
        f"POST /api/memories HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text":'.encode()
    )
    await writer.drain()
    await asyncio.sleep(0.5)
    writer.close()
    async with asyncio.timeout(HUNG_S):
        while not (lines := [line for line in served.log.splitlines() if "action=http" in line]):
            await asyncio.sleep(0.1)

    assert "request broke" not in served.log
    assert "status=400" in lines[-1]
