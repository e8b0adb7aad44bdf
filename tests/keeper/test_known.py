"""What is known of a vault is saved sealed, read again at the next start, and never older than the
vault."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from fix_keeper import World
from holdfast.assistant.chat import chat
from holdfast.keeper import known, known_records
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.model import Memory
from holdfast.storage.protocol import Kind, RowSpan

CANARY = "zanzibar lighthouse"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is already much."""
    monkeypatch.setattr(known, "_SAVE_AFTER", 1)
    monkeypatch.setattr(known, "_SAVE_AT_END", 1)
    monkeypatch.setattr(known_records, "_AT_ONCE", 1)


async def _used_twice(keeper: Keeper) -> tuple[User, Memory]:
    """A memory that answers in two sessions were given."""
    ada = await keeper.user("ada")
    memory = await ada.memories.add(f"My spare key hangs in the {CANARY}")
    for title in ("First", f"The {CANARY}"):
        session = await ada.sessions.start(title=title)
        async for _ in chat(ada, session, "Where does my spare key hang?"):
            pass
    return ada, memory


async def _look(ada: User) -> tuple[list[str], Any]:
    """What is told from what is known: titles, and when the only memory was used."""
    sessions = await ada.sessions.page(sort="title")
    facts = await ada.memories.facts(await ada.memories.list())
    return [s.title for s in sessions.sessions], [f.last_used_at for f in facts.values()]


def _files(world: World) -> list[Path]:
    return sorted((world.data_dir / "holdfast.index").glob("*.known"))


async def test_a_start_opens_no_session_and_no_turn_again(world: World) -> None:
    """What was saved is what a fresh look finds; rows that did not change are not read."""
    ada, _ = await _used_twice(await world.open())
    before = await _look(ada)
    assert None not in before[1]
    await world.close()
    (file,) = _files(world)
    assert CANARY.encode() not in file.read_bytes()

    again = await (await world.open("tapped")).user("ada")
    looked: list[Kind] = []

    async def look(call: str, asked: Any) -> None:
        if call == "data.rows" and isinstance(asked, RowSpan):
            looked.append(asked.kind)

    world.tap.before = look
    assert await _look(again) == before
    assert not {Kind.SESSION, Kind.TURN} & set(looked)

    late = await again.sessions.start(title="Added later")
    assert "Added later" in (await _look(again))[0]
    await late.change(title="Changed later")
    assert "Changed later" in (await _look(again))[0]


async def test_what_a_session_used_goes_with_it(world: World) -> None:
    """The use before counts again; the file that told of it is gone at once."""
    ada, memory = await _used_twice(await world.open())
    await _look(ada)
    await world.close()
    ada = await (await world.open()).user("ada")
    first, last = sorted((await ada.sessions.page()).sessions, key=lambda s: s.started_at)
    assert _files(world)

    await ada.erase_session(last.id)

    assert not _files(world)
    (turn,) = await (await ada.sessions.open(first.id)).turns()
    assert (await ada.memories.facts([memory]))[memory.id].last_used_at == turn.ended_at
    await world.close()
    ada = await (await world.open()).user("ada")
    assert await _look(ada) == (["First"], [turn.ended_at])


async def test_a_vault_that_is_erased_leaves_no_file(world: World) -> None:
    """Nothing of what was known stays, sealed or not."""
    ada, _ = await _used_twice(await world.open())
    await _look(ada)
    await world.close()
    keeper = await world.open()

    await keeper.erase("ada")

    assert not _files(world)
    await world.close()
    assert not _files(world)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
async def test_a_file_that_does_not_open_is_read_anew(world: World, damage: bytes | None) -> None:
    """It is derived: cut, overwritten or altered by a bit, nothing is lost."""
    ada, _ = await _used_twice(await world.open())
    before = await _look(ada)
    await world.close()
    (file,) = _files(world)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)

    assert await _look(await (await world.open()).user("ada")) == before


async def test_a_file_ahead_of_the_vault_is_not_believed(world: World) -> None:
    """An older database that was put back knows nothing of what came after it."""
    keeper = await world.open()
    ada, _ = await _used_twice(keeper)
    before = await _look(ada)
    await world.close()
    kept = world.path.read_bytes()
    ada = await (await world.open()).user("ada")
    for number in range(3):
        await ada.sessions.start(title=f"Later {number}")
    await _look(ada)
    await world.close()

    world.path.write_bytes(kept)

    assert await _look(await (await world.open()).user("ada")) == before


async def test_what_was_warmed_is_not_read_again(world: World) -> None:
    """Nobody holds the vault between the two; somebody new is not made by warming."""
    await _used_twice(await world.open())
    await world.close()
    for file in _files(world):
        file.unlink()
    keeper = await world.open("tapped")

    await keeper.warm("ada")
    await keeper.warm("nobody")

    gc.collect()
    looked: list[Kind] = []

    async def look(call: str, asked: Any) -> None:
        if call == "data.rows" and isinstance(asked, RowSpan):
            looked.append(asked.kind)

    world.tap.before = look
    titles, _ = await _look(await keeper.user("ada"))
    assert titles == ["First", f"The {CANARY}"]
    assert not {Kind.SESSION, Kind.TURN} & set(looked)
    assert await keeper.store.find_vault("user", "nobody") is None
