"""A session of any length is distilled page by page, and from where it was when it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crash.distilling.long_talk import long_talk, noting_pages, opened
from holdfast.distill import finding
from holdfast.keeper import session_distilling
from holdfast.keeper.users import User

_CHILD = Path(__file__).with_name("distil_child.py")


async def _filled(folder: Path, count: int) -> None:
    folder.mkdir()
    async with opened(folder) as keeper:
        user = await keeper.user("ada")
        report = await user.imports.conversation(long_talk(count))
        assert report.messages == count


def _killed_after(folder: Path, pages: int) -> int:
    """Let a child distil until it has begun so many pages, kill it, and return how many it had."""
    command = [sys.executable, str(_CHILD), str(folder)]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        # Killed by count and not by the clock: it is between two pages, or inside of one.
        heard = [child.stdout.readline() for _ in range(pages)]
        child.kill()
        heard += child.stdout.readlines()
    assert b"done\n" not in heard
    return heard.count(b"page\n")


async def _distilled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[int]]:
    """What is remembered in the end, and how many messages were read each time on the way."""
    read: list[int] = []
    monkeypatch.setattr(finding, "find", finding.find)  # put back afterwards
    noting_pages(read.append)
    async with opened(folder) as keeper:
        user = await keeper.user("ada")
        await user.distill()
        assert await user.distill() == 0
        assert (await keeper.verify()).problems == ()
        found = await _memories(user)
    monkeypatch.undo()
    return found, read


async def _memories(user: User) -> list[Any]:
    """All memories by what they say, since when and until when, and where it was said."""
    (info,) = await user.sessions.list()
    session = await user.sessions.open(info.id)
    seqs = {message.id: message.seq for message in await session.messages(limit=1_000_000)}
    memories = await user.memories.list()
    texts = {memory.id: memory.text for memory in memories}
    return sorted(
        (
            memory.kind,
            memory.text,
            str(memory.valid_from),
            str(memory.valid_to),
            texts.get(memory.supersedes or memory.id),
            [(seqs[source.message_id], source.start, source.end) for source in memory.sources],
        )
        for memory in memories
    )


async def _check(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    await _filled(folder / "whole", count)
    await _filled(folder / "killed", count)
    whole, read = await _distilled(folder / "whole", monkeypatch)
    pages = len(read)

    begun = _killed_after(folder / "killed", pages // 2)
    resumed, again = await _distilled(folder / "killed", monkeypatch)

    # Memory is bounded by the page and what stands before it, time by the number of pages.
    assert max(read) <= session_distilling._PAGE + session_distilling._BEFORE
    assert pages == -(-count // session_distilling._PAGE)
    assert len([memory for memory in whole if memory[0] == "fact"]) == count // 20
    assert resumed == whole
    # Of the pages that were begun, the last one may have to be read again.
    assert pages - begun <= len(again) <= pages - begun + 1


async def test_a_killed_distilling_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of 2,000 messages: the same memories as without, and no page twice."""
    await _check(tmp_path, monkeypatch, 2_000)


@pytest.mark.long
async def test_a_session_of_twenty_thousand_messages_outlives_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many pages as its length needs, each of bounded size."""
    await _check(tmp_path, monkeypatch, 20_000)
