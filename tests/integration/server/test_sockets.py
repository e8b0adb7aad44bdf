"""Sockets: coming back, editing, speaking, rooms, limits, and clients that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .conftest import HUNG_S, Served, Talking, socket_to

BLUE = "Remember, my favourite colour is blue"
ABSENT = "01a1f7ac-34a2-7720-a02d-af57c429c4be"
KINDS = [
    "started",
    "recalled",
    "thought",
    "tool_started",
    "tool_ended",
    "tool_started",
    "tool_ended",
    "delta",
    "delta",
    "finished",
]


@pytest.fixture(scope="module")
def keys(standing: Served) -> dict[str, str]:
    """An API key for each of three people."""
    return {name: standing.key(name) for name in ("ada", "ben", "cleo")}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with low limits."""
    limits = {"max_sockets_per_user": "3", "max_sockets": "5", "max_file_mb": "1"}
    server = Served(tmp_path_factory.mktemp("narrow"), **limits).start()
    yield server
    server.kill()


@asynccontextmanager
async def in_new_session(
    served: Served, text: str = BLUE, key: str | None = None
) -> AsyncIterator[Talking]:
    """A socket in a session of its own in which something was said."""
    client = served.client() if key is None else served.keyed(key)
    async with client as opened:
        path = "/api/conversations/current_user/new/turns"
        answer = (await opened.post(path, json={"text": text})).json()
    async with served.talk(answer["session_id"], key=key) as talking:
        yield talking


async def turns_of(served: Served, session_id: str) -> list[tuple[str, list[str]]]:
    """Status and texts of each turn."""
    found = await served.get(f"/api/conversations/current_user/{session_id}")
    return [
        (turn["status"], [message["text"] for message in turn["messages"]])
        for turn in found["session"]["turns"]
    ]


async def frames(talking: Talking, *kinds: str) -> list[dict[str, Any]]:
    """The frames up to the first of these kinds; who is there comes and goes, and is left out."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["event"]["type"] not in kinds:
        frame = await talking.frame()
        found += [frame] if frame["event"]["type"] != "present" else []
    return found


async def closed(talking: Talking) -> tuple[int, str]:
    """Code and reason with which the server closes; what comes before is let go by."""
    with pytest.raises(ConnectionClosed) as end:
        await talking.until("nothing")
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def refused(served: Served, url: str, **options: Any) -> tuple[int, str]:
    """Status and code with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with socket_to(url, **options):
            pass
    error = json.loads(refusal.value.response.body or b"{}")["error"]
    return refusal.value.response.status_code, error["code"]


# Coming back


@pytest.mark.parametrize("seen", range(1, len(KINDS) + 1), ids=lambda n: f"after {KINDS[n - 1]}")
async def test_a_client_that_comes_back_misses_nothing(standing: Served, seen: int) -> None:
    """Lost after each event of a turn, which goes on without it: the rest comes once, in order,
    as somebody heard it who was there all the time."""
    async with in_new_session(standing) as other:
        async with standing.talk(other.session_id) as ada:
            await ada.send(type="message", text=f"every seen-{seen}")
            if seen > KINDS.index("delta") + 1:
                standing.let_go(f"seen-{seen}")
            heard = [await ada.frame() for _ in range(seen)]
        standing.let_go(f"seen-{seen}")
        whole = await frames(other, "finished")
        async with standing.talk(other.session_id, after_seq=heard[-1]["seq"]) as ada:
            missed = [await ada.frame() for _ in range(len(whole) - seen)]
            assert (ada.resumed, ada.history) == (True, [])
            await ada.send(type="ping")
            assert (await ada.frame())["event"] == {"type": "pong"}
        [_, (status, texts)] = await turns_of(standing, other.session_id)

    assert heard + missed == whole
    assert [frame["event"]["type"] for frame in whole] == KINDS
    assert (status, texts[-1]) == ("complete", "one two")


async def test_a_client_that_comes_too_late_is_told_so(standing: Served) -> None:
    """With a place that is not known any more, or never was: the history, and what still runs from
    its beginning, so that nothing is missing in silence."""
    async with in_new_session(standing) as ada:
        await ada.send(type="message", text="slow too-late")
        begun = await frames(ada, "delta")
        for place in (0, 17, begun[-1]["seq"] + 1, 10**18 - 1):
            async with standing.talk(ada.session_id, after_seq=place) as late:
                again = await frames(late, "delta")
                assert not late.resumed
                assert late.history[0]["text"] == BLUE
                assert again == begun
                assert late.seq == begun[0]["seq"] - 1
        standing.let_go("too-late")
        await ada.until("finished")


