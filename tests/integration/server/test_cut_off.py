"""A client that leaves in the middle of what it sends is no fault of the server's."""

from __future__ import annotations

import asyncio

from .conftest import HUNG_S, Served


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
