"""People and CI run the same commands, and those are written down."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest


def _targets(root: Path) -> set[str]:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_ci_runs_the_same_targets_as_people(root: Path) -> None:
    """.ci/run is a program of two steps, both make targets; no step lives only in CI."""
    script = root / ".ci" / "run"
    steps = [line for line in script.read_text(encoding="utf-8").splitlines() if line]

    assert os.access(script, os.X_OK)
    assert [line for line in steps if "make" in line and line[0] != "#"] == [
        "make check",
        "make test",
    ]


@pytest.mark.parametrize("target", ["run", "test", "check", "fix", "bench", "docs", "lock"])
def test_the_makefile_has_the_target(target: str, root: Path) -> None:
    """Each command of the contributors' page exists and explains itself in `make help`."""
    assert target in _targets(root)


def test_the_contributors_page_names_every_target(root: Path) -> None:
    """CONTRIBUTING.md shows each make target once."""
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert {t for t in _targets(root) if f"`make {t}`" not in page} == {"help"}
