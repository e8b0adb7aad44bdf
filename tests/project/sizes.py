"""List the longest modules, functions and classes: where to ask why, not what to forbid.

    python tests/project/sizes.py

Aims: a module of 100 to 300 lines (ask at 500), a function of 5 to 25 (ask at 60), a class of up to
15 public methods.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / "src"
ASK_MODULE_LINES = 500
ASK_FUNCTION_LINES = 60
ASK_PUBLIC_METHODS = 15

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Size(NamedTuple):
    """One thing and how large it is."""

    amount: int
    place: str


def module_sizes(trees: dict[str, ast.Module]) -> list[Size]:
    """Return the lines of each module, longest first."""
    return sorted((Size(_last_line(t), name) for name, t in trees.items()), reverse=True)


def function_sizes(trees: dict[str, ast.Module]) -> list[Size]:
    """Return the lines of each function without its docstring, longest first."""
    sizes = [
        Size(_body_lines(node), f"{name}:{node.lineno} {node.name}")
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]
    return sorted(sizes, reverse=True)


def class_sizes(trees: dict[str, ast.Module]) -> list[Size]:
    """Return the public methods of each class, most first."""
    sizes = [
        Size(sum(1 for _ in _public_methods(node)), f"{name}:{node.lineno} {node.name}")
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    return sorted(sizes, reverse=True)


def _public_methods(node: ast.ClassDef) -> Iterator[Function]:
    for item in node.body:
        if isinstance(item, Function) and not item.name.startswith("_"):
            yield item


def _last_line(tree: ast.Module) -> int:
    return max((node.end_lineno or 0 for node in tree.body), default=0)


def _body_lines(node: Function) -> int:
    has_docstring = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if has_docstring else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def read_trees(source: Path) -> dict[str, ast.Module]:
    """Parse every module under `source`, by its path from there."""
    return {
        str(path.relative_to(source)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(source.rglob("*.py"))
    }


def _report(title: str, sizes: list[Size], *, ask_above: int) -> Iterator[str]:
    amounts = [size.amount for size in sizes] or [0]
    tenth = sorted(amounts)[int(len(amounts) * 0.9)] if len(amounts) > 1 else amounts[0]
    yield f"{title}: {len(sizes)}, median {statistics.median(amounts):g}, 90th percentile {tenth}"
    large = [size for size in sizes if size.amount > ask_above]
    yield from (f"  {size.amount:5}  {size.place}" for size in large)
    yield f"  {len(large)} above {ask_above}"


def main() -> None:
    """Print the report on the package."""
    trees = read_trees(SOURCE)
    lines = [
        *_report("Modules (lines)", module_sizes(trees), ask_above=ASK_MODULE_LINES),
        *_report("Functions (lines)", function_sizes(trees), ask_above=ASK_FUNCTION_LINES),
        *_report("Classes (public methods)", class_sizes(trees), ask_above=ASK_PUBLIC_METHODS),
    ]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
