"""Many open sockets: what they hold in memory, idle and after each has talked."""

from __future__ import annotations

import resource
import time
from contextlib import AsyncExitStack
from itertools import islice

from holdfast.bench.report import Effort, Table, Target, at_most
from holdfast.bench.server.serving import Asker, Served, add_askers, at_once, served
from holdfast.bench.server.sockets import Socket, open_socket
from holdfast.bench.texts import Talk
from holdfast.keeper.keeper import Keeper

__all__ = ["SOCKETS", "measure_sockets"]

SOCKETS = 2_000
_QUICK_SOCKETS = 20
_PER_USER = 20
_EXCHANGES = 5
"""That a session holds beforehand: its socket is sent them."""
_LIMIT_MB = 500.0
_FILES_BESIDE = 256


async def measure_sockets(effort: Effort) -> tuple[list[Table], list[Target]]:
    """Open them, let them be, send one message over each."""
    count = _QUICK_SOCKETS if effort.quick else SOCKETS
    _allow_files(count + _FILES_BESIDE)

    async def fill(keeper: Keeper) -> list[Asker]:
        askers = await add_askers(keeper, count // _PER_USER, sessions=_PER_USER)
        await at_once([_talk(keeper, asker, number) for number, asker in enumerate(askers)])
        return askers

    async with served(fill) as server, AsyncExitStack() as stack:
        rows: list[tuple[str, float, float]] = []
        began = time.perf_counter()

        def note(what: str) -> None:
            nonlocal began
            now = time.perf_counter()
            rows.append((what, server.resident_bytes() / 1e6, now - began))
            began = now

        note("no socket yet")
        sockets = await _opened(server, stack)
        note(f"{count:,} open, after their history")
        await at_once([_say(socket, number) for number, socket in enumerate(sockets)])
        note("each has sent a message and heard its answer")
        most = server.resident_bytes() / 1e6
    table = Table(
        title=f"{count:,} open sockets, {_PER_USER} of each user",
        columns=("when", "resident MB", "until then s"),
        rows=tuple(rows),
        note="Each is in a session of its own, in which ten messages stood.",
    )
    targets = [at_most("2,000 open sockets, resident", _LIMIT_MB, most, "MB")]
    return [table], [] if effort.quick else targets


async def _opened(server: Served, stack: AsyncExitStack) -> list[Socket]:
    sockets: list[Socket] = []

    async def one(asker: Asker) -> None:
        socket = await open_socket(server.url, asker.key, asker.session_id)
        sockets.append(await stack.enter_async_context(socket))
        await socket.until("history")

    await at_once([one(asker) for asker in server.askers])
    return sockets


async def _say(socket: Socket, number: int) -> None:
    socket.send(type="message", text=f"What did we say about number {number}?")
    await socket.until("finished")


async def _talk(keeper: Keeper, asker: Asker, number: int) -> None:
    user = await keeper.user(asker.user)
    session = await user.sessions.open(asker.session_id)
    for one in islice(Talk(seed=number).exchanges(), _EXCHANGES):
        await session.log_full_chat_interaction(one.question, one.answer)


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
