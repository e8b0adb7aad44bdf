"""The command line in a home of its own: in this process, as a process, and on a terminal."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from holdfast.cli.program import run


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error on stderr, of a command with --json."""
        return dict(json.loads(self.err.splitlines()[-1])["error"])


Cli = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty configuration and data folders, and no settings of whoever runs the tests."""
    ours = [name for name in os.environ if name.startswith("HOLDFAST_")]
    # A test runner may say how wide its own terminal is, or that it wants no colour.
    for name in (*ours, "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process; `given` is its standard input, a pipe."""

    def ran(*arguments: str, given: str | bytes = "") -> Ran:
        raw = given if isinstance(given, bytes) else given.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), "utf-8"))
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


def environment(**more: str) -> Mapping[str, str]:
    """The environment of a child: the test's own, and what is named."""
    return {**os.environ, "PYTHONWARNINGS": "error", **more}


@pytest.fixture
def process(home: Path) -> Cli:
    """Run a command as a process of its own."""

    def ran(*arguments: str, given: str = "", **more: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "holdfast", *arguments],
            input=given,
            capture_output=True,
            text=True,
            env=environment(**more),
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return ran


@pytest.fixture
def terminal(home: Path) -> Cli:
    """Run a command on a terminal of so many columns; `out` is all that it wrote there."""

    def ran(*arguments: str, columns: int = 80, **more: str) -> Ran:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        child = subprocess.Popen(
            [sys.executable, "-m", "holdfast", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(**{"TERM": "xterm-256color", **more}),
        )
        os.close(theirs)
        written = b""
        with os.fdopen(ours, "rb", buffering=0) as screen:
            while True:
                try:
                    piece = screen.read(65536)
                except OSError:  # Linux: the last one who held the other end is gone
                    break
                if not piece:
                    break
                written += piece
        return Ran(child.wait(timeout=60), written.decode().replace("\r\n", "\n"), "")

    return ran


CHATS = [
    {
        "id": "oslo",
        "title": "Trip to Oslo",
        "messages": [
            {"role": "user", "text": "Where should I go in Oslo?", "at": "2026-01-09T12:00:00Z"},
            {"role": "assistant", "text": "Visit the opera house.", "at": "2026-01-09T12:00:05Z"},
        ],
    },
    {
        "id": "ramen",
        "title": "東京への旅行とラーメン 🍜 とても長いタイトルをここに書いておきます",
        "messages": [
            {
                "role": "user",
                "text": "東京でおすすめのラーメン屋は？",
                "at": "2026-02-09T12:00:00Z",
            },
            {"role": "assistant", "text": "一蘭はどうでしょう 🍜", "at": "2026-02-09T12:00:05Z"},
        ],
    },
]


@pytest.fixture
def chats(home: Path) -> Path:
    """An export with two conversations."""
    file = home / "chats.jsonl"
    file.write_text("".join(json.dumps(chat) + "\n" for chat in CHATS), "utf-8")
    return file


@pytest.fixture
def ada(cli: Cli, chats: Path) -> Cli:
    """The command line of somebody who has the two conversations."""
    assert cli("import", str(chats), "--user", "ada").code == 0

    def ran(*arguments: str, **more: Any) -> Ran:
        return cli(*arguments, "--user", "ada", **more)

    return ran


@pytest.fixture
def sessions(ada: Cli) -> dict[str, str]:
    """Ada's session ids by title."""
    listed = ada("sessions", "--json").json["sessions"]
    return {session["title"]: session["id"] for session in listed}