async def test_promise_11_gone_what_was_forgotten_is_not_told_again(standing: Served) -> None:
    """Not to a client that comes back with a place from before it was said."""
    async with in_new_session(standing) as ada, standing.client() as client:
        await ada.ask("My secret is canary-4711")
        path = f"/api/conversations/current_user/{ada.session_id}/messages"
        said = (await client.get(path)).json()["messages"][2]
        # The answer, which only quotes it, goes with it.
        assert (await client.delete(f"{path}/{said['id']}")).json()["messages"] == 2
        async with standing.talk(ada.session_id, after_seq=ada.seq) as back:
            await back.send(type="ping")
            events = await back.until("pong")

    assert (back.resumed, len(back.history)) == (False, 2)
    assert events == [{"type": "pong"}]


async def test_seq_grows_over_a_restart(served: Served) -> None:
    """A place from before is no place of now, and says so."""
    async with served.talk() as ada:
        await ada.send(type="message", text=BLUE)
        before = await frames(ada, "finished")
        named = ada.session_id
    served.kill()
    served.start()
    async with served.talk(named, after_seq=before[-1]["seq"]) as ada:
        assert (ada.resumed, len(ada.history)) == (False, 2)
        await ada.send(type="message", text=BLUE)
        after = await frames(ada, "finished")

    assert after[0]["seq"] > before[-1]["seq"]


# Talking


async def test_what_was_said_is_edited_and_answered_again(standing: Served) -> None:
    """Beside what was there before, which stays; a message that is not there is none."""
    async with in_new_session(standing) as ada:
        first, answer = ada.history
        await ada.send(type="edit", message_id=first["id"], text="It is green", client_key="e")
        [edited, *_] = await ada.until("finished")
        await ada.send(type="regenerate", message_id=first["id"])
        [anew, *_, finished] = await ada.until("finished")
        await ada.send(type="edit", message_id=ABSENT, text="canary-4711", client_key="k")
        [wrong] = await ada.until("error")

    assert edited["message"]["parent_id"] == first["parent_id"]
    assert (anew["message"] or first)["id"] == first["id"]
    assert finished["message"]["parent_id"] == answer["parent_id"] == first["id"]
    assert (wrong["code"], wrong["client_key"]) == ("not_found", "k")


async def test_one_turn_is_cancelled_by_its_id(standing: Served) -> None:
    """The one that waits behind it is answered; an id that is none is told."""
    async with in_new_session(standing) as ada:
        await ada.send(type="message", text="slow by-id")
        [started, *_] = await ada.until("delta")
        await ada.send(type="message", text="I wait")
        await ada.send(type="cancel", turn_id="another")
        [wrong] = await ada.until("error")
        await ada.send(type="cancel", turn_id=started["turn_id"])
        [*_, first] = await ada.until("finished")
        [*_, second] = await ada.until("finished")

    assert wrong["code"] == "not_found"
    assert (first["status"], second["status"]) == ("cancelled", "complete")


async def test_http_and_sockets_are_one_talk(standing: Served) -> None:
    """What is said over one is heard over the other."""
    async with in_new_session(standing) as ada, standing.client() as client:
        path = f"/api/conversations/current_user/{ada.session_id}/turns"
        answer = (await client.post(path, json={"text": BLUE, "client_key": "k"})).json()
        heard = await ada.until("finished")
        again = (await client.post(path, json={"text": BLUE, "client_key": "k"})).json()
        await ada.send(type="ping")
        [pong] = await ada.until("pong")

    assert {event["turn_id"] for event in heard} == {answer["turn"]["id"]}
    assert (again["replayed"], pong) == (True, {"type": "pong"})


async def test_a_retry_is_answered_to_whoever_retries_alone(standing: Served) -> None:
    """The others have heard it when it happened."""
    async with in_new_session(standing) as ada, standing.talk(ada.session_id) as other:
        await ada.send(type="message", text="Once more", client_key="k")
        first = await ada.until("finished")
        await other.until("finished")
        await ada.send(type="message", text="Once more", client_key="k")
        again = await ada.until("finished")
        await other.send(type="ping")
        [heard] = await other.until("pong")

    assert first[-1]["turn_id"] == again[-1]["turn_id"]
    assert again[-1]["replayed"]
    assert heard == {"type": "pong"}


