"""An export that lies elsewhere than in a file under a path: in a sealed temporary file, say."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, cast

__all__ = ["Origin", "Stored", "head_of", "reader_of", "size_of"]


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


def head_of(origin: Origin, count: int) -> bytes:
    """The first bytes; b"" of what is no regular file or cannot be read.

    A pipe is never opened: that would wait for somebody who writes into it.
    """
    try:
        if isinstance(origin, Path) and not origin.is_file():
            return b""
        with reader_of(origin) as file:
            return file.read(count)
    except OSError:
        return b""
