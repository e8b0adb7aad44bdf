"""Each promise of the design has a test that is named after it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROMISES = [
    "promise_01_heard_first",
    "promise_02_every_path",
    "promise_03_ended",
    "promise_04_once",
    "promise_05_in_order",
    "promise_06_sealed",
    "promise_07_yours_alone",
    "promise_08_bound",
    "promise_09_found",
    "promise_10_traced",
    "promise_11_gone",
    "promise_12_no_model_needed",
]


@pytest.fixture(scope="module")
def names_of_tests(root: Path) -> list[str]:
    """The names of all test functions and test classes."""
    names = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.append(node.name)
    return names


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_has_a_test_named_after_it(promise: str, names_of_tests: list[str]) -> None:
    """At least one test that fails when the promise is broken has the promise in its name."""
    assert [name for name in names_of_tests if promise in name]


def test_every_name_like_a_promise_is_one(names_of_tests: list[str]) -> None:
    """A test that claims a promise claims one that exists, by its right number and words."""
    claims = [name for name in names_of_tests if re.search(r"promise_\d", name)]

    assert [name for name in claims if not any(promise in name for promise in PROMISES)] == []


def test_the_promises_are_written_down_for_users(root: Path) -> None:
    """docs/explanation/promises.md has the twelve, numbered, under the same names."""
    page = (root / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (\d+)\. (.+)$", page, re.MULTILINE)

    written = [f"promise_{int(n):02}_{title.lower().replace(' ', '_')}" for n, title in titles]

    assert written == PROMISES
