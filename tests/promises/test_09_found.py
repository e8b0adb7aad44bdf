"""Promise 9: the index is derived, current, and answers as one built afresh."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fix_keeper import World, talk, texts
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.recalling import Hit
from holdfast.keeper.users import User

WORDS = [
    "blue",
    "green",
    "oslo",
    "ravenna",
    "violin",
    "copper",
    "tuesday",
    "bread",
    "sofia",
    "rain",
]
QUESTIONS = ["blue violin", "who was in oslo?", "copper bread", "rain on tuesday", "ravenna"]
Shown = list[tuple[str, float]]


def _shown(hits: list[Hit]) -> Shown:
    found = [(hit.message or hit.memory, hit.score) for hit in hits]
    return [("" if one is None else one.id, score) for one, score in found]


async def _answers(user: User, *, filters: bool = True) -> list[Shown]:
    asked: list[dict[str, Any]] = [{}]
    if filters:
        asked += [
            {"project": "trip"},
            {"assistant": "helper"},
            {"tags": ["red"]},
            {"role": "user"},
            {"include": "memories"},
            {"kind": "chat"},
        ]
    return [
        _shown(await user.recall(question, limit=50, **more))
        for question in QUESTIONS
        for more in asked
    ]


def _same(one: list[Shown], other: list[Shown]) -> None:
    """The same hits in the same order with the same scores, to a millionth."""
    assert [[found for found, _ in shown] for shown in one] == [
        [found for found, _ in shown] for shown in other
    ]
    for mine, theirs in zip(one, other, strict=True):
        assert [score for _, score in mine] == pytest.approx(
            [score for _, score in theirs], abs=1e-6
        )


class Editor:
    """Changes a user's vault at random, through one of two keepers at a time."""

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self.sessions: list[str] = []
        self.messages: list[str] = []
        self.memories: list[str] = []

    async def do(self, what: str, who: int, pick: int, said: str) -> None:
        """One change; those that need something there is not are passed over."""
        user = self.users[who % len(self.users)]
        await getattr(self, f"_{what}")(user, pick, said)

    async def _start(self, user: User, pick: int, said: str) -> None:
        session = await user.sessions.start(assistant=["helper", None][pick % 2], title=said)
        self.sessions.append(session.id)

    async def _talk(self, user: User, pick: int, said: str) -> None:
        if not self.sessions:
            await self._start(user, pick, said)
        session = await user.sessions.open(self.sessions[pick % len(self.sessions)])
        async with session.turn(said, author=["ada", "ben", None][pick % 3]) as turn:
            await turn.reply(said[::-1] if pick % 4 == 0 else f"{said} indeed")
        self.messages.extend(message.id for message in turn.messages)

    async def _log(self, user: User, pick: int, said: str) -> None:
        if not self.sessions:
            await self._start(user, pick, said)
        session = await user.sessions.open(self.sessions[pick % len(self.sessions)])
        logged = await session.log_full_chat_interaction(
            said, "noted", memory=f"remember {said}", tags=["red"][: pick % 2], thought=said
        )
        self.messages.extend(message.id for message in logged.messages)
        assert logged.learned.memory is not None
        self.memories.append(logged.learned.memory.id)

    async def _forget(self, user: User, pick: int, _said: str) -> None:
        if self.messages:
            await user.forget(self.messages.pop(pick % len(self.messages)))
            self.memories = [memory.id for memory in await user.memories.list()]

    async def _erase_session(self, user: User, pick: int, _said: str) -> None:
        if not self.sessions:
            return
        gone = self.sessions.pop(pick % len(self.sessions))
        session = await user.sessions.open(gone)
        lost = {message.id for message in await session.messages()}
        await user.erase_session(gone)
        self.messages = [message for message in self.messages if message not in lost]
        self.memories = [memory.id for memory in await user.memories.list()]

    async def _change(self, user: User, pick: int, said: str) -> None:
        if self.sessions:
            session = await user.sessions.open(self.sessions[pick % len(self.sessions)])
            project = ["trip", "home"][pick % 2]
            await session.change(title=said, project=project, tags=["red", "blue"][: pick % 3])

    async def _remember(self, user: User, pick: int, said: str) -> None:
        sources = [self.messages[pick % len(self.messages)]] if self.messages else []
        self.memories.append((await user.memories.add(said, sources=sources)).id)

    async def _unlearn(self, user: User, pick: int, _said: str) -> None:
        if self.memories:
            await user.memories.forget(self.memories.pop(pick % len(self.memories)))

    async def _distill(self, user: User, _pick: int, _said: str) -> None:
        await user.distill()
        self.memories = [memory.id for memory in await user.memories.list()]

    async def _ask(self, user: User, pick: int, _said: str) -> None:
        await user.recall(QUESTIONS[pick % len(QUESTIONS)])


_EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("start", "talk", "talk", "talk", "log", "forget", "erase_session", "change"),
                *("remember", "unlearn", "distill", "ask"),
            ]
        ),
        st.integers(0, 1),
        st.integers(0, 1000),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=settings().max_examples // 3, phases=(Phase.explicit, Phase.generate))
