"""docs/internals/security.md says what is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from holdfast.storage import protocol

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "internals" / "security.md").read_text(encoding="utf-8")
PROOFS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("path", "name"), PROOFS, ids=lambda value: value.rpartition("/")[2])
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    """A guarantee that names a test which was renamed or removed is no guarantee."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)

    assert name in {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def test_every_guarantee_names_a_test() -> None:
    """They are numbered without a gap, and each has a proof."""
    parts = re.split(r"^(\d+)\. ", _section("Guarantees"), flags=re.MULTILINE)[1:]
    numbers, texts = parts[::2], parts[1::2]

    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert [n for n, text in zip(numbers, texts, strict=True) if "`tests/" not in text] == []


@pytest.mark.parametrize(
    "kind",
    [
        protocol.VaultRow,
        protocol.SessionHead,
        protocol.SealedRow,
        protocol.Link,
        protocol.OnceTag,
        protocol.WrappedKey,
        protocol.Erasure,
        protocol.AuditEntry,
    ],
)
def test_every_plain_column_is_listed(kind: type) -> None:
    """Whoever adds a column that a query needs says on the page what it tells."""
    listed = set(re.findall(r"`(\w+)`", _section("What stays visible")))

    assert [name for name in kind.__struct_fields__ if name not in listed] == []  # type: ignore[attr-defined]  # a msgspec struct
