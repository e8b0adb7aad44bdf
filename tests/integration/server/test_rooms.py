"""Three people and an assistant in a room, over a real server: what each of them sees."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .conftest import Served, Talking, socket_to

PEOPLE = ("ada", "ben", "cy", "eve")
UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that several people have keys to."""
    server = Served(tmp_path_factory.mktemp("house"), auth="tokens").start()
    yield server
    if server.process is not None:
        server.kill()


@pytest.fixture(scope="module")
def keys(house: Served) -> dict[str, str]:
    """A key for each; cy's may only read, in a second one."""
    found = {name: house.key(name) for name in PEOPLE}
    found["reading"] = house.key("ada", "--scope", "memory:read")
    found["writing"] = house.key("ada", "--scope", "memory:read", "--scope", "memory:write")
    return found


Clients = dict[str, httpx2.AsyncClient]


@pytest.fixture
async def clients(house: Served, keys: dict[str, str]) -> AsyncIterator[Clients]:
    """A client for each key."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(house.keyed(key)) for name, key in keys.items()
        }


@pytest.fixture
async def room(clients: Clients) -> str:
    """A room of ada, ben and cy, and the assistant helper; eve is not in it."""
    body = {"name": "team", "members": ["ben", "cy"], "assistants": ["helper"]}
    answer = await clients["ada"].post("/api/rooms", json=body)
    assert answer.status_code == 201, answer.text
    return f"/api/rooms/{answer.json()['id']}"


def without_id(answer: httpx2.Response) -> tuple[int, dict[str, Any]]:
    """Status and error, without what differs between any two requests."""
    error = dict(answer.json()["error"])
    del error["request_id"]
    return answer.status_code, error


async def said(client: httpx2.AsyncClient, room: str) -> list[tuple[str, str]]:
    """Who said what, as somebody sees it."""
    answer = await client.get(f"{room}/messages")
    return [(m["author"], m["text"]) for m in answer.json()["messages"]]


@asynccontextmanager
async def listening(house: Served, client: httpx2.AsyncClient, room: str) -> AsyncIterator[Talking]:
    """A socket of somebody who has joined the room."""
    ticket = (await client.post("/api/ws-ticket")).json()["ticket"]
    async with socket_to(house.socket_url(ticket, "none")) as opened:
        talking = Talking(opened)
        await talking.begin()
        await talking.send(type="join", room_id=room.rpartition("/")[2])
        await talking.until("joined")
        yield talking


async def test_everybody_sees_what_was_said(clients: Clients, room: str) -> None:
    """One conversation with who said what; members find it, in the room and nowhere else."""
    for name in ("ada", "ben", "cy"):
        answer = await clients[name].post(f"{room}/messages", json={"text": f"{name} has a violin"})
        assert answer.status_code == 200
        turn = answer.json()["turn"]
        assert turn["status"] == "complete"
        assert [(m["author"], m["text"]) for m in turn["messages"]] == [
            (name, f"{name} has a violin")
        ]

    expected = [(name, f"{name} has a violin") for name in ("ada", "ben", "cy")]
    for name in ("ada", "ben", "cy"):
        assert await said(clients[name], room) == expected
        hits = (await clients[name].get(f"{room}/search", params={"q": "violin"})).json()["hits"]
        assert len(hits) == 3
        one = await clients[name].get(f"{room}/search", params={"q": "violin", "speaker": "cy"})
        assert len(one.json()["hits"]) == 1
        detail = (await clients[name].get(room)).json()
        assert (detail["name"], [m["user_id"] for m in detail["members"]]) == (
            "team",
            ["ada", "ben", "cy", "helper"],
        )
        mine = (await clients[name].get("/api/conversations/current_user")).json()["sessions"]
        assert [s for s in mine if s["kind"] == "room"] == []


async def test_a_mention_is_answered_for_all(clients: Clients, room: str) -> None:
    """In the same turn, by the assistant, from what the room knows."""
    await clients["ben"].post(f"{room}/messages", json={"text": "My favourite colour is teal."})
    answer = await clients["ada"].post(
        f"{room}/messages", json={"text": "@helper what is the favourite colour?"}
    )

    turn = answer.json()["turn"]
    assert turn["status"] == "complete"
    assert [(m["role"], m["author"]) for m in turn["messages"]] == [
        ("user", "ada"),
        ("assistant", "helper"),
    ]
    assert "teal" in turn["messages"][1]["text"]
    assert [author for author, _ in await said(clients["cy"], room)] == ["ben", "ada", "helper"]


async def test_an_assistant_that_fails_leaves_the_post(clients: Clients, room: str) -> None:
    """200 with a failed turn: the post is recorded, the error too, none of its text is shown."""
    answer = await clients["ada"].post(f"{room}/messages", json={"text": "break @helper, please"})

    turn = answer.json()["turn"]
    assert (answer.status_code, turn["status"]) == (200, "failed")
    assert turn["messages"][-1]["kind"] == "error"


async def test_a_post_with_a_key_is_made_once(clients: Clients, room: str) -> None:
    """However often and at once; another member's key of the same name is another post."""

    async def post(name: str) -> httpx2.Response:
        return await clients[name].post(
            f"{room}/messages", json={"text": "@helper hi"}, headers={"Idempotency-Key": "k"}
        )

    at_once = await asyncio.gather(*(post("ada") for _ in range(5)))
    again, other = (await post("ada")).json(), (await post("ben")).json()

    # Whoever asks while it is being answered is told to ask again.
    assert {answer.status_code for answer in at_once} <= {200, 409}
    ids = {answer.json()["turn"]["id"] for answer in at_once if answer.status_code == 200}
    assert ids == {again["turn"]["id"]}
    assert (again["replayed"], other["replayed"]) == (True, False)
    assert again["turn"]["messages"][1]["author"] == "helper"
    assert len(await said(clients["cy"], room)) == 4
    wrong = await clients["ada"].post(
        f"{room}/messages", json={"text": "other"}, headers={"Idempotency-Key": "k"}
    )
    assert wrong.status_code == 400


