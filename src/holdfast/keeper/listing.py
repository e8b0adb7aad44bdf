"""Lists in pages: where one ends, the next begins, whatever was written in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, to_ms
from holdfast.errors import BadInput
from holdfast.model import Session
from holdfast.storage.protocol import HeadsQuery
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = [
    "MAX_PAGE",
    "Page",
    "Place",
    "SealedFilter",
    "checked_limit",
    "cursor_at",
    "cut",
    "page_of_sessions",
    "read_cursor",
]

_T = TypeVar("_T")
Place: TypeAlias = tuple[int, bytes]
"""Where a record stands in a list by time: milliseconds, and its raw id among equals."""

MAX_PAGE = 1000
_BATCH = 500
_MOST_LOOKED_AT = 2000
"""Sessions that one page opens in search of those that a sealed filter lets through."""


class Page(Struct, frozen=True, kw_only=True):
    """Sessions, newest first; `next_cursor` asks for the following ones, None at the end.

    With a filter on what is sealed a page may be short, or empty, and still have a cursor.
    """

    sessions: list[Session]
    next_cursor: str | None = None


class SealedFilter(Struct, frozen=True, kw_only=True):
    """Conditions on what only an opened session tells; None lets everything through."""

    platform: str | None = None
    tag: str | None = None
    pinned: bool | None = None
    title: str | None = None
    trashed: bool | None = False
    """Only those in the trash, or those that are not."""

    @property
    def open(self) -> bool:
        """Whether it lets everything through, but for the few that are in the trash or not."""
        return replace(self, trashed=False) == SealedFilter()

    def passes(self, session: Session) -> bool:
        """Whether the session is one of those asked for."""
        return (
            (self.platform is None or session.platform == self.platform)
            and (self.tag is None or self.tag in session.tags)
            and (self.pinned is None or session.pinned == self.pinned)
            and (self.trashed is None or (session.trashed_at is not None) == self.trashed)
            and (self.title is None or self.title.casefold() in session.title.casefold())
        )


def checked_limit(limit: int) -> int:
    """The limit unchanged.

    Raises:
        BadInput: it is not 1 to 1000.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise BadInput("limit", f"it lies between 1 and {MAX_PAGE}")
    return limit


def cursor_at(at: datetime, record_id: str) -> str:
    """The place behind a record in a list by time, newest first."""
    return f"{to_ms(at)}.{id_bytes(record_id).hex()}"


def read_cursor(cursor: str) -> Place:
    """The place that a cursor stands behind.

    Raises:
        BadInput: it is none of ours.
    """
    try:
        ms, record_id = cursor.split(".")
        # What a database's integer holds: nothing else ever stood in a cursor of ours.
        (int(ms)).to_bytes(8, "big", signed=True)
        return int(ms), id_bytes(record_id)
    except (ValueError, OverflowError, AttributeError, TypeError):
        raise BadInput("cursor", "it is not one that a listing returned") from None


def cut(
    found: Sequence[_T], place: Callable[[_T], Place], *, before: Place | None, limit: int
) -> tuple[list[_T], str | None]:
    """The page behind a place of a list that is there as a whole, newest first, and the cursor of
    the next one, None at the end."""
    left = [one for one in found if before is None or place(one) < before]
    if len(left) <= limit:
        return left, None
    ms, raw = place(left[limit - 1])
    return left[:limit], f"{ms}.{raw.hex()}"


async def page_of_sessions(
    vault: Vault,
    ask: HeadsQuery,
    *,
    limit: int,
    wanted: SealedFilter,
    since_ms: int | None,
    hidden: Set[bytes] = frozenset(),
) -> Page:
    """At most `limit` sessions of those that `ask` names and `wanted` lets through.

    Args:
        hidden: sessions that `wanted` would not let through: they need not be opened to know it.
    """
    reader = Reader(vault)
    batch = limit + 1 + min(len(hidden), _BATCH) if wanted.open else _BATCH
    found: list[Session] = []
    looked_at = 0
    while True:
        heads = await vault.storage.heads(replace(ask, limit=batch))
        recent = [head for head in heads if since_ms is None or head.last_ms >= since_ms]
        shown = [head for head in recent if head.session_id not in hidden]
        found += _passing(await reader.join(shown), wanted.passes)
        if len(found) > limit:
            last = found[limit - 1]
            return Page(sessions=found[:limit], next_cursor=cursor_at(last.last_at, last.id))
        if len(recent) < batch:
            return Page(sessions=found)
        looked_at += len(recent)
        place = recent[-1].last_ms, recent[-1].session_id
        if looked_at >= _MOST_LOOKED_AT:
            return Page(sessions=found, next_cursor=f"{place[0]}.{place[1].hex()}")
        ask = replace(ask, before=place)


def _passing(sessions: list[Session], passes: Callable[[Session], bool]) -> list[Session]:
    return [session for session in sessions if passes(session)]
