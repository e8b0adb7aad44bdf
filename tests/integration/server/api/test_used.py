"""What an answer was given: noted with its turn, looked up when asked, gone when forgotten."""

from __future__ import annotations

from typing import Any

from .conftest import ABSENT, ME, Api, error_of


async def say(api: Api, session: str, text: str) -> Any:
    """The turn that saying something makes."""
    answer = await api.ask("POST", f"{ME}/{session}/turns", json={"text": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["turn"]


async def used(api: Api, session: str, turn: str) -> Any:
    """What its answer was given."""
    return (await api.json(f"{ME}/{session}/turns/{turn}/used"))["used"]


async def test_an_answer_tells_what_it_was_given(own: Api) -> None:
    """The message it quotes, with its conversation; a statement was given nothing."""
    first = await own.begin(title="Boat shed")
    told = await say(own, first, "The spare key hangs behind the third oar")
    second = await own.begin()

    turn = await say(own, second, "Where does the spare key hang?")

    assert told["used_count"] == 0
    assert turn["used_count"] == 1
    (piece,) = await used(own, second, turn["id"])
    assert piece["message"]["id"] == told["messages"][0]["id"]
    assert (piece["session_id"], piece["session_title"]) == (first, "Boat shed")
    assert piece["snippet"] == "The spare key hangs behind the third oar"
    assert (piece["memory"], piece["section"], piece["gone"]) == (None, "recalled", False)
    read = await own.json(f"{ME}/{second}")
    assert [t["used_count"] for t in read["session"]["turns"]] == [1]


async def test_promise_11_gone_what_was_forgotten_is_told_as_gone(own: Api) -> None:
    """Neither its words nor where it stood."""
    first = await own.begin(title="Boat shed")
    told = await say(own, first, "The spare key hangs behind the third oar")
    second = await own.begin()
    turn = await say(own, second, "Where does the spare key hang?")

    await own.ask("DELETE", f"{ME}/{first}/messages/{told['messages'][0]['id']}")

    assert await used(own, second, turn["id"]) == [
        {
            "message": None,
            "memory": None,
            "session_id": None,
            "session_title": None,
            "snippet": "",
            "section": "recalled",
            "gone": True,
        }
    ]


async def test_a_turn_of_another_conversation_is_unknown(own: Api) -> None:
    """As one that is nowhere."""
    first, second = await own.begin(), await own.begin()
    turn = await say(own, first, "My oar is blue")

    for turn_id in (turn["id"], ABSENT):
        answer = await own.ask("GET", f"{ME}/{second}/turns/{turn_id}/used")
        assert error_of(answer) == (404, "not_found")


async def test_of_a_conversation_in_the_trash_no_title_is_told(own: Api) -> None:
    """Although a memory of it was kept, which the answer was given."""
    first = await own.begin(title="Boat shed")
    told = {"user_message": "I keep a boat", "assistant_message": "Noted", "memory": "keeps a boat"}
    await own.ask("POST", f"{ME}/{first}/exchanges", json=told)
    second = await own.begin()
    turn = await say(own, second, "What about my boat?")
    before = await used(own, second, turn["id"])

    await own.ask("POST", f"{ME}/{first}/trash", json={"memories": "keep"})
    after = [piece for piece in await used(own, second, turn["id"]) if not piece["gone"]]

    assert {piece["session_title"] for piece in before} == {"Boat shed"}
    assert [piece["memory"]["text"] for piece in after] == ["keeps a boat"]
    assert [piece["session_title"] for piece in after] == [None]
