"""Lists of sessions in another order than by their last message."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.errors import BadInput
from holdfast.keeper.listing import Page, SealedFilter
from holdfast.keeper.trash import trashed_sessions
from holdfast.model import Session
from holdfast.storage.protocol import HeadsQuery, SessionHead
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Sort", "sorted_page"]

Sort: TypeAlias = Literal["last", "started", "messages", "title"]

_T = TypeVar("_T")
_ALL = 1_000_000
_BATCH = 1000


async def sorted_page(
    vault: Vault,
    ask: HeadsQuery,
    sort: Sort,
    *,
    cursor: str | None,
    limit: int,
    wanted: SealedFilter,
    since_ms: int | None,
) -> Page:
    """At most `limit` sessions of those that `ask` names and `wanted` lets through: those begun
    last first, those with most messages first, or by title.

    All of them are looked at for each page. Titles are opened for it, and so are sessions when a
    filter is sealed; else only those of the page.

    Raises:
        BadInput: the cursor is none of ours.
    """
    heads = await vault.storage.heads(replace(ask, limit=_ALL))
    heads = [head for head in heads if since_ms is None or head.last_ms >= since_ms]
    if sort == "title" or not wanted.open:
        sessions = [session for session in await _opened(vault, heads) if wanted.passes(session)]
        sessions.sort(key=lambda session: _key(sort, session))
        shown, following = _cut(sessions, [id_bytes(s.id) for s in sessions], cursor, limit)
        return Page(sessions=shown, next_cursor=following)
    if wanted.trashed is not None:
        trash = {id_bytes(one) for one in await trashed_sessions(vault)}
        heads = [head for head in heads if (head.session_id in trash) == wanted.trashed]
    heads.sort(key=lambda head: _head_key(sort, head))
    chosen, following = _cut(heads, [head.session_id for head in heads], cursor, limit)
    return Page(sessions=await Reader(vault).join(chosen), next_cursor=following)


async def _opened(vault: Vault, heads: Sequence[SessionHead]) -> list[Session]:
    found: list[Session] = []
    for first in range(0, len(heads), _BATCH):
        found += await Reader(vault).join(list(heads[first : first + _BATCH]))
    return found


def _head_key(sort: Sort, head: SessionHead) -> tuple[int, int, bytes]:
    first = -head.started_ms if sort == "started" else -head.messages
    return first, -head.last_ms, head.session_id


def _key(sort: Sort, session: Session) -> tuple[str, float, float, str]:
    last = -session.last_at.timestamp()
    if sort == "title":
        plain = unicodedata.normalize("NFKD", session.title.casefold())
        named = "".join(c for c in plain if not unicodedata.combining(c))
        # Those without a title come last.
        return named or "\U0010ffff", 0, last, session.id
    number = session.started_at.timestamp() if sort == "started" else session.message_count
    return "", -number, last, session.id


def _cut(
    found: list[_T], ids: list[bytes], cursor: str | None, limit: int
) -> tuple[list[_T], str | None]:
    """The page behind a cursor: behind the session it names, or, when that is gone, from the place
    on where it stood. It holds no title: a cursor goes into addresses."""
    first = 0
    if cursor is not None:
        place, raw = _read(cursor)
        first = ids.index(raw) + 1 if raw in ids else place
    shown = found[first : first + limit]
    last = first + len(shown)
    return shown, f"s{last}.{ids[last - 1].hex()}" if last < len(found) and shown else None


def _read(cursor: str) -> tuple[int, bytes]:
    place, _, raw = cursor.removeprefix("s").partition(".")
    try:
        if not (cursor.startswith("s") and place.isascii() and place.isdigit()):
            raise ValueError
        return int(place), id_bytes(raw)
    except ValueError:
        raise BadInput("cursor", "it is not one that this listing returned") from None
