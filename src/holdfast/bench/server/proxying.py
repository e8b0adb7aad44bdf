"""What the recording proxy adds until the first byte: the same upstream, asked directly and through
it in turns."""

from __future__ import annotations

import tempfile
import time
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from holdfast.bench.report import Cell, Effort, Table, Target, at_most, spread_of
from holdfast.bench.server.client import Client
from holdfast.bench.server.load import TIME_COLUMNS, times
from holdfast.bench.server.serving import Asker, add_askers, process, served
from holdfast.bench.texts import Exchange, Talk
from holdfast.keeper.keeper import Keeper

__all__ = ["measure_proxy"]

_EXCHANGES = 10
"""Of a conversation, which the client sends again each time, longer by one; then another begins."""
_WARM_UP = 10
_PATH = "/chat/completions"


class _Asked(Struct):
    """Seconds until the first byte, a list for each round."""

    direct: list[list[float]] = field(default_factory=list)
    through: list[list[float]] = field(default_factory=list)
    added: list[list[float]] = field(default_factory=list)


class _Conversation:
    """One client that talks, conversation after conversation."""

    def __init__(self, *, stream: bool, name: str) -> None:
        self._stream = stream
        self._name = name
        self._exchanges = list(islice(Talk(seed=5).exchanges(), _EXCHANGES))
        self._number = 0

    async def ask(self, direct: Client, through: Client) -> tuple[float, float]:
        """Seconds until the first byte, both ways."""
        conversation, place = divmod(self._number, _EXCHANGES)
        self._number += 1
        said = self._exchanges[: place + 1]
        body = {"model": "tiny", "stream": self._stream, "messages": _messages(said)}
        session = f"{self._name}-{conversation}"
        first = await direct.ask("POST", f"/v1{_PATH}", body)
        second = await through.ask("POST", f"/v1{_PATH}", body, X_Session_Id=session)
        if first.body != second.body:
            raise RuntimeError("the proxy changed an answer")
        return first.first_s, second.first_s


async def measure_proxy(effort: Effort) -> tuple[list[Table], list[Target]]:
    """One client; a streamed answer and one in one piece."""
    ways = {"event stream": _Asked(), "JSON": _Asked()}
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        command = ["-m", "holdfast.bench.server.upstream"]
        with process(command, {}, Path(folder)) as (upstream, _):
            async with (
                served(_fill, proxy_base_url=f"{upstream}/v1") as server,
                Client(upstream) as direct,
                Client(server.url, server.askers[0].key) as through,
            ):
                talks = {
                    way: _Conversation(stream=way != "JSON", name=way.replace(" ", "-"))
                    for way in ways
                }
                for talk in talks.values():
                    for _ in range(2 if effort.quick else _WARM_UP):
                        await talk.ask(direct, through)
                for _ in range(effort.rounds):
                    for way, asked in ways.items():
                        await _ask(asked, talks[way], direct, through, effort.seconds)
    rows: list[tuple[Cell, ...]] = []
    targets = []
    for way, asked in ways.items():
        for name in ("direct", "through", "added"):
            took: list[list[float]] = getattr(asked, name)
            rows.append((way, _SHOWN[name], sum(map(len, took)), *times(took)))
        added = spread_of(asked.added).p95 * 1e3
        targets.append(at_most(f"proxy, {way}, added to the first byte, p95", 5.0, added, "ms"))
    table = Table(
        title="Proxy: until the first byte of the answer",
        columns=("answer", "asked", "requests", *TIME_COLUMNS),
        rows=tuple(rows),
        note=f"One client sends conversations that grow to {_EXCHANGES} exchanges; each request "
        "goes to the upstream directly and then through the proxy, which has recorded the input "
        "before it forwards. What is added is the difference within a pair.",
    )
    return [table], [] if effort.quick else targets


_SHOWN = {"direct": "directly", "through": "through the proxy", "added": "added"}


async def _ask(
    asked: _Asked, talk: _Conversation, direct: Client, through: Client, seconds: float
) -> None:
    pairs: list[tuple[float, float]] = []
    until = time.perf_counter() + seconds
    while not pairs or time.perf_counter() < until:
        pairs.append(await talk.ask(direct, through))
    asked.direct.append([first for first, _ in pairs])
    asked.through.append([second for _, second in pairs])
    asked.added.append([second - first for first, second in pairs])


def _messages(said: list[Exchange]) -> list[dict[str, str]]:
    messages = []
    for one in said:
        messages += [
            {"role": "user", "content": one.question},
            {"role": "assistant", "content": one.answer},
        ]
    return messages[:-1]


async def _fill(keeper: Keeper) -> list[Asker]:
    return await add_askers(keeper, 1)
