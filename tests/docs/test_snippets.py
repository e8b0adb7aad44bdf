"""The first page's four ways in work as they are written, against a server that runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
_ADDRESS = "127.0.0.1:8377"
_BLUE = "Remember, my favourite colour is blue"
_TIMEOUT_S = 60


def _section(title: str) -> str:
    """What the page says under a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _blocks(kind: str) -> list[str]:
    """The code of one kind in the section, in order."""
    return re.findall(
        rf"^```{kind}\n(.*?)^```$", _section("From anything else"), re.MULTILINE | re.DOTALL
    )


class Reader:
    """Somebody who follows the page, with a server of their own."""

    def __init__(self, folder: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOLDFAST_", "OPENAI_"))}
        self.env = {
            **kept,
            "HOLDFAST_DATA_DIR": str(folder / "data"),
            "HOLDFAST_CONFIG_DIR": str(folder / "config"),
            "HOLDFAST_PORT": "0",
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        self.process = subprocess.Popen(
            ["holdfast", "serve"], env=self.env, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"serves http://(\S+)", line)
        assert found, line
        self.address = found[1]

    def run(self, *command: str) -> str:
        """What a command prints, with the server's address in place of the page's."""
        here = [part.replace(_ADDRESS, self.address) for part in command]
        done = subprocess.run(
            here, env=self.env, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, block: str) -> list[str]:
        """What each command of a console block prints."""
        commands = [c for c in re.split(r"^\$ ", block, flags=re.MULTILINE) if c.strip()]
        return [self.run("bash", "-c", command) for command in commands]

    def take_key(self) -> None:
        """Do what the first block says, and keep its variable."""
        [export] = re.findall(r"^\$ export (\w+)=(.*)$", _blocks("console")[0], re.MULTILINE)
        self.env[export[0]] = self.run("bash", "-c", f"echo -n {export[1]}")
        self.env["OPENAI_API_KEY"] = self.env[export[0]]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One server for all snippets: what the first says, the others find."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    try:
        reader.take_key()
        reader.said, reader.found = reader.shell(_blocks("console")[1])  # type: ignore[attr-defined]
        yield reader
    finally:
        reader.process.terminate()
        reader.process.wait(_TIMEOUT_S)
        assert reader.process.stdout is not None
        reader.process.stdout.close()


def test_curl_says_something_and_finds_it(reader: Reader) -> None:
    """The two commands record a turn and find what it says."""
    turn = json.loads(reader.said)["turn"]  # type: ignore[attr-defined]
    hits = json.loads(reader.found)["hits"]  # type: ignore[attr-defined]

    assert turn["status"] == "complete"
    assert turn["messages"][0]["text"] == _BLUE
    assert _BLUE in json.dumps(hits)


def test_the_openai_sdk_is_answered_from_what_curl_said(reader: Reader) -> None:
    """Only the base URL is another; the answer quotes the other transport."""
    assert _BLUE in reader.run(sys.executable, "-W", "error", "-c", _blocks("python")[0])


def test_a_websocket_client_is_answered_from_what_curl_said(reader: Reader) -> None:
    """Ticket, message, events, end."""
    assert _BLUE in reader.run(sys.executable, "-W", "error", "-c", _blocks("python")[1])


def test_an_mcp_host_finds_what_curl_said(reader: Reader) -> None:
    """The entry of the configuration starts a process that answers a host, and `--print-config`
    prints such an entry."""
    entry = json.loads(_blocks("json")[0])["mcpServers"]["holdfast"]
    printed = json.loads(reader.run("holdfast", "mcp", "--print-config", "command"))
    ask = [
        {
            "method": "initialize",
            "id": 1,
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "host", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {
            "method": "tools/call",
            "id": 2,
            "params": {"name": "search", "arguments": {"query": "favourite colour"}},
        },
    ]
    lines = "".join(json.dumps({"jsonrpc": "2.0", **part}) + "\n" for part in ask)
    for started in (entry, printed["mcpServers"]["holdfast"]):
        done = subprocess.run(
            [started["command"], *started["args"]],
            env={**reader.env, **started.get("env", {})},
            input=lines,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, shlex.join(started["args"]) + done.stderr
        assert "favourite colour is blue" in done.stdout
