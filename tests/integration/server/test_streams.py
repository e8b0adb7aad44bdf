"""Saying something over HTTP: JSON, streams, lost connections, cancelling, kill -9."""

# ruff: noqa: N815  # the protocol's own names

from __future__ import annotations

import asyncio
import base64
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from .conftest import HUNG_S, Served

BLUE = "Remember, my favourite colour is blue"
NEW = "/api/conversations/current_user/new/turns"
STREAM = {"Accept": "text/event-stream"}


class Chunk(BaseModel):
    """A chunk as versions 6 and 7 of the npm package `ai` both read it; no further field is ours
    to send."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Start(Chunk):
    type: Literal["start"]
    messageId: str
    messageMetadata: dict[str, Any]


class Bare(Chunk):
    type: Literal["start-step", "finish-step"]


class PartEdge(Chunk):
    type: Literal["text-start", "text-end", "reasoning-start", "reasoning-end"]
    id: str


class Piece(Chunk):
    type: Literal["text-delta", "reasoning-delta"]
    id: str
    delta: str


class ToolInput(Chunk):
    type: Literal["tool-input-available"]
    toolCallId: str
    toolName: str
    input: Any
    dynamic: Literal[True]


class ToolOutput(Chunk):
    type: Literal["tool-output-available"]
    toolCallId: str
    output: Any
    dynamic: Literal[True]


class ToolError(Chunk):
    type: Literal["tool-output-error"]
    toolCallId: str
    errorText: str
    dynamic: Literal[True]


class Data(Chunk):
    type: Literal["data-recalled", "data-transcribed", "data-fell-back"]
    id: str
    data: dict[str, Any]


class Metadata(Chunk):
    type: Literal["message-metadata"]
    messageMetadata: dict[str, Any]


class Error(Chunk):
    type: Literal["error"]
    errorText: str


class Abort(Chunk):
    type: Literal["abort"]
    reason: str


class Finish(Chunk):
    type: Literal["finish"]
    finishReason: Literal["stop", "length", "content-filter", "tool-calls", "error", "other"]
    messageMetadata: dict[str, Any] = {}


CHUNKS: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        Start
        | Bare
        | PartEdge
        | Piece
        | ToolInput
        | ToolOutput
        | ToolError
        | Data
        | Metadata
        | Error
        | Abort
        | Finish,
        Field(discriminator="type"),
    ]
)


class Heard:
    """What a client got of a stream."""

    def __init__(self) -> None:
        self.chunks: list[dict[str, Any]] = []
        self.ids: list[int] = []
        self.done = False

    def take(self, line: str) -> None:
        """Take a line, strictly."""
        if line.startswith("id: "):
            self.ids.append(int(line.removeprefix("id: ")))
        elif line == "data: [DONE]":
            self.done = True
        elif line.startswith("data: "):
            assert not self.done
            chunk = json.loads(line.removeprefix("data: "))
            CHUNKS.validate_python(chunk)
            self.chunks.append(chunk)
        else:
            assert line in ("", ": keep-alive")

    @property
    def types(self) -> list[str]:
        return [chunk["type"] for chunk in self.chunks]

    @property
    def text(self) -> str:
        return "".join(c["delta"] for c in self.chunks if c["type"] == "text-delta")


class Lines:
    """A stream that may be read in several goes."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.rest = answer.aiter_lines()


async def heard(answer: httpx2.Response | Lines, *, chunks: int | None = None) -> Heard:
    """A stream to its end, or its next so many chunks."""
    found = Heard()
    lines = answer if isinstance(answer, Lines) else Lines(answer)
    async with asyncio.timeout(HUNG_S):
        async for line in lines.rest:
            found.take(line)
            if chunks is not None and len(found.chunks) >= chunks:
                break
    return found


@asynccontextmanager
async def saying(
    client: httpx2.AsyncClient, path: str, text: str, **headers: str
) -> AsyncIterator[Lines]:
    """A stream that has begun."""
    shown = {**STREAM, **headers}
    async with client.stream("POST", path, json={"text": text}, headers=shown) as answer:
        assert answer.status_code == 200
        yield Lines(answer)


async def begun(client: httpx2.AsyncClient, text: str = BLUE) -> str:
    """The path of a new conversation in which something was said."""
    answer = (await client.post(NEW, json={"text": text})).json()
    return f"/api/conversations/current_user/{answer['session_id']}"


