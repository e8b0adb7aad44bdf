"""Searching everything at once over HTTP: the shape that a page is built on."""

from __future__ import annotations

from .conftest import Api, error_of


async def test_find_answers_in_groups(api: Api) -> None:
    """A conversation with its hits, each with its place; memories and thoughts beside it."""
    found = await api.json("/api/find", q="favourite colour blue", as_you_type="true")

    assert set(found) == {
        "understood", "groups", "archived", "memories", "thoughts", "rooms", "wider"
    }  # fmt: skip
    group = found["groups"][0]
    hit = next(hit for hit in group["hits"] if hit["message_id"] == api.known["said"])
    assert (group["session"]["id"], hit["label"], hit["role"]) == (
        api.known["talk"],
        "message",
        "user",
    )
    assert set(hit) == {
        "label", "session_id", "message_id", "memory_id", "thought_id", "room_id", "seq", "at",
        "role", "speaker", "snippet", "reasons", "score", "tool",
    }  # fmt: skip
    assert [memory["memory_id"] for memory in found["memories"]] == [api.known["memory"]]


async def test_find_says_what_it_understood_and_what_is_wider(api: Api) -> None:
    """Nothing before that day, and how much there is without it."""
    found = await api.json("/api/find", q="favourite colour before:2001-01-01")

    assert found["understood"] == [
        {"kind": "until", "value": "2001-01-01T00:00:00+00:00", "text": "before:2001-01-01"}
    ]
    assert (found["groups"], found["wider"]["drop"], found["wider"]["shown"]) == (
        [],
        ["since"],
        False,
    )
    assert found["wider"]["count"] > 0


async def test_an_empty_field_finds_nothing_and_is_no_error(api: Api) -> None:
    """The page asks before anything is typed."""
    found = await api.json("/api/find")

    assert (found["groups"], found["archived"], found["wider"]) == ([], [], None)


async def test_a_zone_that_is_none_is_refused(api: Api) -> None:
    """In the one shape."""
    answer = await api.ask("GET", "/api/find", params={"q": "x", "zone": "Nowhere"})

    assert error_of(answer) == (400, "invalid_input")
