"""Promise 2: whatever a turn goes through, one recorder writes it, and it leaves what it should."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import holdfast
from fix_keeper import talk
from holdfast.capture.turn import Input
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession
from holdfast.model import Message, Speech

Left = tuple[list[str], list[str]]
"""What a path leaves: "role kind text" of each message, and the status of each turn."""


def _line(message: Message) -> str:
    shown = message.text
    if message.tool is not None:
        tool = message.tool
        value = tool.arguments if message.kind == "tool_call" else tool.result
        shown = f"{tool.call_id} {value} {shown}".strip() + (" failed" if tool.failed else "")
    if message.error_code is not None:
        shown += f" [{message.error_code}]"
    return f"{message.role} {message.kind} {shown}"


async def _left(session: OpenSession) -> Left:
    found = [_line(message) for message in await session.messages()]
    return found, [turn.status for turn in await session.turns()]


async def _regular(session: OpenSession) -> None:
    await talk(session, ("hello", "hi"))


async def _fallback(session: OpenSession) -> None:
    async with session.turn("hello") as turn:
        await turn.error("the first model is away", code="unavailable")
        await turn.reply("hi from the second")


async def _tool(session: OpenSession) -> None:
    async with session.turn("weather?") as turn:
        async with turn.tool("weather", {"city": "Oslo"}, call_id="c1") as call:
            call.result({"celsius": 4})
        await turn.reply("4 degrees")


async def _nested_tool(session: OpenSession) -> None:
    async with session.turn("plan") as turn, turn.tool("plan", {}, call_id="outer") as outer:
        async with turn.tool("look", {"n": 1}, call_id="inner") as inner:
            inner.result("seen")
        outer.result("planned")


async def _duplicate_call(session: OpenSession) -> None:
    async with session.turn("twice") as turn:
        for n in (1, 2):
            async with turn.tool("look", {"n": n}, call_id="same") as call:
                call.result(n)


async def _tool_without_result(session: OpenSession) -> None:
    async with session.turn("go") as turn, turn.tool("fire", None, call_id="c1"):
        pass


async def _tool_error(session: OpenSession) -> None:
    async with session.turn("go") as turn:
        try:
            async with turn.tool("look", {}, call_id="c1"):
                raise KeyError("nothing there")
        except KeyError:
            await turn.reply("I found nothing")


async def _timeout(session: OpenSession) -> None:
    async with session.turn("slow"), asyncio.timeout(0):
        await asyncio.Event().wait()


async def _cancelled(session: OpenSession) -> None:
    async with session.turn("stop") as turn:
        await turn.reply("I begin")
        raise asyncio.CancelledError


async def _cancelled_stream(session: OpenSession) -> None:
    async with session.turn("tell me") as turn, turn.stream() as answer:
        await answer.write("Once upon ")
        await answer.write("a time")
        raise asyncio.CancelledError


async def _broken_stream(session: OpenSession) -> None:
    async with session.turn("tell me") as turn, turn.stream() as answer:
        await answer.write("Once upon")
        raise ConnectionError("the provider hung up")


async def _empty_stream(session: OpenSession) -> None:
    async with session.turn("tell me") as turn, turn.stream():
        pass


async def _stream_not_closed(session: OpenSession) -> None:
    async with session.turn("tell me") as turn:
        answer = await turn.stream().__aenter__()
        await answer.write("and so on")


async def _reasoning(session: OpenSession) -> None:
    async with session.turn("why?") as turn:
        await turn.reasoning("they want a reason")
        await turn.reply("because")


async def _file(session: OpenSession) -> None:
    async with session.turn("look at this") as turn:
        message = await turn.file("a.txt", b"content", media_type="text/plain", text="a note")
        assert await session.read_file(message.id) == b"content"
        await turn.reply("seen")


async def _audio(session: OpenSession) -> None:
    given = Input(
        text="what I said",
        audio=b"RIFF",
        media_type="audio/wav",
        speech=Speech(engine="test", language="en", duration_s=1.5),
    )
    async with session.turn(given=given) as turn:
        assert await session.read_file(turn.messages[0].id) == b"RIFF"
        await turn.audio(b"ANSW", media_type="audio/wav", transcript="what was answered")


async def _interaction(session: OpenSession) -> None:
    await session.log_full_chat_interaction(
        "weather?",
        "4 degrees",
        reasoning="look it up",
        tools=[holdfast.ToolRun(name="weather", arguments={"city": "Oslo"}, result=4, call_id="c")],
        memory="asks about the weather",
        thought="easy",
        tags=["weather"],
    )


async def _edit(session: OpenSession) -> None:
    async with session.turn("helo") as turn:
        await turn.reply("what?")
    async with session.turn("hello", edits=turn.messages[0].id) as edited:
        await edited.reply("hi")
    shown = [message.text for message in await session.branch()]
    assert shown == ["hello", "hi"]
    assert edited.messages[0].parent_id == turn.messages[0].parent_id


async def _regenerate(session: OpenSession) -> None:
    async with session.turn("hello") as turn:
        await turn.reply("hm")
    async with session.turn(answers=turn.messages[0].id) as again:
        await again.reply("hi!")
    assert [message.text for message in await session.branch()] == ["hello", "hi!"]
    assert again.messages[0].parent_id == turn.messages[0].id


async def _several_voices(session: OpenSession) -> None:
    async with session.turn("hello all", author="ada") as turn:
        await turn.say("system", "ben joined")
        await turn.say("user", "me too", author="ben")
        await turn.reply("welcome", author="helper")
    assert [m.author for m in turn.messages] == ["ada", None, "ben", "helper"]


_CALL = "assistant tool_call"
_RESULT = "tool tool_result"
PATHS: dict[str, tuple[Callable[[OpenSession], Awaitable[None]], Left]] = {
    "regular": (_regular, (["user text hello", "assistant text hi"], ["complete"])),
    "fallback": (
        _fallback,
        (
            [
                "user text hello",
                "system error the first model is away [unavailable]",
                "assistant text hi from the second",
            ],
            ["complete"],
        ),
    ),
    "tool": (
        _tool,
        (
            [
                "user text weather?",
                f"{_CALL} c1 {{'city': 'Oslo'}}",
                f"{_RESULT} c1 {{'celsius': 4}}",
                "assistant text 4 degrees",
            ],
            ["complete"],
        ),
    ),
    "nested tool": (
        _nested_tool,
        (
            [
                "user text plan",
                f"{_CALL} outer {{}}",
                f"{_CALL} inner {{'n': 1}}",
                f"{_RESULT} inner seen",
                f"{_RESULT} outer planned",
            ],
            ["complete"],
        ),
    ),
    "duplicate call": (
        _duplicate_call,
        (
            [
                "user text twice",
                f"{_CALL} same {{'n': 1}}",
                f"{_RESULT} same 1",
                f"{_CALL} same {{'n': 2}}",
                f"{_RESULT} same 2",
            ],
            ["complete"],
        ),
    ),
    "tool without result": (
        _tool_without_result,
        (["user text go", f"{_CALL} c1 None", f"{_RESULT} c1 None"], ["complete"]),
    ),
    "tool error": (
        _tool_error,
        (
            [
                "user text go",
                f"{_CALL} c1 {{}}",
                f"{_RESULT} c1 None KeyError: 'nothing there' failed [error]",
                "assistant text I found nothing",
            ],
            ["complete"],
        ),
    ),
    "timeout": (_timeout, (["user text slow", "system error TimeoutError [timeout]"], ["failed"])),
    "cancelled": (_cancelled, (["user text stop", "assistant text I begin"], ["cancelled"])),
    "cancelled stream": (
        _cancelled_stream,
        (["user text tell me", "assistant text Once upon a time"], ["cancelled"]),
    ),
    "broken stream": (
        _broken_stream,
        (
            [
                "user text tell me",
                "assistant text Once upon",
                "system error ConnectionError: the provider hung up [error]",
            ],
            ["failed"],
        ),
    ),
    "empty stream": (_empty_stream, (["user text tell me"], ["complete"])),
    "stream not closed": (
        _stream_not_closed,
        (["user text tell me", "assistant text and so on"], ["complete"]),
    ),
    "reasoning": (
        _reasoning,
        (
            [
                "user text why?",
                "assistant reasoning they want a reason",
                "assistant text because",
            ],
            ["complete"],
        ),
    ),
    "file": (
        _file,
        (["user text look at this", "user file a note", "assistant text seen"], ["complete"]),
    ),
    "audio": (
        _audio,
        (["user audio what I said", "assistant audio what was answered"], ["complete"]),
    ),
    "interaction": (
        _interaction,
        (
            [
                "user text weather?",
                "assistant reasoning look it up",
                f"{_CALL} c {{'city': 'Oslo'}}",
                f"{_RESULT} c 4",
                "assistant text 4 degrees",
            ],
            ["complete"],
        ),
    ),
    "edit": (
        _edit,
        (
            [
                "user text helo",
                "assistant text what?",
                "user text hello",
                "assistant text hi",
            ],
            ["complete", "complete"],
        ),
    ),
    "regenerate": (
        _regenerate,
        (
            ["user text hello", "assistant text hm", "assistant text hi!"],
            ["complete", "complete"],
        ),
    ),
    "several voices": (
        _several_voices,
        (
            [
                "user text hello all",
                "system text ben joined",
                "user text me too",
                "assistant text welcome",
            ],
            ["complete"],
        ),
    ),
}


async def _go(path: str, session: OpenSession) -> None:
    try:
        await PATHS[path][0](session)
    except (asyncio.CancelledError, TimeoutError, ConnectionError):
        return


@pytest.mark.parametrize("path", PATHS)
async def test_promise_02_every_path_leaves_what_it_should(path: str, keeper: Keeper) -> None:
    """Each path leaves exactly these messages and this status, in order and whole."""
    session = await (await keeper.user("ada")).sessions.start()

    await _go(path, session)

    assert await _left(session) == PATHS[path][1]
    assert [m.seq for m in await session.messages()] == list(range(len(PATHS[path][1][0])))
    assert (await keeper.verify()).problems == ()


@pytest.mark.parametrize("path", PATHS)
async def test_promise_02_every_path_is_ephemeral_when_asked(path: str, keeper: Keeper) -> None:
    """An ephemeral session goes the same way, and nothing of it reaches the store."""
    await keeper.user("ada")
    before = await keeper.store.storage.vaults()
    session = await keeper.ephemeral("ada", assistant="helper")

    await _go(path, session)

    assert await _left(session) == PATHS[path][1]
    assert await keeper.store.storage.vaults() == before


@pytest.mark.parametrize("path", PATHS)
async def test_promise_02_every_path_works_in_a_room(path: str, keeper: Keeper) -> None:
    """An assistant in a room goes the same way, in the room's vault and in nobody else's."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team", members=["ben"])
    before = await ada.stats()

    await _go(path, await room.session())

    theirs = await (await (await keeper.user("ben")).rooms.open(room.id)).session()
    assert await _left(theirs) == PATHS[path][1]
    assert await ada.stats() == before


