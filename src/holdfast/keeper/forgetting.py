"""Forgetting single messages, down to what was derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from holdfast.capture.entries import titled
from holdfast.capture.inputs import same_speech
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.derived import Derived, Forgotten
from holdfast.keeper.receipts import opened_learnings
from holdfast.keeper.session_record import read_record
from holdfast.keeper.store import Store
from holdfast.keeper.summing import running_summary_tag
from holdfast.markup import one_line
from holdfast.model import Message, MessageId, SessionId
from holdfast.storage.protocol import ByIds, HeadMove, Kind, Link, RowKey, RowSpan, SealedRow
from holdfast.vault.codec import open_message, open_turn, seal_forgotten, seal_turn
from holdfast.vault.reader import FILE_CHUNK_BITS, Reader
from holdfast.vault.vault import Vault

__all__ = ["forget_messages", "source_tag"]

_ALL = 1_000_000


async def forget_messages(store: Store, vault: Vault, ids: Iterable[str]) -> Forgotten:
    """Remove the content of messages, their files, and what rested on them alone.

    Speech and its transcript are one thing said: who forgets one of them forgets both. In place of
    what went stays the link that keeps the session's chain whole. Per session it is one write: all
    of it, or none.

    Raises:
        NotFound: one of them is not in this vault; nothing was removed.
    """
    wanted = list(dict.fromkeys(ids))
    messages = await Reader(vault).messages_by_id(wanted)
    if len(messages) != len(wanted):
        raise NotFound("message")
    total = Forgotten()
    by_session: dict[SessionId, list[MessageId]] = {}
    for message in messages:
        by_session.setdefault(message.session_id, []).append(message.id)
    for session_id, message_ids in by_session.items():
        total = _sum(total, await _forget_in_session(store, vault, session_id, set(message_ids)))
    await store.unsave(vault)
    await vault.storage.scrub()
    return total


def source_tag(vault: Vault, source: str | None) -> str | None:
    """By what an importer knows a forgotten message again, without its source lying there."""
    if source is None:
        return None
    return "forgotten:" + vault.keyring.tag(vault.raw, "import-message", source).hex()[:32]


def _sum(one: Forgotten, other: Forgotten) -> Forgotten:
    return Forgotten(
        messages=one.messages + other.messages,
        memories=one.memories + other.memories,
        reduced=one.reduced + other.reduced,
        thoughts=one.thoughts + other.thoughts,
    )


async def _forget_in_session(
    store: Store, vault: Vault, session_id: SessionId, ids: set[MessageId]
) -> Forgotten:
    raw = id_bytes(session_id)
    while True:
        change = _Forgetting(store, vault, raw, ids)
        await change.prepare()
        try:
            await vault.commit(
                put=tuple(change.put),
                remove=tuple(change.remove),
                links=tuple(change.links),
                unlinks=tuple(change.unlinks),
                head=change.move,
            )
        except Conflict:
            await vault.session_keys(raw, fresh=True)
            continue
        store.log_of(vault, session_id).invalidate()
        return change.count


class _Forgetting:
    """One attempt at forgetting messages of a session: everything that must change with them."""

    def __init__(self, store: Store, vault: Vault, session: bytes, ids: set[MessageId]) -> None:
        self._store = store
        self._vault = vault
        self._session = session
        self._ids = ids
        self.put: list[SealedRow] = []
        self.remove: list[RowKey] = []
        self.links: list[Link] = []
        self.unlinks: list[Link] = []
        self.count = Forgotten()
        self.move: HeadMove | None = None

    async def prepare(self) -> None:
        vault, session = self._vault, self._session
        head = await Reader(vault).head(SessionId(id_text(session)))
        rows = await vault.storage.rows(
            RowSpan(vault_id=vault.raw, kind=Kind.MESSAGE, scope=session, limit=_ALL)
        )
        rows, keys = await vault.openable(rows, session)
        place = vault.place(Kind.MESSAGE, session)
        opened = [open_message(row, place, keys) for row in rows]
        self._ids = same_speech(opened, self._ids)
        doomed = [
            (row, message)
            for row, message in zip(rows, opened, strict=True)
            if message.id in self._ids and not message.forgotten
        ]
        key = (await vault.session_keys(session)).current
        for row, message in doomed:
            source = source_tag(vault, message.source)
            self.put.append(seal_forgotten(row, message.parent_id, key, place, source=source))
            if message.file is not None:
                await self._remove_chunks(message)
        kept = [m for m in opened if m.id not in self._ids and not m.forgotten]
        lost = [message for _, message in doomed]
        await self._rename_session(kept, lost)
        emptied = await self._clear_turns(kept, lost)
        derived = Derived(self._store, vault)
        gone = [row.id for row, _ in doomed]
        summary = await vault.storage.once(vault.raw, running_summary_tag(vault, session))
        await derived.without(gone, emptied, summary=summary)
        await derived.untag([row.id for row in rows if row.id not in set(gone)], lost)
        await derived.unlearn(session, lost)
        self.put.extend(derived.put)
        self.links.extend(derived.links)
        self.unlinks.extend(derived.unlinks)
        self.count = derived.count(messages=len(doomed))
        self.move = HeadMove(
            expected_next_seq=head.next_seq,
            expected_turns=head.turns,
            expected_chain=head.chain,
            expected_rev=head.rev,
            head=replace(head, messages=head.messages - len(doomed)),
        )

    async def _remove_chunks(self, message: Message) -> None:
        rows = await self._vault.storage.rows(
            RowSpan(
                vault_id=self._vault.raw,
                kind=Kind.CHUNK,
                scope=self._session,
                first=message.seq << FILE_CHUNK_BITS,
                last=(message.seq + 1) << FILE_CHUNK_BITS,
                limit=_ALL,
            )
        )
        self.remove.extend(RowKey(id=row.id) for row in rows)

    async def _rename_session(self, kept: Sequence[Message], gone: Sequence[Message]) -> None:
        """A title or preview that was made from what goes is made anew from what stays."""
        vault, session = self._vault, self._session
        record = await read_record(vault, session)
        body = record.body
        # As it was said, and as `titled` puts it: without marks of Markdown.
        words = [m.text for m in gone if m.text.strip()]
        lost = [*(" ".join(text.split()) for text in words), *map(one_line, words)]
        said = (m.text for m in kept if m.kind != "error" and m.text.strip())
        stays = titled(next(said, ""))
        preview, title = body.preview, body.title
        if preview and any(text.startswith(preview) for text in lost):
            preview = stays[1]
        if title and any(title in text for text in lost):
            title = stays[0]
        head = None if body.head in self._ids else body.head
        # What distilling made may come from any message; what its owner gave stays.
        made = (await opened_learnings(vault, [session]))[session].body
        tags = () if body.tags == made.tags else body.tags
        title = "" if title == made.title else title
        changed = replace(body, preview=preview, title=title, head=head, tags=tags)
        if changed != body:
            self.put.append(await record.sealed(changed))

    async def _clear_turns(self, kept: Sequence[Message], gone: Sequence[Message]) -> list[bytes]:
        """Intent and entities rest on a turn's messages; returns turns that have none left."""
        vault, session = self._vault, self._session
        turn_ids = {m.turn_id for m in gone}
        left = {m.turn_id for m in kept}
        lost_input = {m.turn_id for m in gone if m.role == "user"}
        rows = await vault.storage.rows_by_id(
            ByIds(vault_id=vault.raw, ids=tuple(id_bytes(t) for t in sorted(turn_ids)))
        )
        rows, keys = await vault.openable(rows, session)
        key = (await vault.session_keys(session)).current
        place = vault.place(Kind.TURN, session)
        for row in rows:
            turn = open_turn(row, place, keys)
            if turn.id not in left or turn.id in lost_input:
                bare = replace(turn, intent=None, intent_confidence=None, entities={}, tags=())
                self.put.append(
                    seal_turn(bare, key, place, version=row.version + 1, owner=row.owner)
                )
        return [id_bytes(turn_id) for turn_id in sorted(turn_ids - left)]
