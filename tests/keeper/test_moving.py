"""Export and import: what comes back is what was there, once, whatever is done twice."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fix_keeper import World, talk
from fix_lives import full_life
from holdfast.errors import BundleDamaged, ImportFailed
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User


async def _everything(user: User) -> dict[str, Any]:
    """All that a user has, as values, without what is a vault's own."""
    found: dict[str, Any] = {"sessions": {}, "files": {}}
    async for info in user.sessions.each():
        session = await user.sessions.open(info.id)
        messages = await session.messages(forgotten=True)
        found["sessions"][info.id] = (
            msgspec.structs.replace(info, vault_id=""),
            messages,
            await session.turns(),
            [m.id for m in await session.branch()],
        )
        for message in messages:
            if message.file is not None:
                found["files"][message.id] = await session.read_file(message.id)
    found["memories"] = sorted(await user.memories.list(), key=lambda m: m.id)
    found["thoughts"] = sorted(await user.thoughts.list(), key=lambda t: t.id)
    found["assistants"] = await user.names.assistants()
    found["projects"] = await user.names.projects()
    return found


async def test_a_bundle_brings_everything_back(world: World, tmp_path: Path) -> None:
    """Into another store: every value equal, ids, times, branches and files among them."""
    here = await world.open()
    ada = await here.user("ada")
    await full_life(ada)
    before = await _everything(ada)
    bundle = tmp_path / "ada.zip"
    await ada.exports.file(bundle)
    there = World(tmp_path / "there")
    try:
        keeper = await there.open()
        again = await keeper.user("ada")
        report = await again.imports.file(bundle)

        after = await _everything(again)
        for part in before:
            assert after[part] == before[part]
        assert report.broken == ()
        assert (await keeper.verify()).problems == ()
        assert len(await again.recall("picture", limit=5)) > 0
    finally:
        await there.close()


async def test_a_bundle_of_a_bundle_is_the_same(keeper: Keeper, tmp_path: Path) -> None:
    """Exported, imported, exported: the second bundle holds what the first held."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await full_life(ada)
    await ada.exports.file(tmp_path / "one.zip")
    await ben.imports.file(tmp_path / "one.zip")
    await ben.exports.file(tmp_path / "two.zip")

    one, two = _members(tmp_path / "one.zip"), _members(tmp_path / "two.zip")
    assert _without_vault(one, ada.vault.id) == _without_vault(two, ben.vault.id)


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return found


def _without_vault(members: dict[str, bytes], vault_id: str) -> dict[str, bytes]:
    """The members without the id of the vault they came from, and without their own checksums."""
    kept = {name: content for name, content in members.items() if "manifest" not in name}
    return {name: content.replace(vault_id.encode(), b"") for name, content in kept.items()}


async def test_importing_a_bundle_twice_changes_nothing(keeper: Keeper, tmp_path: Path) -> None:
    """Into another vault, and into the one it came from."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await full_life(ada)
    mine = await _everything(ada)
    await ada.exports.file(tmp_path / "ada.zip")
    await ben.imports.file(tmp_path / "ada.zip")
    theirs = await _everything(ben)

    for user, held in ((ben, theirs), (ada, mine)):
        report = await user.imports.file(tmp_path / "ada.zip")
        assert (report.conversations, report.messages, report.memories) == (0, 0, 0)
        assert await _everything(user) == held
    assert (await keeper.verify()).problems == ()


async def test_what_was_erased_since_is_named_and_the_rest_comes_in(
    keeper: Keeper, tmp_path: Path
) -> None:
    """What was erased here stays so, is reported with its reason, and keeps nothing else out."""
    ada = await keeper.user("ada")
    await full_life(ada)
    await ada.exports.file(tmp_path / "ada.zip")
    doomed = (await ada.sessions.list(archived=False))[0].id
    await ada.erase_session(doomed)
    before = await _everything(ada)

    report = await ada.imports.file(tmp_path / "ada.zip")

    assert [broken.code for broken in report.broken] == ["vault_erased"]
    assert doomed in report.broken[0].place
    assert (report.conversations, report.unchanged, report.memories) == (0, 1, 0)
    assert await _everything(ada) == before
    assert (await keeper.verify()).problems == ()


async def test_what_was_forgotten_since_does_not_come_back(keeper: Keeper, tmp_path: Path) -> None:
    """The same bundle again, after messages were forgotten and a memory with them: none returns."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await session.log_full_chat_interaction("my secret", "kept", memory="secret", thought="s")
    await ada.exports.file(tmp_path / "ada.zip")
    await ada.forget([message.id for message in await session.messages()])
    before = await _everything(ada)

    await ada.imports.file(tmp_path / "ada.zip")

    assert await _everything(ada) == before
    assert await ada.recall("secret") == []


async def test_a_damaged_bundle_is_refused(keeper: Keeper, tmp_path: Path) -> None:
    """Any byte of any member changed: BundleDamaged or a kindred error, and nothing comes in."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await talk(await ada.sessions.start(), ("hello", "hi"))
    whole = tmp_path / "ada.zip"
    await ada.exports.file(whole)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, content in members.items():
        damaged = tmp_path / "damaged.zip"
        if not content:
            continue
        middle = len(content) // 2
        wrong = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        with zipfile.ZipFile(damaged, "w") as archive:
            for other, kept in members.items():
                archive.writestr(other, wrong if other == name else kept)
        with pytest.raises((BundleDamaged, ImportFailed)):
            await ben.imports.file(damaged)
        assert (await ben.stats()).messages == 0


async def test_exporting_while_talking_takes_whole_turns(world: World, tmp_path: Path) -> None:
    """An export during talk imports cleanly: no message without its turn, no gap."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("begin", "yes"))

    async def chatter() -> None:
        for n in range(60):
            await talk(session, (f"q{n}", f"a{n}"))

    talking = asyncio.create_task(chatter())
    bundles = []
    while not talking.done():
        bundle = tmp_path / f"{len(bundles)}.zip"
        await ada.exports.file(bundle)
        bundles.append(bundle)
    await talking

    for number, bundle in enumerate(bundles):
        user = await keeper.user(f"copy {number}")
        report = await user.imports.file(bundle)
        assert report.broken == ()
        (info,) = await user.sessions.list()
        copy = await user.sessions.open(info.id)
        messages, turns = await copy.messages(), await copy.turns()
        assert [m.seq for m in messages] == list(range(len(messages)))
        assert {m.turn_id for m in messages} <= {turn.id for turn in turns}
        assert {turn.status for turn in turns} <= {"complete", "interrupted"}
    assert (await keeper.verify()).problems == ()


async def test_a_folder_that_cannot_be_written_leaves_no_half_export(
    keeper: Keeper, tmp_path: Path
) -> None:
    """The target's folder is a file: a typed error, nothing beside it."""
    from holdfast.errors import HoldfastError

    ada = await keeper.user("ada")
    await talk(await ada.sessions.start(), ("hello", "hi"))
    (tmp_path / "file").write_text("x")

    with pytest.raises(HoldfastError):
        await ada.exports.file(tmp_path / "file" / "out.zip")

    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
