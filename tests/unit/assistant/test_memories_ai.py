"""memories.ai: what it answers is read in every shape, recorded, and gone on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.assistant.answering import NO_TOOLS, Asked, Toolbox
from holdfast.assistant.chat import chat
from holdfast.assistant.providers.media_listing import take_over
from holdfast.assistant.providers.memories_ai import Ask, MemoriesAi, back_off
from holdfast.assistant.providers.memories_replies import End, Extra, ReplyText, ThinkingStep
from holdfast.assistant.providers.recorded_media import RecordedMedia, owner_id
from holdfast.assistant.tools.media import media_tools, media_tools_of
from holdfast.assistant.tools.registry import ToolContext, ToolSet
from holdfast.capture.turn import TurnRecorder
from holdfast.errors import (
    BadInput,
    HoldfastError,
    NotAllowed,
    NotFound,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnreachable,
)
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.settings import Settings, load_settings

KEY = "the-key-of-the-provider"
DONE = 'data:{"code":"SUCCESS","data":"Done"}\n'


class Provider:
    """A small HTTP server that says what a test wrote down, one answer a request, in order.

    An answer is (status, content type, pieces); a piece that is an event is waited for. When the
    answers have run out, `otherwise` makes one from the path.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, str, Sequence[str | asyncio.Event]]] = []
        self.otherwise: Callable[[str], tuple[int, str, Sequence[str]]] | None = None
        self.waits: list[float] = []
        self.url = ""

    def client(self, **options: Any) -> MemoriesAi:
        """A client that notes how long it would wait, and does not."""

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        given: dict[str, Any] = {"sleep": sleep, "spread": lambda: 0.0, **options}
        return MemoriesAi(base_url=self.url, api_key=KEY, **given)

    def will_say(self, *lines: str, status: int = 200) -> None:
        """Answer with a stream of these lines."""
        self.answers.append((status, "text/event-stream", [f"{line}\n\n" for line in lines]))

    def will_return(self, body: object, status: int = 200) -> None:
        """Answer with JSON."""
        self.answers.append((status, "application/json", [json.dumps(body)]))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append((method, target, headers, json.loads(body) if body else None))
            if not self.answers and self.otherwise is not None:
                self.answers.append(self.otherwise(target))
            status, kind, pieces = self.answers.pop(0)
            start = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
            writer.write(start.encode())
            for piece in pieces:
                if isinstance(piece, asyncio.Event):
                    await writer.drain()
                    await piece.wait()
                else:
                    writer.write(piece.encode())
            await writer.drain()
        finally:
            writer.close()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A provider at a free port."""
    made = Provider()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


@pytest.fixture
async def ada(keeper: Keeper) -> User:
    """A user."""
    return await keeper.user("ada")


ASK = Ask(kind="marketer_chat", prompt="what trends?", unique_id="u1")


async def heard(client: MemoriesAi, ask: Ask = ASK) -> tuple[str, list[Any], str | None]:
    """The text of an answer, the pieces that are no text, and the provider's session."""
    text, others, session_id = "", [], None
    async for found in client.ask(ask):
        session_id = found.session_id
        if isinstance(found.piece, ReplyText):
            text += found.piece.text
        else:
            others.append(found.piece)
    return text, others, session_id


def reply(text: str = "cats", **data: Any) -> dict[str, Any]:
    """A reply that is not streamed."""
    inside = {"role": "ASSISTANT", "content": text, "session_id": "6063", **data}
    return {"code": "0000", "msg": "success", "failed": False, "success": True, "data": inside}


# The provider's replies


