"""Lists of sessions in another order than by their last message."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.errors import BadInput
from holdfast.keeper.listing import Page, SealedFilter
from holdfast.keeper.store import Store
from holdfast.keeper.trash import trashed_sessions
from holdfast.storage.protocol import HeadsQuery, SessionHead
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Sort", "sorted_page"]

Sort: TypeAlias = Literal["last", "started", "messages", "title"]

_ALL = 1_000_000


async def sorted_page(
    store: Store,
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

    All of them are looked at for each page; titles, and what else is sealed, as they are known of
    the vault. Only those of the page are opened.

    Raises:
        BadInput: the cursor is none of ours.
    """
    heads = await vault.storage.heads(replace(ask, limit=_ALL))
    heads = [head for head in heads if since_ms is None or head.last_ms >= since_ms]
    if sort == "title" or not wanted.open:
        known = {id_bytes(one.session.id): one for one in await store.known.sessions(vault)}
        passing = {raw: one for raw, one in known.items() if wanted.passes(one.session)}
        heads = [head for head in heads if head.session_id in passing]
        heads.sort(key=lambda head: _key(sort, head, passing[head.session_id].sorted_as))
    else:
        if wanted.trashed is not None:
            trash = {id_bytes(one) for one in await trashed_sessions(vault)}
            heads = [head for head in heads if (head.session_id in trash) == wanted.trashed]
        heads.sort(key=lambda head: _head_key(sort, head))
    shown, following = _cut(heads, cursor, limit)
    return Page(sessions=await Reader(vault).join(shown), next_cursor=following)


def _head_key(sort: Sort, head: SessionHead) -> tuple[int, int, bytes]:
    first = -head.started_ms if sort == "started" else -head.messages
    return first, -head.last_ms, head.session_id


def _key(sort: Sort, head: SessionHead, title: str) -> tuple[str, tuple[int, int, bytes]]:
    if sort != "title":
        return "", _head_key(sort, head)
    # Those without a title come last.
    return title or "\U0010ffff", (0, -head.last_ms, head.session_id)


def _cut(
    heads: list[SessionHead], cursor: str | None, limit: int
) -> tuple[list[SessionHead], str | None]:
    """The page behind a cursor: behind the session it names, or, when that is gone, from the place
    on where it stood. It holds no title: a cursor goes into addresses."""
    first = 0
    if cursor is not None:
        place, raw = _read(cursor)
        ids = [head.session_id for head in heads]
        first = ids.index(raw) + 1 if raw in ids else place
    shown = heads[first : first + limit]
    last = first + len(shown)
    more = bool(shown) and last < len(heads)
    return shown, f"s{last}.{shown[-1].session_id.hex()}" if more else None


def _read(cursor: str) -> tuple[int, bytes]:
    place, _, raw = cursor.removeprefix("s").partition(".")
    try:
        if not (cursor.startswith("s") and place.isascii() and place.isdigit()):
            raise ValueError
        return int(place), id_bytes(raw)
    except ValueError:
        raise BadInput("cursor", "it is not one that this listing returned") from None
