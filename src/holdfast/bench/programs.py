"""The programs by name, as `holdfast bench NAME` and `python -m holdfast.bench NAME` run them.

Without the peers: those are in bench/ of the source, see `make bench`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from holdfast.bench.contenders import Contender
    from holdfast.bench.report import Effort, Report

__all__ = ["PROGRAMS", "effort_of", "main", "run_program"]

PROGRAMS: dict[str, str] = {
    "capture": "Turns made durable, by one writer and by 64.",
    "history": "The last 20 of 10,000 messages.",
    "latency": "Questions answered over 10,000 and 100,000 messages, warm and cold.",
    "scale": "One vault of up to a million messages, one user beside 100,000.",
    "importing": "A big export until it can be searched (needs --file).",
    "contexts": "Contexts put together over 10,000 messages and 1,000 memories.",
    "distilling": "Messages read for memories, without a model, and capture beside the worker.",
    "startup": "import holdfast, holdfast --help, holdfast serve.",
    "server": "Turns, sockets, proxy, lists and searches over HTTP, by clients of a real server.",
    "page": "The page in Chromium over 1,000 conversations (needs playwright and chromium).",
}
"""What each measures. A program NAME is `holdfast.bench.NAME.measure`."""
_WITH_PEERS = ("capture", "history")


def run_program(
    name: str,
    effort: Effort,
    *,
    peers: Sequence[Contender] = (),
    file: Path | None = None,
    floor: Sequence[str] = (),
    command: str = "",
) -> Report:
    """Run one program to its end; it may take minutes.

    Args:
        peers: measured beside Holdfast, by the programs that know how.
        file: the export that `importing` imports.
        floor: a program for Python, measured beside the server.
        command: what the report says it was started by.

    Raises:
        KeyError: there is no such program.
        ValueError: `importing` without a file.
    """
    if name not in PROGRAMS:
        raise KeyError(name)
    measure: Callable[..., Report] = import_module(f"holdfast.bench.{name}").measure
    if name in _WITH_PEERS:
        return measure(effort, peers=peers, command=command)
    if name == "importing":
        if file is None:
            raise ValueError("importing needs a file")
        return measure(file, effort, command=command)
    if name == "server":
        return measure(effort, floor=floor, command=command)
    return measure(effort, command=command)


def effort_of(*, rounds: int | None, seconds: float | None, quick: bool) -> Effort:
    """How long to measure, from what the caller named; the rest by default."""
    from holdfast.bench.report import Effort

    effort = Effort.least() if quick else Effort()
    return replace(effort, rounds=rounds or effort.rounds, seconds=seconds or effort.seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names and print it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m holdfast.bench", allow_abbrev=False)
    parser.add_argument("program", choices=sorted(PROGRAMS))
    parser.add_argument("--rounds", type=int, help="how often each contender has its turn")
    parser.add_argument("--seconds", type=float, help="how long it is measured each time")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--json", action="store_true", help="a document instead of tables")
    parser.add_argument("--file", type=Path, help="the export to import")
    asked = parser.parse_args(arguments)
    if asked.program == "importing" and asked.file is None:
        parser.error("importing needs --file")
    report = run_program(
        asked.program,
        effort_of(rounds=asked.rounds, seconds=asked.seconds, quick=asked.quick),
        file=asked.file,
        command=f"python -m holdfast.bench {' '.join(sys.argv[1:])}".strip(),
    )
    sys.stdout.write(report.json() if asked.json else report.markdown())
    return 0
