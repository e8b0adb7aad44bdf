"""Promise 8: a record opens only where it was written; nothing altered or moved is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from fix_keeper import World, talk
from holdfast.clock import id_bytes
from holdfast.errors import HoldfastError, TamperedRecord, UnknownEnvelope
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.storage.protocol import Kind, RowSpan, SealedRow, SessionHead, State

Lie = Callable[[SealedRow], SealedRow | None]
"""What a storage returns in the place of a row; None leaves it out."""


class Store:
    """Two users, two sessions of the first, and every row as it is and was."""

    def __init__(self, keeper: Keeper, world: World, ada: User, ben: User) -> None:
        self.keeper = keeper
        self.world = world
        self.ada = ada
        self.ben = ben
        self.sessions: list[OpenSession] = []
        self.rows: dict[Kind, list[SealedRow]] = {}
        self.older: dict[bytes, SealedRow] = {}
        """Of rows that changed, how they first were."""

    def message(self, number: int, *, session: int = 0) -> SealedRow:
        """A message by its place."""
        return self._in_session(Kind.MESSAGE, session)[number]

    def turn(self, number: int) -> SealedRow:
        """A turn by its place."""
        return self._in_session(Kind.TURN, 0)[number]

    def one(self, kind: Kind) -> SealedRow:
        """The first row of a kind."""
        return self.rows[kind][0]

    def _in_session(self, kind: Kind, session: int) -> list[SealedRow]:
        raw = id_bytes(self.sessions[session].id)
        return sorted((r for r in self.rows[kind] if r.scope == raw), key=lambda row: row.ord)

    def lie(self, lie: Lie) -> None:
        """From now on the storage lies, and no index remembers the truth."""
        self.keeper.store.indexes.drop(self.ada.vault)
        self.sessions[0].log.invalidate()

        def told(rows: list[SealedRow]) -> list[SealedRow]:
            return [row for row in map(lie, rows) if row is not None]

        self.world.tap.rows = told

    def instead(self, wrong: dict[bytes, SealedRow | None]) -> None:
        """Show these rows in the place of those with the ids."""
        self.lie(lambda row: wrong.get(row.id, row))


@pytest.fixture
async def store(world: World) -> Store:
    """A store whose storage can be made to lie."""
    keeper = await world.open("tapped-memory")
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    made = Store(keeper, world, ada, ben)

    def remember(rows: list[SealedRow]) -> list[SealedRow]:
        for row in rows:
            made.older.setdefault(row.id, row)
        return rows

    first = await ada.sessions.start(assistant="helper", project="trip", title="Oslo")
    await talk(first, ("my colour is blue", "noted"), ("and green", "noted too"))
    async with first.turn("with a file", intent="show") as turn:
        await turn.file("a", b"file content", media_type="text/plain")
        world.tap.rows = remember
        await _all_rows(keeper, ada)
        await turn.annotate(intent="changed", tags=("later",))
    await first.log_full_chat_interaction("remember me", "yes", memory="wants it", thought="hm")
    second = await ada.sessions.start(assistant="helper")
    await talk(second, ("my colour is blue", "noted"))
    theirs = await ben.sessions.start(assistant="helper")
    await talk(theirs, ("my colour is blue", "noted"))
    await _all_rows(keeper, ada)
    await first.change(title="Bergen")
    world.tap.still()
    made.sessions = [first, second, theirs]
    for user in (ada, ben):
        for kind, rows in (await _all_rows(keeper, user)).items():
            made.rows.setdefault(kind, []).extend(rows)
    return made


async def _all_rows(keeper: Keeper, user: User) -> dict[Kind, list[SealedRow]]:
    ask = keeper.store.storage.rows
    return {kind: await ask(RowSpan(vault_id=user.vault.raw, kind=kind)) for kind in Kind}


def _reads(store: Store) -> list[Callable[[], Awaitable[Any]]]:
    """Every way in which Ada reads."""
    ada, session = store.ada, store.sessions[0]
    return [
        ada.sessions.list,
        session.info,
        lambda: session.messages(forgotten=True),
        session.turns,
        session.branch,
        lambda: session.context("colour", budget_tokens=500),
        lambda: ada.recall("colour"),
        ada.memories.list,
        ada.thoughts.list,
        ada.names.assistants,
        ada.names.projects,
    ]


async def _answers(store: Store) -> list[object]:
    """What each read gives: its answer, or the error's class."""
    found: list[object] = []
    for read in _reads(store):
        try:
            found.append(await read())
        except HoldfastError as exc:
            found.append(type(exc))
    return found


