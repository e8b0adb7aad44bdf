"""What one user sends at once, and never ends, is bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .conftest import Served

_PIECE = b" " * (1 << 20)


async def test_half_bodies_of_one_user_are_bounded(tmp_path: Path) -> None:
    """Of eight that are begun and not ended four full ones are held at most; others still write."""
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
                async with asyncio.timeout(2):
                    return await reader.readline()
            except TimeoutError:
                return b""
            finally:
                writer.close()

        answers = await asyncio.gather(*(half() for _ in range(8)))
        async with served.keyed(ben) as client:
            other = await client.post("/api/memories", json={"text": "still here"})
        async with served.keyed(eve) as client:
            later = await client.post("/api/memories", json={"text": "and again"})
    finally:
        served.kill()

    assert sum(answer.startswith(b"HTTP/1.1 413") for answer in answers) >= 3
    assert (other.status_code, later.status_code) == (201, 201)
