"""`__all__` says what a module offers, no more and no less."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

# A module without a word in `__all__` that starts a program or is only a marker.
_NOT_A_MODULE = {"holdfast.__main__"}


def _declared(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in _targets(node):
            assert node.value is not None
            return list(ast.literal_eval(node.value))
    return None


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _defined(tree: ast.Module, *, package: bool) -> Iterator[str]:
    """Yield the public names a module defines; for a package also those it takes from below."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _is_type_variable(node):
            yield from _targets(node)
        elif package and isinstance(node, ast.ImportFrom) and _is_ours(node):
            yield from (alias.asname or alias.name for alias in node.names)


def _is_type_variable(node: ast.Assign | ast.AnnAssign) -> bool:
    value = node.value
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in {"TypeVar", "ParamSpec"}
    )


def _is_ours(node: ast.ImportFrom) -> bool:
    return node.level > 0 or (node.module or "").split(".")[0] == "holdfast"


def _public(names: Iterator[str]) -> set[str]:
    return {name for name in names if not name.startswith("_") and name != "logger"}


def _exports(trees: dict[str, ast.Module], root: Path) -> Iterator[tuple[str, ast.Module, bool]]:
    for name, tree in trees.items():
        if name not in _NOT_A_MODULE:
            yield name, tree, (root / "src" / Path(*name.split(".")) / "__init__.py").exists()


def test_all_lists_every_public_name(module_trees: dict[str, ast.Module], root: Path) -> None:
    """A public name that a module defines stands in its `__all__`; a private name starts with _."""
    missing = {}
    for name, tree, package in _exports(module_trees, root):
        unlisted = _public(_defined(tree, package=package)) - set(_declared(tree) or [])
        if unlisted:
            missing[name] = sorted(unlisted)

    assert missing == {}


def test_all_lists_nothing_that_is_not_there(module_trees: dict[str, ast.Module]) -> None:
    """Each name in `__all__` can be had from the imported module, lazy ones included."""
    absent = {}
    for name, tree in module_trees.items():
        listed = _declared(tree) or []
        if listed:
            module = importlib.import_module(name)
            gone = [item for item in listed if not hasattr(module, item)]
            absent.update({name: gone} if gone else {})

    assert absent == {}


def test_all_lists_a_name_once(module_trees: dict[str, ast.Module]) -> None:
    """No name stands twice in an `__all__`; its order is the linter's concern (RUF022)."""
    twice = {
        name: listed
        for name, tree in module_trees.items()
        if len(listed := _declared(tree) or []) != len(set(listed))
    }

    assert twice == {}


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "misc", "base"])
def test_modules_are_named_after_the_domain(word: str, module_trees: dict[str, ast.Module]) -> None:
    """No module has a name under which anything could be put."""
    assert [name for name in module_trees if word in name.split(".")] == []
