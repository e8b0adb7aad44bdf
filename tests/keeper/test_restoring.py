"""From a backup back to a store, whatever happened in between."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import holdfast
from fix_keeper import World, embedder, talk, texts
from holdfast.errors import (
    BadInput,
    NotFound,
    RootKeyWrong,
    StorageBusy,
    StorageFull,
    VaultLocked,
)
from holdfast.keeper import restoring
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.opening import OpenOptions
from holdfast.keeper.restoring import RestoreReport, restore

BLUE = ("Remember, my favourite colour is blue", "Noted.")


class Saved:
    """A store with one conversation of Ada's, and backups of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.data = world.folder / "backups" / "one.db"
        self.keys = world.folder / "backups" / "one.keys.db"

    def options(self, **given: Any) -> OpenOptions:
        """How the store is opened."""
        return OpenOptions(
            **{
                "url": f"sqlite:///{self.world.path}",
                "root_key": holdfast.KeyFile(self.world.root_key),
                "clock": self.world.clock,
                "ids": self.world.ids,
                "embedder": embedder,
                **given,
            }
        )

    async def restore(self, *, keys: bool = False, **given: Any) -> RestoreReport:
        """Restore the backup, with the key backup or without."""
        return await restore(self.options(), self.data, self.keys if keys else None, **given)

    async def said(self, user: str = "ada") -> list[str]:
        """What a user has said, by the store as it is now."""
        keeper = await self.world.open()
        try:
            ada = await keeper.user(user, create=False)
            found: list[str] = []
            async for info in ada.sessions.each():
                found += texts(await (await ada.sessions.open(info.id)).messages())
            return sorted(found)
        finally:
            await keeper.close()


@pytest.fixture
async def saved(world: World) -> Saved:
    """A store that was backed up, and closed."""
    made = Saved(world)
    keeper = await world.open()
    await _say(keeper, "ada", BLUE)
    await keeper.backup(made.data, made.keys)
    await keeper.close()
    return made


async def _say(keeper: Keeper, user: str, *exchanges: tuple[str, str]) -> None:
    session = await (await keeper.user(user)).sessions.start()
    await talk(session, *exchanges)


async def _change(saved: Saved, *exchanges: tuple[str, str], user: str = "ada") -> None:
    keeper = await saved.world.open()
    await _say(keeper, user, *exchanges)
    await keeper.close()


async def test_a_backup_comes_back_and_the_former_database_is_set_aside(saved: Saved) -> None:
    """After a restore what was backed up is there; what came later is in the file set aside."""
    await _change(saved, ("later", "too late"))

    report = await saved.restore()

    assert sorted(BLUE) == await saved.said()
    assert report.placed
    assert report.verified.ok
    assert report.set_aside is not None
    assert Path(report.set_aside).stat().st_size > 0
    assert not list(saved.world.data_dir.glob(".*restoring*"))


async def test_going_back_by_a_restore_is_no_rollback(saved: Saved) -> None:
    """What was verified after the backup was made does not count against it, now or later."""
    keeper = await saved.world.open()
    ada = await keeper.user("ada")
    await talk(await ada.sessions.open((await ada.sessions.list())[0].id), ("more", "of it"))
    await _say(keeper, "ada", ("a new talk", "indeed"))
    assert (await keeper.verify()).ok
    await keeper.close()

    report = await saved.restore(keys=True)

    keeper = await saved.world.open()
    assert report.verified.problems == ()
    assert (await keeper.verify()).problems == ()


async def test_a_restored_store_goes_on(saved: Saved) -> None:
    """What is said after a restore is kept, found, and verified."""
    await _change(saved, ("later", "too late"))
    await saved.restore()
    await _change(saved, ("My favourite animal is the owl", "Noted."))

    keeper = await saved.world.open()
    hits = await (await keeper.user("ada")).recall("favourite animal", limit=1)

    assert ["My favourite animal is the owl"] == texts([h.message for h in hits])
    assert (await keeper.verify()).ok


