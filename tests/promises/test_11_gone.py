"""Promise 11: erased is gone, for good, from rows, keys, index and backups, whatever happens."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World, talk
from holdfast import KeyFile
from holdfast.errors import HoldfastError, NotFound, StorageFailed
from holdfast.keeper.erasing import Receipt
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.storage.protocol import ChangesQuery, Kind, RowSpan, State


async def _full_life(keeper: Keeper, name: str = "ada") -> User:
    """A user with some of everything."""
    user = await keeper.user(name)
    for n in range(2):
        session = await user.sessions.start(assistant="helper", project="trip")
        async with session.turn(f"my secret is swordfish {n}") as turn:
            await turn.file("f", b"swordfish", media_type="text/plain")
            await turn.reply("I keep it")
        await session.log_full_chat_interaction("a", "b", memory=f"m{n}", thought=f"t{n}")
    await user.memories.add("by hand")
    await user.recall("swordfish")
    return user


async def test_promise_11_gone_a_user_is_erased_with_everything(keeper: Keeper) -> None:
    """Rows, keys and index are gone, others' are not; the receipt counts, and says no content."""
    ada, ben = await _full_life(keeper), await _full_life(keeper, "ben")
    theirs = await ben.stats()
    raw = ada.vault.raw

    receipt = await keeper.erase("ada")

    assert _counts(receipt) == {
        "sessions": 2,
        "turns": 4,
        "messages": 10,
        "memories": 3,
        "thoughts": 2,
        "files": 2,
    }
    assert (receipt.what, receipt.vault_id, receipt.session_id) == ("vault", ada.vault.id, None)
    assert len(set(receipt.keys_destroyed)) == 3
    assert "swordfish" not in str(receipt)
    storage, keys = keeper.store.storage, keeper.store.keyring.storage
    assert await storage.vault(raw) is None
    assert await storage.changes(ChangesQuery(vault_id=raw, after=-1)) == []
    assert await keys.keys(raw) == []
    assert [user.id for user in await keeper.users()] == ["ben"]
    assert await ben.stats() == theirs
    with pytest.raises(NotFound):
        await keeper.user("ada", create=False)


def _counts(receipt: Receipt) -> dict[str, int]:
    names = ("sessions", "turns", "messages", "memories", "thoughts", "files")
    return {name: getattr(receipt, name) for name in names}


async def test_promise_11_gone_a_session_is_erased_with_what_rested_on_it(keeper: Keeper) -> None:
    """One session's rows and key are gone, and its memories; the rest of the vault is as it was."""
    ada = await _full_life(keeper)
    kept, doomed = await ada.sessions.list()

    receipt = await ada.erase_session(doomed.id)

    assert _counts(receipt) == {
        "sessions": 1,
        "turns": 2,
        "messages": 5,
        "memories": 1,
        "thoughts": 1,
        "files": 1,
    }
    assert receipt.session_id == doomed.id
    assert len(receipt.keys_destroyed) == 1
    assert [session.id for session in await ada.sessions.list()] == [kept.id]
    assert {hit.session_id for hit in await ada.recall("swordfish", include="messages")} == {
        kept.id
    }
    assert (await keeper.verify()).problems == ()
    with pytest.raises(NotFound):
        await ada.sessions.open(doomed.id)


async def test_promise_11_gone_every_old_hand_on_it_is_empty(world: World) -> None:
    """Whoever held the user or the session before, in this keeper or another, has nothing."""
    here, there = await world.open(), await world.open()
    ada = await _full_life(here)
    elsewhere = await there.user("ada")
    info = (await ada.sessions.list())[0]
    held = [await user.sessions.open(info.id) for user in (ada, elsewhere)]
    for user in (ada, elsewhere):
        await user.recall("swordfish")

    await here.erase("ada")

    for user, session in zip((ada, elsewhere), held, strict=True):
        assert await _nothing(lambda user=user: user.recall("swordfish"))
        assert await _nothing(session.messages)
        assert await _nothing(user.memories.list)
        assert await _nothing(user.sessions.list)
        assert await _nothing(lambda session=session: talk(session, ("are you", "there?")))
        assert await _nothing(lambda user=user: user.memories.add("come back"))
        assert await _nothing(lambda user=user: user.sessions.start())
    assert [user.id for user in await here.users()] == []
    assert await here.store.storage.vaults() == []