async def test_a_room_with_a_key_is_made_once(clients: Clients) -> None:
    """By two requests at once and a third."""
    body, headers = {"name": f"{uuid.uuid4()}"}, {"Idempotency-Key": f"{uuid.uuid4()}"}
    made = await asyncio.gather(
        *(clients["ada"].post("/api/rooms", json=body, headers=headers) for _ in range(3))
    )

    assert {answer.status_code for answer in made} == {201}
    assert len({answer.json()["id"] for answer in made}) == 1


async def test_a_stranger_gets_what_an_unknown_room_gets(clients: Clients, room: str) -> None:
    """The same 404 on every path and verb, whether the room is there or not."""
    paths: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/members", {"user_id": "eve"}),
        ("DELETE", "/members/ben", None),
        ("POST", "/leave", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"text": "x"}),
        ("GET", "/search?q=x", None),
        ("GET", "/memories", None),
    ]
    for method, path, body in paths:
        answers = [
            without_id(await clients["eve"].request(method, f"{base}{path}", json=body))
            for base in (room, f"/api/rooms/{UNKNOWN}", "/api/rooms/no-id-at-all")
        ]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 404
    assert (await clients["eve"].get("/api/rooms")).json()["rooms"] == []
    assert len(await said(clients["ada"], room)) == 0


async def test_members_may_not_do_what_owners_may(clients: Clients, room: str) -> None:
    """403 for a member; then an owner makes ben one too."""
    ben = clients["ben"]
    for method, path, body in (
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/members", {"user_id": "eve"}),
        ("POST", "/members", {"assistant": "other"}),
        ("DELETE", "/members/cy", None),
        ("DELETE", "/members/helper?kind=assistant", None),
    ):
        answer = await ben.request(method, f"{room}{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")

    raised = await clients["ada"].post(f"{room}/members", json={"user_id": "ben", "role": "owner"})
    assert raised.status_code == 201
    assert (await ben.patch(room, json={"name": "crew"})).json()["name"] == "crew"
    assert (await clients["cy"].get(room)).json()["name"] == "crew"