async def said_in_all(client: httpx2.AsyncClient) -> list[str]:
    """The ids of the conversations in which something was said."""
    listed = (await client.get("/api/conversations/current_user")).json()["sessions"]
    return [session["id"] for session in listed if session["message_count"]]


async def turns_in(client: httpx2.AsyncClient, path: str) -> list[tuple[str, list[str]]]:
    """Status and texts of each turn."""
    found = (await client.get(path)).json()["session"]["turns"]
    return [(turn["status"], [message["text"] for message in turn["messages"]]) for turn in found]


def page(text: str, message_id: str, **more: object) -> dict[str, object]:
    """What a chat page's transport sends."""
    message = {"id": message_id, "role": "user", "parts": [{"type": "text", "text": text}]}
    request = {"id": "chat", "trigger": "submit-message", "messages": [message], "mine": 1}
    return {**request, **more}


async def test_a_turn_is_answered_as_json(standing: Served) -> None:
    """With its status and all its messages, in a session that was begun for it."""
    async with standing.client() as client:
        said = await client.post(NEW, json={"text": BLUE, "intent": "tell"})
        answer = said.json()
        listed = (
            await client.get(f"/api/conversations/current_user/{answer['session_id']}")
        ).json()

    turn = answer["turn"]
    assert (turn["status"], turn["intent"]) == ("complete", "tell")
    assert [(m["role"], m["text"]) for m in turn["messages"]] == [
        ("user", BLUE),
        ("assistant", f'Kept: "{BLUE}"'),
    ]
    assert (answer["error"], answer["replayed"]) == (None, False)
    assert "idempotency-replayed" not in said.headers
    assert listed["session"]["turns"][0]["id"] == turn["id"]


async def test_a_failed_turn_is_a_success_of_the_request(standing: Served) -> None:
    """What was said is recorded, so nobody should send it again without thinking."""
    async with standing.client() as client:
        answer = await client.post(NEW, json={"text": "break, my canary-4711"})

    found = answer.json()
    assert (answer.status_code, found["turn"]["status"]) == (200, "failed")
    assert (found["error"]["code"], "canary" in found["error"]["message"]) == ("error", False)
    assert found["turn"]["messages"][0]["text"] == "break, my canary-4711"


async def test_promise_04_once_a_turn_with_a_key_is_made_once(standing: Served) -> None:
    """Six at the same moment, with their new session: one of each. Other words are refused."""
    async with standing.client() as client:
        key = {"Idempotency-Key": "once-and-for-all"}
        same = await asyncio.gather(
            *(client.post(NEW, json={"text": BLUE}, headers=key) for _ in range(6))
        )
        answers = [answer for answer in same if answer.status_code == 200]
        again = await client.post(NEW, json={"text": BLUE}, headers=key)
        other = await client.post(NEW, json={"text": "another"}, headers=key)
        stream = await client.post(NEW, json={"text": BLUE}, headers={**key, **STREAM})
        path = f"/api/conversations/current_user/{again.json()['session_id']}"
        turns = await turns_in(client, path)

    assert {answer.status_code for answer in same} <= {200, 409}
    assert {answer.json()["turn"]["id"] for answer in [*answers, again]} == {
        again.json()["turn"]["id"]
    }
    assert again.json()["replayed"]
    assert again.headers["idempotency-replayed"] == "true"
    assert stream.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["error"]["code"]) == (400, "invalid_input")
    assert (await heard(stream)).text == f'Kept: "{BLUE}"'
    assert turns == [("complete", [BLUE, f'Kept: "{BLUE}"'])]


async def test_every_event_is_a_chunk_that_both_versions_know(standing: Served) -> None:
    """In the order of the protocol, each part opened and closed, the end told once."""
    async with standing.client() as client:
        path = await begun(client)
        standing.let_go("chunks")
        answer = await client.post(f"{path}/turns", json={"text": "every chunks"}, headers=STREAM)
        found = await heard(answer)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store"
    assert found.types == [
        "start",
        "start-step",
        "data-recalled",
        "reasoning-start",
        "reasoning-delta",
        "reasoning-end",
        "tool-input-available",
        "tool-output-available",
        "tool-input-available",
        "tool-output-error",
        "text-start",
        "text-delta",
        "text-delta",
        "text-end",
        "finish-step",
        "finish",
    ]
    assert (found.text, found.done) == ("one two", True)
    assert found.chunks[-1]["messageMetadata"]["status"] == "complete"
    assert found.ids == [found.ids[0] + n for n in range(len(found.ids))]