async def _noticed(store: Store) -> bool:
    """Whether a read raises as it should, or verify names a problem."""
    answers = await _answers(store)
    raised = {answer for answer in answers if isinstance(answer, type)}
    assert raised <= {TamperedRecord, UnknownEnvelope}
    return bool(raised) or not (await store.keeper.verify("ada")).ok


def _put_where(one: SealedRow, content_of: SealedRow) -> SealedRow:
    """A row in its place, with another's sealed content."""
    return replace(one, sealed=content_of.sealed, link=content_of.link)


def _swap(one: SealedRow, other: SealedRow) -> dict[bytes, SealedRow | None]:
    return {one.id: _put_where(one, other), other.id: _put_where(other, one)}


TAMPERINGS: dict[str, Callable[[Store], dict[bytes, SealedRow | None]]] = {
    "two messages swapped": lambda s: _swap(s.message(0), s.message(1)),
    "two messages with their ids swapped": lambda s: {
        s.message(0).id: replace(s.message(1), ord=0),
        s.message(1).id: replace(s.message(0), ord=1),
    },
    "a message of another session": lambda s: {
        s.message(0).id: _put_where(s.message(0), s.message(0, session=1))
    },
    "a message of another user": lambda s: {
        s.message(0).id: _put_where(s.message(0), s.message(0, session=2))
    },
    "a whole row of another session": lambda s: {
        s.message(0).id: replace(s.message(0, session=1), scope=s.message(0).scope)
    },
    "a whole row of another user": lambda s: {
        s.message(0).id: replace(s.message(0, session=2), scope=s.message(0).scope)
    },
    "a message at another place": lambda s: {s.message(1).id: replace(s.message(1), ord=7)},
    "a message under another id": lambda s: {
        s.message(1).id: replace(s.message(1), id=s.message(0, session=1).id)
    },
    "a message twice": lambda s: {s.message(1).id: s.message(0)},
    "the last message missing": lambda s: {s.message(-1).id: None},
    "a middle message missing": lambda s: {s.message(2).id: None},
    "the first message missing": lambda s: {s.message(0).id: None},
    "all messages missing": lambda s: {
        row.id: None for row in s.rows[Kind.MESSAGE] if row.scope == s.message(0).scope
    },
    "a message marked as forgotten": lambda s: {
        s.message(1).id: replace(s.message(1), state=State.FORGOTTEN)
    },
    "a message emptied and marked as forgotten": lambda s: {
        s.message(1).id: replace(s.message(1), state=State.FORGOTTEN, sealed=b"")
    },
    "a forgotten mark with another's seal": lambda s: {
        s.message(1).id: replace(s.message(1), state=State.FORGOTTEN, sealed=s.message(2).sealed)
    },
    "a message with another link": lambda s: {
        s.message(1).id: replace(s.message(1), link=s.message(2).link)
    },
    "a message as another kind": lambda s: {s.message(1).id: replace(s.message(1), kind=Kind.TURN)},
    "a message of another version": lambda s: {s.message(1).id: replace(s.message(1), version=1)},
    "a message unsealed": lambda s: {
        s.message(1).id: replace(s.message(1), sealed=b'{"r":"user","t":"my colour is red"}')
    },
    "a message empty": lambda s: {s.message(1).id: replace(s.message(1), sealed=b"")},
    "a message cut short": lambda s: {
        s.message(1).id: replace(s.message(1), sealed=s.message(1).sealed[:-1])
    },
    "a message of an unknown version of the envelope": lambda s: {
        s.message(1).id: replace(s.message(1), sealed=b"\x02" + s.message(1).sealed[1:])
    },
    "two turns swapped": lambda s: _swap(s.turn(0), s.turn(1)),
    "a turn missing": lambda s: {s.turn(1).id: None},
    "the last turn missing": lambda s: {s.turn(-1).id: None},
    "a turn marked as open": lambda s: {s.turn(0).id: replace(s.turn(0), state=State.OPEN)},
    "a turn's older seal under its new version": lambda s: {
        s.turn(2).id: replace(s.turn(2), sealed=s.older[s.turn(2).id].sealed)
    },
    "a session's older seal under its new version": lambda s: {
        id_bytes(s.sessions[0].id): replace(
            next(r for r in s.rows[Kind.SESSION] if r.id == id_bytes(s.sessions[0].id)),
            sealed=s.older[id_bytes(s.sessions[0].id)].sealed,
        )
    },
    "the records of two sessions swapped": lambda s: _swap(
        s.rows[Kind.SESSION][0], s.rows[Kind.SESSION][1]
    ),
    "a session's record missing": lambda s: {id_bytes(s.sessions[0].id): None},
    "a memory in the place of a thought": lambda s: {
        s.one(Kind.THOUGHT).id: _put_where(s.one(Kind.THOUGHT), s.one(Kind.MEMORY))
    },
    "an assistant in the place of a project": lambda s: {
        s.one(Kind.PROJECT).id: _put_where(s.one(Kind.PROJECT), s.one(Kind.ASSISTANT))
    },
    "a part of a file altered": lambda s: {
        s.one(Kind.CHUNK).id: replace(s.one(Kind.CHUNK), sealed=s.message(0).sealed)
    },
    "a part of a file missing": lambda s: {s.one(Kind.CHUNK).id: None},
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_promise_08_bound_tampering_is_noticed(tampering: str, store: Store) -> None:
    """Altered, moved, replayed, cut: a read raises, or verify names it."""
    assert not await _noticed(store)

    store.instead(TAMPERINGS[tampering](store))

    assert await _noticed(store)


_RAISES_IN_MESSAGES = [
    name
    for name in TAMPERINGS
    if "message" in name
    and "missing" not in name
    and "twice" not in name
    and "another kind" not in name
    and "with their ids swapped" not in name
]


@pytest.mark.parametrize("tampering", _RAISES_IN_MESSAGES)
async def test_promise_08_bound_reading_messages_raises(tampering: str, store: Store) -> None:
    """Reading a session in which a message was altered or moved raises: it is not skipped."""
    store.instead(TAMPERINGS[tampering](store))

    with pytest.raises(TamperedRecord):
        await store.sessions[0].messages(forgotten=True)
    with pytest.raises(TamperedRecord):
        await store.ada.recall("colour")


async def test_promise_08_bound_every_bit_of_a_message_counts(store: Store) -> None:
    """Each bit of a sealed message flipped in turn: reading raises, every time."""
    row = store.message(0)
    for at in range(len(row.sealed) * 8):
        sealed = bytearray(row.sealed)
        sealed[at // 8] ^= 1 << at % 8
        store.world.tap.rows = _only(replace(row, sealed=bytes(sealed)))
        with pytest.raises(TamperedRecord):
            await store.sessions[0].messages()


def _only(wrong: SealedRow) -> Callable[[list[SealedRow]], list[SealedRow]]:
    return lambda rows: [wrong if row.id == wrong.id else row for row in rows]


@pytest.mark.parametrize("kind", [Kind.TURN, Kind.SESSION, Kind.MEMORY, Kind.THOUGHT, Kind.CHUNK])
async def test_promise_08_bound_every_byte_of_every_kind_counts(kind: Kind, store: Store) -> None:
    """Each byte of a sealed row of each kind changed in turn: its read raises, every time."""
    row = store.one(kind)
    session = store.sessions[0]
    messages = [m for m in await session.messages() if m.file is not None]
    reads: dict[Kind, Callable[[], Awaitable[Any]]] = {
        Kind.TURN: session.turns,
        Kind.SESSION: store.ada.sessions.list,
        Kind.MEMORY: store.ada.memories.list,
        Kind.THOUGHT: store.ada.thoughts.list,
        Kind.CHUNK: lambda: session.read_file(messages[0].id),
    }
    for at in range(len(row.sealed)):
        sealed = row.sealed[:at] + bytes([row.sealed[at] ^ 0xFF]) + row.sealed[at + 1 :]
        store.world.tap.rows = _only(replace(row, sealed=sealed))
        with pytest.raises(TamperedRecord):
            await reads[kind]()


async def test_promise_08_bound_a_head_that_was_set_back_is_noticed(store: Store) -> None:
    """The last exchange cut off, with counts that agree: the chain does not."""
    session = store.sessions[0]
    raw = id_bytes(session.id)
    last = [store.message(-1), store.message(-2)]
    turn = store.turn(-1)

    def shorter(heads: list[SessionHead]) -> list[SessionHead]:
        return [
            replace(
                head, next_seq=head.next_seq - 2, messages=head.messages - 2, turns=head.turns - 1
            )
            if head.session_id == raw
            else head
            for head in heads
        ]

    store.instead({last[0].id: None, last[1].id: None, turn.id: None})
    store.world.tap.heads = shorter

    problems = (await store.keeper.verify("ada")).problems
    assert {problem.code for problem in problems} == {"broken_chain"}


async def test_promise_08_bound_a_forgotten_message_does_not_come_back_unnoticed(
    store: Store,
) -> None:
    """A row from before it was forgotten, put back in its place: noticed."""
    row = store.message(0)
    message = (await store.sessions[0].messages())[0]
    await store.ada.forget(message.id)
    assert not await _noticed(store)

    store.lie(lambda now: replace(row, rev=now.rev) if now.id == row.id else now)

    assert await _noticed(store)


async def test_promise_08_bound_a_storage_that_stands_still_is_noticed(store: Store) -> None:
    """Changes that are no newer than what was asked for: an error, not a search without end."""
    store.lie(lambda row: replace(row, rev=1))
    with pytest.raises(TamperedRecord):
        await store.ada.recall("colour")


async def test_promise_08_bound_a_message_does_not_move_to_another_turn(store: Store) -> None:
    """The turn a message belongs to is part of where it was written."""
    moved = replace(store.message(0), parent=store.turn(1).id)
    store.instead({moved.id: moved})

    assert await _noticed(store)


@pytest.mark.parametrize("column", ["scope", "parent", "version", "kind", "ord", "id", "link"])
async def test_promise_08_bound_the_columns_of_a_message_are_part_of_its_place(
    column: str, store: Store
) -> None:
    """Each column that says where a message stands, given another value: noticed."""
    row, other = store.message(0), store.message(3)
    new = {"kind": Kind.MEMORY, "version": 5, "ord": 40}.get(column)
    value = getattr(other, column) if new is None else new
    if column == "scope":
        value = id_bytes(store.sessions[1].id)
    if column == "id":
        value = bytes(16)
    store.instead({row.id: replace(row, **{column: value})})

    assert await _noticed(store)


async def test_promise_08_bound_every_row_of_every_kind_is_opened_by_verify(store: Store) -> None:
    """Whatever row is damaged, of whatever kind, verify names it: none is left unread."""
    room = await store.ada.rooms.create("team", members=["ben"])
    await room.post("hello")
    assert (await store.keeper.verify()).ok
    unread = []
    for vault in await store.keeper.store.all_vaults():
        for kind in Kind:
            for row in await vault.storage.rows(RowSpan(vault_id=vault.raw, kind=kind)):
                store.world.tap.rows = _only(replace(row, sealed=row.sealed[:-1] + b"\0"))
                if (await store.keeper.verify()).ok and row.sealed[-1:] != b"\0":
                    unread.append(kind)
                store.world.tap.rows = None

    assert set(unread) == set()


async def test_promise_08_bound_problems_are_named_without_content(store: Store) -> None:
    """What verify says names the session and the record, and nothing that was said."""
    wrong = replace(store.message(0), sealed=store.message(1).sealed)
    store.instead({wrong.id: wrong})

    problems = (await store.keeper.verify("ada")).problems

    assert {problem.session_id for problem in problems} == {store.sessions[0].id}
    assert all("blue" not in problem.what for problem in problems)


async def test_promise_08_bound_an_altered_audit_entry_is_noticed(store: Store) -> None:
    """The audit chain is checked too: an entry that was changed or left out shows."""
    session = await store.ben.sessions.start()
    await store.ben.erase_session(session.id)
    await store.ben.erase_session(store.sessions[2].id)
    assert (await store.keeper.verify()).ok
    audit = store.keeper.store.keyring.storage
    entries = await audit.audit()

    for wrong in (
        entries[1:],
        [*entries[:1], replace(entries[1], body=entries[1].body.replace(b"1", b"2"))],
        entries[::-1],
        [*entries[:1], replace(entries[1], at_ms=entries[1].at_ms + 1)],
    ):
        assert await _audit_problem(store, wrong) == "tampered_record"


async def _audit_problem(store: Store, wrong: list[Any]) -> str:
    keyring = store.keeper.store.keyring
    truth = keyring._storage
    keyring._storage = _LyingAudit(truth, wrong)  # type: ignore[assignment]  # only what is asked
    try:
        (problem,) = (await store.keeper.verify("ada")).problems
        return problem.code
    finally:
        keyring._storage = truth


class _LyingAudit:
    def __init__(self, truth: Any, wrong: list[Any]) -> None:
        self._truth = truth
        self._wrong = wrong

    def __getattr__(self, name: str) -> Any:
        return getattr(self._truth, name)

    async def audit(self, *, after: int = -1) -> list[Any]:
        return self._wrong
