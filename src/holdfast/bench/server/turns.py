"""Chat turns over HTTP and sockets: what a turn takes beyond its model, and how many a second.

Every turn that a client was told is complete is counted; afterwards the store must hold as many.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TypeAlias

import msgspec
from msgspec import Struct

from holdfast.bench.report import Cell, Effort, Table, Target, at_least, at_most, spread_of
from holdfast.bench.server.client import Client
from holdfast.bench.server.load import TIME_COLUMNS, Load, Step, drive, times
from holdfast.bench.server.serving import Asker, Served, add_askers, process, served
from holdfast.bench.server.sockets import Socket, open_socket
from holdfast.bench.texts import Talk
from holdfast.keeper.keeper import Keeper

__all__ = ["MODELS", "Model", "Turns", "measure_overhead", "measure_rate"]


class Model(Struct, frozen=True, kw_only=True):
    """A model that says its pieces by a timetable."""

    seconds: float
    pieces: int


MODELS = (Model(seconds=0.2, pieces=20), Model(seconds=1.0, pieces=50))
"""The second is closer to real ones; with the first, 32 clients make five times as many turns."""
_QUICK_MODELS = (Model(seconds=0.02, pieces=20), Model(seconds=0.05, pieces=50))
_PACED_CLIENTS = 32
_CLIENTS = 64
_WARM_UP_S = 1.0
_QUESTIONS = 512
_EVENTS = "text/event-stream"
_RECORDED = "no model: a finished exchange"
_FLOOR = "no turn: a bare FastAPI route"
_Way: TypeAlias = tuple[Served, Step, list[Asker]]
"""Who is asked what, and by whom."""
_LAST_LINE = b"data: [DONE]\n\n"
_NOTE = (
    "Each client is a user of its own with an API key and one session; recall runs for every turn. "
    "The load generator is a process of its own on the same two cores."
)


class _Ended(Struct):
    status: str


class _Told(Struct):
    turn: _Ended


class Turns:
    """Turns that clients hold, and what they were told of them."""

    def __init__(self, clients: int) -> None:
        self.clients = clients
        exchanges = list(islice(Talk().exchanges(), _QUESTIONS))
        self._texts = [one.question for one in exchanges]
        self._answers = [one.answer for one in exchanges]
        self._told: Counter[str] = Counter()

    @asynccontextmanager
    async def served(self, *, pieces: int, model_s: float) -> AsyncIterator[Served]:
        """A server with a user for each client.

        Raises:
            RuntimeError: a turn that somebody was told of is not in the store, or one too many.
        """
        async with served(self._fill, pieces=pieces, model_s=model_s, check=self._check) as server:
            yield server

    def by_http(self, server: Served) -> list[Asker]:
        """An asker of each user, for requests."""
        return server.askers[::2]

    def by_socket(self, server: Served) -> list[Asker]:
        """The same users in other sessions: a socket hears all that happens in its own."""
        return server.askers[1::2]

    async def as_json(self, client: Client, asker: Asker, number: int) -> float:
        """A turn that is answered as JSON when it has ended."""
        path = f"/api/conversations/current_user/{asker.session_id}/turns"
        answer = await client.ask("POST", path, {"text": self._text(asker, number)})
        if msgspec.json.decode(answer.body, type=_Told).turn.status != "complete":
            raise RuntimeError("a turn was not completed")
        self._told[asker.session_id] += 1
        return answer.took_s

    async def as_stream(self, client: Client, asker: Asker, number: int) -> float:
        """A turn that is answered as an event stream."""
        path = f"/api/conversations/current_user/{asker.session_id}/turns"
        said = {"text": self._text(asker, number)}
        answer = await client.ask("POST", path, said, Accept=_EVENTS)
        if not answer.body.endswith(_LAST_LINE) or b'"type":"finish"' not in answer.body:
            raise RuntimeError("a stream broke off")
        self._told[asker.session_id] += 1
        return answer.took_s

    async def over_socket(self, socket: Socket, asker: Asker, number: int) -> float:
        """A turn over an open socket."""
        began = time.perf_counter()
        socket.send(type="message", text=self._text(asker, number))
        if (await socket.until("finished"))["status"] != "complete":
            raise RuntimeError("a turn was not completed")
        self._told[asker.session_id] += 1
        return time.perf_counter() - began

    async def as_exchange(self, client: Client, asker: Asker, number: int) -> float:
        """A finished exchange that is only recorded."""
        path = f"/api/conversations/current_user/{asker.session_id}/exchanges"
        said = {
            "user_message": self._text(asker, number),
            "assistant_message": self._answers[number % _QUESTIONS],
        }
        took_s = (await client.ask("POST", path, said, expect=201)).took_s
        self._told[asker.session_id] += 1
        return took_s

    async def echoed(self, client: Client, asker: Asker, number: int) -> float:
        """No turn: the same text to a route that gives it back."""
        return (await client.ask("POST", "/echo", {"text": self._text(asker, number)})).took_s

    def _text(self, asker: Asker, number: int) -> str:
        first = int(asker.user.rpartition("-")[2])
        return self._texts[(7 * first + number) % _QUESTIONS]

    async def _fill(self, keeper: Keeper) -> list[Asker]:
        return await add_askers(keeper, self.clients, sessions=2)

    async def _check(self, keeper: Keeper, askers: list[Asker]) -> None:
        for asker in askers:
            user = await keeper.user(asker.user, create=False)
            session = await user.sessions.open(asker.session_id)
            turns = await session.turns(limit=1_000_000)
            kept, told = [turn.status for turn in turns], self._told[asker.session_id]
            if kept != ["complete"] * told:
                raise RuntimeError(f"{told} turns were acknowledged, {len(kept)} are in the store")


async def measure_overhead(effort: Effort) -> tuple[list[Table], list[Target]]:
    """Turns of models that take a fixed time, less that time."""
    tables: list[Table] = []
    targets: list[Target] = []
    for model in _QUICK_MODELS if effort.quick else MODELS:
        table, promised = await _overhead(effort, model)
        tables.append(table)
        targets += promised
    return tables, [] if effort.quick else targets


async def _overhead(effort: Effort, model: Model) -> tuple[Table, list[Target]]:
    ways = {"JSON": Load(), "event stream": Load()}
    turns = Turns(2 if effort.quick else _PACED_CLIENTS)
    async with turns.served(pieces=model.pieces, model_s=model.seconds) as server:
        http = turns.by_http(server)
        steps = {
            "JSON": (server, _less(model.seconds, turns.as_json), http),
            "event stream": (server, _less(model.seconds, turns.as_stream), http),
        }
        await _in_turns(effort, ways, steps, spread_s=model.seconds)
    clients, took = turns.clients, f"{model.seconds * 1e3:,.0f} ms"
    table = Table(
        title=f"Overhead of a turn, {clients} clients, a model that takes {took}",
        columns=("answered as", "turns", *TIME_COLUMNS, "CPU ms/turn"),
        rows=tuple(
            (way, _count(load), *times(load.took), _cpu_ms(load)) for way, load in ways.items()
        ),
        note=f"The model says {model.pieces} pieces by a timetable. {_NOTE}",
    )
    targets = []
    for way, load in ways.items():
        spread = spread_of(load.took)
        name = f"overhead of a turn, {clients} clients, a model of {took}, {way}"
        targets += [
            at_most(f"{name}, p50", 5.0, spread.p50 * 1e3, "ms"),
            at_most(f"{name}, p95", 15.0, spread.p95 * 1e3, "ms"),
        ]
    return table, targets


async def measure_rate(
    effort: Effort, *, floor: Sequence[str] = ()
) -> tuple[list[Table], list[Target]]:
    """Turns a second when the model takes no time, and finished exchanges that are only recorded.

    Args:
        floor: a program for Python that serves a bare POST /echo, measured in the same rounds.
    """
    ways = {"JSON": Load(), "event stream": Load(), "WebSocket": Load(), _RECORDED: Load()}
    turns = Turns(2 if effort.quick else _CLIENTS)
    async with turns.served(pieces=1, model_s=0.0) as server, AsyncExitStack() as stack:
        sockets = {}
        for asker in turns.by_socket(server):
            socket = await open_socket(server.url, asker.key, asker.session_id)
            sockets[asker.session_id] = await stack.enter_async_context(socket)
            await socket.until("history")

        async def over_socket(client: Client, asker: Asker, number: int) -> float:
            return await turns.over_socket(sockets[asker.session_id], asker, number)

        http, by_socket = turns.by_http(server), turns.by_socket(server)
        steps: dict[str, _Way] = {
            "JSON": (server, turns.as_json, http),
            "event stream": (server, turns.as_stream, http),
            "WebSocket": (server, over_socket, by_socket),
            _RECORDED: (server, turns.as_exchange, http),
        }
        if floor:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-"))
            url, pid = stack.enter_context(process(list(floor), {}, Path(folder)))
            echoing = Served(url=url, pid=pid, askers=http)
            ways[_FLOOR], steps[_FLOOR] = Load(), (echoing, turns.echoed, http)
        await _in_turns(effort, ways, steps)
    clients = turns.clients
    table = Table(
        title=f"Turns a second, {clients} clients, a model that takes no time",
        columns=("answered over", "turns/s", "min-max of rounds", *TIME_COLUMNS, "CPU ms/turn"),
        rows=tuple(_rate_row(way, load) for way, load in ways.items()),
        note=f"Acknowledged turns were counted again in the store afterwards. {_NOTE}",
    )
    # Turns that others have answered are recorded alone; what an answer takes stands beside it.
    name, rate = f"recorded turns, {clients} clients", median(ways[_RECORDED].rates)
    targets = [at_least(name, 1_000, rate, "turns/s")]
    return [table], [] if effort.quick else targets


def _less(model_s: float, step: Step) -> Step:
    async def less(client: Client, asker: Asker, number: int) -> float:
        return await step(client, asker, number) - model_s

    return less


async def _in_turns(
    effort: Effort, ways: dict[str, Load], steps: dict[str, _Way], *, spread_s: float = 0.0
) -> None:
    """Every way once without counting it, then in rounds."""
    for server, step, askers in steps.values():
        warm_up_s = min(_WARM_UP_S, effort.seconds)
        await drive(Load(), server, askers, step, warm_up_s, spread_s=spread_s)
    for _ in range(effort.rounds):
        for way, load in ways.items():
            server, step, askers = steps[way]
            await drive(load, server, askers, step, effort.seconds, spread_s=spread_s)


def _count(load: Load) -> int:
    return sum(map(len, load.took))


def _cpu_ms(load: Load) -> float:
    return median(load.cpu_s) * 1e3


def _rate_row(way: str, load: Load) -> tuple[Cell, ...]:
    extremes = f"{min(load.rates):,.0f}-{max(load.rates):,.0f}"
    return (way, median(load.rates), extremes, *times(load.took), _cpu_ms(load))
