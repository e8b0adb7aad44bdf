"""Each failure has one stable code, one class and one place in the reference."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast import errors
from holdfast.errors import HoldfastError


def _classes() -> list[type[HoldfastError]]:
    found = [getattr(errors, name) for name in errors.__all__]
    return [cls for cls in found if isinstance(cls, type) and issubclass(cls, HoldfastError)]


@pytest.fixture(scope="module")
def generator(root: Path) -> dict[str, Any]:
    """The names of the script that writes the generated pages."""
    return runpy.run_path(str(root / "docs" / "_generate.py"))


def test_every_error_class_has_a_code_of_its_own() -> None:
    """Each class defines `code` itself, in snake case, and no two share one."""
    codes = [vars(cls).get("code", "") for cls in _classes()]

    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
    assert [code for code, times in Counter(codes).items() if times > 1] == []


def test_every_error_is_a_public_class_of_the_errors_module(
    module_trees: dict[str, object],
) -> None:
    """No other module defines an error class for callers: one file, one tree."""
    elsewhere = [
        f"{cls.__module__}.{cls.__name__}"
        for cls in _all_kinds(HoldfastError)
        if cls.__module__.startswith("holdfast") and cls.__module__ != errors.__name__
    ]

    assert elsewhere == []
    assert len(module_trees) > 1


def _all_kinds(cls: type[HoldfastError]) -> list[type[HoldfastError]]:
    return [kind for sub in cls.__subclasses__() for kind in [sub, *_all_kinds(sub)]]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """The drawing at the top of errors.py names each class with its code."""
    drawn = dict(re.findall(r"[├└]── (\w+) +(\w+)", errors.__doc__ or ""))

    assert drawn == {cls.__name__: cls.code for cls in _classes() if cls is not HoldfastError}


def test_every_code_is_documented(root: Path) -> None:
    """docs/reference/errors.md has a section for each code."""
    page = (root / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## (\w+)$", page, re.MULTILINE))

    assert sections == {cls.code for cls in _classes()}


def test_generated_pages_are_current(generator: dict[str, Any]) -> None:
    """What docs/_generate.py would write is what is there; if not, run 'make docs'."""
    stale_pages: Callable[[], list[Path]] = generator["stale_pages"]

    assert stale_pages() == []
