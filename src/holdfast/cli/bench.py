"""`bench`: the programs that measure, without the peers; those are in the source's bench/."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from holdfast.bench.programs import PROGRAMS, effort_of, run_program
from holdfast.cli.call import Call
from holdfast.cli.options import Command, Group, file_path, pass_call

__all__ = ["bench_command"]


@click.group("bench", cls=Group)
def bench_command() -> None:
    """Measure recall, capture and more.

    Each program prints tables, with --json a document, and may take minutes."""


@bench_command.command("recall", cls=Command)
@click.option("--data", type=file_path, required=True, help="Questions with known evidence.")
@click.option(
    "--embedder", type=click.Choice(["static", "minilm"]), default="static", show_default=True
)
@pass_call
def _recall_command(call: Call, data: Path, embedder: Literal["static", "minilm"]) -> None:
    """Measure what recall finds: per category, all evidence or any, at 1, 5, 10 and 20."""
    from holdfast.bench.recall import measure
    from holdfast.keeper.opening import embedder_of, tier_of

    tier = tier_of(embedder)
    report = measure(data, embedder=embedder_of(embedder)(), tier=tier() if tier else None)
    sys.stdout.write(report.to_json().decode() + "\n" if call.json else report.to_table() + "\n")


def _command(name: str, about: str) -> Command:
    @pass_call
    def run(
        call: Call,
        rounds: int | None,
        seconds: float | None,
        quick: bool,
        file: Path | None = None,
    ) -> None:
        report = run_program(
            name,
            effort_of(rounds=rounds, seconds=seconds, quick=quick),
            file=file,
            command=f"holdfast bench {name}",
        )
        sys.stdout.write(report.json() if call.json else report.markdown())

    options: list[click.Parameter] = [
        click.Option(["--rounds"], type=click.IntRange(1), help="How often each has its turn."),
        click.Option(["--seconds"], type=float, help="How long it is measured each time."),
        click.Option(["--quick"], is_flag=True, help="Only see that it runs."),
    ]
    if name == "importing":
        file = click.Option(["--file"], type=file_path, required=True, help="The export to import.")
        options.append(file)
    return Command(name, callback=run, params=options, help=about)


for _name, _about in PROGRAMS.items():
    bench_command.add_command(_command(_name, _about))
