"""A filled store, a server over it in a process of its own, and who may ask it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from msgspec import Struct

from holdfast.bench.contenders import opened_keeper
from holdfast.bench.machine import memory_bytes
from holdfast.keeper.keeper import Keeper

__all__ = ["Asker", "Served", "add_askers", "at_once", "process", "served"]

_STOP_S = 30.0
_SAYS_WHERE = re.compile(r"serves (http://\S+)")
_NO_LIMITS = {
    "HOLDFAST_RATE_WRITES_PER_MINUTE": "0",
    "HOLDFAST_RATE_READS_PER_MINUTE": "0",
    "HOLDFAST_RATE_SEARCHES_PER_MINUTE": "0",
}
_AT_ONCE = 32


class Asker(Struct, frozen=True, kw_only=True):
    """A user with a key and a session of theirs."""

    user: str
    key: str
    session_id: str


class Served(Struct, frozen=True, kw_only=True):
    """A running server and those who were made for it."""

    url: str
    pid: int
    askers: list[Asker]

    def resident_bytes(self) -> int:
        """What the server's process holds in memory now."""
        return memory_bytes(self.pid)[0]

    def cpu_s(self) -> float:
        """Processor time that the server's process has taken, user and system, all threads."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


_Fill = Callable[[Keeper], Awaitable[list[Asker]]]
_Check = Callable[[Keeper, list[Asker]], Awaitable[None]]


async def add_askers(keeper: Keeper, count: int, *, sessions: int = 1) -> list[Asker]:
    """`count` users, each with a key and that many empty sessions: one asker for each session."""
    found = []
    for number in range(count):
        user = await keeper.user(f"user-{number}")
        _, key = await keeper.tokens.create(user.id)
        for _ in range(sessions):
            session = await user.sessions.start(assistant="helper")
            found.append(Asker(user=user.id, key=key, session_id=session.id))
    return found


@asynccontextmanager
async def served(
    fill: _Fill,
    *,
    pieces: int = 1,
    model_s: float = 0.0,
    check: _Check | None = None,
    **settings: str,
) -> AsyncIterator[Served]:
    """A server over a new store.

    Args:
        fill: puts in what is there before the server starts.
        pieces, model_s: of its answers.
        check: looks, after the server has stopped, whether all is there; raises when it is not.
        settings: further ones, by their names.

    Raises:
        RuntimeError: it did not start, or did not stop in peace.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        async with opened_keeper(folder) as keeper:
            askers = await fill(keeper)
        command = ["-m", "holdfast.bench.server.child", str(pieces), str(model_s)]
        with process(command, _environment(folder, settings), folder) as (url, pid):
            yield Served(url=url, pid=pid, askers=askers)
        if check is not None:
            async with opened_keeper(folder) as keeper:
                await check(keeper, askers)


@contextmanager
def process(
    command: list[str], environment: dict[str, str], folder: Path
) -> Iterator[tuple[str, int]]:
    """Run Python with these arguments until the block ends; gives the address that it prints, and
    its process id.

    Raises:
        RuntimeError: it printed none, or ended in failure.
    """
    with (folder / "log").open("ab") as log:
        running = subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, *command],
            env={"PATH": os.defpath, "HOME": str(folder), **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert running.stdout is not None  # it is piped
    try:
        found = _SAYS_WHERE.search(running.stdout.readline())
        if found is None:
            raise RuntimeError(f"{command} did not start")
        yield found[1], running.pid
        if running.poll() is not None:
            raise RuntimeError(f"{command} died while it was measured")
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()


def _environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    return {
        "HOLDFAST_DATA_DIR": str(folder),
        "HOLDFAST_CONFIG_DIR": str(folder / "config"),
        "HOLDFAST_AUTH": "tokens",
        "HOLDFAST_PORT": "0",
        **_NO_LIMITS,
        **{f"HOLDFAST_{name.upper()}": value for name, value in settings.items()},
    }


async def at_once(doing: Sequence[Awaitable[object]], count: int = _AT_ONCE) -> None:
    """Do all of them, `count` at a time."""
    places = asyncio.Semaphore(count)

    async def one(what: Awaitable[object]) -> None:
        async with places:
            await what

    await asyncio.gather(*(one(what) for what in doing))
