"""Contenders are measured fairly: in turns, on the same work, every acknowledgement counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.bench.capture import measure_writers, opened_contenders
from holdfast.bench.contenders import Conversation
from holdfast.bench.history import measure_reads
from holdfast.bench.report import Effort
from holdfast.bench.texts import Exchange

ONCE = Effort(rounds=3, seconds=0.0)


class Listed:
    """A contender that keeps everything in lists, and notes when it is written to."""

    note = ""
    refusals = (TimeoutError,)
    blocks = False

    def __init__(
        self, name: str, order: list[str], *, forgets: int = 0, error: Exception | None = None
    ) -> None:
        self.name = name
        self.order = order
        self.conversations: list[_ListedConversation] = []
        self.forgets = forgets
        self.error = error
        self.folder: Path | None = None

    async def open(self, folder: Path) -> None:
        """Note the folder."""
        self.folder = folder

    async def conversation(self, number: int) -> Conversation:
        """A list."""
        self.conversations.append(_ListedConversation(self))
        return self.conversations[-1]

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        """One by one."""
        for exchange in exchanges:
            await conversation.log(exchange)

    async def close(self) -> None:
        """Note that it was closed."""
        self.order.append(f"{self.name} closed")


class _ListedConversation:
    def __init__(self, owner: Listed) -> None:
        self.kept: list[str] = []
        self._owner = owner

    async def log(self, exchange: Exchange) -> None:
        self._owner.order.append(self._owner.name)
        if self._owner.error is not None and len(self._owner.order) % 2:
            raise self._owner.error
        self.kept += [exchange.question, exchange.answer]

    async def last(self, count: int) -> int:
        return len(self.kept[-count:]) - self._owner.forgets


async def test_contenders_take_turns_in_every_round() -> None:
    """After the warm-up each contender is measured once a round, in the same order."""
    order: list[str] = []
    contenders = [Listed("a", order), Listed("b", order)]

    await measure_writers(contenders, 1, ONCE)

    assert order[-6:] == ["a", "b", "a", "b", "a", "b"]


async def test_every_session_writes_the_same_as_the_other_contenders() -> None:
    """A session of one contender keeps word for word what its counterpart keeps."""
    contenders = [Listed("a", []), Listed("b", [])]

    runs = await measure_writers(contenders, 4, ONCE)

    first, second = ([c.kept[-6:] for c in one.conversations] for one in contenders)
    assert first == second
    assert [len(took) for run in runs for took in run.took] == [4] * 6


async def test_a_refused_write_is_counted_and_is_no_turn() -> None:
    """What a contender declines under load is in no rate and no percentile."""
    (run,) = await measure_writers([Listed("a", [], error=TimeoutError())], 2, ONCE)

    assert ([len(took) for took in run.took], run.refused) == ([1, 1, 1], 3)


async def test_any_other_failure_ends_the_measuring() -> None:
    """A contender that breaks has no figures: only what it names as refusals is counted."""
    with pytest.raises(ValueError, match="broken"):
        await measure_writers([Listed("a", [], error=ValueError("broken"))], 2, ONCE)


async def test_a_store_that_loses_messages_has_no_figure() -> None:
    """A read that comes back short ends the program instead of being the fastest."""
    with pytest.raises(RuntimeError, match="returned 19 messages"):
        await measure_reads([Listed("a", [], forgets=1)], 40, ONCE)


async def test_contenders_get_an_empty_folder_and_leave_none() -> None:
    """Each has a folder of its own while it is open; after the block it was closed and is gone."""
    order: list[str] = []
    contenders = [Listed("a", order), Listed("b", order)]

    async with opened_contenders(contenders):
        folders = [one.folder for one in contenders if one.folder and one.folder.is_dir()]

    assert len(set(folders)) == 2
    assert [folder.exists() for folder in folders] == [False, False]
    assert sorted(order) == ["a closed", "b closed"]