async def test_a_failure_is_told_in_the_stream(standing: Served) -> None:
    """As an error chunk with its code, without a word of what was said."""
    async with standing.client() as client:
        path = await begun(client)
        answer = await client.post(f"{path}/turns", json={"text": "break canary"}, headers=STREAM)
        found = await heard(answer)

    assert found.types[-4:] == ["message-metadata", "error", "finish-step", "finish"]
    assert found.chunks[-3]["errorText"].startswith("error: ")
    assert "canary" not in json.dumps(found.chunks[3:])


async def test_what_is_refused_before_it_begins_is_an_error_and_no_stream(
    standing: Served,
) -> None:
    """With its status, in the one shape, whatever was asked for."""
    async with standing.client() as client:
        path = await begun(client)
        gone = "/api/conversations/current_user/01a1f7ac-34a2-7720-a02d-af57c429c4be/turns"
        answers = [
            await client.post(f"{path}/turns", json={"text": " "}, headers=STREAM),
            await client.post(f"{path}/turns", json={"answers": "nonsense"}, headers=STREAM),
            await client.post(gone, json={"text": "hello"}, headers=STREAM),
            await client.get(f"{path.removesuffix(path[-4:])}0000/stream"),
        ]

    assert [answer.status_code for answer in answers] == [400, 404, 404, 404]
    assert all(
        set(answer.json()["error"]) == {"code", "message", "request_id"} for answer in answers
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": 4711},
        {"text": "canary-4711", "extra": 1},
        {"text": "canary-4711", "client_key": ""},
        {"text": "canary-4711", "tags": "canary-4711"},
        {"text": "canary-4711", "answers": "01a1f7ac-34a2-7720-a02d-af57c429c4be"},
        {"audio": {"data": "canary-4711", "media_type": "audio/wav"}},
        {"audio": {"data": "", "media_type": "audio/wav"}},
        {"messages": "canary-4711"},
        {"messages": []},
        {"messages": [{"id": "m", "role": "assistant", "parts": []}]},
        {"messages": [{"id": "m", "role": "user", "parts": []}]},
        {"messages": [{"id": "m", "role": "user", "parts": ["canary-4711"]}]},
        {"messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": 4711}]}]},
        page("canary-4711", "m", trigger="canary-4711"),
        page("canary-4711", "m", trigger="regenerate-message", messageId="canary-4711"),
        page("canary-4711", "m", messageId="canary-4711"),
        [],
        "canary-4711",
    ],
    ids=lambda body: json.dumps(body)[:40],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_recorded(
    standing: Served, body: object
) -> None:
    """With a stable code and without the value, for JSON and for a stream."""
    async with standing.client() as client:
        path = await begun(client)
        before = await turns_in(client, path)
        answers = [
            await client.post(f"{path}/turns", json=body, headers=headers)
            for headers in (STREAM, {"Accept": "application/json"})
        ]
        after = await turns_in(client, path)

    assert {answer.status_code for answer in answers} <= {400, 404}
    assert "canary" not in "".join(answer.text for answer in answers) + standing.log
    assert after == before


@pytest.mark.parametrize(
    "body",
    [
        {"text": " "},
        {"text": "hello", "tags": ["x" * 2000]},
        {"text": "hello", "intent": "x" * 2000},
        {"text": "hello", "client_key": ""},
        {"text": "x" * 17_000_000},
        {"text": "hello", "edits": "01a1f7ac-34a2-7720-a02d-af57c429c4be"},
        {"answers": "01a1f7ac-34a2-7720-a02d-af57c429c4be"},
        {"audio": {"data": "no base64", "media_type": "audio/wav"}},
        {"audio": {"data": "AAAA", "media_type": "x" * 2000}},
        {"messages": [{"id": "m", "role": "user", "parts": []}]},
        page("hello", "m", trigger="regenerate-message"),
    ],
    ids=lambda body: json.dumps(body)[:40],
)
async def test_what_is_refused_begins_no_session(standing: Served, body: object) -> None:
    """An error means that nothing was recorded, not even a session without a message."""
    async with standing.client() as client:
        before = (await client.get("/api/profile")).json()["conversation_count"]
        answer = await client.post(NEW, json=body, headers={"Accept": "application/json"})
        after = (await client.get("/api/profile")).json()["conversation_count"]

    assert answer.status_code in (400, 404, 413)
    assert after == before


