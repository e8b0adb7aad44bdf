"""Promise 6: nothing of the content lies anywhere in a form that can be read without the key."""

from __future__ import annotations

import base64
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from fix_keeper import World, embedder
from holdfast.assistant.chat import chat
from holdfast.capture.turn import Input
from holdfast.clock import id_bytes
from holdfast.errors import HoldfastError
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory
from holdfast.storage.protocol import ChangesQuery, LinksQuery

_PLACES = """
    question answer title tag entity intent model tool argument result filename filecontent
    filetext transcript speech memory memorytag thought room roommate roompost user assistant
    project platform imported importtitle clientkey reasoning error errortext author item draft
    forgotten purpose branch session2
"""


def _canary(place: str) -> str:
    """A word that is nowhere else, one per place; it begins and ends with rare letters."""
    return f"zq{place}xjvkw"


CANARIES = {place: _canary(place) for place in _PLACES.split()}


async def _say_it_all(keeper: Keeper, folder: Path) -> None:
    """Put a canary into everything that takes text."""
    c = CANARIES
    ada = await keeper.user(c["user"])
    session = await ada.sessions.start(
        assistant=c["assistant"],
        project=c["project"],
        title=c["title"],
        platform=c["platform"],
        tags=[c["tag"]],
    )
    await _one_turn(session)
    await _other_turns(session)
    await ada.names.describe_assistant(c["assistant"], purpose=c["purpose"])
    await ada.memories.add(NewMemory(text=c["memory"], tags=[c["memorytag"]]))
    room = await ada.rooms.create(c["room"], members=[c["roommate"]])
    await room.post(c["roompost"])
    path = folder / "in.jsonl"
    line = {"session": "s", "role": "user", "text": c["imported"], "title": c["importtitle"]}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    await ada.imports.file(path)
    path.unlink()
    await keeper.distill()
    await ada.recall(c["question"])
    await room.recall(c["roompost"])


async def _one_turn(session: Any) -> None:
    c = CANARIES
    async with session.turn(
        c["question"],
        client_key=c["clientkey"],
        author=c["author"],
        intent=c["intent"],
        entities={"name": [c["entity"]]},
        tags=[c["tag"]],
        model=c["model"],
    ) as turn:
        await turn.reasoning(c["reasoning"])
        async with turn.tool(c["tool"], {"q": c["argument"]}) as call:
            call.result([c["result"]])
        await turn.file(
            c["filename"], c["filecontent"].encode(), media_type="a/b", text=c["filetext"]
        )
        await turn.error(c["errortext"], code=c["error"])
        await turn.reply(c["answer"], item=json.dumps({"raw": c["item"]}))


async def _other_turns(session: Any) -> None:
    c = CANARIES
    speech = Input(text=c["transcript"], audio=c["speech"].encode(), media_type="audio/wav")
    async with session.turn(given=speech) as turn, turn.stream() as answer:
        await answer.write(c["draft"])
        await answer.flush()
        await answer.write(" and more")
    async with session.turn(c["branch"], edits=turn.messages[0].id):
        pass
    await session.log_full_chat_interaction(c["session2"], "noted", thought=c["thought"])
    async with session.turn(c["forgotten"]) as turn:
        pass


