"""Memories in the trash: nowhere while they are there, whole when they come back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fix_keeper import HandClock, talk
from holdfast.errors import NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.memory_trash import purge_memories

CANARY = "The zanzibar dinghy is called Marigold"


async def test_what_is_in_the_trash_is_nowhere(keeper: Keeper) -> None:
    """No list, search, context, count or export has it, and nobody can change it."""
    ada = await keeper.user("ada")
    memory = await ada.memories.add(NewMemory(text=CANARY, kind="fact", importance=10))
    await ada.memories.trash(memory.id)

    assert await ada.memories.list() == []
    assert await ada.memories.by_ids([memory.id]) == []
    assert await ada.recall("zanzibar dinghy") == []
    assert (await ada.find("zanzibar dinghy")).count == 0
    assert "zanzibar" not in (await ada.context("zanzibar dinghy")).text
    assert (await ada.memories.facets()).total == 0
    assert (await ada.memories.changes()).changes == []
    for refused in (
        ada.memories.get(memory.id),
        ada.memories.edit(memory.id, "x"),
        ada.memories.undo(memory.id),
    ):
        with pytest.raises(NotFound):
            await refused
    assert [m.id for m in await ada.memories.list(trashed=True)] == [memory.id]


async def test_restoring_brings_it_back_exactly(keeper: Keeper) -> None:
    """Every field is as it was, and it is found again."""
    ada = await keeper.user("ada")
    new = NewMemory(text=CANARY, kind="fact", tags=("boat",), importance=7)
    before = await ada.memories.pin((await ada.memories.add(new)).id)
    await ada.recall("zanzibar")

    trashed = await ada.memories.trash(before.id)
    again = await ada.memories.trash(before.id)
    assert trashed.trashed_at is not None
    assert again == trashed

    assert await ada.memories.restore(before.id) == before
    assert await ada.memories.list() == [before]
    assert [hit.text for hit in await ada.recall("zanzibar")] == [CANARY]
    with pytest.raises(NotFound):
        await ada.memories.restore(before.id)


async def test_what_only_it_had_ended_holds_meanwhile(keeper: Keeper, clock: HandClock) -> None:
    """Forgetting the new colour brings the old one back; restoring it ends that again."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await session.log_full_chat_interaction("My favourite colour is blue", "Noted")
    await ada.distill()
    clock.pass_by(days=1)
    await session.log_full_chat_interaction("My favourite colour is green", "Noted")
    await ada.distill()
    before = await ada.memories.list(kind="preference")
    (green,) = [m for m in before if m.valid_to is None]
    (blue,) = [m for m in before if m.valid_to is not None]

    await ada.memories.trash(green.id)
    assert (await ada.memories.get(blue.id)).valid_to is None
    assert [m.valid_to for m in await ada.memories.list(kind="preference")] == [None]

    await ada.memories.restore(green.id)
    assert await ada.memories.list(kind="preference") == before


async def test_promise_11_gone_the_trash_is_emptied(keeper: Keeper, clock: HandClock) -> None:
    """What has been there long enough is forgotten for good; what has not stays."""
    ada = await keeper.user("ada")
    old = await ada.memories.add("Long ago")
    await ada.memories.trash(old.id)
    clock.pass_by(days=31)
    new = await ada.memories.add("Just now")
    await ada.memories.trash(new.id)

    before = clock() - timedelta(days=30)
    assert await purge_memories(ada.store, ada.vault, before=before) == 1
    assert await purge_memories(ada.store, ada.vault, before=before) == 0

    assert [m.id for m in await ada.memories.list(trashed=True)] == [new.id]
    with pytest.raises(NotFound):
        await ada.memories.restore(old.id)


async def test_what_came_back_outlives_the_emptying(keeper: Keeper, clock: HandClock) -> None:
    """So does what was forgotten for good meanwhile: there is nothing left to do."""
    ada = await keeper.user("ada")
    back, gone = await ada.memories.add("Back"), await ada.memories.add("Gone")
    for memory in (back, gone):
        await ada.memories.trash(memory.id)
    await ada.memories.restore(back.id)
    await ada.memories.forget(gone.id)
    clock.pass_by(days=31)

    assert await keeper.purge_trash(after_days=30) == 0
    assert [memory.text for memory in await ada.memories.list()] == ["Back"]


async def test_a_keeper_empties_every_trash(keeper: Keeper, clock: HandClock) -> None:
    """Of everybody, when its time has come."""
    for name in ("ada", "bob"):
        user = await keeper.user(name)
        await user.memories.trash((await user.memories.add("Old")).id)

    assert await keeper.purge_trash(after_days=30) == 0
    clock.pass_by(days=31)
    assert await keeper.purge_trash(after_days=30) == 2


async def test_clearing_empties_the_trash_too(keeper: Keeper) -> None:
    """Nothing that was to go is left."""
    ada = await keeper.user("ada")
    memory = await ada.memories.add(CANARY)
    await ada.memories.trash(memory.id)

    assert await ada.memories.clear() == 1
    assert await ada.memories.list(trashed=True) == []


async def test_promise_07_yours_alone_nobody_moves_anothers_memory(keeper: Keeper) -> None:
    """Neither into the trash nor out of it."""
    ada, bob = await keeper.user("ada"), await keeper.user("bob")
    memory = await ada.memories.add(CANARY)

    with pytest.raises(NotFound):
        await bob.memories.trash(memory.id)
    await ada.memories.trash(memory.id)
    with pytest.raises(NotFound):
        await bob.memories.restore(memory.id)


async def test_what_comes_back_without_its_source_is_the_memory_that_says_the_same(
    keeper: Keeper,
) -> None:
    """Kept when its conversation was erased: it has no source by which to tell what took it in."""
    ada = await keeper.user("ada")
    made = []
    for _ in range(2):
        session = await ada.sessions.start(assistant="helper")
        await talk(session, ("I live in Oslo.", "I see."))
        await keeper.distill()
        (home,) = [m for m in await ada.memories.list() if m.attribute == "home"]
        made.append(home)
        if len(made) == 2:
            await ada.erase_session(session.id, memories="keep")
        await ada.memories.trash(home.id)
    await ada.memories.restore(made[0].id)

    back = await ada.memories.restore(made[1].id)

    assert back.id == made[0].id
    assert [m for m in await ada.memories.list() if m.attribute == "home"] == [back]
