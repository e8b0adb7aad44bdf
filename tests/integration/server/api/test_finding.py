"""Searches, contexts, memories, thoughts, names and the profile over HTTP."""

from __future__ import annotations

import pytest

from .conftest import ABSENT, ME, Api, error_of


async def test_a_search_tells_what_why_and_where(api: Api) -> None:
    """The best hit is the message, with reasons, a marked snippet, and what stands around it."""
    hits = (await api.json("/api/search", q="is blue my favourite colour?"))["hits"]
    best = next(hit for hit in hits if hit["message"] is not None)
    memory = next(hit for hit in hits if hit["memory"] is not None)

    assert best["message"]["text"] == "My favourite colour is blue"
    assert best["session_id"] == api.known["talk"]
    assert best["reasons"]
    assert {best["snippet"]["text"][start:end] for start, end in best["snippet"]["marks"]} >= {
        "favourite",
        "colour",
    }
    assert [m["text"] for m in best["after"]] == ["Noted"]
    assert memory["memory"]["id"] == api.known["memory"]


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"role": "user"}, True),
        ({"role": "assistant"}, False),
        ({"assistant": "helper", "project": "trip", "kind": "chat"}, True),
        ({"assistant": "other"}, False),
        ({"days_back": 1}, True),
        ({"until": "2020-01-01"}, False),
        ({"since": "yesterday"}, True),
        ({"tag": ["travel"]}, True),
        ({"tag": ["travel", "colour"]}, False),
        ({"platform": "TIKTOK"}, False),
        ({"include": "memories"}, False),
        ({"limit": 1, "neighbours": 0, "include": "messages"}, True),
    ],
)
async def test_a_search_is_narrowed(api: Api, narrowed: dict[str, object], found: bool) -> None:
    """A filter lets the message through or does not."""
    hits = (await api.json("/api/search", q="favourite colour blue", **narrowed))["hits"]
    texts = [hit["message"]["text"] for hit in hits if hit["message"] is not None]
    assert ("My favourite colour is blue" in texts) is found


async def test_a_search_for_sessions_tells_which_and_by_what(api: Api) -> None:
    """The conversation as lists show it, with its best messages; narrowed like a search."""
    asked = {"q": "is blue my favourite colour?", "messages": 1}
    best, *_ = (await api.json("/api/search/sessions", **asked))["sessions"]

    assert best["session"]["id"] == api.known["talk"]
    assert [m["text"] for m in best["messages"]] == ["My favourite colour is blue"]
    assert best["reasons"]
    narrowed = await api.json("/api/search/sessions", **asked, platform="TIKTOK")
    assert api.known["talk"] not in [one["session"]["id"] for one in narrowed["sessions"]]


async def test_a_search_for_sessions_shows_them_as_a_list_does(own: Api) -> None:
    """With what is told besides what is kept of a conversation, such as what was not seen yet."""
    session = await own.begin(title="unseen")
    said = {"text": "The zebra is in the kitchen"}
    await own.ask("POST", f"{ME}/{session}/turns", json=said)
    (found,) = (await own.json("/api/search/sessions", q="zebra"))["sessions"]
    (listed,) = (await own.json(ME))["sessions"]

    assert found["session"] == listed
    assert listed["unread"] == 1


@pytest.mark.parametrize(
    ("question", "nothing"),
    [("is blue my favourite colour?", False), ("Which opera did I see in Verona?", True)],
)
async def test_a_search_says_whether_anything_answers(
    api: Api, question: str, nothing: bool
) -> None:
    """With how sure it is; the hits that came closest are there all the same."""
    found = await api.json("/api/search", q=question)

    assert found["nothing"] is nothing
    assert 0 <= found["confidence"] <= 1
    assert found["hits"]


async def test_a_search_folds_what_says_the_same_words_and_counts_it(own: Api) -> None:
    """One hit stands for all of them; what only one person said stands for itself."""
    said = ["Feed the zebra at noon"] * 3 + ["The zebra likes carrots"]
    for user in said:
        body = {"user_message": user, "assistant_message": "Noted"}
        answer = await own.ask("POST", f"{ME}/new/exchanges", json=body)
        assert answer.status_code == 201, answer.text

    hits = (await own.json("/api/search", q="zebra"))["hits"]

    shown = [(hit["message"]["text"], hit["repeats"]) for hit in hits]
    assert ("Feed the zebra at noon", 2) in shown
    assert ("The zebra likes carrots", 0) in shown
    assert [text for text, _ in shown].count("Feed the zebra at noon") == 1


@pytest.mark.parametrize(
    ("question", "typed", "found"),
    [
        ('"favourite colour"', False, True),
        ('"colour favourite"', False, False),
        ("favourite -colour", False, False),
        ('"favourite colour" bl', True, True),
    ],
)
async def test_a_search_reads_operators_and_unfinished_words(
    api: Api, question: str, typed: bool, found: bool
) -> None:
    """A phrase in its order, an exclusion; the word that is being typed is marked as it goes on."""
    hits = (await api.json("/api/search", q=question, as_you_type=typed))["hits"]
    shown = [hit["snippet"] for hit in hits if hit["message"] is not None]
    texts = [snippet["text"] for snippet in shown]
    marked = {s["text"][start:end] for s in shown for start, end in s["marks"]}

    assert ("My favourite colour is blue" in texts) is found
    assert ("blue" in marked) is typed


