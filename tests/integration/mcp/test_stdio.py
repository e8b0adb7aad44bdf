"""`holdfast mcp` as a host starts it: a process, its stdin and stdout, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from integration.server.conftest import HUNG_S, Served

from .conftest import STATELESS, call, envelope, failure, over_http, over_stdio

_HELLO = envelope(
    "2025-11-25",
    "initialize",
    {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
)
_READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Process:
    """The command, spoken to by hand."""

    def __init__(self, running: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self.running = running
        self._log = log

    def send(self, *messages: Any) -> None:
        """Write lines; bytes go as they are."""
        assert self.running.stdin is not None
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.running.stdin.write(line + b"\n")
        self.running.stdin.flush()

    def read(self) -> Any:
        """The next line of stdout, which is JSON."""
        assert self.running.stdout is not None
        return json.loads(self.running.stdout.readline())

    def rest(self) -> tuple[int, list[Any]]:
        """Close stdin; the exit code, and what else it wrote to stdout."""
        out, _ = self.running.communicate(timeout=HUNG_S)
        return self.running.returncode, [json.loads(line) for line in out.splitlines()]

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        self._log.seek(0)
        return self._log.read().decode()


@contextmanager
def process(served: Served, *options: str, user: str = "ada") -> Iterator[Process]:
    """Start it over the data of a server."""
    with (served.folder / f"log-{user}").open("w+b") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "holdfast", "mcp", "--user", user, *options],
            env=served.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield Process(running, log)
        finally:
            running.kill()
            running.wait(HUNG_S)
            for pipe in (running.stdin, running.stdout):
                assert pipe is not None
                pipe.close()


def _called(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    return {**envelope("2025-11-25", "tools/call", params), "id": number}


def test_what_was_asked_before_stdin_ends_is_answered(standing: Served) -> None:
    """A host that writes and closes gets its answers, and the process ends well."""
    with process(standing, user="brief") as running:
        running.send(_HELLO, _READY, _called(2, "add_memory", text="x"), _called(3, "no_such"))
        code, answers = running.rest()

    assert code == 0
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3]
    assert {a["id"]: "error" in a for a in answers} == {1: False, 2: False, 3: True}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("begun", [True, False])
def test_it_ends_when_it_is_told_to(standing: Served, how: signal.Signals, begun: bool) -> None:
    """At once and with success, although its host keeps the pipe open."""
    with process(standing, user="told") as running:
        running.send(_HELLO)
        running.read()
        if begun:
            running.send(_READY, _called(2, "list_conversations"))
            running.read()
        running.running.send_signal(how)
        assert running.running.wait(HUNG_S) == 0
        assert "Traceback" not in running.log


def test_it_ends_when_nobody_reads_any_more(standing: Served) -> None:
    """A host that died leaves no process behind, even while somebody else holds its stdin."""
    with process(standing, user="left") as running:
        running.send(_HELLO)
        running.read()
        assert running.running.stdout is not None
        running.running.stdout.close()
        running.send(_READY, _called(2, "list_conversations"))
        assert running.running.wait(HUNG_S) == 0


def test_lines_that_are_no_messages_are_passed_over(standing: Served) -> None:
    """Whatever comes in between, what is asked afterwards is answered, and stdout stays clean."""
    with process(standing, user="noisy") as running:
        running.send(_HELLO, _READY, b"{", b"", b"\xff\xfe", b"[]", b"1", b"[" * 50_000)
        running.send(b'{"jsonrpc": "2.0", "id": 9, "method": "' + b"x" * (9 << 20) + b'"}')
        # What stands behind four megabytes of nothing is the end of a line, and no message.
        running.send(b" " * (4 << 20) + json.dumps(_called(8, "add_memory", text="x")).encode())
        running.send(_called(2, "add_memory", text="half \ud800 a pair"))
        running.send(_called(3, "search", query="pair"))
        code, answers = running.rest()

    assert code == 0
    by_id = {answer["id"]: answer for answer in answers if answer.get("id") is not None}
    assert set(by_id) == {1, 2, 3}
    assert not by_id[2]["result"]["isError"]


def test_nothing_of_it_is_logged(standing: Served) -> None:
    """Stderr, in debug, holds no word of what was said or asked."""
    canary = "canary-of-stderr"
    with process(standing, user="quiet") as running:
        running.send(_HELLO, _READY, _called(2, "add_memory", text=canary))
        running.send(_called(3, "fetch", id=canary), _called(4, canary), b"{" + canary.encode())
        running.send({"jsonrpc": "2.0", "method": canary}, {**_READY, "params": [canary]})
        code, _ = running.rest()
        assert code == 0
        assert canary not in running.log


@pytest.mark.parametrize("mode", ["legacy", STATELESS])
async def test_read_only_offers_and_runs_what_reads(standing: Served, mode: str) -> None:
    """With --read-only a model of the host cannot change anything."""
    async with over_stdio(standing, "reader", "--read-only", mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert "search" in names
        assert not {"add_memory", "delete_memory"} & set(names)
        assert (await failure(client, "add_memory", text="x"))[0] == "not_allowed"


async def test_it_works_beside_a_server_on_the_same_data(standing: Served) -> None:
    """What one was told the other finds at once, in both directions, and each has its own user."""
    key = standing.key("both")
    async with (
        over_http(standing.url, key) as web,
        over_stdio(standing, "both") as own,
        over_stdio(standing, "other") as others,
    ):
        await call(own, "add_memory", text="The boat is red")
        await call(web, "add_memory", text="The house is yellow")
        for client, word in ((web, "boat"), (own, "house")):
            found = await call(client, "search", query=word)
            assert len(found["results"]) == 2
        assert await call(others, "search", query="boat house") == {"results": []}


async def test_the_printed_configuration_works_as_it_is(standing: Served) -> None:
    """Both forms, taken by a client as a host would take them."""
    port = standing.url.rpartition(":")[2]
    printed = [
        json.loads(standing.command("mcp", "--user", "conf", "--print-config", form, port=port))
        for form in ("command", "url")
    ]
    command, url = (one["mcpServers"]["holdfast"] for one in printed)
    async with _from_command(command) as client:
        await call(client, "add_memory", text="The cat is called Mio")
    assert url["url"] == f"{standing.url}/mcp"
    key = url["headers"]["Authorization"].removeprefix("Bearer ")
    async with over_http(standing.url, key) as client:
        found = await call(client, "search", query="cat")
    assert "Mio" in found["results"][0]["title"]


@asynccontextmanager
async def _from_command(entry: dict[str, Any]) -> AsyncIterator[Client]:
    # A host hands on little of its own environment.
    started = StdioServerParameters(command=entry["command"], args=entry["args"], env=entry["env"])
    with Path(os.devnull).open("w") as log:
        async with Client(stdio_client(started, errlog=log)) as client:
            yield client


async def test_a_read_only_configuration_holds_a_key_that_reads(standing: Served) -> None:
    """The new key is no wider than what was asked for."""
    text = standing.command("mcp", "--user", "narrow", "--read-only", "--print-config", "url")
    shown = json.loads(text)["mcpServers"]["holdfast"]["headers"]["Authorization"]
    async with over_http(standing.url, shown.removeprefix("Bearer ")) as client:
        assert (await failure(client, "add_memory", text="x"))[0] == "not_allowed"


async def test_calls_side_by_side_are_all_answered(standing: Served) -> None:
    """One host, many calls at once."""
    async with over_stdio(standing, "busy") as client:
        await asyncio.gather(*(call(client, "add_memory", text=f"fact {n}") for n in range(20)))
        found = await asyncio.gather(*(call(client, "search", query="fact") for _ in range(10)))

    assert [len(one["results"]) for one in found] == [10] * 10


_STRAY = """
import os, subprocess, sys
from msgspec.structs import replace
from holdfast.assistant.tools import standard_tools
from holdfast.server.mcp import stdio

async def noisy(context, asked):
    print("stray")
    os.write(1, b"stray")
    subprocess.run([sys.executable, "-c", "print(input('stray') if 0 else 'stray')"], check=True)
    return {"stdin": sys.stdin.read()}

search = standard_tools().get("search")
stdio.tools_of = lambda settings: standard_tools([replace(search, call=noisy)])
from holdfast.cli import main
sys.argv = ["holdfast", "mcp", "--user", "stray"]
main()
"""


def test_stdout_holds_the_protocol_whatever_a_tool_prints(standing: Served) -> None:
    """What a tool, a library or a child writes goes to stderr, and none of them eats requests."""
    ran = subprocess.run(
        [sys.executable, "-c", _STRAY],
        input=b"\n".join(
            json.dumps(m).encode()
            for m in (_HELLO, _READY, _called(2, "search", query="x"), _called(3, "fetch", id="x"))
        ),
        env=standing.env,
        capture_output=True,
        timeout=HUNG_S,
        check=True,
    )
    answers = {answer["id"]: answer for answer in map(json.loads, ran.stdout.splitlines())}

    assert set(answers) == {1, 2, 3}
    assert answers[2]["result"]["structuredContent"] == {"stdin": ""}
    assert ran.stderr.count(b"stray") >= 3
