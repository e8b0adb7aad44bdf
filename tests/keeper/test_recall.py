"""Recall through the keeper: filters, times, neighbours, scripts."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from fix_keeper import START, HandClock, talk, texts
from holdfast.errors import BadInput
from holdfast.index.embedder import Embedder
from holdfast.keeper.indexes import Indexes
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User

_TOGETHER_S = 30


async def _year(keeper: Keeper, clock: HandClock) -> User:
    """A remark about the violin each month, alternating assistant, project and kind."""
    ada = await keeper.user("ada")
    for month in range(6):
        session = await ada.sessions.start(
            assistant=["helper", "coach"][month % 2],
            project=["trip", "home"][month // 3],
            kind=["chat", "video_chat"][month % 2],
            platform=["web", "phone"][month % 2],
            tags=[f"m{month}"],
        )
        async with session.turn(f"violin lesson {month}", author=["ada", "ben"][month % 2]) as turn:
            await turn.reply(f"violin answer {month}")
        clock.pass_by(days=30)
    return ada


async def _months(ada: User, **filters: object) -> list[int]:
    hits = await ada.recall("violin lesson", limit=100, role="user", neighbours=0, **filters)  # type: ignore[arg-type]
    return sorted(int(text.split()[-1]) for text in texts(hits))


async def test_filters_narrow_and_nothing_else(keeper: Keeper, clock: HandClock) -> None:
    """Each filter alone, and two together."""
    ada = await _year(keeper, clock)
    sessions = {session.tags[0]: session.id for session in await ada.sessions.list()}

    assert await _months(ada) == [0, 1, 2, 3, 4, 5]
    assert await _months(ada, assistant="coach") == [1, 3, 5]
    assert await _months(ada, project="trip") == [0, 1, 2]
    assert await _months(ada, kind="video_chat") == [1, 3, 5]
    assert await _months(ada, platform="web") == [0, 2, 4]
    assert await _months(ada, tags=["m4"]) == [4]
    assert await _months(ada, session_id=sessions["m2"]) == [2]
    assert await _months(ada, speaker="ben") == [1, 3, 5]
    assert await _months(ada, project="trip", speaker="ben") == [1]
    assert await _months(ada, assistant="nobody") == []


async def test_times_are_edges_that_hold(keeper: Keeper, clock: HandClock) -> None:
    """`since` takes in its moment, `until` does not; words and days back are edges too."""
    ada = await _year(keeper, clock)
    second = (await ada.recall("violin lesson 2", limit=1, role="user"))[0].at
    assert second is not None

    assert await _months(ada, since=second) == [2, 3, 4, 5]
    assert await _months(ada, until=second) == [0, 1]
    assert await _months(ada, since=second, until=second + timedelta(days=31)) == [2, 3]
    assert await _months(ada, days_back=65) == [4, 5]
    assert await _months(ada, since="2026-03-01", until="2026-04-30") == [2, 3]
    assert await _months(ada, since=START + timedelta(days=365)) == []


async def test_neighbours_are_those_of_the_session(keeper: Keeper) -> None:
    """As many as were asked for, before and after, never beyond the session, never forgotten."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("one", "two"), ("the violin", "three"), ("four", "five"))
    other = await ada.sessions.start()
    await talk(other, ("elsewhere", "too"))

    (hit,) = await ada.recall("violin", limit=1, neighbours=2)
    assert (texts(hit.before), texts(hit.after)) == (["one", "two"], ["three", "four"])
    (hit,) = await ada.recall("violin", limit=1, neighbours=0)
    assert (hit.before, hit.after) == ((), ())
    await ada.forget((await session.messages())[1].id)
    (hit,) = await ada.recall("violin", limit=1, neighbours=1)
    assert (texts(hit.before), texts(hit.after)) == ([], ["three"])


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Über den Fluss nach Zürich", "zurich fluss"),
        ("我最喜欢的颜色是蓝色", "蓝色"),
        ("私の好きな色は青です", "好きな色"),
        ("제가 좋아하는 색은 파란색입니다", "파란색"),
        ("لوني المفضل هو الأزرق", "الأزرق"),
        ("Мой любимый цвет синий", "любимый цвет"),
        ("το αγαπημένο μου χρώμα", "ΧΡΏΜΑ"),
        ("crème brûlée", "creme brulee"),
        ("ﬁnal oﬀer", "final offer"),
        ("ＦＵＬＬ　ＷＩＤＴＨ", "full width"),
    ],
)
async def test_what_was_said_in_any_script_is_found(said: str, asked: str, keeper: Keeper) -> None:
    """First among twenty others."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    for n in range(20):
        await session.log_full_chat_interaction(f"something else number {n}", "yes")
    await session.log_full_chat_interaction(said, "yes")

    assert texts(await ada.recall(asked, limit=1)) == [said]


async def test_tools_and_files_are_found_by_what_they_hold(keeper: Keeper) -> None:
    """A tool's name and values, a file's name and text, a transcript."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    async with session.turn("go on") as turn:
        async with turn.tool("weatherstation", {"city": "Reykjavik"}) as call:
            call.result({"forecast": "thunderstorm"})
        await turn.file("marmalade.txt", b"x", media_type="text/plain", text="recipe of quinces")
        await turn.audio(b"x", media_type="audio/wav", transcript="the cuckoo sings")

    for asked, kind in (
        ("weatherstation", "tool_call"),
        ("Reykjavik", "tool_call"),
        ("thunderstorm", "tool_result"),
        ("marmalade", "file"),
        ("quinces", "file"),
        ("cuckoo", "audio"),
    ):
        hits = await ada.recall(asked, limit=4)
        assert kind in {hit.message.kind for hit in hits if hit.message is not None}