async def test_a_request_has_the_documented_form(provider: Provider) -> None:
    """The bare key, the tenant's label, `type` for the platform, videos by number."""
    client = provider.client()
    asks = [
        Ask(kind="marketer_chat", prompt="p", unique_id="u", platform="YOUTUBE", session_id="s"),
        Ask(kind="video_chat", prompt="p", unique_id="u", video_nos=("VI1", "PI-2")),
        Ask(kind="personal_chat", prompt="p", unique_id="u"),
    ]
    for ask in asks:
        provider.will_say('data:{"type":"content","content":"x"}', DONE)
        await heard(client, ask)

    assert [(path, body) for _, path, _, body in provider.asked] == [
        (
            "/serve/api/v1/marketer_chat_stream",
            {"prompt": "p", "unique_id": "u", "type": "YOUTUBE", "session_id": "s"},
        ),
        (
            "/serve/api/v1/chat_stream",
            {"prompt": "p", "unique_id": "u", "video_nos": ["VI1", "PI-2"]},
        ),
        ("/serve/api/v1/chat_personal_stream", {"prompt": "p", "unique_id": "u"}),
    ]
    assert {headers["authorization"] for _, _, headers, _ in provider.asked} == {KEY}


async def test_the_path_of_the_api_may_be_given(provider: Provider) -> None:
    """For the provider's newer host, which has another version."""
    provider.will_return({"code": 200, "data": {"content": "cats"}})
    client = MemoriesAi(base_url=f"{provider.url}/serve/api/v2/", api_key=KEY)

    assert (await heard(client))[0] == "cats"
    assert provider.asked[0][1] == "/serve/api/v2/marketer_chat_stream"


async def test_a_stream_is_read_piece_by_piece(provider: Provider) -> None:
    """Thinking, references, text in two pieces, the session's id, the end."""
    provider.will_say(
        ": comment",
        'data:{"type":"thinking","title":"Look","content":"at cats","sessionId":"77"}',
        'data: {"type":"ref","sessionId":"77","ref":[{"video":{"video_no":"PI-1"}}]}',
        'data:{"type":"content","role":"assistant","content":"Cats ","sessionId":"77"}',
        'data:{"type":"content","role":"assistant","content":"trend.","sessionId":"77"}',
        'data:{"type":"new","whatever":[1]}',
        DONE,
        'data:{"type":"content","content":"after the end"}',
    )

    text, others, session_id = await heard(provider.client())

    assert (text, session_id) == ("Cats trend.", "77")
    assert [type(piece) for piece in others] == [ThinkingStep, Extra, Extra, End]
    assert others[0].text == "Look\nat cats"
    assert [json.loads(piece.raw)["type"] for piece in others[:3]] == ["thinking", "ref", "new"]


@pytest.mark.parametrize(
    "terminator",
    [
        'data:{"code":"SUCCESS","data":"Done"}',
        'data: {"code": "SUCCESS", "data": "Done"}',
        'data:"Done"',
        "data:Done",
        "data: [DONE]",
        "data:[DONE]",
    ],
)
async def test_every_terminator_ends_the_answer(terminator: str, provider: Provider) -> None:
    """The answer is whole with each of them, though the connection stays open."""
    never = asyncio.Event()
    lines = ['data:{"token":"ca"}\n\n', 'data:{"token":"ts"}\n\n', f"{terminator}\n\n", never]
    provider.answers.append((200, "text/event-stream;charset=UTF-8", lines))

    text, others, _ = await heard(provider.client())
    never.set()

    assert text == "cats"
    assert others == [End()]


@pytest.mark.parametrize("last", ["", 'data:{"type":"content","content":"!"}'])
async def test_a_stream_that_just_ends_is_incomplete(last: str, provider: Provider) -> None:
    """Whatever came is there, without an End; a last line needs no line end."""
    provider.answers.append(
        (200, "text/event-stream", ['data:{"type":"content","content":"cats"}\r\n', last])
    )

    text, others, _ = await heard(provider.client())

    assert text == ("cats!" if last else "cats")
    assert others == []


