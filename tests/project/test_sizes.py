"""The size report counts what it says it counts."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

_SOURCE = '''
class Vault:
    """Two public methods."""

    def open(self) -> int:
        """The docstring does not count.

        However long it is.
        """
        first = 1
        return first

    async def close(self) -> None:
        pass

    def _lock(self) -> None:
        pass
'''


def test_a_function_is_as_long_as_its_body(root: Path) -> None:
    """Docstrings are not counted: a contract is not complexity."""
    sizes = runpy.run_path(str(root / "tests" / "project" / "sizes.py"))
    trees = {"vault": ast.parse(_SOURCE)}

    longest, *_ = sizes["function_sizes"](trees)
    largest, *_ = sizes["class_sizes"](trees)

    assert tuple(longest) == (2, "vault:5 open")
    assert tuple(largest) == (2, "vault:2 Vault")
