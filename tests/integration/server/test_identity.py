"""Who is asking, as a running server finds out: keys, cookie, accounts, limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from holdfast.server.identity import keys

from .conftest import HUNG_S, Served, client_of, socket_to
from .test_refusals import ABSENT, error_of

_MINE = "/api/conversations/current_user"


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server in mode tokens, on every address, for tests that leave nothing behind."""
    folder = tmp_path_factory.mktemp("tokens")
    server = Served(
        folder,
        auth="tokens",
        host="0.0.0.0",
        public_url="https://memory.example",
        allowed_origins="https://app.example",
        rate_login_failures_per_minute="0",
    ).start(child=False)
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    yield server
    server.kill()


async def sessions_of(client: httpx2.AsyncClient, path: str = _MINE) -> list[str]:
    """The ids of what a client may list."""
    return [session["id"] for session in (await client.get(path)).json()["sessions"]]


async def begin_session(served: Served, key: str, **headers: str | bytes) -> str:
    """Have a session made, as a socket does that names none; returns its id."""
    async with served.keyed(key, **headers) as client:
        ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
    async with socket_to(served.socket_url(ticket)) as socket, asyncio.timeout(HUNG_S):
        found: dict[str, Any] = json.loads(await socket.recv())
    return str(found["session_id"])