async def test_a_mistake_is_placed_by_the_names_that_a_client_sends(standing: Served) -> None:
    """How the server tells its two kinds of body apart is no part of the place."""
    async with standing.client() as client:
        answers = [
            await client.post(NEW, json={"text": 5}),
            await client.post(NEW, json={"messages": "hello"}),
        ]

    told = [answer.json()["error"]["message"] for answer in answers]
    assert ["body.text", "body.messages"] == [message.partition(":")[0] for message in told]


async def test_no_address_in_a_message_is_called(standing: Served) -> None:
    """A file by its address is refused; speech that is in the message is kept."""
    files = ["http://127.0.0.1:9/x.wav", "file:///etc/passwd", "data:text/html;base64,PGI+"]
    async with standing.client() as client:
        path = await begun(client)
        refused = [
            await client.post(
                f"{path}/turns",
                json={
                    "messages": [
                        {"id": "f", "role": "user", "parts": [{"type": "file", "url": url}]}
                    ]
                },
            )
            for url in files
        ]
        spoken = {
            "type": "file",
            "mediaType": "audio/wav",
            "url": "data:audio/wav;base64," + base64.b64encode(b"RIFF no more").decode(),
        }
        message = {"id": "speech", "role": "user", "parts": [spoken]}
        answer = await client.post(
            f"{path}/turns", json={"messages": [message]}, headers={"Accept": "application/json"}
        )

    assert {a.status_code for a in refused} == {400}
    kept = answer.json()["turn"]["messages"][0]
    assert (kept["kind"], kept["file"]["size"]) == ("audio", 12)
    assert answer.json()["turn"]["status"] == "failed"


async def test_a_chat_page_asks_again_and_edits(standing: Served) -> None:
    """As the SDK's transport does it: its own ids, the turn's id as the answer's, one turn for a
    request that is sent twice, and branches beside what was said before."""
    async with standing.client() as client:
        path = await begun(client)
        url = f"{path}/turns"
        asked = await heard(await client.post(url, json=page("What is my colour?", "page-1")))
        resent = await heard(await client.post(url, json=page("What is my colour?", "page-1")))
        anew = page("x", "page-1", trigger="regenerate-message")
        by_user = await heard(await client.post(url, json=anew))
        answer_id = by_user.chunks[0]["messageId"]
        by_answer = await heard(await client.post(url, json={**anew, "messageId": answer_id}))
        edit = page("What is my favourite colour?", "page-1", messageId="page-1")
        edited = await heard(await client.post(url, json=edit))
        edited_again = await heard(await client.post(url, json=edit))
        found = (await client.get(path)).json()["session"]["turns"]

    assert all(h.done for h in (asked, resent, by_user, by_answer, edited, edited_again))
    assert resent.chunks[0]["messageMetadata"]["replayed"]
    assert asked.chunks[0]["messageId"] == resent.chunks[0]["messageId"]
    assert edited.chunks[0]["messageId"] == edited_again.chunks[0]["messageId"]
    assert [len(turn["messages"]) for turn in found] == [2, 2, 1, 1, 2]
    first, again, once_more, other = (turn["messages"] for turn in found[1:])
    assert {m[0]["parent_id"] for m in (again, once_more)} == {first[0]["id"]}
    assert other[0]["parent_id"] == first[0]["parent_id"]


