"""Access that ends while an answer is on its way, and requests that are not what they seem."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from holdfast.server.downloads import begun
from holdfast.server.failures import Refused

from .conftest import HUNG_S, Served, client_of

NEW = "/api/conversations/current_user/new/turns"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Served]:
    """A server that takes keys, and few failed log-ins."""
    server = Served(tmp_path, auth="tokens", rate_login_failures_per_minute="3").start()
    yield server
    if server.process is not None:
        server.kill()


async def test_a_json_answer_does_not_reach_who_lost_their_key(guarded: Served) -> None:
    """Revoked in another process while a turn is waited for: 401 at once; the turn goes on."""
    key, other = guarded.key("ada"), guarded.key("ada")
    async with guarded.keyed(key) as client, guarded.keyed(other) as watcher:
        waiting = asyncio.create_task(client.post(NEW, json={"text": "slow secret"}))
        path = "/api/conversations/current_user"
        while not (found := (await watcher.get(path)).json()["sessions"]):
            pass
        tokens = (await asyncio.to_thread(guarded.command, "tokens", "list", "--json")).strip()
        listed = json.loads(tokens)
        mine = min(listed, key=lambda token: token["created_at"])["id"]
        await asyncio.to_thread(guarded.command, "tokens", "revoke", mine)
        async with asyncio.timeout(HUNG_S):
            answer = await waiting
        guarded.release.touch()
        status = "open"
        while status == "open":
            kept = (await watcher.get(f"{path}/{found[0]['id']}")).json()["session"]
            status = kept["turns"][0]["status"]

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "credential_ended")
    assert status == "complete"


async def test_an_export_is_cut_off_when_its_reader_may_not_read_any_more() -> None:
    """From the next piece on."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number in range(10):
            yield b"%d" % number

    got: list[bytes] = []

    async def read() -> None:
        async for piece in await begun(pieces(), valid=lambda: len(got) < 3):
            got.append(piece)

    with pytest.raises(Refused) as refused:
        await read()

    assert got == [b"0", b"1", b"2"]
    assert refused.value.status == 401


async def test_two_hosts_are_refused(guarded: Served) -> None:
    """What stands before the server may have believed the other one."""
    name, _, port = guarded.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    hosts = f"Host: {name}:{port}\r\nHost: evil.example\r\n"
    writer.write(f"GET /healthz HTTP/1.1\r\n{hosts}\r\n".encode())
    async with asyncio.timeout(HUNG_S):
        line = await reader.readline()
    writer.close()

    assert line.startswith(b"HTTP/1.1 400")


async def test_a_refused_ticket_counts_as_a_failed_log_in(guarded: Served) -> None:
    """After as many as there may be, no more are looked at."""
    url = guarded.socket_url("wrong").replace("ws", "http", 1)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with client_of(guarded.url) as client:
        answers = [await client.get(url, headers=headers) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
