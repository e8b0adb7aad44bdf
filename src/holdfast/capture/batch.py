"""One attempt at placing entries after a known head: everything gets its seq, parent and seal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.capture.entries import Draft, DraftBody, Entry, TurnChange, titled
from holdfast.clock import id_bytes, to_ms
from holdfast.model import Message, MessageId, Turn
from holdfast.storage.protocol import HeadMove, Kind, SealedRow, SessionHead
from holdfast.vault.chain import extend_chain
from holdfast.vault.codec import (
    SessionBody,
    seal_body,
    seal_forgotten,
    seal_message,
    seal_turn,
)
from holdfast.vault.keyring import KeySet
from holdfast.vault.reader import FILE_CHUNK_BITS

if TYPE_CHECKING:
    from holdfast.capture.log import SessionLog

__all__ = ["Batch"]

_CHUNK_BYTES = 256 * 1024


class Batch:
    """One attempt at placing entries after a known head: pure, so that a retry starts clean."""

    def __init__(
        self,
        log: SessionLog,
        head: SessionHead,
        keys: KeySet,
        leaf: MessageId | None,
        body: SessionBody | None,
    ) -> None:
        self._log = log
        self._before = head
        self._keys = keys
        self.head = head
        self.leaf = leaf
        self.body = body
        self.rows: list[SealedRow] = []
        self.messages: list[Message] = []
        self.turns: list[Turn] = []
        self.versions: dict[bytes, int] = {}
        self.ended: list[bytes] = []

    def add(
        self, entries: Sequence[Entry], turns: Sequence[TurnChange], drafts: Sequence[Draft]
    ) -> None:
        """Give everything its place and seal it."""
        began = self._add_turns(turns)
        self._add_drafts(drafts)
        links = [self._add_message(entry) for entry in entries]
        head, key = self._before, self._keys.current
        said = [to_ms(message.at) for message in self.messages]
        if said and head.next_seq == 0:
            # A conversation is as old as what is said in it, also when that is recorded afterwards.
            head = replace(head, started_ms=min(head.started_ms, *said), last_ms=min(said))
        self.head = replace(
            head,
            next_seq=head.next_seq + len(links),
            messages=head.messages + sum(not m.forgotten for m in self.messages),
            turns=head.turns + began,
            last_ms=max([head.last_ms, *said]),
            chain=extend_chain(key.chain_key, head.chain, links) if links else head.chain,
        )
        self._name_session()

    def move(self) -> HeadMove:
        """The compare-and-set that goes with it, also when the head stays where it is."""
        return HeadMove(
            expected_next_seq=self._before.next_seq,
            expected_turns=self._before.turns,
            expected_chain=self._before.chain,
            # A forgotten message or a change of the session moves none of the above, but what it
            # changed in the head would be written over.
            expected_rev=self._before.rev,
            head=self.head,
        )

    def _add_turns(self, changes: Sequence[TurnChange]) -> int:
        place = self._log.vault.place(Kind.TURN, self._log.raw)
        began = 0
        for change in changes:
            turn = change.turn
            if change.begins:
                turn = replace(turn, index=self._before.turns + began)
                began += 1
            is_open = turn.status == "open"
            version = self._log.next_version(id_bytes(turn.id))
            owner = self._log.writer if is_open else None
            row = seal_turn(turn, self._keys.current, place, version=version, owner=owner)
            self.turns.append(turn)
            self.rows.append(row)
            self.versions[row.id] = version
            if not is_open:
                self.ended.append(row.id)
        return began

    def _add_drafts(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            version = self.versions[draft.id] = self._log.next_version(draft.id)
            self.rows.append(
                seal_body(
                    DraftBody(draft.message),
                    self._keys.current,
                    self._log.vault.place(Kind.DRAFT, self._log.raw),
                    kind=Kind.DRAFT,
                    scope=self._log.raw,
                    record_id=draft.id,
                    at_ms=to_ms(draft.message.at),
                    version=version,
                    parent=id_bytes(draft.message.turn_id),
                )
            )

    def _add_message(self, entry: Entry) -> tuple[int, bytes]:
        seq = self._before.next_seq + len(self.messages)
        parent = entry.message.parent_id
        if parent is None and entry.follows_leaf:
            parent = self.leaf
        message = replace(entry.message, seq=seq, parent_id=parent)
        place = self._log.vault.place(Kind.MESSAGE, self._log.raw)
        row = seal_message(message, self._keys.current, place)
        if message.forgotten:
            row = seal_forgotten(row, parent, self._keys.current, place, source=message.source)
        self.rows.append(row)
        self.messages.append(message)
        self.leaf = message.id
        if entry.content is not None:
            self._add_chunks(message, entry.content)
        return seq, row.link

    def _add_chunks(self, message: Message, content: bytes) -> None:
        log, key = self._log, self._keys.current
        place = log.vault.place(Kind.CHUNK, log.raw)
        for number, start in enumerate(range(0, len(content), _CHUNK_BYTES)):
            chunk_id = id_bytes(log.ids())
            order = (message.seq << FILE_CHUNK_BITS) + number
            sealed = key.seal(content[start : start + _CHUNK_BYTES], place.of(chunk_id, order))
            self.rows.append(
                SealedRow(
                    kind=Kind.CHUNK,
                    scope=log.raw,
                    ord=order,
                    id=chunk_id,
                    parent=id_bytes(message.id),
                    at_ms=to_ms(message.at),
                    sealed=sealed,
                )
            )

    def _name_session(self) -> None:
        """A first message gives a session its title and preview; a new one ends a chosen branch."""
        body = self.body
        if body is None or not self.messages:
            return
        said = (m.text for m in self.messages if m.kind != "error" and m.text.strip())
        first = next(said, "")
        changed = body
        if not body.preview and first:
            title, preview = titled(first)
            changed = replace(changed, preview=preview, title=body.title or title)
        if body.head is not None:
            changed = replace(changed, head=None)
        if changed is not body:
            self.body = changed
            self.rows.append(self._log.sealed_body(changed, self._keys))
