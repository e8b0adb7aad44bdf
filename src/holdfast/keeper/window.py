"""What a member of a room may read of it: everything, or what was said since they joined.

A room says once, when it is made, from where its history is shown to those who join. Of whoever
joined later it is noted at which message that was: what stands before it is not there for them, in
no list, no search and no context, nor is a memory that rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import NotAllowed, NotFound
from holdfast.keeper.access import Gate
from holdfast.keeper.contexts import Context, build_context, estimated_tokens, fence_of
from holdfast.keeper.outline import Found, Outline
from holdfast.keeper.recalling import Hit
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.store import Store
from holdfast.model import Memory, Message, Session, SessionId, Turn
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Window", "WindowedSession", "hits_in", "memories_in"]

_OF_ITSELF = frozenset({"same words", "similar meaning", "who spoke", "said then"})
"""Reasons that are of what was found alone."""


class Window(Struct, frozen=True, kw_only=True):
    """From where on a member reads a room's conversation."""

    first_seq: int
    since: datetime

    def shows(self, message: Message) -> bool:
        """Whether a message stands in it."""
        return message.seq >= self.first_seq


class WindowedSession(OpenSession):
    """A room's conversation as somebody sees it who joined later: it begins there."""

    def __init__(
        self, store: Store, vault: Vault, session_id: SessionId, *, gate: Gate, window: Window
    ) -> None:
        super().__init__(store, vault, session_id, gate=gate)
        self.window = window

    async def info(self) -> Session:
        """As of every session, without the first words: they may be from before."""
        return replace(await super().info(), preview="")

    async def messages(
        self,
        *,
        last: int | None = None,
        after_seq: int | None = None,
        limit: int = 1000,
        forgotten: bool = False,
    ) -> list[Message]:
        """As of every session, from where the window begins."""
        if last is None:
            seq = self.window.first_seq - 1
            after_seq = seq if after_seq is None else max(after_seq, seq)
        found = await super().messages(
            last=last, after_seq=after_seq, limit=limit, forgotten=forgotten
        )
        return [message for message in found if self.window.shows(message)]

    async def message(self, message_id: str) -> Message:
        """One message; NotFound when it stands before the window."""
        found = await super().message(message_id)
        if not self.window.shows(found):
            raise NotFound("message")
        return found

    async def branch(self, leaf: str | None = None) -> list[Message]:
        """The part of the branch that stands in the window."""
        if leaf is not None:
            await self.message(leaf)
        return [message for message in await super().branch(leaf) if self.window.shows(message)]

    async def turns(
        self, *, last: int | None = None, first: int = 0, limit: int = 1000
    ) -> list[Turn]:
        """Those that began since the member joined; a page may be short although more follow."""
        found = await super().turns(last=last, first=first, limit=limit)
        return [turn for turn in found if turn.started_at >= self.window.since]

    async def turns_by_id(self, turn_ids: Iterable[str]) -> list[Turn]:
        """Those of them that began since the member joined."""
        found = await super().turns_by_id(turn_ids)
        return [turn for turn in found if turn.started_at >= self.window.since]

    async def outline(self) -> Outline:
        """There is none of a part.

        Raises:
            NotAllowed: always.
        """
        await self.gate("read")
        raise NotAllowed("read")

    async def find(self, words: str) -> Found:
        """Every place in the window where these characters stand, of the first that are told."""
        found = await super().find(words)
        spots = [spot for spot in found.spots if spot.seq >= self.window.first_seq]
        return replace(found, count=len(spots), spots=spots)

    async def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recent: int = 20,
        recalled: int = 12,
        count: Callable[[str], int] = estimated_tokens,
    ) -> Context:
        """The latest messages of the window; what was recalled is asked of the room."""
        return build_context(
            await self.messages(last=recent),
            (),
            budget_tokens=budget_tokens,
            count=count,
            fence=fence_of(self.vault, self.id),
        )


async def memories_in(
    vault: Vault, window: Window | None, memories: Sequence[Memory]
) -> list[Memory]:
    """Those memories that rest on nothing from before the window; all of them without one.

    One that names no source counts by when it was made.
    """
    if window is None:
        return list(memories)
    ids = {source.message_id for memory in memories for source in memory.sources}
    shown = {m.id for m in await Reader(vault).messages_by_id(ids) if window.shows(m)}
    return [
        memory
        for memory in memories
        if (memory.sources and all(source.message_id in shown for source in memory.sources))
        or (not memory.sources and memory.created_at >= window.since)
    ]


async def hits_in(vault: Vault, window: Window, hits: Sequence[Hit]) -> list[Hit]:
    """Those hits, and of their neighbours and reasons those, that stand in the window.

    Scores are what ranks alone would give: what is said around a message, and in all of the
    session, is part of a score, and would tell who guesses a hidden word that it is there.
    """
    memories = [hit.memory for hit in hits if hit.memory is not None]
    shown = {memory.id for memory in await memories_in(vault, window, memories)}
    return [
        replace(
            hit,
            before=tuple(message for message in hit.before if window.shows(message)),
            after=tuple(message for message in hit.after if window.shows(message)),
            reasons=tuple(reason for reason in hit.reasons if reason.name in _OF_ITSELF),
            score=1 / (1 + place),
        )
        for place, hit in enumerate(hits)
        if (hit.message is not None and window.shows(hit.message))
        or (hit.memory is not None and hit.memory.id in shown)
    ]