async def test_more_than_may_wait_are_refused(standing: Served) -> None:
    """Those before them are answered; nothing of the others is recorded."""
    async with in_new_session(standing) as ada:
        for number in range(17):
            await ada.send(
                type="message", text=f"slow queue {number} queued", client_key=f"{number}"
            )
        [*_, refusal] = await ada.until("error")
        standing.let_go("queued")
        for _ in range(16):
            await ada.until("finished")
        turns = await turns_of(standing, ada.session_id)

    assert (refusal["code"], refusal["client_key"]) == ("conflict", "16")
    assert [status for status, _ in turns] == ["complete"] * 17


# Speaking


async def test_speech_comes_in_pieces_and_is_kept_whole(standing: Served) -> None:
    """With nothing to transcribe it, as a failed turn that says what to do."""
    pieces = [b"RIFF\x00\x00\x00\x00WAVE".ljust(50_000, b"\0"), *([b"x" * 50_000] * 4)]
    async with in_new_session(standing) as ada:
        await ada.send(type="audio_start", media_type="audio/webm", client_key="s", name="a.webm")
        for piece in pieces:
            await ada.socket.send(piece)
        await ada.send(type="audio_end")
        [started, *_, failed] = await ada.until("failed")
        message = started["message"]
        async with standing.client() as client:
            path = f"/api/conversations/current_user/{ada.session_id}/messages/{message['id']}/file"
            content = (await client.get(path)).content

    assert (message["kind"], message["file"]["size"]) == ("audio", 250_000)
    assert (started["client_key"], failed["code"]) == ("s", "no_transcriber")
    assert content == b"".join(pieces)


async def test_speech_out_of_order_is_refused_and_the_socket_stays(standing: Served) -> None:
    """Bytes before the start or after the end, an end without a start, a start within a speech,
    nothing at all; what is thrown away leaves nothing. The end of a speech is refused
    under the speech's own key."""
    async with in_new_session(standing) as ada:
        before = await turns_of(standing, ada.session_id)
        await ada.socket.send(b"canary-4711")
        await ada.send(type="audio_end")
        await ada.send(type="audio_start", media_type="audio/wav", client_key="own")
        await ada.send(type="audio_start", media_type="audio/wav")
        await ada.send(type="audio_end")
        await ada.send(type="audio_start", media_type="audio/wav")
        await ada.socket.send(b"canary-4711")
        await ada.send(type="audio_end", discard=True)
        await ada.socket.send(b"canary-4711")
        await ada.send(type="ping")
        events = await ada.until("pong")
        after = await turns_of(standing, ada.session_id)

    assert [(e["type"], e.get("code")) for e in events[:-1]] == [("error", "invalid_input")] * 5
    assert [e["client_key"] for e in events[:-1]] == [None, None, None, "own", None]
    assert after == before


async def test_speech_over_the_limit_is_thrown_away(narrow: Served) -> None:
    """As a whole, with the limit; the next one is taken as ever."""
    async with narrow.talk() as ada:
        await ada.send(type="audio_start", media_type="audio/wav", client_key="long")
        for _ in range(3):
            await ada.socket.send(b"x" * 500_000)
        [error] = await ada.until("error")
        await ada.send(type="audio_start", media_type="audio/wav")
        await ada.socket.send(b"x")
        await ada.send(type="audio_end")
        [started, *_] = await ada.until("failed")

    assert (error["code"], error["client_key"]) == ("too_large", "long")
    assert started["message"]["file"]["size"] == 1


@pytest.mark.parametrize(
    ("frame", "code"), [("x" * (1 << 20) + "x", 1009), (b"x" * (1 << 20) + b"x", 1009)]
)
async def test_a_frame_over_the_limit_closes_the_socket(
    standing: Served, frame: str | bytes, code: int
) -> None:
    """Text or bytes, with the code that says so."""
    async with in_new_session(standing) as ada:
        with contextlib.suppress(ConnectionClosed):
            await ada.socket.send(frame)

        assert (await closed(ada))[0] == code


# Who may


