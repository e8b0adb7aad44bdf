"""An export that lies elsewhere than in a file under a path: in a sealed temporary file, say."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, cast

__all__ = ["Origin", "Stored", "reader_of", "size_of"]


class Stored(Protocol):
    """Bytes that can be read from anywhere, any number of times at once."""

    @property
    def name(self) -> str:
        """What it is called in messages, and what its kind may be told from; no path."""

    @property
    def size(self) -> int:
        """Bytes."""

    def open(self) -> BinaryIO:
        """A reader of its own that can seek."""


Origin: TypeAlias = "Path | Stored"


def reader_of(origin: Origin) -> BinaryIO:
    """A reader of the bytes; the caller closes it. Raises OSError."""
    if isinstance(origin, Path):
        return cast("BinaryIO", origin.open("rb", buffering=0))
    return origin.open()


def size_of(origin: Origin) -> int:
    """Bytes of it. Raises OSError."""
    return origin.stat().st_size if isinstance(origin, Path) else origin.size