@given(edits=_EDITS)
async def test_promise_09_found_an_edited_index_answers_like_a_rebuilt_one(
    edits: list[tuple[str, int, int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After random changes through two keepers of one file, both and a third answer alike."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        users = [await (await world.open()).user("ada") for _ in range(2)]
        editor = Editor(users)
        for edit in edits:
            await editor.do(*edit)
        edited = [await _answers(user) for user in users]
        fresh = await (await world.open(index_dir=world.folder / "elsewhere")).user("ada")

        rebuilt = await _answers(fresh)

        for answers in edited:
            _same(answers, rebuilt)
    finally:
        await world.close()


async def _some_talk(keeper: Keeper) -> User:
    ada = await keeper.user("ada")
    for n in range(3):
        session = await ada.sessions.start(assistant="helper")
        for m in range(5):
            await talk(session, (f"{WORDS[n]} {WORDS[m]} {WORDS[-m]}", f"{WORDS[n + m]} it is"))
    await ada.memories.add("likes violin music")
    return ada


@pytest.fixture
def saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot is written after every change, however small."""
    monkeypatch.setattr("holdfast.keeper.indexes._SAVE_AFTER", 1)


def _snapshots(world: World) -> list[Path]:
    return sorted(world.data_dir.glob("*.index/*"))


@pytest.mark.usefixtures("saved_often")
async def test_promise_09_found_deleting_the_index_loses_nothing(world: World) -> None:
    """Without its folder the index is built again and answers the same."""
    keeper = await world.open()
    before = await _answers(await _some_talk(keeper))
    await keeper.close()
    assert _snapshots(world)
    for folder in world.data_dir.glob("*.index"):
        shutil.rmtree(folder)

    again = await world.open()

    _same(await _answers(await again.user("ada")), before)


@pytest.mark.usefixtures("saved_often")
@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "noise", "another's", "older", "folder"])
async def test_promise_09_found_a_bad_snapshot_is_thrown_away(damage: str, world: World) -> None:
    """Damaged, cut, foreign or old: what is in the snapshot never changes an answer."""
    keeper = await world.open()
    ada = await _some_talk(keeper)
    await _answers(ada)
    await keeper.close()
    (older,) = (path.read_bytes() for path in _snapshots(world))
    keeper = await world.open()
    ada = await keeper.user("ada")
    (hit,) = await ada.recall("blue violin", limit=1, include="messages")
    assert hit.message is not None
    await ada.forget(hit.message.id)
    before = await _answers(ada)
    ben = await keeper.user("ben")
    await talk(await ben.sessions.start(), ("copper copper", "bread"))
    await _answers(ben)
    await keeper.close()
    path = next(p for p in _snapshots(world) if ada.vault.id in p.name)
    other = next(p for p in _snapshots(world) if ada.vault.id not in p.name)
    now = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        path.write_bytes(
            {
                "bit": now[:200] + bytes([now[200] ^ 1]) + now[201:],
                "cut": now[:-20],
                "empty": b"",
                "noise": bytes(range(256)) * 10,
                "another's": other.read_bytes(),
                "older": older,
            }[damage]
        )

    again = await world.open()

    _same(await _answers(await again.user("ada")), before)


async def test_promise_09_found_a_second_keeper_sees_each_write_at_once(world: World) -> None:
    """Acknowledged here, found there, by the very next call; forgotten here, not found there."""
    here, there = await world.open(), await world.open()
    writer, reader = await here.user("ada"), await there.user("ada")
    session = await writer.sessions.start()
    for n in range(10):
        async with session.turn(f"number {n} is {WORDS[n]}") as turn:
            assert texts(await reader.recall(WORDS[n], limit=1)) == [f"number {n} is {WORDS[n]}"]
        await writer.forget(turn.messages[0].id)
        assert f"number {n} is {WORDS[n]}" not in texts(await reader.recall(WORDS[n]))
    memory = await writer.memories.add("plays the cello")
    assert texts(await reader.recall("cello")) == ["plays the cello"]
    await writer.memories.forget(memory.id)
    assert await reader.recall("cello", include="memories") == []
    await writer.erase_session(session.id)
    assert await reader.recall("number") == []


async def test_promise_09_found_recall_while_others_write_and_forget(world: World) -> None:
    """Asked again and again while another keeper writes and forgets: never an error, never a
    message that is gone."""
    here, there = await world.open(), await world.open()
    writer, reader = await here.user("ada"), await there.user("ada")
    session = await writer.sessions.start()
    gone: set[str] = set()

    async def write() -> None:
        for n in range(30):
            async with session.turn(f"blue {n}") as turn:
                await turn.reply(f"violin {n}")
            if n % 2:
                await writer.forget(turn.messages[0].id)
                gone.add(turn.messages[0].id)

    writing = asyncio.create_task(write())
    while not writing.done():
        known = set(gone)
        hits = await reader.recall("blue violin", limit=100)
        assert {hit.message.id for hit in hits if hit.message} & known == set()
    await writing

    assert len(await reader.recall("blue", limit=100, role="user")) == 15