async def closed_with(socket: ClientConnection) -> int:
    """The code with which the server closes a socket, which it does within five seconds."""
    async with asyncio.timeout(HUNG_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as exc:
            return 0 if exc.rcvd is None else exc.rcvd.code


@pytest.mark.parametrize("header", ["Authorization", "x-api-key"])
async def test_a_key_is_taken_in_both_headers_and_both_modes(
    open_house: Served, standing: Served, header: str
) -> None:
    """As the SDKs of two providers send it; on one's own machine too, beside the cookie."""
    for served in (open_house, standing):
        key = served.key("ada")
        value = f"Bearer {key}" if header == "Authorization" else key
        async with client_of(served.url) as client:
            answer = await client.get(_MINE, headers={header: value})

        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, (401, "not_logged_in")),
        ({"Authorization": "Bearer hf_0123456789_guess"}, (401, "wrong_credential")),
        ({"Authorization": "Bearer"}, (401, "wrong_credential")),
        ({"Authorization": "Basic YWRhOmFkYQ=="}, (401, "wrong_credential")),
        ({"Authorization": "Bearer a.b.c"}, (401, "wrong_credential")),
        ({"x-api-key": "\u00ff" * 9}, (401, "wrong_credential")),
        ({"x-api-key": "hf_" + "x" * 5000}, (401, "wrong_credential")),
        ({"Authorization": "Bearer x", "x-api-key": "y"}, (400, "invalid_input")),
        ({"Cookie": "holdfast=x"}, (401, "not_logged_in")),
    ],
)
async def test_a_bad_credential_is_refused_and_never_repeated(
    open_house: Served, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    """Neither in the answer nor in the log; 401 says how to do it right."""
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    async with client_of(open_house.url) as client:
        answer = await client.get(_MINE, headers=raw)

    assert error_of(answer) == refusal
    assert (answer.status_code == 401) == ("www-authenticate" in answer.headers)
    for value in headers.values():
        assert value.removeprefix("Bearer ") not in answer.text or len(value) < 12
    assert "guess" not in open_house.log


async def test_there_is_no_login_link_in_mode_tokens(open_house: Served) -> None:
    """Whoever serves others gives out keys."""
    async with client_of(open_house.url) as client:
        answer = await client.get("/login?token=x")

    assert error_of(answer) == (401, "wrong_login")
    assert open_house.login_link == ""


async def test_one_users_key_shows_nothing_of_another(open_house: Served) -> None:
    """A foreign session is an unknown one, and a user that is known is like one that is not."""
    adas, bens = open_house.key("ada"), open_house.key("ben")
    session = await begin_session(open_house, adas)

    async with open_house.keyed(adas) as ada, open_house.keyed(bens) as ben:
        assert session in await sessions_of(ada)
        assert session not in await sessions_of(ben)
        foreign = await ben.get(f"{_MINE}/{session}")
        unknown = await ben.get(f"{_MINE}/{ABSENT}")
        hers = await ben.get("/api/conversations/ada")
        nobodys = await ben.get("/api/conversations/nobody")

    assert error_of(foreign) == error_of(unknown) == (404, "not_found")
    assert error_of(hers) == error_of(nobodys) == (404, "not_found")


async def test_scopes_bound_what_a_key_does(open_house: Served) -> None:
    """A key to read does not write; the answer says it is not allowed, not that it is not there."""
    reads, writes = (
        open_house.key("ada", "--scope", scope) for scope in ("memory:read", "memory:write")
    )
    async with open_house.keyed(reads) as client:
        assert (await client.get(_MINE)).status_code == 200
    async with open_house.keyed(writes) as client:
        assert error_of(await client.get(_MINE)) == (403, "not_allowed")
        assert error_of(await client.get("/api/conversations/ben")) == (404, "not_found")


async def test_a_key_that_acts_for_users_names_one(open_house: Served) -> None:
    """In a header or in the path; what it does then is theirs, under the key's scopes."""
    acts = open_house.key("service", "--act-for-users")
    named: dict[str, str | bytes] = {"X-Holdfast-User-Id": "zoë".encode()}
    session = await begin_session(open_house, acts, **named)

    async with open_house.keyed(acts) as client:
        by_path = await sessions_of(client, "/api/conversations/zoë")
        own = await sessions_of(client)
    async with open_house.keyed(acts, **named) as client:
        by_header = await sessions_of(client)
        other = await client.get("/api/conversations/ben")

    assert by_path == by_header == [session]
    assert own == []
    assert error_of(other) == (404, "not_found")


async def test_other_keys_name_nobody_but_themselves(open_house: Served) -> None:
    """The header is refused loudly: who sends it believes it to work. Naming oneself is fine."""
    async with open_house.keyed(open_house.key("ada")) as client:
        other = await client.get(_MINE, headers={"X-Holdfast-User-Id": "ben"})
        self = await client.get(_MINE, headers={"X-Holdfast-User-Id": "ada"})

    assert error_of(other) == (403, "not_allowed")
    assert self.status_code == 200


@pytest.mark.parametrize("name", [b"", b"\xff", b"a" * 5000])
async def test_a_name_that_is_none_is_bad_input(open_house: Served, name: bytes) -> None:
    """Empty, not UTF-8, or too long for a name."""
    acts = open_house.key("service", "--act-for-users")
    async with open_house.keyed(acts) as client:
        answer = await client.get(_MINE, headers={"X-Holdfast-User-Id": name})

    assert error_of(answer) == (400, "invalid_input")


async def test_the_same_name_in_two_accounts_is_two_people(open_house: Served) -> None:
    """A key is of an account; acting for users stays inside it."""
    here, acme = open_house.key("ada"), open_house.key("ada", "--act-for-users", account="acme")
    session = await begin_session(open_house, acme)

    async with open_house.keyed(here) as ada, open_house.keyed(acme) as namesake:
        assert session not in await sessions_of(ada)
        assert error_of(await ada.get(f"{_MINE}/{session}")) == (404, "not_found")
        assert await sessions_of(namesake) == [session]
        assert await sessions_of(namesake, "/api/conversations/ben") == []


async def test_an_allowed_page_calls_with_a_key(open_house: Served) -> None:
    """It may ask first and may read the answer; no cookie comes along. Other pages may not."""
    page = {"Origin": "https://app.example"}
    asked = {**page, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization"
    async with client_of(open_house.url) as client:
        preflight = await client.options("/api/ws-ticket", headers=asked)
        refused = await client.get(_MINE, headers=page)
        foreign = await client.options(
            "/api/ws-ticket", headers={**asked, "Origin": "https://evil.example"}
        )
    async with open_house.keyed(open_house.key("ada")) as client:
        answer = await client.get(_MINE, headers=page)

    assert preflight.status_code == 200
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    for one in (preflight, refused, answer):
        assert one.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in one.headers
    assert error_of(refused) == (401, "not_logged_in")
    assert error_of(foreign) == (403, "foreign_origin")
    assert answer.status_code == 200


async def test_pages_are_not_let_in_unless_they_are_allowed(standing: Served) -> None:
    """CORS is off by default: not even the headers are there."""
    async with standing.client() as client:
        answer = await client.get(_MINE, headers={"Origin": standing.url})

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_names_of_the_server_are_those_it_was_given(open_house: Served) -> None:
    """The public one, loopback, and any number; never another name."""
    port = open_house.url.rpartition(":")[2]
    async with open_house.keyed(open_house.key("ada")) as client:
        for host in ("memory.example", f"localhost:{port}", f"10.1.2.3:{port}"):
            assert (await client.get(_MINE, headers={"Host": host})).status_code == 200
        answer = await client.get(_MINE, headers={"Host": "evil.example"})

    assert error_of(answer) == (421, "wrong_host")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_page_writes_nothing_with_the_cookie(standing: Served, site: str) -> None:
    """A page on another port of this machine is the same site to a browser: the cookie comes."""
    async with standing.client() as client:
        forged = await client.post("/api/ws-ticket", headers={"Sec-Fetch-Site": site})
        ours = await client.post("/api/ws-ticket", headers={"Sec-Fetch-Site": "same-origin"})
        program = await client.post("/api/ws-ticket")

    assert error_of(forged) == (403, "foreign_origin")
    assert (ours.status_code, program.status_code) == (200, 200)


async def test_a_bad_key_is_not_saved_by_a_good_cookie(standing: Served) -> None:
    """Who shows a key means it."""
    async with standing.client() as client:
        answer = await client.get(_MINE, headers={"x-api-key": "hf_no"})

    assert error_of(answer) == (401, "wrong_credential")


async def test_the_cookie_is_not_for_pages_of_other_origins(tmp_path: Path) -> None:
    """Even of those that may call with a key."""
    served = Served(tmp_path, allowed_origins="https://app.example").start(child=False)
    try:
        async with served.client() as client:
            own = await client.get(_MINE, headers={"Origin": served.url})
            other = await client.get(_MINE, headers={"Origin": "https://app.example"})
    finally:
        served.kill()

    assert own.status_code == 200
    assert error_of(other) == (401, "not_logged_in")


def test_revocations_are_looked_for_often_enough() -> None:
    """By another process, too: each is seen and acted on within the five seconds it may take."""
    assert 2 * keys._CHECK_EVERY_S + keys._CURRENT_FOR_S < 5


async def test_a_revoked_key_is_refused_and_its_socket_closed(open_house: Served) -> None:
    """Within five seconds, when another process revokes it; another key's socket stays open."""
    doomed, kept = open_house.key("ada"), open_house.key("ada")
    tickets = []
    for key in (doomed, kept, doomed):
        async with open_house.keyed(key) as client:
            tickets.append((await client.post("/api/ws-ticket")).json()["ticket"])
    first, second, unused = tickets

    async with (
        socket_to(open_house.socket_url(first)) as closing,
        socket_to(open_house.socket_url(second)) as staying,
    ):
        open_house.command("tokens", "revoke", doomed)
        code = await closed_with(closing)
        async with open_house.keyed(doomed) as client:
            refused = error_of(await client.get(_MINE))
        await staying.send(json.dumps({"type": "ping"}))
        async with asyncio.timeout(HUNG_S):
            while json.loads(await staying.recv())["event"]["type"] != "pong":
                pass
    async with client_of(open_house.url) as client:
        answer = await client.get(
            f"/ws?ticket={unused}",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
            },
        )

    assert code == 4401
    assert refused == (401, "wrong_credential")
    assert error_of(answer) == (401, "wrong_ticket")


async def test_a_revoked_key_ends_the_streams_it_opened(tmp_path: Path) -> None:
    """Within five seconds, in the midst of an answer; the turn goes on and is there afterwards."""
    served = Served(tmp_path, auth="tokens").start()
    try:
        doomed, other = served.key("ada"), served.key("ada")
        session = await begin_session(served, doomed)
        said = {"json": {"text": "slow"}, "headers": {"Accept": "text/event-stream"}}
        async with (
            served.keyed(doomed) as client,
            client.stream("POST", f"{_MINE}/{session}/turns", **said) as answer,
        ):
            pieces = answer.aiter_text()
            while "one " not in await anext(pieces):
                pass
            served.command("tokens", "revoke", doomed)
            async with asyncio.timeout(HUNG_S):
                rest = await _to_the_end(pieces)
        served.release.touch()
        async with served.keyed(other) as client, asyncio.timeout(HUNG_S):
            while (turn := (await _turns(client, session))[0])["status"] == "open":
                await asyncio.sleep(0)
    finally:
        served.kill()

    assert "two" not in rest
    assert turn["status"] == "complete"
    assert turn["messages"][-1]["text"] == "one two"


async def _to_the_end(pieces: AsyncIterator[str]) -> str:
    """What still comes of a stream, however it ends."""
    found = ""
    with contextlib.suppress(httpx2.RemoteProtocolError):
        async for piece in pieces:
            found += piece
    return found


async def _turns(client: httpx2.AsyncClient, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"{_MINE}/{session}")).json()["session"][
        "turns"
    ]
    return found


