"""Reads the `.sql` files of this folder: named blocks, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

__all__ = ["load_queries", "read_sql", "statements"]

_NAME = "-- name: "


def read_sql(name: str) -> str:
    """The text of a file of this folder, such as "schema.sql" or "deltas/0001_initial.sql"."""
    return files(__package__).joinpath(name).read_text("utf-8")


def load_queries(file: str) -> Mapping[str, str]:
    """The named blocks of a file: a line `-- name: x`, comments, one statement.

    Comments are dropped, so that the statement cache hashes and compares the statement alone.
    """
    blocks: dict[str, list[str]] = {}
    for line in read_sql(file).splitlines():
        if line.startswith(_NAME):
            blocks[line.removeprefix(_NAME).strip()] = []
        elif blocks and line and not line.startswith("--"):
            blocks[next(reversed(blocks))].append(line)
    return {name: "\n".join(lines).rstrip(";") for name, lines in blocks.items()}


def statements(script: str) -> Iterator[str]:
    """The statements of a schema or delta, one by one, comments between them dropped.

    A statement ends with a semicolon at the end of a line; our files hold no triggers.
    """
    lines: list[str] = []
    for line in script.splitlines():
        if not line.strip() or line.lstrip().startswith("--"):
            continue
        lines.append(line)
        if line.endswith(";"):
            yield "\n".join(lines).rstrip(";")
            lines = []
