"""What a verification sees beyond single records: sessions that went back, or went away."""

from __future__ import annotations

import shutil

from fix_keeper import World, talk

_ENDINGS = ("", "-wal", "-shm")


async def test_a_store_rolled_back_as_a_whole_is_noticed(world: World) -> None:
    """The data file of before, put back after a verification, is named session by session."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("one", "first"))
    await keeper.close()
    shutil.copy(world.path, world.folder / "old.db")
    keeper = await world.open()
    ada = await keeper.user("ada")
    await talk(await ada.sessions.open(session.id), ("two", "second"))
    later = await ada.sessions.start()
    await talk(later, ("three", "third"))
    assert (await keeper.verify()).ok
    await keeper.close()

    for ending in _ENDINGS:
        world.path.with_name(world.path.name + ending).unlink(missing_ok=True)
    shutil.copy(world.folder / "old.db", world.path)
    keeper = await world.open()
    found = await keeper.verify()

    assert {problem.session_id for problem in found.problems} == {session.id, later.id}
    assert {problem.code for problem in found.problems} == {"broken_chain"}


async def test_what_was_erased_is_not_missed(world: World) -> None:
    """A session that was erased after a verification is no problem for the next."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("one", "first"))
    assert (await keeper.verify()).ok

    await ada.erase_session(session.id)

    assert (await keeper.verify()).ok


async def test_a_rotated_key_starts_the_chain_anew(world: World) -> None:
    """After a rotation the anchors of before still hold, by length."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("one", "first"))
    assert (await keeper.verify()).ok

    await keeper.keys.rotate_vault(ada.vault)
    await talk(session, ("two", "second"))

    assert (await keeper.verify()).ok
