"""One way down: the import contract holds, and it covers everything."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def contracts(root: Path) -> list[dict[str, Any]]:
    """The import contracts of pyproject.toml."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return list(settings["tool"]["importlinter"]["contracts"])


def test_every_import_points_down(root: Path) -> None:
    """The import contract of pyproject.toml is kept by the source as it is."""
    # In a process of its own: the linter's logging set-up disables the loggers that exist.
    call = "from importlinter.cli import lint_imports_command; lint_imports_command()"

    done = subprocess.run(
        [sys.executable, "-c", call, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_storage_stands_below_the_vault(contracts: list[dict[str, Any]]) -> None:
    """A backend holds sealed bytes: it can reach neither keys nor codec."""
    layers = [layer.strip("()") for layer in contracts[0]["layers"]]

    assert layers.index("vault") < layers.index("storage")


def test_no_module_is_outside_the_contract(contracts: list[dict[str, Any]]) -> None:
    """A new top-level module must be given its place among the layers."""
    assert contracts[0]["exhaustive"] is True
