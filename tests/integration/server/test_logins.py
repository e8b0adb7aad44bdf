"""Logging in with a key, seeing where one is logged in, and making and ending keys of one's own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

import holdfast
from fix_keeper import World, keeper, world
from holdfast.errors import NotFound
from holdfast.keeper import logins
from holdfast.keeper.access import ALL_SCOPES
from holdfast.keeper.keeper import Keeper
from holdfast.server.app import create_app
from holdfast.server.identity import keys
from holdfast.server.identity.door import Identity
from holdfast.settings import Settings

from .conftest import Served, client_of, socket_to
from .test_identity import closed_with
from .test_refusals import ABSENT, error_of

__all__ = ["keeper", "world"]

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
_ADDRESS = "http://127.0.0.1:8377"


class House(NamedTuple):
    """A server in this process, and how to come before it with a browser of one's own."""

    keeper: Keeper
    door: Identity
    browsers: AsyncExitStack
    transport: httpx2.ASGITransport

    async def browser(self, key: str | None = None, **headers: str) -> httpx2.AsyncClient:
        """A new browser, logged in with a key."""
        given = {"User-Agent": _FIREFOX, **headers}
        client = await self.browsers.enter_async_context(
            httpx2.AsyncClient(transport=self.transport, base_url=_ADDRESS, headers=given)
        )
        if key is not None:
            answer = await client.post("/api/login", json={"key": key})
            assert answer.status_code == 204, answer.text
        return client

    async def program(self, key: str) -> httpx2.AsyncClient:
        """A program that shows a key."""
        return await self.browser(Authorization=f"Bearer {key}")

    async def key(self, user: str, **given: Any) -> str:
        """A new key's secret."""
        return (await self.keeper.tokens.create(user, **given))[1]


@asynccontextmanager
async def opened(keeper: Keeper, **settings: Any) -> AsyncIterator[House]:
    """A server over a keeper."""
    given = Settings(**{"auth": "tokens", **settings})
    door = Identity(given, keeper)
    app = create_app(given, keeper, identity=door)
    async with app.router.lifespan_context(app), AsyncExitStack() as browsers:
        yield House(keeper, door, browsers, httpx2.ASGITransport(app=app))


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A server that serves several people."""
    async with holdfast.open("memory:") as keeper, opened(keeper) as house:
        yield house


async def test_a_key_logs_a_person_in(house: House) -> None:
    """From then on the cookie says who asks, with the key's scopes; scripts cannot read it."""
    key = await house.key("ada", scopes=["memory:read"])
    browser = await house.browser()

    answer = await browser.post("/api/login", json={"key": key})
    me = (await browser.get("/api/me")).json()

    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 204
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/", "max-age="))
    assert "secure" not in cookie
    assert (me["user"], me["auth"], me["scopes"]) == ("ada", "tokens", ["memory:read"])
    refused = await browser.post("/api/conversations/current_user", json={})
    assert error_of(refused) == (403, "not_allowed")


@pytest.mark.parametrize("auth", ["local", "tokens"])
async def test_anybody_may_know_how_one_comes_in(auth: str) -> None:
    """A page names the one way that there is, before it knows who asks; nothing else is told."""
    async with holdfast.open("memory:") as keeper, opened(keeper, auth=auth) as house:
        answer = await (await house.browser()).get("/api/access")

    assert (answer.status_code, answer.json()) == (200, {"auth": auth})


async def test_the_cookie_is_kept_to_https_where_that_is_how_clients_come() -> None:
    """The browser then never sends it in the clear."""
    async with (
        holdfast.open("memory:") as keeper,
        opened(keeper, public_url="https://memory.example") as house,
    ):
        browser = await house.browser()
        answer = await browser.post(
            "/api/login",
            json={"key": await house.key("ada")},
            headers={"Host": "memory.example", "Origin": "https://memory.example"},
        )

    assert answer.status_code == 204
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_over_https_no_other_server_of_the_domain_can_put_a_login_in_place() -> None:
    """The cookie bears the prefix that browsers keep to the host that set it; under the plain
    name, which any host of the domain could set, it is nobody's."""
    async with (
        holdfast.open("memory:") as keeper,
        opened(keeper, public_url="https://memory.example") as house,
    ):
        browser = await house.browser(Host="memory.example", Origin="https://memory.example")
        answer = await browser.post("/api/login", json={"key": await house.key("ada")})
        (secret,) = re.findall("^__Host-holdfast=([^;]+);", answer.headers["set-cookie"])
        own = await browser.get("/api/me", headers={"Cookie": f"__Host-holdfast={secret}"})
        put = await browser.get("/api/me", headers={"Cookie": f"holdfast={secret}"})
        left = await browser.post("/api/logout", headers={"Cookie": f"__Host-holdfast={secret}"})

    assert "domain" not in answer.headers["set-cookie"].lower()
    assert (own.status_code, own.json()["user"]) == (200, "ada")
    assert error_of(put) == (401, "not_logged_in")
    assert "__Host-holdfast=" in left.headers["set-cookie"]
    assert "secure" in left.headers["set-cookie"].lower()


