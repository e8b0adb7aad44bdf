"""Whether this process can do its work: what a load balancer asks before it sends somebody here."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from holdfast.errors import NotFound
from holdfast.storage.protocol import Write

if TYPE_CHECKING:
    from holdfast.keeper.store import Store

__all__ = ["Checks", "checks_of"]

_logger = logging.getLogger(__name__)
_FRESH_S = 1.0
_PATIENCE_S = 2.0
_NOBODY = bytes(16)
"""The id of a vault that never exists."""


class Checks:
    """Named checks; each returns, or raises. What was found holds for a second.

    Args:
        checks: the name of each, which is told to anybody, and what it does.
        monotonic: seconds.
    """

    def __init__(
        self,
        checks: dict[str, Callable[[], Awaitable[None]]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks = checks
        self._monotonic = monotonic
        self._found: list[str] = []
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def failing(self) -> list[str]:
        """The names of those that fail, sorted; [] when all is well."""
        async with self._asking:
            if self._monotonic() >= self._until:
                found = await asyncio.gather(*(self._ask(name) for name in self._checks))
                failing = sorted(name for name in found if name is not None)
                self._tell(failing)
                self._found = failing
                self._until = self._monotonic() + _FRESH_S
            return self._found

    async def _ask(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._checks[name]()
        except Exception as exc:  # noqa: BLE001  # whatever it is: it is told by name, and logged
            # Its kind alone: what a driver says may name a path.
            extra = {"action": "health.check", "checks": name, "error": type(exc).__name__}
            _logger.debug("check failed", extra=extra)
            return name
        return None

    def _tell(self, failing: list[str]) -> None:
        """Once for each change, and not for each question."""
        if failing == self._found:
            return
        extra = {"action": "health.ready", "checks": ",".join(failing) or "none"}
        if failing:
            _logger.warning("not ready", extra=extra)
        else:
            _logger.info("ready again", extra=extra)


def checks_of(
    store: Store,
    *,
    min_free_bytes: int,
    upkeep_alive: Callable[[], bool],
    warm: Callable[[], Awaitable[None]],
    stopping: Callable[[], bool],
) -> dict[str, Callable[[], Awaitable[None]]]:
    """What this server needs: its store for reading and for writing, its keys, room on the disk,
    what compares meanings, the task that looks after it, and nobody who has told it to stop."""

    async def reading() -> None:
        await store.storage.vault(_NOBODY)

    async def writing() -> None:
        # Refused inside the writer's own transaction: so the writer works, holds the file's lock
        # and could commit, and nothing was written.
        try:
            await store.storage.commit(Write(vault_id=_NOBODY))
        except NotFound:
            return
        raise RuntimeError

    async def keys() -> None:
        # Another process can have rotated the root: what it wraps from then on is closed to us.
        secrets = await store.keyring.storage.secrets()
        if secrets.get("root") != store.keyring.root_fingerprint:
            raise RuntimeError

    async def disk() -> None:
        if store.data_path is None:
            return
        usage = await asyncio.to_thread(shutil.disk_usage, store.data_path.parent)
        if usage.free < min_free_bytes:
            raise RuntimeError

    async def upkeep() -> None:
        if not upkeep_alive():
            raise RuntimeError

    async def running() -> None:
        if stopping():
            raise RuntimeError

    return {
        "disk": disk,
        "keys": keys,
        "reading": reading,
        "recall": warm,
        "running": running,
        "upkeep": upkeep,
        "writing": writing,
    }
