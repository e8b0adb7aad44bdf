"""Writes that are sent again: once done, and answered the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .conftest import ME, Api, error_of

CREATORS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (ME, {"assistant": "once", "title": "one"}, {"assistant": "other"}, "session"),
    ("/api/memories", {"text": "once"}, {"text": "other"}, "id"),
    ("/api/thoughts", {"text": "once", "assistant": "x"}, {"text": "y", "assistant": "x"}, "id"),
]


def _made(answer: Any, name: str) -> str:
    body = answer.json()
    return str(body["session"]["id"] if name == "session" else body["id"])


@pytest.mark.parametrize(("path", "body", "other", "name"), CREATORS)
async def test_what_makes_something_makes_it_once(
    own: Api, path: str, body: dict[str, Any], other: dict[str, Any], name: str
) -> None:
    """Ten at once, one after them, and one after kill -9 and a new start come to the same thing;
    another content under the key is refused before and after."""
    key = {"Idempotency-Key": "k"}
    await own.json(ME)  # the link logs in once

    at_once = await asyncio.gather(
        *(own.ask("POST", path, json=body, headers=key) for _ in range(10))
    )
    again = await own.ask("POST", path, json=body, headers=key)
    refused = await own.ask("POST", path, json=other, headers=key)
    own.served.kill()
    own.served.start()
    later = await own.ask("POST", path, json=body, headers=key)
    still_refused = await own.ask("POST", path, json=other, headers=key)
    without = await own.ask("POST", path, json=body)

    assert {answer.status_code for answer in [*at_once, again, later]} == {201}
    assert len({_made(answer, name) for answer in [*at_once, again, later]}) == 1
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == at_once[0].content
    assert error_of(refused) == error_of(still_refused) == (400, "invalid_input")
    assert _made(without, name) != _made(later, name)


async def test_a_repeated_change_gets_its_first_answer(api: Api) -> None:
    """PATCH, PUT and DELETE: done once; without the key the second removal finds nothing."""
    session = f"{ME}/{await api.begin()}"
    key = {"Idempotency-Key": "change"}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", session, {"json": {"title": "x"}}),
        ("PUT", "/api/assistants/again", {"json": {"name": "x"}}),
        ("DELETE", session, {}),
    ]
    for verb, path, given in requests:
        first = await api.ask(verb, path, headers=key, **given)
        second = await api.ask(verb, path, headers=key, **given)

        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert first.headers["x-request-id"] != second.headers["x-request-id"]

    assert error_of(await api.ask("DELETE", session))[0] == 404


async def test_no_answer_outlives_what_was_erased(own: Api) -> None:
    """After everything was erased a repeated write is a new one: its old answer is gone."""
    key = {"Idempotency-Key": "k"}
    before = await own.ask("POST", "/api/memories", json={"text": "secret"}, headers=key)
    await own.ask("POST", "/api/erase", json={"confirm": "ada"})
    after = await own.ask("POST", "/api/memories", json={"text": "secret"}, headers=key)

    assert after.status_code == 201
    assert "idempotency-replayed" not in after.headers
    assert after.json()["id"] != before.json()["id"]


async def test_what_failed_may_be_tried_again(api: Api) -> None:
    """A refused request does not use its key up."""
    key = {"Idempotency-Key": "retry"}
    refused = await api.ask("POST", "/api/memories", json={"text": " "}, headers=key)
    taken = await api.ask("POST", "/api/memories", json={"text": "said"}, headers=key)

    assert error_of(refused) == (400, "invalid_input")
    assert taken.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_1_to_255_characters(api: Api, key: str) -> None:
    """Another one is refused, and nothing is done."""
    answer = await api.ask(
        "POST", "/api/memories", json={"text": "x"}, headers={"Idempotency-Key": key}
    )
    assert error_of(answer) == (400, "invalid_input")


async def test_no_answer_outlives_what_was_forgotten_over_mcp(api: Api) -> None:
    """However it was removed."""
    key, memory = {"Idempotency-Key": "mcp"}, {"text": "the pears are rotten"}
    made = (await api.ask("POST", "/api/memories", json=memory, headers=key)).json()
    call = {"name": "delete_memory", "arguments": {"memory_id": made["id"]}}
    spoken = {"Accept": "application/json, text/event-stream"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    done = await api.ask("POST", "/mcp", json=message, headers=spoken)
    assert done.json()["result"]["isError"] is False

    again = await api.ask("POST", "/api/memories", json=memory, headers=key)

    assert "idempotency-replayed" not in again.headers
    assert again.status_code == 404


async def test_no_answer_of_a_gateway_outlives_what_its_user_erased(own: Api) -> None:
    """What a key that acts for users was told of one of them goes when that user removes it."""
    served = own.served
    gate, zoe = served.key("gate", "--act-for-users"), served.key("zoe")
    path, body, key = "/api/conversations/zoe", {"assistant": "a", "title": "private"}, "g"
    async with served.keyed(gate) as client, served.keyed(zoe) as owner:
        given = {"json": body, "headers": {"Idempotency-Key": key}}
        made = (await client.post(path, **given)).json()["session"]
        assert (await owner.delete(f"{path}/{made['id']}")).status_code == 200

        again = await client.post(path, **given)

    assert "idempotency-replayed" not in again.headers
    assert again.json()["session"]["id"] != made["id"]