async def test_a_login_outlasts_a_restart_and_holds_on_other_nodes(world: World) -> None:
    """It is kept with the keys: another process over the same store knows it."""
    keeper = await world.open()
    async with opened(keeper) as house:
        browser = await house.browser(await house.key("ada"))
        cookies = dict(browser.cookies)
    await keeper.close()

    async with opened(await world.open()) as house:
        again = await house.browser()
        again.cookies.update(cookies)
        assert (await again.get("/api/me")).json()["user"] == "ada"


async def test_whatever_is_wrong_with_a_key_the_answer_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown, revoked, expired and malformed: the same words, and the storage is asked the
    same."""
    monkeypatch.setattr(keys, "_CHECK_EVERY_S", 3600.0)
    keeper = await world.open("tapped")
    await keeper.tokens.create("ben")
    token, revoked = await keeper.tokens.create("ada")
    await keeper.tokens.revoke(token.id)
    tried = ["hf_0123456789_guess", revoked, "guess", "", "hl_guess", "hf_" + "x" * 500]
    async with opened(keeper) as house:
        browser = await house.browser()
        answers, asked = [], []
        for key in tried:
            world.tap.calls.clear()
            answers.append(await browser.post("/api/login", json={"key": key}))
            # Not what the server's own rounds ask meanwhile.
            asked.append([c for c in world.tap.calls if c in ("data.once", "data.rows_by_id")])

    told = [{**answer.json()["error"], "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * len(tried)
    assert all(one == told[0] for one in told)
    assert told[0]["code"] == "wrong_login"
    assert asked == [asked[0]] * len(tried)
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_guessing_keys_is_slowed_down(world: World) -> None:
    """By address; a good key is taken all the same."""
    async with (
        holdfast.open("memory:") as keeper,
        opened(keeper, rate_login_failures_per_minute=2) as house,
    ):
        browser = await house.browser()
        codes = [
            (await browser.post("/api/login", json={"key": f"hf_{guess}"})).status_code
            for guess in range(3)
        ]
        good = await browser.post("/api/login", json={"key": await house.key("ada")})

    assert codes == [401, 401, 429]
    assert good.status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"key": 5}, 400),
        ({"key": "x", "user": "ada"}, 400),
        ({"key": "x" * 20_000}, 413),
    ],
)
async def test_what_is_no_login_is_refused(house: House, body: Any, status: int) -> None:
    """In the one shape; whoever has shown nothing yet may send little."""
    browser = await house.browser()

    answer = await browser.post("/api/login", json=body)

    assert error_of(answer)[0] == status


async def test_another_page_can_neither_log_in_nor_use_the_cookie(house: House) -> None:
    """Not one of an allowed origin either: it calls with a key of its own."""
    key = await house.key("ada")
    browser = await house.browser(key)
    foreign = {"Origin": "https://evil.example"}
    crossed = {"Sec-Fetch-Site": "same-site"}

    login = await browser.post("/api/login", json={"key": key}, headers=foreign)
    write = await browser.put("/api/preferences", json={"theme": "dark"}, headers=crossed)

    assert error_of(login) == (403, "foreign_origin")
    assert error_of(write) == (403, "foreign_origin")


async def test_a_cookie_is_no_key_and_a_key_no_cookie(house: House) -> None:
    """What may not make keys cannot pass for what may."""
    key = await house.key("ada")
    browser = await house.browser(key)
    cookie = browser.cookies["holdfast"]
    as_key, as_cookie = await house.program(cookie), await house.browser()
    as_cookie.cookies.set("holdfast", key)

    assert error_of(await as_key.get("/api/me")) == (401, "wrong_credential")
    assert error_of(await as_cookie.get("/api/me")) == (401, "not_logged_in")


async def test_a_login_goes_with_the_key_it_rests_on(house: House) -> None:
    """Whoever revokes what leaked has ended what was done with it; others stay."""
    token, key = await house.keeper.tokens.create("ada")
    doomed, staying = await house.browser(key), await house.browser(await house.key("ada"))

    await house.keeper.tokens.revoke(token.id)
    await house.door.note_ended()

    assert error_of(await doomed.get("/api/me")) == (401, "not_logged_in")
    logins = (await staying.get("/api/logins")).json()["logins"]
    assert [login["current"] for login in logins] == [True]


async def test_logging_out_ends_this_login_alone(house: House) -> None:
    """The cookie is taken back, and is worth nothing to whoever has copied it."""
    key = await house.key("ada")
    leaving, staying = await house.browser(key), await house.browser(key)
    copied = dict(leaving.cookies)

    answer = await leaving.post("/api/logout")
    thief = await house.browser()
    thief.cookies.update(copied)

    assert answer.status_code == 204
    assert leaving.cookies.get("holdfast") is None
    assert error_of(await thief.get("/api/me")) == (401, "not_logged_in")
    assert (await staying.get("/api/me")).status_code == 200


async def test_one_sees_where_one_is_logged_in_and_ends_what_one_does_not_know(
    house: House,
) -> None:
    """By browser and system and since when; nobody else's are there, and foreign is unknown."""
    key = await house.key("ada")
    desk, phone = await house.browser(key), await house.browser(key, **{"User-Agent": "curl/8"})
    bens = await house.browser(await house.key("ben"))

    listed = (await desk.get("/api/logins")).json()["logins"]
    told = [(login["agent"], login["current"], login["kind"]) for login in listed]
    refusals = [
        error_of(await bens.delete(f"/api/logins/{one}")) for one in (listed[0]["id"], ABSENT, "x")
    ]
    ended = await desk.delete(f"/api/logins/{listed[1]['id']}")

    assert told == [("Firefox on Linux", True, "cookie"), ("curl", False, "cookie")]
    assert refusals == [(404, "not_found")] * 3
    assert ended.status_code == 204
    assert error_of(await phone.get("/api/me")) == (401, "not_logged_in")
    assert (await desk.get("/api/me")).status_code == 200


