"""Everybody against everybody's things: every route, verb and credential, from the app's own list.

A route that is not in `matrix.ROUTES` fails here, so that none is ever served untried.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

import holdfast
from fix_keeper import World, world
from holdfast.capture.turn import Input
from holdfast.keeper.keeper import Keeper
from holdfast.server.app import create_app
from holdfast.server.identity import keys
from holdfast.server.identity.limits import RATES
from holdfast.settings import Settings

from .conftest import Served, client_of
from .matrix import PLAIN, ROUTES, Needs, Open, Socket
from .test_refusals import ABSENT, error_of, refused

__all__ = ["world"]

_SCOPES = ("memory:read", "memory:write", "memory:delete")
_NAMES = re.compile(r"\{(\w+)\}")
_UNLIMITED = {
    f"rate_{what}": "0"
    for what in ("writes_per_minute", "reads_per_minute", "searches_per_minute", "exports_per_day")
}


async def _listed() -> list[str]:
    async with holdfast.open("memory:") as keeper:
        return routes_of(create_app(Settings(auth="tokens"), keeper))


def routes_of(app: FastAPI) -> list[str]:
    """Every verb and path that the application answers, as the matrix writes them."""
    found = []
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{(\w+):path\}", r"{\1}", str(route.path))
        if isinstance(route.original_route, Mount):
            found.append(f"MOUNT {path}")
        elif route.methods:
            found += [f"{verb} {path}" for verb in route.methods if verb != "HEAD"]
        else:
            found.append(f"SOCKET {path}")
    return found


async def test_every_route_is_in_the_matrix() -> None:
    """Whoever adds one says there what it needs; whoever removes one takes it out."""
    listed = await _listed()

    assert sorted(set(listed) - ROUTES.keys()) == []
    assert sorted(ROUTES.keys() - set(listed)) == []


async def test_limits_are_of_routes_that_there_are() -> None:
    """A class for a path that nobody serves is a slip of the pen."""
    listed = set(await _listed()) | {f"{verb} /mcp" for verb in ("POST", "GET", "DELETE")}

    assert [key for key in RATES if " ".join(key) not in listed] == []


class Things(NamedTuple):
    """What somebody has, by the names of the matrix."""

    by_name: Mapping[str, str]

    def but(self, **other: str) -> Things:
        """The same with others' in their place."""
        return Things({**self.by_name, **other})


async def furnish(keeper: Keeper, name: str) -> Things:
    """Give a user one of everything."""
    user = await keeper.user(name)
    slug = f"helper-{name}"
    session = await user.sessions.start(assistant=slug, project=f"trip-{name}", title="Oslo")
    spoken = Input(text=f"hello from {name}", audio=b"RIFF", media_type="audio/wav")
    async with session.turn(given=spoken) as turn:
        await turn.reply("hello")
    message = turn.messages[0]
    memory = await user.memories.add("likes blue", sources=[message.id])
    thought = await user.thoughts.add("hm", assistant=slug, turn_id=turn.id)
    room = await user.rooms.create(f"room of {name}")
    return Things(
        {
            **PLAIN,
            "user_id": name,
            "session_id": session.id,
            "message_id": message.id,
            "turn_id": turn.id,
            "memory_id": memory.id,
            "thought_id": thought.id,
            "room_id": room.id,
            "assistant": slug,
            "project": f"trip-{name}",
        }
    )


NOTHING = Things(
    {
        "user_id": "nobody",
        "assistant": "helper-nobody",
        "project": "trip-nobody",
        **{
            f"{kind}_id": ABSENT
            for kind in ("session", "message", "turn", "memory", "thought", "room")
        },
    }
)


class Attempt(NamedTuple):
    """One request of the matrix, with names still in it."""

    verb: str
    path: str
    query: str
    json: Any

    @property
    def names(self) -> list[str]:
        """The things it speaks of."""
        said = self.path + self.query + json.dumps(self.json)
        return [name for name in dict.fromkeys(_NAMES.findall(said)) if name not in PLAIN]

    def request(self, things: Things) -> dict[str, Any]:
        """The request about these things."""

        def filled(text: str) -> str:
            return _NAMES.sub(lambda found: things.by_name[found[1]], text)

        body = None if self.json is None else json.loads(filled(json.dumps(self.json)))
        query = f"?{filled(self.query)}" if self.query else ""
        return {"method": self.verb, "url": filled(self.path) + query, "json": body}


