"""The programs are found by name and refuse what they cannot run."""

from __future__ import annotations

from importlib import import_module

import pytest

from holdfast.bench.programs import PROGRAMS, effort_of, main, run_program
from holdfast.bench.report import Effort


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_each_program_is_a_module_that_measures(name: str) -> None:
    """What the list names can be run."""
    assert callable(import_module(f"holdfast.bench.{name}").measure)


def test_an_unknown_program_is_refused() -> None:
    """A name that is not listed runs nothing, also when a module of it exists."""
    with pytest.raises(KeyError):
        run_program("report", Effort.least())


def test_an_import_needs_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`importing` without a file is a usage error before anything is measured."""
    with pytest.raises(SystemExit, match="2"):
        main(["importing"])

    assert "--file" in capsys.readouterr().err


def test_what_is_named_beats_the_default() -> None:
    """Rounds and seconds can be chosen one by one, also of a quick run."""
    assert effort_of(rounds=7, seconds=None, quick=True) == Effort(
        rounds=7, seconds=Effort.least().seconds, quick=True
    )
