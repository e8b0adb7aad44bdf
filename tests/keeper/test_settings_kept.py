"""Settings of a vault: each is one record, where it always was, and no change to it is lost."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.keeper.keeper import Keeper
from holdfast.storage.protocol import ByIds, Kind
from holdfast.vault.vault import Vault


async def _kinds(vault: Vault, raw: bytes) -> list[Kind]:
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
    return [row.kind for row in rows]


@pytest.mark.parametrize("name", ["preferences", "pauses"])
async def test_the_oldest_settings_are_found_by_their_once_tag(keeper: Keeper, name: str) -> None:
    """Releases that find them so read what this one writes, and this one what those wrote."""
    ada = await keeper.user("ada")
    await ada.prefer(theme="dark")
    await ada.pause_learning()

    vault = ada.vault
    raw = await vault.storage.once(vault.raw, vault.keyring.tag(vault.raw, "setting", name))

    assert raw is not None
    assert await _kinds(vault, raw) == [Kind.SETTING]


@pytest.mark.parametrize("name", ["trash", "memory trash"])
async def test_what_is_in_the_trash_stands_under_an_id_that_follows_from_the_vault(
    keeper: Keeper, name: str
) -> None:
    """One look-up finds it, by whichever process it was written."""
    ada = await keeper.user("ada")
    await ada.sessions.trash((await ada.sessions.start()).id)
    await ada.memories.trash((await ada.memories.add("keeps bees")).id)

    vault = ada.vault

    assert await _kinds(vault, vault.keyring.tag(vault.raw, "setting", name)[:16]) == [Kind.SETTING]


async def test_keys_of_unsent_words_outlive_two_rotations(keeper: Keeper) -> None:
    """A new one seals from then on; those of before are there for what a browser still holds."""
    ada = await keeper.user("ada")
    asked = []
    for _ in range(4):
        asked.append(await ada.draft_keys())
        await keeper.keys.rotate_vault(ada.vault)

    newest = [keys[0] for keys in asked]
    assert len(set(newest)) == 4
    assert asked == [tuple(reversed(newest[max(0, n - 2) : n + 1])) for n in range(4)]


async def test_keys_of_unsent_words_are_written_once(keeper: Keeper) -> None:
    """Asking again, also from several windows at once, changes nothing."""
    ada = await keeper.user("ada")
    first = await asyncio.gather(*(ada.draft_keys() for _ in range(5)))
    row = await ada.vault.storage.vault(ada.vault.raw)
    again = await ada.draft_keys()
    after = await ada.vault.storage.vault(ada.vault.raw)

    assert {*first, again} == {again}
    assert row is not None
    assert after is not None
    assert after.rev == row.rev


async def test_choices_made_at_the_same_time_all_hold(keeper: Keeper) -> None:
    """Each is made over what the others have chosen meanwhile, the very first ones too."""
    ada = await keeper.user("ada")

    await asyncio.gather(
        ada.prefer(language="de"), ada.prefer(theme="dark"), ada.prefer(answers="quotes")
    )

    chosen = await ada.preferences()
    assert (chosen.language, chosen.theme, chosen.answers) == ("de", "dark", "quotes")


async def test_memories_put_into_the_trash_at_the_same_time_all_leave_it_in_time(
    keeper: Keeper,
) -> None:
    """One record names them all; none is written over by another."""
    ada = await keeper.user("ada")
    made = [await ada.memories.add(f"keeps {n} bees") for n in range(5)]
    await asyncio.gather(*(ada.memories.trash(one.id) for one in made))

    listed = await ada.memories.list(trashed=True)

    assert {one.id for one in listed} == {one.id for one in made}
    assert await keeper.purge_trash(after_days=0) == 5
