"""Lists, searches and agent tools over one long history, asked over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec

from holdfast.bench.report import Cell, Effort, Table, Target, at_most, spread_of
from holdfast.bench.server.client import Client
from holdfast.bench.server.load import TIME_COLUMNS, Load, Step, drive, times
from holdfast.bench.server.serving import Asker, Served, add_askers, at_once, served
from holdfast.bench.texts import Exchange, Talk
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User

__all__ = ["MESSAGES", "SESSIONS", "measure_reads"]

SESSIONS = 10_000
MESSAGES = 100_000
_QUICK_SESSIONS = 40
_EXCHANGES = MESSAGES // SESSIONS // 2
_YEARS = 2
_READERS = 8
_READER_PAUSE_S = 0.1
"""Between two looks of one reader: still far more often than a page polls."""
_ASSISTANTS, _PROJECTS = 4, 10
_WARM_UP = 20
_PAGES = 20
_LIST = "/api/conversations/current_user"
_QUESTIONS = 2_000
_ACCEPT_MCP = "application/json, text/event-stream"
_MCP_REVISION = "2025-11-25"


class _Page(msgspec.Struct):
    sessions: list[msgspec.Raw]
    next_cursor: str | None


class _Found(msgspec.Struct):
    hits: list[msgspec.Raw]


class _Reader:
    """What is asked of a history. Every step checks that something came."""

    def __init__(self) -> None:
        self.cursors: list[str] = []
        self.tag = ""
        self._questions = list(islice(Talk(seed=2).questions(), _QUESTIONS))
        self._asked = 0

    async def prepare(self, client: Client) -> None:
        """Walk through some pages for their cursors, and learn the first one's tag."""
        first = await client.ask("GET", _LIST)
        self.tag = first.headers["etag"]
        page = msgspec.json.decode(first.body, type=_Page)
        while page.next_cursor and len(self.cursors) < _PAGES:
            self.cursors.append(page.next_cursor)
            answer = await client.ask("GET", f"{_LIST}?cursor={page.next_cursor}")
            page = msgspec.json.decode(answer.body, type=_Page)

    async def first_page(self, client: Client, asker: Asker, number: int) -> float:
        """The newest fifty."""
        return await self._page(client, _LIST)

    async def further_page(self, client: Client, asker: Asker, number: int) -> float:
        """Fifty further back."""
        if not self.cursors:
            return await self._page(client, _LIST)
        cursor = self.cursors[number % len(self.cursors)]
        return await self._page(client, f"{_LIST}?cursor={cursor}")

    async def filtered(self, client: Client, asker: Asker, number: int) -> float:
        """Fifty of one assistant and project."""
        named = f"assistant=helper-{number % _ASSISTANTS}&project=project-{number % _PROJECTS}"
        return await self._page(client, f"{_LIST}?{named}")

    async def unchanged(self, client: Client, asker: Asker, number: int) -> float:
        """The newest fifty, which the client has."""
        return (await client.ask("GET", _LIST, expect=304, If_None_Match=self.tag)).took_s

    async def search(self, client: Client, asker: Asker, number: int) -> float:
        """Ten hits with their neighbours, of a question that was not asked before."""
        question = self._questions[self._asked % _QUESTIONS]
        self._asked += 1
        asked = question.replace("?", "%3F").replace(" ", "+")
        answer = await client.ask("GET", f"/api/search?q={asked}")
        if not msgspec.json.decode(answer.body, type=_Found).hits:
            raise RuntimeError("a search found nothing")
        return answer.took_s

    async def list_by_tool(self, client: Client, asker: Asker, number: int) -> float:
        """The tool `list_conversations` over MCP."""
        return await _call(client, "list_conversations", {})

    async def search_by_tool(self, client: Client, asker: Asker, number: int) -> float:
        """The tool `search_conversation_history` over MCP."""
        question = self._questions[self._asked % _QUESTIONS]
        self._asked += 1
        return await _call(client, "search_conversation_history", {"query": question})

    async def _page(self, client: Client, path: str) -> float:
        answer = await client.ask("GET", path)
        if not msgspec.json.decode(answer.body, type=_Page).sessions:
            raise RuntimeError("a list was empty")
        return answer.took_s


async def _call(client: Client, name: str, arguments: dict[str, str]) -> float:
    params = {"name": name, "arguments": arguments}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = await client.ask(
        "POST", "/mcp", call, Accept=_ACCEPT_MCP, MCP_Protocol_Version=_MCP_REVISION
    )
    if b'"isError":false' not in answer.body.replace(b" ", b""):
        raise RuntimeError("a tool failed")
    return answer.took_s


