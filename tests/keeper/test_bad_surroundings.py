"""Wrong keys, full and read-only disks, damage, newer schemas: typed errors, nothing lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import apsw
import pytest

import holdfast
from fix_keeper import World, talk, texts
from holdfast.errors import (
    HoldfastError,
    RootKeyExposed,
    RootKeyMissing,
    RootKeyWrong,
    SchemaTooNew,
    StorageCorrupt,
    StorageFull,
    StorageReadOnly,
    VaultLocked,
)
from holdfast.vault.envelope import new_secret
from holdfast.vault.root import key_text
from keeper.disks import read_only, small_disk


async def _said(world: World) -> str:
    """Something that was said in this world; its session's id."""
    keeper = await world.open()
    session = await (await keeper.user("ada")).sessions.start()
    await talk(session, ("hello", "hi"))
    await keeper.close()
    return session.id


async def _still_there(world: World, session_id: str) -> None:
    keeper = await world.open()
    session = await (await keeper.user("ada", create=False)).sessions.open(session_id)
    assert texts(await session.messages()) == ["hello", "hi"]
    assert (await keeper.verify()).problems == ()
    await keeper.close()


async def _refused(world: World, error: type[HoldfastError], **options: object) -> str:
    """Opening fails with this class; what it says."""
    with pytest.raises(error) as caught:
        await world.open(**options)  # type: ignore[arg-type]  # options of `open`
    assert type(caught.value) is error
    assert caught.value.code == error.code
    return str(caught.value)


async def test_a_wrong_root_key_opens_nothing_and_changes_nothing(world: World) -> None:
    """RootKeyWrong, for another file and another value; with the right one all is as before."""
    session = await _said(world)
    other = world.folder / "other.key"
    other.touch(0o600)
    other.write_text(key_text(new_secret()), encoding="ascii")

    said = await _refused(world, RootKeyWrong, root_key=holdfast.KeyFile(other))
    await _refused(world, RootKeyWrong, root_key=holdfast.GivenKey(key_text(new_secret())))

    assert "use the key" in said
    await _still_there(world, session)


@pytest.mark.parametrize("text", ["", "hello", "holdfast-root-1:short", "\0" * 44, "é" * 44])
async def test_a_key_file_that_holds_no_key_is_wrong(text: str, world: World) -> None:
    """RootKeyWrong; the file is left as it is."""
    session = await _said(world)
    right = world.root_key.read_bytes()
    world.root_key.write_text(text, encoding="utf-8")

    await _refused(world, RootKeyWrong)

    assert world.root_key.read_text(encoding="utf-8") == text
    world.root_key.write_bytes(right)
    await _still_there(world, session)


async def test_a_missing_key_file_is_not_made_anew(world: World) -> None:
    """RootKeyMissing where there is sealed data: a new key would not open it."""
    session = await _said(world)
    away = world.root_key.rename(world.folder / "away")

    said = await _refused(world, RootKeyMissing)

    assert not world.root_key.exists()
    assert "HOLDFAST_ROOT_KEY_FILE" in said
    away.rename(world.root_key)
    await _still_there(world, session)


async def test_missing_wrapped_keys_are_not_made_anew(world: World) -> None:
    """VaultLocked where the key storage beside the data is gone or empty."""
    session = await _said(world)
    keys = world.path.with_name("holdfast.keys.db")
    away = keys.rename(world.folder / "away")

    await _refused(world, VaultLocked)

    keys.unlink(missing_ok=True)
    away.rename(keys)
    await _still_there(world, session)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o777])
async def test_a_key_file_that_others_can_read_is_refused(mode: int, world: World) -> None:
    """RootKeyExposed, which names the mode and what to run."""
    session = await _said(world)
    world.root_key.chmod(mode)

    said = await _refused(world, RootKeyExposed)

    assert f"{mode:04o}" in said
    assert "chmod 600" in said
    world.root_key.chmod(0o600)
    await _still_there(world, session)


async def test_the_key_file_is_made_for_its_owner_alone(world: World) -> None:
    """Made on first start, readable by nobody else, and so are data and wrapped keys."""
    await _said(world)

    modes = {path.name: path.stat().st_mode & 0o777 for path in world.data_dir.iterdir()}
    modes["root.key"] = world.root_key.stat().st_mode & 0o777
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


@pytest.fixture
def read_only_data(world: World) -> Iterator[ExitStack]:
    """Makes the data folder read-only when entered, for root by a mount."""
    with ExitStack() as undo:
        yield undo


def _forbid_writing(folder: Path, undo: ExitStack) -> None:
    if os.geteuid() == 0:
        undo.enter_context(read_only(folder))
        return
    undo.callback(folder.chmod, folder.stat().st_mode)
    for path in folder.rglob("*"):
        undo.callback(path.chmod, path.stat().st_mode)
        path.chmod(0o500 if path.is_dir() else 0o400)
    folder.chmod(0o500)


async def test_a_database_that_cannot_be_written_is_refused(
    world: World, read_only_data: ExitStack
) -> None:
    """StorageReadOnly on opening; when it can be written again, all is there."""
    session = await _said(world)
    _forbid_writing(world.data_dir, read_only_data)

    said = await _refused(world, StorageReadOnly)

    assert "cannot be written" in said
    read_only_data.close()
    await _still_there(world, session)


