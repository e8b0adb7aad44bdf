"""How a server ends: told by a signal, under load, by an impatient operator; and what it bounds."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from holdfast.server.bounded import MAX_HEAD_BYTES

from .conftest import HUNG_S, Served
from .observed import CANARY, NEW

TALKERS = 50
_SSE = {"Accept": "text/event-stream"}


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Served]:
    """A server for many at once."""
    server = Served(tmp_path, rate_writes_per_minute="0", rate_reads_per_minute="0").start()
    yield server
    if server.process is not None:
        server.kill()


async def _begun(lines: Any) -> None:
    while '"one "' not in await anext(lines):
        pass


async def _rest(lines: Any) -> str:
    return "".join([line async for line in lines])


async def test_a_stop_under_load_loses_nothing(busy: Served) -> None:
    """50 turns run, as streams, JSON and over sockets: each ends as interrupted, with what it had,
    and is told so to whoever listens; the exit is a success."""
    ended: list[str] = []

    async def stream(client: httpx2.AsyncClient, ready: asyncio.Semaphore) -> None:
        async with client.stream("POST", NEW, json={"text": "slow"}, headers=_SSE) as answer:
            lines = answer.aiter_lines()
            await _begun(lines)
            ready.release()
            ended.append("abort" if '"type":"abort"' in await _rest(lines) else "?")

    async def talk(ready: asyncio.Semaphore) -> None:
        async with busy.client() as client:
            made = await client.post("/api/conversations/current_user", json={})
        async with busy.talk(made.json()["session"]["id"]) as talking:
            await talking.send(type="message", text="slow")
            await talking.until("delta")
            ready.release()
            event = (await talking.until("finished"))[-1]
            with pytest.raises(ConnectionClosed) as closed:
                await talking.frame()
            code = closed.value.rcvd.code if closed.value.rcvd else 0
            ended.append(f"{event['status']} {code}")

    ready = asyncio.Semaphore(0)
    async with busy.client() as client, asyncio.timeout(HUNG_S):
        streams = [asyncio.create_task(stream(client, ready)) for _ in range(TALKERS - 10)]
        talks = [asyncio.create_task(talk(ready)) for _ in range(10)]
        for _ in range(TALKERS):
            await ready.acquire()
        code = await asyncio.to_thread(busy.kill, signal.SIGTERM)
        await asyncio.gather(*streams, *talks)
    busy.start()
    found = await _all_turns(busy)

    assert Counter(ended) == {"abort": TALKERS - 10, "interrupted 1012": 10}
    assert Counter(found) == {("interrupted", "slow", "one "): TALKERS}
    assert (code, "Traceback" in busy.log) == (0, False)


async def _all_turns(served: Served) -> list[tuple[str, str, str]]:
    listed = await served.get("/api/conversations/current_user?limit=200")
    found: list[tuple[str, str, str]] = []
    for each in listed["sessions"]:
        session = await served.get(f"/api/conversations/current_user/{each['id']}")
        for turn in session["session"]["turns"]:
            texts = [m["text"] for m in turn["messages"] if m["kind"] == "text"]
            found.append((turn["status"], *texts))  # type: ignore[arg-type]  # two of them
    return found


async def test_a_second_signal_ends_it_at_once(served: Served) -> None:
    """A request that never ends is waited for after the first, and not after the second."""
    place = ("127.0.0.1", int(served.url.rpartition(":")[2]))
    reader, writer = await asyncio.open_connection(*place)
    async with served.client() as client:
        await client.get("/healthz")
        cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    head = [f"POST {NEW} HTTP/1.1", f"Host: 127.0.0.1:{place[1]}", f"Cookie: {cookie}"]
    head += ["Content-Type: application/json", "Content-Length: 100", "Expect: 100-continue"]
    writer.write("\r\n".join([*head, "", ""]).encode())
    assert b"100" in await reader.readline()  # its body is being waited for
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(HUNG_S):
        while await _is_listening(place):
            pass
    code = await asyncio.to_thread(served.kill, signal.SIGTERM)
    writer.close()

    assert (code, "timeout graceful shutdown exceeded" in served.log) == (0, False)


async def _is_listening(place: tuple[str, int]) -> bool:
    try:
        _, writer = await asyncio.open_connection(*place)
    except (ConnectionRefusedError, ConnectionResetError):  # reset: closed while it was queued
        return False
    writer.close()
    return True


async def test_promise_06_sealed_the_log_of_a_process_holds_nothing_that_was_said(
    served: Served,
) -> None:
    """At debug, over every transport: JSON, stream, socket, /v1, search, and what fails."""
    async with served.client() as client, served.talk() as talking:
        await talking.ask(CANARY)
        await client.post(NEW, json={"text": CANARY})
        await client.post(NEW, json={"text": f"break {CANARY}"})
        await client.post(NEW, content=f'{{"text": "{CANARY}')
        await (await client.post(NEW, json={"text": CANARY}, headers=_SSE)).aread()
        asked = {"model": "holdfast", "messages": [{"role": "user", "content": CANARY}]}
        for stream in (False, True):
            await client.post("/v1/chat/completions", json={**asked, "stream": stream})
        await client.get("/api/search", params={"q": CANARY})
        await client.get(f"/api/conversations/{CANARY}", headers={"X-Request-Id": CANARY})
        secret = served.login_link.partition("token=")[2]
    served.kill(signal.SIGTERM)

    assert "turn_status=complete" in served.log
    assert [word for word in (CANARY, secret, "hf_") if word in served.log] == []


async def test_lines_are_json_when_the_settings_say_so(tmp_path: Path) -> None:
    """Each line is one object with its time, level and facts."""
    server = Served(tmp_path, log_format="json").start()
    await server.get("/healthz")
    server.kill(signal.SIGTERM)
    told = [json.loads(line) for line in server.log.splitlines()]

    requests = [line for line in told if line.get("action") == "http.request"]
    assert [line["route"] for line in requests] == ["/login", "/healthz"]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in told)


class _Collector(BaseHTTPRequestHandler):
    """Takes what is sent to it, as a collector of traces does."""

    got: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


async def test_spans_of_a_process_reach_the_collector_by_its_end(tmp_path: Path) -> None:
    """Those that wait are sent when it stops; none holds what was said."""
    _Collector.got.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as collector:
        Thread(target=collector.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{collector.server_port}"
        server = Served(tmp_path, otlp_endpoint=where).start()
        server.let_go()
        async with server.client() as client:
            await client.post(NEW, json={"text": f"every {CANARY}"})
        code = server.kill(signal.SIGTERM)
        collector.shutdown()
    sent = b"".join(body for _, body in _Collector.got)

    assert (code, {path for path, _ in _Collector.got}) == (0, {"/v1/traces"})
    told = [b"invoke_agent", b"execute_tool list_conversations", b"chat slow", CANARY.encode()]
    assert [word in sent for word in told] == [True, True, True, False]


async def test_a_collector_that_is_away_is_nobodys_trouble(tmp_path: Path) -> None:
    """Turns are answered, and the stop is a success."""
    server = Served(tmp_path, otlp_endpoint="http://127.0.0.1:9").start()
    async with server.client() as client:
        said = await client.post(NEW, json={"text": "hello"})
    code = server.kill(signal.SIGTERM)

    assert (said.json()["turn"]["status"], code) == ("complete", 0)


async def test_a_disk_below_the_floor_is_not_ready(tmp_path: Path) -> None:
    """The floor is a setting."""
    server = Served(tmp_path, min_free_mb=str(1 << 40)).start()
    answer = await server.warmed()
    server.kill()

    assert (answer.status_code, answer.json()["failing"]) == (503, ["disk"])


def _answer(url: str, *parts: bytes) -> bytes:
    """What comes for bytes that are sent in parts, until the server closes."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=HUNG_S) as raw:
        try:
            for part in parts:
                raw.sendall(part)
        except OSError:  # it was closed in the middle
            pass
        raw.settimeout(HUNG_S)
        found = b""
        try:
            while piece := raw.recv(65536):
                found += piece
        except ConnectionResetError:
            pass
        return found


