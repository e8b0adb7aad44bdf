"""The protocol over HTTP by hand: every revision, several nodes, and input that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration.server.conftest import Served

from .conftest import BOTH, HANDSHAKES, STATELESS, Raw, call, envelope, headers_of, over_http

_CANARY = "canary-of-the-log"


@pytest.mark.parametrize("revision", HANDSHAKES)
async def test_a_handshake_agrees_on_every_revision_that_has_one(raw: Raw, revision: str) -> None:
    """The server answers in the revision that was asked for, and names no session."""
    client = {"name": "test", "version": "1"}
    hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": client}
    answer = await raw(revision, "initialize", hello)
    found = answer.json()["result"]

    assert found["protocolVersion"] == revision
    assert found["serverInfo"]["name"] == "holdfast"
    assert set(found["capabilities"]) == {"tools", "resources", "prompts"}
    assert "mcp-session-id" not in answer.headers
    assert len((await raw(revision, "tools/list")).json()["result"]["tools"]) == 8


async def test_the_stateless_revision_needs_no_handshake(raw: Raw) -> None:
    """A call is complete in itself, and what the server is can be asked."""
    found = (await raw(STATELESS, "server/discover")).json()["result"]
    answer = await raw(STATELESS, "tools/call", {"name": "search", "arguments": {"query": "x"}})

    assert STATELESS in found["supportedVersions"]
    assert answer.json()["result"]["structuredContent"] == {"results": []}


async def test_a_revision_that_nobody_knows_is_refused(raw: Raw) -> None:
    """With the protocol's own code, and the revisions that there are."""
    answer = await raw("2031-01-01", "tools/list")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32022)
    assert STATELESS in answer.json()["error"]["data"]["supported"]


async def test_headers_that_say_something_else_than_the_body_are_refused(
    standing: Served, service: str
) -> None:
    """A proxy that routes by header is not led to believe what the body does not say."""
    body = envelope(STATELESS, "tools/call", {"name": "add_memory", "arguments": {"text": "x"}})
    headers = headers_of(STATELESS, "tools/call", {"name": "search"})
    async with standing.keyed(service) as http:
        answer = await http.post("/mcp", json=body, headers=headers)

    assert answer.status_code == 400


async def test_any_node_takes_any_request(standing: Served) -> None:
    """A client that began at one node goes on at another over the same data."""
    other = Served(standing.folder, **standing.settings).start(child=False)
    try:
        key = standing.key("nomad")
        async with over_http(standing.url, key, "legacy") as begun:
            await call(begun, "add_memory", text="The tent is green")
            body = envelope("2025-11-25", "tools/call", _search("tent"))
            headers = headers_of("2025-11-25", "tools/call") | {"Mcp-Session-Id": "any"}
            async with other.keyed(key) as http:
                answer = await http.post("/mcp", json=body, headers=headers)
        assert "green" in answer.json()["result"]["content"][0]["text"]
    finally:
        other.kill()


def _search(query: str) -> dict[str, Any]:
    return {"name": "search", "arguments": {"query": query}}


@pytest.mark.parametrize("verb", ["GET", "DELETE", "PUT"])
async def test_there_is_no_stream_to_open_and_no_session_to_end(
    standing: Served, service: str, verb: str
) -> None:
    """The server never speaks first: 405 says so, and what may be done instead."""
    async with standing.keyed(service) as http:
        answer = await http.request(verb, "/mcp", headers=BOTH | {"Mcp-Session-Id": "x"})

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_other_names_and_other_pages_are_refused(standing: Served, service: str) -> None:
    """A page elsewhere reaches nothing, neither by its origin nor by pointing its name here."""
    body = envelope("2025-11-25", "tools/list")
    headers = headers_of("2025-11-25", "tools/list")
    async with standing.keyed(service) as http:
        page = await http.post(
            "/mcp", json=body, headers=headers | {"Origin": "https://evil.example"}
        )
        name = await http.post("/mcp", json=body, headers=headers | {"Host": "evil.example"})

    assert [(a.status_code, a.json()["error"]["code"]) for a in (page, name)] == [
        (403, "foreign_origin"),
        (421, "wrong_host"),
    ]