async def test_a_folder_that_cannot_be_made_is_refused(
    world: World, read_only_data: ExitStack
) -> None:
    """StorageReadOnly where not even the folder can be made."""
    world.data_dir.mkdir(parents=True)
    _forbid_writing(world.data_dir, read_only_data)
    world.data_dir = world.data_dir / "deeper"

    await _refused(world, StorageReadOnly)


async def test_a_full_disk_loses_nothing_that_was_acknowledged(world: World) -> None:
    """StorageFull in the middle of talk: what was acknowledged is there, the rest is not, and
    talking goes on when there is room again."""
    with small_disk(world.folder / "small", 2000) as disk:
        world.data_dir = disk
        keeper = await world.open()
        session = await (await keeper.user("ada")).sessions.start()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(700_000))
        acknowledged = []

        async def talk_on() -> None:
            for n in range(1000):
                async with session.turn(f"asked {n} " + "x" * 3000) as turn:
                    acknowledged.append(turn.messages[0].text)
                    acknowledged.append((await turn.reply(f"answered {n}")).text)

        with pytest.raises(StorageFull):
            await talk_on()
        assert len(acknowledged) > 10
        assert texts(await session.messages(limit=10_000)) == acknowledged

        ballast.unlink()
        await talk(session, ("room again", "yes"))
        await keeper.close()
        keeper = await world.open()
        session = await (await keeper.user("ada")).sessions.open(session.id)

        assert texts(await session.messages(limit=10_000)) == [*acknowledged, "room again", "yes"]
        assert {turn.status for turn in await session.turns(limit=10_000)} <= {
            "complete",
            "interrupted",
            "failed",
        }
        assert (await keeper.verify()).problems == ()
        await keeper.close()


async def test_a_disk_that_was_full_can_be_erased_from(world: World) -> None:
    """With some room again the session that filled the disk can be erased."""
    with small_disk(world.folder / "small", 2000) as disk:
        world.data_dir = disk
        keeper = await world.open()
        ada = await keeper.user("ada")
        session = await ada.sessions.start()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1_000_000))

        async def talk_on() -> None:
            while True:
                await session.log_full_chat_interaction("x" * 5000, "y")

        with pytest.raises(StorageFull):
            await talk_on()
        ballast.unlink()
        await ada.erase_session(session.id)

        other = await ada.sessions.start()
        await talk(other, ("room again", "yes"))
        assert (await keeper.verify()).problems == ()
        await keeper.close()


async def test_damaged_pages_are_never_other_words(world: World) -> None:
    """Each page damaged in turn: StorageCorrupt, a wrong key, or everything as it was."""
    session_id = await _said(world)
    sound = world.path.read_bytes()
    told: list[str] = []
    for at in range(0, len(sound), 4096):
        world.path.write_bytes(sound[: at + 100] + bytes(8) + sound[at + 108 :])
        for leftover in ("-wal", "-shm"):
            world.path.with_name(world.path.name + leftover).unlink(missing_ok=True)
        try:
            keeper = await world.open()
            session = await (await keeper.user("ada", create=False)).sessions.open(session_id)
            assert texts(await session.messages()) == ["hello", "hi"]
            told.append("as before")
        except HoldfastError as exc:
            told.append(exc.code)
        finally:
            await world.close()

    assert set(told) <= {"as before", StorageCorrupt.code, RootKeyWrong.code}
    assert StorageCorrupt.code in told
    world.path.write_bytes(sound)
    await _still_there(world, session_id)


@pytest.mark.parametrize("which", ["data", "keys"])
async def test_a_newer_schema_is_refused_and_left_alone(which: str, world: World) -> None:
    """SchemaTooNew says what to do, and the file is not touched."""
    keeper = await world.open("bare")
    await talk(await (await keeper.user("ada")).sessions.start(), ("hello", "hi"))
    await keeper.close()
    path = world.path if which == "data" else world.path.with_name("holdfast.keys.db")
    connection = apsw.Connection(str(path))
    connection.execute(
        "UPDATE meta SET value = 99 WHERE name IN ('schema_version', 'schema_compat_version')"
    )
    connection.close()
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew) as caught:
        await world.open("bare")

    assert (caught.value.found, caught.value.code) == (99, "schema_too_new")
    assert "upgrade" in str(caught.value)
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused_and_left_alone(world: World) -> None:
    """A file that is not ours is never taken over."""
    world.data_dir.mkdir(parents=True)
    connection = apsw.Connection(str(world.path))
    connection.execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
    connection.close()
    before = world.path.read_bytes()

    with pytest.raises(HoldfastError):
        await world.open()

    assert world.path.read_bytes() == before


async def test_a_database_in_use_elsewhere_is_waited_for_and_then_busy(world: World) -> None:
    """Another program holds the write lock for too long: StorageBusy, and nothing half-written."""
    from holdfast.errors import StorageBusy

    keeper = await world.open("bare", busy_timeout_s=0.05)
    session = await (await keeper.user("ada")).sessions.start()
    other = apsw.Connection(str(world.path))
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageBusy):
            await session.log_full_chat_interaction("hello", "hi")
    finally:
        other.execute("ROLLBACK")
        other.close()

    assert await session.messages() == []
    await talk(session, ("hello", "hi"))
    assert texts(await session.messages()) == ["hello", "hi"]