async def _nothing(attempt: Callable[[], Awaitable[Any]]) -> bool:
    """Whether a call finds nothing, or raises."""
    try:
        return (await attempt()) in ([], None)
    except HoldfastError:
        return True


async def test_promise_11_gone_a_name_that_was_erased_begins_anew(keeper: Keeper) -> None:
    """The same person comes back to an empty vault under another key."""
    ada = await _full_life(keeper)
    await keeper.erase("ada")

    again = await keeper.user("ada")

    assert again.vault.id != ada.vault.id
    assert (await again.stats()).messages == 0
    assert await again.recall("swordfish") == []
    await talk(await again.sessions.start(), ("hello", "hi"))
    assert (await keeper.verify()).problems == ()


async def test_promise_11_gone_each_erasure_is_in_the_audit_chain(keeper: Keeper) -> None:
    """Number and digest of the receipt stand in the chain, with counts and without content."""
    ada = await _full_life(keeper)
    first = await ada.erase_session((await ada.sessions.list())[0].id)
    second = await keeper.erase("ada")

    entries = {entry.number: entry for entry in await keeper.store.keyring.check_audit()}
    for receipt, action in ((first, "erase.session"), (second, "erase.vault")):
        entry = entries[receipt.audit_number]
        assert entry.digest.hex() == receipt.audit_digest
        body = json.loads(entry.body)
        assert body["action"] == action
        assert body["messages"] == receipt.messages
        assert tuple(body["keys"]) == receipt.keys_destroyed
    assert b"swordfish" not in b"".join(entry.body for entry in entries.values())
    # As a value: three letters may stand in any id.
    assert b'"ada"' not in b"".join(entry.body for entry in entries.values())


def _restore(world: World, data: Path) -> None:
    """Put a copy of the data back where the store is, as a thief or a hasty operator would."""
    for path in world.path.parent.glob("holdfast.db*"):
        if path.is_file():
            path.unlink()
    shutil.copy(data, world.path)


@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_backup_from_before_stays_closed(what: str, world: World) -> None:
    """Restored under the keys in force, the erased part does not open and is erased again."""
    keeper = await world.open()
    ada, ben = await _full_life(keeper), await _full_life(keeper, "ben")
    doomed = (await ada.sessions.list())[0].id
    copies = world.folder / "backup"
    await keeper.backup(copies / "data", copies / "keys")
    await (ada.erase() if what == "user" else ada.erase_session(doomed))
    theirs = (await ben.stats()).messages
    await keeper.close()

    _restore(world, copies / "data")
    again = await world.open()

    assert (await again.verify()).problems == ()
    assert (await (await again.user("ben", create=False)).stats()).messages == theirs
    if what == "user":
        assert [user.id for user in await again.users()] == ["ben"]
    else:
        ada = await again.user("ada", create=False)
        assert [s.id for s in await ada.sessions.list() if s.id == doomed] == []
        assert {hit.session_id for hit in await ada.recall("swordfish")} & {doomed} == set()


@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_known_key_backup_loses_the_keys_too(
    what: str, world: World
) -> None:
    """Data and keys of before, both restored: the erased part opens with neither."""
    keeper = await world.open()
    ada = await _full_life(keeper)
    doomed = (await ada.sessions.list())[0].id
    copies = world.folder / "backup"
    await keeper.backup(copies / "data", copies / "keys")
    before = (copies / "keys").read_bytes()
    wrapped = [key.wrapped for key in await keeper.store.keyring.storage.keys(ada.vault.raw)]
    await (ada.erase() if what == "user" else ada.erase_session(doomed))
    await keeper.close()
    after = (copies / "keys").read_bytes()

    assert all(key in before for key in wrapped)
    left = [key for key in wrapped if key in after]
    assert len(left) == (0 if what == "user" else len(wrapped) - 1)
    _restore(world, copies / "data")
    shutil.copy(copies / "keys", world.path.with_name("holdfast.keys.db"))
    again = await world.open()
    if what == "user":
        assert await again.users() == []
    else:
        ada = await again.user("ada", create=False)
        assert doomed not in [session.id for session in await ada.sessions.list()]
    assert (await again.verify()).problems == ()


