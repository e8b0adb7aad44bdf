"""Counts day by day, and by assistant and project, from plain columns alone."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from fix_keeper import World
from holdfast.errors import BadInput
from holdfast.keeper.counting import Tally
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory


def at(text: str) -> datetime:
    """An aware time."""
    return datetime.fromisoformat(text)


async def test_days_begin_at_the_midnight_of_the_zone(keeper: Keeper) -> None:
    """The same messages are of two days here, and of one there; days without any are left out."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(started_at=at("2026-01-05T10:00:00Z"))
    for moment in ("2026-01-05T10:00:00Z", "2026-01-07T22:40:00Z", "2026-01-07T23:40:00Z"):
        await session.log_full_chat_interaction("hello", "hello to you", at=at(moment))

    utc = await ada.activity()
    oslo = await ada.activity(zone="Europe/Oslo")
    india = await ada.activity(zone="Asia/Kolkata")

    assert utc == [(date(2026, 1, 5), 2), (date(2026, 1, 7), 4)]
    assert oslo == [(date(2026, 1, 5), 2), (date(2026, 1, 7), 2), (date(2026, 1, 8), 2)]
    assert india == [(date(2026, 1, 5), 2), (date(2026, 1, 8), 4)]


async def test_only_the_last_days_are_counted(keeper: Keeper) -> None:
    """Today among them."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(started_at=at("2025-12-01T10:00:00Z"))
    for day in ("2025-12-01", "2026-01-07", "2026-01-08", "2026-01-09"):
        await session.log_full_chat_interaction("hello", "hello to you", at=at(f"{day}T10:00:00Z"))

    assert [day.day for day, _ in await ada.activity(days=2)] == [8, 9]
    assert len(await ada.activity()) == 4


async def test_the_count_is_current(keeper: Keeper) -> None:
    """What is said, forgotten and erased after the first look counts and does not count."""
    ada = await keeper.user("ada")
    first, second = await ada.sessions.start(), await ada.sessions.start()
    logged = await first.log_full_chat_interaction("hello", "hello to you")
    before = await ada.activity()
    await second.log_full_chat_interaction("and", "more")
    said = await ada.activity()
    await ada.forget(logged.messages[0].id)
    forgotten = await ada.activity()
    await ada.erase_session(second.id)
    erased = await ada.activity()

    assert [sum(n for _, n in days) for days in (before, said, forgotten, erased)] == [2, 4, 3, 1]


@pytest.mark.parametrize(
    ("zone", "days"), [("Oslo", 1), ("../etc/passwd", 1), ("", 1), ("UTC", 0), ("UTC", 3661)]
)
async def test_no_zone_and_too_many_days_are_bad_input(
    keeper: Keeper, zone: str, days: int
) -> None:
    """Nothing is guessed."""
    ada = await keeper.user("ada")

    with pytest.raises(BadInput):
        await ada.activity(zone=zone, days=days)


async def test_assistants_and_projects_are_counted_apart(keeper: Keeper, world: World) -> None:
    """Each with its sessions, messages, memories and the latest message; others' are not there."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    one = await ada.sessions.start(assistant="helper", project="trip")
    two = await ada.sessions.start(assistant="helper")
    for session in (one, two):
        learned = NewMemory(text="Likes blue") if session is two else None
        await session.log_full_chat_interaction("I like blue", "Noted", memory=learned)
    await (await ben.sessions.start(assistant="helper")).log_full_chat_interaction("hello", "you")

    tallies = await ada.tallies()
    last = {session.id: (await session.info()).last_at for session in (one, two)}

    def ms(session_id: str) -> int:
        return round(last[session_id].timestamp() * 1000)

    assert tallies.assistants == {
        "helper": Tally(sessions=2, messages=4, memories=1, last_ms=ms(two.id))
    }
    assert tallies.projects == {
        "trip": Tally(sessions=1, messages=2, memories=0, last_ms=ms(one.id))
    }


async def test_what_is_in_the_trash_is_not_counted(keeper: Keeper) -> None:
    """And is again when it is back."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await session.log_full_chat_interaction("hello", "hello to you")

    await ada.sessions.trash([session.id])
    gone = (await ada.activity(), (await ada.tallies()).assistants)
    await ada.sessions.restore([session.id])
    back = await ada.activity()

    assert gone == ([], {})
    assert [count for _, count in back] == [2]