async def test_promise_02_every_path_a_room_message_is_a_turn(keeper: Keeper) -> None:
    """What members post are turns with an author."""
    room = await (await keeper.user("ada")).rooms.create("team", members=["ben"])
    await room.post("hello")
    await (await (await keeper.user("ben")).rooms.open(room.id)).post("hi")

    session = await room.session()
    assert [(m.author, m.text) for m in await room.messages()] == [("ada", "hello"), ("ben", "hi")]
    assert [turn.status for turn in await session.turns()] == ["complete", "complete"]


async def test_promise_02_every_path_an_import_is_recorded_turn_by_turn(
    keeper: Keeper, tmp_path: Path
) -> None:
    """Imported messages are messages of complete turns, in the chain of their session."""
    path = tmp_path / "chat.jsonl"
    path.write_text(
        '{"session": "s", "role": "user", "text": "hello"}\n'
        '{"session": "s", "role": "assistant", "text": "hi"}\n',
        encoding="utf-8",
    )
    ada = await keeper.user("ada")
    await ada.imports.file(path)
    (info,) = await ada.sessions.list()

    assert await _left(await ada.sessions.open(info.id)) == PATHS["regular"][1]
    assert (await keeper.verify()).problems == ()


async def test_promise_02_every_path_nested_calls_know_their_caller(keeper: Keeper) -> None:
    """A tool called inside a tool names the outer call; one after it does not."""
    session = await (await keeper.user("ada")).sessions.start()
    async with session.turn("plan") as turn:
        async with turn.tool("plan", call_id="outer"), turn.tool("look", call_id="inner"):
            pass
        async with turn.tool("later", call_id="later"):
            pass
    calls = {
        m.tool.call_id: m.tool.parent_call_id for m in turn.messages if m.tool and m.text == ""
    }
    assert calls == {"outer": None, "inner": "outer", "later": None}


