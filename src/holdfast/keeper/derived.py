"""What was made of messages, turns and sessions that go: it loses them, or goes too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.keeper.ledger import Change
from holdfast.keeper.linking import own_words_in
from holdfast.keeper.receipts import opened_learnings, seal_learning
from holdfast.keeper.remembered import seal_memory
from holdfast.keeper.repairing import repaired
from holdfast.keeper.store import Store
from holdfast.model import MemoryVersion, Message
from holdfast.storage.protocol import ByIds, Link, LinksQuery, SealedRow
from holdfast.vault.codec import MemoryBody
from holdfast.vault.vault import Vault

__all__ = ["Derived", "Forgotten"]


_WORD = re.compile(r"[^\W_]+")


class Forgotten(Struct, frozen=True, kw_only=True):
    """What went when something was forgotten: counts only."""

    messages: int = 0
    memories: int = 0
    """Memories that rested on nothing else."""
    reduced: int = 0
    """Memories that lost a source and rest on others."""
    thoughts: int = 0


class Derived:
    """The changes among memories and thoughts that a loss makes, gathered for one write."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._change = Change()
        self._thoughts = 0
        self._reduced = 0
        self.put: list[SealedRow] = []
        self.links: list[Link] = []
        self.unlinks: list[Link] = []

    def count(self, *, messages: int = 0) -> Forgotten:
        """What goes, in numbers."""
        return Forgotten(
            messages=messages,
            memories=len(self._change.gone),
            reduced=self._reduced,
            thoughts=self._thoughts,
        )

    async def without(
        self,
        messages: Sequence[bytes],
        turns: Sequence[bytes],
        sessions: Sequence[bytes] = (),
        *,
        summary: bytes | None = None,
    ) -> None:
        """Gather the changes that losing these messages, turns and sessions makes.

        Args:
            summary: the running summary of the session, which is made anew from what is left: its
                tags may come from messages that it does not quote.
        """
        resting = {link.from_id for link in await self._links_to(messages, "source")}
        ended = {link.from_id for link in await self._links_to(messages, "closed_by")}
        ended |= {link.from_id for link in await self._links_to(messages, "said_before")}
        summaries = set() if summary is None else {summary}
        change = await repaired(
            self._vault,
            sorted(resting | ended | summaries),
            ids=self._store.ids,
            without_messages=messages,
            without_memories=summaries,
        )
        self._change = change
        self._reduced = sum(id_bytes(memory.id) in resting for memory in change.changed)
        by_turn = await self._links_to(turns, "in_turn")
        by_turn += await self._links_to(sessions, "in_session")
        by_turn += await self._links_to(messages, "repeats")
        dropped = await self._drop_thoughts({link.from_id for link in by_turn})
        # A thought that goes with its turn is not loosened from its memory as well.
        self.put.extend(row for row in change.put if row.id not in dropped)
        self.links.extend(change.links)
        self.unlinks.extend(change.unlinks)
        for memory in change.gone:
            self.put.extend([await self._alone_again(own) for own in own_words_in(memory)])

    async def untag(self, left: Sequence[bytes], messages: Sequence[Message]) -> None:
        """Summaries made on request keep no tag that a message which goes may have given them.

        Args:
            left: the messages that stay.
            messages: those that go.
        """
        links = await self._links_to(left, "source")
        ids = tuple(sorted({link.from_id for link in links} - {row.id for row in self.put}))
        rows = await self._vault.storage.rows_by_id(ByIds(vault_id=self._vault.raw, ids=ids))
        said = {word for m in messages for word in _WORD.findall(m.text.casefold())}
        for row in rows:
            body = (await self._vault.open_records([row], MemoryBody))[0]
            tags = tuple(t for t in body.tags if not said.issuperset(_WORD.findall(t.casefold())))
            if body.kind == "summary" and tags != body.tags:
                body.tags = tags
                self.put.append(await self._vault.seal_again(row, body))

    async def unlearn(self, session: bytes, messages: Sequence[Message]) -> None:
        """The session's record is written too, so that distilling that read what goes begins again,
        and what distilling made of it is made anew.
        """
        known = (await opened_learnings(self._vault, [session]))[session]
        gone = {message.id for message in messages}
        receipts = tuple(
            replace(
                receipt,
                dropped=tuple(d for d in receipt.dropped if d.source.message_id not in gone),
            )
            for receipt in known.body.receipts
        )
        body = replace(known.body, head_rev=-1, title="", tags=(), receipts=receipts)
        row, links = await seal_learning(self._vault, session, known, body, self._store.clock())
        self.put.append(row)
        self.links.extend(links)

    async def _links_to(self, ids: Sequence[bytes], kind: str) -> list[Link]:
        if not ids:
            return []
        ask = LinksQuery(vault_id=self._vault.raw, to_ids=tuple(ids), kind=kind)
        return await self._vault.storage.links(ask)

    async def _alone_again(self, version: MemoryVersion) -> SealedRow:
        """One that its owner wrote down by hand, and that was merged into another which goes."""
        memory = replace(version.memory, supersedes=None)
        return await seal_memory(self._vault, memory, version=version.version + 2)

    async def _drop_thoughts(self, ids: set[bytes]) -> set[bytes]:
        vault = self._vault
        ask = ByIds(vault_id=vault.raw, ids=tuple(sorted(ids)))
        rows = await vault.storage.rows_by_id(ask)
        self.put.extend(vault.gone(row) for row in rows)
        self._thoughts += len(rows)
        return {row.id for row in rows}