async def test_an_index_of_before_is_not_taken_for_one_of_now(saved: Saved) -> None:
    """Snapshots of rows that are gone are removed: recall finds what is there and nothing else."""
    keeper = await saved.world.open()
    await _say(keeper, "ada", ("The owl sleeps", "Yes."))
    ada = await keeper.user("ada")
    await ada.recall("owl")
    await keeper.close()
    assert list(saved.world.data_dir.glob("*.index/*"))

    await saved.restore()

    # As many writes as there were before: a former snapshot would not look like one of later.
    await _change(saved, *((f"said {n}", "heard") for n in range(9)))
    keeper = await saved.world.open()
    hits = await (await keeper.user("ada")).recall("owl colour")
    assert "The owl sleeps" not in texts([h.message for h in hits])


async def test_what_was_erased_since_stays_erased(saved: Saved) -> None:
    """A data backup from before an erase comes back without the user, and without the keys."""
    keeper = await saved.world.open()
    await _say(keeper, "ben", ("Ben was here", "Hello."))
    await keeper.erase("ada")
    await keeper.close()

    report = await saved.restore(keys=True)

    assert report.verified.ok
    with pytest.raises(NotFound):
        await saved.said("ada")


async def test_an_old_copy_of_the_keys_does_not_undo_an_erase(saved: Saved) -> None:
    """Keys that somebody kept from before the erase are not taken back."""
    kept = saved.keys.with_name("kept.keys.db")
    shutil.copyfile(saved.keys, kept)
    keeper = await saved.world.open()
    vault = (await keeper.user("ada")).vault.raw
    await keeper.erase("ada")
    await keeper.close()

    newer = saved.data.with_name("two.db")
    keeper = await saved.world.open()
    await keeper.backup(newer, saved.keys.with_name("two.keys.db"))
    await keeper.close()

    for data in (newer, saved.data):
        await restore(saved.options(), data, kept)

        keeper = await saved.world.open()
        assert [] == await keeper.store.keyring.storage.keys(vault)
        assert [] == await keeper.users()
        await keeper.close()


async def test_a_session_erased_since_stays_erased(saved: Saved) -> None:
    """Erasing one session holds over a restore too; the user's others come back."""
    keeper = await saved.world.open()
    ada = await keeper.user("ada")
    await ada.erase_session((await ada.sessions.list())[0].id)
    await keeper.close()

    await saved.restore(keys=True)

    assert [] == await saved.said()


async def test_lost_keys_come_back_from_the_key_backup(saved: Saved) -> None:
    """With data and keys gone, both backups and the root key are enough."""
    shutil.rmtree(saved.world.data_dir)

    report = await saved.restore(keys=True)

    assert report.set_aside is None
    assert sorted(BLUE) == await saved.said()


async def test_without_any_keys_it_says_so(saved: Saved) -> None:
    """Data alone cannot be opened, and nothing is made in its place."""
    shutil.rmtree(saved.world.data_dir)

    with pytest.raises(VaultLocked):
        await saved.restore()

    assert not saved.world.path.exists()


async def test_only_missing_keys_are_taken_from_the_backup(saved: Saved) -> None:
    """Keys that are newer than the backup stay: what was said under them can be read."""
    shutil.copyfile(saved.world.path.with_name("holdfast.keys.db"), saved.keys)
    await _change(saved, ("Ben was here", "Hello."), user="ben")
    newer = saved.data.with_name("two.db")
    keeper = await saved.world.open()
    await keeper.backup(newer, saved.keys.with_name("two.keys.db"))
    await keeper.close()

    report = await restore(saved.options(), newer, saved.keys)

    assert report.verified.ok
    assert ["Ben was here", "Hello."] == await saved.said("ben")


async def test_a_wrong_root_key_is_told_and_changes_nothing(saved: Saved) -> None:
    """Another root key does not open the keys."""
    shutil.rmtree(saved.world.data_dir)
    other = saved.options(root_key=holdfast.KeyFile(saved.world.folder / "other" / "root.key"))

    with pytest.raises((RootKeyWrong, holdfast.HoldfastError)) as told:
        await restore(other, saved.data, saved.keys)

    assert told.value.code in ("root_key_wrong", "root_key_missing")
    assert not saved.world.path.exists()


