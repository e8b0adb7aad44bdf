"""What is committed speaks of the project alone: no registry, no machine, no leftovers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Assembled from parts, so that this file does not hold what it looks for.
_HOSTS = [
    ("py" + "pi", "org"),
    ("py" + "pi", "python", "org"),
    ("files", "python" + "hosted", "org"),
    ("python" + "hosted", "org"),
    ("registry", "npm" + "js", "org"),
    ("npm" + "js", "com"),
    ("registry", "yarn" + "pkg", "com"),
    ("deb", "deb" + "ian", "org"),
    ("archive", "ubun" + "tu", "com"),
    ("pkg", "go" + "lang", "org"),
    ("proxy", "go" + "lang", "org"),
    ("crates", "io"),
    ("docker", "io"),
    ("arti" + "factory",),
]
_HOST = re.compile("|".join(re.escape(".".join(host)) for host in _HOSTS), re.IGNORECASE)
_MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:ro{2}t|wor[k]|home/(?!ada\b|user\b|you\b)[a-z]|Users/[a-z]|opt/py{1}pi|op[t]/wheels)"
    r"(?:/|\b)"
)
_LEFTOVER = re.compile(r"\b(?:FI" + r"XME|X" + r"XX|HA" + r"CK)\b|^(?:<{7}|>{7}) ", re.MULTILINE)
_PIP_LOCATION = re.compile(r"^\s*--?(?:index-url|extra-index-url|find-links|i|f)\b", re.MULTILINE)


def _texts(root: Path, files: list[Path]) -> dict[Path, str]:
    texts = {}
    for path in files:
        content = (root / path).read_bytes()
        if b"\0" not in content:
            texts[path] = content.decode("utf-8", errors="replace")
    return texts


@pytest.fixture(scope="module")
def texts(root: Path, project_files: list[Path]) -> dict[Path, str]:
    """Every text file of the repository."""
    return _texts(root, project_files)


def _found(pattern: re.Pattern[str], texts: dict[Path, str]) -> dict[str, list[str]]:
    hits = {}
    for path, text in texts.items():
        lines = [match.group() for match in pattern.finditer(text)]
        if lines:
            hits[str(path)] = sorted(set(lines))
    return hits


def test_no_file_names_a_registry_host(texts: dict[Path, str]) -> None:
    """Where packages come from is the machine's affair; a lock says which, not where from."""
    assert _found(_HOST, texts) == {}


def test_no_file_names_a_place_on_a_machine(texts: dict[Path, str]) -> None:
    """No absolute path of a developer's or CI's machine; examples live under /home/ada or /tmp."""
    assert _found(_MACHINE_PATH, texts) == {}


def test_no_leftovers(texts: dict[Path, str]) -> None:
    """Unfinished work is an issue, not a mark in the source; a merge is finished."""
    assert _found(_LEFTOVER, texts) == {}


def test_locks_do_not_say_where_from(texts: dict[Path, str]) -> None:
    """No lock names an index or a folder of files."""
    locks = {path: text for path, text in texts.items() if path.suffix == ".lock"}

    assert len(locks) == 3
    assert _found(_PIP_LOCATION, locks) == {}


def test_nothing_that_is_made_is_committed(project_files: list[Path]) -> None:
    """No database, key, environment, cache or build result is in the repository."""
    made = {".db", ".pyc", ".key", ".sqlite", ".log", ".whl", ".egg-info"}

    assert [path for path in project_files if path.suffix in made or ".venv" in path.parts] == []


def test_the_patterns_find_what_they_look_for() -> None:
    """The searches above are not blind."""
    registry, place = ".".join(_HOSTS[0]), "/".join(["", "ro" + "ot", ".cache"])

    assert _HOST.search(f"https://{registry}/simple")
    assert _MACHINE_PATH.search(f"cp {place} .")
    assert not _MACHINE_PATH.search("GET /api/work/list and docs/root/index")