async def test_erasing_a_user_ends_their_keys_in_a_running_server(open_house: Served) -> None:
    """The command line erases beside it; the key opens nothing any more."""
    key = open_house.key("eve")
    async with open_house.keyed(key) as client:
        assert await sessions_of(client) == []
        ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
        async with socket_to(open_house.socket_url(ticket)) as socket:
            open_house.command("erase", "--user", "eve", "--yes")
            assert await closed_with(socket) == 4401
        assert error_of(await client.get(_MINE)) == (401, "wrong_credential")


async def test_an_erased_user_s_key_makes_them_no_new_vault(open_house: Served) -> None:
    """Neither with the next request after an erasure over HTTP, nor right after one beside the
    server, before it has taken note; a new key of theirs makes them anew."""
    for here in (True, False):
        key = open_house.key("zoe")
        async with open_house.keyed(key) as client:
            assert (await client.get("/api/profile")).status_code == 200
            if here:
                assert (await client.post("/api/erase", json={"confirm": "zoe"})).is_success
            else:
                open_house.command("erase", "--user", "zoe", "--yes")
            answers = [await client.get(path) for path in ("/api/profile", _MINE)]
        assert [error_of(answer) for answer in answers] == [(401, "wrong_credential")] * 2
    assert "zoe" not in open_house.command("users", "--json")


