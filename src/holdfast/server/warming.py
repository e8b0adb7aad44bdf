"""Loading beforehand what the first question would otherwise wait for: at the start what everybody
needs, and what is one user's own when their page opens."""

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
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.users import User

__all__ = ["Warming"]

_logger = logging.getLogger(__name__)
_AFTER_PAGE_S = 1.0
"""From a page's first request on: what it shows comes before what may be searched."""


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
        self._pages: dict[bytes, asyncio.Task[None]] = {}
        self._one_by_one = asyncio.Lock()

    async def ready(self) -> None:
        """Return when meanings can be compared; raises what kept that from loading."""
        await self._indexes.prepare()

    def page_opens(self, keeper: Keeper, user: User) -> None:
        """Load, in a moment, what a user's first search would wait for, unless that is loaded."""
        vault = user.vault
        if vault.raw in self._pages or self._indexes.holds(vault):
            return
        task = asyncio.create_task(self._warm_page(keeper, user.id), name="warming a page")
        self._pages[vault.raw] = task
        task.add_done_callback(lambda _: self._pages.pop(vault.raw, None))

    async def _warm_page(self, keeper: Keeper, user_id: str) -> None:
        await asyncio.sleep(_AFTER_PAGE_S)
        try:
            # A thousand pages that open after a restart take their turns: who searches is first.
            async with self._one_by_one:
                await keeper.warm(user_id)
        except Exception as exc:  # noqa: BLE001  # a task's boundary: the first search tells it
            _tell("page", exc)

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
        tasks = [*self._tasks, *self._pages.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
