"""Run every program, beside the peers where there are any, and say which targets are met.

    python bench/run_all.py [--quick] [--only capture,history] [--data FILE ...]

Each program's tables go to bench/results/NAME.md and NAME.json, all targets to summary.md. It needs
the packages of requirements/bench.lock and takes some forty minutes; `--quick` takes two
minutes and says nothing about speed. `--data` names files of questions with known evidence. What
others find in them is a program of its own, bench/recall_peers.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

import msgspec
from msgspec.structs import replace

import make_export
import peers
from holdfast.bench.importing import MESSAGES
from holdfast.bench.programs import PROGRAMS, effort_of, run_program
from holdfast.bench.report import Effort, Report, summary
from quality import measure_quality

RESULTS = Path(__file__).parent / "results"
FLOOR = Path(__file__).with_name("floor.py")
_QUICK_MESSAGES = 2_000
_QUALITY = "quality"


def run(
    name: str, effort: Effort, data: list[Path], command: str, *, vectors: Path | None = None
) -> Report:
    """One program, with what it needs made first."""
    if name == _QUALITY:
        return measure_quality(data, effort, command, vectors=vectors)
    if name == "server":
        return run_program(name, effort, floor=[str(FLOOR)], command=command)
    if name == "page":
        return run_program(name, effort, command=command)
    if name != "importing":
        report = run_program(name, effort, peers=peers.all_peers(), command=command)
        return replace(report, versions=peers.versions())
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        export = Path(folder) / "conversations.json"
        make_export.make(export, _QUICK_MESSAGES if effort.quick else MESSAGES)
        return run_program(name, effort, file=export, command=command)


def _latest() -> list[Report]:
    """What each program found when it last ran: the page shows all of them."""
    paths = [RESULTS / f"{name}.json" for name in [*PROGRAMS, _QUALITY]]
    found = [path.read_bytes() for path in paths if path.exists()]
    return [msgspec.json.decode(each, type=Report) for each in found]


def _command(arguments: list[str]) -> str:
    """What a report says it was started by; of files only their names."""
    shown = [Path(one).name if "/" in one else one for one in arguments]
    return f'make bench ARGS="{" ".join(shown)}"' if shown else "make bench"


def main() -> int:
    """Print the targets; the exit code is 1 when a program failed, not when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join([*PROGRAMS, _QUALITY]))
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--vectors", type=Path, help="where MiniLM's vectors are kept")
    asked = parser.parse_args()
    effort = effort_of(rounds=asked.rounds, seconds=asked.seconds, quick=asked.quick)
    RESULTS.mkdir(exist_ok=True)
    command = _command(sys.argv[1:])
    failed = []
    for name in asked.only.split(","):
        if name == _QUALITY and not asked.data:
            continue
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            report = run(name, effort, asked.data, command, vectors=asked.vectors)
        except Exception:
            # The other programs' figures are worth having all the same.
            traceback.print_exc()
            failed.append(name)
            continue
        (RESULTS / f"{name}.md").write_text(report.markdown(), encoding="utf-8")
        (RESULTS / f"{name}.json").write_text(report.json(), encoding="utf-8")
        print(report.markdown(), flush=True)
    text = summary(_latest())
    (RESULTS / "summary.md").write_text(text, encoding="utf-8")
    print(text)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