async def test_a_person_makes_keys_and_ends_them(house: House) -> None:
    """The secret is told once; foreign keys are unknown ones."""
    desk = await house.browser(await house.key("ada", name="desk"))
    bens = await house.browser(await house.key("ben"))

    made = await desk.post(
        "/api/tokens",
        json={"name": "backup", "scopes": ["memory:read"], "expires_in_days": 7},
    )
    secret = made.json()["secret"]
    token = made.json()["token"]
    listed = (await desk.get("/api/tokens")).json()["tokens"]
    program = await house.program(secret)
    before = await program.get("/api/profile")
    refusals = [error_of(await bens.delete(f"/api/tokens/{one}")) for one in (token["id"], ABSENT)]
    ended = await desk.delete(f"/api/tokens/{token['id']}")
    after = await program.get("/api/profile")

    assert made.status_code == 201
    assert secret.startswith(token["prefix"])
    assert [one["name"] for one in listed] == ["desk", "backup"]
    assert (token["scopes"], token["acts_for_users"]) == (["memory:read"], False)
    assert token["expires_at"] > token["created_at"]
    assert secret not in (await desk.get("/api/tokens")).text
    assert before.status_code == 200
    assert refusals == [(404, "not_found")] * 2
    assert ended.status_code == 204
    assert error_of(after) == (401, "wrong_credential")


async def test_a_key_makes_no_key_and_ends_none(house: House) -> None:
    """What has leaked cannot give itself a successor, nor lock its owner out."""
    token, key = await house.keeper.tokens.create("ada")
    program, desk = await house.program(key), await house.browser(key)
    login = (await desk.get("/api/logins")).json()["logins"][0]["id"]

    answers = [
        await program.post("/api/tokens", json={"scopes": ["memory:read"]}),
        await program.delete(f"/api/tokens/{token.id}"),
        await program.delete(f"/api/logins/{login}"),
    ]

    assert [error_of(answer) for answer in answers] == [(403, "not_allowed")] * 3
    assert (await desk.get("/api/me")).status_code == 200


async def test_no_key_may_do_more_than_the_login_it_was_made_with(house: House) -> None:
    """Who may only read gives out keys that only read."""
    desk = await house.browser(await house.key("ada", scopes=["memory:read"]))

    more = await desk.post("/api/tokens", json={"scopes": sorted(ALL_SCOPES)})
    same = await desk.post("/api/tokens", json={"scopes": ["memory:read"]})

    assert error_of(more) == (403, "not_allowed")
    assert same.status_code == 201


