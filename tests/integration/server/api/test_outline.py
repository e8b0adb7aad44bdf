"""A long conversation over HTTP: its shape, a window of it, one message, and where words stand."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from holdfast.server.schemas.outline import FoundOut, OutlineOut

from .conftest import ME, MESSAGES, Api, error_of


async def _all(api: Api, path: str) -> list[dict[str, Any]]:
    whole = (await api.json(path))["session"]["turns"]
    return sorted((m for turn in whole for m in turn["messages"]), key=lambda m: int(m["seq"]))


async def test_an_outline_is_the_conversation_in_columns(api: Api) -> None:
    """Each column says of each message what the message itself says."""
    path = f"{ME}/{api.known['talk']}"
    messages = await _all(api, path)
    outline = await api.json(f"{path}/outline")
    turns = {turn["id"]: turn["index"] for turn in (await api.json(path))["session"]["turns"]}
    letters = {"tool_call": "c", "tool_result": "r", "reasoning": "g"}

    assert outline["ids"] == [m["id"] for m in messages]
    parents = [outline["ids"][p] if p >= 0 else None for p in outline["parents"]]
    assert parents == [m["parent_id"] for m in messages]
    assert outline["roles"] == "".join(m["role"][0] for m in messages)
    assert outline["kinds"] == "".join(letters.get(m["kind"], m["kind"][0]) for m in messages)
    assert outline["turns"] == [turns[m["turn_id"]] for m in messages]
    assert outline["sizes"] == [m["size"] for m in messages] == [len(m["text"]) for m in messages]
    assert outline["forgotten"] == []


async def test_a_forgotten_message_keeps_its_place_and_nothing_else(api: Api) -> None:
    """It stands in the outline without size or words, and is found by none."""
    session = await api.begin()
    await api.ask(
        "POST",
        f"{ME}/{session}/exchanges",
        json={"user_message": "my anchor", "assistant_message": "no more"},
    )
    path = f"{ME}/{session}"
    before = await api.json(f"{path}/outline")
    await api.ask("DELETE", f"{path}/messages/{before['ids'][0]}")
    after = await api.json(f"{path}/outline")

    assert (before["sizes"], before["forgotten"]) == ([9, 7], [])
    assert (after["ids"], after["sizes"], after["forgotten"]) == (before["ids"], [0, 7], [0])
    assert (await api.json(f"{path}/find", q="anchor")) == {"count": 0, "hits": []}


@pytest.mark.parametrize(
    ("asked", "seqs"),
    [
        ({"after_seq": 4, "limit": 3}, [5, 6, 7]),
        ({"after_seq": -1, "limit": 2}, [0, 1]),
        ({"after_seq": MESSAGES}, []),
        ({"last": 2}, [MESSAGES - 2, MESSAGES - 1]),
        ({"last": 1000}, list(range(MESSAGES))),
    ],
)
async def test_a_window_is_read_from_any_place(
    api: Api, asked: dict[str, int], seqs: list[int]
) -> None:
    """Messages behind a place, or the newest, with the turns that they are of and no others."""
    page = (await api.json(f"{ME}/{api.known['talk']}", **asked))["session"]

    assert [m["seq"] for turn in page["turns"] for m in turn["messages"]] == seqs
    assert all(turn["messages"] for turn in page["turns"])


async def test_a_window_leads_on_to_the_end(api: Api) -> None:
    """Its `next_cursor` is one of the conversation's own."""
    path = f"{ME}/{api.known['talk']}"
    page = (await api.json(path, after_seq=2, limit=4))["session"]
    rest = (await api.json(path, cursor=page["next_cursor"]))["session"]
    newest = (await api.json(path, last=3))["session"]

    seqs = [m["seq"] for turn in rest["turns"] for m in turn["messages"]]
    assert seqs == list(range(7, MESSAGES))
    assert (rest["next_cursor"], newest["next_cursor"]) == (None, None)


