"""The page in Chromium, over a thousand conversations, 1440 x 900, on the machine's own loopback.

Each round visits anew, with nothing in the browser's cache; the clocks run in the page itself, from
the key or touch to the frame that shows what was waited for. The server's first search, which reads
everything once, is shown apart.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import NamedTuple

from holdfast.bench.machine import describe_machine
from holdfast.bench.page import visits
from holdfast.bench.page.filling import fill, full, quick
from holdfast.bench.report import Cell, Effort, Report, Spread, Table, Target, at_most, spread_of
from holdfast.bench.server.serving import served

__all__ = ["measure"]


class _Figure(NamedTuple):
    """A line of the report; the point is that of the list the page was built by."""

    point: int
    name: str
    what: str
    best: str
    """Of the best page that was measured before this one was built."""
    limit: float
    unit: str


_FIGURES = (
    _Figure(1, "kb", "cold, logged in: on the wire", "585 bare, 2,890 full", 300, "KB"),
    _Figure(1, "requests", "cold, logged in: requests", "4 bare, 238 full", 25, "requests"),
    _Figure(2, "cold", "composer has the focus, cold", "840", 700, "ms"),
    _Figure(2, "warm", "composer has the focus, warm", "610", 300, "ms"),
    _Figure(2, "slow", "the same at 1.6 Mbit/s and 150 ms", "14,560", 3_000, "ms"),
    _Figure(3, "away", "requests to other hosts", "", 0, "requests"),
    _Figure(7, "field", "Ctrl-K until the field has the focus", "", 100, "ms"),
    _Figure(8, "result", "words of two months ago until their result", "340", 300, "ms"),
    _Figure(8, "long result", "the same, in 2,000 messages", "3,800 to 5,500", 300, "ms"),
    _Figure(9, "landed", "Enter until the message is in view", "330", 1_000, "ms"),
    _Figure(9, "long landed", "the same, in 2,000 messages", "8,400 to 12,000", 1_000, "ms"),
    _Figure(16, "find bar", "find bar in 2,000 messages: words to n of m", "", 300, "ms"),
    _Figure(19, "rows", "rows drawn of 1,000 conversations", "1,000", 80, "rows"),
    _Figure(19, "jump", "to the oldest conversation", "5,200", 300, "ms"),
    _Figure(19, "list task", "longest task while the list scrolls", "1,200 in all", 50, "ms"),
    _Figure(24, "open", "2,000 messages: first one shown", "1,070", 500, "ms"),
    _Figure(24, "nodes", "2,000 messages: nodes at most", "104,074", 5_000, "nodes"),
    _Figure(24, "frame", "2,000 messages: longest of 60 frames", "1,333", 100, "ms"),
    _Figure(24, "home", "2,000 messages: Home", "over 60,000", 500, "ms"),
    _Figure(24, "end", "2,000 messages: End", "", 500, "ms"),
    _Figure(24, "twice", "2,000 messages: parts asked for twice", "2", 0, "requests"),
    _Figure(31, "memories", "300 memories: first card", "", 500, "ms"),
    _Figure(36, "assistant task", "longest task in 600 sessions of one", "", 50, "ms"),
)


def measure(effort: Effort, *, command: str = "") -> Report:
    """Fill a store, serve it, and visit it in Chromium.

    Raises:
        RuntimeError: Playwright or Chromium is not installed.
    """
    machine = describe_machine()
    spreads, first = asyncio.run(_visit_all(effort))
    return Report(
        program="The page",
        command=command,
        machine=machine,
        effort=effort,
        tables=(_table(spreads, first),),
        targets=tuple(_target(one, spreads[one.name]) for one in _FIGURES),
    )


async def _visit_all(effort: Effort) -> tuple[dict[str, Spread], float]:
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        raise RuntimeError("playwright is missing: pip install playwright") from None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("chromium is missing: install it from the system's packages")
    size = quick if effort.quick else full
    found: dict[str, list[float]] = {one.name: [] for one in _FIGURES}
    async with (
        served(lambda keeper: fill(keeper, size)) as server,
        async_playwright() as playwright,
        # Chromium's own sandbox does not work for root, as in a container.
        await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
        ) as browser,
    ):
        first = await visits.first_find(browser, server)
        for _ in range(effort.rounds):
            for visit in (visits.loading, visits.throttled, visits.finding, visits.reading):
                for name, value in (await visit(browser, server)).items():
                    found[name].append(value)
    return {name: spread_of([values]) for name, values in found.items()}, first


def _table(spreads: dict[str, Spread], first: float) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            one.point,
            one.what,
            one.best,
            f"{one.limit:,.0f} {one.unit}",
            spread.p50,
            spread.p95,
            "" if spread.p95 <= one.limit else "**missed**",
        )
        for one, spread in ((one, spreads[one.name]) for one in _FIGURES)
    ]
    rows.append((8, "the first search after the server's start", "", "", first, first, ""))
    return Table(
        title="1,000 conversations, one of 2,000 and one of 5,000 messages, 300 memories",
        columns=("point", "what", "best seen elsewhere", "limit", "p50", "p95", ""),
        rows=tuple(rows),
        note="p95 of five rounds or fewer is the slowest of them, and what is held to the limit.",
    )


def _target(figure: _Figure, spread: Spread) -> Target:
    name = f"page, point {figure.point}: {figure.what}"
    return at_most(name, figure.limit, spread.p95, figure.unit)