async def test_a_key_does_no_more_than_its_scopes(clients: Clients, room: str) -> None:
    """Reading is no writing, and neither is removing."""
    assert (await clients["reading"].get(f"{room}/messages")).status_code == 200
    for name, method, path, body in (
        ("reading", "POST", "/messages", {"text": "x"}),
        ("reading", "POST", "/members", {"user_id": "eve"}),
        ("writing", "DELETE", "/members/ben", None),
        ("writing", "POST", "/leave", None),
        ("writing", "DELETE", "", None),
    ):
        answer = await clients[name].request(method, f"{room}{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert (await clients["writing"].post(f"{room}/messages", json={"text": "x"})).is_success


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"name": ""}),
        ("POST", "", {"name": "x", "more": 1}),
        ("POST", "", {"name": "x", "assistants": ["no slug"]}),
        ("POST", "", {"name": "x", "members": "ben"}),
        ("POST", "/members", {}),
        ("POST", "/members", {"user_id": "a", "assistant": "b"}),
        ("POST", "/members", {"assistant": "b", "role": "owner"}),
        ("POST", "/members", {"user_id": "ada", "role": "member"}),
        ("POST", "/messages", {"text": ""}),
        ("POST", "/messages", {"text": 7}),
        ("GET", "/messages?after_seq=1&last=2", None),
        ("GET", "/messages?last=0", None),
        ("GET", "/search", None),
        ("GET", "/search?q=x&since=someday", None),
        ("GET", "/memories?cursor=x", None),
    ],
)
async def test_what_makes_no_sense_is_refused(
    method: str, path: str, body: Any, clients: Clients, room: str
) -> None:
    """400 in the one shape, and nothing has changed."""
    base = "/api/rooms" if method == "POST" and not path else room
    answer = await clients["ada"].request(method, f"{base}{path}", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")
    assert len((await clients["ada"].get(room)).json()["members"]) == 4
    assert await said(clients["ada"], room) == []


async def test_messages_come_in_pages(clients: Clients, room: str) -> None:
    """From the beginning, from a place, or the last ones; unchanged they are not sent again."""
    for n in range(5):
        await clients["ada"].post(f"{room}/messages", json={"text": f"{n}"})
    texts: list[str] = []
    after: int | None = None
    while True:
        query = {"limit": "2"} if after is None else {"limit": "2", "after_seq": f"{after}"}
        page = (await clients["ben"].get(f"{room}/messages", params=query)).json()
        texts += [message["text"] for message in page["messages"]]
        after = page["next_after_seq"]
        if after is None:
            break
    latest = await clients["ben"].get(f"{room}/messages?last=2")
    again = await clients["ben"].get(
        f"{room}/messages?last=2", headers={"If-None-Match": latest.headers["etag"]}
    )

    assert texts == [f"{n}" for n in range(5)]
    assert [message["text"] for message in latest.json()["messages"]] == ["3", "4"]
    assert again.status_code == 304


async def test_rooms_come_in_pages(clients: Clients) -> None:
    """Each once, over all pages."""
    names = [f"{uuid.uuid4()}" for _ in range(5)]
    for name in names:
        await clients["cy"].post("/api/rooms", json={"name": name})
    found, cursor = [], None
    while True:
        query = {"limit": "2"} if cursor is None else {"limit": "2", "cursor": cursor}
        page = (await clients["cy"].get("/api/rooms", params=query)).json()
        found += [room["name"] for room in page["rooms"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert [name for name in found if name in names] == names[::-1]


async def test_who_is_removed_is_out_at_once(house: Served, clients: Clients, room: str) -> None:
    """The next request is a stranger's; the open socket hears that it is out, and nothing more."""
    async with (
        listening(house, clients["ben"], room) as ben,
        listening(house, clients["cy"], room) as cy,
    ):
        await clients["ada"].post(f"{room}/messages", json={"text": "before"})
        for one in (ben, cy):
            events = await one.until("finished")
            assert events[0]["message"]["text"] == "before"

        removed = await clients["ada"].delete(f"{room}/members/ben")
        assert (removed.status_code, removed.json()) == (200, {"receipt": None})
        await clients["ada"].post(f"{room}/messages", json={"text": "after"})

        assert (await ben.until("left"))[-1]["reason"] == "not_found"
        assert (await cy.until("finished"))[0]["message"]["text"] == "after"
        await ben.send(type="ping")
        assert [event["type"] for event in await ben.until("pong")] == ["pong"]
    for path in ("", "/messages", "/search?q=before", "/memories"):
        assert (await clients["ben"].get(f"{room}{path}")).status_code == 404
    listed = (await clients["ben"].get("/api/rooms?limit=1000")).json()["rooms"]
    assert room.rpartition("/")[2] not in [entry["id"] for entry in listed]
    assert await said(clients["cy"], room) == [("ada", "before"), ("ada", "after")]


async def test_who_joins_later_hears_nothing_of_before(house: Served, clients: Clients) -> None:
    """In a room that shows history from joining: over HTTP, over a socket that resumes, and in what
    is found everywhere."""
    made = await clients["ada"].post("/api/rooms", json={"name": "R", "history": "joined"})
    room = f"/api/rooms/{made.json()['id']}"
    await clients["ada"].post(f"{room}/messages", json={"text": "harbour canary"})
    async with listening(house, clients["ada"], room) as hers:
        seq = hers.seq
        await clients["ada"].post(f"{room}/messages", json={"text": "another canary"})
        await hers.until("finished")
        await clients["ada"].post(f"{room}/members", json={"user_id": "ben"})
        await clients["ada"].post(f"{room}/messages", json={"text": "harbour news"})
        ticket = (await clients["ben"].post("/api/ws-ticket")).json()["ticket"]
        async with socket_to(house.socket_url(ticket, "none")) as opened:
            his = Talking(opened)
            await his.begin()
            await his.send(type="join", room_id=room.rpartition("/")[2], after_seq=seq)
            heard = await his.until("joined")
    told = [
        (await clients["ben"].get(path)).text
        for path in (
            f"{room}/messages",
            f"{room}/messages?last=9",
            f"{room}/search?q=harbour%20canary",
            f"{room}/memories",
            "/api/find?q=harbour",
        )
    ]

    assert made.json()["history"] == "joined"
    assert [message["text"] for message in heard[-1]["messages"]] == ["harbour news"]
    assert heard[-1]["resumed"] is False
    assert "harbour news" in told[0]
    assert [text for text in told if "canary" in text.replace("q=harbour%20canary", "")] == []


async def test_members_see_who_is_there(house: Served, clients: Clients, room: str) -> None:
    """At joining and whenever it changes: who comes, goes, loses the connection or is removed."""
    async with listening(house, clients["ben"], room) as ben:
        told = [(await ben.until("present"))[-1]["user_ids"]]
        async with listening(house, clients["cy"], room) as cy:
            joining = (await cy.until("present"))[-1]["user_ids"]
            told.append((await ben.until("present"))[-1]["user_ids"])
            async with listening(house, clients["cy"], room) as again:
                second = (await again.until("present"))[-1]["user_ids"]
        told.append((await ben.until("present"))[-1]["user_ids"])
        async with listening(house, clients["cy"], room):
            told.append((await ben.until("present"))[-1]["user_ids"])
            await clients["ada"].delete(f"{room}/members/cy")
            told.append((await ben.until("present"))[-1]["user_ids"])

    assert joining == second == ["ben", "cy"]
    assert told == [["ben"], ["ben", "cy"], ["ben"], ["ben", "cy"], ["ben"]]


async def test_an_answer_on_its_way_does_not_reach_who_is_removed(
    house: Served, clients: Clients, room: str
) -> None:
    """Removed while an assistant answers: what is said after that is for the others."""
    async with (
        listening(house, clients["ben"], room) as ben,
        listening(house, clients["cy"], room) as cy,
    ):
        posting = asyncio.create_task(
            clients["ada"].post(f"{room}/messages", json={"text": "slow @helper"})
        )
        for one in (ben, cy):
            await one.until("delta")
        await clients["ada"].delete(f"{room}/members/ben")
        assert (await ben.until("left"))[-1]["reason"] == "not_found"
        house.release.touch()
        answer = (await posting).json()["turn"]
        house.release.unlink()
        heard = await cy.until("finished")
        await ben.send(type="ping")
        unheard = await ben.until("pong")

    assert answer["messages"][-1]["text"] == "one two"
    assert [event["text"] for event in heard if event["type"] == "delta"] == ["two"]
    assert [event["type"] for event in unheard] == ["pong"]


async def test_who_leaves_is_out_and_the_last_takes_the_room_along(clients: Clients) -> None:
    """The owner hands it on; the last person gets a receipt, and the room is gone."""
    body = {"name": "two", "members": ["ben"], "assistants": ["helper"]}
    room = f"/api/rooms/{(await clients['ada'].post('/api/rooms', json=body)).json()['id']}"
    await clients["ben"].post(f"{room}/messages", json={"text": "hello"})

    assert (await clients["ada"].post(f"{room}/leave")).json() == {"receipt": None}
    assert (await clients["ada"].get(room)).status_code == 404
    members = (await clients["ben"].get(room)).json()["members"]
    assert [(m["user_id"], m["role"]) for m in members] == [("ben", "owner"), ("helper", "member")]
    receipt = (await clients["ben"].post(f"{room}/leave")).json()["receipt"]

    assert (receipt["what"], receipt["messages"]) == ("vault", 1)
    assert (await clients["ben"].get(room)).status_code == 404


async def test_an_erased_room_is_gone_for_everybody(
    house: Served, clients: Clients, room: str
) -> None:
    """With a receipt for the owner; sockets are told that they are out."""
    await clients["cy"].post(f"{room}/messages", json={"text": "a secret violin"})
    async with listening(house, clients["cy"], room) as cy:
        answer = await clients["ada"].delete(room)
        assert (await cy.until("left"))[-1]["reason"] == "not_found"

    assert answer.status_code == 200
    assert answer.json()["receipt"]["messages"] == 1
    for name in ("ada", "ben", "cy"):
        assert (await clients[name].get(room)).status_code == 404
        assert (await clients[name].post(f"{room}/messages", json={"text": "x"})).status_code == 404
    assert (await clients["ada"].delete(room)).status_code == 404


async def test_rooms_outlast_the_server(tmp_path: Path) -> None:
    """Killed and started again: members read and find what was acknowledged, nobody else does."""
    server = Served(tmp_path, auth="tokens").start()
    try:
        keys = {name: server.key(name) for name in ("ada", "ben", "eve")}
        async with server.keyed(keys["ada"]) as ada, server.keyed(keys["ben"]) as ben:
            body = {"name": "team", "members": ["ben"]}
            room = f"/api/rooms/{(await ada.post('/api/rooms', json=body)).json()['id']}"
            await ben.post(f"{room}/messages", json={"text": "the violin is red"})
        server.kill()
        server.start()
        for name, status in (("ada", 200), ("ben", 200), ("eve", 404)):
            async with server.keyed(keys[name]) as client:
                found = await client.get(f"{room}/search", params={"q": "violin"})
                assert found.status_code == status
                if status == 200:
                    assert "red" in found.json()["hits"][0]["snippet"]["text"]
        assert "violin" not in server.log
    finally:
        if server.process is not None:
            server.kill()
