"""Whose things a call is about: its own token says it, and nothing that came before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from mcp.shared.exceptions import MCPError

from integration.server.conftest import HUNG_S, Served, client_of

from .conftest import (
    HANDSHAKES,
    STATELESS,
    call,
    envelope,
    failure,
    headers_of,
    keeper_of,
    over_http,
    unlimited,
    value,
)

_READING = [
    "search_conversation_history",
    "recall_context",
    "list_conversations",
    "get_conversation",
    "search",
    "fetch",
]
_MODES = ["legacy", STATELESS]
_ISSUER = "https://issuer.example"


@pytest.mark.parametrize("mode", _MODES)
async def test_a_key_sees_and_calls_what_its_scopes_allow(standing: Served, mode: str) -> None:
    """A key that reads has the reading tools and no others, also when it knows their names."""
    reading = standing.key("rita", "--scope", "memory:read")
    writing = standing.key("rita", "--scope", "memory:write")
    async with over_http(standing.url, reading, mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == _READING
        for name, arguments in (
            ("add_memory", {"text": "x"}),
            ("delete_memory", {"memory_id": "x"}),
        ):
            assert (await failure(client, name, **arguments))[0] == "not_allowed"
        assert (await call(client, "search", query="x")) == {"results": []}
    async with over_http(standing.url, writing, mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["add_memory"]
        assert (await failure(client, "search", query="x"))[0] == "not_allowed"
        for refused in (
            client.list_resources(),
            client.read_resource("memory://conversation/x"),
            client.get_prompt("context", {"question": "x"}),
        ):
            with pytest.raises(MCPError) as told:
                await refused
            assert told.value.data == {"code": "not_allowed"}


@pytest.mark.parametrize("revision", [*HANDSHAKES, STATELESS])
async def test_a_session_id_of_somebody_else_is_worth_nothing(
    standing: Served, service: str, revision: str
) -> None:
    """Whatever id comes with Ben's token, he sees his own; no id is ever given out."""
    async with over_http(standing.url, service, **_as("ada")) as client:
        await call(client, "add_memory", text="Ada hid the key under the stone")
    params = {"name": "search", "arguments": {"query": "key stone"}}
    answers = []
    async with standing.keyed(service) as http:
        for user, session_id in (("ada", None), ("ben", None), ("ben", "adas-session")):
            headers = headers_of(revision, "tools/call", params) | _as(user)
            if session_id is not None:
                headers["Mcp-Session-Id"] = session_id
            body = envelope(revision, "tools/call", params)
            answers.append(await http.post("/mcp", json=body, headers=headers))

    found = [a.json()["result"]["structuredContent"]["results"] for a in answers]
    assert ["stone" in json.dumps(results) for results in found] == [True, False, False]
    assert all("mcp-session-id" not in answer.headers for answer in answers)


def _as(user: str) -> dict[str, str]:
    return {"X-Holdfast-User-Id": user}


@pytest.mark.parametrize("mode", _MODES)
async def test_foreign_and_unknown_get_the_same_answer(
    standing: Served, service: str, mode: str
) -> None:
    """Everything that takes an id, with an id of Ada's and with one that is not there."""
    async with keeper_of(standing) as keeper:
        ada = await keeper.user("ada")
        session = await ada.sessions.start()
        await session.log_full_chat_interaction("secret", "hm")
        message = (await session.messages())[0]
        memory = await ada.memories.add("secret")
    absent = "01990000-0000-7000-8000-000000000000"
    calls = [
        ("get_conversation", "session_id", "{}", session.id),
        ("fetch", "id", "conversation:{}", session.id),
        ("fetch", "id", "message:{}", message.id),
        ("fetch", "id", "memory:{}", memory.id),
        ("delete_memory", "memory_id", "{}", memory.id),
    ]
    async with over_http(standing.url, service, mode, **_as("ben")) as client:
        for name, field, form, theirs in calls:
            foreign, unknown = [
                await failure(client, name, **{field: form.format(one)}) for one in (theirs, absent)
            ]
            assert foreign == unknown
            assert foreign[0] == "not_found"
        told = []
        for one in (session.id, absent):
            with pytest.raises(MCPError) as refused:
                await client.read_resource(f"memory://conversation/{one}")
            told.append(refused.value.error.model_dump())
    assert told[0] == told[1]


