"""Rooms: who is mentioned, who answers, and what of it the room keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

import holdfast
from holdfast.assistant.answering import NO_TOOLS, Asked, Toolbox
from holdfast.assistant.events import (
    Delta,
    Event,
    Failed,
    Finished,
    Recalled,
    Started,
    TakesTurn,
)
from holdfast.assistant.mentions import MAX_MENTIONED, mentioned
from holdfast.assistant.rooms import post_in_room
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.rooms import OpenRoom
from holdfast.model import Assistant, AssistantId

HELPER = Assistant(id=AssistantId("1"), slug="helper", name="Ada's Helper")
BOT = Assistant(id=AssistantId("2"), slug="helper.bot", name="Straße")
ZHUSHOU = Assistant(id=AssistantId("3"), slug="zs", name="助手")
ALL = (HELPER, BOT, ZHUSHOU)


class Named:
    """Answers with the name of who is asked, and notes what it was asked."""

    name = "named"

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[str]:
        """A sentence that mentions everybody."""
        self.asked.append(asked)
        if "break" in asked.text:
            raise ValueError(asked.text)
        yield f"{asked.assistant} says: "
        yield "ask @helper and @clerk"


async def posted(user: holdfast.User, room: OpenRoom, text: str, **options: Any) -> list[Event]:
    """All events of one post."""
    async with aclosing(post_in_room(user, room, text, **options)) as events:
        return [event async for event in events]


@pytest.fixture
async def people(keeper: holdfast.Keeper) -> list[holdfast.User]:
    """Three people."""
    return [await keeper.user(name) for name in ("ada", "ben", "cy")]


@pytest.fixture
async def rooms(people: list[holdfast.User]) -> list[OpenRoom]:
    """One room as each of the three sees it; two assistants are in it."""
    ada = people[0]
    await ada.names.describe_assistant("helper", name="Helper", purpose="is kind")
    made = await ada.rooms.create("team", members=["ben", "cy"], assistants=["helper", "clerk"])
    return [await user.rooms.open(made.id) for user in people]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@helper hello", [HELPER]),
        ("hello @HELPER.", [HELPER]),
        ("(@helper)", [HELPER]),
        ("@ada's helper, what?", [HELPER]),
        ("@helper.bot or @helper?", [BOT, HELPER]),
        ("@helper @helper @helper.bot", [HELPER, BOT]),
        ("@STRASSE", [BOT]),
        ("@straße", [BOT]),
        ("＠zs", [ZHUSHOU]),
        ("你好@助手你好", [ZHUSHOU]),
        ("请问@zs你好", [ZHUSHOU]),
        ("助手，你好", [ZHUSHOU]),
        ("Ada's helper: what?", [HELPER]),
        ("  helper, what?", [HELPER]),
        ("I like Ada's helper, you know", []),
        ("helper what", []),
        ("mail ada@helper.bot", []),
        ("mail ada@helper", []),
        ("@helpers", []),
        ("@helper-2", []),
        ("@helper.bots", []),
        ("@ helper", []),
        ("@nobody", []),
        ("@", []),
        ("", []),
    ],
)
def test_who_is_mentioned(text: str, meant: list[Assistant]) -> None:
    """By slug or name with an @, or by name at the beginning; never inside a word."""
    assert [a.slug for a in mentioned(text, ALL)] == [a.slug for a in meant]


def test_a_slug_is_nobody_elses_name() -> None:
    """Whatever an assistant is called, the slug of another means the other."""
    thief = Assistant(id=AssistantId("9"), slug="thief", name="helper")
    for order in ([thief, HELPER], [HELPER, thief]):
        assert [a.slug for a in mentioned("@helper", order)] == ["helper"]
    assert mentioned("@helper", []) == []


def test_mentions_are_bounded() -> None:
    """Of a hundred that are mentioned so many answer."""
    many = [Assistant(id=AssistantId(f"{n}"), slug=f"a{n}", name=f"a{n}") for n in range(100)]
    text = " ".join(f"@a{n}" for n in range(100))

    assert [a.slug for a in mentioned(text, many)] == [f"a{n}" for n in range(MAX_MENTIONED)]
    assert mentioned("@" * 100_000 + " @a" * 100_000, many) == []


async def test_a_post_without_a_mention_is_a_turn_of_its_own(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """Recorded as said by who posted it; nobody answers."""
    by = Named()
    events = await posted(people[1], rooms[1], "hello all", answerer=by)

    assert [type(event) for event in events] == [Started, Finished]
    assert by.asked == []
    [message] = await rooms[0].messages()
    assert (message.author, message.role, message.text) == ("ben", "user", "hello all")
    [turn] = await (await rooms[0].session()).turns()
    assert turn.status == "complete"


async def test_each_mentioned_assistant_answers_in_the_turn(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """In the order of the mentions, by its name, told its purpose; no answer brings another."""
    by = Named()
    events = await posted(people[1], rooms[1], "@clerk and @helper: colour?", answerer=by)

    assert [type(event) for event in events] == [
        Started, Recalled, TakesTurn, Delta, Delta, TakesTurn, Delta, Delta, Finished,
    ]  # fmt: skip
    assert [e.assistant for e in events if isinstance(e, TakesTurn)] == ["clerk", "helper"]
    assert [(m.role, m.author, m.text) for m in await rooms[2].messages()] == [
        ("user", "ben", "@clerk and @helper: colour?"),
        ("assistant", "clerk", "clerk says: ask @helper and @clerk"),
        ("assistant", "helper", "Helper says: ask @helper and @clerk"),
    ]
    [turn] = await (await rooms[0].session()).turns()
    assert turn.status == "complete"
    assert [(a.assistant, a.purpose, a.author) for a in by.asked] == [
        ("clerk", "", "ben"),
        ("Helper", "is kind", "ben"),
    ]


async def test_an_assistant_knows_of_the_room_only(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """Its latest messages and what is recalled; nothing of anybody's own vault."""
    session = await people[0].sessions.start()
    async with session.turn("my secret violin is red") as turn:
        await turn.reply("noted")
    for n in range(15):
        await rooms[n % 3].post(f"violin number {n}")
    by = Named()
    await posted(people[0], rooms[0], "@helper which violin?", answerer=by)

    [asked] = by.asked
    assert [m.text for m in asked.recent] == [f"violin number {n}" for n in range(5, 15)]
    assert {m.author for m in asked.recent} == {"ada", "ben", "cy"}
    told = asked.context + "".join(hit.text for hit in asked.hits)
    assert "violin number" in told
    assert "secret" not in told