@pytest.mark.parametrize(
    ("body", "text", "session_id", "extras"),
    [
        (reply(), "cats", "6063", 1),
        (reply(refs=[{"video": {"video_no": "PI-1"}}]), "cats", "6063", 2),
        ({**reply(session_id=None), "session_id": "12"}, "cats", "12", 1),
        ({"code": "0000", "data": {"content": "cats", "sessionId": 99}}, "cats", "99", 1),
        ({"code": 0, "data": {"data": {"content": "cats"}}}, "cats", None, 0),
        ({"session_id": "5", "response": "cats", "metadata": {"a": 1}}, "cats", "5", 1),
        (reply(content=["ca", "ts"]), "cats", "6063", 1),
    ],
)
async def test_a_whole_reply_is_read_in_each_form(
    body: dict[str, Any], text: str, session_id: str | None, extras: int, provider: Provider
) -> None:
    """The session's id in or beside the data, wrapped once or twice, the older personal form."""
    provider.will_return(body)

    found, others, session = await heard(provider.client())

    assert (found, session) == (text, session_id)
    assert sum(isinstance(piece, Extra) for piece in others) == extras
    assert others[-1] == End()


async def test_thinkings_of_a_whole_reply_are_kept_as_they_came(provider: Provider) -> None:
    """With the references inside them; null in either place is no mistake."""
    step = {"title": "Look", "content": "around", "refs": [{"video": {"video_no": "VI1"}}]}
    provider.will_return(reply(thinkings=[step, None], refs=None))

    _, others, _ = await heard(provider.client())

    assert [json.loads(p.raw) for p in others if isinstance(p, ThinkingStep)] == [step, None]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"code": "0401", "data": None, "success": False, "failed": True}, ProviderRefused),
        (200, {"code": "0402", "msg": "credits of what trends?", "data": None}, ProviderRefused),
        (200, {"code": "0001"}, ProviderRefused),
        (200, {"code": "9999"}, ProviderFailed),
        (200, {"code": "0000", "data": None, "success": True}, ProviderFailed),
        (200, {"code": "0000", "data": {}, "success": True}, ProviderFailed),
        (200, {"success": False, "data": {"content": "x"}}, ProviderFailed),
        (200, None, ProviderFailed),
        (200, [1], ProviderFailed),
        (200, "Done", ProviderFailed),
        (503, {"status": 503, "error": "Service Unavailable", "path": "/x"}, ProviderFailed),
        (401, {"code": 401}, ProviderRefused),
        (302, {}, ProviderFailed),
    ],
)
async def test_an_error_is_one_whatever_its_status(
    status: int, body: object, kind: type[ProviderFailed], provider: Provider
) -> None:
    """HTTP 200 with an error's code, null, no answer inside; nothing of their text is passed on."""
    provider.will_return(body, status)

    with pytest.raises(ProviderFailed) as caught:
        await heard(provider.client())

    assert type(caught.value) is kind
    assert "trends" not in str(caught.value)
    assert provider.waits == []


@pytest.mark.parametrize(
    "line",
    [
        'data:{"code":"SUCCESS","data":"Error"}',
        'data:{"code":"SUCCESS","data":"No videos found for what trends?"}',
        'data:"user don\'t login"',
        'data:{"code":"9009","data":null}',
        'data:{"type":"error","content":"x"}',
        '{"code":"0401","success":false}',
    ],
)
async def test_an_error_on_a_stream_ends_it(line: str, provider: Provider) -> None:
    """Also after text, and without the prefix."""
    provider.will_say('data:{"type":"content","content":"ca"}', line)

    with pytest.raises(ProviderFailed) as caught:
        await heard(provider.client())
    assert "trends" not in str(caught.value)


@pytest.mark.parametrize("body", ["<html>what trends?</html>", "", '{"code":"0000"', "[" * 5000])
async def test_a_body_that_cannot_be_read_is_a_failure(body: str, provider: Provider) -> None:
    """HTML, nothing, half of it, depth without end."""
    provider.answers.append((200, "text/html", [body]))

    with pytest.raises(ProviderFailed):
        await heard(provider.client())


async def test_what_is_not_understood_on_a_stream_breaks_nothing(provider: Provider) -> None:
    """Bad JSON, lists, numbers, half of a surrogate pair: kept or mended; the text is whole."""
    provider.will_say(
        "data:{broken",
        "data:[1]",
        "data:7",
        "event: x",
        "data:",
        r'data:{"type":"content","content":"ca\ud800ts"}',
        r'data:{"type":"ref","ref":["\udc00"]}',
        DONE,
    )

    text, others, _ = await heard(provider.client())

    assert text == "ca\ufffdts"
    assert [piece.raw for piece in others if isinstance(piece, Extra)] == [
        '"{broken"',
        "[1]",
        "7",
        r'{"type":"ref","ref":["\udc00"]}',
    ]


