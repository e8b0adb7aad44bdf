"""What an operator sees of the proxy's upstream, and what bounds a connection that says nothing."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from holdfast.server import bounded
from integration.proxy.upstream import Out, Request, Upstream

from .conftest import HUNG_S, Served
from .observed import CANARY, figures

_ASKED = {"model": "tiny", "messages": [{"role": "user", "content": CANARY}]}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream that echoes."""
    made = Upstream()
    yield made
    made.close()


async def _fails(request: Request, out: Out) -> None:
    await out.head(500, content_type="application/json")
    await out.write(b'{"error": {"message": "no"}}')


async def _pauses(request: Request, out: Out) -> None:
    await out.head(content_type="text/event-stream")
    await out.chunk({"role": "assistant", "content": "half "})
    await out.gate("never")


async def test_the_upstream_is_counted_timed_and_told(tmp_path: Path, upstream: Upstream) -> None:
    """Its answers by status, and in the line of the request; what it says is in neither."""
    upstream.script(*[_echo_or(_fails, n) for n in range(2)])
    server = Served(tmp_path, proxy_base_url=upstream.url, log_format="json").start()
    async with server.client() as client:
        for _ in range(2):
            await client.post("/v1/chat/completions", json=_ASKED)
        page = (await client.get("/metrics")).text
    server.kill(signal.SIGTERM)
    found = figures(page)
    told = [json.loads(line) for line in server.log.splitlines()]
    lines = [line for line in told if line.get("route") == "/v1/chat/completions"]

    expected = {
        "holdfast_proxy_upstream_answers_total status=200": 1,
        "holdfast_proxy_upstream_answers_total status=500": 1,
        "holdfast_proxy_upstream_seconds_count": 2,
        "holdfast_turns_total by=upstream status=complete": 1,
        "holdfast_turns_total by=upstream status=failed": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert [(line["upstream_status"], line["turn_status"]) for line in lines] == [
        ("200", "complete"),
        ("500", "failed"),
    ]
    assert all({"upstream_ms", "session_id", "turn_id"} <= set(line) for line in lines)
    assert CANARY not in page + server.log


def _echo_or(script: Any, number: int) -> Any:
    from integration.proxy.upstream import echo

    return script if number else echo


async def test_a_stop_ends_what_the_upstream_answers_as_interrupted(
    tmp_path: Path, upstream: Upstream
) -> None:
    """Its beginning is kept, the stop does not wait for it, and the exit is a success."""
    upstream.script(_pauses)
    server = Served(tmp_path, proxy_base_url=upstream.url).start()
    async with server.client() as client:
        asked = {**_ASKED, "stream": True}
        async with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
            pieces = answer.aiter_raw()
            got = b""
            while b"half" not in got:
                got += await anext(pieces)
            code = await asyncio.to_thread(server.kill, signal.SIGTERM)
    server.start()
    listed = await server.get("/api/conversations/current_user")
    path = f"/api/conversations/current_user/{listed['sessions'][0]['id']}"
    (turn,) = (await server.get(path))["session"]["turns"]
    log = server.log
    server.kill()

    assert (code, turn["status"]) == (0, "interrupted")
    assert [m["text"] for m in turn["messages"]] == [CANARY, "half "]
    assert "timeout graceful shutdown exceeded" not in log


# A connection that says nothing


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Of an application that says "ok", with hardly any patience for heads."""
    monkeypatch.setattr(bounded, "_HEAD_TIMEOUT_S", 0.05)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, http=bounded.BoundedHttp, lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: bounded.BoundedHttp(config=config, server_state=state, app_state={}),
        "127.0.0.1",
        0,
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_whoever_does_not_finish_a_head_is_let_go(port: int, said: bytes) -> None:
    """Whether nothing came, half a line, or all but the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    async with asyncio.timeout(HUNG_S):
        answer = await reader.read()
    writer.close()

    assert answer == b""


async def test_a_further_head_is_bounded_like_the_first(port: int) -> None:
    """After an answer the connection is kept, and a head that does not end ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(HUNG_S):
        first = await reader.readuntil(b"ok")
        writer.write(b"GET / HT")
        rest = await reader.read()
    writer.close()

    assert (first.startswith(b"HTTP/1.1 200"), rest) == (True, b"")


async def test_a_slow_body_is_no_slow_head(port: int) -> None:
    """Patience is for the head alone: a body that takes longer than that is taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    writer.write(head + b"ab")
    idle, quiet = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(HUNG_S):
        await idle.read()  # by the time that one is let go, patience with a head has ended
        writer.write(b"cd")
        answer = await reader.readuntil(b"ok")
    for each in (writer, quiet):
        each.close()

    assert answer.startswith(b"HTTP/1.1 200")