@pytest.mark.parametrize(
    "filters",
    [
        {"limit": 0},
        {"limit": 1001},
        {"days_back": 0},
        {"days_back": -1},
        {"days_back": 10**9},
        {"include": "everything"},
        {"since": "no time at all"},
        {"until": "2026-13-45"},
    ],
)
async def test_filters_that_make_no_sense_are_refused(
    filters: dict[str, object], keeper: Keeper
) -> None:
    """BadInput, not an empty answer."""
    ada = await keeper.user("ada")
    with pytest.raises(BadInput):
        await ada.recall("violin", **filters)  # type: ignore[arg-type]  # wrong on purpose


async def test_a_question_of_any_shape_is_answered(keeper: Keeper) -> None:
    """Signs, very long, one word a thousand times: an answer, never an error."""
    ada = await keeper.user("ada")
    await talk(await ada.sessions.start(), ("the violin is blue", "yes"))
    for asked in (
        "violin " * 5000,
        '"violin" AND NOT (blue*) OR NEAR/3',
        "?!?",
        "violin\0blue",
        "👩‍👩‍👧",
        "%_'\\",
        "a" * 100_000,
        "yesterday last week in march two weeks ago on 2026-01-09",
        "0001-01-01 9999-12-31",
    ):
        assert isinstance(await ada.recall(asked, limit=3), list)


async def test_the_embedder_is_made_once_for_all_who_ask(keeper: Keeper) -> None:
    """Users who ask first and together, and sessions that are not kept, share its memory."""
    indexes, made = keeper.store.indexes, []
    make = indexes.make_embedder
    slow = threading.Barrier(2)

    def counted() -> Embedder:
        made.append(1)
        slow.wait(_TOGETHER_S)
        return make()

    fresh = Indexes(counted, folder=None)
    nested = Indexes(fresh.make_embedder, folder=None)
    asking = [asyncio.to_thread(each.make_embedder) for each in (fresh, nested, fresh)]
    waiting = asyncio.gather(*asking)
    await asyncio.to_thread(slow.wait, _TOGETHER_S)
    embedders = await waiting

    assert made == [1]
    assert all(one is embedders[0] for one in embedders)


async def test_the_memory_of_all_indexes_is_kept_up(keeper: Keeper) -> None:
    """What they take together is their sum after writes, departures and new beginnings."""
    indexes = keeper.store.indexes
    users = [await keeper.user(name) for name in ("ada", "ben", "eve")]
    for user in [*users, users[0]]:
        session = await user.sessions.start()
        await talk(session, ("the violin lesson is on Monday", "noted"))
        await user.recall("violin")
    held = [await indexes.current(user.vault) for user in users]
    together = sum(index.nbytes for index in held)
    assert indexes.nbytes == together

    indexes.drop(users[0].vault)
    assert indexes.nbytes == together - held[0].nbytes

    smaller = Indexes(indexes.make_embedder, folder=None, max_bytes=1)
    for user in users:
        alone = await smaller.current(user.vault)
        assert smaller.nbytes == alone.nbytes
