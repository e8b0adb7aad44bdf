"""What is loaded at the start, beside what is served already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC

import pytest

import holdfast
from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.errors import MissingExtra
from holdfast.index.embedder import Embedder
from holdfast.keeper.indexes import Indexes
from holdfast.server import warming as warming_module
from holdfast.server.warming import Warming

from .conftest import Served


class Slow:
    """An answerer that takes its time to load, or cannot."""

    name = "slow"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = asyncio.Event()

    async def prepare(self) -> None:
        """Load for ever, or fail."""
        self.begun.set()
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """Nothing."""
        yield ""


@pytest.mark.parametrize("error", [None, ValueError("/secret/path")])
async def test_what_compares_meanings_is_loaded_and_a_model_keeps_nobody_waiting(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Ready means that recall need not load; a model that loads for ever or fails changes that
    not, and what it says is in no log."""
    made: list[int] = []

    def make() -> Embedder:
        made.append(1)
        from holdfast.index.embedder import StaticEmbedder

        return StaticEmbedder()

    slow = Slow(error)
    async with Warming(Indexes(make, folder=None), slow, QuotingAnswerer(zone=UTC), None) as warm:
        await slow.begun.wait()
        await warm.ready()
        await warm.ready()

    assert made == [1]
    assert "/secret/path" not in caplog.text
    assert ("cannot be loaded beforehand" in caplog.text) is (error is not None)


async def test_what_cannot_be_loaded_is_not_ready() -> None:
    """A package that is missing is told by /readyz, and ends no server."""

    def fail() -> Embedder:
        raise MissingExtra("meaning", "minilm")

    async with Warming(Indexes(fail, folder=None)) as warming:
        with pytest.raises(MissingExtra):
            await warming.ready()


async def test_a_server_is_ready_when_its_recall_is(served: Served) -> None:
    """Until then that is all that is wrong with it."""
    async with served.client(log_in=False) as client:
        first = await client.get("/readyz")
    warm = await served.warmed()

    assert first.json()["failing"] in ([], ["recall"])
    assert (warm.status_code, warm.json()["failing"]) == (200, [])


class Loads(holdfast.Keeper):
    """A keeper's part that a page's opening asks for; it tells, and fails where it is to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.warmed: list[str] = []
        self.error = error
        self.told = asyncio.Event()

    async def warm(self, user_id: str) -> None:
        """Note who."""
        self.warmed.append(user_id)
        self.told.set()
        if self.error is not None:
            raise self.error


async def test_what_a_page_will_search_is_loaded_once_when_it_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many of its tabs open at once; and not at all when it is loaded already."""
    monkeypatch.setattr(warming_module, "_AFTER_PAGE_S", 0.0)
    async with holdfast.open("memory:") as keeper:
        ada, bob = await keeper.user("ada"), await keeper.user("bob")
        await bob.recall("the boat")
        keeps = Loads()
        async with Warming(keeper.store.indexes) as warming:
            for user in (bob, ada, ada):
                warming.page_opens(keeps, user)
            await keeps.told.wait()

    assert keeps.warmed == ["ada"]


async def test_a_page_s_search_that_cannot_be_loaded_is_told_by_its_kind_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page goes on, and its next opening tries again."""
    monkeypatch.setattr(warming_module, "_AFTER_PAGE_S", 0.0)
    async with holdfast.open("memory:") as keeper:
        ada = await keeper.user("ada")
        keeps = Loads(ValueError("/secret/path"))
        async with Warming(keeper.store.indexes) as warming:
            for _ in range(2):
                keeps.told.clear()
                warming.page_opens(keeps, ada)
                await keeps.told.wait()
                await asyncio.sleep(0)

    assert keeps.warmed == ["ada", "ada"]
    assert "/secret/path" not in caplog.text
    assert [record.error for record in caplog.records] == ["ValueError"] * 2  # type: ignore[attr-defined]
