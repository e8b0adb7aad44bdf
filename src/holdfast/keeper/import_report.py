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

__all__ = ["ImportReport", "Progress", "in_thread", "with_broken"]

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
    broken: tuple[Broken, ...] = ()


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