async def test_promise_11_gone_the_rows_of_a_backup_open_under_no_key_in_force(
    world: World,
) -> None:
    """Every row of the erased vault in the copy, tried with every key that is left: none opens."""
    from holdfast.errors import TamperedRecord
    from holdfast.storage.sqlite import SqliteStorage
    from holdfast.vault.envelope import open_sealed

    keeper = await world.open()
    ada, ben = await _full_life(keeper), await _full_life(keeper, "ben")
    vault = ada.vault
    copies = world.folder / "backup"
    await keeper.backup(copies / "data", copies / "keys")
    page_key = keeper.store.keyring.page_key
    await keeper.erase("ada")
    keys = dict((await ben.vault.keys()).records.by_commitment)
    for of_session in (await keeper.store.keyring.all_session_keys(ben.vault.raw)).values():
        keys.update(of_session.by_commitment)
    copy = SqliteStorage.open(copies / "data", page_key=page_key)
    try:
        rows = await copy.changes(ChangesQuery(vault_id=vault.raw, after=-1))
        assert len(rows) > 20
        for row in rows:
            place = vault.place(row.kind, row.scope).of(row.id, row.ord, row.version)
            with pytest.raises(TamperedRecord):
                open_sealed(row.sealed, place, keys)
    finally:
        await copy.close()


class _PowerCut(BaseException):
    """The process ends here."""


