"""What cannot be kept is refused: a typed error, a stable code, nothing half-written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from fix_keeper import World, texts
from holdfast.capture.turn import Input
from holdfast.errors import BadInput, HoldfastError, NotFound, TooLarge
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Speech

MB = 1024 * 1024
HALF = "broken \ud83d"
NUL = "before\0after"


async def _turn(session: OpenSession, *given: Any, **named: Any) -> None:
    async with session.turn(*given, **named):
        raise AssertionError("the block was entered")


Attempt = Callable[[User, OpenSession], Awaitable[Any]]
REFUSED: dict[str, tuple[type[HoldfastError], Attempt]] = {
    "empty text": (BadInput, lambda _, s: _turn(s, "")),
    "spaces only": (BadInput, lambda _, s: _turn(s, " \t\n\u3000")),
    "empty exchange": (BadInput, lambda _, s: s.log_full_chat_interaction("", "hi")),
    "empty memory": (BadInput, lambda a, _: a.memories.add("  ")),
    "empty question": (BadInput, lambda a, _: a.recall(" ")),
    "empty room name": (BadInput, lambda a, _: a.rooms.create("")),
    "empty client key": (BadInput, lambda _, s: _turn(s, "x", client_key=" ")),
    "empty tag": (BadInput, lambda a, _: a.sessions.start(tags=["a", ""])),
    "100 MB of text": (TooLarge, lambda _, s: _turn(s, "x" * (100 * MB))),
    "100 MB of wide text": (TooLarge, lambda _, s: _turn(s, "日" * (34 * MB))),
    "100 MB of answer": (TooLarge, lambda _, s: s.log_full_chat_interaction("x", "y" * (100 * MB))),
    "100 MB of entities": (TooLarge, lambda _, s: _turn(s, "x", entities={"a": "y" * (100 * MB)})),
    "100 MB of speech": (
        TooLarge,
        lambda _, s: _turn(s, given=Input(audio=bytes(100 * MB), media_type="audio/wav")),
    ),
    "100 MB of memory": (TooLarge, lambda a, _: a.memories.add("x" * (100 * MB))),
    "a long tag": (TooLarge, lambda _, s: _turn(s, "x", tags=["t" * 2000])),
    "a long author": (TooLarge, lambda _, s: _turn(s, "x", author="t" * 2000)),
    "half a surrogate": (BadInput, lambda _, s: _turn(s, HALF)),
    "half a surrogate in an answer": (
        BadInput,
        lambda _, s: s.log_full_chat_interaction("x", HALF),
    ),
    "half a surrogate in a tag": (BadInput, lambda _, s: _turn(s, "x", tags=[HALF])),
    "half a surrogate in entities": (BadInput, lambda _, s: _turn(s, "x", entities={"a": [HALF]})),
    "half a surrogate as a key of entities": (
        BadInput,
        lambda _, s: _turn(s, "x", entities={HALF: 1}),
    ),
    "half a surrogate in a title": (BadInput, lambda _, s: s.change(title=HALF)),
    "half a surrogate in a memory": (BadInput, lambda a, _: a.memories.add(HALF)),
    "half a surrogate in a question": (BadInput, lambda a, _: a.recall(HALF)),
    "half a surrogate in a slug": (BadInput, lambda a, _: a.sessions.start(assistant=HALF)),
    "half a surrogate in a client key": (BadInput, lambda _, s: _turn(s, "x", client_key=HALF)),
    "half a surrogate in an item": (
        BadInput,
        lambda _, s: _turn(s, given=Input(text="x", item=HALF)),
    ),
    "half a surrogate in the engine of speech": (
        BadInput,
        lambda _, s: _turn(s, given=Input(text="x", audio=b"a", speech=Speech(engine=HALF))),
    ),
    "half a surrogate in a room": (BadInput, lambda a, _: a.rooms.create(HALF)),
    "half a surrogate in a member": (BadInput, lambda a, _: a.rooms.create("r", members=[HALF])),
    "bytes as text": (BadInput, lambda _, s: _turn(s, b"bytes")),
    "no text as text": (BadInput, lambda _, s: _turn(s, None)),
    "a number as a tag": (BadInput, lambda _, s: _turn(s, "x", tags=[1])),
    "a confidence above one": (BadInput, lambda _, s: _turn(s, "x", intent_confidence=1.5)),
    "a confidence that is no number": (
        BadInput,
        lambda _, s: _turn(s, "x", intent_confidence=float("nan")),
    ),
    "an importance of eleven": (
        BadInput,
        lambda a, _: a.memories.add(NewMemory(text="x", importance=11)),
    ),
    "entities that hold themselves": (BadInput, lambda _, s: _turn(s, "x", entities=_circle())),
    "a time without zone": (
        BadInput,
        lambda _, s: s.log_full_chat_interaction("x", "y", at=datetime(2026, 1, 1)),
    ),
    "a slug with spaces": (BadInput, lambda a, _: a.sessions.start(assistant="my helper")),
    "a page of no length": (BadInput, lambda a, _: a.sessions.page(limit=0)),
    "a cursor from nowhere": (BadInput, lambda a, _: a.sessions.page(cursor="next")),
    "a cursor beyond all numbers": (
        BadInput,
        lambda a, _: a.sessions.page(cursor=f"{10**30}.{'0' * 32}"),
    ),
    "since after until": (
        BadInput,
        lambda a, _: a.recall("x", since="2026-02-01", until="2026-01-01"),
    ),
    "an unknown assistant": (NotFound, lambda a, _: a.sessions.page(assistant="nobody")),
    "a message that is not there": (NotFound, lambda _, s: s.branch("nothing")),
}


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    return circle


@pytest.mark.parametrize("what", REFUSED)
async def test_what_cannot_be_kept_is_refused_whole(what: str, keeper: Keeper) -> None:
    """The error is of its class, has a stable code and says what to do; nothing was written."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    before = await ada.stats(), await keeper.store.storage.vaults()
    error, attempt = REFUSED[what]

    with pytest.raises(error) as caught:
        await attempt(ada, session)

    assert caught.value.code == error.code
    assert ":" in str(caught.value)
    assert (await ada.stats(), await keeper.store.storage.vaults()) == before
    assert (await keeper.verify()).problems == ()