_GOOD = json.dumps(envelope("2025-11-25", "tools/list")).encode()
_BAD = {
    "no JSON": (b"{", 400),
    "nothing": (b"", 400),
    "a list": (b"[" + _GOOD + b"]", 400),
    "a number": (b"1", 400),
    "no method": (b'{"jsonrpc": "2.0", "id": 1}', 400),
    "no version": (b'{"id": 1, "method": "tools/list"}', 400),
    "half a surrogate pair": (_GOOD.replace(b"tools", b"\\ud800tools"), 400),
    "no UTF-8": (_GOOD.replace(b"tools", b"\xff"), 400),
    "deep": (_GOOD.replace(b"{}", b'{"x": ' + b"[" * 9_000 + b"]" * 9_000 + b"}"), 400),
    "large": (_GOOD + b" " * (1 << 20), 413),
    "of too many parts": (_GOOD.replace(b"{}", b'{"x": [' + b"{}," * 60_000 + b"{}]}"), 400),
}


@pytest.mark.parametrize("kind", _BAD)
@pytest.mark.parametrize("revision", ["2025-11-25", STATELESS])
async def test_bad_bodies_are_refused_and_leave_the_server_well(
    standing: Served, service: str, kind: str, revision: str
) -> None:
    """Whatever it is, it is the client's mistake, and the next call is answered."""
    body, status = _BAD[kind]
    headers = headers_of(revision, "tools/list")
    async with standing.keyed(service) as http:
        answer = await http.post("/mcp", content=body, headers=headers)
        assert answer.status_code == status
        assert "error" in answer.json()
        good = json.dumps(envelope(revision, "tools/list"))
        assert (await http.post("/mcp", content=good, headers=headers)).status_code == 200


async def test_a_body_in_pieces_is_measured_too(standing: Served, service: str) -> None:
    """A length that nobody announced is no way around the limit."""

    async def pieces() -> Any:
        for _ in range(6):
            yield b" " * (1 << 20)

    headers = headers_of("2025-11-25", "tools/list")
    async with standing.keyed(service) as http:
        answer = await http.post("/mcp", content=pieces(), headers=headers)

    assert answer.status_code == 413


async def test_other_kinds_of_content_are_refused(standing: Served, service: str) -> None:
    """A form of a page, which needs nobody's leave to be sent, is not read."""
    async with standing.keyed(service) as http:
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            headers = headers_of("2025-11-25", "tools/list") | {"Content-Type": kind}
            assert (await http.post("/mcp", content=_GOOD, headers=headers)).status_code == 415


async def test_promise_06_sealed_the_log_holds_nothing_of_it(standing: Served) -> None:
    """In debug, after calls that work, fail and are none: no word of theirs, not even a name."""
    key = standing.key("quiet")
    for mode in ("legacy", STATELESS):
        async with over_http(standing.url, key, mode) as client:
            await call(client, "add_memory", text=_CANARY)
            await call(client, "search", query=_CANARY)
            await client.call_tool("fetch", {"id": _CANARY})
            await client.call_tool("search", {"query": [_CANARY]})
    async with standing.keyed(key) as http:
        for revision in ("2025-11-25", STATELESS):
            for method in (_CANARY, "tools/call", "tools/list", "notifications/cancelled"):
                params = {"name": _CANARY, "uri": _CANARY, "cursor": [_CANARY]}
                headers = headers_of(revision, method, params) | {"Mcp-Session-Id": _CANARY}
                body = envelope(revision, method, params)
                await http.post("/mcp", json=body, headers=headers)
                body.pop("id")
                await http.post("/mcp", json=body, headers=headers)
                await http.post("/mcp", json={**body, "method": [_CANARY]}, headers=headers)

    assert "route=/mcp" in standing.log
    assert _CANARY not in standing.log
    assert key not in standing.log