async def test_a_socket_in_no_session_listens_to_rooms_only(standing: Served) -> None:
    """It is told so, and stays."""
    async with standing.talk("none") as ada:
        await ada.send(type="message", text="canary-4711", client_key="k")
        await ada.send(type="audio_start", media_type="audio/wav")
        await ada.send(type="cancel")
        await ada.send(type="ping")
        events = await ada.until("pong")

    assert (ada.session_id, ada.history, ada.resumed) == (None, [], False)
    assert [e.get("code") for e in events[:2]] == ["invalid_input"] * 2


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "", "1" * 30, "%00"])
async def test_a_place_that_is_none_is_refused(standing: Served, place: str) -> None:
    """Before there is a socket, in the one shape."""
    url = standing.socket_url(await standing.ticket(), after_seq=place)

    assert await refused(standing, url) == (400, "invalid_input")


async def test_sockets_are_bounded_for_each_user_and_in_all(narrow: Served) -> None:
    """Whoever closes one can open another; others are not kept out by one user."""
    ben = narrow.key("ben")
    async with AsyncExitStack() as opened:
        for _ in range(3):
            last = await opened.enter_async_context(narrow.talk())
        too_many = await refused(narrow, narrow.socket_url(await narrow.ticket()))
        for _ in range(2):
            await opened.enter_async_context(narrow.talk(key=ben))
        full = await refused(narrow, narrow.socket_url(await narrow.ticket(key=ben)))
        await last.socket.close()
        await last.socket.wait_closed()
        async with asyncio.timeout(HUNG_S):
            while True:
                with contextlib.suppress(InvalidStatus):
                    await opened.enter_async_context(narrow.talk())
                    break

    assert (too_many, full) == ((429, "too_many_sockets"), (503, "busy"))


async def test_a_socket_does_what_its_key_may_and_no_more(standing: Served) -> None:
    """With a key that only reads, everything is heard and nothing said; asked anew each time."""
    reading = standing.key("ada", "--scope", "memory:read")
    async with in_new_session(standing) as ada:
        async with standing.talk(ada.session_id, key=reading) as reader:
            for frame in (
                {"type": "message", "text": "canary-4711"},
                {"type": "regenerate", "message_id": ada.history[0]["id"]},
                {"type": "cancel"},
                {"type": "audio_start", "media_type": "audio/wav"},
            ):
                await reader.send(**frame)
                [error] = await reader.until("error")
                assert error["code"] == "not_allowed"
            await ada.ask("It is green")
            assert (await reader.until("finished"))[-1]["status"] == "complete"
        turns = await turns_of(standing, ada.session_id)

    assert len(turns) == 2


async def test_a_revoked_key_closes_its_sockets(served: Served) -> None:
    """With a code of its own, within moments, while it is idle and although it talks."""
    key = served.key("ada")
    [listed] = json.loads(served.command("tokens", "list", "--json"))
    async with served.talk(key=key) as idle, served.talk(key=key) as ada:
        await ada.send(type="message", text="slow secret")
        await ada.until("delta")
        served.command("tokens", "revoke", listed["id"])
        async with asyncio.timeout(HUNG_S):
            codes = [await closed(idle), await closed(ada)]
        session_id = ada.session_id
    served.let_go()
    async with asyncio.timeout(HUNG_S):
        while (turns := await turns_of(served, session_id))[0][0] == "open":
            await asyncio.sleep(0.05)
    [(status, texts)] = turns

    assert codes == [(4401, "your credential ended: log in again")] * 2
    assert (status, texts) == ("complete", ["slow secret", "one two"])


# Clients that misbehave


async def test_fifty_clients_that_do_not_read_hold_nobody_up(served: Served) -> None:
    """Whoever reads hears all of it, the turn is recorded whole, those who do not are closed."""
    async with served.talk() as ada, AsyncExitStack() as opened:
        slow = [
            await opened.enter_async_context(served.talk(ada.session_id, buffer_bytes=1 << 14))
            for _ in range(50)
        ]
        for client in slow:
            client.socket.transport.pause_reading()
        await ada.send(type="message", text="flood us all")
        heard = await ada.until("finished")
        turns = await turns_of(served, ada.session_id)
        for client in slow:
            client.socket.transport.abort()

    text = "".join(event["text"] for event in heard if event["type"] == "delta")
    assert turns == [("complete", ["flood us all", text])]
    assert len(text) == 400 * 6_000
    assert served.log.count("action=socket.too_slow") == 50