def _names(tree: ast.AST) -> set[str]:
    """Every name that a module uses, imports or reaches into another module for."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.name)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names


@cache
def _modules() -> dict[str, ast.Module]:
    source = Path(holdfast.__file__).parent
    return {
        path.relative_to(source).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(source.rglob("*.py"))
    }


def test_promise_02_every_path_only_the_recorder_makes_message_rows() -> None:
    """`seal_message` and `seal_turn` are used by the recorder; forgetting reseals turns."""
    users: dict[str, set[str]] = {"seal_message": set(), "seal_turn": set()}
    for name, tree in _modules().items():
        for function in users:
            if function in _names(tree):
                users[function].add(name)

    assert users == {
        "seal_message": {"capture/batch.py"},
        "seal_turn": {"capture/batch.py", "keeper/forgetting.py"},
    }


def _message_rows(tree: ast.AST) -> list[ast.Call]:
    """Where a row of kind MESSAGE or TURN is made by hand."""
    made = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in ("SealedRow", "seal_body"):
            continue
        given: list[Any] = [k.value for k in node.keywords if k.arg == "kind"]
        named = {v.attr for v in given if isinstance(v, ast.Attribute)}
        if named & {"MESSAGE", "TURN"}:
            made.append(node)
    return made


def test_promise_02_every_path_rows_of_messages_and_turns_are_made_in_one_module() -> None:
    """Only the codec makes them, and it is the storage's own tests that make others."""
    makers = {name for name, tree in _modules().items() if _message_rows(tree)}

    assert makers - {"testing/rows.py"} == {"vault/codec.py"}


def test_promise_02_every_path_only_the_vault_commits() -> None:
    """Below the vault there is no second way to write: `storage.commit` is called there alone."""
    callers = set()
    for name, tree in _modules().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "commit"
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "storage"
            ):
                callers.add(name)

    above = {name for name in callers if not name.startswith(("vault/", "storage/", "testing/"))}
    # The first writes to the key storage, which holds no content; the second is always refused: it
    # asks whether a write would be possible.
    assert above == {"keeper/backups.py", "server/observing/health.py"}
