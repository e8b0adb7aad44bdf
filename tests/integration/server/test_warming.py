"""What is loaded at the start, beside what is served already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC

import pytest

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.errors import MissingExtra
from holdfast.index.embedder import Embedder
from holdfast.keeper.indexes import Indexes
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
