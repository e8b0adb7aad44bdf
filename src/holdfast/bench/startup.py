"""How long the library's import, the command's help and the server's start take."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target, at_most

__all__ = ["measure", "seconds_to_serve"]

_RUNS_PER_ROUND = 5
_GIVE_UP_S = 30.0
_POLL_S = 0.01
_BARE = ("-c", "pass")
_IMPORT = ("-c", "import holdfast")
_OPEN = ("-c", "import holdfast; holdfast.open('memory:')")


def measure(effort: Effort, *, command: str = "") -> Report:
    """Whole processes, taking turns; the import is what it adds to a bare interpreter."""
    machine = describe_machine()
    programs = {
        "python -c pass": _BARE,
        "python -c 'import holdfast'": _IMPORT,
        "python -c '... holdfast.open(...)'": _OPEN,
        "holdfast --version": _console("--version"),
        "holdfast --help": _console("--help"),
    }
    took: dict[str, list[float]] = {name: [] for name in programs}
    served: list[float] = []
    for _ in range(effort.rounds):
        for _ in range(1 if effort.quick else _RUNS_PER_ROUND):
            for name, arguments in programs.items():
                took[name].append(_seconds(arguments))
        served.append(seconds_to_serve())
    took["holdfast serve, until /healthz answers"] = served
    return Report(
        program="Start-up",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_table(took),),
        targets=_targets(took),
    )


def seconds_to_serve() -> float:
    """From the start of `holdfast serve` in an empty home until /healthz answers.

    Raises:
        RuntimeError: it ended, or did not answer within half a minute.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as home:
        port = _free_port()
        # An environment of our own: no setting of whoever measures is taken over.
        environment = {"HOME": home, "PATH": os.defpath}
        arguments = [sys.executable, *_console("serve", "--port", str(port))]
        begin = time.perf_counter()
        server = subprocess.Popen(  # noqa: S603  # ourselves
            arguments,
            env=environment,
            cwd=home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_healthy(server, f"http://127.0.0.1:{port}/healthz")
            return time.perf_counter() - begin
        finally:
            server.terminate()
            server.wait(_GIVE_UP_S)


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.perf_counter() + _GIVE_UP_S
    while time.perf_counter() < until:
        if server.poll() is not None:
            raise RuntimeError(f"holdfast serve ended with {server.returncode}")
        try:
            with urlopen(url, timeout=1) as answer:  # noqa: S310  # loopback
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(_POLL_S)
    raise RuntimeError("holdfast serve did not answer")


def _console(*arguments: str) -> tuple[str, ...]:
    """The console script without depending on where it was installed."""
    return ("-c", "import sys; from holdfast.cli import main; sys.exit(main())", *arguments)


def _seconds(arguments: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=Path("/")
    )
    return time.perf_counter() - begin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _table(took: dict[str, list[float]]) -> Table:
    return Table(
        title="From start to finish of a process",
        columns=("what", "runs", "median ms", "min ms", "max ms"),
        rows=tuple(
            (name, len(each), median(each) * 1e3, min(each) * 1e3, max(each) * 1e3)
            for name, each in took.items()
        ),
    )


def _targets(took: dict[str, list[float]]) -> tuple[Target, ...]:
    names = list(took)
    middle = {name: median(each) for name, each in took.items()}
    added = (middle[names[1]] - middle[names[0]]) * 1e3
    return (
        at_most("import holdfast, beyond a bare interpreter", 150.0, added, "ms"),
        at_most("holdfast --help", 300.0, middle["holdfast --help"] * 1e3, "ms"),
        at_most("holdfast serve until /healthz", 2.0, middle[names[-1]], "s"),
    )
