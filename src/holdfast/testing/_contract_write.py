"""The part of the storage contract about `commit`."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from holdfast.errors import Conflict, NotFound, SequenceConflict, StorageFailed
from holdfast.storage.protocol import (
    ByIds,
    ChangesQuery,
    HeadsQuery,
    Kind,
    Link,
    LinksQuery,
    OnceTag,
    RowKey,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    Storage,
    Write,
    Written,
)
from holdfast.testing.refusals import refused_with
from holdfast.testing.rows import (
    exchange_write,
    head_move,
    memory_row,
    message_row,
    new_id,
    new_vault,
    session_head,
    start_write,
    turn_row,
    vault_row,
    vault_write,
)

__all__ = ["WritingContract"]


async def _the_head(storage: Storage, vault_id: bytes) -> SessionHead:
    (head,) = await storage.heads(HeadsQuery(vault_id=vault_id))
    return head


class WritingContract:
    """Tests of `Storage.commit`."""

    async def test_a_vault_begins_at_rev_one(self, storage: Storage) -> None:
        """A new vault holds what was given; its rev and seals are the storage's own."""
        row = replace(vault_row(), rev=77, seals=88, epoch=3)

        written = await storage.commit(
            Write(vault_id=row.vault_id, vault=row, epoch=3, sealed_records=2)
        )

        assert written == Written(rev=1, seals=2)
        assert await storage.vault(row.vault_id) == replace(row, rev=1, seals=2)

    async def test_a_vault_is_made_once(self, storage: Storage) -> None:
        """A taken id and a taken owner tag are both refused with Conflict."""
        first = vault_write(owner_tag=b"ada")
        await storage.commit(first)

        with refused_with(Conflict):
            await storage.commit(vault_write(first.vault_id, owner_tag=b"bob"))
        with refused_with(Conflict):
            await storage.commit(vault_write(owner_tag=b"ada"))

        assert [row.vault_id for row in await storage.vaults()] == [first.vault_id]

    async def test_a_refused_first_write_makes_no_vault(self, storage: Storage) -> None:
        """A vault is made together with what came in the same write, or not at all."""
        first = vault_write(owner_tag=b"ada")
        lonely = Link(kind="source", from_id=new_id(), to_id=new_id())

        with refused_with(Conflict):
            await storage.commit(replace(first, links=(lonely,)))

        assert await storage.vault(first.vault_id) is None
        assert await storage.vault_of(b"ada") is None

    async def test_a_write_needs_its_vault(self, storage: Storage) -> None:
        """NotFound: the vault does not exist."""
        with refused_with(NotFound):
            await storage.commit(Write(vault_id=new_id(), put=(memory_row(),)))

    async def test_each_write_raises_the_rev_by_one(self, storage: Storage) -> None:
        """Rows, head and vault bear the rev of the write; the writer's own number is ignored."""
        vault_id = await new_vault(storage)
        start = start_write(vault_id)

        written = await storage.commit(replace(start, put=(replace(start.put[0], rev=99),)))

        (row,) = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.SESSION))
        vault = await storage.vault(vault_id)
        assert vault is not None
        head = await _the_head(storage, vault_id)
        assert [written.rev, row.rev, head.rev, vault.rev] == [2, 2, 2, 2]

    async def test_a_row_comes_back_as_it_was_put(self, storage: Storage) -> None:
        """Every column is kept, whatever bytes it holds."""
        vault_id, session_id = await new_vault(storage), new_id()
        odd = message_row(session_id, 5, turn_id=new_id(), sealed=bytes(range(256)) * 40)
        held = turn_row(session_id, 1, owner=2**62 - 1, version=7)

        await storage.commit(Write(vault_id=vault_id, put=(odd, held)))

        found = await storage.rows_by_id(ByIds(vault_id=vault_id, ids=(odd.id, held.id)))
        assert found == [replace(odd, rev=2), replace(held, rev=2)]

    async def test_a_session_begins_once(self, storage: Storage) -> None:
        """A head that must not exist yet is refused with SequenceConflict when it does."""
        vault_id = await new_vault(storage)
        start = start_write(vault_id)
        await storage.commit(start)

        with refused_with(SequenceConflict):
            await storage.commit(replace(start, put=()))

    async def test_promise_05_in_order_a_head_moves_only_from_where_it_stands(
        self, storage: Storage
    ) -> None:
        """A move from another next_seq, turns, chain or rev, or of no head at all, is refused."""
        vault_id = await new_vault(storage)
        old = session_head(next_seq=4, turns=2, chain=b"chain")
        await storage.commit(Write(vault_id=vault_id, head=head_move(None, old)))
        move = head_move(old, replace(old, next_seq=6, turns=3, chain=b"new"))

        for wrong in (
            replace(move, expected_next_seq=3),
            replace(move, expected_turns=1),
            replace(move, expected_chain=b""),
            replace(move, expected_rev=1),
            replace(move, head=replace(move.head, session_id=new_id())),
        ):
            with refused_with(SequenceConflict):
                await storage.commit(Write(vault_id=vault_id, head=wrong))
        await storage.commit(Write(vault_id=vault_id, head=replace(move, expected_rev=2)))

        assert await _the_head(storage, vault_id) == replace(move.head, rev=3)

    async def test_a_touch_leaves_the_order_alone(self, storage: Storage) -> None:
        """Only kind, assistant, project and the archived flag change, and the rev."""
        vault_id = await new_vault(storage)
        old = session_head(next_seq=4, turns=2, chain=b"chain")
        await storage.commit(Write(vault_id=vault_id, head=head_move(None, old)))
        touch = session_head(
            old.session_id, kind="room", assistant_id=new_id(), project_id=new_id(), archived=True
        )

        await storage.commit(Write(vault_id=vault_id, touch=touch))

        expected = replace(touch, next_seq=4, messages=4, turns=2, chain=b"chain", rev=3)
        assert await _the_head(storage, vault_id) == expected

    async def test_a_touch_needs_its_session(self, storage: Storage) -> None:
        """NotFound: `touch` names a session that has no head."""
        vault_id = await new_vault(storage)

        with refused_with(NotFound):
            await storage.commit(Write(vault_id=vault_id, touch=session_head()))

    async def test_a_put_must_raise_the_version(self, storage: Storage) -> None:
        """Conflict: a put does not raise its row's version."""
        vault_id, row = await new_vault(storage), replace(memory_row(), version=3)
        await storage.commit(Write(vault_id=vault_id, put=(row,)))

        for version in (0, 3):
            with refused_with(Conflict):
                await storage.commit(Write(vault_id=vault_id, put=(replace(row, version=version),)))
        newer = replace(row, version=5, sealed=b"newer", at_ms=9)
        await storage.commit(Write(vault_id=vault_id, put=(newer,)))

        assert await storage.rows_by_id(ByIds(vault_id=vault_id, ids=(row.id,))) == [
            replace(newer, rev=3)
        ]

    async def test_a_row_keeps_its_place(self, storage: Storage) -> None:
        """A put that would move a row to another kind, scope or ord is refused with Conflict."""
        vault_id, session_id = await new_vault(storage), new_id()
        row = message_row(session_id, 1)
        await storage.commit(Write(vault_id=vault_id, put=(row,)))

        for moved in (
            replace(row, version=1, kind=Kind.THOUGHT),
            replace(row, version=1, scope=new_id()),
            replace(row, version=1, ord=2),
        ):
            with refused_with(Conflict):
                await storage.commit(Write(vault_id=vault_id, put=(moved,)))

    async def test_a_write_is_all_or_nothing(self, storage: Storage) -> None:
        """A write that fails at its last step leaves no trace of the steps before."""
        vault_id = await new_vault(storage)
        await storage.commit(start_write(vault_id))
        head, (memory, told) = await _the_head(storage, vault_id), _two_memories()
        await storage.commit(
            Write(vault_id=vault_id, put=(memory, told), links=(_link(memory.id, told.id),))
        )
        before = await _everything(storage, vault_id)
        lonely = Link(kind="source", from_id=memory.id, to_id=new_id())

        with refused_with(Conflict):
            await storage.commit(
                replace(
                    exchange_write(vault_id, head),
                    remove=(RowKey(id=told.id),),
                    unlinks=(_link(memory.id, told.id),),
                    links=(lonely,),
                    once=OnceTag(tag=b"tag", id=memory.id),
                    erase_sessions=(head.session_id,),
                )
            )

        assert await _everything(storage, vault_id) == before
        assert await storage.once(vault_id, b"tag") is None

    async def test_promise_04_once_a_tag_is_written_once(self, storage: Storage) -> None:
        """Conflict: a once-tag exists in this vault; another vault has tags of its own."""
        vault_id, other = await new_vault(storage), await new_vault(storage)
        first, second = memory_row(), memory_row()
        await storage.commit(_tagged(vault_id, first.id, put=first.id))

        with refused_with(Conflict):
            await storage.commit(_tagged(vault_id, second.id, put=second.id))
        await storage.commit(_tagged(other, second.id, put=second.id))

        assert await storage.once(vault_id, b"tag") == first.id
        assert await storage.once(other, b"tag") == second.id
        assert await storage.once(vault_id, b"another") is None

    async def test_links_need_both_ends(self, storage: Storage) -> None:
        """Conflict: a link's end does not exist, is in another vault, or was forgotten."""
        vault_id, other = await new_vault(storage), await new_vault(storage)
        memory, foreign = memory_row(), memory_row()
        gone = message_row(new_id(), state=State.FORGOTTEN)
        await storage.commit(Write(vault_id=vault_id, put=(memory, gone)))
        await storage.commit(Write(vault_id=other, put=(foreign,)))

        for end in (new_id(), foreign.id, gone.id):
            for link in (_link(memory.id, end), _link(end, memory.id)):
                with refused_with(Conflict):
                    await storage.commit(Write(vault_id=vault_id, links=(link,)))

        assert await storage.links(LinksQuery(vault_id=vault_id)) == []

    async def test_a_link_may_be_written_again_and_taken_back(self, storage: Storage) -> None:
        """Writing a link twice leaves one; `unlinks` removes it, and may be repeated."""
        vault_id, (memory, told) = await new_vault(storage), _two_memories()
        link = _link(memory.id, told.id)
        await storage.commit(Write(vault_id=vault_id, put=(memory, told), links=(link, link)))
        assert await storage.links(LinksQuery(vault_id=vault_id)) == [link]

        for _ in range(2):
            await storage.commit(Write(vault_id=vault_id, unlinks=(link,)))

        assert await storage.links(LinksQuery(vault_id=vault_id)) == []

    async def test_promise_10_traced_a_link_goes_with_either_end(self, storage: Storage) -> None:
        """Removing, forgetting or deleting a row takes its links along, in both directions."""
        for end in ("removed", State.FORGOTTEN, State.GONE):
            vault_id, (left, right) = await new_vault(storage), _two_memories()
            middle = memory_row()
            links = (_link(left.id, middle.id), _link(middle.id, right.id))
            await storage.commit(Write(vault_id=vault_id, put=(left, middle, right), links=links))

            if isinstance(end, State):
                change = Write(vault_id=vault_id, put=(replace(middle, version=1, state=end),))
            else:
                change = Write(vault_id=vault_id, remove=(RowKey(id=middle.id),))
            await storage.commit(change)

            assert await storage.links(LinksQuery(vault_id=vault_id)) == []

    async def test_a_deleted_row_holds_nothing(self, storage: Storage) -> None:
        """A GONE row is kept for `changes`, with an empty seal whatever was put."""
        vault_id, row = await new_vault(storage), memory_row()
        await storage.commit(Write(vault_id=vault_id, put=(row,)))

        gone = replace(row, version=1, state=State.GONE)
        await storage.commit(Write(vault_id=vault_id, put=(gone,)))

        changes = await storage.changes(ChangesQuery(vault_id=vault_id, after=2))
        assert changes == [replace(gone, sealed=b"", rev=3)]

    async def test_a_removed_row_leaves_no_trace(self, storage: Storage) -> None:
        """`remove` takes the row away altogether; an unknown or foreign id changes nothing."""
        vault_id, other = await new_vault(storage), await new_vault(storage)
        row, foreign = memory_row(), memory_row()
        await storage.commit(Write(vault_id=vault_id, put=(row,)))
        await storage.commit(Write(vault_id=other, put=(foreign,)))

        keys = (RowKey(id=row.id), RowKey(id=foreign.id), RowKey(id=new_id()))
        await storage.commit(Write(vault_id=vault_id, remove=keys))

        assert await storage.changes(ChangesQuery(vault_id=vault_id, after=0)) == []
        assert len(await storage.rows(RowSpan(vault_id=other, kind=Kind.MEMORY))) == 1

    async def test_seals_are_counted_until_the_key_changes(self, storage: Storage) -> None:
        """`sealed_records` adds up; `next_epoch` starts the count anew."""
        vault_id = await new_vault(storage)
        counts = [
            await storage.commit(Write(vault_id=vault_id, sealed_records=5)),
            await storage.commit(Write(vault_id=vault_id, sealed_records=2)),
            await storage.commit(Write(vault_id=vault_id, sealed_records=1, next_epoch=2)),
            await storage.commit(Write(vault_id=vault_id, sealed_records=1, epoch=2)),
        ]

        assert [written.seals for written in counts] == [5, 7, 1, 2]

    async def test_a_writer_with_a_retired_key_is_refused(self, storage: Storage) -> None:
        """Conflict: the vault's epoch is not the one the writer sealed under."""
        vault_id = await new_vault(storage)
        await storage.commit(Write(vault_id=vault_id, epoch=1, next_epoch=2))

        with refused_with(Conflict):
            await storage.commit(Write(vault_id=vault_id, epoch=1, put=(memory_row(),)))

        vault = await storage.vault(vault_id)
        assert vault is not None
        assert (vault.epoch, vault.rev) == (2, 2)

    async def test_promise_05_in_order_16_writers_of_one_session_leave_no_gap(
        self, storage: Storage
    ) -> None:
        """Whoever loses the race reads the head and tries again; seq has no gap and no repeat."""
        vault_id = await new_vault(storage)
        await storage.commit(start_write(vault_id))

        async def talk() -> None:
            for _ in range(5):
                await _append(storage, vault_id)

        await asyncio.gather(*(talk() for _ in range(16)))

        span = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, limit=1000)
        assert [row.ord for row in await storage.rows(span)] == list(range(160))

    async def test_nothing_is_taken_in_after_the_end(self, storage: Storage) -> None:
        """`close` may be called twice; what comes after it is refused with StorageFailed."""
        vault_id = await new_vault(storage)
        await storage.close()
        await storage.close()

        with refused_with(StorageFailed):
            await storage.commit(Write(vault_id=vault_id))
        with refused_with(StorageFailed):
            await storage.vault(vault_id)


def _link(from_id: bytes, to_id: bytes) -> Link:
    return Link(kind="source", from_id=from_id, to_id=to_id)


def _two_memories() -> tuple[SealedRow, SealedRow]:
    return memory_row(), memory_row()


def _tagged(vault_id: bytes, row_id: bytes, *, put: bytes) -> Write:
    row = replace(memory_row(), id=put)
    return Write(vault_id=vault_id, put=(row,), once=OnceTag(tag=b"tag", id=row_id))


async def _append(storage: Storage, vault_id: bytes) -> None:
    while True:
        try:
            await storage.commit(exchange_write(vault_id, await _the_head(storage, vault_id)))
        except SequenceConflict:
            continue
        return


async def _everything(storage: Storage, vault_id: bytes) -> list[object]:
    return [
        await storage.vault(vault_id),
        await storage.heads(HeadsQuery(vault_id=vault_id)),
        await storage.changes(ChangesQuery(vault_id=vault_id, after=0)),
        await storage.links(LinksQuery(vault_id=vault_id)),
    ]
