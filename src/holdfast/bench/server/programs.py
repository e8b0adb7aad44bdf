"""The parts of the server's figures, one server after the other, each over a store of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from holdfast.bench.machine import describe_machine
from holdfast.bench.report import Effort, Report, Table, Target
from holdfast.bench.server.holding import measure_sockets
from holdfast.bench.server.proxying import measure_proxy
from holdfast.bench.server.reading import measure_reads
from holdfast.bench.server.turns import measure_overhead, measure_rate

__all__ = ["PARTS", "measure"]

_Part: TypeAlias = Callable[[Effort], Awaitable[tuple[list[Table], list[Target]]]]

PARTS: dict[str, _Part] = {
    "overhead": measure_overhead,
    "rate": measure_rate,
    "sockets": measure_sockets,
    "proxy": measure_proxy,
    "reads": measure_reads,
}


def measure(
    effort: Effort,
    *,
    parts: tuple[str, ...] = (),
    floor: Sequence[str] = (),
    command: str = "",
) -> Report:
    """The parts that are named, all of them when none is; some five minutes.

    Args:
        floor: see `measure_rate`.
    """
    rate = partial(measure_rate, floor=floor)
    known: dict[str, _Part] = {**PARTS, "rate": rate}
    machine = describe_machine()
    tables: list[Table] = []
    targets: list[Target] = []
    for name in parts or PARTS:
        found, promised = asyncio.run(_measured(known[name], effort))
        tables += found
        targets += promised
    return Report(
        program="Server",
        command=command,
        machine=machine,
        effort=effort,
        tables=tuple(tables),
        targets=tuple(targets),
    )


async def _measured(part: _Part, effort: Effort) -> tuple[list[Table], list[Target]]:
    return await part(effort)
