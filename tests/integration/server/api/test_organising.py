"""Conversations put in order: trash, many at once, months, unread, sorting. No date changes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ABSENT, ME, Api, error_of

_KEYS = ("id", "title", "preview", "tags", "pinned", "archived", "started_at", "last_message_at")


async def _spoken(api: Api, title: str, text: str = "hello", **fields: Any) -> str:
    session = await api.begin(title=title, **fields)
    given = {"user_message": text, "assistant_message": f"{text}?", "memory": f"said {text}"}
    answer = await api.ask("POST", f"{ME}/{session}/exchanges", json=given)
    assert answer.status_code == 201, answer.text
    return session


async def _listed(api: Api, **asked: Any) -> list[dict[str, Any]]:
    sessions: list[dict[str, Any]] = (await api.json(ME, **asked))["sessions"]
    return sessions


def _kept(sessions: list[dict[str, Any]]) -> list[list[Any]]:
    return [[session[key] for key in _KEYS] for session in sessions]


async def test_the_trash_takes_and_gives_back(own: Api) -> None:
    """Out of the list, the search and the memories at once; back to the last field."""
    ids = [await _spoken(own, f"number {n}", f"zebra{n}") for n in range(3)]
    before = _kept(await _listed(own))
    memories = await own.json("/api/memories")
    profile = await own.json("/api/profile")
    path = f"{ME}/{ids[1]}"

    gone = (await own.ask("POST", f"{path}/trash")).json()["session"]
    trash = await _listed(own, trashed="true")
    found = await own.json("/api/search", q="zebra1")
    texts = [memory["text"] for memory in (await own.json("/api/memories"))["memories"]]
    counted = (await own.json("/api/profile"))["conversation_count"]
    back = (await own.ask("POST", f"{path}/restore")).json()["session"]

    assert gone["purge_at"] > gone["trashed_at"] > gone["last_message_at"]
    assert [(s["id"], s["purge_at"]) for s in trash] == [(ids[1], gone["purge_at"])]
    assert "zebra1" not in str(found)
    assert (sorted(texts), counted) == (["said zebra0", "said zebra2"], 2)
    assert (back["trashed_at"], back["purge_at"]) == (None, None)
    assert _kept(await _listed(own)) == before
    assert await own.json("/api/memories") == memories
    assert await own.json("/api/profile") == {**profile, "storage_bytes": _ANY}


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # it is like everything


_ANY = _Any()


async def test_memories_can_outlive_their_conversation(own: Api) -> None:
    """They say that their source is gone; the receipt counts none of them."""
    session = await _spoken(own, "one", "okapi")
    would = await own.json(f"{ME}/{session}/consequences")
    answer = await own.ask("DELETE", f"{ME}/{session}", params={"memories": "keep"})
    (memory,) = (await own.json("/api/memories"))["memories"]

    assert would == {"messages": 2, "memories": 1, "thoughts": 0, "files": 0}
    assert answer.json()["memories"] == 0
    assert (memory["text"], memory["source_gone"], memory["sources"]) == ("said okapi", True, [])


async def test_many_are_put_in_order_at_once(own: Api) -> None:
    """With which it was done, and with which not and why; no date and no order changes."""
    ids = [await _spoken(own, f"number {n}") for n in range(3)]
    order = [(s["id"], s["last_message_at"]) for s in await _listed(own)]

    async def batch(**asked: Any) -> Any:
        given = {"session_ids": [*ids[:2], ABSENT, ids[0]], **asked}
        answer = await own.ask("POST", f"{ME}/batch", json=given)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["done"] == ids[:2]
        assert [(f["session_id"], f["code"]) for f in told["failed"]] == [(ABSENT, "not_found")]
        return {s["id"]: s for s in await _listed(own)}

    assert [s["archived"] for s in (await batch(do="archive")).values()] == [False, True, True]
    assert not any(s["archived"] for s in (await batch(do="unarchive")).values())
    assert [s["pinned"] for s in (await batch(do="pin")).values()] == [False, True, True]
    assert not any(s["pinned"] for s in (await batch(do="unpin")).values())
    moved = await batch(do="move", project="boat")
    assert [s["project"] for s in moved.values()] == [None, "boat", "boat"]
    assert not any(s["project"] for s in (await batch(do="move")).values())
    assert (await batch(do="tag", tags=["a", "b"]))[ids[0]]["tags"] == ["a", "b"]
    assert (await batch(do="untag", tags=["a"]))[ids[0]]["tags"] == ["b"]
    assert list(await batch(do="trash")) == ids[2:]
    back = await batch(do="restore")
    assert [(s["id"], s["last_message_at"]) for s in back.values()] == order


async def test_a_conversation_leaves_its_project(api: Api) -> None:
    """An empty project is none."""
    session = await api.begin(project="harbour")
    answer = await api.ask("PATCH", f"{ME}/{session}", json={"project": ""})

    assert answer.json()["session"]["project"] is None
    assert session not in [s["id"] for s in await _listed(api, project="harbour")]


async def test_months_are_counted_where_the_days_begin(api: Api) -> None:
    """Five in January 2020; in a zone further west the first is still of the year before."""
    asked = {"kind": "video_chat"}
    in_utc = await api.json(f"{ME}/months", **asked)
    in_west = await api.json(f"{ME}/months", **asked, zone="America/New_York")

    assert in_utc == {
        "months": [{"month": "2020-01", "sessions": 5}],
        "sessions": 5,
        "trashed": 0,
    }
    assert in_west["months"] == [
        {"month": "2020-01", "sessions": 4},
        {"month": "2019-12", "sessions": 1},
    ]
    answer = await api.ask("GET", f"{ME}/months", params={"zone": "Nowhere/Else"})
    assert error_of(answer) == (400, "invalid_input")


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("started", ["", "Á", "b", "C"]),
        ("messages", ["b", "C", "", "Á"]),
        ("title", ["Á", "b", "C", ""]),
    ],
)
async def test_a_list_is_sorted_and_paged(
    own: Api, sort: str, titles: list[str], limit: int
) -> None:
    """All pages together are the whole in that order; a tag among the filters changes no order."""
    ids = [await own.begin(title=title, tags=["x"]) for title in ("C", "b", "Á")]
    for session, times in ((ids[0], 1), (ids[1], 2)):
        for _ in range(times):
            given = {"user_message": "hi", "assistant_message": "ho"}
            await own.ask("POST", f"{ME}/{session}/exchanges", json=given)
    nameless = await own.begin(tags=["x"])
    want = {"": nameless, "C": ids[0], "b": ids[1], "Á": ids[2]}
    for more in ({}, {"tag": "x"}):
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await own.json(ME, sort=sort, limit=limit, **more, **cursor)
            found += [s["id"] for s in page["sessions"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == [want[title] for title in titles]


async def test_a_cursor_of_another_order_is_refused(api: Api) -> None:
    """It says nothing there."""
    cursor = (await api.json(ME, limit=1))["next_cursor"]
    answer = await api.ask("GET", ME, params={"sort": "title", "cursor": cursor})

    assert error_of(answer) == (400, "invalid_input")


async def test_answers_count_as_unread_until_they_are_seen(own: Api) -> None:
    """Those behind the place that was seen, and behind what was said last."""
    session = await own.begin(title="unseen")

    async def say(text: str) -> None:
        said = await own.ask("POST", f"{ME}/{session}/turns", json={"text": text})
        assert said.status_code < 300, said.text

    async def unread() -> int:
        return int((await own.json(f"{ME}/{session}"))["session"]["unread"])

    await say("hello")
    first = await unread()
    answer = await own.ask("POST", f"{ME}/{session}/seen", json={"seq": 1})
    seen = await unread()
    before = await _listed(own, q="unseen")
    await own.ask("POST", f"{ME}/{session}/seen", json={"seq": 0})
    back = await unread()
    await say("and")
    again = await unread()

    assert (first, answer.status_code, seen, back, again) == (1, 204, 0, 0, 1)
    assert [s["unread"] for s in before] == [0]


async def test_what_was_recorded_when_it_was_over_is_not_unread(api: Api) -> None:
    """A program handed over a finished exchange: it was read where it was said."""
    session = await _spoken(api, "recorded")
    given = {"user_message": "and", "assistant_message": "so", "reasoning": "hm"}
    await api.ask("POST", f"{ME}/{session}/exchanges", json=given)
    first = (await api.json(f"{ME}/{session}"))["session"]["unread"]
    await api.ask("POST", f"{ME}/{session}/seen", json={"seq": 1})
    await api.ask("POST", f"{ME}/{session}/exchanges", json=given)
    later = (await api.json(f"{ME}/{session}"))["session"]["unread"]

    assert (first, later) == (0, 0)
    assert [s["unread"] for s in await _listed(api, project="trip")] == [0]


async def test_what_is_being_answered_is_marked(own: Api) -> None:
    """In the list and on the conversation itself, and a client that polls hears of its end."""
    async with own.served.talk() as talking:
        await talking.send(type="message", text="slow")
        await talking.until("delta")
        first = await own.ask("GET", ME)
        (running,) = first.json()["sessions"]
        own.served.let_go()
        await talking.until("finished")
    tag = {"If-None-Match": first.headers["etag"]}
    later = await own.ask("GET", ME, headers=tag)
    (ended,) = later.json()["sessions"]

    assert (running["running"], ended["running"]) == (True, False)
