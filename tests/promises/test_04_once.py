"""Promise 4: the same client key makes one turn, the same file is imported once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fix_keeper import World, texts
from holdfast.errors import BadInput, StorageFailed
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession


async def test_promise_04_once_a_retry_gets_the_recorded_turn(keeper: Keeper) -> None:
    """Asked again under its key, a turn is replayed and nothing is written."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("pay the bill", client_key="k") as first:
        await first.reply("paid")

    async with session.turn("pay the bill", client_key="k") as again:
        await again.reply("paid twice?")

    assert (first.replayed, again.replayed) == (False, True)
    assert (again.id, again.answer) == (first.id, "paid")
    assert texts(await session.messages()) == ["pay the bill", "paid"]
    assert len(await session.turns()) == 1


async def test_promise_04_once_a_key_stands_for_one_input(keeper: Keeper) -> None:
    """Another text under a used key is refused, not taken for a retry and lost."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("pay the bill", client_key="k") as turn:
        await turn.reply("paid")

    with pytest.raises(BadInput, match="another input"):
        async with session.turn("cancel the order", client_key="k"):
            pass
    with pytest.raises(BadInput, match="another input"):
        await session.log_full_chat_interaction("cancel the order", "done", client_key="k")

    assert texts(await session.messages()) == ["pay the bill", "paid"]


async def test_promise_04_once_a_finished_exchange_is_recorded_once(keeper: Keeper) -> None:
    """Messages, memory and thought of `log_full_chat_interaction` come once per client key."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    for _ in range(3):
        logged = await session.log_full_chat_interaction(
            "I moved to Oslo", "Noted", memory="lives in Oslo", thought="moved", client_key="k"
        )

    assert logged.replayed
    assert texts(logged.messages) == ["I moved to Oslo", "Noted"]
    assert texts(await session.messages()) == ["I moved to Oslo", "Noted"]
    assert [memory.text for memory in await ada.memories.list()] == ["lives in Oslo"]
    assert len(await ada.thoughts.list()) == 1


async def test_promise_04_once_keys_of_other_sessions_do_not_count(keeper: Keeper) -> None:
    """A client key belongs to its session: two sessions may use the same."""
    ada = await keeper.user("ada")
    one, two = await ada.sessions.start(), await ada.sessions.start()
    for session in (one, two):
        async with session.turn("hello", client_key="1") as turn:
            assert not turn.replayed

    assert [texts(await session.messages()) for session in (one, two)] == [["hello"], ["hello"]]


async def _say(session: OpenSession, key: str) -> bool:
    async with session.turn(f"said under {key}", client_key=key) as turn:
        await turn.reply("heard")
    return turn.replayed


async def test_promise_04_once_concurrent_retries_over_two_keepers_make_one_turn(
    world: World,
) -> None:
    """Forty calls under ten keys, half of them on another keeper of the same file: ten turns."""
    here, there = await world.open(), await world.open()
    session = await (await here.user("ada")).sessions.start()
    other = await (await there.user("ada")).sessions.open(session.id)

    replayed = await asyncio.gather(
        *(_say(where, f"k{n}") for n in range(10) for where in (session, other) * 2)
    )

    assert replayed.count(False) == 10
    assert len(await session.turns()) == 10
    said = [m.text for m in await session.messages() if m.role == "user"]
    assert sorted(said) == sorted(f"said under k{n}" for n in range(10))
    assert [m.seq for m in await session.messages()] == list(range(20))


async def test_promise_04_once_a_lost_acknowledgement_does_not_double(world: World) -> None:
    """The write went through but its answer was lost: the retry finds it."""
    keeper = await world.open("tapped")
    session = await (await keeper.user("ada")).sessions.start()

    async def lost(call: str, _asked: object) -> None:
        if call == "data.commit":
            world.tap.after = None
            raise StorageFailed

    world.tap.after = lost
    with pytest.raises(StorageFailed):
        await session.log_full_chat_interaction("hello", "hi", client_key="k")

    again = await session.log_full_chat_interaction("hello", "hi", client_key="k")

    assert again.replayed
    assert texts(await session.messages()) == ["hello", "hi"]


def _export(folder: Path, *, more: bool = False) -> Path:
    lines = [
        {"session": "c1", "role": "user", "text": "where is Ravenna?"},
        {"session": "c1", "role": "assistant", "text": "in Italy"},
        {"session": "c2", "role": "user", "text": "and Uppsala?"},
    ]
    if more:
        lines.append({"session": "c2", "role": "assistant", "text": "in Sweden"})
    path = folder / "chats.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


async def test_promise_04_once_importing_twice_changes_nothing(
    keeper: Keeper, tmp_path: Path
) -> None:
    """The second import of a file adds no session, no message and no revision."""
    ada = await keeper.user("ada")
    first = await ada.imports.file(_export(tmp_path))
    before = await ada.stats()

    second = await ada.imports.file(_export(tmp_path))

    assert (first.conversations, first.messages) == (2, 3)
    assert (second.conversations, second.messages, second.unchanged) == (0, 0, 2)
    assert await ada.stats() == before


async def test_promise_04_once_a_grown_export_adds_what_is_new(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Of a longer export of the same chats only the new messages come in."""
    ada = await keeper.user("ada")
    await ada.imports.file(_export(tmp_path))
    report = await ada.imports.file(_export(tmp_path, more=True))

    assert (report.grown, report.unchanged, report.messages) == (1, 1, 1)
    assert (await ada.stats()).messages == 4


async def test_promise_04_once_two_keepers_import_the_same_file_at_once(
    world: World, tmp_path: Path
) -> None:
    """Both come to an end, and each conversation is there once."""
    here, there = await world.open(), await world.open()
    path = _export(tmp_path)
    users = [await keeper.user("ada") for keeper in (here, there)]

    await asyncio.gather(*(user.imports.file(path) for user in users))

    assert (await users[0].stats()).sessions == 2
    assert (await users[0].stats()).messages == 3
    assert (await here.verify()).problems == ()