async def _erasing_with_a_cut(world: World, what: str, cut: int, moment: str) -> bool:
    """Erase, and end the process at the `cut`-th storage call; False when it got through."""
    keeper = await world.open("tapped")
    ada = await keeper.user("ada", create=False)
    calls = 0

    async def count(_call: str, _asked: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == cut:
            raise _PowerCut

    setattr(world.tap, moment, count)
    try:
        if what == "user":
            await keeper.erase("ada")
        else:
            await ada.erase_session((await ada.sessions.list())[0].id)
    except _PowerCut:
        return True
    else:
        return False
    finally:
        world.tap.still()
        await keeper.store.storage.close()
        await keeper.store.keyring.close()
        world._opened.remove(keeper)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_crash_between_the_steps_is_finished_at_the_next_start(
    what: str, moment: str, world: World
) -> None:
    """Cut at every storage call in turn: once the key is gone, the next start removes the rest;
    before that, nothing has changed."""
    cut, erased = 1, 0
    while True:
        here = World(world.folder / f"{cut}")
        here.tap = world.tap
        keeper = await here.open()
        ada = await _full_life(keeper)
        raw, doomed = ada.vault.raw, (await ada.sessions.list())[0].id
        await keeper.close()
        if not await _erasing_with_a_cut(here, what, cut, moment):
            break
        again = await here.open()
        gone = bool(await again.store.keyring.storage.erasures())
        erased += gone
        await _assert_all_or_nothing(again, what, raw, doomed, gone=gone)
        await here.close()
        cut += 1

    assert cut > 5
    assert erased > 2


async def _assert_all_or_nothing(
    keeper: Keeper, what: str, raw: bytes, doomed: str, *, gone: bool
) -> None:
    assert (await keeper.verify()).problems == ()
    if what == "user":
        assert [user.id for user in await keeper.users()] == ([] if gone else ["ada"])
        rows = await keeper.store.storage.changes(ChangesQuery(vault_id=raw, after=-1))
        assert (rows == []) is gone
        return
    ada = await keeper.user("ada", create=False)
    sessions = [session.id for session in await ada.sessions.list()]
    assert (doomed in sessions) is not gone
    assert (await ada.stats()).messages == (5 if gone else 10)
    assert len(await ada.memories.list()) == (2 if gone else 3)
    live = await ada.vault.storage.rows(RowSpan(vault_id=raw, kind=Kind.THOUGHT, state=State.LIVE))
    assert len(live) == (1 if gone else 2)
    assert len(await ada.recall("swordfish", include="messages", role="user", limit=50)) > 0


@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_crash_before_key_backups_are_renewed_is_finished_too(
    what: str, world: World
) -> None:
    """The key was destroyed, the known key backup still held it: the next start renews it."""
    keeper = await world.open()
    ada = await _full_life(keeper)
    doomed = await keeper.store.keyring.storage.keys(ada.vault.raw)
    copies = world.folder / "backup"
    await keeper.backup(copies / "data", copies / "keys")
    await keeper.close()
    cut = 1
    while await _erasing_with_a_cut(world, what, cut, "before"):
        again = await world.open()
        left = await again.store.keyring.storage.keys(ada.vault.raw)
        lost = [key for key in doomed if key not in left]
        await again.close()
        kept = (copies / "keys").read_bytes()
        assert [key.wrapped for key in lost if key.wrapped in kept] == []
        if lost:
            break
        cut += 1
    else:
        raise AssertionError("the cut never fell behind the destruction")


@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_key_backup_out_of_reach_is_named_and_renewed_later(
    what: str, world: World
) -> None:
    """Its medium was away at the erasure, and at a later backup: it is not forgotten."""
    keeper = await world.open()
    ada = await _full_life(keeper)
    doomed = await keeper.store.keyring.storage.keys(ada.vault.raw)
    medium, away = world.folder / "medium", world.folder / "away"
    await keeper.backup(world.folder / "one" / "data", medium / "keys")
    medium.rename(away)
    await keeper.backup(world.folder / "two" / "data", world.folder / "two" / "keys")
    if what == "user":
        receipt = await keeper.erase("ada")
    else:
        receipt = await ada.erase_session((await ada.sessions.list())[0].id)
    assert receipt.key_backups_left == (str(medium / "keys"),)
    left = await keeper.store.keyring.storage.keys(ada.vault.raw)
    lost = [key for key in doomed if key not in left]
    await keeper.close()

    await (await world.open()).close()
    away.rename(medium)
    await (await world.open()).close()
    kept = (medium / "keys").read_bytes()
    assert lost
    assert [key.wrapped for key in lost if key.wrapped in kept] == []


async def test_promise_11_gone_an_erasure_that_fails_half_way_can_be_repeated(
    world: World,
) -> None:
    """The rows could not be removed: the caller hears of it, calls again, and it is done."""
    keeper = await world.open("tapped")
    ada = await _full_life(keeper)

    async def refuse(call: str, _asked: Any) -> None:
        if call == "data.erase_vault":
            world.tap.before = None
            raise StorageFailed

    world.tap.before = refuse
    with pytest.raises(StorageFailed):
        await keeper.erase("ada")
    await keeper.erase("ada")

    assert await keeper.store.storage.vault(ada.vault.raw) is None
    assert await keeper.users() == []


async def test_promise_11_gone_erasing_while_others_talk(world: World) -> None:
    """Erased while turns are being recorded: they fail or went before; nothing of them is left."""
    here, there = await world.open(), await world.open()
    ada = await here.user("ada")
    sessions = [await ada.sessions.start() for _ in range(4)]
    elsewhere = await there.user("ada")
    sessions += [await elsewhere.sessions.open(session.id) for session in sessions]
    begun = asyncio.Event()

    async def chatter(session: Any) -> None:
        for n in range(1000):
            await talk(session, (f"swordfish {n}", "yes"))
            if n == 5:
                begun.set()

    talkers = [asyncio.create_task(chatter(session)) for session in sessions]
    await begun.wait()
    await here.erase("ada")
    outcomes = await asyncio.gather(*talkers, return_exceptions=True)

    assert all(isinstance(outcome, HoldfastError) for outcome in outcomes)
    assert await here.store.storage.vaults() == []
    assert await here.users() == []
    again = await here.user("ada")
    assert await again.recall("swordfish") == []


async def test_promise_11_gone_a_room_that_is_erased_is_gone_for_all(keeper: Keeper) -> None:
    """The owner erases the room: no member finds it any more, and their own vaults stay."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])
    await room.post("swordfish")
    theirs = await ben.rooms.open(room.id)

    receipt = await room.erase()

    assert receipt.messages == 1
    for attempt in (theirs.messages(), room.messages(), ben.rooms.open(room.id)):
        with pytest.raises(HoldfastError):
            await attempt
    assert await ada.rooms.list() == []
    assert await ben.rooms.list() == []
    assert (await keeper.verify()).problems == ()


@pytest.mark.parametrize("what", ["message", "session", "user"])
async def test_promise_11_gone_the_sealed_bytes_are_in_no_file_of_the_store(
    what: str, world: World
) -> None:
    """Even what nobody can open any more is overwritten, in the database and in its log."""
    keeper = await world.open("bare")
    ada = await _full_life(keeper)
    session = await ada.sessions.open((await ada.sessions.list())[0].id)
    scope = bytes.fromhex(session.id.replace("-", ""))
    raw = ada.vault.raw
    rows = [
        row
        for kind in (Kind.MESSAGE, Kind.CHUNK, Kind.TURN)
        for row in await ada.vault.storage.rows(RowSpan(vault_id=raw, kind=kind, scope=scope))
    ]
    said = await session.messages()
    if what == "message":
        ids = {bytes.fromhex(message.id.replace("-", "")) for message in said[:2]}
        rows = [row for row in rows if ids & {row.id, row.parent} and row.kind is not Kind.TURN]
    before = _bytes_of(world.data_dir)
    assert len(rows) > 2
    assert all(row.sealed in before for row in rows)

    if what == "message":
        await ada.forget([message.id for message in said[:2]])
    elif what == "session":
        await ada.erase_session(session.id)
    else:
        await keeper.erase("ada")

    after = _bytes_of(world.data_dir)
    assert [row.kind for row in rows if row.sealed[45:] in after] == []


@pytest.mark.parametrize("what", ["user", "session"])
async def test_promise_11_gone_a_restore_with_an_old_copy_of_the_keys_brings_nothing_back(
    what: str, world: World
) -> None:
    """Somebody kept a copy of the key backup that we do not know: the erasures here still hold."""
    from holdfast.keeper.opening import OpenOptions
    from holdfast.keeper.restoring import restore

    keeper = await world.open()
    ada, ben = await _full_life(keeper), await _full_life(keeper, "ben")
    doomed = (await ada.sessions.list())[0].id
    copies = world.folder / "backup"
    await keeper.backup(copies / "data", copies / "keys")
    shutil.copy(copies / "keys", world.folder / "kept-copy")
    await (ada.erase() if what == "user" else ada.erase_session(doomed))
    theirs = (await ben.stats()).messages
    await keeper.close()
    options = OpenOptions(url=f"sqlite:///{world.path}", root_key=KeyFile(world.root_key))

    report = await restore(options, copies / "data", world.folder / "kept-copy")

    assert report.placed
    again = await world.open()
    assert (await again.verify()).problems == ()
    assert (await (await again.user("ben", create=False)).stats()).messages == theirs
    if what == "user":
        assert [user.id for user in await again.users()] == ["ben"]
    else:
        ada = await again.user("ada", create=False)
        assert doomed not in [session.id for session in await ada.sessions.list()]
        assert (await ada.stats()).messages == 5


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_promise_11_gone_a_running_neighbour_finishes_what_was_cut_short(
    world: World,
) -> None:
    """An erase that died between key and rows is finished by `recover`, without a new start."""
    neighbour = await world.open()
    dying = await world.open("tapped")
    ada = await dying.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("one", "first"))

    async def die(call: str, asked: Any) -> None:
        if call == "data.commit" and asked.erase_sessions:
            raise StorageFailed

    world.tap.before = die
    with pytest.raises(StorageFailed):
        await ada.erase_session(session.id)
    mine = await neighbour.user("ada")
    assert (await mine.stats()).messages == 2

    await neighbour.recover()

    assert (await mine.stats()).messages == 0
    assert (await neighbour.verify()).ok
