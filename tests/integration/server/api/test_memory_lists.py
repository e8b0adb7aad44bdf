"""Memories as a whole over HTTP: filters, counts, changes, the trash."""

from __future__ import annotations

from typing import Any

from .conftest import ABSENT, Api, error_of


async def add(api: Api, text: str, **fields: Any) -> str:
    """The id of a new memory."""
    answer = await api.ask("POST", "/api/memories", json={"text": text, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_memory_tells_its_project_and_use(api: Api) -> None:
    """Where it is listed, and where it is read."""
    one = await api.json(f"/api/memories/{api.known['memory']}")
    listed = await api.json("/api/memories", project="trip")

    assert (one["project"], one["last_used_at"], one["conflicts"]) == ("trip", None, [])
    assert (one["source_gone"], one["trashed_at"]) == (False, None)
    assert one in listed["memories"]


async def test_memories_are_filtered_counted_and_told(own: Api) -> None:
    """By words, by kind and tag in numbers, and as what happened."""
    first = await add(own, "The boat is red", tags=["boat"], importance=9)
    await add(own, "The caf\u00e9 is closed", kind="fact")

    found = await own.json("/api/memories", q="cafe", sort="importance")
    assert [memory["text"] for memory in found["memories"]] == ["The caf\u00e9 is closed"]
    ranked = await own.json("/api/memories", sort="importance")
    assert ranked["memories"][0]["id"] == first
    assert await own.json("/api/memories/facets") == {
        "kinds": {"fact": 1, "note": 1},
        "tags": [{"tag": "boat", "n": 1}],
        "assistants": [],
        "projects": [],
        "total": 2,
    }
    changes = await own.json("/api/memories/changes", limit=1)
    (change,) = changes["changes"]
    assert (change["what"], change["by"], change["before"]) == ("added", "you", None)
    assert change["memory"]["text"] == "The caf\u00e9 is closed"
    assert changes["next_cursor"] is not None


async def test_a_memory_goes_into_the_trash_and_back(own: Api) -> None:
    """It is the same as before, but for a while it is nowhere."""
    made = await add(own, "The boat is red", tags=["boat"])
    before = await own.json(f"/api/memories/{made}")

    trashed = await own.ask("POST", f"/api/memories/{made}/trash")
    assert trashed.status_code == 200
    assert trashed.json()["trashed_at"] is not None
    assert (await own.json("/api/memories"))["memories"] == []
    assert error_of(await own.ask("GET", f"/api/memories/{made}")) == (404, "not_found")
    in_trash = await own.json("/api/memories", trashed="true")
    assert [memory["id"] for memory in in_trash["memories"]] == [made]

    restored = await own.ask("POST", f"/api/memories/{made}/restore")
    assert restored.json() == before
    assert (await own.json("/api/memories"))["memories"] == [before]


async def test_what_is_not_there_cannot_be_moved(api: Api) -> None:
    """Neither an unknown one, nor one that is not in the trash."""
    for path in (f"{ABSENT}/trash", f"{ABSENT}/restore", f"{api.known['memory']}/restore"):
        answer = await api.ask("POST", f"/api/memories/{path}")
        assert error_of(answer) == (404, "not_found")