async def measure_reads(effort: Effort) -> tuple[list[Table], list[Target]]:
    """Everything over one user's history, the users' own kinds of work one after the other."""
    sessions = _QUICK_SESSIONS if effort.quick else SESSIONS

    async def fill(keeper: Keeper) -> list[Asker]:
        askers = await add_askers(keeper, 1)
        await _fill_history(await keeper.user(askers[0].user), sessions)
        # What a worker would otherwise still be doing while it is measured.
        await keeper.distill()
        return askers

    reader = _Reader()
    async with served(fill) as server:
        asker = server.askers[0]
        async with Client(server.url, asker.key) as client:
            await reader.prepare(client)
            for number in range(2 if effort.quick else _WARM_UP):
                for step in (reader.first_page, reader.search, reader.list_by_tool):
                    await step(client, asker, number)
        lists = await _lists(reader, server, effort)
        searches, tools = await _searches(reader, server, effort)
    held = f"{sessions:,} conversations, {sessions * _EXCHANGES * 2:,} messages"
    tables = [
        _table(
            f"Lists over {held}, {_READERS} clients, one look every "
            f"{_READER_PAUSE_S * 1e3:.0f} ms each",
            lists,
        ),
        _table(f"Searches over {held}", searches),
        _table(f"MCP calls over {held}, one client", tools),
    ]
    targets = [
        *_targets(lists, 10.0, f"list, {sessions:,} conversations"),
        *_targets({"one client": searches["one client"]}, 20.0, "search, 100,000 messages"),
    ]
    return tables, [] if effort.quick else targets


async def _lists(reader: _Reader, server: Served, effort: Effort) -> dict[str, Load]:
    steps: dict[str, Step] = {
        "the first page": reader.first_page,
        "a page further back": reader.further_page,
        "by assistant and project": reader.filtered,
        "unchanged (304)": reader.unchanged,
    }
    loads = {name: Load() for name in steps}
    readers = server.askers * (2 if effort.quick else _READERS)
    for _ in range(effort.rounds):
        for name, step in steps.items():
            pause = 0.0 if effort.quick else _READER_PAUSE_S
            await drive(loads[name], server, readers, step, effort.seconds, pause_s=pause)
    return loads


async def _searches(
    reader: _Reader, server: Served, effort: Effort
) -> tuple[dict[str, Load], dict[str, Load]]:
    searches = {"one client": Load(), "4 clients": Load()}
    tools = {"list_conversations": Load(), "search_conversation_history": Load()}
    asker = server.askers
    for _ in range(effort.rounds):
        await drive(searches["one client"], server, asker, reader.search, effort.seconds)
        await drive(searches["4 clients"], server, asker * 4, reader.search, effort.seconds)
        for name, step in zip(tools, (reader.list_by_tool, reader.search_by_tool), strict=True):
            await drive(tools[name], server, asker, step, effort.seconds)
    return searches, tools


async def _fill_history(user: User, sessions: int) -> None:
    """Conversations of ten messages each, spread over two years."""
    exchanges = Talk().exchanges()
    now = datetime.now(UTC)
    doing = []
    for number in range(sessions):
        at = now - timedelta(days=365 * _YEARS * (1 - number / sessions))
        doing.append(_hold(user, number, list(islice(exchanges, _EXCHANGES)), at))
    await at_once(doing)


async def _hold(user: User, number: int, exchanges: Sequence[Exchange], at: datetime) -> None:
    session = await user.sessions.start(
        assistant=f"helper-{number % _ASSISTANTS}",
        project=f"project-{number % _PROJECTS}",
        started_at=at,
    )
    for place, one in enumerate(exchanges):
        when = at + timedelta(minutes=place)
        await session.log_full_chat_interaction(one.question, one.answer, at=when)


def _table(title: str, loads: dict[str, Load]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, sum(map(len, load.took)), *times(load.took), min(load.cpu_s) * 1e3)
        for name, load in loads.items()
    ]
    columns = ("what", "requests", *TIME_COLUMNS, "CPU ms each")
    return Table(title=title, columns=columns, rows=tuple(rows))


def _targets(loads: dict[str, Load], limit_ms: float, what: str) -> list[Target]:
    return [
        at_most(f"{what}, {name}, p95", limit_ms, spread_of(load.took).p95 * 1e3, "ms")
        for name, load in loads.items()
    ]
