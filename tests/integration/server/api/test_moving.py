"""Everything taken along, brought in again, and erased, over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from .conftest import ME, Api, error_of

LINES = b"".join(
    json.dumps({"conversation": f"c{c}", "role": role, "text": f"imported {c} {role}"}).encode()
    + b"\n"
    for c in range(3)
    for role in ("user", "assistant")
)


async def _texts(api: Api) -> set[str]:
    found: set[str] = set()
    for session in (await api.json(ME, limit=1000))["sessions"]:
        page = await api.json(f"{ME}/{session['id']}/messages", limit=1000)
        found |= {message["text"] for message in page["messages"]}
    return found


async def test_a_bundle_moves_everything_to_another_server(api: Api, own: Api) -> None:
    """Exported from one, imported into the other as a body and as a form: once, and whole."""
    bundle = await api.ask("GET", "/api/export")
    first = await own.ask("POST", "/api/import", content=bundle.content)
    second = await own.ask("POST", "/api/import", files={"file": ("b.zip", bundle.content)})

    assert bundle.headers["content-type"] == "application/zip"
    assert "attachment" in bundle.headers["content-disposition"]
    assert first.json()["conversations"] == len((await api.json(ME, limit=1000))["sessions"])
    assert first.json()["broken"] == []
    assert (second.json()["conversations"], second.json()["messages"]) == (0, 0)
    assert second.json()["unchanged"] == first.json()["conversations"]
    assert await _texts(own) == await _texts(api)
    hits = (await own.json("/api/search", q="favourite colour blue"))["hits"]
    assert "My favourite colour is blue" in {h["message"]["text"] for h in hits if h["message"]}


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [
        ("bundle", "application/zip", b"PK"),
        ("json", "application/json", b'{"format"'),
        ("markdown", "text/markdown; charset=utf-8", b"#"),
        ("pdf", "application/pdf", b"%PDF"),
    ],
)
async def test_a_conversation_is_a_document(
    api: Api, kind: str, media_type: str, begins: bytes
) -> None:
    """In every format, with what was said in it and nothing of another conversation."""
    path = f"{ME}/{api.known['talk']}/export"
    answer = await api.ask("GET", path, params={"format": kind})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.content.startswith(begins)
    if kind in ("json", "markdown"):
        assert "My favourite colour is blue" in answer.text
        assert "a video" not in answer.text
    if kind == "bundle":
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert "manifest.json" in names


async def test_an_unknown_format_is_refused(api: Api) -> None:
    """With the names of those there are."""
    answer = await api.ask("GET", "/api/export", params={"format": "docx"})
    assert error_of(answer) == (400, "invalid_input")
    assert "markdown" in answer.text


BAD: dict[str, tuple[dict[str, Any], int]] = {
    "nothing": ({"content": b""}, 400),
    "no export": ({"content": b"hello"}, 422),
    "a damaged ZIP": ({"content": b"PK\x03\x04" + b"x" * 100}, 422),
    "too large": ({"content": b"x" * (3 << 20)}, 413),
    "a form without the file": ({"files": {"other": ("x", b"x")}}, 400),
    "a form with two files": ({"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]}, 400),
    "a form without a boundary": (
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        400,
    ),
    "a form with an endless boundary": (
        {
            "content": b"x",
            "headers": {"Content-Type": f"multipart/form-data; boundary={'b' * 5000}"},
        },
        400,
    ),
    "a form that is cut off": (
        {
            "content": b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx',
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
        400,
    ),
    "a form that is none": (
        {
            "content": b"hello",
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
        400,
    ),
    "a form with endless headers": (
        {
            "content": b"--b\r\n" + b"x-header: y\r\n" * 5000,
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
        400,
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_import_is_refused(api: Api, case: str) -> None:
    """Each with its status, and nothing comes in."""
    given, status = BAD[case]
    before = await api.json("/api/profile")
    answer = await api.ask("POST", "/api/import", **given)

    assert error_of(answer)[0] == status
    assert await api.json("/api/profile") == before


async def test_a_client_that_goes_away_in_the_middle_brings_nothing_in(api: Api) -> None:
    """Of an upload that is cut off nothing is imported, and the server answers on."""
    before = await api.json("/api/profile")
    async with api.served.client() as client:
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = api.served.url.removeprefix("http://")
    _, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    head = f"POST /api/import HTTP/1.1\r\nHost: {address}\r\nCookie: {cookies}\r\n"
    writer.write(head.encode() + b"Content-Length: 1000000\r\n\r\n" + LINES)
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert await api.json("/api/profile") == before


async def test_a_client_that_stops_reading_an_export_stops_it(api: Api) -> None:
    """The server goes on answering, and its log has no fault in it."""
    async with api.served.client() as client:
        for _ in range(5):
            request = client.build_request("GET", "/api/export?format=json")
            answer = await client.send(request, stream=True)
            async for _piece in answer.aiter_raw():
                break
            await answer.aclose()

    assert (await api.ask("GET", "/healthz")).status_code == 200
    assert "Traceback" not in api.served.log


async def test_erasing_everything_wants_the_name(own: Api) -> None:
    """Without it nothing goes; with it all goes, and the receipt says so."""
    session = await own.begin()
    await own.ask("POST", f"{ME}/{session}/turns", json={"text": "a secret"})
    await own.ask("POST", "/api/memories", json={"text": "another"})

    unsure = [
        await own.ask("POST", "/api/erase", json=body)
        for body in ({}, {"confirm": ""}, {"confirm": "ben"}, {"confirm": "ADA"})
    ]
    kept = await own.json("/api/profile")
    receipt = (await own.ask("POST", "/api/erase", json={"confirm": "ada"})).json()
    left = await own.json("/api/profile")

    assert {error_of(answer) for answer in unsure} == {(400, "invalid_input")}
    assert kept["conversation_count"] == 1
    assert (receipt["what"], receipt["sessions"], receipt["memories"]) == ("vault", 1, 1)
    assert (left["conversation_count"], left["memory_count"]) == (0, 0)


def _lines(*messages: tuple[str, str]) -> bytes:
    """An export of lines: the conversation and the text of each message, said a minute apart."""
    return b"".join(
        json.dumps(
            {
                "session": conversation,
                "role": "user",
                "text": text,
                "at": f"2026-01-0{number + 1}T10:00:00Z",
            }
        ).encode()
        + b"\n"
        for number, (conversation, text) in enumerate(messages)
    )


async def test_a_preview_says_what_would_come_in_and_writes_nothing(own: Api) -> None:
    """What is new, what has grown, what is here as it is; then the import brings just that."""
    await own.ask("POST", "/api/import", content=_lines(("a", "one"), ("b", "two")))
    grown = _lines(("a", "one"), ("b", "two"), ("b", "three"), ("c", "four"))
    before = await own.json("/api/profile")

    seen = (await own.ask("POST", "/api/import?preview=true", content=grown)).json()
    after = await own.json("/api/profile")
    done = (await own.ask("POST", "/api/import", content=grown)).json()

    assert before == after
    counts = {name: seen[name] for name in ("conversations", "messages", "memories", "files")}
    assert counts == {"conversations": 3, "messages": 4, "memories": 0, "files": 0}
    assert (seen["new"], seen["grown"], seen["unchanged"]) == (1, 1, 1)
    assert (seen["first_at"], seen["last_at"]) == ("2026-01-01T10:00:00Z", "2026-01-04T10:00:00Z")
    assert seen["broken"] == []
    assert (done["conversations"], done["grown"], done["unchanged"]) == (1, 1, 1)


async def test_a_preview_of_a_bundle_shows_titles_and_memories(api: Api, own: Api) -> None:
    """Before anything of it is here, and when all of it is."""
    bundle = (await api.ask("GET", "/api/export")).content
    first = (await own.ask("POST", "/api/import?preview=true", content=bundle)).json()
    await own.ask("POST", "/api/import", content=bundle)
    second = (await own.ask("POST", "/api/import?preview=true", content=bundle)).json()

    assert first["format"] == "holdfast-bundle"
    assert "A trip" in first["titles"]
    assert len(first["titles"]) <= 10
    assert first["memories"] >= 1
    assert (second["new"], second["grown"]) == (0, 0)
    assert second["unchanged"] == first["new"] == first["conversations"]


async def test_the_json_comes_back_in_and_says_what_it_lacks(api: Api, own: Api) -> None:
    """Preview and report alike; a second time there is nothing left to bring in."""
    document = (await api.ask("GET", "/api/export", params={"format": "json"})).content
    named = [m for s in json.loads(document)["sessions"] for m in s["messages"] if m["file"]]

    seen = (await own.ask("POST", "/api/import?preview=true", content=document)).json()
    done = (await own.ask("POST", "/api/import", content=document)).json()
    again = (await own.ask("POST", "/api/import", content=document)).json()

    for answer in (seen, done):
        assert (answer["format"], answer["lacks"]) == ("holdfast-json", ["files", "checksums"])
        assert (answer["files"], answer["missing_files"]) == (0, len(named))
        assert answer["broken"] == []
    assert done["conversations"] == seen["new"] == again["unchanged"] > 0
    assert (done["memories"], again["messages"]) == (seen["memories"], 0)


@pytest.mark.parametrize("preview", ["", "?preview=true"])
async def test_an_import_tells_how_far_it_is(own: Api, preview: str) -> None:
    """Lines of JSON; the last one is what it would have answered otherwise."""
    content = _lines(*((f"c{number}", "hello") for number in range(9)))
    said = {"Accept": "application/x-ndjson"}

    answer = await own.ask("POST", f"/api/import{preview}", content=content, headers=said)
    *told, last = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert told
    assert all(0 <= line["done"] <= line["total"] == len(content) for line in told)
    assert last["conversations"] == 9
    assert (await own.json("/api/profile"))["conversation_count"] == (0 if preview else 9)


async def test_an_import_that_fails_says_so_in_its_last_line(own: Api) -> None:
    """In the shape of every error: the answer had begun."""
    said = {"Accept": "application/x-ndjson"}

    answer = await own.ask("POST", "/api/import", content=b"\x00nothing known", headers=said)
    last = json.loads(answer.text.splitlines()[-1])

    assert last["error"]["code"] == "unknown_format"
    assert last["error"]["request_id"] == answer.headers["x-request-id"]


async def test_chosen_conversations_are_taken_along_and_counted_beforehand(api: Api) -> None:
    """Those that are named and no other; one that is not there is an error and no document."""
    sessions = (await api.json(ME, limit=3))["sessions"]
    ids = [session["id"] for session in sessions[:2]]
    asked = {"format": "json", "session_id": ids}

    answer = await api.ask("GET", "/api/export", params=asked)
    whole = await api.ask("GET", "/api/export", params={"format": "json"})
    missing = await api.ask(
        "GET",
        "/api/export",
        params={"session_id": [ids[0], "01890000-0000-7000-8000-000000000000"]},
    )

    count = sum(session["message_count"] for session in sessions[:2])
    assert answer.headers["x-holdfast-total-messages"] == str(count)
    assert all(one in answer.text for one in ids)
    assert sessions[2]["id"] not in answer.text
    assert int(whole.headers["x-holdfast-total-messages"]) > count
    assert error_of(missing) == (404, "not_found")
