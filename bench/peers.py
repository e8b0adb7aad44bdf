"""The session stores people use today, each on a SQLite file with WAL and synchronous=FULL.

Needs the packages of requirements/bench.lock. What a peer's own code does not let us set is checked
instead: the interpreter's SQLite must open files with synchronous=FULL by itself.
"""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiosqlite
from agents.extensions.memory import AsyncSQLiteSession, EncryptedSession
from agents.memory import SQLiteSession
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import PutOp, SearchOp
from langgraph.store.sqlite import SqliteStore
from langgraph.store.sqlite.aio import AsyncSqliteStore

from holdfast.bench.contenders import Contender, Conversation
from holdfast.bench.texts import Exchange

_FULL = 2
_SQL_FULL = f"PRAGMA synchronous={_FULL}"
_SQL_WAL = "PRAGMA journal_mode=WAL"
_FOREVER_S = 10**9
"""EncryptedSession hides what is older than ten minutes unless told otherwise."""
_SAVER_TURNS = 20
_LOCKED = (sqlite3.OperationalError,)
"""With many connections on one file: "database is locked", after five seconds of waiting."""
_PACKAGES = ("openai-agents", "langgraph", "langgraph-checkpoint-sqlite", "aiosqlite")

Item = dict[str, Any]  # a provider's own item, as the SDK types it


def versions() -> dict[str, str]:
    """Of the peers' packages and of the SQLite they share."""
    return {name: version(name) for name in _PACKAGES} | {"sqlite3": sqlite3.sqlite_version}


def all_peers() -> list[Contender]:
    """A contender of each kind."""
    return [
        AgentsSqlite(),
        AgentsEncrypted(),
        AgentsAsync(),
        LangGraphStore(),
        LangGraphAsyncStore(),
        LangGraphSaver(),
    ]


def _items(exchange: Exchange) -> list[Item]:
    return [
        {"role": "user", "content": exchange.question},
        {"role": "assistant", "content": exchange.answer},
    ]


def _check_default_is_full(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        mode = connection.execute(_SQL_WAL).fetchone()[0]
        found = connection.execute("PRAGMA synchronous").fetchone()[0]
    finally:
        connection.close()
    if (mode, found) != ("wal", _FULL):
        raise RuntimeError(f"{mode}, synchronous={found}: the peers would not be equally durable")


class _AgentsConversation:
    def __init__(self, session: Any) -> None:  # three classes with one protocol
        self.session = session

    async def log(self, exchange: Exchange) -> None:
        await self.session.add_items(_items(exchange))

    async def last(self, count: int) -> int:
        return len(await self.session.get_items(limit=count))


class AgentsSqlite:
    """OpenAI Agents SDK: one connection a thread, JSON in clear."""

    refusals = _LOCKED
    blocks = False
    name = "SQLiteSession"
    note = "WAL set by itself, synchronous=FULL is its SQLite's default (checked), not settable"

    def __init__(self) -> None:
        self._path = Path()
        self._sessions: list[Any] = []

    async def open(self, folder: Path) -> None:
        self._path = folder / "peer.db"
        _check_default_is_full(self._path)

    async def conversation(self, number: int) -> Conversation:
        session = self._session(f"session-{number}")
        self._sessions.append(session)
        return _AgentsConversation(session)

    def _session(self, name: str) -> Any:
        return SQLiteSession(name, self._path)

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        items = [item for exchange in exchanges for item in _items(exchange)]
        await conversation.session.add_items(items)  # type: ignore[attr-defined]

    async def close(self) -> None:
        while self._sessions:
            self._sessions.pop().close()


class AgentsEncrypted(AgentsSqlite):
    """The same, each item a Fernet token under a key of the session."""

    name = "EncryptedSession"
    note = "over SQLiteSession; file not encrypted, no associated data"

    def __init__(self) -> None:
        super().__init__()
        self._key = base64.urlsafe_b64encode(os.urandom(32)).decode()

    def _session(self, name: str) -> Any:
        inner = SQLiteSession(name, self._path)
        return EncryptedSession(name, inner, self._key, ttl=_FOREVER_S)


class AgentsAsync(AgentsSqlite):
    """The same through aiosqlite: one connection a session."""

    name = "AsyncSQLiteSession"
    note = "WAL set by itself, synchronous=FULL set on its connections"

    async def conversation(self, number: int) -> Conversation:
        session = AsyncSQLiteSession(f"session-{number}", self._path)
        await session.get_items(limit=1)
        await session._connection.execute(_SQL_FULL)
        self._sessions.append(session)
        return _AgentsConversation(session)

    async def close(self) -> None:
        while self._sessions:
            await self._sessions.pop().close()


class _StoreConversation:
    """Two puts in one batch, which is one transaction."""

    def __init__(self, store: Any, number: int) -> None:
        self._store = store
        self._place = ("messages", f"session-{number}")
        self._seq = 0

    def puts(self, exchange: Exchange) -> list[PutOp]:
        ops = []
        for item in _items(exchange):
            ops.append(PutOp(self._place, f"{self._seq:012d}", item))
            self._seq += 1
        return ops

    def newest(self, count: int) -> SearchOp:
        return SearchOp(self._place, limit=count)


class _SyncStoreConversation(_StoreConversation):
    async def log(self, exchange: Exchange) -> None:
        self._store.batch(self.puts(exchange))

    async def last(self, count: int) -> int:
        return len(self._store.batch([self.newest(count)])[0])


class _AsyncStoreConversation(_StoreConversation):
    async def log(self, exchange: Exchange) -> None:
        await self._store.abatch(self.puts(exchange))

    async def last(self, count: int) -> int:
        return len((await self._store.abatch([self.newest(count)]))[0])


class LangGraphStore:
    """LangGraph's store, called directly: it blocks the loop, which is its fastest way."""

    refusals = _LOCKED
    blocks = True
    name = "SqliteStore"
    note = (
        "a turn is two puts in one batch, the event loop stands still meanwhile; WAL and "
        "synchronous=FULL set on its connection"
    )

    def __init__(self) -> None:
        self._undo = AsyncExitStack()
        self._store: Any = None

    async def open(self, folder: Path) -> None:
        opening = SqliteStore.from_conn_string(str(folder / "peer.db"))
        self._store = self._undo.enter_context(opening)
        self._store.conn.execute(_SQL_WAL)
        self._store.conn.execute(_SQL_FULL)
        self._store.setup()

    async def conversation(self, number: int) -> Conversation:
        return _SyncStoreConversation(self._store, number)

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        assert isinstance(conversation, _StoreConversation)
        # A hundred turns a batch: a larger one has too many parameters for one statement.
        for start in range(0, len(exchanges), 100):
            ops = [op for one in exchanges[start : start + 100] for op in conversation.puts(one)]
            await self._put(ops)

    async def _put(self, ops: list[PutOp]) -> None:
        self._store.batch(ops)

    async def close(self) -> None:
        await self._undo.aclose()


class LangGraphAsyncStore(LangGraphStore):
    """The same through aiosqlite: one connection for all sessions."""

    blocks = False
    name = "AsyncSqliteStore"
    note = "a turn is two puts in one batch; WAL and synchronous=FULL set on its connection"

    async def open(self, folder: Path) -> None:
        opening = AsyncSqliteStore.from_conn_string(str(folder / "peer.db"))
        self._store = await self._undo.enter_async_context(opening)
        await self._store.conn.execute(_SQL_WAL)
        await self._store.conn.execute(_SQL_FULL)
        await self._store.setup()

    async def conversation(self, number: int) -> Conversation:
        return _AsyncStoreConversation(self._store, number)

    async def _put(self, ops: list[PutOp]) -> None:
        await self._store.abatch(ops)


class LangGraphSaver:
    """LangGraph's checkpoint saver under the smallest graph: one node that answers."""

    refusals = _LOCKED
    blocks = False
    name = "AsyncSqliteSaver"
    note = (
        "a turn is one run of a graph of one node, a new thread every "
        f"{_SAVER_TURNS} turns, since each checkpoint holds the whole history"
    )

    def __init__(self) -> None:
        self._undo = AsyncExitStack()
        self._graph: Any = None

    async def open(self, folder: Path) -> None:
        connection = await self._undo.enter_async_context(aiosqlite.connect(folder / "peer.db"))
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        await connection.execute(_SQL_FULL)
        self._graph = _answering_graph().compile(checkpointer=saver)

    async def conversation(self, number: int) -> Conversation:
        return _SaverConversation(self._graph, number)

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        assert isinstance(conversation, _SaverConversation)
        messages = [item for exchange in exchanges for item in _items(exchange)]
        await self._graph.aupdate_state(conversation.config, {"messages": messages}, "answer")

    async def close(self) -> None:
        await self._undo.aclose()


class _Answering(MessagesState):
    answer: str


def _answering_graph() -> StateGraph:
    def answer(state: _Answering) -> Item:
        return {"messages": [{"role": "assistant", "content": state["answer"]}]}

    graph = StateGraph(_Answering)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    return graph


class _SaverConversation:
    def __init__(self, graph: Any, number: int) -> None:
        self._graph = graph
        self._number = number
        self._turns = 0

    @property
    def config(self) -> Item:
        thread = f"{self._number}-{self._turns // _SAVER_TURNS}"
        return {"configurable": {"thread_id": thread}}

    async def log(self, exchange: Exchange) -> None:
        asked = {"role": "user", "content": exchange.question}
        given = {"messages": [asked], "answer": exchange.answer}
        await self._graph.ainvoke(given, self.config, durability="sync")
        self._turns += 1

    async def last(self, count: int) -> int:
        state = await self._graph.aget_state(self.config)
        return len(state.values["messages"][-count:])
