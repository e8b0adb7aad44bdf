"""What an import came to, and how far it has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import HoldfastError

if TYPE_CHECKING:
    from holdfast.portability.conversations import Broken
    from holdfast.portability.whole import Lack

__all__ = ["ImportReport", "Progress", "in_thread", "is_of_the_store", "with_broken"]

_T = TypeVar("_T")


class Progress(Struct, frozen=True, kw_only=True):
    """How far an import has come."""

    bytes_read: int
    total_bytes: int
    conversations: int
    messages: int


class ImportReport(Struct, frozen=True, kw_only=True):
    """What came in. `broken` names each conversation that did not, with place and reason."""

    format: str
    conversations: int = 0
    """New ones."""
    grown: int = 0
    """Known ones that had new messages, and known memories that have come to their end."""
    unchanged: int = 0
    """Known ones, conversations and memories, with nothing new."""
    messages: int = 0
    memories: int = 0
    files: int = 0
    missing_files: int = 0
    """Named by messages that came in, and not in the export: known by their names alone."""
    lacks: tuple[Lack, ...] = ()
    """What files of this format cannot hold."""
    broken: tuple[Broken, ...] = ()


def is_of_the_store(error: HoldfastError) -> bool:
    """Whether an error is about where things are kept, and not about what was to be imported."""
    return error.code.startswith(("storage", "root", "vault", "key"))


def with_broken(report: ImportReport, place: str, error: HoldfastError) -> ImportReport:
    from holdfast.portability.conversations import Broken

    broken = Broken(place=place, reason=str(error), code=error.code)
    return replace(report, broken=(*report.broken, broken))


async def in_thread(items: Iterator[_T]) -> AsyncIterator[_T]:
    """Iterate something that reads files without holding up the event loop."""
    done = object()
    while True:
        item = await asyncio.to_thread(next, items, done)
        if item is done:
            return
        yield item  # type: ignore[misc]  # not the end mark
