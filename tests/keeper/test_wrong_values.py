"""Values that type hints forbid and Python lets through: refused, or kept readable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from holdfast.errors import BadInput, HoldfastError, NotFound, StorageFull
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User

Wrong = Callable[[User, OpenSession], Awaitable[Any]]


async def _say(session: OpenSession, role: Any) -> None:
    async with session.turn("hello") as turn:
        await turn.say(role, "be brief")


async def _stream(session: OpenSession, kind: Any) -> None:
    async with session.turn("hello") as turn, turn.stream(kind=kind) as answer:
        await answer.write("hm")


async def _end(session: OpenSession, status: Any) -> None:
    async with session.turn("hello") as turn:
        await turn.end(status)


async def _about(session: OpenSession, **about: Any) -> None:
    async with session.turn("hello", **about):
        pass


def _memory(**fields: Any) -> Wrong:
    return lambda ada, _: ada.memories.add(NewMemory(text="blue", **fields))


WRONG: dict[str, Wrong] = {
    "a role of another library": lambda _, s: _say(s, "developer"),
    "a kind of another library": lambda _, s: _stream(s, "thinking"),
    "a status of another library": lambda _, s: _end(s, "done"),
    "entities that are no mapping": lambda _, s: _about(s, entities=["Oslo"]),
    "a confidence that is text": lambda _, s: _about(s, intent_confidence="0.5"),
    "a memory of an unknown kind": _memory(kind="opinion"),
    "half an importance": _memory(importance=5.5),
    "a number for yes": lambda _, s: s.change(pinned=1),  # type: ignore[arg-type]  # that is it
    "half of all messages": lambda _, s: s.messages(last=-1),
    "a place beyond all numbers": lambda _, s: s.messages(after_seq=1 << 70),
    "a time before all calendars": lambda _, s: s.log_full_chat_interaction(
        "a", "b", at=datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_value_of_the_wrong_type_is_refused_and_spoils_nothing(
    what: str, keeper: Keeper
) -> None:
    """Typed error; afterwards everything of the user can be read, found and verified."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()

    with pytest.raises(BadInput):
        await WRONG[what](ada, session)

    await session.messages()
    await session.turns()
    await ada.sessions.list()
    await ada.memories.list()
    await ada.recall("hello")
    assert (await keeper.verify()).ok


async def test_a_number_of_any_size_is_kept(keeper: Keeper) -> None:
    """Nothing that a tool returned is lost because of its type."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("count") as turn, turn.tool("count") as call:
        call.result({"stars": 1 << 70, "moons": 1 << 63})

    result = (await session.messages(last=1))[0].tool
    assert result is not None
    assert result.result == {"stars": str(1 << 70), "moons": 1 << 63}


async def test_half_a_character_in_a_question_is_an_unknown_name(keeper: Keeper) -> None:
    """Names that are only asked for, in every place that looks one up."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("club")
    for asked in (
        ada.rooms.open("\ud800"),
        room.remove("\ud800"),
        ada.sessions.page(assistant="\ud800"),
        ada.sessions.page(project="\ud800"),
    ):
        with pytest.raises(NotFound):
            await asked
    for refused in (keeper.ephemeral("\ud800"), ada.sessions.page(kind="\ud800")):
        with pytest.raises(BadInput):
            await refused


async def test_promise_03_ended_a_turn_that_is_ended_takes_its_streams_with_it(
    keeper: Keeper,
) -> None:
    """What a stream had written becomes a message; no draft is left that nobody looks for."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("hello") as turn, turn.stream() as answer:
        await answer.write("I think ")
        await answer.flush()
        await turn.end("cancelled")

    assert [m.text for m in await session.messages()] == ["hello", "I think "]
    assert await session.log.drafts() == []


async def test_promise_07_yours_alone_no_call_id_crosses_sessions(keeper: Keeper) -> None:
    """A tool that talks in another person's session leaves no id of its own there."""
    ada, bob = await keeper.user("ada"), await keeper.user("bob")
    inner = await bob.sessions.start()
    async with (
        (await ada.sessions.start()).turn("ask bob") as turn,
        turn.tool("agent"),
        inner.turn("a question") as asked,
        asked.tool("look"),
    ):
        pass

    calls = [m.tool for m in await inner.messages() if m.tool is not None]
    assert [call.parent_call_id for call in calls] == [None, None]


async def test_a_room_keeps_an_owner_when_roles_change(keeper: Keeper) -> None:
    """The last owner cannot make a mere member of themselves."""
    room = await (await keeper.user("ada")).rooms.create("club", members=["bob"])

    with pytest.raises(BadInput):
        await room.invite("ada", role="member")

    assert {m.user_id: m.role for m in await room.members()} == {"ada": "owner", "bob": "member"}


async def test_closing_on_a_full_disk_lets_go_of_everything(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last words cannot be written; files and locks are let go of all the same."""

    async def full(_: object) -> None:
        raise StorageFull

    session = await (await keeper.user("ada")).sessions.start()
    await session.turn("hello").__aenter__()
    with monkeypatch.context() as broken:
        broken.setattr(keeper.store.storage, "commit", full)
        with pytest.raises(StorageFull):
            await keeper.close()

    with pytest.raises(HoldfastError):
        await session.messages()


async def test_times_of_any_zone_are_kept_in_utc(keeper: Keeper) -> None:
    """The counterpart of the refused time: one that a calendar holds."""
    session = await (await keeper.user("ada")).sessions.start()
    at = datetime(2020, 1, 1, 3, tzinfo=timezone(timedelta(hours=5)))

    done = await session.log_full_chat_interaction("a", "b", at=at)

    assert done.turn.started_at == datetime(2019, 12, 31, 22, tzinfo=UTC)
