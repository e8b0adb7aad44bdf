"""What a server turns away, and how it says so."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from holdfast.server.identity.admission import OPEN_PATHS

from .conftest import Served, socket_to

ABSENT = "01a1f7ac-34a2-7720-a02d-af57c429c4be"


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code, after a look at the shape."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "request_id"}
    assert error["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, error["code"]


async def refused(served: Served, url: str, **options: Any) -> tuple[int, str]:
    """Status and code with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with socket_to(url, **options):
            pass
    response = refusal.value.response
    return response.status_code, json.loads(response.body or b"{}")["error"]["code"]


async def test_without_the_cookie_all_but_health_and_login_is_refused(standing: Served) -> None:
    """Deny by default, paths that do not exist included; what is known is known to nobody else."""
    async with standing.client() as client:
        paths = list((await client.get("/openapi.json")).json()["paths"])
    paths = [path.replace("{", "").replace("}", "") for path in paths]
    async with standing.client(log_in=False) as client:
        answers = {
            (verb, path): error_of(await client.request(verb, path))
            for path in [*paths, "/docs", "/openapi.json", "/nowhere"]
            for verb in ("GET", "POST", "DELETE")
            if path not in OPEN_PATHS
        }
        health = await client.get("/healthz")

    assert set(answers.values()) == {(401, "not_logged_in")}
    assert health.json()["status"] == "ok"


async def test_the_login_link_works_once(served: Served) -> None:
    """Its cookie is out of reach for scripts and other sites; a guessed link is no link."""
    async with served.client(log_in=False) as client:
        guessed = error_of(await client.get("/login?token=guess"))
        first = await client.get(served.login_link)
    async with served.client(log_in=False) as client:
        second = error_of(await client.get(served.login_link))

    cookie = first.headers["set-cookie"].lower()
    assert first.status_code == 303
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    assert [guessed, second] == [(401, "wrong_login")] * 2


async def test_another_host_name_is_refused(standing: Served) -> None:
    """A page whose name was pointed at this address gets nothing (DNS rebinding)."""
    async with standing.client() as client:
        answer = error_of(await client.get("/healthz", headers={"Host": "evil.example"}))

    assert answer == (421, "wrong_host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
async def test_a_foreign_origin_is_refused(standing: Served, origin: str) -> None:
    """Over HTTP and at the socket, with the cookie and a good ticket."""
    url = standing.socket_url(await standing.ticket())
    async with standing.client() as client:
        answer = error_of(await client.post("/api/ws-ticket", headers={"Origin": origin}))

    assert answer == (403, "foreign_origin")
    assert await refused(standing, url, origin=origin) == (403, "foreign_origin")


async def test_a_ticket_is_good_once_and_for_its_origin(standing: Served) -> None:
    """A used one, a guessed one, and one of another page are the same to the server."""
    ticket = await standing.ticket()
    async with socket_to(standing.socket_url(ticket)):
        pass
    from_page = await standing.ticket(standing.url)
    from_nowhere = await standing.ticket()
    async with socket_to(
        standing.socket_url(await standing.ticket(standing.url)), origin=standing.url
    ):
        pass

    answers = [
        await refused(standing, standing.socket_url(ticket)),
        await refused(standing, standing.socket_url("guess")),
        await refused(standing, standing.socket_url("")),
        await refused(standing, standing.socket_url(from_page)),
        await refused(standing, standing.socket_url(from_nowhere), origin=standing.url),
    ]

    assert set(answers) == {(401, "wrong_ticket")}


async def test_promise_07_yours_alone_foreign_unknown_and_malformed_ids_get_one_answer(
    served: Served,
) -> None:
    """Over HTTP and at the socket nothing tells whether somebody else has it."""
    async with served.client() as client:
        foreign = await _session_of_ben(served)
        over_http = [
            error_of(await client.get(f"/api/conversations/current_user/{named}"))
            for named in (foreign, ABSENT, "nonsense", "%00")
        ]
        users = [
            error_of(await client.get(f"/api/conversations/{user}{rest}"))
            for user in ("ben", "nobody", "ADA")
            for rest in ("", f"/{foreign}")
        ]
    at_socket = [
        await refused(served, served.socket_url(await served.ticket(), named))
        for named in (foreign, ABSENT, "nonsense")
    ]

    assert set(over_http + users + at_socket) == {(404, "not_found")}


async def _session_of_ben(served: Served) -> str:
    """A session that another user of the same store holds; made by a second process's rights."""
    import holdfast

    folder = served.folder
    async with holdfast.open(
        f"sqlite:///{folder / 'data' / 'holdfast.db'}",
        root_key=holdfast.KeyFile(folder / "config" / "root.key"),
    ) as keeper:
        ben = await keeper.user("ben")
        return (await ben.sessions.start(assistant="helper")).id


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        '"canary-4711"',
        '{"type": "shout", "text": "canary-4711"}',
        '{"type": "message"}',
        '{"type": "message", "text": 4711}',
        '{"type": "message", "text": "canary-4711", "extra": 1}',
        '{"type": "message", "text": "   "}',
        '{"type": "message", "text": "canary-4711", "client_key": ""}',
        '{"type": "message", "text": "\\ud800 canary-4711"}',
        "[" * 100_000,
        b"\x00\xff",
    ],
    ids=lambda frame: repr(frame[:24]),
)
async def test_a_frame_that_is_none_is_refused_and_the_socket_stays(
    standing: Served, frame: str | bytes
) -> None:
    """The answer has a stable code and quotes nothing; the next frame is taken as ever."""
    async with standing.talk() as ada:
        before = await standing.get(f"/api/conversations/current_user/{ada.session_id}")
        await ada.socket.send(frame)
        [error] = await ada.until("error")
        await ada.send(type="ping")
        [pong] = await ada.until("pong")
        after = await standing.get(f"/api/conversations/current_user/{ada.session_id}")

    assert (error["code"], pong) == ("invalid_input", {"type": "pong"})
    assert "canary" not in error["message"] + standing.log
    assert after == before


async def test_one_megabyte_is_kept_and_an_oversized_frame_closes_the_socket(
    served: Served,
) -> None:
    """With the code that says so; the server goes on."""
    large = "word " * 200_000
    async with served.talk() as ada:
        await ada.send(type="message", text=large)
        await ada.until("finished")
        found = await served.get(f"/api/conversations/current_user/{ada.session_id}")
        with pytest.raises(ConnectionClosed) as closed:
            await ada.ask("x" * (5 << 20))

    assert found["session"]["turns"][0]["messages"][0]["text"] == large
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert (await served.get("/healthz"))["status"] == "ok"


async def test_one_line_a_request_without_secrets_or_names(served: Served) -> None:
    """The route and not the path, no token, no ticket, no text."""
    async with served.talk() as ada:
        await ada.ask("canary-4711")
        await served.get(f"/api/conversations/ada/{ada.session_id}")
        await served.get("/api/conversations/ada?assistant=canary-4711")

    lines = [line for line in served.log.splitlines() if "action=http.request" in line]
    told = "route=/api/conversations/{user_id}/{session_id} status=200"
    assert sum(told in line for line in lines) == 1
    assert len({re.search(r"request_id=(\w+)", line)[1] for line in lines}) == len(lines)  # type: ignore[index]
    secret = served.login_link.partition("token=")[2]
    # Random hexadecimal digits spell "ada" now and then.
    log = re.sub(r"\b(u?[0-9a-f]{16,32}|[0-9a-f-]{36})\b", "id", served.log)
    words = (secret, "ticket=", "token=", "canary", "ada")
    assert [word for word in words if word in log] == []
