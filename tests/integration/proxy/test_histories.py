"""Clients resend everything, edited at will: nothing is recorded twice, and nothing is missing."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fix_keeper import World
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Message
from holdfast.server.proxy.answers import Answer
from holdfast.server.proxy.assembling import Assembler
from holdfast.server.proxy.finding import Asked
from holdfast.server.proxy.opening import Opened, Opening
from holdfast.server.proxy.wire import read_request

Wire = dict[str, Any]
Path_ = tuple[str, ...]


def text_of(message: Wire) -> str:
    """A message of the wire in one word."""
    calls = [c["id"] for c in message.get("tool_calls", ())]
    return "/".join([message["role"], message.get("content") or "", *calls])


def shown(message: Message) -> str:
    """A recorded message in the same word."""
    if message.kind == "tool_call":
        assert message.tool is not None
        return f"assistant//{message.tool.call_id}"
    if message.kind == "tool_result":
        assert message.tool is not None
        return f"tool/{message.tool.result}"
    return f"{message.role}/{message.text}"


class Client:
    """A chat program that keeps its own history, and the proxy behind it."""

    def __init__(self, user: User, opening: Opening, name: str | None) -> None:
        self.user, self.opening, self.name = user, opening, name
        self.messages: list[Wire] = []
        self.expected: set[Path_] = set()
        self.sessions: set[str] = set()
        self.count = 0
        self.own = False

    def new(self, word: str) -> str:
        self.count += 1
        return f"{word} {self.count}"

    async def ask(self, *, calls: bool = False) -> None:
        """Send the history, and put the answer behind it."""
        body = json.dumps({"model": "m", "messages": self.messages}).encode()
        asked = Asked(
            request=read_request(body), name=self.name, own=self.own, key=None, assistant=None
        )
        answer: Wire = {"role": "assistant", "content": self.new("answer")}
        if calls:
            call = {"id": self.new("call"), "function": {"name": "f", "arguments": "{}"}}
            answer = {"role": "assistant", "content": None, "tool_calls": [call]}
        async with AsyncExitStack() as stack:
            opened = await self.opening.open(
                stack, self.user, asked, again=False, cut_off=lambda: "cancelled"
            )
            assert isinstance(opened, Opened)
            assembler = Assembler(max_bytes=1 << 20)
            assembler.take_completion({"choices": [{"index": 0, "message": answer}]})
            recording = Answer(opened.turn, assembler, follows=opened.follows, chain=opened.chain)
            (place,) = await recording.finish()
            await self.opening.answered(self.user, opened.session, asked, place)
        self.opening.ended(opened)
        self.sessions.add(opened.session.id)
        self.messages.append(answer)
        spoken = [text_of(m) for m in self.messages if m["role"] not in ("system", "developer")]
        self.expected |= {tuple(spoken[:n]) for n in range(1, len(spoken) + 1)}


async def recorded(session: OpenSession) -> list[Path_]:
    """The place of every message in the tree, without the system's."""
    paths: dict[str, Path_] = {}
    found = []
    messages = await session.messages()
    assert [m.seq for m in messages] == list(range(len(messages)))
    for message in messages:
        before = paths[message.parent_id] if message.parent_id else ()
        path = before if message.role == "system" else (*before, shown(message))
        paths[message.id] = path
        if message.role != "system":
            found.append(path)
    return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["say", "say", "say", "edit", "again", "shorten", "foreign", "tool", "system", "answer"]
        ),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=9,
)


async def step(client: Client, kind: str, place: int) -> None:
    """One thing that a person does in a chat program."""
    messages = client.messages
    users = [n for n, m in enumerate(messages) if m["role"] == "user"]
    at = users[place % len(users)] if users else 0
    calls = False
    match kind:
        case "edit" if users:
            del messages[at:]
            messages.append({"role": "user", "content": client.new("edited")})
        case "again" if users:
            del messages[at + 1 :]
        case "shorten" if users:
            del messages[at:]
            messages.append({"role": "user", "content": client.new("said")})
        case "foreign":
            messages += [
                {"role": "user", "content": client.new("elsewhere")},
                {"role": "assistant", "content": client.new("answered elsewhere")},
                {"role": "user", "content": client.new("said")},
            ]
        case "tool":
            messages.append({"role": "user", "content": client.new("said")})
            await client.ask(calls=True)
            call = messages[-1]["tool_calls"][0]["id"]
            result = client.new("result")
            messages.append({"role": "tool", "tool_call_id": call, "content": result})
        case "system":
            messages.insert(0, {"role": "developer", "content": client.new("be kind")})
            messages.append({"role": "user", "content": client.new("said")})
        case "answer" if any(m["role"] == "assistant" for m in messages):
            answers = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
            at = answers[place % len(answers)]
            del messages[at:]
            messages.append({"role": "assistant", "content": client.new("rewritten")})
            messages.append({"role": "user", "content": client.new("said")})
        case _:
            messages.append({"role": "user", "content": client.new("said")})
    await client.ask(calls=calls)