async def test_keys_wrapped_by_a_former_root_key_are_refused(saved: Saved) -> None:
    """After a rotation of the root an older key backup does not open; the data backup does."""
    keeper = await saved.world.open()
    await keeper.keys.rotate_root()
    await keeper.close()

    with pytest.raises(RootKeyWrong):
        await saved.restore(keys=True)
    assert (await saved.restore()).verified.ok
    assert sorted(BLUE) == await saved.said()


async def test_a_backup_from_before_a_rotation_of_the_vault_key_needs_its_keys(
    saved: Saved,
) -> None:
    """The old keys come back with the key backup, and the store can be written again."""
    keeper = await saved.world.open()
    await keeper.keys.rotate_vault((await keeper.user("ada")).vault)
    await keeper.close()

    without = await saved.restore()
    report = await saved.restore(keys=True)
    await _change(saved, ("after", "all"))

    assert not without.placed
    assert report.verified.ok
    assert sorted([*BLUE, "after", "all"]) == await saved.said()


async def test_a_backup_of_another_store_is_refused(saved: Saved, tmp_path: Path) -> None:
    """Neither data nor keys of another store get in."""
    other = World(tmp_path / "elsewhere")
    keeper = await other.open(root_key=holdfast.KeyFile(saved.world.root_key))
    await _say(keeper, "eve", ("Eve was here", "Hello."))
    data, keys = tmp_path / "eve.db", tmp_path / "eve.keys.db"
    await keeper.backup(data, keys)
    await other.close()

    with pytest.raises(BadInput, match="another store"):
        await restore(saved.options(), data)
    with pytest.raises(BadInput, match="another store"):
        await restore(saved.options(), data, keys)
    assert sorted(BLUE) == await saved.said()


@pytest.mark.parametrize("content", [b"", b"nothing like a database" * 1000])
async def test_a_file_that_is_no_backup_is_refused(saved: Saved, content: bytes) -> None:
    """Empty or foreign files end in an error; the store is as it was."""
    saved.data.write_bytes(content)

    with pytest.raises(BadInput):
        await saved.restore()
    assert sorted(BLUE) == await saved.said()


async def test_a_damaged_backup_is_not_put_in_place_unless_told_to(saved: Saved) -> None:
    """Problems are listed first; nothing changes until the owner accepts them."""
    keeper = await saved.world.open()
    await _say(keeper, "ben", ("Ben was here", "Hello."))
    saved.data.unlink()
    saved.keys.unlink()
    ben = await keeper.user("ben")
    await keeper.store.keyring.destroy(ben.vault.raw)
    await keeper.backup(saved.data, saved.keys)
    await keeper.close()

    report = await saved.restore()
    accepted = await saved.restore(despite_problems=True)

    assert not report.placed
    assert {"vault_locked"} == {problem.code for problem in report.verified.problems}
    assert accepted.placed


async def test_an_open_store_is_not_restored_over(saved: Saved) -> None:
    """While anybody has the store open, also this process, it is left alone."""
    await saved.world.open()

    with pytest.raises(StorageBusy, match="stop the server"):
        await saved.restore()


@pytest.mark.parametrize("step", ["_place", "_copy", "clear_staging"])
async def test_an_interrupted_restore_leaves_the_store_as_it_was(
    saved: Saved, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step fails, what was there opens as before, and the next restore succeeds."""
    await _change(saved, ("later", "still here"))
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(restoring, step, fail)
        if step == "overwrite":
            (saved.world.data_dir / ".holdfast.db.restoring").mkdir()
            (saved.world.data_dir / ".holdfast.db.restoring" / "keys.db").write_bytes(b"left")
        with pytest.raises(StorageFull):
            await saved.restore(keys=True)

    assert sorted([*BLUE, "later", "still here"]) == await saved.said()
    assert (await saved.restore(keys=True)).placed
    assert sorted(BLUE) == await saved.said()


async def test_key_copies_do_not_stay_behind(saved: Saved) -> None:
    """The copies of keys that a restore works with are overwritten and removed."""
    before = {path.name for path in saved.world.data_dir.iterdir()}

    report = await saved.restore(keys=True)

    after = {path.name for path in saved.world.data_dir.iterdir()}
    assert report.set_aside is not None
    assert after - before == {Path(report.set_aside).name}