async def test_the_last_use_of_a_key_is_kept(tmp_path: Path) -> None:
    """Also when the server stops before the minute is over."""
    import signal

    served = Served(tmp_path, auth="tokens").start(child=False)
    used, unused = served.key("ada"), served.key("ada")
    async with served.keyed(used) as client:
        await client.get(_MINE)
    served.kill(signal.SIGTERM)

    listed = json.loads(served.command("tokens", "list", "--json"))
    seen = {token["prefix"]: token["last_used_at"] is not None for token in listed}
    assert seen == {used.rpartition("_")[0][:13]: True, unused[:13]: False}


async def test_more_than_the_limit_is_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    """Per user and class, over all of their keys, and told in the one shape."""
    served = Served(tmp_path, auth="tokens", rate_reads_per_minute="3").start(child=False)
    try:
        first, second, bens = served.key("ada"), served.key("ada"), served.key("ben")
        async with served.keyed(first) as one, served.keyed(second) as two:
            answers = [await client.get(_MINE) for client in (one, two, one, two)]
            write = await one.post("/api/ws-ticket")
        async with served.keyed(bens) as client:
            other = await client.get(_MINE)
    finally:
        served.kill()

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert error_of(answers[-1]) == (429, "rate_limited")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert (other.status_code, write.status_code) == (200, 200)


async def test_guessing_is_slowed_down_and_locks_nobody_out(tmp_path: Path) -> None:
    """After so many bad credentials of one address; a good one from there is taken all the same."""
    served = Served(tmp_path, auth="tokens", rate_login_failures_per_minute="2").start(child=False)
    try:
        key = served.key("ada")
        async with client_of(served.url) as client:
            codes = [
                error_of(await client.get(_MINE, headers={"x-api-key": f"hf_{guess}"}))
                for guess in range(3)
            ]
            link = error_of(await client.get("/login?token=guess"))
        async with served.keyed(key) as client:
            good = await client.get(_MINE)
    finally:
        served.kill()

    assert codes == [(401, "wrong_credential")] * 2 + [(429, "rate_limited")]
    assert link == (429, "rate_limited")
    assert good.status_code == 200


async def test_neither_key_nor_user_is_in_the_log(open_house: Served) -> None:
    """Of any request, in debug too."""
    key = open_house.key("somebody@example.org", "--act-for-users")
    async with open_house.keyed(key, **{"X-Holdfast-User-Id": "nobody@example.org"}) as client:
        await client.get("/api/conversations/nobody@example.org")

    for told in (key, key.rpartition("_")[2], "somebody@", "nobody@"):
        assert told not in open_house.log
