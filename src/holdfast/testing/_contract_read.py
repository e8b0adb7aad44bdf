"""The part of the storage contract about reading."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.errors import NotFound
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    ChangesQuery,
    HeadsQuery,
    Kind,
    Link,
    LinksQuery,
    RowSpan,
    SealedRow,
    SessionHead,
    State,
    Storage,
    VaultStats,
    Write,
)
from holdfast.testing.refusals import refused_with
from holdfast.testing.rows import (
    head_move,
    memory_row,
    message_row,
    new_id,
    new_vault,
    sealed_row,
    session_head,
    turn_row,
    vault_write,
)

__all__ = ["ReadingContract"]


async def _put(storage: Storage, vault_id: bytes, *rows: SealedRow) -> None:
    await storage.commit(Write(vault_id=vault_id, put=rows))


async def _begin(storage: Storage, vault_id: bytes, head: SessionHead) -> SessionHead:
    written = await storage.commit(Write(vault_id=vault_id, head=head_move(None, head)))
    return replace(head, rev=written.rev)


class ReadingContract:
    """Tests of every question a `Storage` answers."""

    async def test_a_vault_is_found_by_id_and_by_owner(self, storage: Storage) -> None:
        """The vault, or None."""
        write = vault_write(owner_tag=b"ada")
        await storage.commit(write)

        vault = await storage.vault(write.vault_id)

        assert vault is not None
        assert await storage.vault_of(b"ada") == vault
        assert await storage.vault(new_id()) is None
        assert await storage.vault_of(b"bob") is None

    async def test_vaults_come_page_by_page(self, storage: Storage) -> None:
        """All vaults by id, after a given one, at most `limit`."""
        ids = sorted([await new_vault(storage) for _ in range(5)])

        first = await storage.vaults(limit=2)
        rest = await storage.vaults(after=first[-1].vault_id)

        assert [row.vault_id for row in first] == ids[:2]
        assert [row.vault_id for row in rest] == ids[2:]

    async def test_rows_come_by_scope_ord_and_id(self, storage: Storage) -> None:
        """Rows of one kind, in order whatever order they were put in; [] when there are none."""
        vault_id = await new_vault(storage)
        one, two = sorted((new_id(), new_id()))
        rows = [message_row(scope, seq) for scope in (one, two) for seq in (0, 1, 2, 300)]
        twins = [sealed_row(Kind.MEMORY) for _ in range(3)]
        await _put(storage, vault_id, *reversed(rows + twins))

        async def ids(span: RowSpan) -> list[bytes]:
            return [row.id for row in await storage.rows(span)]

        every = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE)
        assert await ids(every) == [row.id for row in rows]
        assert await ids(replace(every, scope=two)) == [row.id for row in rows[4:]]
        assert await ids(replace(every, kind=Kind.MEMORY)) == sorted(row.id for row in twins)
        assert await ids(replace(every, kind=Kind.FILE)) == []
        assert await ids(replace(every, scope=new_id())) == []
        assert await ids(replace(every, vault_id=new_id())) == []

    async def test_rows_are_bounded_by_first_last_and_limit(self, storage: Storage) -> None:
        """`first` <= ord < `last`; `newest` returns the highest `limit` rows, still ascending."""
        vault_id, session_id = await new_vault(storage), new_id()
        await _put(storage, vault_id, *(message_row(session_id, seq) for seq in range(10)))

        async def seqs(**narrow: object) -> list[int]:
            for scope in (session_id, None):
                span = RowSpan(vault_id=vault_id, kind=Kind.MESSAGE, scope=scope)
                found = [row.ord for row in await storage.rows(replace(span, **narrow))]
            return found

        assert await seqs() == list(range(10))
        assert await seqs(first=3, last=6) == [3, 4, 5]
        assert await seqs(first=8) == [8, 9]
        assert await seqs(last=2) == [0, 1]
        assert await seqs(first=6, last=6) == []
        assert await seqs(limit=3) == [0, 1, 2]
        assert await seqs(limit=3, newest=True) == [7, 8, 9]
        assert await seqs(limit=2, newest=True, last=5) == [3, 4]
        assert await seqs(limit=2, newest=True, first=9) == [9]

    async def test_rows_are_narrowed_by_parent_state_and_owner(self, storage: Storage) -> None:
        """GONE rows are left out unless `state` asks for them."""
        vault_id, session_id = await new_vault(storage), new_id()
        opened = [turn_row(session_id, at, owner=owner) for at, owner in enumerate((7, 8, 7))]
        ended = turn_row(session_id, 3)
        gone = replace(turn_row(session_id, 4), state=State.GONE)
        parent = new_id()
        chunks = [
            sealed_row(Kind.CHUNK, scope=session_id, order=at, parent=parent) for at in (1, 0)
        ]
        stray = sealed_row(Kind.CHUNK, scope=session_id, parent=new_id())
        said = [message_row(session_id, 0, turn_id=parent), message_row(session_id, 1)]
        await _put(storage, vault_id, *opened, ended, gone, *chunks, stray, *said)

        async def ords(kind: Kind, **narrow: object) -> list[int]:
            for scope in (session_id, None):
                span = RowSpan(vault_id=vault_id, kind=kind, scope=scope)
                found = [row.ord for row in await storage.rows(replace(span, **narrow))]
            return found

        assert await ords(Kind.TURN) == [0, 1, 2, 3]
        assert await ords(Kind.TURN, state=State.OPEN) == [0, 1, 2]
        assert await ords(Kind.TURN, state=State.OPEN, owner=7) == [0, 2]
        assert await ords(Kind.TURN, state=State.OPEN, first=1, limit=1) == [1]
        assert await ords(Kind.TURN, state=State.OPEN, newest=True, limit=2) == [1, 2]
        assert await ords(Kind.TURN, state=State.LIVE) == [3]
        assert await ords(Kind.TURN, state=State.GONE) == [4]
        assert await ords(Kind.TURN, owner=8) == [1]
        assert await ords(Kind.CHUNK, parent=parent) == [0, 1]
        assert await ords(Kind.CHUNK, parent=parent, first=1) == [1]
        assert await ords(Kind.CHUNK, parent=parent, newest=True, limit=1) == [1]
        assert await ords(Kind.MESSAGE, parent=parent) == [0]
        assert await ords(Kind.MESSAGE, state=State.OPEN) == []

    async def test_rows_by_id_come_in_the_order_asked(self, storage: Storage) -> None:
        """Unknown and GONE ids are simply not in the answer."""
        vault_id = await new_vault(storage)
        rows = [memory_row() for _ in range(3)]
        gone = replace(memory_row(), state=State.GONE)
        await _put(storage, vault_id, *rows, gone)

        ids = (rows[2].id, new_id(), gone.id, rows[0].id)
        found = await storage.rows_by_id(ByIds(vault_id=vault_id, ids=ids))

        assert [row.id for row in found] == [rows[2].id, rows[0].id]
        assert await storage.rows_by_id(ByIds(vault_id=vault_id, ids=())) == []

    async def test_promise_07_yours_alone_no_question_crosses_vaults(
        self, storage: Storage
    ) -> None:
        """One vault's ids, sessions, links and tags find nothing in another vault."""
        mine, other = await new_vault(storage), await new_vault(storage)
        head = await _begin(storage, mine, session_head())
        memory, told = memory_row(), message_row(head.session_id)
        link = Link(kind="source", from_id=memory.id, to_id=told.id)
        await storage.commit(Write(vault_id=mine, put=(memory, told), links=(link,)))

        scope = head.session_id
        assert await storage.rows_by_id(ByIds(vault_id=other, ids=(memory.id, told.id))) == []
        assert await storage.rows(RowSpan(vault_id=other, kind=told.kind, scope=scope)) == []
        assert await storage.heads(HeadsQuery(vault_id=other, session_ids=(scope,))) == []
        assert await storage.changes(ChangesQuery(vault_id=other, after=0)) == []
        ends = LinksQuery(vault_id=other, from_ids=(memory.id,), to_ids=(told.id,))
        assert await storage.links(ends) == []

    async def test_two_vaults_may_use_one_id(self, storage: Storage) -> None:
        """An id is unique in its vault, so that a foreign id cannot be probed by writing it."""
        row = memory_row()
        for vault_id in (await new_vault(storage), await new_vault(storage)):
            await _put(storage, vault_id, row)

            found = await storage.rows_by_id(ByIds(vault_id=vault_id, ids=(row.id,)))
            assert found == [replace(row, rev=2)]

    async def test_promise_09_found_changes_name_every_row_once_by_its_last_rev(
        self, storage: Storage
    ) -> None:
        """Rows with rev > `after`, by (rev, kind, scope, ord), GONE ones included."""
        vault_id, session_id = await new_vault(storage), new_id()
        said = [message_row(session_id, seq) for seq in (1, 0)]
        memory = memory_row()
        await _put(storage, vault_id, memory, *said)
        await _put(storage, vault_id, turn_row(session_id))
        await _put(storage, vault_id, replace(memory, version=1, state=State.GONE))

        async def changed(after: int, **narrow: object) -> list[tuple[int, int, int]]:
            ask = replace(ChangesQuery(vault_id=vault_id, after=after), **narrow)
            return [(row.rev, row.kind, row.ord) for row in await storage.changes(ask)]

        assert await changed(0) == [(2, 3, 0), (2, 3, 1), (3, 2, 0), (4, 5, 0)]
        assert await changed(2) == [(3, 2, 0), (4, 5, 0)]
        assert await changed(4) == []
        assert await changed(0, kinds=(Kind.MEMORY, Kind.TURN)) == [(3, 2, 0), (4, 5, 0)]
        assert await changed(0, kinds=()) == []

    async def test_a_revision_is_never_torn(self, storage: Storage) -> None:
        """At most `limit` rows, in whole revisions; one that is larger by itself comes whole."""
        vault_id = await new_vault(storage)
        for count in (1, 2, 5, 1):
            await _put(storage, vault_id, *(memory_row() for _ in range(count)))

        async def revs(after: int, limit: int, **narrow: object) -> list[int]:
            ask = ChangesQuery(vault_id=vault_id, after=after, limit=limit)
            return [row.rev for row in await storage.changes(replace(ask, **narrow))]

        assert await revs(0, 3) == [2, 3, 3]
        assert await revs(0, 2) == [2]
        assert await revs(0, 7) == [2, 3, 3]
        assert await revs(3, 2) == [4] * 5
        assert await revs(3, 2, kinds=(Kind.MEMORY,)) == [4] * 5
        assert await revs(3, 5) == [4] * 5
        assert await revs(0, 9) == [2, 3, 3, 4, 4, 4, 4, 4, 5]

    async def test_heads_come_newest_first(self, storage: Storage) -> None:
        """Sessions by (last_ms, session_id) downwards; `before` continues where a page ended."""
        vault_id = await new_vault(storage)
        heads = [await _begin(storage, vault_id, session_head(last_ms=ms)) for ms in (5, 9, 5, 7)]
        heads.sort(key=lambda head: (head.last_ms, head.session_id), reverse=True)
        ask = HeadsQuery(vault_id=vault_id)

        assert await storage.heads(ask) == heads
        assert await storage.heads(replace(ask, limit=2)) == heads[:2]
        for at, head in enumerate(heads):
            cursor = (head.last_ms, head.session_id)
            assert await storage.heads(replace(ask, before=cursor)) == heads[at + 1 :]

    async def test_heads_are_narrowed(self, storage: Storage) -> None:
        """By ids, kind, assistant, project and the archived flag, all of them at once."""
        vault_id, helper, trip = await new_vault(storage), new_id(), new_id()
        plain = await _begin(storage, vault_id, session_head())
        ours = await _begin(storage, vault_id, session_head(assistant_id=helper, project_id=trip))
        room = await _begin(storage, vault_id, session_head(kind="room", archived=True))

        async def found(**narrow: object) -> set[bytes]:
            ask = replace(HeadsQuery(vault_id=vault_id), **narrow)
            return {head.session_id for head in await storage.heads(ask)}

        assert await found(session_ids=(ours.session_id, new_id())) == {ours.session_id}
        assert await found(session_ids=()) == set()
        assert await found(kind="chat") == {plain.session_id, ours.session_id}
        assert await found(assistant_id=helper) == {ours.session_id}
        assert await found(project_id=trip) == {ours.session_id}
        assert await found(archived=True) == {room.session_id}
        assert await found(archived=False) == {plain.session_id, ours.session_id}
        assert await found(session_ids=(room.session_id,), kind="chat") == set()

    async def test_links_are_found_from_both_ends(self, storage: Storage) -> None:
        """Links that start or end at one of the ids, by (kind, from, to), each once."""
        vault_id = await new_vault(storage)
        a, b, c = sorted((memory_row() for _ in range(3)), key=lambda row: row.id)
        links = [
            Link(kind="led_to", from_id=b.id, to_id=c.id),
            Link(kind="source", from_id=a.id, to_id=b.id),
            Link(kind="source", from_id=a.id, to_id=c.id),
        ]
        await storage.commit(Write(vault_id=vault_id, put=(a, b, c), links=tuple(reversed(links))))
        ask = LinksQuery(vault_id=vault_id)

        assert await storage.links(ask) == links
        assert await storage.links(replace(ask, from_ids=(a.id,))) == links[1:]
        assert await storage.links(replace(ask, to_ids=(c.id,))) == [links[0], links[2]]
        assert await storage.links(replace(ask, from_ids=(b.id,), to_ids=(b.id, c.id))) == links
        assert await storage.links(replace(ask, kind="led_to")) == links[:1]
        assert await storage.links(replace(ask, from_ids=(a.id,), kind="led_to")) == []
        assert await storage.links(replace(ask, from_ids=())) == []

    async def test_stats_count_what_can_still_be_read(self, storage: Storage) -> None:
        """Deleted rows count nowhere; forgotten messages have no time and are no messages."""
        vault_id = await new_vault(storage)
        head = await _begin(storage, vault_id, session_head())
        scope = head.session_id
        said = [message_row(scope, seq, at_ms=at, sealed=b"12345") for seq, at in enumerate((9, 4))]
        forgotten = replace(message_row(scope, 2, at_ms=1), state=State.FORGOTTEN, sealed=b"")
        file, thought = sealed_row(Kind.FILE, sealed=b"1"), sealed_row(Kind.THOUGHT, sealed=b"1")
        gone = replace(memory_row(), state=State.GONE)
        turn = replace(turn_row(scope), sealed=b"123")
        await _put(storage, vault_id, *said, forgotten, file, thought, gone, turn)

        assert await storage.stats(vault_id) == VaultStats(
            sessions=1,
            turns=1,
            messages=2,
            memories=0,
            thoughts=1,
            files=1,
            sealed_bytes=15,
            first_ms=4,
            last_ms=9,
            rev=3,
        )

    async def test_stats_need_their_vault(self, storage: Storage) -> None:
        """NotFound: the vault does not exist. An empty one has zeros and no times."""
        with refused_with(NotFound):
            await storage.stats(new_id())

        stats = await storage.stats(await new_vault(storage))

        assert (stats.sessions, stats.messages, stats.first_ms, stats.rev) == (0, 0, None, 1)

    async def test_writers_name_those_who_are_gone(self, storage: Storage) -> None:
        """The own number stays; owners of open turns that nobody holds are departed."""
        vault_id, session_id = await new_vault(storage), new_id()
        mine = (await storage.writers()).mine
        rows = [turn_row(session_id, at, owner=owner) for at, owner in enumerate((mine, 5, 3, 5))]
        await _put(storage, vault_id, *rows, turn_row(session_id, 9))
        await new_vault(storage)

        presence = await storage.writers()

        assert (presence.mine, presence.departed) == (mine, (3, 5))
        assert presence.abandoned == (vault_id,)
        assert 0 <= mine < 2**62

    async def test_no_scope_is_a_scope_like_any_other(self, storage: Storage) -> None:
        """Rows of the vault itself are found by NO_SCOPE, and not among a session's."""
        vault_id = await new_vault(storage)
        row, other = memory_row(), sealed_row(Kind.MEMORY, scope=new_id())
        await _put(storage, vault_id, row, other)

        found = await storage.rows(RowSpan(vault_id=vault_id, kind=Kind.MEMORY, scope=NO_SCOPE))

        assert [one.id for one in found] == [row.id]
