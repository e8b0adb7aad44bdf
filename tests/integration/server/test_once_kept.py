"""What is kept of answers to requests with a key: so much, so long, nothing that was removed."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response

from holdfast.keeper.access import Caller
from holdfast.model import UserId
from holdfast.server import once as bounds
from holdfast.server.once import REPLAYED, Once

from .conftest import Served

ME = "/api/conversations/current_user"
KEY = {"Idempotency-Key": "k"}


def request_of(user: str, key: str) -> Request:
    """A write of somebody, with a key."""
    made = Request(
        {
            "type": "http",
            "method": "PATCH",
            "path": "/api/profile",
            "query_string": b"",
            "headers": [(b"idempotency-key", key.encode())],
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "state": {},
        }
    )
    made._body = b""
    made.state.caller = Caller(user_id=UserId(user), account="local", via="process")
    return made


async def answered(request: Request) -> Response:
    """An answer of a kibibyte."""
    return Response(b"x" * 1024)


async def replayed(once: Once, user: str, key: str) -> bool:
    """Whether a request gets an answer that was kept."""
    return REPLAYED in (await once.answer(request_of(user, key), answered)).headers


async def test_answers_of_those_who_never_come_back_leave_in_time() -> None:
    """They are let go of when somebody else writes, not only when their caller returns."""
    now = 0.0
    once = Once(monotonic=lambda: now)
    for number in range(50):
        await replayed(once, f"user-{number}", "k")
    assert once.nbytes == 50 * 1024
    assert await replayed(once, "user-1", "k")
    now = 700.0
    await replayed(once, "late", "k")

    assert once.nbytes == 1024


async def test_all_answers_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many callers there are; the newest stay."""
    monkeypatch.setattr(bounds, "_MAX_BYTES", 10 * 1024)
    once = Once()
    for number in range(200):
        await replayed(once, f"user-{number % 40}", f"k{number}")
        assert once.nbytes <= 10 * 1024

    assert await replayed(once, "user-39", "k199")
    assert not await replayed(once, "user-0", "k0")


async def test_the_answer_of_what_makes_something_is_not_kept() -> None:
    """The keeper is asked again, and the client is told that it was."""
    once = Once()
    first = await once.answer(request_of("ada", "k"), answered, makes=True)
    again = await once.answer(request_of("ada", "k"), answered, makes=True)

    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert once.nbytes == 0


async def test_promise_11_gone_a_kept_answer_does_not_outlive_a_removal_by_another_process(
    served: Served,
) -> None:
    """The same change under its key gets its first answer, until the command line removes what it
    tells of; an answer about something else in that vault is then made anew."""
    secret = {"title": "swordfish"}
    async with served.client() as client:
        made = (await client.post(ME, json={"assistant": "helper"})).json()["session"]["id"]
        path = f"{ME}/{made}"
        await client.patch(path, json=secret, headers=KEY)
        again = await client.patch(path, json=secret, headers=KEY)
        remembered = await client.post("/api/memories", json={"text": "unrelated"})
        after_a_write = await client.patch(path, json=secret, headers=KEY)

        await asyncio.to_thread(served.command, "forget", "--session", made, "--yes")
        gone = await client.patch(path, json=secret, headers=KEY)

    assert (again.headers["idempotency-replayed"], remembered.status_code) == ("true", 201)
    assert after_a_write.headers["idempotency-replayed"] == "true"
    assert (gone.status_code, "swordfish" in gone.text) == (404, False)
