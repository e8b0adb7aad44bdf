"""Real servers in processes of their own, and clients that talk to them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

HUNG_S = 60
"""What has not come by then never will: the test fails instead of waiting for ever. No shorter one
is of use: how fast a machine is that has other work, too, is no property of what is tested."""
_CHILD = Path(__file__).with_name("server_child.py")


class Served:
    """A server in a folder. It can be killed and started again over the same data."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings` by their names, such as auth="tokens"."""
        self.folder = folder
        self.settings = settings
        self.release = folder / "release"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.login_link = ""
        self._cookies: dict[str, str] = {}

    @property
    def log(self) -> str:
        """What it wrote to stderr, over all starts."""
        return (self.folder / "log").read_text("utf-8")

    @property
    def env(self) -> dict[str, str]:
        """The environment in which processes share its data."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HOLDFAST_")}
        return {
            **kept,
            "HOLDFAST_DATA_DIR": str(self.folder / "data"),
            "HOLDFAST_CONFIG_DIR": str(self.folder / "config"),
            "HOLDFAST_USER": "ada",
            "HOLDFAST_PORT": "0",
            "HOLDFAST_LOG_LEVEL": "debug",
            "HOLDFAST_MAX_ANSWER_TOKENS": "200000",
            **{f"HOLDFAST_{name.upper()}": value for name, value in self.settings.items()},
        }

    def start(self, *, child: bool = True, upkeep_interval_s: float = 3600) -> Served:
        """Start it on a free port and log in; `child=False` is `holdfast serve` as users run it."""
        told = [str(_CHILD), str(self.release), str(upkeep_interval_s)]
        script = told if child else ["-m", "holdfast", "serve"]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *script],
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"serves (http://\S+) - .*?(http://\S+)?$", line)
        assert found, f"{line!r}\n{self.log}"
        self.url, self.login_link = found[1], found[2] or ""
        return self

    def command(self, *arguments: str, **settings: str) -> str:
        """What a command of the command line prints, run over the same data beside the server."""
        given = {f"HOLDFAST_{name.upper()}": value for name, value in settings.items()}
        ran = subprocess.run(
            [sys.executable, "-m", "holdfast", *arguments],
            env={**self.env, **given},
            capture_output=True,
            text=True,
            timeout=HUNG_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def key(self, user: str, *options: str, **settings: str) -> str:
        """A new API key of a user; `options` are those of `holdfast tokens create`."""
        return self.command("tokens", "create", "--user", user, "--quiet", *options, **settings)

    @asynccontextmanager
    async def keyed(self, key: str, **headers: str | bytes) -> AsyncIterator[httpx2.AsyncClient]:
        """An HTTP client that shows an API key, and has no cookie."""
        given = {"Authorization": f"Bearer {key}", **headers}
        shown = [(k.encode(), v if isinstance(v, bytes) else v.encode()) for k, v in given.items()]
        async with client_of(self.url, headers=shown) as client:
            yield client

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End the process, and wait for its end; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(HUNG_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        self._cookies = {}
        return code

    @asynccontextmanager
    async def client(self, *, log_in: bool = True) -> AsyncIterator[httpx2.AsyncClient]:
        """An HTTP client; the link logs in once, so all of them share its cookie."""
        async with client_of(self.url) as client:
            if log_in and not self._cookies:
                await client.get(self.login_link)
                self._cookies = dict(client.cookies)
            elif log_in:
                client.cookies.update(self._cookies)
            yield client

    async def warmed(self) -> httpx2.Response:
        """What it says to /readyz when it has loaded what it needs to find anything."""
        async with self.client(log_in=False) as client, asyncio.timeout(HUNG_S):
            while "recall" in (answer := await client.get("/readyz")).json()["failing"]:
                pass
        return answer

    async def get(self, path: str) -> Any:
        """The JSON of a path."""
        async with self.client() as client:
            return (await client.get(path)).json()

    def let_go(self, word: str = "") -> None:
        """Release the answers that wait; those to inputs that end with a word."""
        place = self.release.with_name(f"{self.release.name}-{word}") if word else self.release
        place.touch()

    async def ticket(self, origin: str | None = None, *, key: str | None = None) -> str:
        """A ticket for one socket, of whoever is logged in or of a key's user."""
        headers = {} if origin is None else {"Origin": origin}
        async with self.client() if key is None else self.keyed(key) as client:
            answer = await client.post("/api/ws-ticket", headers=headers)
            return str(answer.json()["ticket"])

    def socket_url(
        self, ticket: str, session_id: str | None = None, *, after_seq: int | str | None = None
    ) -> str:
        """Where a socket connects."""
        named = "" if session_id is None else f"&session_id={session_id}"
        place = "" if after_seq is None else f"&after_seq={after_seq}"
        return f"{self.url.replace('http', 'ws')}/ws?ticket={ticket}{named}{place}"

    @asynccontextmanager
    async def talk(
        self,
        session_id: str | None = None,
        *,
        after_seq: int | None = None,
        buffer_bytes: int | None = None,
        key: str | None = None,
    ) -> AsyncIterator[Talking]:
        """A socket that has had its history; `buffer_bytes` is what the system takes unread."""
        url = self.socket_url(await self.ticket(key=key), session_id, after_seq=after_seq)
        raw = socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])))
        if buffer_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        async with socket_to(url, max_size=None, sock=raw) as opened:
            talking = Talking(opened)
            await talking.begin()
            yield talking


def client_of(url: str, **options: Any) -> httpx2.AsyncClient:
    """An HTTP client that shows nothing, and waits as long as it takes."""
    # Without certificates, which nobody here has, and which take longer to load than a test.
    options = {"timeout": HUNG_S, **options}
    return httpx2.AsyncClient(base_url=url, trust_env=False, verify=False, **options)


def socket_to(url: str, **options: Any) -> connect:
    """A socket that is asked for no sign of life: whoever runs a command cannot give one."""
    return connect(url, proxy=None, open_timeout=HUNG_S, ping_interval=None, **options)


class Talking:
    """One client's side of a socket."""

    def __init__(self, opened: ClientConnection) -> None:
        self.socket = opened
        self.session_id = ""
        self.history: list[dict[str, Any]] = []
        self.seq = 0
        self.resumed = False

    async def begin(self) -> None:
        """Take the history."""
        frame = await self.frame()
        self.session_id, self.history = frame["session_id"], frame["event"]["messages"]
        self.seq, self.resumed = frame["seq"], frame["event"]["resumed"]

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(HUNG_S):
            found: dict[str, Any] = json.loads(await self.socket.recv())
        return found

    async def send(self, **frame: object) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The events up to the first of these kinds; who is present only when that is asked for."""
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] not in kinds:
            event = (await self.frame())["event"]
            if event["type"] != "present" or "present" in kinds:
                events.append(event)
        return events

    async def ask(self, text: str, client_key: str | None = None) -> str:
        """The whole answer to a text."""
        await self.send(type="message", text=text, client_key=client_key)
        events = await self.until("finished", "failed", "error")
        return "".join(event["text"] for event in events if event["type"] == "delta")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A running server over an empty folder."""
    server = Served(tmp_path).start()
    yield server
    if server.process is not None:
        server.kill()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server for tests that leave nothing behind."""
    server = Served(tmp_path_factory.mktemp("standing")).start()
    yield server
    server.kill()