async def test_one_place_is_enough(api: Api) -> None:
    """Two of them at once say nothing that could be done."""
    path = f"{ME}/{api.known['talk']}"
    answer = await api.ask("GET", path, params={"after_seq": 1, "last": 1})

    assert error_of(answer) == (400, "invalid_input")


async def test_long_texts_are_cut_and_one_message_is_whole(api: Api) -> None:
    """`cut` tells where something is missing, `size` how long it is; alone it comes whole."""
    session = await api.begin()
    said = "é" * 300
    given = {
        "user_message": said,
        "assistant_message": "short",
        "tools": [{"name": "look", "arguments": {"at": "x" * 300}, "result": [1]}],
    }
    await api.ask("POST", f"{ME}/{session}/exchanges", json=given)
    (turn,) = (await api.json(f"{ME}/{session}", max_text=10))["session"]["turns"]
    asked, call, result, answer = turn["messages"]
    whole = await api.json(f"{ME}/{session}/messages/{asked['id']}")

    assert (asked["text"], asked["size"], asked["cut"]) == ("é" * 10, 300, True)
    assert (answer["text"], answer["size"], answer["cut"]) == ("short", 5, False)
    assert (call["tool"]["arguments"], call["tool"]["cut"]) == ('{"at":"xxx', True)
    assert (result["tool"]["result"], result["tool"]["cut"]) == ([1], False)
    assert (turn["tool_calls"][0]["arguments"], turn["tool_calls"][0]["cut"]) == (
        '{"at":"xxx',
        True,
    )
    assert (whole["text"], whole["size"], whole["cut"]) == (said, 300, False)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("oslo", ["Oslo", "Oslo"]),
        ("ÖSLO", ["Oslo", "Oslo"]),
        ("weather in", ["weather in"]),
        ("no such", []),
    ],
)
async def test_words_are_found_over_the_whole_conversation(
    api: Api, words: str, found: list[str]
) -> None:
    """Each place is where the characters stand, whatever their case and accents."""
    path = f"{ME}/{api.known['talk']}"
    texts = {m["id"]: m["text"] for m in await _all(api, path)}
    answer = await api.json(f"{path}/find", q=words)

    spots = [texts[hit["message_id"]][hit["start"] : hit["end"]] for hit in answer["hits"]]
    assert (answer["count"], spots) == (len(found), found)


async def test_places_are_those_of_the_text_as_it_was_written(api: Api) -> None:
    """Accents as marks of their own, ligatures and emoji move no place."""
    session = await api.begin()
    said = "\U0001f6a3 Cafe\u0301 café \ufb01ne STRASSE stra\u00dfe"
    given = {"user_message": said, "assistant_message": base64.b64encode(b"x" * 30).decode()}
    await api.ask("POST", f"{ME}/{session}/exchanges", json=given)

    async def spots(words: str) -> list[str]:
        answer = await api.json(f"{ME}/{session}/find", q=words)
        return [said[hit["start"] : hit["end"]] for hit in answer["hits"]]

    assert await spots("cafe") == ["Cafe\u0301", "café"]
    assert await spots("fine") == ["\ufb01ne"]
    assert await spots("straße") == ["STRASSE", "stra\u00dfe"]


async def test_nothing_to_look_for_is_refused(api: Api) -> None:
    """Neither no characters nor blanks alone name a place."""
    path = f"{ME}/{api.known['talk']}/find"

    for words in ("", "  ", "\u0301"):
        answer = await api.ask("GET", path, params={"q": words})
        assert error_of(answer) == (400, "invalid_input"), words


async def test_what_is_sent_is_what_is_described(api: Api) -> None:
    """Neither is made of its model, for speed: both are it to the letter, and have their tag."""
    path = f"{ME}/{api.known['talk']}"
    outline = await api.ask("GET", f"{path}/outline")
    found = await api.ask("GET", f"{path}/find", params={"q": "o"})

    assert OutlineOut.model_validate(outline.json()).model_dump() == outline.json()
    assert FoundOut.model_validate(found.json()).model_dump() == found.json()
    assert all(answer.headers["etag"].startswith('W/"') for answer in (outline, found))