async def send_for_ever(talking: Talking) -> None:
    """Send frames that are answered with errors, as long as the system takes them."""
    while True:
        await talking.socket.send(json.dumps({"type": "x" * 500}))


async def test_a_client_that_only_sends_is_given_up(served: Served) -> None:
    """Frames that are answered but never read close the socket; the server goes on."""
    async with served.talk(buffer_bytes=1 << 14) as ada:
        ada.socket.transport.pause_reading()
        sending = asyncio.create_task(send_for_ever(ada))
        async with asyncio.timeout(HUNG_S):
            while "action=socket.too_slow" not in served.log:
                await asyncio.sleep(0.05)
        ada.socket.transport.abort()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    assert (await served.get("/healthz"))["status"] == "ok"


# Rooms


@asynccontextmanager
async def room_of_three(
    served: Served, keys: dict[str, str]
) -> AsyncIterator[tuple[str, dict[str, Talking]]]:
    """A room of three people and an assistant, each of them at a socket that has joined it."""
    async with AsyncExitStack() as opened:
        ada = await opened.enter_async_context(served.keyed(keys["ada"]))
        new = {"name": "Kitchen", "members": ["ben", "cleo"], "assistants": ["helper"]}
        room = (await ada.post("/api/rooms", json=new)).json()["id"]
        people = {}
        for name, key in keys.items():
            talking = await opened.enter_async_context(served.talk("none", key=key))
            await talking.send(type="join", room_id=room)
            [joined] = await talking.until("joined")
            assert (joined["name"], joined["messages"], joined["resumed"]) == ("Kitchen", [], False)
            people[name] = talking
        yield room, people


async def test_what_is_posted_in_a_room_is_heard_by_all_of_it(
    standing: Served, keys: dict[str, str]
) -> None:
    """The same frames for all, with who said it, and the answer of an assistant that is
    mentioned; whoever leaves hears no more, and misses nothing when they come back."""
    async with room_of_three(standing, keys) as (room, people):
        await people["ada"].send(type="post", room_id=room, text="Dinner at seven", client_key="d")
        heard = [await frames(who, "finished") for who in people.values()]
        await people["ben"].send(type="leave", room_id=room)
        [left] = await people["ben"].until("left")
        await people["cleo"].send(type="post", room_id=room, text="@helper when is dinner?")
        answered = [await frames(people[name], "finished") for name in ("ada", "cleo")]
        place = heard[1][-1]["seq"]
        await people["ben"].send(type="join", room_id=room, after_seq=place)
        [joined, *missed] = await frames(people["ben"], "finished")

    assert heard[0] == heard[1] == heard[2]
    assert heard[0][0]["event"]["message"]["author"] == "ada"
    assert (left["reason"], joined["event"]["resumed"]) == ("left", True)
    assert answered[0] == answered[1] == missed
    assert answered[0][-1]["event"]["message"]["author"] == "helper"


async def test_who_types_is_shown_and_not_recorded(standing: Served, keys: dict[str, str]) -> None:
    """To the others, once a second at most, and not over again to whoever comes back."""
    async with room_of_three(standing, keys) as (room, people):
        for _ in range(20):
            await people["ada"].send(type="typing", room_id=room)
        await people["ada"].send(type="post", room_id=room, text="Hello")
        others = [await people[name].until("finished") for name in ("ben", "cleo")]
        own = await people["ada"].until("finished")
        async with standing.keyed(keys["ada"]) as client:
            said = (await client.get(f"/api/rooms/{room}/messages")).json()["messages"]

    typing = {"type": "typing", "room_id": room, "user_id": "ada"}
    assert [events[0] for events in others] == [typing] * 2
    assert all(events.count(typing) < 5 for events in others)
    assert typing not in own
    assert [message["text"] for message in said] == ["Hello"]