async def test_what_was_made_with_a_key_ends_with_it(house: House) -> None:
    """Whoever logs in with a key that has leaked gains nothing that outlasts it: neither by its
    end nor by its revocation, over however many steps. Keys of others stay."""
    end = house.keeper.store.clock() + timedelta(days=1)
    token, leaked = await house.keeper.tokens.create("ada", expires_at=end)
    asked = {"scopes": ["memory:read"], "expires_in_days": 300}
    thief = await house.browser(leaked)
    first = (await thief.post("/api/tokens", json=asked)).json()
    again = await house.browser(first["secret"])
    second = (await again.post("/api/tokens", json={"scopes": ["memory:read"]})).json()
    staying = await house.program(await house.key("ada"))
    ends = [datetime.fromisoformat(made["token"]["expires_at"]) for made in (first, second)]

    await house.keeper.tokens.revoke(token.id)
    await house.door.note_ended()

    assert ends == [end, end]
    for made in (first, second):
        program = await house.program(made["secret"])
        assert error_of(await program.get("/api/me")) == (401, "wrong_credential")
    assert error_of(await again.get("/api/me")) == (401, "not_logged_in")
    assert (await staying.get("/api/me")).status_code == 200


async def test_no_key_is_made_with_one_that_has_ended(keeper: Keeper) -> None:
    """Although it was a moment ago, when it was asked for: the revocation has come first."""
    token, _ = await keeper.tokens.create("ada")
    await keeper.tokens.revoke(token.id)

    with pytest.raises(NotFound):
        await keeper.tokens.create("ada", made_with=token.id)

    assert await keeper.tokens.list() == []


async def test_who_may_only_read_locks_nobody_out(house: House) -> None:
    """A login ends what may do as much as it, and no more; its own it always may."""
    token, key = await house.keeper.tokens.create("ada")
    weak_token, weak_key = await house.keeper.tokens.create("ada", scopes=["memory:read"])
    strong, weak = await house.browser(key), await house.browser(weak_key)
    listed = (await weak.get("/api/logins")).json()["logins"]
    (strong_login,) = (one["id"] for one in listed if not one["current"])

    refused = [
        await weak.delete(f"/api/tokens/{token.id}"),
        await weak.delete(f"/api/logins/{strong_login}"),
    ]
    ended = await weak.delete(f"/api/tokens/{weak_token.id}")

    assert [error_of(answer) for answer in refused] == [(403, "not_allowed")] * 2
    assert ended.status_code == 204
    assert error_of(await weak.get("/api/me")) == (401, "not_logged_in")
    assert (await strong.get("/api/me")).status_code == 200


async def test_the_logins_of_a_key_crowd_out_its_own_alone(
    monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    """Whoever has one key of a user cannot end the logins of another by logging in."""
    monkeypatch.setattr(logins, "_MOST", 2)
    staying = await house.browser(await house.key("ada"))
    key = await house.key("ada", scopes=["memory:read"])

    first, *_ = [await house.browser(key) for _ in range(3)]
    await house.door.note_ended()

    assert (await staying.get("/api/me")).status_code == 200
    assert error_of(await first.get("/api/me")) == (401, "not_logged_in")


async def test_logging_in_counts_as_writing() -> None:
    """Each login is kept: who has a good key cannot make them without end."""
    async with (
        holdfast.open("memory:") as keeper,
        opened(keeper, rate_writes_per_minute=2) as house,
    ):
        browser, key = await house.browser(), await house.key("ada")
        codes = [
            (await browser.post("/api/login", json={"key": key})).status_code for _ in range(3)
        ]

    assert codes == [204, 204, 429]


@pytest.mark.parametrize("site", ["same-site", "cross-site", ""])
async def test_another_page_reads_nothing_with_the_cookie_but_may_lead_here(
    house: House, site: str
) -> None:
    """A picture or script that it names could be measured, run, or use up what one may export; a
    link to a download is a link."""
    browser = await house.browser(await house.key("ada"))
    crossed = {"Sec-Fetch-Site": site}

    taken = await browser.get("/api/export?format=json", headers=crossed)
    led = await browser.get(
        "/api/export?format=json", headers={**crossed, "Sec-Fetch-Mode": "navigate"}
    )

    assert error_of(taken) == (403, "foreign_origin")
    assert led.status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scopes": []},
        {"scopes": ["memory:all"]},
        {"scopes": ["memory:read"], "expires_in_days": 0},
        {"scopes": ["memory:read"], "name": "x" * 201},
        {"scopes": ["memory:read"], "acts_for_users": True},
    ],
)
async def test_what_is_no_key_is_bad_input(house: House, asked: Any) -> None:
    """And none is made."""
    desk = await house.browser(await house.key("ada"))

    answer = await desk.post("/api/tokens", json=asked)

    assert error_of(answer) == (400, "invalid_input")
    assert len((await desk.get("/api/tokens")).json()["tokens"]) == 1


