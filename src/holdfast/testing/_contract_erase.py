"""The part of the storage contract about erasing."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.errors import NotFound, SequenceConflict
from holdfast.storage.protocol import (
    ChangesQuery,
    HeadsQuery,
    Kind,
    Link,
    LinksQuery,
    OnceTag,
    RowSpan,
    SessionHead,
    State,
    Storage,
    Write,
)
from holdfast.testing.refusals import refused_with
from holdfast.testing.rows import (
    exchange_write,
    memory_row,
    new_id,
    new_vault,
    start_write,
    vault_write,
)

__all__ = ["ErasingContract"]


async def _talk(storage: Storage, vault_id: bytes, tag: bytes) -> SessionHead:
    """A session with one exchange, its question a memory's source, under a once-tag."""
    start = start_write(vault_id)
    await storage.commit(start)
    (head,) = [
        head
        for head in await storage.heads(HeadsQuery(vault_id=vault_id))
        if head.session_id == start.put[0].id
    ]
    write, memory = exchange_write(vault_id, head), memory_row()
    link = Link(kind="source", from_id=memory.id, to_id=write.put[1].id)
    once = OnceTag(tag=tag, id=write.put[0].id)
    await storage.commit(replace(write, put=(*write.put, memory), links=(link,), once=once))
    return head


class ErasingContract:
    """Tests of erasing sessions and vaults."""

    async def test_promise_11_gone_an_erased_session_leaves_only_its_grave(
        self, storage: Storage
    ) -> None:
        """Every row, link, once-tag and the head go; a GONE row of kind SESSION tells of it."""
        vault_id = await new_vault(storage)
        doomed = await _talk(storage, vault_id, b"one")
        kept = await _talk(storage, vault_id, b"two")

        written = await storage.commit(
            Write(vault_id=vault_id, erase_sessions=(doomed.session_id,))
        )

        assert await storage.once(vault_id, b"one") is None
        assert await storage.once(vault_id, b"two") is not None
        heads = await storage.heads(HeadsQuery(vault_id=vault_id))
        assert [head.session_id for head in heads] == [kept.session_id]
        assert len(await storage.links(LinksQuery(vault_id=vault_id))) == 1
        changes = await storage.changes(ChangesQuery(vault_id=vault_id, after=written.rev - 1))
        assert [(row.kind, row.id, row.state, row.sealed) for row in changes] == [
            (Kind.SESSION, doomed.session_id, State.GONE, b"")
        ]
        left = await storage.changes(ChangesQuery(vault_id=vault_id, after=0))
        assert sum(row.scope == doomed.session_id for row in left) == 1
        assert sum(row.scope == kept.session_id for row in left) == 4

    async def test_a_session_may_be_erased_twice(self, storage: Storage) -> None:
        """The second time changes nothing, and so does erasing a session that never was."""
        vault_id = await new_vault(storage)
        doomed = await _talk(storage, vault_id, b"one")
        erase = Write(vault_id=vault_id, erase_sessions=(doomed.session_id, new_id()))
        written = await storage.commit(erase)
        before = await storage.changes(ChangesQuery(vault_id=vault_id, after=0))

        await storage.commit(erase)

        assert await storage.changes(ChangesQuery(vault_id=vault_id, after=0)) == before
        assert await storage.changes(ChangesQuery(vault_id=vault_id, after=written.rev)) == []

    async def test_an_erased_session_takes_no_more_turns(self, storage: Storage) -> None:
        """A recorder that still holds the old head is refused with SequenceConflict."""
        vault_id = await new_vault(storage)
        start = start_write(vault_id)
        await storage.commit(start)
        assert start.head is not None
        await storage.commit(Write(vault_id=vault_id, erase_sessions=(start.head.head.session_id,)))

        with refused_with(SequenceConflict):
            await storage.commit(exchange_write(vault_id, start.head.head))

    async def test_promise_11_gone_an_erased_vault_is_as_if_it_had_never_been(
        self, storage: Storage
    ) -> None:
        """Rows, heads, links, tags and the vault go; other vaults stay; it may run twice."""
        first = vault_write(owner_tag=b"ada")
        await storage.commit(first)
        doomed, kept = first.vault_id, await new_vault(storage)
        await _talk(storage, doomed, b"tag")
        await _talk(storage, kept, b"tag")

        assert await storage.erase_vault(doomed) == 5
        assert await storage.erase_vault(doomed) == 0

        assert await storage.vault(doomed) is None
        assert await storage.vault_of(b"ada") is None
        assert await storage.once(doomed, b"tag") is None
        assert await storage.heads(HeadsQuery(vault_id=doomed)) == []
        assert await storage.links(LinksQuery(vault_id=doomed)) == []
        assert await storage.changes(ChangesQuery(vault_id=doomed, after=0)) == []
        with refused_with(NotFound):
            await storage.commit(Write(vault_id=doomed, put=(memory_row(),)))
        assert len(await storage.changes(ChangesQuery(vault_id=kept, after=0))) == 5

    async def test_an_owner_may_come_back_after_an_erasure(self, storage: Storage) -> None:
        """The owner tag of an erased vault is free again."""
        first = vault_write(owner_tag=b"ada")
        await storage.commit(first)
        await storage.erase_vault(first.vault_id)

        again = vault_write(owner_tag=b"ada")
        await storage.commit(again)

        found = await storage.vault_of(b"ada")
        assert found is not None
        assert found.vault_id == again.vault_id

    async def test_scrubbing_changes_no_answer(self, storage: Storage) -> None:
        """`scrub` is about files: what can be read stays the same."""
        vault_id = await new_vault(storage)
        await _talk(storage, vault_id, b"tag")
        span = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE)
        before = await storage.rows(span)

        await storage.scrub()

        assert await storage.rows(span) == before
