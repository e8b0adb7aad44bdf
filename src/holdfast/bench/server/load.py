"""Clients that ask one after the other, each over its own connection, for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeAlias

from msgspec import Struct, field

from holdfast.bench.report import Cell, spread_of
from holdfast.bench.server.client import Client
from holdfast.bench.server.serving import Asker, Served

__all__ = ["TIME_COLUMNS", "Load", "Step", "drive", "times"]

TIME_COLUMNS = ("p50 ms", "p95 ms", "p99 ms")

Step: TypeAlias = Callable[[Client, Asker, int], Awaitable[float]]
"""What a client does for the n-th time; returns the seconds that count."""


class Load(Struct):
    """What came of it, a list or a number for each round."""

    took: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """Answers a second, of all clients together."""
    cpu_s: list[float] = field(default_factory=list)
    """Processor time of the server for one answer."""


def times(took: list[list[float]]) -> tuple[Cell, ...]:
    """The cells under `TIME_COLUMNS`."""
    spread = spread_of(took)
    return (spread.p50 * 1e3, spread.p95 * 1e3, spread.p99 * 1e3)


async def drive(
    load: Load,
    server: Served,
    askers: Sequence[Asker],
    step: Step,
    seconds: float,
    *,
    pause_s: float = 0.0,
    spread_s: float = 0.0,
) -> None:
    """One more round: each asker at once, a client of its own; at least one step each.

    Args:
        pause_s: between two steps of a client, which begin spread over it.
        spread_s: over so long the first steps begin otherwise: clients that each take the same
            time would all ask at one moment, again and again, and measure how they queue up.
    """
    spread_s = pause_s or spread_s
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(server.url, asker.key)) for asker in askers
        ]
        cpu_before, began = server.cpu_s(), time.perf_counter()
        until = began + seconds
        found = await asyncio.gather(
            *(
                _ask(client, asker, step, until, pause_s, first_s=spread_s * number / len(askers))
                for number, (client, asker) in enumerate(zip(clients, askers, strict=True))
            )
        )
        elapsed = time.perf_counter() - began
        took = [one for each in found for one in each]
        load.took.append(took)
        load.rates.append(len(took) / elapsed)
        load.cpu_s.append((server.cpu_s() - cpu_before) / len(took))


async def _ask(
    client: Client, asker: Asker, step: Step, until: float, pause_s: float, first_s: float
) -> list[float]:
    took: list[float] = []
    if first_s:
        await asyncio.sleep(first_s)
    while not took or time.perf_counter() < until:
        took.append(await step(client, asker, len(took)))
        if pause_s:
            await asyncio.sleep(pause_s)
    return took