async def test_who_is_removed_hears_nothing_more_at_once(
    standing: Served, keys: dict[str, str]
) -> None:
    """Not the rest of an answer that was on its way, and not by coming back; others go on. What
    they may hear of it is that they are out, as if there were no such room."""
    async with room_of_three(standing, keys) as (room, people):
        await people["ada"].send(type="post", room_id=room, text="slow @helper removed")
        await asyncio.gather(*(who.until("delta") for who in people.values()))
        async with standing.keyed(keys["ada"]) as client:
            await client.delete(f"/api/rooms/{room}/members/ben")
        standing.let_go("removed")
        [left] = await people["ben"].until("left")
        await people["cleo"].until("finished")
        await people["ada"].send(type="post", room_id=room, text="He is out")
        await people["cleo"].until("finished")
        for frame in ("post", "typing", "join", "leave"):
            more = {"text": "canary-4711"} if frame == "post" else {}
            await people["ben"].send(type=frame, room_id=room, **more)
        await people["ben"].send(type="join", room_id=ABSENT)
        await people["ben"].send(type="ping")
        events = await people["ben"].until("pong")

    assert left == {"type": "left", "room_id": room, "reason": "not_found"}
    answers = [{k: e[k] for k in ("type", "code", "message")} for e in events[:-1]]
    assert len(answers) == 5
    assert answers.count(answers[0]) == 5
    assert answers[0]["code"] == "not_found"


async def test_a_turn_in_a_room_is_cancelled_by_who_began_it_alone(
    standing: Served, keys: dict[str, str]
) -> None:
    """To anybody else it is not there."""
    async with room_of_three(standing, keys) as (room, people):
        await people["ada"].send(type="post", room_id=room, text="slow @helper mine")
        [started, *_] = await people["ada"].until("delta")
        await people["ben"].until("delta")
        await people["ben"].send(type="cancel", turn_id=started["turn_id"])
        [refusal] = await people["ben"].until("error")
        await people["ada"].send(type="cancel", turn_id=started["turn_id"])
        ends = [(await people[name].until("finished"))[-1] for name in ("ada", "ben")]

    assert refusal["code"] == "not_found"
    assert [end["status"] for end in ends] == ["cancelled"] * 2


async def test_a_room_is_posted_in_while_an_assistant_answers(
    standing: Served, keys: dict[str, str]
) -> None:
    """People do not wait for machines."""
    async with room_of_three(standing, keys) as (room, people):
        await people["ada"].send(type="post", room_id=room, text="slow @helper aside")
        await people["ben"].until("delta")
        await people["ben"].send(type="post", room_id=room, text="Never mind")
        [started, finished] = await people["ben"].until("finished")
        standing.let_go("aside")
        [*_, answered] = await people["ben"].until("finished")

    assert started["message"]["text"] == "Never mind"
    assert finished["turn_id"] == started["turn_id"] != answered["turn_id"]


async def test_what_is_said_in_rooms_counts_like_all_writes(tmp_path: Path) -> None:
    """A post over a socket is a write, as it is over HTTP."""
    served = Served(tmp_path, rate_writes_per_minute="4").start()
    try:
        async with served.client() as client:
            room = (await client.post("/api/rooms", json={"name": "limits"})).json()
            async with served.talk("none") as ada:
                await ada.send(type="join", room_id=room["id"])
                await ada.until("joined")
                for number in range(7):
                    await ada.send(type="post", room_id=room["id"], text=f"post {number}")
                ends = [(await ada.until("finished", "error"))[-1] for _ in range(7)]
    finally:
        served.kill()
    refused_posts = [end for end in ends if end["type"] == "error"]
    assert {end["code"] for end in refused_posts} == {"rate_limited"}
    assert len(refused_posts) >= 2


async def test_promise_03_ended_a_turn_that_is_cancelled_over_and_over_ends_once(
    standing: Served, keys: dict[str, str]
) -> None:
    """Forty cancels in a row in a room: both who are there hear one end, and the room goes on."""
    async with room_of_three(standing, keys) as (room, people):
        await people["ada"].send(type="post", room_id=room, text="slow @helper impatient")
        [started, *_] = await people["ada"].until("delta")
        await people["ben"].until("delta")
        for _ in range(40):
            await people["ada"].send(type="cancel", turn_id=started["turn_id"])
        ends = [(await people[name].until("finished"))[-1] for name in ("ada", "ben")]
        await people["ben"].send(type="post", room_id=room, text="Still there?")
        after = [await people[name].until("finished") for name in ("ada", "ben")]
        async with standing.keyed(keys["ada"]) as client:
            said = (await client.get(f"/api/rooms/{room}/messages")).json()["messages"]

    assert [(end["turn_id"], end["status"]) for end in ends] == [
        (started["turn_id"], "cancelled")
    ] * 2
    ended = [e["turn_id"] for events in after for e in events if e["type"] == "finished"]
    assert started["turn_id"] not in ended
    assert [m["text"] for m in said] == ["slow @helper impatient", "one ", "Still there?"]