def attempts(route: str) -> Iterator[Attempt]:
    """All that is tried on a route."""
    entry = ROUTES[route]
    assert isinstance(entry, Needs)
    verb, path = route.split(" ", 1)
    for body in entry.json:
        for query in entry.query:
            yield Attempt(verb, path, query, body)


_KEYED = sorted(r for r, e in ROUTES.items() if isinstance(e, Needs) and not r.startswith("MOUNT"))
_OWNED = [r for r in _KEYED if any(attempt.names for attempt in attempts(r))]
_SCOPED = [r for r in _KEYED if getattr(ROUTES[r], "scope", None)]


class House(NamedTuple):
    """A server with two people in it, who have one of everything each."""

    served: Served
    ada: Things
    ben: Things
    bens: str
    """His key."""
    narrow: Mapping[str, str]
    """Keys of his that lack one scope, by that scope."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The server that all of the matrix is tried on; nothing is changed there."""
    served = Served(tmp_path_factory.mktemp("matrix"), auth="tokens", **_UNLIMITED)
    served.start(child=False)
    try:
        yield House(served, *_furnished(served))
    finally:
        served.kill()


def _furnished(served: Served) -> tuple[Things, Things, str, Mapping[str, str]]:
    async def people() -> tuple[Things, Things]:
        url = f"sqlite:///{served.folder / 'data' / 'holdfast.db'}"
        root = holdfast.KeyFile(served.folder / "config" / "root.key")
        async with holdfast.open(url, root_key=root) as keeper:
            return await furnish(keeper, "ada"), await furnish(keeper, "ben")

    ada, ben = asyncio.run(people())
    narrow = {}
    for lacking in _SCOPES:
        others = [word for scope in _SCOPES if scope != lacking for word in ("--scope", scope)]
        narrow[lacking] = served.key("ben", *others)
    return ada, ben, served.key("ben"), narrow


@pytest.mark.parametrize("route", sorted(ROUTES))
async def test_promise_07_yours_alone_nobody_gets_nothing(house: House, route: str) -> None:
    """Without a credential every route but the open ones is refused, whatever is asked of it."""
    verb, path = route.split(" ", 1)
    url = _NAMES.sub(lambda found: house.ada.by_name[found[1]], path)
    verbs = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
    entry = ROUTES[route]
    if isinstance(entry, Needs) and entry.only:
        verbs = ["HEAD"]
    async with client_of(house.served.url) as client:
        answers = {
            each: await client.request(each, url)
            for each in (verbs if verb in ("MOUNT", "SOCKET") else [*verbs, verb])
        }
    if isinstance(entry, Open):
        assert answers[verb].status_code != 401 or route == "GET /login"
        return
    if isinstance(entry, Socket):
        socket = house.served.url.replace("http", "ws") + url
        assert await refused(house.served, socket) == (401, "wrong_ticket")
    head = answers.pop("HEAD")
    assert {error_of(answer) for answer in answers.values()} == {(401, "not_logged_in")}
    assert head.status_code == 401


def _same(answer: httpx2.Response, called: Mapping[str, str]) -> tuple[int, Any, list[str]]:
    """All of an answer that must not tell foreign from unknown; `called` names ids asked for."""
    text = answer.text
    for asked, name in called.items():
        text = text.replace(asked, name)
    body = json.loads(text)
    if isinstance(body, dict) and "error" in body and "jsonrpc" not in body:
        assert body["error"].pop("request_id")
    return answer.status_code, body, sorted(answer.headers)


