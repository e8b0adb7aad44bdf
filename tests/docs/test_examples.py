"""Examples in the pages run as they stand."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^(?P<skip><!-- not run: .+ -->\n)?```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


def _pages() -> list[Path]:
    return sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def _blocks(page: Path) -> list[tuple[int, str]]:
    """The line and the code of each example that is to run."""
    text = page.read_text(encoding="utf-8")
    found = [m for m in _BLOCK.finditer(text) if not m["skip"]]
    return [(text.count("\n", 0, m.start("code")), m["code"]) for m in found]


def _compiled(page: Path, line: int, code: str) -> CodeType:
    tree = ast.increment_lineno(ast.parse(code), line)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled: CodeType = compile(tree, str(page), "exec", flags=flags)
    return compiled


@pytest.mark.parametrize(
    "page",
    [page for page in _pages() if _blocks(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
async def test_the_examples_of_a_page_run_from_top_to_bottom(page: Path, nowhere: Path) -> None:
    """Each page begins with an empty folder and no settings; its examples build on each other."""
    names: dict[str, object] = {"__name__": "example"}
    (nowhere / "data").mkdir()

    for line, code in _blocks(page):
        result = eval(_compiled(page, line, code), names)
        if inspect.iscoroutine(result):
            await result


def test_the_readme_has_an_example_that_runs() -> None:
    """The first page shows a short example, and it is among those that run."""
    lengths = [len(code.strip().splitlines()) for _, code in _blocks(ROOT / "README.md")]

    assert lengths
    assert min(lengths) <= 20
