"""The proxy is not there: bytes pass unmodified and unbuffered, and whatever ends them is kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
from typing import Any

import httpx2
import pytest

from integration.server.conftest import HUNG_S, Served

from .conftest import Proxied, said
from .upstream import Out, Request, Upstream, chunk, completion

DONE = b"data: [DONE]\n\n"
WORDS = [chunk({"content": f"w{n} "}) for n in range(6)]
STREAMS: dict[str, list[bytes]] = {
    "plain": [*WORDS, chunk(finish="stop"), DONE],
    "one piece": [b"".join([*WORDS, chunk(finish="stop"), DONE])],
    "bytes": [bytes([b]) for b in chunk({"content": "ħé 🙂"}) + chunk(finish="stop") + DONE],
    "crlf": [WORDS[0].replace(b"\n", b"\r\n"), b"data: [DONE]\r\n\r\n"],
    "comments": [b": ping\n\n", WORDS[0], b"event: x\nid: 7\n", WORDS[1], b": bye\n\n", DONE],
    "no done": [*WORDS, chunk(finish="stop")],
    "no end of line": [WORDS[0], chunk(finish="length").rstrip()],
    "nothing": [DONE],
    "empty": [],
    "not json": [WORDS[0], b"data: {oops\n\n", DONE],
    "not an object": [WORDS[0], b"data: [1]\n\ndata: 7\n\n", DONE],
    "error": [WORDS[0], b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'],
    "odd choices": [chunk(choices="?"), chunk(choices=[None, 3, {"delta": 5}]), WORDS[0], DONE],
    "odd deltas": [
        chunk({"content": 5, "tool_calls": {"a": 1}}),
        chunk({"content": [{"type": "text", "text": "w0 "}]}),
        chunk({"tool_calls": [None, {"index": "x", "function": 3}]}),
        DONE,
    ],
    "half pairs": [chunk({"content": "\ud83d"}), chunk({"content": "\ude42"}), DONE],
    "nul": [chunk({"content": "a\0b"}), DONE],
    "reasoning": [chunk({"reasoning_content": "hm"}), chunk({"reasoning": "m"}), WORDS[0], DONE],
    "refusal": [
        chunk({"refusal": "I will "}),
        chunk({"refusal": "not"}),
        chunk(finish="stop"),
        DONE,
    ],
    "not utf-8": [b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n', WORDS[0], DONE],
    "long": [chunk({"content": "x" * 50_000}), *WORDS * 20, DONE],
    "multi line": [
        b'data: {"choices": [{"index": 0,\ndata: "delta": {"content": "hi"}}]}\n\n',
        DONE,
    ],
    "extra usage": [*WORDS, chunk(choices=[], usage={"total_tokens": 1}), DONE],
}
KEPT = {
    "bytes": ("complete", ["ħé 🙂"]),
    "crlf": ("complete", ["w0 "]),
    "comments": ("complete", ["w0 w1 "]),
    "no done": ("complete", ["w0 w1 w2 w3 w4 w5 "]),
    "no end of line": ("complete", ["w0 "]),
    "nothing": ("complete", []),
    "empty": ("failed", ["the upstream ended in the middle"]),
    "not json": ("complete", ["w0 "]),
    "error": ("failed", ["w0 ", '{"message": "overloaded", "code": 529}']),
    "odd choices": ("complete", ["w0 "]),
    "half pairs": ("complete", ["🙂"]),
    "nul": ("complete", ["a\0b"]),
    "reasoning": ("complete", ["hmm", "w0 "]),
    "refusal": ("complete", ["I will not"]),
    "not utf-8": ("complete", ["w0 "]),
    "multi line": ("complete", ["hi"]),
}


def body(text: str = "Hello", *, stream: bool = True, **fields: Any) -> bytes:
    """A request, with spaces and escapes that a second writing would lose."""
    asked = {"model": "tiny", "messages": [{"role": "user", "content": text}], "stream": stream}
    return json.dumps({**asked, **fields}, indent=3).encode()


def streaming(pieces: list[bytes]) -> Any:
    async def script(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream; charset=utf-8", x_request_id="req_7")
        for piece in pieces:
            await out.write(piece)
            await asyncio.sleep(0)

    return script


def post(proxied: Proxied, content: bytes, **headers: str) -> httpx2.Response:
    given = {**proxied.shown, "Content-Type": "application/json"}
    return httpx2.post(
        f"{proxied.served.url}/v1/chat/completions",
        content=content,
        headers={**given, **headers},
        trust_env=False,
        timeout=HUNG_S,
    )


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_reaches_the_client_byte_for_byte(proxied: Proxied, name: str) -> None:
    """Whatever the upstream sends; what of it can be read is kept."""
    proxied.upstream.script(streaming(STREAMS[name]))
    answer = post(proxied, body())

    assert answer.content == b"".join(STREAMS[name]) == bytes(proxied.upstream.sent[0].sent)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["x-request-id"] == "req_7"
    assert len(answer.headers["x-holdfast-request-id"]) == 32
    (turn,) = proxied.turns()
    texts = [m["text"] for m in turn["messages"][1:]]
    assert turn["messages"][0]["text"] == "Hello"
    if name in KEPT:
        assert (turn["status"], texts) == KEPT[name]
    else:
        assert turn["status"] == "complete"


@pytest.mark.parametrize("size", [0, 1, 999, 100_000])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_an_answer_in_one_piece_reaches_the_client_byte_for_byte(
    proxied: Proxied, size: int, coding: str
) -> None:
    """Packed or not, with its length."""
    plain = json.dumps(completion("x" * size), indent=2).encode()
    sent = gzip.compress(plain) if coding == "gzip" else plain

    async def answering(request: Request, out: Out) -> None:
        length = str(len(sent))
        await out.head(
            content_type="application/json", content_length=length, content_encoding=coding
        )
        await out.write(sent[:10])
        await out.write(sent[10:])

    proxied.upstream.script(answering)
    with (
        httpx2.Client(trust_env=False, timeout=HUNG_S) as client,
        client.stream(
            "POST",
            f"{proxied.served.url}/v1/chat/completions",
            content=body(stream=False),
            headers=proxied.shown,
        ) as answer,
    ):
        raw = b"".join(answer.iter_raw())

    assert raw == sent
    assert answer.headers["content-length"] == str(len(sent))
    assert said(proxied.turns())[0][1][1:] == [("assistant", "text", "x" * size)]


def test_the_request_reaches_the_upstream_byte_for_byte(proxied: Proxied) -> None:
    """Its body; of its headers only what concerns the answer: no credential, cookie or name."""
    sent = body("Grüße 🙂", seed=1, metadata={"a": "b"}, stream=False)
    post(
        proxied,
        sent,
        **{
            "Cookie": "holdfast=secret",
            "X-Holdfast-Session-Id": "one",
            "X-OpenWebUI-User-Email": "eve@example.org",
            "X-Forwarded-For": "10.1.1.1",
            "OpenAI-Organization": "org-eve",
            "OpenAI-Beta": "x=1",
        },
    )

    (request,) = proxied.upstream.requests
    assert request.body == sent
    assert request.headers["authorization"] == "Bearer sk-upstream"
    assert request.headers["openai-beta"] == "x=1"
    told = {"host", "content-length", "content-type", "accept", "accept-encoding", "connection"}
    assert set(request.headers) <= told | {"authorization", "openai-beta", "user-agent"}


async def test_pieces_are_not_held_back(proxied: Proxied) -> None:
    """The client has each piece before the upstream sends the next; kept before it was asked."""
    upstream = proxied.upstream

    async def stepping(request: Request, out: Out) -> None:
        await out.gate("asked")
        await out.head(content_type="text/event-stream")
        for number, word in enumerate(WORDS):
            await out.write(word)
            await out.gate(f"read {number}")
        await out.write(DONE)

    upstream.script(stepping)
    async with proxied.served.keyed(proxied.key, **proxied.headers) as client:
        asking = client.build_request("POST", "/v1/chat/completions", content=body())
        sending = asyncio.create_task(client.send(asking, stream=True))
        while not upstream.requests:
            await asyncio.sleep(0.001)
        (heard,) = await asyncio.to_thread(proxied.sessions)
        upstream.open("asked")
        answer = await sending
        pieces = answer.aiter_raw()
        for number, word in enumerate(WORDS):
            async with asyncio.timeout(HUNG_S):
                got = await anext(pieces)
            assert got == word
            upstream.open(f"read {number}")
        await answer.aclose()

    assert said(heard["turns"]) == [("open", [("user", "text", "Hello")])]


@pytest.mark.parametrize("after", range(len(WORDS) + 1))
async def test_a_client_that_leaves_cancels_the_turn_with_what_came(
    proxied: Proxied, after: int
) -> None:
    """At each piece, and before the first: the upstream is let go of, nothing is lost."""
    upstream = proxied.upstream

    async def stepping(request: Request, out: Out) -> None:
        if after:
            await out.head(content_type="text/event-stream")
        for word in WORDS[:after]:
            await out.write(word)
        await out.gate("never")

    upstream.script(stepping)
    async with proxied.served.keyed(proxied.key, **proxied.headers) as client:
        asking = client.build_request("POST", "/v1/chat/completions", content=body())
        if not after:
            sending = asyncio.create_task(client.send(asking, stream=True))
            while not upstream.requests:
                await asyncio.sleep(0.001)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        else:
            answer = await client.send(asking, stream=True)
            got, pieces = b"", answer.aiter_raw()
            while got != b"".join(WORDS[:after]):
                got += await anext(pieces)
            await answer.aclose()
    turns = await asyncio.to_thread(proxied.turns)

    expected = [("user", "text", "Hello")]
    if after:
        expected.append(("assistant", "text", "".join(f"w{n} " for n in range(after))))
    assert said(turns) == [("cancelled", expected)]
    assert len(upstream.cut) == 1


def test_an_upstream_that_breaks_off_is_a_cut_for_the_client_too(proxied: Proxied) -> None:
    """The client sees no proper end; the turn failed, with what came."""

    async def cutting(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream", content_length="5000")
        await out.write(WORDS[0])

    proxied.upstream.script(cutting)
    with pytest.raises(httpx2.RemoteProtocolError):
        post(proxied, body())

    (turn,) = proxied.turns()
    assert [m["text"] for m in turn["messages"][:2]] == ["Hello", "w0 "]
    assert (turn["status"], turn["messages"][2]["error_code"]) == ("failed", "upstream_cut")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_promise_01_heard_first_a_stream_that_the_server_leaves_loses_a_second_at_most(
    upstream: Upstream, tmp_path: Any, how: signal.Signals
) -> None:
    """What came a second before the end is there after it: text and the arguments of a call."""
    served = Served(tmp_path, proxy_base_url=upstream.url).start(child=False)
    try:
        proxied = Proxied(served, upstream)

        async def slow(request: Request, out: Out) -> None:
            await out.head(content_type="text/event-stream")
            await out.write(WORDS[0] + WORDS[1])
            call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"ci'}}
            await out.chunk({"tool_calls": [call]})
            await out.gate("never")

        upstream.script(slow)
        async with proxied.served.keyed(proxied.key, **proxied.headers) as client:
            asking = client.build_request("POST", "/v1/chat/completions", content=body())
            answer = await client.send(asking, stream=True)
            pieces = answer.aiter_raw()
            got = b""
            while b"ci" not in got:
                got += await anext(pieces)
            # No synchronisation but the promise itself: what is a second old survives a kill.
            await asyncio.sleep(1)
            await asyncio.to_thread(served.kill, how)
            if how is signal.SIGKILL:
                with pytest.raises(httpx2.HTTPError):
                    await anext(pieces)
            else:
                # A server that leaves in order says so: an error, and no end of the answer.
                rest = b"".join([piece async for piece in pieces])
                assert b'"error"' in rest
                assert b"[DONE]" not in rest
        served.start(child=False)
        (turn,) = proxied.turns()
        log = served.log
    finally:
        if served.process is not None:
            served.kill()

    assert turn["status"] == "interrupted"
    assert [m["text"] for m in turn["messages"]] == ["Hello", "w0 w1 ", ""]
    assert turn["messages"][2]["tool"]["arguments"] == '{"ci'
    assert "Traceback" not in log