async def test_rate_limits_are_waited_out(provider: Provider) -> None:
    """0429, 16 and HTTP 429, then an answer: the waits double, and the question comes again."""
    provider.will_return({"code": "0429", "success": False})
    provider.will_say('data:{"code":"16","data":"capacity"}')
    provider.will_return({"code": 429}, 429)
    provider.will_say('data:{"type":"content","content":"cats"}', DONE)

    text, _, _ = await heard(provider.client())

    assert text == "cats"
    assert provider.waits == [1, 2, 4]
    assert len({json.dumps(body) for _, _, _, body in provider.asked}) == 1


async def test_a_limit_without_end_is_an_error(provider: Provider) -> None:
    """From 1 to 32 seconds, then no more."""
    provider.otherwise = lambda _: (200, "application/json", ['{"code":"0429"}'])

    with pytest.raises(ProviderBusy):
        await heard(provider.client())
    assert provider.waits == [1, 2, 4, 8, 16, 32]
    with pytest.raises(ProviderBusy):
        await provider.client().sessions("u")


def test_waits_are_spread() -> None:
    """Between half of it and all of it, and never more than 32 seconds."""
    assert [back_off(n, 0.0) for n in (1, 2, 6, 7, 50)] == [1, 2, 32, 32, 32]
    assert [back_off(n, 1.0) for n in (1, 2, 6)] == [0.5, 1, 16]


async def test_a_limit_after_words_does_not_ask_again(provider: Provider) -> None:
    """What was heard cannot be taken back."""
    provider.will_say('data:{"type":"content","content":"ca"}', 'data:{"code":"16"}')

    with pytest.raises(ProviderBusy):
        await heard(provider.client())
    assert len(provider.asked) == 1


async def test_where_there_is_no_stream_the_whole_answer_is_asked_for(provider: Provider) -> None:
    """A gateway's 404 of the stream's path; of both it is a failure."""
    provider.will_return({"status": 404, "error": "Not Found"}, 404)
    provider.will_return(reply())
    assert (await heard(provider.client()))[0] == "cats"
    assert [path for _, path, _, _ in provider.asked] == [
        "/serve/api/v1/marketer_chat_stream",
        "/serve/api/v1/marketer_chat",
    ]

    provider.otherwise = lambda _: (404, "application/json", ["{}"])
    with pytest.raises(ProviderFailed):
        await heard(provider.client())


async def test_nobody_there_and_silence_are_failures(provider: Provider) -> None:
    """A closed port, a connection cut in the middle of headers, an answer that does not come."""
    nobody = MemoriesAi(base_url="http://127.0.0.1:9", api_key=KEY)
    with pytest.raises(ProviderUnreachable) as caught:
        await heard(nobody)
    assert caught.value.__cause__ is None
    assert KEY not in str(caught.value) + repr(nobody)

    never = asyncio.Event()
    provider.answers.append((200, "text/event-stream", [never]))
    with pytest.raises(ProviderUnreachable):
        await heard(provider.client(silent_s=0.05))
    never.set()


async def test_sessions_and_histories_are_read(provider: Provider) -> None:
    """Numbers as text, both spellings; what is no message is left out."""
    provider.will_return(
        {
            "code": "0000",
            "data": {
                "sessions": [{"sessionId": "1", "title": "a"}, {"session_id": 2}, 3],
                "total_count": "18",
            },
        }
    )
    listed, total = await provider.client().sessions("u 1", page=2)
    assert [(entry.session_id, entry.title) for entry in listed] == [("1", "a"), ("2", "")]
    assert total == 18
    assert provider.asked[0][1] == "/serve/api/v1/list_sessions?page=2&unique_id=u+1"

    messages = [
        {"role": "user", "content": "q"},
        {"role": "ASSISTANT", "content": "a"},
        {"role": "x"},
        1,
    ]
    provider.will_return({"code": "0000", "data": {"title": "t", "messages": messages}})
    title, said = await provider.client().history("u", "1")
    assert (title, [(m.role, m.text) for m in said]) == ("t", [("user", "q"), ("assistant", "a")])


