"""Fixtures and factories for tests of the whole library: a world with its own clock, ids and files.

`world` opens keepers on SQLite files below `tmp_path`, with a key file beside them; `keeper` is one
on both backends. Real parts throughout: what is injected is time, ids, and what a disk may do.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import holdfast
from holdfast.clock import uuid7_ids
from holdfast.index.embedder import StaticEmbedder
from holdfast.keeper.keeper import Keeper
from holdfast.storage import BACKENDS, Backend, StorageUrl
from holdfast.storage.protocol import KeyStorage, Storage

START = datetime(2026, 1, 9, 12, 0, tzinfo=UTC)


class HandClock:
    """A clock that a test sets; it moves by a millisecond each time it is read."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def pass_by(self, **parts: float) -> None:
        """Let time pass, or go back: the arguments of timedelta."""
        self.now += timedelta(**parts)

    def ns(self) -> int:
        """Nanoseconds since 1970, for ids."""
        return int(self.now.timestamp() * 1000) * 1_000_000


@cache
def embedder() -> StaticEmbedder:
    """The bundled embedder, read once for all tests of a process."""
    return StaticEmbedder()


class Tap:
    """Hears every call that reaches data and keys, as "data.commit"; may refuse or hold it.

    `before` and `after` are awaited with the name and the first argument. What they raise, the
    caller gets: before the call nothing was written, after it everything was.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.before: Callable[[str, Any], Awaitable[None]] | None = None
        self.after: Callable[[str, Any], Awaitable[None]] | None = None
        self.rows: Callable[[list[Any]], list[Any]] | None = None
        """What becomes of rows on their way up, for a storage that lies."""
        self.heads: Callable[[list[Any]], list[Any]] | None = None

    def still(self) -> None:
        """Let everything through again."""
        self.before = self.after = self.rows = self.heads = None

    def on(self, inner: Any, label: str) -> Any:
        """The storage, tapped."""
        return _Tapped(inner, self, label)


class _Tapped:
    def __init__(self, inner: Any, tap: Tap, label: str) -> None:
        self._inner = inner
        self._tap = tap
        self._label = label

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(method):
            return method
        return partial(self._through, name, method)

    async def _through(self, name: str, method: Any, *given: Any, **named: Any) -> Any:
        tap, call = self._tap, f"{self._label}.{name}"
        tap.calls.append(call)
        asked = given[0] if given else None
        if tap.before is not None and name != "close":
            await tap.before(call, asked)
        answer = await method(*given, **named)
        if tap.after is not None and name != "close":
            await tap.after(call, asked)
        if tap.rows is not None and name in ("rows", "rows_by_id", "changes"):
            return tap.rows(answer)
        if tap.heads is not None and name == "heads":
            return tap.heads(answer)
        return answer


class World:
    """A place where keepers live: one database, one key file, one clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.ids = uuid7_ids(self.clock.ns)
        self.tap = Tap()
        self.data_dir = folder / "data"
        self.config_dir = folder / "config"
        self._opened: list[Keeper] = []

    @property
    def path(self) -> Path:
        """The database file."""
        return self.data_dir / "holdfast.db"

    @property
    def root_key(self) -> Path:
        """The key file."""
        return self.config_dir / "root.key"

    async def open(self, scheme: str = "sqlite", **options: Any) -> Keeper:
        """Open a keeper; the fixture closes it if the test does not.

        `scheme`: "sqlite" (as shipped), "tapped" (through `tap`), "bare" (pages not encrypted),
        "memory" (kept nowhere), "tapped-memory".
        """
        url = f"{scheme}:" if scheme.endswith("memory") else f"{scheme}:///{self.path}"
        given: dict[str, Any] = {
            "root_key": holdfast.KeyFile(self.root_key),
            "clock": self.clock,
            "ids": self.ids,
            "embedder": embedder,
        }
        keeper = await holdfast.open(url, **{**given, **options})
        self._opened.append(keeper)
        return keeper

    async def close(self) -> None:
        """Close what is still open."""
        self.tap.still()
        while self._opened:
            await self._opened.pop().close()


def _backends(tap: Tap) -> dict[str, Backend]:
    sqlite, memory = BACKENDS["sqlite"], BACKENDS["memory"]

    def tapped(backend: Backend) -> Backend:
        async def keys(where: StorageUrl) -> KeyStorage:
            return tap.on(await backend.keys(where), "keys")  # type: ignore[no-any-return]

        async def data(where: StorageUrl) -> Storage:
            return tap.on(await backend.data(where), "data")  # type: ignore[no-any-return]

        return Backend(keys=keys, data=data)

    async def bare(where: StorageUrl) -> Storage:
        from holdfast.storage.sqlite import SqliteStorage

        opened = partial(
            SqliteStorage.open, where.path, page_key=None, busy_timeout_s=where.busy_timeout_s
        )
        return await asyncio.to_thread(opened)

    return {
        "tapped": tapped(sqlite),
        "tapped-memory": tapped(memory),
        "bare": Backend(keys=sqlite.keys, data=bare),
    }


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A world of its own; what was opened in it is closed at the end."""
    made = World(tmp_path)
    for scheme, backend in _backends(made.tap).items():
        monkeypatch.setitem(BACKENDS, scheme, backend)
    yield made
    await made.close()


@pytest.fixture(params=["memory", "sqlite"])
async def keeper(world: World, request: pytest.FixtureRequest) -> Keeper:
    """A keeper on each backend."""
    return await world.open(request.param)


@pytest.fixture
def clock(world: World) -> HandClock:
    """The world's clock."""
    return world.clock


async def talk(session: Any, *exchanges: tuple[str, str]) -> None:
    """Say and answer, turn by turn."""
    for said, answered in exchanges:
        async with session.turn(said) as turn:
            await turn.reply(answered)


def texts(messages: Any) -> list[str]:
    """The texts of messages or hits, in order."""
    return [message.text for message in messages]
