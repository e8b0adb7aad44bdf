"""A whole conversation at a glance: its shape in columns, and where words stand in it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterator, Sequence

from msgspec import Struct

from holdfast.clock import id_text
from holdfast.errors import BadInput
from holdfast.model import MessageId, SessionId
from holdfast.storage.protocol import Kind, RowSpan, SealedRow, State
from holdfast.vault.glance import Glance, glance_at
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Found", "Outline", "Spot", "find_in_session", "glances", "outline_of", "spots_in"]

_MAX_SPOTS = 5_000
_ALL = 1_000_000
_INLINE = 200
"""So few messages are opened on the event loop; a hop to a thread would cost more."""
_ROLES = {"user": "u", "assistant": "a", "tool": "t", "system": "s"}
_KINDS = {
    "text": "t",
    "tool_call": "c",
    "tool_result": "r",
    "audio": "a",
    "file": "f",
    "reasoning": "g",
    "error": "e",
}


class Outline(Struct, frozen=True, kw_only=True):
    """Columns over all messages of a session, one value a message, in order of `seq`."""

    ids: list[str]
    parents: list[int]
    """The place of the message that each one follows; -1 for none."""
    roles: str
    """One letter each: user, assistant, tool, system."""
    kinds: str
    """One letter each: text t, tool call c, tool result r, audio a, file f, reasoning g,
    error e."""
    turns: list[int]
    """The index of its turn."""
    sizes: list[int]
    """Characters of its text."""
    at: list[int]
    """Milliseconds since 1970."""
    forgotten: list[int]
    """Places of those that have no content any more."""


class Spot(Struct, frozen=True, kw_only=True):
    """Where words stand: code points of the message's text, end exclusive."""

    message_id: MessageId
    seq: int
    start: int
    end: int


class Found(Struct, frozen=True, kw_only=True, rename={"spots": "hits"}):
    """How often words occur in a session, and where: the first 5,000 places, in order."""

    count: int
    spots: list[Spot]


async def outline_of(vault: Vault, session_id: SessionId) -> Outline:
    """The shape of a session.

    Raises:
        NotFound: the session is not there.
        TamperedRecord, UnknownEnvelope: a message does not open; nothing is skipped.
    """
    scope = (await Reader(vault).head(session_id)).session_id
    ask = RowSpan(vault_id=vault.raw, kind=Kind.TURN, scope=scope, limit=_ALL)
    # Read after the messages: the turn of each of them is there then.
    rows, seen = await glances(vault, scope)
    turns = {row.id: row.ord for row in await vault.storage.rows(ask)}
    places = {row.id: place for place, row in enumerate(rows)}
    return Outline(
        ids=[_text(row.id) for row in rows],
        parents=[-1 if one.p is None else places.get(one.p, -1) for one in seen],
        roles="".join([_ROLES[one.r] for one in seen]),
        kinds="".join([_KINDS[one.k] for one in seen]),
        turns=[turns.get(row.parent or b"", -1) for row in rows],
        sizes=[len(one.t) for one in seen],
        at=[row.at_ms for row in rows],
        forgotten=[n for n, row in enumerate(rows) if row.state is State.FORGOTTEN],
    )


async def find_in_session(vault: Vault, session_id: SessionId, words: str) -> Found:
    """Every place where these characters stand in a session, whatever their case and accents.

    Raises:
        BadInput: there are no characters to look for.
        NotFound: the session is not there.
        TamperedRecord, UnknownEnvelope: a message does not open; nothing is skipped.
    """
    wanted = _folded(words)
    if not wanted.strip():
        raise BadInput("q", "it is empty: name at least one character")
    scope = (await Reader(vault).head(session_id)).session_id
    rows, seen = await glances(vault, scope)
    if len(rows) <= _INLINE:
        return _found(rows, seen, wanted)
    return await asyncio.to_thread(_found, rows, seen, wanted)


async def glances(
    vault: Vault, scope: bytes, *, first: int | None = None
) -> tuple[list[SealedRow], list[Glance]]:
    """All messages of a session from one seq on, forgotten ones among them, with what of each is
    sealed."""
    span = RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=scope, first=first, limit=_ALL)
    rows = await vault.storage.rows(span)
    if not rows:
        return [], []
    rows, keys = await vault.openable(rows, scope)
    place = vault.place(Kind.MESSAGE, scope)

    def opened() -> list[Glance]:
        return [glance_at(row, place, keys) for row in rows]

    return rows, opened() if len(rows) <= _INLINE else await asyncio.to_thread(opened)


def spots_in(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Where characters stand in a text, without overlap; `wanted` is folded already."""
    if text.isascii():
        yield from _places(text.lower(), wanted)
        return
    if wanted not in _folded(text):
        return
    folded: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        plain = _folded(character)
        folded.append(plain)
        origin.extend([place] * len(plain))
    for start, end in _places("".join(folded), wanted):
        last = origin[end - 1] + 1
        while last < len(text) and not _folded(text[last]):
            last += 1  # An accent that stands apart belongs to the letter before it.
        yield origin[start], last


def _found(rows: Sequence[SealedRow], seen: Sequence[Glance], wanted: str) -> Found:
    count, spots = 0, []
    for row, one in zip(rows, seen, strict=True):
        for start, end in spots_in(one.t, wanted):
            count += 1
            if count <= _MAX_SPOTS:
                name = MessageId(id_text(row.id))
                spots.append(Spot(message_id=name, seq=row.ord, start=start, end=end))
    return Found(count=count, spots=spots)


def _places(folded: str, wanted: str) -> Iterator[tuple[int, int]]:
    at = folded.find(wanted)
    while at >= 0:
        yield at, at + len(wanted)
        at = folded.find(wanted, at + len(wanted))


def _folded(text: str) -> str:
    """Without case, accents and compatibility forms; character by character the same."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join([c for c in parts if not unicodedata.combining(c)])


def _text(raw: bytes) -> str:
    """As `id_text`, for so many that they would push all others out of its cache."""
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