async def test_a_failing_assistant_leaves_the_post(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """A failed turn with the post and the error."""
    events = await posted(people[0], rooms[0], "@helper break", answerer=Named())

    assert isinstance(events[-1], Failed)
    [turn] = await (await rooms[1].session()).turns()
    assert turn.status == "failed"
    assert (await rooms[1].messages())[0].text == "@helper break"


async def test_a_post_is_made_once_per_person_and_key(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """A retry gets the recorded answer; another member's key of the same name is another key."""
    by = Named()
    first = await posted(people[0], rooms[0], "@helper hi", client_key="1", answerer=by)
    again = await posted(people[0], rooms[0], "@helper hi", client_key="1", answerer=by)
    other = await posted(people[1], rooms[1], "@helper hi", client_key="1", answerer=by)
    plain = [await posted(people[n], rooms[n], "hi", client_key="2") for n in (0, 0, 1)]

    assert again[0].turn_id == first[0].turn_id
    assert isinstance(again[-1], Finished)
    assert again[-1].replayed
    assert other[0].turn_id != first[0].turn_id
    assert len(by.asked) == 2
    assert len({events[0].turn_id for events in plain}) == 2
    assert len(await rooms[0].messages()) == 6
    with pytest.raises(BadInput):
        await posted(people[0], rooms[0], "something else", client_key="1")


async def test_who_was_removed_posts_no_more(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """Nor has anybody answer; an answer that is on its way ends with it."""
    began, removed = asyncio.Event(), asyncio.Event()

    class Waiting(Named):
        async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[str]:
            yield "before. "
            began.set()
            await removed.wait()
            yield "after."

    task = asyncio.create_task(posted(people[1], rooms[1], "@helper go", answerer=Waiting()))
    await began.wait()
    await rooms[0].remove("ben")
    removed.set()
    await asyncio.gather(task, return_exceptions=True)

    said = [message.text for message in await rooms[0].messages()]
    assert said[0] == "@helper go"
    assert "after." not in "".join(said)
    [turn] = await (await rooms[0].session()).turns()
    assert turn.status == "failed"
    for text in ("hello", "@helper hello"):
        with pytest.raises(NotFound):
            await posted(people[1], rooms[1], text)


async def test_a_removed_assistant_is_not_meant_any_more(
    people: list[holdfast.User], rooms: list[OpenRoom]
) -> None:
    """Its mention is a word like others; what it said stays."""
    await posted(people[0], rooms[0], "@clerk hi", answerer=Named())
    await rooms[0].remove("clerk", kind="assistant")

    events = await posted(people[0], rooms[0], "@clerk hi again", answerer=Named())

    assert len(events) == 2
    assert [m.author for m in await rooms[0].messages()] == ["ada", "clerk", "ada"]