# What is recorded


@pytest.fixture
def media(provider: Provider) -> RecordedMedia:
    """The recorder over the provider."""
    return RecordedMedia(provider.client())


async def call(
    media: RecordedMedia, name: str, user: User, session: Any = None, **arguments: Any
) -> Any:
    """Call a tool, as a model in a session would."""
    tool = next(tool for tool in media_tools(media) if tool.name == name)
    now = datetime(2026, 1, 9, tzinfo=UTC)
    return await tool.run(ToolContext(user=user, now=now, session=session), arguments)


async def test_an_exchange_is_recorded_with_all_that_came(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """A session of its own kind, question, thoughts, answer, and the references as given."""
    step = '{"type":"thinking","title":"Look","content":"at cats","sessionId":"77"}'
    ref = '{"type":"ref","ref":[{"video":{"video_no":"PI-1"}}],"x":1.0}'
    provider.will_say(
        f"data:{step}", f"data:{ref}", 'data:{"type":"content","content":"Cats."}', DONE
    )

    told = await call(
        media, "search_trending_content", ada, query="what trends?", platform="YOUTUBE"
    )

    session = await ada.sessions.open(told["session_id"])
    info = await session.info()
    assert (info.kind, info.platform, info.assistant) == ("marketer_chat", "YOUTUBE", "memories.ai")
    [turn] = await session.turns()
    assert (turn.status, turn.model, turn.intent) == ("complete", "memories.ai", "marketer_chat")
    assert turn.entities == {"provider": "memories.ai", "provider_session": "77"}
    assert [(m.role, m.kind, m.text, m.item) for m in await session.messages()] == [
        ("user", "text", "what trends?", None),
        ("assistant", "reasoning", "Look\nat cats", step),
        ("assistant", "text", "Cats.", f'{{"refs":[{ref}]}}'),
    ]
    assert "Cats." in told["content"]
    assert "PI-1" in told["references"]
    assert [hit.text for hit in await ada.recall("cats", kind="marketer_chat", role="assistant")]


async def test_the_provider_knows_nobody_by_name(
    provider: Provider, media: RecordedMedia, keeper: Keeper
) -> None:
    """The same opaque id each time for a user, another for another, and no name in it."""
    users = [await keeper.user(name) for name in ("ada", "ben")]
    for user in users * 2:
        provider.will_say('data:{"token":"x"}', DONE)
        await call(media, "chat_with_media", user, message="hello")

    sent = [body["unique_id"] for _, _, _, body in provider.asked]
    assert sent == [owner_id(user) for user in users * 2]
    assert len(set(sent)) == 2
    assert not any(name in tag for name in ("ada", "ben") for tag in sent)


async def test_a_follow_up_goes_on_in_the_same_talk(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """By conversation, kind and platform or videos; elsewhere a new talk begins."""
    here, there = await ada.sessions.start(), await ada.sessions.start()
    asked: list[tuple[str, Any, dict[str, Any]]] = [
        ("search_trending_content", here, {"query": "a"}),
        ("search_trending_content", here, {"query": "b"}),
        ("search_trending_content", here, {"query": "c", "platform": "INSTAGRAM"}),
        ("search_trending_content", there, {"query": "d"}),
        ("query_video", here, {"video_nos": ["VI1", "VI2"], "query": "e"}),
        ("query_video", here, {"video_nos": ["VI2", "VI1"], "query": "f"}),
        ("query_video", here, {"video_nos": ["VI3"], "query": "g"}),
        ("chat_with_media", here, {"message": "h"}),
        ("chat_with_media", here, {"message": "i"}),
        ("search_trending_content", here, {"query": "j"}),
    ]
    ours = []
    for n, (name, session, arguments) in enumerate(asked):
        provider.will_say(f'data:{{"type":"content","content":"x","sessionId":"{n}"}}', DONE)
        if n == 1:  # another process, which remembers nothing
            media = RecordedMedia(provider.client())
        ours.append((await call(media, name, ada, session, **arguments))["session_id"])

    sent = [body.get("session_id") for _, _, _, body in provider.asked]
    assert sent == [None, "0", None, None, None, "4", None, None, "7", "1"]
    assert [ours.index(one) for one in ours] == [0, 0, 2, 3, 4, 4, 6, 7, 7, 0]


async def test_questions_side_by_side_are_one_talk(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """The second waits for the session that the first begins."""
    session = await ada.sessions.start()
    provider.otherwise = lambda _: (
        200,
        "text/event-stream",
        [f'data:{{"type":"content","content":"x","sessionId":"1"}}\n{DONE}'],
    )

    await asyncio.gather(
        *(call(media, "chat_with_media", ada, session, message=f"{n}") for n in range(4))
    )

    assert [body.get("session_id") for _, _, _, body in provider.asked] == [None, "1", "1", "1"]


async def test_a_session_can_be_named(
    provider: Provider, media: RecordedMedia, ada: User, keeper: Keeper
) -> None:
    """By its id here or there; of another kind, platform or person it is refused, unasked."""
    provider.otherwise = lambda _: (
        200,
        "text/event-stream",
        [f'data:{{"type":"content","content":"x","sessionId":"77"}}\n{DONE}'],
    )
    first = await call(media, "search_trending_content", ada, query="a", platform="YOUTUBE")
    for name in (first["session_id"], "77"):
        told = await call(media, "search_trending_content", ada, query="b", session_id=name)
        assert told["session_id"] == first["session_id"]
        assert told["platform"] == "YOUTUBE"
    count = len(provider.asked)

    wrong: list[tuple[User, str, dict[str, Any], type[HoldfastError]]] = [
        (ada, "chat_with_media", {"message": "c", "session_id": "77"}, BadInput),
        (
            ada,
            "search_trending_content",
            {"query": "c", "session_id": "77", "platform": "TIKTOK"},
            BadInput,
        ),
        (ada, "search_trending_content", {"query": "c", "session_id": "78"}, NotFound),
        (
            await keeper.user("ben"),
            "search_trending_content",
            {"query": "c", "session_id": first["session_id"]},
            NotFound,
        ),
    ]
    for user, tool, arguments, error in wrong:
        with pytest.raises(error):
            await call(media, tool, user, **arguments)
    assert len(provider.asked) == count


async def test_a_failure_is_a_failed_turn(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """The question and what had come are kept, also of an answer that just ends."""
    session = await ada.sessions.start()
    provider.will_return({"code": "0402", "data": None})
    provider.will_say('data:{"type":"content","content":"half","sessionId":"5"}')
    with pytest.raises(ProviderRefused):
        await call(media, "chat_with_media", ada, session, message="first")
    with pytest.raises(ProviderFailed):
        await call(media, "chat_with_media", ada, session, message="second")
    provider.will_say('data:{"type":"content","content":"whole"}', DONE)
    told = await call(media, "chat_with_media", ada, session, message="third")

    recorded = await ada.sessions.open(told["session_id"])
    assert [turn.status for turn in await recorded.turns()] == ["failed", "failed", "complete"]
    said = [(m.kind, m.error_code or m.text) for m in await recorded.messages()]
    assert said == [
        ("text", "first"),
        ("error", "provider_refused"),
        ("text", "second"),
        ("text", "half"),
        ("error", "provider_failed"),
        ("text", "third"),
        ("text", "whole"),
    ]
    assert provider.asked[-1][3]["session_id"] == "5"


async def test_a_slow_answer_that_is_cancelled_keeps_what_came(
    provider: Provider, media: RecordedMedia, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn ends as cancelled, with the half that had come."""
    never = asyncio.Event()
    step = 'data:{"type":"thinking","content":"half"}\n'
    provider.answers.append((200, "text/event-stream", [step, never]))
    thought = asyncio.Event()

    async def tell(*given: Any, **named: Any) -> Any:
        await reasoning(*given, **named)
        thought.set()

    reasoning = TurnRecorder.reasoning
    monkeypatch.setattr(TurnRecorder, "reasoning", tell)
    task = asyncio.create_task(call(media, "chat_with_media", ada, message="slow"))
    async with asyncio.timeout(30):
        await thought.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    never.set()

    [info] = await ada.sessions.list()
    session = await ada.sessions.open(info.id)
    assert [turn.status for turn in await session.turns()] == ["cancelled"]
    assert [m.text for m in await session.messages()] == ["slow", "half"]


async def test_nothing_of_a_room_or_of_what_is_not_kept_is_asked(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """It would be recorded among the user's own."""
    room = await ada.rooms.create("team")
    for session in (await room.session(), await ada.sessions.start(ephemeral=True)):
        with pytest.raises(NotAllowed):
            await call(media, "chat_with_media", ada, session, message="hello")
    assert provider.asked == []
    assert await ada.sessions.list() == []


async def test_a_model_asks_in_the_middle_of_its_turn(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """Call and result in the chat, the exchange in a session of its own that names the message it
    comes from; the next turn's question goes on in the provider's own session."""

    class Asking:
        name = "asking"

        async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[str]:
            outcome = await tools.run("search_trending_content", {"query": asked.text})
            assert isinstance(outcome.result, dict)
            yield f"It says {outcome.result['content']}"

    session = await ada.sessions.start(assistant="helper")
    for n in range(2):
        provider.will_say(f'data:{{"type":"content","content":"Cats.","sessionId":"{n}"}}', DONE)
        turn = chat(
            ada, session, f"trend {n}?", answerer=Asking(), tools=ToolSet(media_tools(media))
        )
        async with aclosing(turn) as events:
            assert [event async for event in events]

    first, *_ = await session.messages()
    kinds = [message.kind for message in await session.messages()]
    assert kinds == ["text", "tool_call", "tool_result", "text"] * 2
    assert {turn.intent for turn in await session.turns()} == {"tool_execution"}
    [info] = await ada.sessions.list(kind="marketer_chat")
    asked = await (await ada.sessions.open(info.id)).turns()
    assert [turn.status for turn in asked] == ["complete", "complete"]
    assert asked[0].entities["asked_in"] == {"session_id": session.id, "message_id": first.id}
    assert [body.get("session_id") for _, _, _, body in provider.asked] == [None, "0"]


# What only the provider has


def history(*said: str) -> dict[str, Any]:
    """A session's messages there, the person's and the provider's by turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": t, "refs": []} for n, t in enumerate(said)]
    return {"code": "0000", "data": {"title": "Cats", "messages": messages}}


async def test_what_only_the_provider_has_is_taken_over_once(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """Then nothing more, until it grows there; what vanishes there stays; what was recorded here is
    not doubled; what is erased here does not come back."""
    provider.will_say('data:{"type":"content","content":"x","sessionId":"mine"}', DONE)
    mine = await call(media, "search_trending_content", ada, query="recorded here")
    there: dict[str, list[str]] = {"mine": ["recorded here", "x"], "old": ["q1", "a1"]}

    def answer(path: str) -> tuple[int, str, Sequence[str]]:
        if "list_sessions" in path:
            page = (
                [{"sessionId": name, "title": name} for name in there] if "page=1&" in path else []
            )
            return (
                200,
                "application/json",
                [json.dumps({"code": "0000", "data": {"sessions": page}})],
            )
        name = path.partition("session_id=")[2].partition("&")[0]
        return 200, "application/json", [json.dumps(history(*there[name]))]

    provider.otherwise = answer
    listed = await call(media, "list_trending_sessions", ada)
    assert len(listed["sessions"]) == 2
    assert mine["session_id"] in [s["session_id"] for s in listed["sessions"]]
    again = await call(media, "list_trending_sessions", ada)
    assert [listed["taken_over_messages"], again["taken_over_messages"]] == [2, 0]

    [old] = [s for s in await ada.sessions.list() if s.source == "memories.ai:old"]
    assert (old.kind, old.title, old.assistant) == ("marketer_chat", "Cats", "memories.ai")
    there["old"] += ["q2", "a2"]
    assert (await call(media, "list_trending_sessions", ada))["taken_over_messages"] == 2
    session = await ada.sessions.open(old.id)
    assert [m.text for m in await session.messages()] == ["q1", "a1", "q2", "a2"]
    assert {turn.status for turn in await session.turns()} == {"complete"}

    there["old"] = ["q1"]
    await call(media, "list_trending_sessions", ada)
    assert len(await session.messages()) == 4

    await ada.erase_session(old.id)
    await ada.erase_session(mine["session_id"])
    assert (await call(media, "list_trending_sessions", ada))["taken_over_messages"] == 0
    assert await ada.sessions.list() == []


async def test_a_long_list_is_taken_over_bit_by_bit(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """What is new first, so many in one go, over all pages; in the end all of it is here, once."""
    read: list[int] = []

    def answer(path: str) -> tuple[int, str, Sequence[str]]:
        if "list_sessions" in path:
            page = int(path.partition("page=")[2].partition("&")[0])
            found = [{"sessionId": n} for n in range(20 * page - 20, min(20 * page, 90))]
            read.append(0)
            body: dict[str, Any] = {"code": "0000", "data": {"sessions": found}}
        else:
            read[-1] += 1
            body = history(path)
        return 200, "application/json", [json.dumps(body)]

    provider.otherwise = answer
    now = datetime(2026, 1, 9, tzinfo=UTC)
    taken = [await take_over(ada, media.provider, now=now) for _ in range(4)]

    assert taken == [40, 40, 10, 0]
    assert [count for count in read if count] == [40, 40, 40, 40]
    assert len(await ada.sessions.list(limit=200)) == 90


async def test_a_taken_over_talk_is_gone_on_with(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """In the provider's own session."""
    provider.will_return(
        {"code": "0000", "data": {"sessions": [{"sessionId": "old"}], "total_count": 1}}
    )
    provider.will_return(history("q", "a"))
    await take_over(ada, media.provider, now=datetime(2026, 1, 9, tzinfo=UTC))
    [old] = await ada.sessions.list()
    provider.will_say('data:{"token":"x"}', DONE)

    await call(media, "search_trending_content", ada, query="more", session_id=old.id)

    assert provider.asked[-1][3]["session_id"] == "old"


async def test_a_list_needs_no_provider(
    provider: Provider, media: RecordedMedia, ada: User
) -> None:
    """What is here is listed, newest first, by platform; that the rest is missing is told."""
    for platform in ("YOUTUBE", "TIKTOK", "YOUTUBE"):
        provider.will_say('data:{"token":"x"}', DONE)
        await call(media, "search_trending_content", ada, query="a", platform=platform)
    provider.otherwise = lambda _: (503, "application/json", ["{}"])

    listed = await call(media, "list_trending_sessions", ada, platform="YOUTUBE", limit=5)
    fewer = await call(media, "list_trending_sessions", ada, limit=1)

    assert listed["provider_error"] == "provider_failed"
    assert [s["platform"] for s in listed["sessions"]] == ["YOUTUBE", "YOUTUBE"]
    assert len(fewer["sessions"]) == 1


def test_the_tools_are_there_with_a_key_only() -> None:
    """And their definitions can be offered: names, schemas, what they may do."""
    assert media_tools_of(Settings()) == ()
    tools = media_tools_of(load_settings(environ={"HOLDFAST_MEMORIES_API_KEY": KEY}))
    assert [tool.name for tool in tools] == [
        "search_trending_content",
        "list_trending_sessions",
        "query_video",
        "chat_with_media",
    ]
    assert all(tool.open_world and not tool.in_rooms for tool in tools)
    assert [*tools[0].parameters["properties"]] == ["query", "platform", "session_id"]
    assert [*tools[1].parameters["properties"]] == ["limit", "platform"]