def _spellings(word: str) -> Iterator[bytes]:
    """What a word may look like in a file."""
    for form in (word, word.upper(), word.casefold(), word[::-1]):
        yield form.encode()
        yield form.encode("utf-16-le")
        yield form.encode("utf-16-be")
    yield json.dumps(word).strip('"').encode()
    yield word.encode().hex().encode()
    for shift in range(3):
        # Base64 of a text depends on where in it the word stands: cut to what is the same always.
        coded = base64.b64encode(b"\0" * shift + word.encode())[(shift * 8 + 5) // 6 :]
        yield coded.rstrip(b"=")[:-1]
    # Part of the word, as a token or a page border may cut it.
    yield word[:10].encode()


def _vectors() -> Iterator[tuple[str, bytes]]:
    """The embeddings of what was said, as the bytes of numbers: any eight in a row give it away."""
    for place in ("question", "answer", "memory", "imported", "transcript", "roompost"):
        vector = embedder().embed([CANARIES[place]])[0]
        scaled = np.round(vector / np.abs(vector).max() * 127)
        for values in (
            vector.astype(np.float32),
            vector.astype(np.float16),
            vector.astype(np.float64),
            scaled.astype(np.int8),
        ):
            size = 16 if values.dtype == np.int8 else 8
            for start in (0, 100):
                yield f"vector of {place}", values[start : start + size].tobytes()


def _needles() -> list[tuple[str, bytes]]:
    words = [(place, form) for place, word in CANARIES.items() for form in _spellings(word)]
    return [*words, *_vectors()]


def _found_in(contents: Iterable[tuple[str, bytes]]) -> set[tuple[str, str]]:
    """Which canary lies where."""
    needles = _needles()
    return {
        (name, place)
        for name, content in contents
        for place, needle in needles
        if needle and needle in content
    }


def _files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            yield f"{path.name} (name)", str(path).encode()
            if path.is_file():
                yield path.name, path.read_bytes()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that is looked at as well."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_promise_06_sealed_the_search_for_canaries_finds_them() -> None:
    """Each spelling of each canary, and each vector, is found where it does lie."""
    text = CANARIES["question"]
    vector = embedder().embed([text])[0]
    shapes = {
        "utf-8": f"x{text}y".encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": text.encode().hex().encode(),
        "base64 0": base64.b64encode(text.encode()),
        "base64 1": base64.b64encode(b"1" + text.encode() + b"tail"),
        "base64 2": base64.b64encode(b"12" + text.encode() + b"tail"),
        "upper": text.upper().encode(),
        "float32": vector.tobytes(),
        "float16": vector.astype(np.float16).tobytes(),
    }

    found = _found_in(shapes.items())

    assert {name for name, _ in found} == set(shapes)


@pytest.mark.parametrize("scheme", ["sqlite", "bare"])
async def test_promise_06_sealed_no_canary_in_any_file_or_log(
    scheme: str,
    world: World,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is open, when it is closed, and after everything was forgotten and erased.

    "bare" leaves out the encryption of pages, so that the seals of the records alone are seen.
    """
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("holdfast.keeper.indexes._SAVE_AFTER", 1)
    folders = (world.data_dir, world.config_dir, temporary)
    keeper = await world.open(scheme)
    await _say_it_all(keeper, temporary)
    backups = world.data_dir / "backups"
    await keeper.backup(backups / "data", backups / "keys")
    ada = await keeper.user(CANARIES["user"])
    open_now = _found_in(_files(*folders))

    (hit,) = await ada.recall(CANARIES["forgotten"], limit=1, include="messages", neighbours=0)
    await ada.forget(hit.message.id if hit.message else "")
    after_forgetting = _found_in(_files(*folders))
    await keeper.close()
    closed = _found_in(_files(*folders))

    keeper = await world.open(scheme)
    await keeper.erase(CANARIES["user"])
    after_erasing = _found_in(_files(*folders))
    await keeper.close()
    logged = _found_in([("log", "\n".join(_told(caplog.records)).encode())])

    assert list(world.data_dir.glob("*.index/*")) != []
    assert open_now | after_forgetting | closed | after_erasing | logged == set()


def _told(records: Iterable[logging.LogRecord]) -> Iterator[str]:
    for record in records:
        yield record.getMessage()
        yield repr(record.__dict__)


async def test_promise_06_sealed_no_canary_in_what_is_raised(world: World) -> None:
    """Errors name fields, ids and limits, never what somebody said."""
    keeper = await world.open(limits=_small_limits())
    c = CANARIES
    ada = await keeper.user("ada")
    session = await ada.sessions.start()
    raised = []
    for attempt in (
        session.log_full_chat_interaction(c["question"] * 200, "x"),
        session.log_full_chat_interaction(c["question"] + "\ud800", "x"),
        session.log_full_chat_interaction("x", "y", entities={c["entity"]: "\ud800"}),
        session.log_full_chat_interaction("x", "y", tags=["\ud800" + c["tag"]]),
        session.log_full_chat_interaction("x", "y", memory=NewMemory(text=c["memory"] + "\udfff")),
        ada.memories.add(NewMemory(text=c["memory"], importance=11)),
        ada.memories.add(c["memory"], sources=[c["question"]]),
        ada.recall(c["question"], since=datetime(2026, 1, 1)),  # naive on purpose
        ada.recall(c["question"], limit=0),
        ada.recall(c["question"], since=c["answer"]),
        ada.sessions.start(assistant=f"{c['assistant']} !"),
        ada.sessions.start(kind=f"{c['project']} !"),
        ada.sessions.open(c["session2"]),
        ada.sessions.page(assistant=c["assistant"]),
        ada.sessions.page(cursor=c["question"]),
        ada.memories.get(c["memory"]),
        ada.forget(c["question"]),
        ada.rooms.open(c["room"]),
        ada.create_memory_from_chat(session.id, c["assistant"]),
        keeper.user(c["user"] * 100),
        keeper.user(c["user"], create=False),
    ):
        with pytest.raises(HoldfastError) as caught:
            await attempt
        raised.append(caught.value)

    seen = [f"{error} {error!r} {error.__dict__} {error.__cause__!r}" for error in raised]
    assert _found_in([("raised", "\n".join(seen).encode("utf-8", "replace"))]) == set()


def _small_limits() -> Any:
    from holdfast.capture.checks import Limits

    return Limits(max_text_bytes=1000, max_label_bytes=100)


async def test_promise_06_sealed_nothing_prints_what_was_said(keeper: Keeper) -> None:
    """The objects that stay in hands and tracebacks print ids, not content."""
    c = CANARIES
    ada = await keeper.user(c["user"])
    session = await ada.sessions.start(assistant=c["assistant"], title=c["title"])
    room = await ada.rooms.create(c["room"])
    async with session.turn(c["question"]) as turn, turn.stream() as answer:
        await answer.write(c["answer"])
        shown = [keeper, keeper.store, ada, session, session.log, session.vault, room, turn, answer]
        shown += [ada.sessions, ada.memories, ada.rooms, ada.names, ada.imports, ada.exports]
        printed = " ".join(map(repr, shown))

    assert _found_in([("repr", printed.encode())]) == set()


async def test_promise_06_sealed_plain_columns_are_those_that_are_named(world: World) -> None:
    """Two stores that differ in every text have equal plain columns of the same kinds and sizes."""
    seen = []
    for name in ("first", "other"):
        here = World(world.folder / name)
        here.clock.now = datetime(2026, 1, 9, tzinfo=UTC)
        keeper = await here.open("bare")
        ada = await keeper.user(name)
        session = await ada.sessions.start(assistant=name, title=name, tags=[name])
        await session.log_full_chat_interaction(name, name, memory=name, thought=name)
        await keeper.close()
        seen.append(_plain_columns(here.path))

    assert seen[0] == seen[1]


def _plain_columns(path: Path) -> list[tuple[object, ...]]:
    """Every column of every row; what is random (ids, seals, digests) as its type and length."""
    import apsw

    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall()
        rows: list[tuple[object, ...]] = []
        for (table,) in tables:
            found = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            rows += sorted((table, *(_shape(value) for value in row)) for row in found)
        return rows
    finally:
        connection.close()


def _shape(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return "number" if isinstance(value, int) and value > 2**40 else repr(value)


async def test_promise_06_sealed_what_an_answer_was_given_is_in_its_turn_alone(
    keeper: Keeper,
) -> None:
    """No link and no plain column tells which memory an answer used; only the opened turn does."""
    ada = await keeper.user("ada")
    used = await ada.memories.add("My spare key hangs behind the third oar")
    session = await ada.sessions.start()
    async for _ in chat(ada, session, "Where does my spare key hang?"):
        pass

    (turn,) = await session.turns()
    raw = id_bytes(used.id)
    links = LinksQuery(vault_id=ada.vault.raw, to_ids=(raw,))
    changes = ChangesQuery(vault_id=ada.vault.raw, after=0)
    others = [row for row in await ada.vault.storage.changes(changes) if row.id != raw]

    assert [one.id for one in turn.used] == [used.id]
    assert await ada.vault.storage.links(links) == []
    assert id_bytes(turn.id) in {row.id for row in others}
    for row in others:
        assert raw not in msgspec.msgpack.encode(row)
        assert used.id not in str(row)
