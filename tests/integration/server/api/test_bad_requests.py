"""What a client may get wrong: one shape of error, a name for the place, never a value of it."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from integration.server.conftest import HUNG_S

from .conftest import ME, Api, error_of

CANARY = "xyzzy-canary"
JSON = {"Content-Type": "application/json"}
BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "cut off": (b'{"text": "xyzzy-canary', 400),
    "no object": (b'["xyzzy-canary"]', 400),
    "a number": (b"1", 400),
    "null": (b"null", 400),
    "not a number": (b'{"text": "xyzzy-canary", "importance": NaN}', 400),
    "too big a number": (b'{"text": "xyzzy-canary", "importance": 1e999}', 400),
    "a float": (b'{"text": "xyzzy-canary", "importance": 5.0}', 400),
    "a number as text": (b'{"text": "xyzzy-canary", "importance": "5"}', 400),
    "a boolean as text": (b'{"text": "xyzzy-canary", "tags": "a"}', 400),
    "text as a number": (b'{"text": 7, "kind": "xyzzy-canary"}', 400),
    "out of range": (b'{"text": "xyzzy-canary", "importance": 11}', 400),
    "an unknown field": (b'{"text": "x", "unknown": "xyzzy-canary"}', 400),
    "an unknown word": (b'{"text": "x", "kind": "xyzzy-canary"}', 400),
    "no UTF-8": (b'{"text": "xyzzy-canary \xff"}', 400),
    "UTF-16": ('{"text": "xyzzy-canary"}'.encode("utf-16"), 400),
    "half a pair": (b'{"text": "xyzzy-canary \\ud83d"}', 400),
    "a byte order mark": (b'\xef\xbb\xbf{"text": "xyzzy-canary"}', 400),
    "deep arrays": (b"[" * 100_000 + b"]" * 100_000, 400),
    "deep objects": (b'{"text":' * 101 + b"1" + b"}" * 101, 400),
    "two values": (b'{"text": "x"} {"text": "xyzzy-canary"}', 400),
    "a time without a zone": (b'{"text": "x", "valid_from": "2026-01-09T12:00:00"}', 400),
    "a time as a number": (b'{"text": "x", "valid_from": 1700000000}', 400),
    "too large": (json.dumps({"text": CANARY * 200_000}).encode(), 413),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_bad_body_is_refused(api: Api, case: str) -> None:
    """The status says what to do, the message where, and neither it nor the log what was sent."""
    body, status = BODIES[case]
    answer = await api.ask("POST", "/api/memories", content=body, headers=JSON)

    assert error_of(answer)[0] == status
    assert CANARY not in answer.text
    assert len(answer.text) < 2000
    assert ("levels deep" in answer.text) is case.startswith("deep")
    assert CANARY not in api.served.log


async def test_what_is_said_is_kept_as_the_library_keeps_it(api: Api) -> None:
    """NUL, control characters, right-to-left marks and emoji are text like any other."""
    text = "\0 \u202e \x07 😀 \ufeff"
    answer = await api.ask("POST", "/api/memories", json={"text": text})

    assert answer.status_code == 201
    assert answer.json()["text"] == text


@pytest.mark.parametrize(
    "query",
    [
        "unknown=1",
        "limit=1&limit=2",
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=1e2",
        "pinned=maybe",
        "cursor=x",
        "cursor=" + "9" * 300,
        "cursor=99999999999999999999.00",
        "since=xyzzy-canary",
        "until=2026-13-45",
        "kind=%ff",
        "kind=",
        "kind=%00" + "x" * 2000,
    ],
)
async def test_a_bad_query_is_refused(api: Api, query: str) -> None:
    """Unknown and doubled parameters, too; never a 5xx, never a value in the log."""
    answer = await api.ask("GET", f"{ME}?{query}")

    assert error_of(answer)[0] in (400, 413)
    assert CANARY not in api.served.log


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
async def test_another_content_type_is_refused(api: Api, kind: str) -> None:
    """JSON is said to be JSON: what a form on another page can send is not taken for it."""
    answer = await api.ask(
        "POST", "/api/memories", content=b'{"text": "x"}', headers={"Content-Type": kind}
    )
    assert error_of(answer) == (415, "unsupported_media_type")


async def test_a_large_body_is_refused_before_it_is_read(api: Api) -> None:
    """The announced size is enough; not one byte of it need come."""
    head = (
        f"POST /api/memories HTTP/1.1\r\nHost: {api.served.url.removeprefix('http://')}\r\n"
        "Content-Type: application/json\r\nContent-Length: 999999999999\r\n"
    )
    async with api.served.client() as client:
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    port = int(api.served.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Cookie: {cookies}\r\n\r\n".encode())
    async with asyncio.timeout(HUNG_S):
        answer = await reader.readuntil(b"\r\n")
    writer.close()

    assert b" 413 " in answer


async def test_a_large_body_of_unknown_length_is_refused(api: Api) -> None:
    """Counted while it comes."""

    async def pieces() -> Any:
        yield b'{"text": "'
        for _ in range(40):
            yield b"x" * 65_536

    answer = await api.ask("POST", "/api/memories", content=pieces(), headers=JSON)
    assert error_of(answer) == (413, "too_large")


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "TRACE", "PURGE"])
async def test_an_unsupported_verb_names_those_there_are(api: Api, verb: str) -> None:
    """405 in the one shape, with Allow."""
    answer = await api.ask(verb, ME)
    assert error_of(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"


async def test_head_and_options_are_answered(api: Api) -> None:
    """HEAD as GET without the body, OPTIONS with the verbs."""
    got, head = await api.ask("GET", ME), await api.ask("HEAD", ME)
    options = await api.ask("OPTIONS", ME)
    absent = await api.ask("HEAD", "/api/nothing")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["etag"] == got.headers["etag"]
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    assert (absent.status_code, absent.content) == (404, b"")


async def test_long_answers_are_compressed_for_who_takes_it(api: Api) -> None:
    """With gzip the same bytes, without it none are touched; caches are told."""
    path = f"{ME}/{api.known['talk']}"
    async with api.served.client() as client:
        request = client.build_request("GET", path, headers={"Accept-Encoding": "gzip"})
        packed = await client.send(request, stream=True)
        raw = b"".join([piece async for piece in packed.aiter_raw()])
        await packed.aclose()
    plain = await api.ask("GET", path, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers
