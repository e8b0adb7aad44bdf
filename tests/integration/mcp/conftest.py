"""MCP clients of every revision, over HTTP and over stdio, before real processes."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

import holdfast
from holdfast.keeper.keeper import Keeper
from integration.server.conftest import HUNG_S, Served

HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATELESS = "2026-07-28"
BOTH = {"Accept": "application/json, text/event-stream"}
_UNLIMITED = {
    f"rate_{what}": "0"
    for what in ("writes_per_minute", "reads_per_minute", "searches_per_minute", "exports_per_day")
}
_numbers = count()

Connect = Callable[[], AbstractAsyncContextManager[Client]]


def unlimited(**settings: str) -> dict[str, str]:
    """Settings of a server that takes keys and counts nothing."""
    return {"auth": "tokens", **_UNLIMITED, **settings}


@asynccontextmanager
async def over_http(
    url: str, key: str, mode: str = "auto", **headers: str
) -> AsyncIterator[Client]:
    """A client of /mcp with a key."""
    shown = {"Authorization": f"Bearer {key}", **headers}
    async with (
        httpx2.AsyncClient(headers=shown, trust_env=False, verify=False, timeout=HUNG_S) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(
    served: Served, user: str, *options: str, mode: str = "auto"
) -> AsyncIterator[Client]:
    """A client that starts `holdfast mcp` on the data of a server."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "holdfast", "mcp", "--user", user, *options],
        env=served.env,
    )
    with (served.folder / "stdio-log").open("a") as log:
        async with Client(stdio_client(started, errlog=log), mode=mode) as client:
            yield client


def texts(result: CallToolResult) -> str:
    """The one text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def value(result: CallToolResult) -> Any:
    """What a tool returned; the text and the structure say the same."""
    found = json.loads(texts(result))
    assert found == result.structured_content
    return found


async def call(client: Client, name: str, **arguments: Any) -> Any:
    """What a tool returns that does not fail."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, texts(result)
    return value(result)


async def failure(client: Client, name: str, **arguments: Any) -> tuple[str, str]:
    """Code and sentence of a tool that fails."""
    result = await client.call_tool(name, arguments)
    assert result.is_error
    found = value(result)
    return found["error"], found["message"]


@asynccontextmanager
async def keeper_of(served: Served) -> AsyncIterator[Keeper]:
    """The store of a server, opened in this process."""
    url = f"sqlite:///{served.folder / 'data' / 'holdfast.db'}"
    root = holdfast.KeyFile(served.folder / "config" / "root.key")
    async with holdfast.open(url, root_key=root) as keeper:
        yield keeper


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of a module, as users run it."""
    server = Served(tmp_path_factory.mktemp("mcp"), **unlimited()).start(child=False)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def service(standing: Served) -> str:
    """A key that acts for users: making one for each test takes longer."""
    return standing.key("service", "--act-for-users")


@pytest.fixture
def person() -> str:
    """Somebody new."""
    return f"person-{next(_numbers)}"


@pytest.fixture(params=["http legacy", f"http {STATELESS}", "stdio legacy", f"stdio {STATELESS}"])
def connect(request: pytest.FixtureRequest, standing: Served, service: str, person: str) -> Connect:
    """Connects as somebody new, over each transport in each era."""
    transport, mode = request.param.split()
    if transport == "stdio":
        return lambda: over_stdio(standing, person, mode=mode)
    return lambda: over_http(standing.url, service, mode, **{"X-Holdfast-User-Id": person})


Raw = Callable[..., Awaitable[httpx2.Response]]


def envelope(revision: str, method: str, params: Any = None) -> dict[str, Any]:
    """A request as a revision wants it: the stateless one names itself in each."""
    params = dict(params or {})
    if revision not in HANDSHAKES:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": revision,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def headers_of(revision: str, method: str, params: Any = None) -> dict[str, str]:
    """The headers of such a request."""
    shown = {**BOTH, "Content-Type": "application/json", "MCP-Protocol-Version": revision}
    if revision not in HANDSHAKES:
        named = (params or {}).get("name") or (params or {}).get("uri")
        shown |= {"Mcp-Method": method, **({"Mcp-Name": named} if named else {})}
    return shown


@pytest.fixture
async def raw(standing: Served, service: str, person: str) -> AsyncIterator[Raw]:
    """Sends one request by hand, in a revision, as somebody new."""
    async with standing.keyed(service, **{"X-Holdfast-User-Id": person}) as client:

        async def send(revision: str, method: str, params: Any = None) -> httpx2.Response:
            body = json.dumps(envelope(revision, method, params))
            headers = headers_of(revision, method, params)
            return await client.post("/mcp", content=body, headers=headers)

        yield send
