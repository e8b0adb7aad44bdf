"""Exports that are read piece by piece, and imports from what is no file."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import aclosing
from pathlib import Path
from typing import IO

import pytest

from fix_keeper import World, talk
from holdfast.errors import NotFound, TamperedRecord
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.piping import piped
from holdfast.keeper.users import User
from holdfast.vault.spool import SealedSpool


async def _told(keeper: Keeper, name: str = "ada") -> User:
    ada = await keeper.user(name)
    for number in range(3):
        session = await ada.sessions.start(assistant="helper", project="trip")
        await talk(session, (f"question {number}", f"answer {number}"))
        async with session.turn("with a file") as turn:
            await turn.file("note.txt", b"bytes of a file", media_type="text/plain")
    await ada.memories.add("by hand")
    return ada


async def _whole(ada: User, **asked: object) -> bytes:
    return b"".join([piece async for piece in ada.exports.stream(**asked)])  # type: ignore[arg-type]


async def test_a_streamed_bundle_comes_back_whole(keeper: Keeper, tmp_path: Path) -> None:
    """What was streamed is imported from a sealed temporary file, loss-free and once."""
    ada = await _told(keeper)
    ben = await keeper.user("ben")
    with SealedSpool("bundle") as spool:
        spool.write(await _whole(ada))

        report = await ben.imports.file(spool)
        again = await ben.imports.file(spool)
        preview = await ben.imports.preview(spool)

    assert (report.conversations, report.messages, report.memories, report.files) == (3, 12, 1, 3)
    assert (again.conversations, again.unchanged, again.messages) == (0, 3, 0)
    assert (preview.conversations, preview.known) == (0, 3)
    assert await _texts(ada) == await _texts(ben)
    assert list(tmp_path.rglob("*.partial")) == []


async def _texts(user: User) -> set[str]:
    found = set()
    async for session in user.sessions.each():
        opened = await user.sessions.open(session.id)
        found |= {message.text for message in await opened.messages()}
    return found


async def test_a_stream_is_the_document_that_a_file_would_be(
    keeper: Keeper, tmp_path: Path
) -> None:
    """JSON and Markdown, all or one session: as `file` writes them, but for the time."""
    ada = await _told(keeper)
    one = (await ada.sessions.list())[0]

    await ada.exports.file(tmp_path / "all.md", format="markdown", sessions=[one.id])
    streamed = await _whole(ada, format="markdown", sessions=[one.id])
    document = json.loads(await _whole(ada, format="json"))

    def lines(text: str) -> list[str]:
        return [line for line in text.splitlines() if "xported" not in line]

    assert lines(streamed.decode()) == lines((tmp_path / "all.md").read_text("utf-8"))
    assert len(document["sessions"]) == 3
    assert len(document["memories"]) == 1


async def test_an_unknown_session_is_told_before_the_first_piece(keeper: Keeper) -> None:
    """Nothing is yielded of an export that cannot be."""
    ada = await _told(keeper)
    with pytest.raises(NotFound):
        await _whole(ada, sessions=["00000000-0000-7000-8000-000000000000"])


async def test_a_damaged_record_ends_the_stream_with_its_error(world: World) -> None:
    """What does not open is not left out: whoever reads gets the exception."""
    keeper = await world.open("tapped-memory")
    ada = await _told(keeper)

    def damaged(rows: list[object]) -> list[object]:
        from msgspec.structs import replace

        return [
            replace(row, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))  # type: ignore[attr-defined,type-var]
            if getattr(row, "kind", None) == 3
            else row
            for row in rows
        ]

    world.tap.rows = damaged
    with pytest.raises(TamperedRecord):
        await _whole(ada, format="json")


async def test_a_writer_ends_when_nobody_reads_any_more() -> None:
    """A reader that stops after a piece leaves no thread behind, and no piece is made for it."""
    written = []

    def write(file: IO[bytes]) -> None:
        while True:
            file.write(b"x" * (1 << 20))
            written.append(1)

    async with aclosing(piped(write)) as pieces:
        assert await anext(pieces)

    assert len(written) < 12
    assert "holdfast-export" not in {thread.name for thread in threading.enumerate()}


async def test_a_reader_that_is_cancelled_leaves_no_thread_behind() -> None:
    """Neither does one that is cancelled while it waits for a piece."""
    begun, let_go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def write(file: IO[bytes]) -> None:
        loop.call_soon_threadsafe(begun.set)
        let_go.wait(30)
        file.write(b"x")

    async def read() -> None:
        async with aclosing(piped(write)) as pieces:
            async for _ in pieces:
                pass

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    loop.call_soon(let_go.set)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert "holdfast-export" not in {thread.name for thread in threading.enumerate()}


async def test_what_a_writer_raises_comes_after_what_it_wrote() -> None:
    """First the pieces, then the exception."""

    def write(file: IO[bytes]) -> None:
        file.write(b"x" * (1 << 20))
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):  # noqa: PT012  # the loop is what raises
        async for piece in piped(write):
            found.append(piece)

    assert b"".join(found) == b"x" * (1 << 20)
