"""The thought log: what an assistant noted, with the turn and the memory it led to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from holdfast.capture.checks import checked_name, checked_text
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Gate, own
from holdfast.keeper.client_keys import client_key_tag, made_once
from holdfast.keeper.linking import known_forms
from holdfast.keeper.listing import Place, checked_limit, cut, read_cursor
from holdfast.keeper.remembered import seal_thought, thought_links, to_thought
from holdfast.keeper.store import Store
from holdfast.keeper.trash import trashed_sessions
from holdfast.model import MemoryId, Message, SessionId, Thought, ThoughtId, TurnId
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    Kind,
    LinksQuery,
    RowSpan,
    SealedRow,
)
from holdfast.vault.codec import ThoughtBody
from holdfast.vault.vault import Vault

__all__ = ["ThoughtPage", "Thoughts"]

_Found: TypeAlias = list[Thought]  # inside the class `list` is a method
_ALL = 1_000_000


class ThoughtPage(Struct, frozen=True, kw_only=True):
    """Thoughts, newest first; `next_cursor` asks for the following ones, None at the end."""

    thoughts: list[Thought]
    next_cursor: str | None = None


class Thoughts:
    """The thought log of one vault. `gate` is asked before each call."""

    def __init__(self, store: Store, vault: Vault, *, gate: Gate = own) -> None:
        self._gate = gate
        self._store = store
        self._vault = vault

    async def list(
        self,
        *,
        assistant: str | None = None,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> _Found:
        """Thoughts, newest first; [] when there are none.

        Args:
            turn_id, memory_id: those that came up in the turn, or led to the memory.
            since, until: noted at or after the one, and before the other.
        """
        await self._gate("read")
        rows = await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.THOUGHT, scope=NO_SCOPE, limit=_ALL)
        )
        bodies = await self._vault.open_records(rows, ThoughtBody)
        found = [
            to_thought(row, body)
            for row, body in zip(rows, bodies, strict=True)
            if (assistant is None or body.assistant == assistant)
            and (session_id is None or body.session_id == session_id)
            and (turn_id is None or body.turn_id == turn_id)
            and (memory_id is None or body.linked_memory == memory_id)
            and (kind is None or body.kind == kind)
            and (since is None or body.at >= since)
            and (until is None or body.at < until)
        ]
        hidden = await trashed_sessions(self._vault)
        found = [thought for thought in found if thought.session_id not in hidden]
        found.sort(key=_place, reverse=True)
        return found if limit is None else found[:limit]

    async def page(
        self,
        *,
        assistant: str | None = None,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ThoughtPage:
        """As `list`, page by page.

        Raises:
            BadInput: the cursor is none of ours, or the limit is not 1 to 1000.
        """
        checked_limit(limit)
        before = None if cursor is None else read_cursor(cursor)
        found = await self.list(
            assistant=assistant,
            session_id=session_id,
            turn_id=turn_id,
            memory_id=memory_id,
            kind=kind,
            since=since,
            until=until,
        )
        shown, next_cursor = cut(found, _place, before=before, limit=limit)
        return ThoughtPage(thoughts=shown, next_cursor=next_cursor)

    async def get(self, thought_id: str) -> Thought:
        """One thought.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        await self._gate("read")
        row = await self._row(thought_id, Kind.THOUGHT)
        assert row is not None  # an id was given
        return (await self._open([row]))[0]

    async def log(
        self,
        assistant: str,
        text: str,
        *,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str = "note",
        client_key: str | None = None,
    ) -> Thought:
        """`add`, with whose thought it is in front."""
        return await self.add(
            text,
            assistant=assistant,
            session_id=session_id,
            turn_id=turn_id,
            memory_id=memory_id,
            kind=kind,
            client_key=client_key,
        )

    async def add(
        self,
        text: str,
        *,
        assistant: str,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str = "note",
        client_key: str | None = None,
    ) -> Thought:
        """Note a thought of an assistant; durable on return.

        Args:
            session_id: the session it belongs to, when there is no turn; it goes with it.
            turn_id: the turn it came up in; when that goes, the thought goes.
            memory_id: the memory it led to; when that goes, the thought stays without it.
            kind: note, reasoning, or any other word.
            client_key: the caller's own key of this call: however often it is retried, one thought
                is noted. It stands for the thought: with another one it is refused.

        Raises:
            BadInput, TooLarge: it cannot be kept.
            NotFound: the session, the turn or the memory is not there, the turn is of another
                session, or what the key made was forgotten.
        """
        await self._gate("write")
        vault, limits = self._vault, self._store.limits
        session = await self._row(session_id, Kind.SESSION)
        turn = await self._row(turn_id, Kind.TURN)
        if session is not None and turn is not None and turn.scope != session.id:
            raise NotFound("turn")
        place = session.id if turn is None and session is not None else turn and turn.scope
        memory = await self._row(memory_id, Kind.MEMORY)
        made = Thought(
            id=ThoughtId(self._store.ids()),
            assistant=checked_name("assistant", assistant, limits),
            text=checked_text("thought", text, limits, required=True),
            at=self._store.clock(),
            session_id=None if place is None else SessionId(id_text(place)),
            turn_id=None if turn is None else TurnId(id_text(turn.id)),
            linked_memory=None if memory is None else MemoryId(id_text(memory.id)),
            kind=checked_name("kind", kind, limits),
        )
        once = client_key_tag(vault, limits, "thought", client_key)
        return await self._made(made, once)

    async def _made(self, made: Thought, once: bytes | None) -> Thought:
        async def known(raw: bytes) -> Thought:
            row = await self._row(id_text(raw), Kind.THOUGHT)
            assert row is not None  # an id was given
            (found,) = await self._open([row])
            if (found.text, found.assistant) != (made.text, made.assistant):
                raise BadInput("client key", "it was used for another thought: take a new one")
            return found

        row = await seal_thought(self._vault, made)
        return await made_once(self._vault, made, row, thought_links(made), once=once, known=known)

    async def repeat(self, assistant: str, message: Message) -> Thought:
        """Note a message as a thought, once: a model's reasoning. It goes with the message.

        Raises:
            NotFound: the message is not there, or the thought was removed before.
        """
        await self._gate("write")
        vault = self._vault
        made = Thought(
            id=ThoughtId(self._store.ids()),
            assistant=checked_name("assistant", assistant, self._store.limits),
            text=message.text,
            at=message.at,
            session_id=message.session_id,
            turn_id=message.turn_id,
            kind=message.kind,
            message_id=message.id,
        )
        once = vault.keyring.tag(vault.raw, "repeated", message.id)
        try:
            return await self._made(made, once)
        except Conflict:
            raise NotFound("message") from None

    async def of_memory(self, memory_id: str) -> _Found:
        """The thoughts that led to a memory, oldest first; [] for one that is not there."""
        return await self._linked("led_to", [memory_id])

    async def of_turn(self, turn_id: str) -> _Found:
        """The thoughts that came up in a turn, oldest first; [] for one that is not there."""
        return await self._linked("in_turn", [turn_id])

    async def of_turns(self, turn_ids: Iterable[str]) -> dict[str, _Found]:
        """The thoughts of each turn, oldest first; turns that have none are absent."""
        found: dict[str, _Found] = {}
        for thought in await self._linked("in_turn", turn_ids):
            if thought.turn_id is not None:
                found.setdefault(thought.turn_id, []).append(thought)
        return found

    async def _linked(self, kind: str, to: Iterable[str]) -> _Found:
        await self._gate("read")
        ends = tuple(sorted(set(known_forms(to))))
        if not ends:
            return []
        vault = self._vault
        links = await vault.storage.links(LinksQuery(vault_id=vault.raw, to_ids=ends, kind=kind))
        ids = tuple(sorted({link.from_id for link in links}))
        rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=ids))
        found = await self._open([row for row in rows if row.kind is Kind.THOUGHT])
        return sorted(found, key=_place)

    async def _open(self, rows: Sequence[SealedRow]) -> _Found:
        bodies = await self._vault.open_records([*rows], ThoughtBody)
        return [to_thought(row, body) for row, body in zip(rows, bodies, strict=True)]

    async def _row(self, record_id: str | None, kind: Kind) -> SealedRow | None:
        """The row of this id; None for None.

        Raises:
            NotFound: there is none of that kind in this vault.
        """
        if record_id is None:
            return None
        try:
            ask = ByIds(vault_id=self._vault.raw, ids=(id_bytes(record_id),))
        except ValueError:
            raise NotFound(kind.name.lower()) from None
        rows = await self._vault.storage.rows_by_id(ask)
        if not rows or rows[0].kind is not kind:
            raise NotFound(kind.name.lower())
        return rows[0]


def _place(thought: Thought) -> Place:
    return to_ms(thought.at), id_bytes(thought.id)