@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
async def test_promise_02_every_path_a_client_that_leaves_does_not_stop_the_recording(
    standing: Served, chunks: int
) -> None:
    """After each chunk of a stream, the turn goes on and is complete."""
    async with standing.client() as client:
        path = await begun(client)
        text = f"every leave-{chunks}"
        async with saying(client, f"{path}/turns", text) as answer:
            if chunks:
                await heard(answer, chunks=chunks)
    standing.let_go(f"leave-{chunks}")
    async with standing.client() as client:
        resumed = await client.get(f"{path}/stream")
        if resumed.status_code == 200:
            assert (await heard(resumed)).text == "one two"
        [_, (status, texts)] = await turns_in(client, path)

    assert (status, texts[0], texts[-1]) == ("complete", text, "one two")


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_trouble(
    standing: Served,
) -> None:
    """Half a body says nothing; a whole one is said although nobody waits for the answer."""
    async with standing.client() as client:
        path = await begun(client)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    body = json.dumps({"text": "I left"}).encode()
    head = (
        f"POST {path}/turns HTTP/1.1\r\nHost: {standing.url.removeprefix('http://')}\r\n"
        f"Cookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for sent in (body[:8], body):
        _, writer = await asyncio.open_connection("127.0.0.1", int(standing.url.rpartition(":")[2]))
        writer.write(head.encode() + sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with standing.client() as client, asyncio.timeout(HUNG_S):
        while len(turns := await turns_in(client, path)) < 2 or turns[1][0] == "open":
            await asyncio.sleep(0.05)

    assert turns[1:] == [("complete", ["I left", 'Kept: "I left"'])]


async def test_a_lost_stream_is_taken_up_where_it_was_left(standing: Served) -> None:
    """From the beginning, or after the event that Last-Event-ID names: what was missed comes once
    and in order, whether the turn still runs or has ended. Otherwise there is nothing."""
    async with standing.client() as client:
        path = await begun(client)
        idle = await client.get(f"{path}/stream")
        async with saying(client, f"{path}/turns", "every resumed") as answer:
            lost = await heard(answer, chunks=8)
            listening = [asyncio.Event() for _ in range(3)]
            whole_of = asyncio.create_task(heard_at(standing, f"{path}/stream", listening[0]))
            of_chat = asyncio.create_task(
                heard_at(standing, f"{path}/turns/chat/stream", listening[1])
            )
            after = {"Last-Event-ID": str(lost.ids[-1])}
            rest_of = asyncio.create_task(
                heard_at(standing, f"{path}/stream", listening[2], **after)
            )
            # Each listens before the turn may end: after that there would be nothing for it.
            await asyncio.gather(*(event.wait() for event in listening))
        standing.let_go("resumed")
        whole, rest = await whole_of, await rest_of
        assert (await of_chat).chunks == whole.chunks
        tail = await heard_at(standing, f"{path}/stream", **{"Last-Event-ID": str(whole.ids[-3])})
        ended = await client.get(f"{path}/stream", headers={"Last-Event-ID": str(whole.ids[-1])})
        unknown = await client.get(f"{path}/stream", headers={"Last-Event-ID": "17"})

    assert (idle.status_code, ended.status_code, unknown.status_code) == (204, 204, 204)
    assert (whole.text, whole.done, rest.done) == ("one two", True, True)
    last = lost.ids[-1]
    assert rest.ids == [seq for seq in whole.ids if seq > last]
    assert rest.chunks == whole.chunks[-len(rest.chunks) :]
    assert tail.ids == whole.ids[-2:]
    assert tail.chunks == whole.chunks[-len(tail.chunks) :]


async def heard_at(
    served: Served, path: str, listening: asyncio.Event | None = None, **headers: str
) -> Heard:
    """The whole stream of a path; `listening` is set when it has begun, or was refused."""
    async with served.client() as client, client.stream("GET", path, headers=headers) as answer:
        if listening is not None:
            listening.set()
        assert answer.status_code == 200
        return await heard(answer)


async def test_promise_03_ended_a_turn_is_cancelled_over_http(standing: Served) -> None:
    """One by its id or all that wait; the stream ends with an abort, what came is kept."""
    async with standing.client() as client, standing.client() as other:
        path = await begun(client)
        async with saying(client, f"{path}/turns", "slow cancelled") as answer:
            first = await heard(answer, chunks=1)
            waiting = asyncio.create_task(
                other.post(f"{path}/turns", json={"text": "I wait behind it"})
            )
            wrong = await client.post(f"{path}/cancel", json={"turn_id": "another"})
            named = {"turn_id": first.chunks[0]["messageId"]}
            one = await client.post(f"{path}/cancel", json=named)
            rest = await heard(answer)
        answered = await waiting
        none = await client.post(f"{path}/cancel")
        turns = await turns_in(client, path)

    assert [a.json()["cancelled"] for a in (wrong, one, none)] == [0, 1, 0]
    assert rest.types[-2:] == ["message-metadata", "abort"]
    assert (rest.chunks[-1]["reason"], rest.done) == ("cancelled", True)
    assert answered.json()["turn"]["status"] == "complete"
    assert turns[1][0] == "cancelled"
    assert turns[1][1][0] == "slow cancelled"


async def test_promise_03_ended_six_cancels_at_once_end_a_turn_once(standing: Served) -> None:
    """Each answer comes when the turn has ended; the turn has one status, with what it had."""
    async with standing.client() as client, standing.client() as other:
        path = await begun(client)
        async with saying(client, f"{path}/turns", "slow six") as answer:
            await heard(answer, chunks=4)
            cancels = await asyncio.gather(*(other.post(f"{path}/cancel") for _ in range(6)))
            turns = await turns_in(other, path)
            rest = await heard(answer)

    assert {answer.status_code for answer in cancels} == {200}
    assert max(answer.json()["cancelled"] for answer in cancels) == 1
    assert (rest.types.count("abort"), rest.chunks[-1]["reason"]) == (1, "cancelled")
    assert turns[1] == ("cancelled", ["slow six", "one "])


async def test_a_graceful_stop_tells_those_who_wait(served: Served) -> None:
    """The turn ends as interrupted, as JSON and in the stream, before the connection does."""
    async with served.client() as client, served.client() as other:
        path = await begun(client)
        async with saying(client, f"{path}/turns", "slow stream") as answer:
            await heard(answer, chunks=4)
            as_json = asyncio.create_task(other.post(NEW, json={"text": "slow json"}))
            while len(await said_in_all(client)) < 2:
                pass
            assert served.process is not None
            served.process.send_signal(signal.SIGTERM)
            found = await heard(answer)
            answered = await as_json
    code = served.kill(signal.SIGCONT)  # which ends nothing: it was told to end

    assert code == 0
    assert (found.types[-1], found.chunks[-1]["reason"]) == ("abort", "interrupted")
    assert found.done
    assert answered.json()["turn"]["status"] == "interrupted"


async def test_promise_01_heard_first_kill_9_under_load_loses_no_acknowledged_turn(
    served: Served,
) -> None:
    """Whatever a client was told, as JSON, in a stream or over a socket, is there afterwards; what
    it was not told is there once or not at all, and sent again with its key it is there once."""
    acknowledged: dict[str, str] = {}
    sent: dict[str, str] = {}

    async def by_json(client: httpx2.AsyncClient, path: str, name: str) -> None:
        for number in range(1_000):
            key = f"{name}-{number}"
            sent[key] = path
            answer = await client.post(
                f"{path}/turns", json={"text": key}, headers={"Idempotency-Key": key}
            )
            acknowledged[key] = answer.json()["turn"]["status"]

    async def by_stream(client: httpx2.AsyncClient, path: str, name: str) -> None:
        for number in range(1_000):
            key = f"{name}-{number}"
            sent[key] = path
            async with saying(client, f"{path}/turns", key, **{"Idempotency-Key": key}) as answer:
                async for line in answer.rest:
                    if '"type":"start"' in line:
                        acknowledged[key] = "open"
                    elif '"type":"finish"' in line:
                        acknowledged[key] = "complete"

    async with served.client() as client:
        paths = [await begun(client, f"This is talk {n}") for n in range(6)]
        workers = [
            asyncio.create_task((by_json if n % 2 else by_stream)(client, path, f"load-{n}"))
            for n, path in enumerate(paths)
        ]
        while len(acknowledged) < 60:
            await asyncio.sleep(0.01)
        served.kill()
        await asyncio.gather(*workers, return_exceptions=True)
    served.start()
    async with served.client() as client:
        there = await statuses(client, paths)
        unsure = [key for key in sent if key not in acknowledged]
        for key in unsure:
            headers = {"Idempotency-Key": key}
            await client.post(f"{sent[key]}/turns", json={"text": key}, headers=headers)
        after = await statuses(client, paths)

    wrong = {
        key: (status, there.get(key))
        for key, status in acknowledged.items()
        if there.get(key) is None or (status == "complete" and there[key] != ["complete"])
    }
    assert wrong == {}
    assert all(statuses_of.count("open") == 0 for statuses_of in there.values())
    assert [key for key in unsure if after[key].count("complete") != 1] == []


async def statuses(client: httpx2.AsyncClient, paths: list[str]) -> dict[str, list[str]]:
    """By what was said, the statuses of the turns that it or its retries began."""
    found: dict[str, list[str]] = {}
    for path in paths:
        said = ""
        cursor = ""
        while True:
            session = (await client.get(f"{path}{cursor}")).json()
            for turn in session["session"]["turns"]:
                inputs = [m["text"] for m in turn["messages"] if m["role"] == "user"]
                said = inputs[0] if inputs else said
                found.setdefault(said, []).append(turn["status"])
            if not session.get("next_cursor"):
                break
            cursor = f"?cursor={session['next_cursor']}"
    return found


async def test_a_revoked_key_ends_its_streams(served: Served) -> None:
    """Within moments, with a word why, while the answer goes on being recorded."""
    key = served.key("ada")
    [listed] = json.loads(served.command("tokens", "list", "--json"))
    async with served.keyed(key) as client:
        path = await begun(client)
        async with saying(client, f"{path}/turns", "slow secret") as answer:
            await heard(answer, chunks=1)
            served.command("tokens", "revoke", listed["id"])
            async with asyncio.timeout(HUNG_S):
                found = await heard(answer)
    served.let_go()
    async with served.client() as client:
        stream = await client.get(f"{path}/stream")
        if stream.status_code == 200:
            await heard(stream)
        turns = await turns_in(client, path)

    assert (found.types[-1], found.done) == ("error", False)
    assert found.chunks[-1]["errorText"].startswith("credential_ended")
    assert turns[1] == ("complete", ["slow secret", "one two"])


async def test_a_stream_that_is_not_read_is_given_up(served: Served) -> None:
    """Its turn is recorded whole all the same."""
    async with served.client() as client:
        path = await begun(client)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        body = json.dumps({"text": "flood and do not read"})
        head = (
            f"POST {path}/turns HTTP/1.1\r\nHost: {served.url.removeprefix('http://')}\r\n"
            f"Cookie: {cookie}\r\nContent-Type: application/json\r\n"
            f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        port = int(served.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 14)
        writer.write((head + body).encode())
        await writer.drain()
        async with asyncio.timeout(HUNG_S):
            while "action=stream.too_slow" not in served.log:
                await asyncio.sleep(0.05)
        [_, (status, texts)] = await turns_in(client, path)
        writer.transport.abort()

    assert (status, len(texts[1])) == ("complete", 400 * 6_000)


async def test_a_key_that_may_only_read_hears_and_says_nothing(served: Served) -> None:
    """It may take up a stream, and neither say nor cancel anything."""
    key = served.key("ada", "--scope", "memory:read")
    async with served.client() as client, served.keyed(key) as reader:
        path = await begun(client)
        said = await reader.post(f"{path}/turns", json={"text": "hello"})
        new = await reader.post(NEW, json={"text": "hello"})
        cancelled = await reader.post(f"{path}/cancel")
        stream = await reader.get(f"{path}/stream")

    assert [a.status_code for a in (said, new, cancelled, stream)] == [403, 403, 403, 204]


async def test_a_stream_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment each while, so that nothing in between takes the connection for dead."""
    from holdfast.keeper.access import Caller
    from holdfast.model import UserId
    from holdfast.server import streams
    from holdfast.server.talking.listeners import Listener
    from holdfast.server.talking.run import Run

    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.0)
    ready = asyncio.Event()
    caller = Caller(user_id=UserId("ada"), account="local", via="process")
    listener = Listener(caller, ready=ready.set)
    lines = streams.sent_events(listener, Run(client_key=None, by=None, who="ada"), ready)

    assert await anext(lines) == ": keep-alive\n\n"


def test_the_paths_are_described(tmp_path: Path) -> None:
    """The OpenAPI document tells of both kinds of answer."""
    served = Served(tmp_path).start()
    try:
        document = asyncio.run(served.get("/openapi.json"))
    finally:
        served.kill()
    prefix = "/api/conversations/{user_id}/{session_id}"
    said = document["paths"][f"{prefix}/turns"]["post"]["responses"]["200"]["content"]

    assert set(said) == {"application/json", "text/event-stream"}
    assert set(document["paths"][f"{prefix}/stream"]["get"]["responses"]) >= {"200", "204"}
