"""Sessions: begun, listed page by page, changed; names and labels."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fix_keeper import HandClock, World, talk, texts
from holdfast.errors import BadInput
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User


async def _walk(user: User, *, limit: int, **filters: object) -> list[str]:
    """The ids of all sessions, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await user.sessions.page(cursor=cursor, limit=limit, **filters)  # type: ignore[arg-type]
        assert len(page.sessions) <= limit
        found.extend(session.id for session in page.sessions)
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


class Standing(HandClock):
    """A clock that stands still."""

    def __call__(self) -> object:  # type: ignore[override]
        return self.now


@pytest.mark.parametrize("limit", [1, 3, 7, 23, 1000])
async def test_pages_show_every_session_once(limit: int, world: World) -> None:
    """Also when all of them have the same time: none twice, none left out, newest first."""
    keeper = await world.open("memory", clock=Standing())
    ada = await keeper.user("ada")
    made = [(await ada.sessions.start(title=str(n))).id for n in range(23)]

    found = await _walk(ada, limit=limit)

    assert found == sorted(made, reverse=True)
    assert [session.id async for session in ada.sessions.each()] == found


async def test_pages_are_narrowed_by_what_sessions_are_labelled_with(keeper: Keeper) -> None:
    """Assistant, project, kind, archive, alone and together."""
    ada = await keeper.user("ada")
    made = {}
    for assistant in ("helper", "coach"):
        for project in ("trip", "home"):
            for kind in ("chat", "video_chat"):
                session = await ada.sessions.start(assistant=assistant, project=project, kind=kind)
                made[assistant, project, kind] = session.id
    await (await ada.sessions.open(made["coach", "home", "chat"])).change(archived=True)

    for limit in (1, 50):
        assert set(await _walk(ada, limit=limit, assistant="helper")) == {
            session for (assistant, _, _), session in made.items() if assistant == "helper"
        }
        assert await _walk(ada, limit=limit, assistant="coach", project="trip", kind="chat") == [
            made["coach", "trip", "chat"]
        ]
        assert await _walk(ada, limit=limit, archived=True) == [made["coach", "home", "chat"]]
        assert len(await _walk(ada, limit=limit, archived=False)) == 7
        assert await _walk(ada, limit=limit, kind="room") == []


async def test_the_latest_talk_comes_first(keeper: Keeper, clock: HandClock) -> None:
    """A session that goes on moves to the front; renaming it does not."""
    ada = await keeper.user("ada")
    first, second = [await ada.sessions.start(title=name) for name in ("first", "second")]
    clock.pass_by(hours=1)
    await talk(first, ("hello", "hi"))
    clock.pass_by(hours=1)
    before = await second.info()
    await second.change(title="renamed", pinned=True, tags=["x"])

    assert [s.id for s in await ada.sessions.list()] == [first.id, second.id]
    after = await second.info()
    assert (after.last_at, after.started_at) == (before.last_at, before.started_at)
    assert (after.title, after.pinned, after.tags) == ("renamed", True, ("x",))


async def test_what_is_recorded_afterwards_is_as_old_as_it_was_said(
    keeper: Keeper, clock: HandClock
) -> None:
    """A conversation held elsewhere stands in the list where it was held, not where it came in."""
    ada = await keeper.user("ada")
    then = clock.now - timedelta(days=61)
    today = await ada.sessions.start(title="today")
    await today.log_full_chat_interaction("hello", "hello to you")
    old = await ada.sessions.start(title="old")
    for minutes in (0, 5):
        at = then + timedelta(minutes=minutes)
        await old.log_full_chat_interaction("hello", "hello to you", at=at)
    info = await old.info()

    assert (info.started_at, info.last_at) == (then, then + timedelta(minutes=5))
    assert [session.title for session in await ada.sessions.list()] == ["today", "old"]


async def test_the_first_words_name_a_session_that_has_no_title(keeper: Keeper) -> None:
    """Title and preview come from the first text; a given title stays."""
    ada = await keeper.user("ada")
    named, unnamed = await ada.sessions.start(title="Mine"), await ada.sessions.start()
    for session in (named, unnamed):
        await talk(session, ("How   do\nI get to Oslo? " + "x" * 300, "by train"))

    infos = [await session.info() for session in (named, unnamed)]
    assert infos[0].title == "Mine"
    assert infos[1].title == ("How do I get to Oslo? " + "x" * 300)[:80]
    assert [info.preview for info in infos] == [("How do I get to Oslo? " + "x" * 300)[:160]] * 2