async def test_promise_11_gone_the_logins_of_an_erased_user_end(house: House) -> None:
    """With their keys: no browser of theirs is let in any more."""
    desk = await house.browser(await house.key("ada"))
    await desk.get("/api/me")

    await house.keeper.erase("ada")
    await house.door.note_ended()

    assert error_of(await desk.get("/api/me")) == (401, "not_logged_in")
    assert await house.keeper.logins.list("ada") == []


async def test_promise_06_sealed_a_login_is_kept_without_its_cookie_and_its_owner(
    world: World, tmp_path: Path
) -> None:
    """No file holds the cookie, the user's name or their browser."""
    keeper = await world.open()
    async with opened(keeper) as house:
        browser = await house.browser(await house.key("ada-canary"))
        cookie = browser.cookies["holdfast"]
    await keeper.close()

    told = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert told
    for word in (cookie, "ada-canary", "Firefox"):
        assert word.encode() not in told


async def test_ending_a_login_closes_its_sockets(tmp_path: Path) -> None:
    """Within five seconds, those of other logins stay; the list counts them."""
    served = Served(tmp_path, auth="tokens").start(child=False)
    try:
        key = served.key("ada")
        async with AsyncExitStack() as stack:
            one, two = [await stack.enter_async_context(client_of(served.url)) for _ in range(2)]
            for browser in (one, two):
                assert (await browser.post("/api/login", json={"key": key})).status_code == 204
            tickets = [(await b.post("/api/ws-ticket")).json()["ticket"] for b in (one, two)]
            sockets = [
                await stack.enter_async_context(socket_to(served.socket_url(t))) for t in tickets
            ]
            for socket in sockets:
                await socket.recv()
            listed = (await one.get("/api/logins")).json()["logins"]
            other = next(login["id"] for login in listed if not login["current"])
            await one.delete(f"/api/logins/{other}")
            code = await closed_with(sockets[1])
            left = (await one.get("/api/logins")).json()["logins"]
    finally:
        served.kill()

    assert [login["sockets"] for login in listed] == [1, 1]
    assert code == 4401
    assert [(login["current"], login["sockets"]) for login in left] == [(True, 1)]


async def test_a_link_s_login_outlasts_a_restart_of_the_server(served: Served) -> None:
    """The page that is open goes on where it was; the first time it is shown what to try."""
    async with served.client(log_in=False) as client:
        first = await client.get(served.login_link)
        cookies = dict(client.cookies)
        await client.post("/api/conversations/current_user", json={})
    served.kill()
    served.start(child=False)
    async with served.client(log_in=False) as client:
        client.cookies.update(cookies)
        me = await client.get("/api/me")
        logins = (await client.get("/api/logins")).json()["logins"]
    async with served.client(log_in=False) as client:
        second = await client.get(served.login_link)

    assert (first.headers["location"], second.headers["location"]) == ("/welcome", "/")
    assert me.json()["user"] == "ada"
    assert [login["current"] for login in logins] == [True]


async def test_erasing_everything_takes_the_key_once_more(house: House) -> None:
    """A page that was left open is not enough, nor is somebody else's key, nor one that may only
    read; after it neither the login nor the key opens anything."""
    key, bens = await house.key("ada"), await house.key("ben")
    weak = await house.key("ada", scopes=["memory:read"])
    browser = await house.browser(key)
    await browser.get("/api/me")

    refusals = [
        error_of(await browser.post("/api/erase", json={"confirm": "ada", **shown}))
        for shown in ({}, {"key": bens}, {"key": weak}, {"key": "hf_0123456789_guess"})
    ]
    answer = await browser.post("/api/erase", json={"confirm": "ada", "key": key})
    after = await browser.get("/api/me")

    assert refusals == [(403, "wrong_key")] * 4
    assert answer.status_code == 200
    assert answer.json()["what"]
    assert error_of(after) == (401, "not_logged_in")


async def test_a_program_erases_with_the_key_that_it_shows_anyway(house: House) -> None:
    """Nothing more is asked of it than the name."""
    program = await house.program(await house.key("ada"))
    await program.get("/api/me")

    assert (await program.post("/api/erase", json={"confirm": "ada"})).status_code == 200
