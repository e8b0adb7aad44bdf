"""Lists in pages, with filters on what is plain and on what is sealed."""

from __future__ import annotations

import pytest

from fix_keeper import HandClock, World
from holdfast.errors import BadInput
from holdfast.keeper import listing
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User


async def _diary(user: User, clock: HandClock) -> None:
    """Twelve sessions, a day apart, of all sorts."""
    for day in range(12):
        clock.pass_by(days=1)
        session = await user.sessions.start(
            title=f"Day {day}",
            platform="telegram" if day % 2 else None,
            tags=["trip"] if day % 3 == 0 else [],
        )
        await session.log_full_chat_interaction("said", "answered")
        await session.change(pinned=day == 5)


async def _titles(user: User, **asked: object) -> list[str]:
    page = await user.sessions.page(**asked)  # type: ignore[arg-type]  # filters by name
    return [session.title for session in page.sessions]


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({"platform": "telegram"}, [11, 9, 7, 5, 3, 1]),
        ({"tag": "trip"}, [9, 6, 3, 0]),
        ({"tag": "trip", "platform": "telegram"}, [9, 3]),
        ({"pinned": True}, [5]),
        ({"title": "dAY 1"}, [11, 10, 1]),
        ({"title": "nothing"}, []),
        ({"since": "yesterday"}, [11, 10]),
        ({"until": "yesterday", "limit": 2}, [10, 9]),
    ],
)
async def test_a_filter_lets_through_what_it_names(
    keeper: Keeper, clock: HandClock, asked: dict[str, object], days: list[int]
) -> None:
    """Newest first, whatever is asked for."""
    ada = await keeper.user("ada")
    await _diary(ada, clock)

    assert await _titles(ada, **asked) == [f"Day {day}" for day in days]


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
async def test_pages_of_a_sealed_filter_come_to_the_whole_list(
    keeper: Keeper, clock: HandClock, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Every session is on one page, also when only a few are looked at for each."""
    monkeypatch.setattr(listing, "_BATCH", 2)
    monkeypatch.setattr(listing, "_MOST_LOOKED_AT", 4)
    ada = await keeper.user("ada")
    await _diary(ada, clock)

    found, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await ada.sessions.page(platform="telegram", cursor=cursor, limit=limit)
        assert len(page.sessions) <= limit
        found += [session.title for session in page.sessions]
        cursor, pages = page.next_cursor, pages + 1

    assert found == [f"Day {day}" for day in (11, 9, 7, 5, 3, 1)]


async def test_memories_and_thoughts_come_in_pages(world: World) -> None:
    """Each once and newest first, though some came in the same millisecond and one in between."""
    keeper = await world.open("memory", clock=lambda: world.clock.now)
    ada = await keeper.user("ada")
    for number in range(7):
        await ada.memories.add(f"memory {number}")
        await ada.thoughts.add(f"thought {number}", assistant="helper")
    memories, thoughts = [], []

    page = await ada.memories.page(limit=3)
    await ada.memories.add("later")
    while True:
        memories += page.memories
        if page.next_cursor is None:
            break
        page = await ada.memories.page(limit=3, cursor=page.next_cursor)
    noted = await ada.thoughts.page(limit=3)
    while True:
        thoughts += noted.thoughts
        if noted.next_cursor is None:
            break
        noted = await ada.thoughts.page(limit=3, cursor=noted.next_cursor)

    assert len(memories) == len({m.id for m in memories}) >= 7
    assert {f"memory {n}" for n in range(7)} <= {m.text for m in memories}
    assert thoughts == await ada.thoughts.list()


async def test_a_list_refuses_what_is_no_page(keeper: Keeper) -> None:
    """Limits of pages are 1 to 1000, cursors those that were given."""
    ada = await keeper.user("ada")
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"cursor": "1.2"}):
        with pytest.raises(BadInput):
            await ada.memories.page(**wrong)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(BadInput):
            await ada.thoughts.page(**wrong)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(BadInput):
            await ada.sessions.page(**wrong)  # type: ignore[arg-type]  # wrong on purpose


async def test_clearing_destroys_every_session_and_nothing_else(keeper: Keeper) -> None:
    """A receipt for each; what was added by hand stays, what rested on sessions goes."""
    ada = await keeper.user("ada")
    for _ in range(3):
        session = await ada.sessions.start()
        await session.log_full_chat_interaction("said", "answered", memory="from it", thought="hm")
    await ada.memories.add("by hand")

    receipts = await ada.clear()

    assert [receipt.messages for receipt in receipts] == [2, 2, 2]
    assert [receipt.memories for receipt in receipts] == [1, 1, 1]
    assert await ada.sessions.list() == []
    assert [memory.text for memory in await ada.memories.list()] == ["by hand"]
    assert await ada.thoughts.list() == []
    assert await ada.clear() == []
