"""Loading at the start what the first question would otherwise wait for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from holdfast.assistant.answering import prepare

if TYPE_CHECKING:
    from holdfast.assistant.answering import Answerer
    from holdfast.keeper.indexes import Indexes

__all__ = ["Warming"]

_logger = logging.getLogger(__name__)


class Warming:
    """Loads beside what is served already, from the entry of an `async with` to its end.

    What compares meanings is part of being ready. A model is not: a provider that is away or a
    model that does not load fails its turns, and what is said is kept all the same.
    """

    def __init__(
        self,
        indexes: Indexes,
        *answerers: Answerer | None,
        owner: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`owner` loads what the one user of this server is sure to ask for."""
        self._indexes = indexes
        self._owner = owner
        self._answerers = [answerer for answerer in answerers if answerer is not None]
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def ready(self) -> None:
        """Return when meanings can be compared; raises what kept that from loading."""
        await self._indexes.prepare()

    async def __aenter__(self) -> Self:
        self._tasks = (
            asyncio.create_task(self._warm_indexes(), name="warming indexes"),
            *(asyncio.create_task(_warm(by), name="warming a model") for by in self._answerers),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _warm_indexes(self) -> None:
        try:
            await self.ready()
        except Exception as exc:  # noqa: BLE001  # a task's boundary: /readyz tells it by name
            _tell("indexes", exc)
            return
        if self._owner is not None:
            try:
                await self._owner()
            except Exception as exc:  # noqa: BLE001  # likewise: the first question tells it
                _tell("owner", exc)


async def _warm(answerer: Answerer) -> None:
    try:
        await prepare(answerer)
    except Exception as exc:  # noqa: BLE001  # a task's boundary: the first turn tells what it is
        _tell("model", exc)


def _tell(what: str, error: Exception) -> None:
    # Its kind alone: what a library says may name a path.
    extra = {"action": f"warming.{what}", "error": type(error).__name__}
    _logger.warning("cannot be loaded beforehand", extra=extra)