@pytest.mark.parametrize("name", ["", " ", HALF, "x" * 2000, None, 7])
async def test_a_user_needs_a_name_that_can_be_kept(name: Any, keeper: Keeper) -> None:
    """BadInput, and no vault is made."""
    with pytest.raises(BadInput):
        await keeper.user(name)

    assert await keeper.users() == []


async def test_an_unknown_user_is_not_found_and_not_made(keeper: Keeper) -> None:
    """With `create=False`, and in verify and erase."""
    for attempt in (
        keeper.user("nobody", create=False),
        keeper.verify("nobody"),
        keeper.erase("nobody"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await keeper.users() == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * MB,
        "日本語" * 100_000,
        NUL,
        "\0",
        "\x01\x02\x1b[31m",
        "e\u0301 vs é",
        "\ufffe\uffff",
        "👩‍👩‍👧‍👦" * 1000,
        "\u202eright to left",
        "a" + "\u0300" * 5000,
        "x " * 200_000,
        "\r\n line ends \r of all kinds \n",
        " kept with its spaces ",
    ],
    ids=lambda text: f"{text[:6]!r} x {len(text)}",
)
async def test_whatever_was_said_is_kept_to_the_letter(text: str, world: World) -> None:
    """A megabyte, NUL, control signs, any script: read back equal, also after a new start."""
    keeper = await world.open()
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    async with session.turn(text) as turn:
        async with turn.tool("echo", {"text": text}) as call:
            call.result({text: text})
        await turn.reply(text)
    await ada.recall("anything")
    await keeper.close()

    again = await world.open()
    session = await (await again.user("ada")).sessions.open(session.id)
    said, called, result, reply = await session.messages()

    assert texts([said, reply]) == [text, text]
    assert called.tool is not None
    assert called.tool.arguments == {"text": text}
    assert result.tool is not None
    assert result.tool.result == {text: text}
    assert (await again.verify()).problems == ()


async def test_a_stream_over_the_limit_keeps_what_came_before(keeper: Keeper) -> None:
    """TooLarge in the middle: the turn fails, and holds what had been written until then."""
    session = await (await keeper.user("ada")).sessions.start()

    async def pour() -> None:
        async with session.turn("tell me") as turn, turn.stream() as answer:
            for _ in range(100):
                await answer.write("x" * MB)

    with pytest.raises(TooLarge):
        await pour()

    (turn,) = await session.turns()
    said = await session.messages()
    assert turn.status == "failed"
    assert [message.kind for message in said] == ["text", "text", "error"]
    assert said[1].text == "x" * len(said[1].text)
    assert len(said[1].text) == 16 * MB
    assert said[2].error_code == "too_large"


async def test_a_stream_of_half_characters_is_refused_where_it_breaks(keeper: Keeper) -> None:
    """Half a surrogate in a delta: BadInput, and what came before is kept."""
    session = await (await keeper.user("ada")).sessions.start()

    async def pour() -> None:
        async with session.turn("tell me") as turn, turn.stream() as answer:
            await answer.write("good ")
            await answer.write(HALF)

    with pytest.raises(BadInput):
        await pour()

    assert texts(await session.messages())[:2] == ["tell me", "good "]
    assert [turn.status for turn in await session.turns()] == ["failed"]


async def test_a_file_over_the_limit_leaves_nothing_of_it(keeper: Keeper) -> None:
    """TooLarge, and no part of the file stays."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    async with session.turn("here") as turn:
        with pytest.raises(TooLarge):
            await turn.file("big", bytes(100 * MB), media_type="x/y")
        await turn.file("empty", b"", media_type="x/y")

    assert [m.kind for m in await session.messages()] == ["text", "file"]
    assert await session.read_file((await session.messages())[1].id) == b""
    assert (await ada.stats()).sealed_bytes < 2000


async def test_an_error_with_unreadable_text_is_recorded_all_the_same(keeper: Keeper) -> None:
    """An exception may say anything: it is kept as far as can be and never stands in the way."""
    session = await (await keeper.user("ada")).sessions.start()

    async def fail() -> None:
        async with session.turn("go"):
            raise ValueError(HALF + "x" * (40 * MB))

    with pytest.raises(ValueError, match="broken"):
        await fail()

    assert [turn.status for turn in await session.turns()] == ["failed"]
    said = (await session.messages())[1]
    assert said.text.startswith("ValueError: broken ?xxx")
    assert len(said.text) <= 16 * MB