async def test_forgotten_words_leave_title_and_preview_however_they_were_marked(
    keeper: Keeper,
) -> None:
    """Both are made without Markdown, and go with the message that had it."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    await talk(session, ("## The **quagga** is `mine`", "Noted."))

    await ada.forget((await session.messages())[0].id)

    info = await session.info()
    assert (info.title, info.preview) == ("Noted.", "Noted.")


async def test_two_rename_a_session_at_the_same_time(world: World) -> None:
    """From two keepers, while a third talks in it: all goes through, nothing is lost."""
    here, there = await world.open(), await world.open()
    session = await (await here.user("ada")).sessions.start()
    other = await (await there.user("ada")).sessions.open(session.id)

    await asyncio.gather(
        *(session.change(title=f"here {n}") for n in range(10)),
        *(other.change(pinned=True, tags=[str(n)]) for n in range(10)),
        *(talk(session, (f"asked {n}", f"answered {n}")) for n in range(10)),
    )

    info = await other.info()
    assert info.title.startswith("here")
    assert info.pinned
    assert info.message_count == 20
    assert (await here.verify()).problems == ()


async def test_an_assistant_is_made_once(keeper: Keeper) -> None:
    """However many sessions name it at once; it is described without losing its sessions."""
    ada = await keeper.user("ada")
    await asyncio.gather(
        *(ada.sessions.start(assistant="helper", project="trip") for _ in range(8))
    )
    await ada.names.describe_assistant("helper", name="The Helper", avatar="owl", purpose="helps")
    await ada.names.describe_assistant("helper", purpose="helps more")

    (assistant,) = await ada.names.assistants()
    assert (assistant.slug, assistant.name, assistant.avatar, assistant.purpose) == (
        "helper",
        "The Helper",
        "owl",
        "helps more",
    )
    assert len(await ada.names.projects()) == 1
    assert len(await ada.sessions.list(assistant="helper")) == 8


async def test_the_same_slug_of_two_people_are_two_assistants(keeper: Keeper) -> None:
    """Names belong to a vault."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await ada.sessions.start(assistant="helper")
    await ben.sessions.start(assistant="helper")
    await ada.names.describe_assistant("helper", purpose="of ada")

    (theirs,) = await ben.names.assistants()
    assert theirs.purpose == ""


async def test_messages_are_read_from_either_end(keeper: Keeper) -> None:
    """The last so many, those after a number, a limit: always in order."""
    session = await (await keeper.user("ada")).sessions.start()
    for n in range(6):
        await talk(session, (f"q{n}", f"a{n}"))

    assert texts(await session.messages(last=3)) == ["a4", "q5", "a5"]
    assert texts(await session.messages(after_seq=8)) == ["a4", "q5", "a5"]
    assert texts(await session.messages(limit=2)) == ["q0", "a0"]
    assert texts(await session.messages(after_seq=1, limit=2)) == ["q1", "a1"]
    assert await session.messages(after_seq=100) == []
    assert [turn.index for turn in await session.turns(last=2)] == [4, 5]


async def test_the_last_messages_are_those_that_can_be_read(keeper: Keeper) -> None:
    """Forgotten ones do not count among the last so many."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    for n in range(4):
        await talk(session, (f"q{n}", f"a{n}"))
    said = await session.messages()
    await ada.forget([message.id for message in said[-3:]])

    assert texts(await session.messages(last=3)) == ["q1", "a1", "q2"]


async def test_a_context_stays_within_its_budget(keeper: Keeper) -> None:
    """However small or large; what is left out is named."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    for n in range(20):
        await talk(session, (f"my colour number {n} is blue", f"noted {n} " + "word " * 30))

    for budget in (1, 20, 60, 200, 1000, 100_000):
        context = await session.context("what colour?", budget_tokens=budget)
        assert context.tokens <= budget
        assert len(context.text.encode()) // 3 <= budget
        assert {piece.id for piece in context.pieces} & set(context.left_out) == set()


@pytest.mark.parametrize("kind", ["", " ", "with space", "x" * 2000])
async def test_a_kind_is_one_word(kind: str, keeper: Keeper) -> None:
    """BadInput, and no session is made."""
    ada = await keeper.user("ada")
    with pytest.raises(BadInput):
        await ada.sessions.start(kind=kind)
    assert await ada.sessions.list() == []
