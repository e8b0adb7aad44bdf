"""Whose words they are, and of which conversation: the credential first, headers only refine it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from integration.server.conftest import HUNG_S, Served

from .conftest import Proxied
from .upstream import Out, Request, Upstream, completion


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def ask(proxied: Proxied, *texts: str, body: Any = None, **headers: str) -> None:
    """One request whose history the headers name."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    messages = [user(text) for text in texts]
    proxied.sdk().chat.completions.create(
        model="tiny",
        messages=messages,  # type: ignore[arg-type]
        extra_headers=given,
        extra_body=body,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"x_holdfast_session_id": "trip"}, {"x_holdfast_session_id": "home"}),
        ({"x_litellm_session_id": "s-1"}, {"x_litellm_session_id": "s-2"}),
        ({"helicone_session_id": "a b"}, {"helicone_session_id": "c d"}),
        ({"x_sm_conversation_id": "1"}, {"x_sm_conversation_id": "2"}),
        ({"x_openwebui_chat_id": "u1"}, {"x_openwebui_chat_id": "u2"}),
        ({"x_claude_code_session_id": "abcdefgh1"}, {"x_claude_code_session_id": "abcdefgh2"}),
        ({"body": {"litellm_session_id": "b1"}}, {"body": {"litellm_session_id": "b2"}}),
        (
            {"body": {"metadata": {"session_id": "m1"}}},
            {"body": {"metadata": {"session_id": "m2"}}},
        ),
    ],
)
def test_clients_name_their_sessions_in_their_own_ways(
    proxied: Proxied, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """The same name is the same session, another one is another; none of them is inferred."""
    ask(proxied, "one", **first)
    ask(proxied, "two", **second)
    ask(proxied, "three", **first)

    found = proxied.ended()
    texts = sorted(
        [m["text"] for t in s["turns"] for m in t["messages"] if m["role"] == "user"] for s in found
    )
    assert texts == [["one", "three"], ["two"]]
    assert all(s["tags"] == [] for s in found)


def test_a_session_of_ones_own_is_continued_by_its_id(proxied: Proxied) -> None:
    """And what somebody else's is called is only a name: a session of one's own comes of it."""
    ask(proxied, "mine")
    (session,) = proxied.sessions()
    other = proxied.other()
    ask(other, "theirs", x_holdfast_session_id=session["id"])
    ask(proxied, "mine again", x_holdfast_session_id=session["id"])

    assert proxied.sessions()[0]["id"] == session["id"]
    assert [t["messages"][0]["text"] for t in proxied.turns()] == ["mine", "mine again"]
    assert other.sessions()[0]["id"] != session["id"]
    assert [t["messages"][0]["text"] for t in other.turns()] == ["theirs"]


def test_two_people_with_the_same_session_name_share_nothing(proxied: Proxied) -> None:
    """A name is looked up in the vault of whoever asks."""
    other = proxied.other()
    for number in range(3):
        ask(proxied, f"ada {number}", x_session_id="same")
        ask(other, f"ben {number}", x_session_id="same")

    mine = [t["messages"][0]["text"] for t in proxied.turns()]
    theirs = [t["messages"][0]["text"] for t in other.turns()]
    assert mine == ["ada 0", "ada 1", "ada 2"]
    assert theirs == ["ben 0", "ben 1", "ben 2"]


@pytest.mark.parametrize(
    "header",
    [
        "x-litellm-customer-id",
        "x-litellm-end-user-id",
        "Helicone-User-Id",
        "x-sm-user-id",
        "X-OpenWebUI-User-Id",
        "X-OpenWebUI-User-Email",
    ],
)
def test_promise_07_yours_alone_a_header_names_a_user_only_for_keys_that_act_for_them(
    proxied: Proxied, header: str
) -> None:
    """A key that acts for users is believed; any other speaks for its own user alone."""
    named = f"{proxied.name}-{header}"
    plain = proxied.served.key(f"plain-{named}")
    for key in (proxied.key, plain):
        answer = httpx2.post(
            f"{proxied.served.url}/v1/chat/completions",
            json={"model": "tiny", "messages": [user("Hello")], "user": "eve"},
            headers={"Authorization": f"Bearer {key}", header: named},
            trust_env=False,
        )
        assert answer.status_code == 200

    theirs = proxied.other()
    theirs.headers = {"X-Holdfast-User-Id": named}
    own = proxied.other(plain)
    own.headers = {}
    assert len(theirs.turns()) == len(own.turns()) == 1


def test_a_key_without_the_scope_to_write_is_refused(proxied: Proxied) -> None:
    """Before anything is recorded or asked; so is a request without a key."""
    reading = proxied.served.key("reader", "--scope", "memory:read")
    asked = {"model": "tiny", "messages": [user("Hello")]}
    url = f"{proxied.served.url}/v1/chat/completions"
    refused = httpx2.post(
        url,
        json=asked,
        headers={"Authorization": f"Bearer {reading}"},
        trust_env=False,
        timeout=HUNG_S,
    )
    unknown = httpx2.post(url, json=asked, trust_env=False, timeout=HUNG_S)

    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")
    assert unknown.status_code == 401
    assert proxied.upstream.requests == []


def test_what_is_remembered_is_added_for_keys_that_ask_for_it(
    upstream: Upstream, tmp_path: Any
) -> None:
    """As fenced data before the question, within its budget; never recorded, never by default."""
    served = Served(tmp_path, proxy_base_url=upstream.url, context_tokens="300").start(child=False)
    try:
        injecting = Proxied(served, upstream, served.key("ada", "--inject-context"))
        plain = Proxied(served, upstream, served.key("ada"))
        injecting.headers = plain.headers = {}
        upstream.script()
        ask(plain, "My favourite colour is blue", x_session_id="monday")
        ask(plain, "What is my favourite colour?", x_session_id="tuesday")
        ask(injecting, "What is my favourite colour?", x_session_id="friday")
        _, by_default, told = [request.json["messages"] for request in upstream.requests]
        everything = json.dumps(plain.sessions())
        injecting.close()
        plain.close()
    finally:
        served.kill()

    assert by_default == [user("What is my favourite colour?")]
    assert [m["role"] for m in told] == ["system", "user"]
    assert "My favourite colour is blue" in told[0]["content"]
    assert "<recalled" in told[0]["content"]
    assert len(told[0]["content"]) <= 300 * 3
    assert "<recalled" not in everything


def test_what_one_key_was_answered_is_not_told_again_to_another(proxied: Proxied) -> None:
    """One that only records says that it tries again what another one was answered, which quotes
    what is remembered: it is answered anew; who was answered is told the same again."""

    async def recalls(request: Request, out: Out) -> None:
        await out.head(content_type="application/json")
        await out.write(json.dumps(completion("a quagga")).encode())

    asked = {"model": "tiny", "messages": [user("What do I keep?")]}
    url, again = f"{proxied.served.url}/v1/chat/completions", {"x-stainless-retry-count": "1"}
    reads, records = (
        {"Authorization": f"Bearer {proxied.served.key(proxied.name, *options)}"}
        for options in ((), ("--scope", "memory:write"))
    )
    proxied.upstream.script(recalls)
    answers = [
        httpx2.post(url, json=asked, headers=headers, trust_env=False, timeout=HUNG_S).text
        for headers in (reads, {**records, **again}, {**reads, **again})
    ]

    assert ["quagga" in answer for answer in answers] == [True, False, True]


async def test_a_follow_up_that_overtakes_the_recording_finds_the_answer(proxied: Proxied) -> None:
    """A client asks on as soon as it has read the last word, while its connection still stands."""

    async def lingering(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream")
        await out.chunk({"content": "first"})
        await out.chunk(finish="stop")
        await out.write(b"data: [DONE]\n\n")
        await out.gate("end")

    async def second(request: Request, out: Out) -> None:
        await out.head(content_type="application/json")
        await out.write(json.dumps(completion("second")).encode())

    proxied.upstream.script(lingering, second)
    async with proxied.async_sdk() as sdk:
        stream = await sdk.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
        )
        said = ""
        async for piece in stream:
            said += piece.choices[0].delta.content or ""
        await sdk.chat.completions.create(
            model="tiny",
            messages=[
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": said},
                {"role": "user", "content": "And now?"},
            ],
        )
    proxied.upstream.open("end")

    turns = proxied.turns()
    assert [t["status"] for t in turns] == ["complete", "complete"]
    assert [m["text"] for t in turns for m in t["messages"]] == [
        "Hello",
        "first",
        "And now?",
        "second",
    ]


async def test_a_revoked_key_ends_its_streams(proxied: Proxied) -> None:
    """Within seconds, also while the upstream says nothing; what came is kept."""

    async def endless(request: Request, out: Out) -> None:
        await out.head(content_type="text/event-stream")
        await out.chunk({"content": "half"})
        await out.gate("never")

    proxied.upstream.script(endless)
    made = proxied.served.command(
        "tokens", "create", "--user", proxied.name, "--json", "--name", "short"
    )
    token = json.loads(made)
    asked = {"model": "tiny", "stream": True, "messages": [user("Hello")]}
    async with proxied.served.keyed(token["secret"]) as client:
        request = client.build_request("POST", "/v1/chat/completions", json=asked)
        answer = await client.send(request, stream=True)
        pieces = answer.aiter_raw()
        await anext(pieces)
        proxied.served.command("tokens", "revoke", token["token"]["id"])
        rest = b"".join([piece async for piece in pieces])

    assert b'"error"' in rest
    assert b"[DONE]" not in rest
    (turn,) = proxied.turns()
    assert turn["status"] == "cancelled"
    assert [m["text"] for m in turn["messages"]] == ["Hello", "half"]