async def test_a_head_without_an_end_is_not_kept(standing: Served) -> None:
    """Neither many headers nor a long one: the connection is closed, and the server goes on."""
    line = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    many = [b"X-Pad: " + b"a" * 1000 + b"\r\n"] * (MAX_HEAD_BYTES // 250)
    long = [b"X-Pad: ", *[b"a" * 65536] * 64]
    for parts in ([line, *many], [line, *long]):
        answer = await asyncio.to_thread(_answer, standing.url, *parts)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")

    assert (await standing.get("/healthz"))["status"] == "ok"


async def test_large_bodies_and_many_requests_of_one_connection_are_no_heads(
    standing: Served,
) -> None:
    """What is bounded is each head, not what follows or came before it."""
    async with standing.client() as client:
        text = "x" * (4 * MAX_HEAD_BYTES)
        large = await client.post("/api/memories", json={"text": text[: 2 * MAX_HEAD_BYTES]})
        padded = {"X-Pad": "a" * (MAX_HEAD_BYTES // 4)}
        many = [(await client.get("/healthz", headers=padded)).status_code for _ in range(12)]

    assert (large.status_code, many) == (201, [200] * 12)


async def test_a_proxys_word_is_believed_only_when_it_is_trusted(tmp_path: Path) -> None:
    """Failed log-ins are counted by the address behind the proxy; else by the proxy's own."""
    found = {}
    for trusted in ("127.0.0.1", "10.9.9.9"):
        folder = tmp_path / trusted
        folder.mkdir()
        server = Served(
            folder, auth="tokens", trusted_proxies=trusted, rate_login_failures_per_minute="1"
        ).start()
        async with server.keyed("hf_0000000000_wrong") as client:
            shown = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(3)]
            answers = [await client.get("/api/me", headers=headers) for headers in shown]
            found[trusted] = [answer.status_code for answer in answers]
        server.kill()

    assert found == {"127.0.0.1": [401, 401, 401], "10.9.9.9": [401, 429, 429]}
