"""What one user sends at once, and never ends, is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.server import bodies

from .conftest import HUNG_S, Served
from .observed import running

_PIECE = b" " * (1 << 20)


async def test_half_bodies_of_one_user_are_bounded(tmp_path: Path) -> None:
    """Of eight that are begun and not ended four full ones are held at most, and whoever sends the
    others is told; others still write."""
    served = Served(tmp_path, max_body_mb="2", auth="tokens").start()
    try:
        eve, ben = served.key("eve"), served.key("ben")
        host = served.url.removeprefix("http://")
        head = (
            f"POST /api/memories HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {eve}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {2 << 20}\r\n\r\n"
        ).encode()

        async def half() -> bytes:
            name, _, port = host.rpartition(":")
            reader, writer = await asyncio.open_connection(name, int(port))
            writer.write(head + _PIECE + _PIECE[1:])
            try:
                return await reader.readline()
            finally:
                writer.close()

        sending = [asyncio.create_task(half()) for _ in range(8)]
        async with asyncio.timeout(HUNG_S):
            answered = asyncio.as_completed(sending)
            refused = [await next(answered) for _ in range(4)]
        async with served.keyed(ben) as client:
            other = await client.post("/api/memories", json={"text": "still here"})
        for each in sending:
            each.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        async with served.keyed(eve) as client:
            later = await client.post("/api/memories", json={"text": "and again"})
    finally:
        served.kill()

    assert [answer[:12] for answer in refused] == [b"HTTP/1.1 413"] * 4
    assert (other.status_code, later.status_code) == (201, 201)


async def stalls() -> AsyncIterator[bytes]:
    """The beginning of a body, and never more."""
    yield b'{"text": '
    await asyncio.Event().wait()


async def trickles() -> AsyncIterator[bytes]:
    """A body that always comes on, and never gets anywhere."""
    while True:
        await asyncio.sleep(0.01)
        yield b" "


@pytest.mark.parametrize("path", ["/api/memories", "/v1/chat/completions", "/mcp"])
@pytest.mark.parametrize("body", [stalls, trickles])
async def test_a_body_that_does_not_come_on_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> None:
    """The sender is told in the one shape, and the connection, which holds half a request, ends."""
    monkeypatch.setattr(bodies, "_PATIENCE_S", 0.2)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    async with running() as (_, client):
        answer = await client.post(path, content=body(), headers=headers)  # type: ignore[operator]

    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too_slow")
    assert answer.headers["connection"] == "close"
    assert set(answer.json()["error"]) >= {"code", "message", "request_id"}


async def test_who_may_not_write_is_told_before_the_body_is_read() -> None:
    """Decoding a large body is dear: a key that only reads, or another user's, does not get
    that far."""
    async with running() as (app, client):
        _, reading = await app.state.keeper.tokens.create(
            "ada", name="reads", scopes=["memory:read"]
        )
        headers = {"Authorization": f"Bearer {reading}", "Content-Type": "application/json"}
        async with asyncio.timeout(HUNG_S):
            refused = await client.post("/api/memories", content=stalls(), headers=headers)
            foreign = await client.post(
                "/api/conversations/ben",
                content=stalls(),
                headers={"Content-Type": "application/json"},
            )

    assert (refused.status_code, foreign.status_code) == (403, 404)