@pytest.mark.parametrize("route", _OWNED)
async def test_promise_07_yours_alone_foreign_is_unknown_over_http(
    house: House, route: str
) -> None:
    """With a good key of Ben's: Ada's things get the answer of things that are not there.

    One name at a time beside things of his own, and all of hers at once.
    """
    entry = ROUTES[route]
    assert isinstance(entry, Needs)
    async with house.served.keyed(house.bens, **entry.headers) as client:
        for attempt in attempts(route):
            for names in [[name] for name in attempt.names] + [attempt.names] * bool(attempt.names):
                answers = [
                    await client.request(**attempt.request(_with(house.ben, others, names)))
                    for others in (house.ada, NOTHING)
                ]
                # A batch tells which of the ids that it was given it could not find.
                foreign, unknown = (
                    _same(answer, {others.by_name["session_id"]: "session"})
                    for answer, others in zip(answers, (house.ada, NOTHING), strict=True)
                )
                assert foreign == unknown, (names, attempt)
                allowed = (404,) if "{user_id}" in attempt.path and "user_id" in names else None
                assert foreign[0] in (allowed or entry.foreign), (names, attempt)


def _with(own: Things, others: Things, names: list[str]) -> Things:
    return own.but(**{name: others.by_name[name] for name in names})


@pytest.mark.parametrize("route", _SCOPED)
async def test_a_key_without_the_scope_is_not_allowed(house: House, route: str) -> None:
    """About things of one's own the answer is 403, and nothing is done."""
    entry = ROUTES[route]
    assert isinstance(entry, Needs)
    assert entry.scope is not None
    own = house.ben.but(user_id="current_user")
    async with house.served.keyed(house.narrow[entry.scope], **entry.headers) as client:
        for attempt in attempts(route):
            answer = await client.request(**attempt.request(own))
            # /v1 says more, as OpenAI's clients want it; status and code are the same.
            refusal = (answer.status_code, answer.json()["error"]["code"])
            assert refusal == (403, "not_allowed"), attempt


async def test_promise_07_yours_alone_foreign_is_unknown_over_a_socket(house: House) -> None:
    """Ben's ticket, Ada's session; and a ticket of his does not make him her."""
    async with house.served.keyed(house.bens) as client:
        told = []
        for session in (house.ada.by_name["session_id"], ABSENT):
            ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
            told.append(await refused(house.served, house.served.socket_url(ticket, session)))

    assert told == [(404, "not_found")] * 2


async def test_promise_07_yours_alone_what_one_lists_is_ones_own(house: House) -> None:
    """No id of Ada's is in anything that Ben can read without naming it."""
    hers = [v for k, v in house.ada.by_name.items() if k not in PLAIN and k != "user_id"]
    own = house.ben.but(user_id="current_user")
    async with house.served.keyed(house.bens) as client:
        for route in _KEYED:
            for attempt in attempts(route):
                if attempt.verb == "GET" and not route.endswith("/stream"):
                    answer = await client.get(attempt.request(own)["url"])
                    assert [thing for thing in hers if thing in answer.text] == [], attempt


# What nobody can see from outside: that both answers come about in the same way.


@asynccontextmanager
async def running(keeper: Keeper) -> AsyncIterator[httpx2.AsyncClient]:
    """The application in this process, so that what it asks of the storage can be heard."""
    app = create_app(Settings(auth="tokens"), keeper)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8377") as client,
    ):
        yield client


async def test_promise_07_yours_alone_foreign_and_unknown_take_the_same_path(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every route: the storage is asked the same, so that no clock tells them apart."""
    monkeypatch.setattr(keys, "_CHECK_EVERY_S", 3600.0)
    monkeypatch.setattr(keys, "_CURRENT_FOR_S", 3600.0)
    keeper = await world.open("tapped")
    ada, ben = await furnish(keeper, "ada"), await furnish(keeper, "ben")
    _, secret = await keeper.tokens.create("ben")
    headers = {"Authorization": f"Bearer {secret}"}

    async with running(keeper) as client:

        async def calls(attempt: Attempt, things: Things) -> list[str]:
            world.tap.calls.clear()
            await client.request(**attempt.request(things), headers=headers)
            return list(world.tap.calls)

        for route in _OWNED:
            for attempt in attempts(route):
                for name in attempt.names:
                    foreign, unknown = (_with(ben, others, [name]) for others in (ada, NOTHING))
                    await calls(attempt, foreign)  # what is cached, is cached from here on
                    assert await calls(attempt, foreign) == await calls(attempt, unknown), (
                        name,
                        attempt,
                    )