async def test_many_at_once_keep_apart(standing: Served, service: str) -> None:
    """Clients of several people at the same time, each with calls side by side."""
    people = [f"crowd-{number}" for number in range(4)]
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                over_http(standing.url, service, _MODES[number % 2], **_as(user))
            )
            for number, user in enumerate(people)
        ]
        await asyncio.gather(
            *(
                call(client, "add_memory", text=f"{user} keeps number {number}")
                for client, user in zip(clients, people, strict=True)
                for number in range(5)
            )
        )
        found = await asyncio.gather(
            *(
                client.call_tool("search", {"query": f"numbers that {user} keeps"})
                for client, user in zip(clients, people, strict=True)
                for _ in range(3)
            )
        )

    for place, result in enumerate(found):
        user = people[place // 3]
        titles = [one["title"] for one in value(result)["results"]]
        assert len(titles) == 5
        assert all(title.startswith(f"Memory: {user} keeps") for title in titles)


async def test_a_revoked_key_ends_with_its_next_call(standing: Served) -> None:
    """A client that is connected is refused once its key is revoked, in the same connection."""
    key = standing.key("gone")
    async with standing.keyed(key) as http:
        body = envelope("2025-11-25", "tools/list")
        headers = headers_of("2025-11-25", "tools/list")
        assert (await http.post("/mcp", json=body, headers=headers)).status_code == 200
        standing.command("tokens", "revoke", key)
        async with asyncio.timeout(HUNG_S):
            while True:
                answer = await http.post("/mcp", json=body, headers=headers)
                if answer.status_code == 401:
                    break
    assert answer.json()["error"]["code"] == "wrong_credential"


async def test_without_a_credential_there_is_a_challenge_and_no_issuer(standing: Served) -> None:
    """401 before the protocol is looked at; with no issuer configured no metadata is named."""
    async with client_of(standing.url) as http:
        for revision in ("2025-11-25", STATELESS):
            headers = headers_of(revision, "tools/list")
            answer = await http.post("/mcp", json=envelope(revision, "tools/list"), headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="holdfast"'
        found = await http.get("/.well-known/oauth-protected-resource/mcp")
        assert (found.status_code, found.json()["error"]["code"]) == (404, "not_found")


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that takes JWTs, with few calls a minute."""
    settings = unlimited(
        jwt_secret="a secret of at least thirty-two bytes",
        jwt_issuer=_ISSUER,
        jwt_audience="https://memory.example/mcp",
        rate_writes_per_minute="2",
        rate_searches_per_minute="3",
    )
    server = Served(tmp_path_factory.mktemp("issued"), **settings).start(child=False)
    yield server
    server.kill()


async def test_a_refused_client_finds_the_issuer(issued: Served) -> None:
    """The challenge leads to the metadata (RFC 9728), which anybody may read, and that to it."""
    async with client_of(issued.url) as http:
        refused = await http.post("/mcp", json={}, headers={"Authorization": "Bearer no"})
        challenge = refused.headers["www-authenticate"]
        assert refused.status_code == 401
        place = f"{issued.url}/.well-known/oauth-protected-resource/mcp"
        assert challenge == f'Bearer realm="holdfast", resource_metadata="{place}"'
        for path in ("/mcp", ""):
            found = (await http.get(f"/.well-known/oauth-protected-resource{path}")).json()
            assert found["resource"] == f"{issued.url}/mcp"
            assert found["authorization_servers"] == [_ISSUER]
            assert found["scopes_supported"] == ["memory:read", "memory:write", "memory:delete"]


@pytest.mark.parametrize("mode", _MODES)
async def test_calls_count_as_what_they_do(issued: Served, mode: str) -> None:
    """Too many writes are refused with the seconds to wait, while searches still go, and so on."""
    key = issued.key(f"busy-{mode}")
    async with over_http(issued.url, key, mode) as client:
        for _ in range(2):
            await call(client, "add_memory", text="x")
        code, sentence = await failure(client, "add_memory", text="x")
        assert (code, "wait " in sentence) == ("rate_limited", True)
        for _ in range(3):
            await call(client, "search", query="x")
        assert (await failure(client, "search", query="x"))[0] == "rate_limited"
        with pytest.raises(MCPError) as refused:
            await client.get_prompt("context", {"question": "x"})
        assert refused.value.data == {"code": "rate_limited"}
        assert (await client.list_resources()).resources == []
