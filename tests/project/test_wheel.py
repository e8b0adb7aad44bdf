"""What `pip install holdfast` brings is complete."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """A wheel built from the checkout, opened."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return zipfile.Path(built)


@pytest.fixture(scope="module")
def names(wheel: zipfile.Path) -> set[str]:
    """The names of all files in the wheel."""
    return set(wheel.root.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.Path, names: set[str]) -> Message:
    """The wheel's core metadata."""
    (name,) = [name for name in names if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.root.read(name).decode("utf-8"))


def test_the_wheel_holds_every_file_of_the_package(
    names: set[str], project_files: list[Path]
) -> None:
    """Schemas, named queries, deltas, weights and pages are installed beside the code."""
    package = {
        path.relative_to("src").as_posix() for path in project_files if path.parts[0] == "src"
    }

    assert package - names == set()


def test_the_wheel_holds_nothing_else(names: set[str]) -> None:
    """No test, document, cache or tool gets into an installation."""
    foreign = [n for n in names if not n.startswith(("holdfast/", "holdfast-")) or ".pyc" in n]

    assert foreign == []


def test_the_wheel_says_what_it_is(metadata: Message) -> None:
    """Name, licence, Python version and extras are in the metadata."""
    said = (metadata["Name"], metadata["License-Expression"], metadata["Requires-Python"])

    assert said == ("holdfast", "Apache-2.0", ">=3.11")
    assert {"server", "pdf", "minilm", "keyring"} <= set(metadata.get_all("Provides-Extra") or [])


def test_the_licence_travels_with_the_wheel(names: set[str]) -> None:
    """LICENSE and NOTICE are in the wheel, as the licence asks."""
    carried = {name.rsplit("/", 1)[-1] for name in names if "/licenses/" in name} - {""}

    assert carried == {"LICENSE", "NOTICE"}
