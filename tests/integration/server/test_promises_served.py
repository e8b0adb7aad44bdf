"""Promises over the wire: two servers over one store, and removals while everybody writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .conftest import HUNG_S, Served, Talking

ME = "/api/conversations/current_user"
_SSE = {"Accept": "text/event-stream"}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two servers over the same data."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    shared = {"data_dir": str(tmp_path / "data"), "config_dir": str(tmp_path / "config")}
    shared["rate_writes_per_minute"] = "0"  # each time that it is sent again counts as a write
    servers = [Served(folder, **shared).start() for folder in (here, there)]
    yield servers[0], servers[1]
    for server in servers:
        server.kill()


async def until_taken(client: httpx2.AsyncClient, path: str, body: Any, key: str) -> Any:
    """The answer to a write that is sent again as long as another node is at work on it."""
    async with asyncio.timeout(HUNG_S):
        answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
        while answer.status_code == 409:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def test_promise_04_once_two_servers_make_one_thing_of_a_client_key(
    nodes: tuple[Served, Served],
) -> None:
    """The same key sent to both at once, four times to each: one conversation, one turn in it, one
    memory, and everybody is told of the same."""
    here, there = nodes
    async with here.client() as one, there.client() as two:
        clients = [one, two] * 4
        begun = await asyncio.gather(
            *(until_taken(client, ME, {"assistant": "helper"}, "begin") for client in clients)
        )
        [session_id] = {answer["session"]["id"] for answer in begun}
        said = {"text": "I live in Oslo"}
        answers = await asyncio.gather(
            *(until_taken(client, f"{ME}/{session_id}/turns", said, "say") for client in clients)
        )
        fact = {"text": "lives in Oslo"}
        made = await asyncio.gather(
            *(until_taken(client, "/api/memories", fact, "note") for client in clients)
        )
        seen = [(await c.get(f"{ME}/{session_id}")).json()["session"]["turns"] for c in clients[:2]]
        memories = [(await c.get("/api/memories")).json()["memories"] for c in clients[:2]]

    assert len({answer["turn"]["id"] for answer in answers}) == 1
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert len({memory["id"] for memory in made}) == 1
    for turns, kept in zip(seen, memories, strict=True):
        assert [turn["status"] for turn in turns] == ["complete"]
        assert [m["text"] for m in turns[0]["messages"] if m["role"] == "user"] == [said["text"]]
        assert [memory["text"] for memory in kept] == [fact["text"]]


async def read_to_the_end(lines: Any) -> None:
    """Whatever still comes; how it ends is for the client to see."""
    try:
        async for _ in lines:
            pass
    except httpx2.HTTPError:
        pass


async def until_said(lines: Any) -> None:
    """Read up to the first piece of the answer."""
    async with asyncio.timeout(HUNG_S):
        while "one " not in await anext(lines):
            pass


async def ended(ada: Talking) -> str:
    """How the socket is told of the end of what it said."""
    return str((await ada.until("finished", "failed", "error"))[-1]["type"])


async def test_promise_11_gone_a_session_that_is_erased_while_three_write_into_it(
    served: Served,
) -> None:
    """A turn over HTTP and one under /v1 are being answered, one from a socket waits: the session
    goes with its key, each of them comes to an end, and nothing of what was said is found."""
    async with served.client() as client, served.client() as other, served.client() as third:
        made = (await client.post(ME, json={"assistant": "helper"})).json()["session"]["id"]
        path = f"{ME}/{made}"
        asked = {
            "model": "holdfast",
            "stream": True,
            "messages": [{"role": "user", "content": "slow swordfish proxied"}],
        }
        named = {"X-Holdfast-Session-Id": made}
        async with (
            served.talk(made) as ada,
            client.stream(
                "POST", f"{path}/turns", json={"text": "slow swordfish turn"}, headers=_SSE
            ) as turn,
            other.stream("POST", "/v1/chat/completions", json=asked, headers=named) as proxied,
        ):
            assert (turn.status_code, proxied.status_code) == (200, 200)
            of_turn, of_proxy = turn.aiter_lines(), proxied.aiter_lines()
            await until_said(of_turn)
            await until_said(of_proxy)
            await ada.until("delta")
            await ada.send(type="message", text="slow swordfish socket", client_key="s")
            erased = await third.delete(path)
            served.release.touch()
            async with asyncio.timeout(HUNG_S):
                ends = [await ended(ada), await ended(ada)]
                await asyncio.gather(read_to_the_end(of_turn), read_to_the_end(of_proxy))

        gone = await third.get(path)
        listed = (await third.get(ME)).json()["sessions"]
        hits = (await third.get("/api/search", params={"q": "swordfish"})).json()["hits"]
        alive = await third.post(f"{ME}/new/turns", json={"text": "And now something else"})
    verified = await asyncio.to_thread(served.command, "verify")

    assert (erased.status_code, gone.status_code) == (200, 404), erased.text
    assert made not in [session["id"] for session in listed]
    assert [hit for hit in hits if hit["session_id"] == made] == []
    assert set(ends) <= {"finished", "failed", "error"}
    assert alive.json()["turn"]["status"] == "complete"
    assert "swordfish" not in served.log
    assert "Traceback" not in served.log, served.log
    assert verified is not None


async def test_promise_07_yours_alone_three_people_find_their_own_after_a_restart(
    served: Served,
) -> None:
    """Three conversations of each of three, then a kill and a new start: everybody reads and finds
    their own three, and whoever names one of somebody else's is told that it is not there."""
    keys = {name: served.key(name) for name in ("ada", "ben", "cem")}
    begun: dict[str, list[str]] = {}
    for name, key in keys.items():
        async with served.keyed(key) as client:
            for number in range(3):
                text = f"canary of {name}, the {number}."
                answer = await client.post(f"{ME}/new/turns", json={"text": text})
                begun.setdefault(name, []).append(answer.json()["session_id"])
    served.kill()
    served.start()

    for name, key in keys.items():
        async with served.keyed(key) as client:
            listed = (await client.get(ME)).json()["sessions"]
            hits = (await client.get("/api/search", params={"q": "canary"})).json()["hits"]
            shown = {
                (owner, number): await client.get(f"{ME}/{session_id}")
                for owner, sessions in begun.items()
                for number, session_id in enumerate(sessions)
            }
        assert {session["id"] for session in listed} == set(begun[name])
        assert {hit["session_id"] for hit in hits} == set(begun[name])
        for (owner, number), answer in shown.items():
            assert answer.status_code == (200 if owner == name else 404)
            assert (f"canary of {owner}, the {number}." in answer.text) is (owner == name)
