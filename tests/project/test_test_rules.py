"""The rules that tests/conftest.py sets do hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SUITE = {
    "test_skips_inside": "def test_it(): pytest.skip('no server')",
    "test_skips_by_mark": "@pytest.mark.skip(reason='slow')\ndef test_it(): pass",
    "test_skips_at_import": "pytest.importorskip('no_such_package')\ndef test_it(): pass",
    "test_leaks": "import socket\ndef test_it(): held = [socket.socket()]; held.append(held)",
    "test_warns": "import warnings\ndef test_it(): warnings.warn('old')",
    "test_passes": "def test_it(): pass",
    "test_has_the_long_profile": (
        "from hypothesis import settings\ndef test_it(): assert settings().max_examples == 1000"
    ),
    "test_expected": "@pytest.mark.xfail(reason='why')\ndef test_it(): raise ValueError",
}


_HELD = {"test_passes", "test_expected", "test_has_the_long_profile"}


@pytest.fixture(scope="module")
def verdicts(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What pytest said of each module above, under our conftest.py and settings."""
    suite = tmp_path_factory.mktemp("suite")
    shutil.copy(root / "tests" / "conftest.py", suite / "conftest.py")
    for name, body in _SUITE.items():
        (suite / f"{name}.py").write_text(f"import pytest\n{body}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), "-q", "-rA"]
    command += ["--rootdir", str(suite), "-p", "no:randomly", "-p", "no:cacheprovider"]
    command += ["--hypothesis-profile=long", "--continue-on-collection-errors", str(suite)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    said: dict[str, set[str]] = {name: set() for name in _SUITE}
    for verdict, name in re.findall(r"^([A-Z]+) \S*?(test_\w+)\.py", ran.stdout, re.MULTILINE):
        said[name].add(verdict)
    return said


@pytest.mark.parametrize("name", sorted(_SUITE.keys() - _HELD))
def test_what_skips_leaks_or_warns_has_failed(name: str, verdicts: dict[str, set[str]]) -> None:
    """A skip of any kind, a leaked socket and a warning are failures."""
    assert verdicts[name] & {"FAILED", "ERROR"}
    assert "SKIPPED" not in verdicts[name]


@pytest.mark.parametrize("name", sorted(_HELD))
def test_what_holds_has_passed(name: str, verdicts: dict[str, set[str]]) -> None:
    """A pass is a pass, a failure that is expected and explained is no failure."""
    assert verdicts[name] <= {"PASSED", "XFAIL"}
    assert verdicts[name]