@given(steps=STEPS, forgetful=st.booleans())
@settings(max_examples=40)
async def test_promise_04_once_a_resent_history_is_recorded_once(
    steps: list[tuple[str, int]], forgetful: bool
) -> None:
    """Each message stands once at its place of the tree, whatever is edited, shortened, or new;
    seq has no gap. A proxy that knows nothing any more (another process) does the same."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        keeper = await world.open("memory")
        user = await keeper.user("ada")
        client = Client(user, Opening(keeper.store), "chat")
        for kind, place in steps:
            await step(client, kind, place)
            if forgetful:
                client.opening = Opening(keeper.store)
        (session_id,) = client.sessions
        session = await user.sessions.open(session_id)
        found = await recorded(session)
        systems = [m.text for m in await session.messages() if m.role == "system"]
        turns = await session.turns()
        await world.close()

    assert sorted(found) == sorted(client.expected)
    assert len(systems) == len(set(systems)) == sum(kind == "system" for kind, _ in steps)
    assert {turn.status for turn in turns} == {"complete"}


@given(steps=st.lists(st.sampled_from(["say", "tool", "foreign", "system"]), max_size=6))
@settings(max_examples=25)
async def test_a_growing_chat_without_a_name_is_one_session(steps: list[str]) -> None:
    """Inferred from how its history begins, with nothing kept in memory; and told so."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        keeper = await world.open("memory")
        user = await keeper.user("ada")
        client = Client(user, Opening(keeper.store), None)
        for kind in ["say", *steps]:
            await step(client, kind, 0)
            client.opening = Opening(keeper.store)
        (session_id,) = client.sessions
        session = await user.sessions.open(session_id)
        info, found = await session.info(), await recorded(session)
        await world.close()

    assert info.tags == ("inferred",)
    assert sorted(found) == sorted(client.expected)


async def test_two_chats_that_begin_alike_are_two_sessions() -> None:
    """The same question and the same answer, and then they part: each goes on with its own."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        keeper = await world.open("memory")
        user = await keeper.user("ada")
        clients = []
        for _ in range(2):
            client = Client(user, Opening(keeper.store), None)
            await step(client, "say", 0)
            clients.append(client)
        for number, client in enumerate(clients):
            client.messages.append({"role": "user", "content": f"and {number}"})
            await client.ask()
            client.messages.append({"role": "user", "content": f"more {number}"})
            await client.ask()
        await world.close()

    first, second = (client.sessions for client in clients)
    assert len(first | second) == 2


async def test_what_is_forgotten_does_not_come_back_with_the_next_request() -> None:
    """The client still sends it; it is known by a digest, and what is new is kept."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        keeper = await world.open("memory")
        user = await keeper.user("ada")
        client = Client(user, Opening(keeper.store), "chat")
        await step(client, "say", 0)
        await step(client, "say", 0)
        (session_id,) = client.sessions
        session = await user.sessions.open(session_id)
        before = await session.messages()
        await user.forget([before[0].id, before[1].id])
        for opening in (client.opening, Opening(keeper.store)):
            client.opening = opening
            await step(client, "say", 0)
        texts = [m.text for m in await session.messages()]
        del client.messages[1:]
        await client.ask()
        again = [m.text for m in await session.messages(after_seq=len(before) + 3)]
        await world.close()

    assert texts == ["said 3", "answer 4", "said 5", "answer 6", "said 7", "answer 8"]
    assert "said 1" not in again
    assert "answer 9" in again


async def test_a_forgotten_answer_of_another_surface_does_not_come_back() -> None:
    """It bears nothing by which it could be known again but its place."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        keeper = await world.open("memory")
        user = await keeper.user("ada")
        session = await user.sessions.start()
        async with session.turn("Hello") as turn:
            answer = await turn.reply("A secret")
        await user.forget(answer.id)
        client = Client(user, Opening(keeper.store), session.id)
        client.own = True
        client.messages = [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "A secret"},
        ]
        for _ in range(2):
            await step(client, "say", 0)
        texts = [m.text for m in await session.messages()]
        await world.close()

    assert texts == ["Hello", "said 1", "answer 2", "said 3", "answer 4"]
