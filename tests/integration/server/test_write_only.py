"""Keys that may write and not read: what only records learns nothing of what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx2
import pytest

from fix_keeper import World, world
from holdfast.capture.turn import Input
from holdfast.keeper.access import Scope
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.learning import NewMemory

from .matrix import PLAIN, ROUTES, Needs
from .test_matrix import Things, attempts, running

__all__ = ["world"]

_CANARY = "quagga"
_RECORDS: frozenset[Scope] = frozenset({"memory:write", "memory:delete"})
_WRITES = sorted(
    route
    for route, entry in ROUTES.items()
    if isinstance(entry, Needs) and entry.scope in _RECORDS and not route.startswith("MOUNT")
)


async def _furnished(keeper: Keeper, name: str) -> Things:
    """Somebody who has one of everything, with one word in all that can be read of it."""
    user = await keeper.user(name)
    slug = f"helper-{_CANARY}"
    session = await user.sessions.start(
        assistant=slug, project=f"trip-{_CANARY}", title=f"A {_CANARY}", tags=[_CANARY]
    )
    spoken = Input(text=f"a {_CANARY}", audio=b"RIFF", media_type="audio/wav")
    async with session.turn(given=spoken, intent=_CANARY, entities={"id": _CANARY}) as turn:
        await turn.reply(f"a {_CANARY}, then")
    message = turn.messages[0]
    new = NewMemory(text=f"keeps a {_CANARY}", tags=(_CANARY,))
    memory = await user.memories.add(new, sources=[message.id])
    await user.memories.edit(memory.id, f"keeps one {_CANARY}")
    thought = await user.thoughts.add(f"a {_CANARY}", assistant=slug, turn_id=turn.id)
    room = await user.rooms.create(f"of the {_CANARY}")
    return Things(
        {
            **PLAIN,
            "user_id": "current_user",
            "session_id": session.id,
            "message_id": message.id,
            "turn_id": turn.id,
            "memory_id": memory.id,
            "thought_id": thought.id,
            "room_id": room.id,
            "assistant": slug,
            "project": f"trip-{_CANARY}",
        }
    )


async def _answers(
    keeper: Keeper, client: httpx2.AsyncClient, route: str, *, scopes: Iterable[Scope]
) -> list[httpx2.Response]:
    """What each attempt of the matrix on a route is answered, with a key of these scopes."""
    entry = ROUTES[route]
    assert isinstance(entry, Needs)
    found = []
    for number, attempt in enumerate(attempts(route)):
        name = f"{route} {number} {len(list(scopes))}"
        things = await _furnished(keeper, name)
        _, secret = await keeper.tokens.create(name, scopes=scopes)
        headers = {**entry.headers, "Authorization": f"Bearer {secret}"}
        found.append(await client.request(**attempt.request(things), headers=headers))
    return found


@pytest.mark.parametrize("route", _WRITES)
async def test_a_key_that_may_not_read_is_told_no_content(world: World, route: str) -> None:
    """Whatever it writes, changes or removes: it hears that it was done, and no word that was
    there."""
    keeper = await world.open("memory")

    async with running(keeper) as client:
        answers = await _answers(keeper, client, route, scopes=_RECORDS)

    assert [answer.text for answer in answers if _CANARY in answer.text] == []


async def test_a_key_that_may_read_is_told_what_it_changed(world: World) -> None:
    """The same requests tell it all of it: so the test above would see a word that slipped out."""
    keeper = await world.open("memory")
    scopes: set[Scope] = {"memory:read", "memory:write", "memory:delete"}

    async with running(keeper) as client:
        told = [
            route
            for route in _WRITES
            if any(
                _CANARY in answer.text
                for answer in await _answers(keeper, client, route, scopes=scopes)
            )
        ]

    session = "/api/conversations/{user_id}/{session_id}"
    assert {
        f"PATCH {session}",
        f"POST {session}/trash",
        f"POST {session}/turns",
        "PATCH /api/memories/{memory_id}",
        "POST /api/memories/{memory_id}/undo",
        "POST /api/rooms/{room_id}/members",
    } <= set(told)


async def test_it_is_told_the_ids_of_what_it_made(world: World) -> None:
    """What records must know what to go on with."""
    keeper = await world.open("memory")
    _, secret = await keeper.tokens.create("ada", scopes=_RECORDS)
    mine = "/api/conversations/current_user"

    async with running(keeper) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        begun: Any = (await client.post(mine, json={"title": _CANARY})).json()["session"]
        said = await client.post(f"{mine}/{begun['id']}/turns", json={"text": "hello"})
        turn: Any = said.json()["turn"]

    assert begun.keys() >= {"id", "started_at", "message_count"}
    assert "title" not in begun
    assert (turn["status"], [m["seq"] for m in turn["messages"]]) == ("complete", [0, 1])
    assert {name for m in turn["messages"] for name in m} <= {
        "id",
        "seq",
        "turn_id",
        "parent_id",
        "at",
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/conversations/current_user/new/turns", {"text": "what do I keep?"}),
        (
            "/v1/chat/completions",
            {"model": "helper", "messages": [{"role": "user", "content": "what do I keep?"}]},
        ),
    ],
)
async def test_nobody_hears_an_answer_who_may_not_read(
    world: World, path: str, body: dict[str, Any]
) -> None:
    """An answer tells what is remembered: it is refused before anything is recorded."""
    keeper = await world.open("memory")
    _, secret = await keeper.tokens.create("ada", scopes=_RECORDS)
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"}

    async with running(keeper) as client:
        answer = await client.post(path, json=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert await (await keeper.user("ada")).sessions.list() == []