async def test_a_context_stays_within_its_budget(api: Api) -> None:
    """With a conversation its latest messages are in it; what did not fit is named."""
    alone = await api.json("/api/context", q="favourite colour")
    asked = {"q": "favourite colour", "session_id": api.known["talk"], "budget_tokens": 200}
    inside = await api.json("/api/context", **asked)

    assert "My favourite colour is blue" in alone["text"]
    assert {piece["id"] for piece in alone["pieces"]} >= {api.known["said"]}
    assert inside["tokens"] <= 200
    assert "yes 2" in inside["text"]
    assert inside["left_out"]


async def test_a_memory_is_added_read_traced_and_forgotten(api: Api) -> None:
    """It names the messages it rests on, and is gone when it is forgotten."""
    new = {
        "text": "Ada goes to Oslo",
        "kind": "fact",
        "tags": ["trip"],
        "importance": 8,
        "assistant": "helper",
        "valid_from": "2026-01-09T12:00:00+02:00",
        "valid_to": "2027-01-09T12:00:00Z",
        "sources": [api.known["said"]],
    }
    made = await api.ask("POST", "/api/memories", json=new)
    memory = made.json()
    path = made.headers["location"]
    sources = await api.json(path + "/sources")
    listed = await api.json("/api/memories", kind="fact", tag="trip", min_importance=8)

    assert made.status_code == 201
    assert memory["valid_from"] == "2026-01-09T10:00:00Z"
    assert await api.json(path) == memory
    assert [(m["id"], m["session_id"]) for m in sources["messages"]] == [
        (api.known["said"], api.known["talk"])
    ]
    assert [m["id"] for m in listed["memories"]] == [memory["id"]]
    assert (await api.ask("DELETE", path)).status_code == 204
    assert error_of(await api.ask("GET", path)) == (404, "not_found")


async def test_memories_and_thoughts_come_in_pages(api: Api) -> None:
    """Each once, newest first."""
    for number in range(5):
        await api.ask("POST", "/api/memories", json={"text": f"m{number}", "assistant": "pager"})
        await api.ask("POST", "/api/thoughts", json={"text": f"t{number}", "assistant": "pager"})
    for path, name in (("/api/memories", "memories"), ("/api/thoughts", "thoughts")):
        found, more = [], {}
        while True:
            page = await api.json(path, assistant="pager", limit=2, **more)
            found += [item["text"] for item in page[name]]
            if page["next_cursor"] is None:
                break
            more = {"cursor": page["next_cursor"]}
        assert found == [f"{name[0]}{number}" for number in (4, 3, 2, 1, 0)]


async def test_a_thought_is_linked_to_its_turn_and_memory(api: Api) -> None:
    """The conversation follows from the turn; ids that are not there are refused."""
    new = {"text": "hm", "assistant": "linker"}
    links = {"turn_id": api.known["turn"], "memory_id": api.known["memory"]}
    made = await api.ask("POST", "/api/thoughts", json={**new, **links})
    refused = [await api.ask("POST", "/api/thoughts", json={**new, name: ABSENT}) for name in links]

    assert made.status_code == 201
    assert {**new, **links, "session_id": api.known["talk"]}.items() <= made.json().items()
    assert [error_of(answer) for answer in refused] == [(404, "not_found")] * 2


async def test_assistants_and_projects_are_named(api: Api) -> None:
    """Made when they are new; what is left out stays."""
    first = await api.ask("PUT", "/api/assistants/namer", json={"name": "Namer", "avatar": "🦉"})
    second = await api.ask("PUT", "/api/assistants/namer", json={"purpose": "names things"})
    project = await api.ask("PUT", "/api/projects/named", json={"name": "A project"})

    assert first.json()["avatar"] == "🦉"
    assert {
        "slug": "namer",
        "name": "Namer",
        "avatar": "🦉",
        "purpose": "names things",
    }.items() <= (second.json().items())
    assert second.json() in (await api.json("/api/assistants"))["assistants"]
    assert project.json() in (await api.json("/api/projects"))["projects"]
    assert error_of(await api.ask("PUT", "/api/projects/a b", json={})) == (400, "invalid_input")


async def test_the_profile_counts_what_is_kept(own: Api) -> None:
    """Conversations, messages, first and last date, bytes."""
    before = await own.json("/api/profile")
    session = await own.begin()
    await own.ask("POST", f"{ME}/{session}/turns", json={"text": "hello"})
    after = await own.json("/api/profile")

    assert (before["user"], before["conversation_count"], before["message_count"]) == ("ada", 0, 0)
    assert before["first_message_at"] is None
    assert (after["conversation_count"], after["turn_count"], after["message_count"]) == (1, 1, 2)
    assert "2026" < after["first_message_at"] <= after["last_message_at"]
    assert after["storage_bytes"] > before["storage_bytes"]
