"""Exchanges that took place elsewhere are recorded whole, once, and found."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ABSENT, ME, Api, error_of

SAID = {"user_message": "Where do the herons nest?", "assistant_message": "By the weir."}
FULL: dict[str, Any] = {
    **SAID,
    "reasoning": "They asked about birds.",
    "tools": [
        {"name": "lookup", "arguments": {"bird": "heron"}, "result": ["weir"], "call_id": "c-1"},
        {"name": "map", "failed": True},
    ],
    "author": "ada",
    "intent": "question",
    "intent_confidence": 0.75,
    "entities": {"bird": "heron"},
    "tags": ["birds"],
    "model": "elsewhere-1",
    "at": "2026-01-09T12:00:00Z",
    "memory": {"text": "Herons nest by the weir", "kind": "fact", "importance": 7, "tags": ["b"]},
    "thought": "They may want to go there",
}


async def _turns(api: Api, session: str) -> list[Any]:
    found: list[Any] = (await api.json(f"{ME}/{session}"))["session"]["turns"]
    return found


async def test_an_exchange_is_kept_with_all_that_was_said_of_it(api: Api) -> None:
    """Text, reasoning, tools, what it was about, when, and what was learned, linked."""
    session = await api.begin(assistant="helper")
    answer = await api.ask("POST", f"{ME}/{session}/exchanges", json=FULL)
    made = answer.json()

    assert (answer.status_code, made["session_id"], made["replayed"]) == (201, session, False)
    (turn,) = await _turns(api, session)
    assert (turn["id"], turn["status"], made["index"]) == (made["turn_id"], "complete", 0)
    assert [m["id"] for m in turn["messages"]] == made["message_ids"]
    assert [(m["role"], m["kind"], m["text"]) for m in turn["messages"]] == [
        ("user", "text", SAID["user_message"]),
        ("assistant", "reasoning", FULL["reasoning"]),
        ("assistant", "tool_call", ""),
        ("tool", "tool_result", ""),
        ("assistant", "tool_call", ""),
        ("tool", "tool_result", ""),
        ("assistant", "text", SAID["assistant_message"]),
    ]
    about = ("intent", "intent_confidence", "entities", "tags", "model")
    assert {name: turn[name] for name in about} == {name: FULL[name] for name in about}
    assert turn["messages"][0]["author"] == "ada"
    assert turn["started_at"] == turn["messages"][0]["at"] == FULL["at"]
    calls = [(c["name"], c["arguments"], c["result"], c["failed"]) for c in turn["tool_calls"]]
    assert calls == [("lookup", {"bird": "heron"}, ["weir"], False), ("map", None, None, True)]
    assert [m["id"] for m in turn["memories"]] == [made["memory_id"]]
    memory = await api.json(f"/api/memories/{made['memory_id']}")
    assert (memory["kind"], memory["importance"], memory["tags"]) == ("fact", 7, ["b"])
    thoughts = (await api.json("/api/thoughts", session_id=session))["thoughts"]
    assert [(t["id"], t["turn_id"], t["memory_id"]) for t in thoughts] == [
        (made["thought_id"], made["turn_id"], made["memory_id"])
    ]


async def test_what_was_recorded_is_found(api: Api) -> None:
    """A search right after finds it; `memory` may be a text alone."""
    text = "the zeppelin was mauve"
    said = {"user_message": text, "assistant_message": "Noted.", "memory": "A mauve zeppelin"}
    made = (await api.ask("POST", f"{ME}/new/exchanges", json=said)).json()
    hits = (await api.json("/api/search", q="mauve zeppelin"))["hits"]
    found = {(h.get("message") or h.get("memory"))["id"] for h in hits}
    assert {made["message_ids"][0], made["memory_id"]} <= found


@pytest.mark.parametrize("place", ["new", "known"])
async def test_an_exchange_is_recorded_once_under_its_key(own: Api, place: str) -> None:
    """Again at once, and after kill -9: the same turn; another text under the key is refused."""
    await own.json(ME)
    session = "new" if place == "new" else await own.begin(assistant="helper")
    path, key = f"{ME}/{session}/exchanges", {"Idempotency-Key": "k"}
    first = await own.ask("POST", path, json=SAID, headers=key)
    again = await own.ask("POST", path, json=SAID, headers=key)
    own.served.kill()
    own.served.start()
    later = await own.ask("POST", path, json=SAID, headers=key)
    other = await own.ask("POST", path, json={**SAID, "user_message": "x"}, headers=key)

    assert first.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == later.json() == {**first.json(), "replayed": True}
    assert error_of(other) == (400, "invalid_input")
    assert len(await _turns(own, first.json()["session_id"])) == 1


REFUSED: list[dict[str, Any]] = [
    {},
    {"user_message": "x"},
    {**SAID, "user_message": " "},
    {**SAID, "assistant_message": 5},
    {**SAID, "role": "user"},
    {**SAID, "intent_confidence": 1.5},
    {**SAID, "at": "yesterday"},
    {**SAID, "author": " "},
    {**SAID, "tools": [{"name": ""}]},
    {**SAID, "tools": [{"name": "x", "more": 1}]},
    {**SAID, "memory": " "},
    {**SAID, "memory": {"text": "x", "importance": 11}},
    {
        **SAID,
        "memory": {
            "text": "x",
            "valid_from": "2026-01-02T00:00:00Z",
            "valid_to": "2026-01-01T00:00:00Z",
        },
    },
    {**SAID, "thought": " "},
]


@pytest.mark.parametrize("body", REFUSED)
async def test_what_cannot_be_kept_leaves_nothing_behind(api: Api, body: dict[str, Any]) -> None:
    """No turn in the conversation, and under `new` no conversation either."""
    session = await api.begin(assistant="helper")
    before = (await api.json("/api/profile"))["conversation_count"]
    for place in (session, "new"):
        answer = await api.ask("POST", f"{ME}/{place}/exchanges", json=body)
        assert error_of(answer) == (400, "invalid_input")
    assert await _turns(api, session) == []
    assert (await api.json("/api/profile"))["conversation_count"] == before


async def test_an_exchange_of_no_conversation_is_not_recorded(api: Api) -> None:
    """It is a 404, as for everything else of a conversation that is not there."""
    answer = await api.ask("POST", f"{ME}/{ABSENT}/exchanges", json=SAID)
    assert error_of(answer)[0] == 404
