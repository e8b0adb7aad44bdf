"""Conversations over HTTP: found, read page by page, changed, taken along, erased."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ABSENT, ME, MESSAGES, TURNS, Api, error_of


async def _titles(api: Api, **asked: Any) -> list[str]:
    found, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = await api.json(ME, **asked, **more)
        found += [session["title"] for session in page["sessions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


SHORT = [f"Short {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({"assistant": "helper", "project": "trip"}, ["A trip"]),
        ({"project": "trip"}, ["A trip"]),
        ({"tag": "travel"}, ["A trip"]),
        ({"q": "a TR"}, ["A trip"]),
        ({"kind": "video_chat"}, SHORT[::-1]),
        ({"platform": "TIKTOK"}, SHORT[::-1]),
        ({"kind": "video_chat", "until": "2020-01-02"}, SHORT[1::-1]),
        ({"kind": "video_chat", "since": "2020-01-04T00:00:00Z"}, [SHORT[4], SHORT[3]]),
        ({"assistant": "other", "pinned": True}, []),
        ({"assistant": "other", "archived": True}, []),
        ({"assistant": "other", "archived": False, "pinned": False}, SHORT[::-1]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_a_list_is_filtered_and_paged(
    api: Api, asked: dict[str, Any], titles: list[str], limit: int
) -> None:
    """Whatever the size of a page, all pages together are what the filters name, newest first."""
    assert await _titles(api, **asked, limit=limit) == titles


async def test_a_list_tells_what_a_conversation_is(api: Api) -> None:
    """Title, kind, assistant, project, platform, tags, counts, times; nothing of what was said but
    the preview."""
    (shown,) = (await api.json(ME, project="trip"))["sessions"]

    assert shown.pop("last_message_at") > "2026"
    assert shown.pop("started_at") > "2026"
    assert shown == {
        "id": api.known["talk"],
        "title": "A trip",
        "kind": "chat",
        "assistant": "helper",
        "project": "trip",
        "platform": None,
        "preview": "What is the weather in Oslo?",
        "tags": ["travel"],
        "pinned": False,
        "archived": False,
        "learning": True,
        "message_count": MESSAGES,
        "turn_count": TURNS,
        "trashed_at": None,
        "purge_at": None,
        "unread": 0,
        "running": False,
        "temporary": False,
    }


async def test_a_conversation_has_its_turns_tools_and_memories(api: Api) -> None:
    """Each turn with status, intent, entities, the tools it called, and what was made of it."""
    talk = (await api.json(f"{ME}/{api.known['talk']}"))["session"]
    weather, colour = talk["turns"][:2]
    call = weather["tool_calls"][0]

    assert talk["next_cursor"] is None
    assert [turn["index"] for turn in talk["turns"]] == list(range(TURNS))
    assert {turn["status"] for turn in talk["turns"]} == {"complete"}
    assert (weather["intent"], weather["entities"]) == ("tool_execution", {"city": "Oslo"})
    assert [m["kind"] for m in weather["messages"]] == ["text", "tool_call", "tool_result", "text"]
    assert (call["name"], call["arguments"], call["result"], call["failed"]) == (
        "weather",
        {"city": "Oslo"},
        {"celsius": 4},
        False,
    )
    assert colour["memories"] == [
        {"id": api.known["memory"], "kind": "preference", "text": "Ada likes blue"}
    ]
    assert weather["memories"] == []


@pytest.mark.parametrize("limit", [1, 2, 4, 14, 15, 1000])
async def test_a_long_conversation_comes_in_pages(api: Api, limit: int) -> None:
    """Every message once and in order, every turn on each page that has messages of it."""
    path = f"{ME}/{api.known['talk']}"
    seqs: list[int] = []
    turns: dict[str, list[str]] = {}
    cursor = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = (await api.json(path, limit=limit, **more))["session"]
        shown = [m for turn in page["turns"] for m in turn["messages"]]
        assert len(shown) <= limit
        seqs += [message["seq"] for message in shown]
        for turn in page["turns"]:
            turns.setdefault(turn["id"], []).extend(m["id"] for m in turn["messages"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    whole = (await api.json(path))["session"]["turns"]

    assert seqs == list(range(MESSAGES))
    assert turns == {turn["id"]: [m["id"] for m in turn["messages"]] for turn in whole}


async def test_messages_are_read_on_from_a_place(api: Api) -> None:
    """`next_after_seq` leads to the end, which is told."""
    path, after, seqs = f"{ME}/{api.known['talk']}/messages", -1, []
    while after is not None:
        page = await api.json(path, after_seq=after, limit=4)
        seqs += [message["seq"] for message in page["messages"]]
        after = page["next_after_seq"]

    assert seqs == list(range(MESSAGES))


async def test_an_unchanged_list_is_not_sent_again(api: Api) -> None:
    """304 with the tag and no body until something is written; each question has its own tag."""
    paths = [ME, f"{ME}/{api.known['talk']}", f"{ME}/{api.known['talk']}/messages"]
    paths += ["/api/memories", "/api/thoughts", "/api/profile", "/api/assistants", "/api/projects"]
    first = [await api.ask("GET", path) for path in paths]
    tags = [answer.headers["etag"] for answer in first]

    again = [
        await api.ask("GET", path, headers={"If-None-Match": f'"other", {tag}'})
        for path, tag in zip(paths, tags, strict=True)
    ]
    otherwise = await api.ask("GET", f"{ME}?limit=2", headers={"If-None-Match": tags[0]})
    await api.begin(title="new")
    after = await api.ask("GET", ME, headers={"If-None-Match": tags[0]})

    assert [answer.status_code for answer in again] == [304] * len(paths)
    assert [answer.content for answer in again] == [b""] * len(paths)
    assert [answer.headers["etag"] for answer in again] == tags
    assert len(set(tags)) == len(tags)
    assert otherwise.status_code == after.status_code == 200
    assert all(tag.startswith('W/"') for tag in tags)


async def test_a_conversation_is_changed_in_what_is_named(api: Api) -> None:
    """What is left out stays; the answer and the list show it changed."""
    session = await api.begin(title="before", tags=["one"], platform="web")
    path = f"{ME}/{session}"

    first = await api.ask("PATCH", path, json={"title": "after", "pinned": True})
    second = await api.ask("PATCH", path, json={"archived": True, "project": "moved", "tags": []})
    shown = second.json()["session"]

    assert first.json()["session"]["tags"] == ["one"]
    assert (shown["title"], shown["pinned"], shown["archived"]) == ("after", True, True)
    assert (shown["project"], shown["tags"], shown["platform"]) == ("moved", [], "web")
    assert (await api.json(path))["session"]["title"] == "after"


async def test_a_file_is_saved_and_never_run(api: Api) -> None:
    """The bytes as they came, as an attachment that no page can make run in our origin."""
    path = f"{ME}/{api.known['talk']}/messages/{api.known['file']}/file"
    answer = await api.ask("GET", path)

    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"na_ve _b_.html\"; filename*=UTF-8''na%C3%AFve%20%3Cb%3E.html"
    )


async def test_a_forgotten_message_takes_along_what_rested_on_it(own: Api) -> None:
    """The answer counts what went; the message is gone from the conversation, and its words from
    title and preview."""
    session = await own.begin()
    said = await own.ask("POST", f"{ME}/{session}/turns", json={"text": "a secret xyzzy"})
    message = said.json()["turn"]["messages"][0]["id"]
    path = f"{ME}/{session}/messages/{message}"
    await own.ask("POST", "/api/memories", json={"text": "a secret", "sources": [message]})
    assert "xyzzy" in (await own.json(ME))["sessions"][0]["preview"]

    gone = await own.ask("DELETE", path)
    again = await own.ask("DELETE", path)
    shown = (await own.json(f"{ME}/{session}"))["session"]

    # The quotation of it that was its answer says the same words, so it is gone, too.
    assert gone.json() == {"messages": 2, "memories": 1, "reduced": 0, "thoughts": 0}
    assert error_of(again) == (404, "not_found")
    assert [m["role"] for turn in shown["turns"] for m in turn["messages"]] == []
    assert "secret" not in shown["preview"] + shown["title"]
    assert (await own.json("/api/memories"))["memories"] == []


async def test_a_message_is_reached_through_its_own_conversation_only(api: Api) -> None:
    """Named in another conversation it is unknown there, and stays."""
    elsewhere = f"{ME}/{await api.begin()}/messages/{api.known['said']}"
    answers = [
        await api.ask("DELETE", elsewhere),
        await api.ask("GET", f"{elsewhere}/file"),
    ]
    kept = await api.json(f"{ME}/{api.known['talk']}/messages", limit=1000)

    assert [error_of(answer) for answer in answers] == [(404, "not_found")] * 2
    assert api.known["said"] in {message["id"] for message in kept["messages"]}


async def test_erasing_gives_a_receipt_and_leaves_nothing(own: Api) -> None:
    """One conversation, then all of them: receipts tell what went, lists are empty."""
    sessions = [await own.begin(title=f"secret {number}") for number in range(3)]
    for session in sessions:
        await own.ask("POST", f"{ME}/{session}/turns", json={"text": "remember this"})

    one = await own.ask("DELETE", f"{ME}/{sessions[0]}")
    twice = await own.ask("DELETE", f"{ME}/{sessions[0]}")
    rest = await own.ask("DELETE", ME, params={"confirm": "all"})
    unsure = await own.ask("DELETE", ME)

    receipt = one.json()
    assert (receipt["what"], receipt["session_id"], receipt["turns"]) == ("session", sessions[0], 1)
    assert len(receipt["keys_destroyed"]) == 1
    assert error_of(twice)[0] == 404
    assert rest.json()["sessions"] == 2
    assert {r["session_id"] for r in rest.json()["receipts"]} == set(sessions[1:])
    assert error_of(unsure) == (400, "invalid_input")
    assert (await own.json(ME))["sessions"] == []
    assert (await own.json("/api/search", q="remember this"))["hits"] == []


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", ME + "/{}"),
        ("PATCH", ME + "/{}"),
        ("DELETE", ME + "/{}"),
        ("GET", ME + "/{}/messages"),
        ("GET", ME + "/{}/export"),
        ("GET", "/api/conversations/nobody/{}"),
        ("GET", "/api/memories/{}"),
        ("DELETE", "/api/memories/{}"),
        ("GET", "/api/memories/{}/sources"),
    ],
)
@pytest.mark.parametrize("name", [ABSENT, "x", "%00", "%ff", "é", "..%2f..", "0" * 500])
async def test_what_is_not_there_is_not_found(api: Api, verb: str, path: str, name: str) -> None:
    """Whatever stands where an id belongs, the answer is the same."""
    body = {"json": {}} if verb == "PATCH" else {}
    answer = await api.ask(verb, path.format(name), **body)
    assert error_of(answer) == (404, "not_found")


FILE = b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-", 0, 24),
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=20-999", 20, 24),
        ("bytes=-4", 21, 24),
        ("bytes=-999", 0, 24),
    ],
)
async def test_a_player_is_given_the_part_it_asks_for(
    api: Api, wanted: str, first: int, last: int
) -> None:
    """So that it can begin anywhere; never compressed, for that has other places."""
    path = f"{ME}/{api.known['talk']}/messages/{api.known['file']}/file"

    answer = await api.ask("GET", path, headers={"Range": wanted})

    assert answer.status_code == 206
    assert answer.content == FILE[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(FILE)}"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=-", "bytes=0-1,3-4", "lines=1-2", "x"])
async def test_what_is_no_range_is_answered_by_the_whole_file(api: Api, wanted: str) -> None:
    """As a server may."""
    path = f"{ME}/{api.known['talk']}/messages/{api.known['file']}/file"

    answer = await api.ask("GET", path, headers={"Range": wanted})

    assert (answer.status_code, answer.content) == (200, FILE)


@pytest.mark.parametrize("wanted", ["bytes=25-", "bytes=-0", "bytes=999999999999999999-"])
async def test_a_part_that_is_not_there_is_an_error(api: Api, wanted: str) -> None:
    """It says how long the file is."""
    path = f"{ME}/{api.known['talk']}/messages/{api.known['file']}/file"

    answer = await api.ask("GET", path, headers={"Range": wanted})

    assert error_of(answer) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(FILE)}"
