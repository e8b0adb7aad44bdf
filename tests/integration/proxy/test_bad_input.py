"""Whatever arrives under /v1: one error in OpenAI's shape and ours, nothing sent on, no crash."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from integration.server.conftest import HUNG_S

from .conftest import Proxied

SAID = [{"role": "user", "content": "Hello"}]
DEEP = b'{"model": "m", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
DEEP_INSIDE = (
    b'{"model": "m", "messages": [{"role": "user", "content": '
    + b'[{"a":' * 900
    + b"1"
    + b"}]" * 900
    + b"}]}"
)


def post(proxied: Proxied, content: bytes, **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{proxied.served.url}/v1/chat/completions",
        content=content,
        headers={**proxied.shown, **headers},
        trust_env=False,
        timeout=HUNG_S,
    )


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": SAID, **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"model": "m"}',
        body(messages=[]),
        body(messages={}),
        body(messages=["hi"]),
        body(messages=[{"content": "hi"}]),
        body(messages=[{"role": 7, "content": "hi"}]),
        body(model=None),
        body(model=" "),
        body(messages=[{"role": "user", "content": [{"type": "text", "text": "x"}] * 10_001}]),
        DEEP,
    ],
    ids=range(15),
)
def test_what_is_no_request_is_refused_and_not_sent_on(proxied: Proxied, content: bytes) -> None:
    """400 with the one error object; the upstream is not asked."""
    answer = post(proxied, content)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert set(error) == {"code", "message", "request_id", "type", "param"}
    assert (error["code"], error["type"]) == ("invalid_input", "invalid_request_error")
    assert proxied.upstream.requests == []
    assert proxied.sessions() == []


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": None},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]},
        {"role": "user", "content": [{"type": "new", "new": {}}, 7, None]},
        {"role": "user", "content": "\ud800 alone"},
        {"role": "user", "content": "a\0b"},
        {"role": "oracle", "content": "what is to come"},
        {"role": "function", "name": "f", "content": "old"},
        {"role": "tool", "content": "of no call"},
        {"role": "assistant", "content": "begin with", "tool_calls": [7, {"id": 3}]},
        {"role": "user", "content": "x", "name": "n" * 5000},
    ],
    ids=range(11),
)
def test_what_may_be_said_in_ways_unknown_here_is_passed_on_and_kept(
    proxied: Proxied, message: dict[str, Any]
) -> None:
    """The upstream judges it. It is one message, also when it is sent again."""
    sent = body(messages=[message])
    assert post(proxied, sent).status_code == 200
    assert post(proxied, sent).status_code == 200

    assert [request.body for request in proxied.upstream.requests] == [sent, sent]
    turns = proxied.turns()
    assert [t["status"] for t in turns] == ["complete", "complete"]
    assert [len(t["messages"]) for t in turns] == [2, 1]


def test_a_message_nested_deeply_harms_nobody(proxied: Proxied) -> None:
    """It is passed on, or refused; the server goes on."""
    assert post(proxied, DEEP_INSIDE).status_code in (200, 400)
    assert post(proxied, body()).status_code == 200


def test_a_body_over_the_limit_is_refused(proxied: Proxied) -> None:
    """413, also when its length is not told in advance."""

    def pieces() -> Any:
        for _ in range(65):
            yield b" " * (1 << 20)

    url = f"{proxied.served.url}/v1/chat/completions"
    told = httpx2.post(
        url, content=b" " * (65 << 20), headers=proxied.shown, trust_env=False, timeout=HUNG_S
    )
    try:
        untold = httpx2.post(
            url, content=pieces(), headers=proxied.shown, trust_env=False, timeout=HUNG_S
        ).status_code
    except httpx2.HTTPError:  # it may hang up on a client that goes on sending
        untold = 413

    assert (told.status_code, untold) == (413, 413)
    assert proxied.upstream.requests == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/chat/completions/123", 404),
        ("GET", "/v1/models/../secrets", 404),
        ("GET", "/v1/models/a/%2e%2e/b", 404),
    ],
)
def test_other_paths_answer_in_the_same_shape(
    proxied: Proxied, method: str, path: str, status: int
) -> None:
    """No path leads the upstream elsewhere."""
    answer = httpx2.request(
        method,
        f"{proxied.served.url}{path}",
        headers=proxied.shown,
        trust_env=False,
        timeout=HUNG_S,
    )

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "request_id", "type", "param"}
    assert proxied.upstream.requests == []


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_idempotency_key_that_is_none_is_refused(proxied: Proxied, key: str) -> None:
    """Before anything is recorded."""
    answer = post(proxied, body(), **{"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert proxied.sessions() == []


def test_nothing_of_it_is_in_the_log(proxied: Proxied) -> None:
    """Not what was said, what was answered, who said it, a key, nor what the upstream said."""
    canary = "cormorant-canary"
    sent = body(messages=[{"role": "user", "content": canary}], user=canary)
    post(proxied, sent, **{"X-Session-Id": canary})
    post(proxied, sent[:-1])

    log = proxied.served.log
    assert canary not in log
    assert proxied.name not in log
    assert proxied.key not in log
    assert "sk-upstream" not in log
    assert "/v1/chat/completions" in log
    assert "req_1" not in log
    assert proxied.upstream.url not in log
