"""How a running completion ends when the server does, or when what it writes into is removed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.server.conftest import Served

from .upstream import Out, Request, Upstream

ASKED = {
    "model": "tiny",
    "stream": True,
    "messages": [{"role": "user", "content": "swordfish"}],
}


async def half(request: Request, out: Out) -> None:
    """Half an answer, and an event that has not come whole, until the gate opens."""
    await out.head(content_type="text/event-stream")
    await out.chunk({"role": "assistant", "content": "so far"})
    await out.write(b'data: {"half')
    await out.gate("rest")


@pytest.fixture
def served(upstream: Upstream, tmp_path: Path) -> Iterator[Served]:
    """A server before the upstream that may be stopped."""
    server = Served(tmp_path, proxy_base_url=upstream.url, proxy_api_key="sk-upstream").start()
    yield server
    if server.process is not None:
        server.kill()


async def begun(lines: Any) -> None:
    """Read up to the half of an event."""
    while "so far" not in await anext(lines):
        pass


async def test_promise_03_ended_a_stop_ends_a_forwarded_stream_with_why(
    served: Served, upstream: Upstream
) -> None:
    """The client reads a proper end that says so, the turn is interrupted with what came, and the
    log tells of no fault."""
    upstream.script(half)
    async with (
        served.client() as client,
        client.stream("POST", "/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = answer.aiter_lines()
        await begun(lines)
        assert served.process is not None
        served.process.send_signal(signal.SIGTERM)
        rest = [line async for line in lines if line]
    code = served.kill(signal.SIGCONT)  # which ends nothing: it was told to end
    log = served.log
    served.start()
    [kept] = (await served.get("/api/conversations/current_user"))["sessions"]
    found = await served.get(f"/api/conversations/current_user/{kept['id']}")
    [turn] = found["session"]["turns"]

    error = json.loads(rest[-1].removeprefix("data: "))["error"]
    assert (code, error["code"]) == (0, "stopping")
    assert (turn["status"], turn["messages"][-1]["text"]) == ("interrupted", "so far")
    assert "without completing" not in log


async def test_what_was_erased_while_it_was_answered_is_no_fault(
    served: Served, upstream: Upstream
) -> None:
    """The session goes while its answer comes: the client has its answer, the log no error."""
    upstream.script(finishes)
    async with (
        served.client() as client,
        served.client() as other,
        client.stream("POST", "/v1/chat/completions", json=ASKED) as answer,
    ):
        lines = answer.aiter_lines()
        await begun(lines)
        [kept] = (await other.get("/api/conversations/current_user")).json()["sessions"]
        erased = await other.delete(f"/api/conversations/current_user/{kept['id']}")
        upstream.open("erased")
        rest = [line async for line in lines if line]

    logged = [line for line in served.log.splitlines() if "answer not recorded" in line]
    assert (erased.status_code, rest[-1]) == (200, "data: [DONE]")
    assert logged
    assert [line for line in logged if "error" in line.lower()] == []


async def finishes(request: Request, out: Out) -> None:
    """An answer whose end waits for the gate."""
    await out.head(content_type="text/event-stream")
    await out.chunk({"role": "assistant", "content": "so far"})
    await out.gate("erased")
    await out.chunk({"content": " and no further"})
    await out.chunk(finish="stop")
    await out.write(b"data: [DONE]\n\n")
