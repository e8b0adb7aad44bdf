"""A keeper beside a plain dictionary: after anything at all they hold the same."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from fix_keeper import World
from holdfast.errors import BadInput
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Message

USERS = ("ada", "ben")
WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)


class Said:
    """One message as the model knows it."""

    def __init__(self, message: Message) -> None:
        self.id = message.id
        self.seq = message.seq
        self.role = message.role
        self.kind = message.kind
        self.text = message.text
        self.turn = message.turn_id

    def __repr__(self) -> str:
        return f"{self.seq} {self.role} {self.kind} {self.text!r}"


class Talk:
    """One session as the model knows it."""

    def __init__(self, user: str, session_id: str) -> None:
        self.user = user
        self.id = session_id
        self.title: str | None = None
        self.archived = False
        self.said: list[Said] = []
        self.next_seq = 0
        self.status: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        """Client key to turn."""

    def is_another_input(self, key: str | None, text: str) -> bool:
        """Whether a used key stands for an input that is still known and is not this one."""
        of_turn = [said for said in self.said if said.turn == self.keys.get(key or "")]
        return bool(of_turn) and of_turn[0].role == "user" and of_turn[0].text != text


class KeeperBesideDictionary(RuleBasedStateMachine):
    """Two users on one file; every rule changes both sides, every invariant compares them."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = TemporaryDirectory()
        self._world = World(Path(self._folder.name))
        self.talks: dict[str, Talk] = {}
        self.keeper: Keeper = self._run(self._world.open())

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def teardown(self) -> None:
        self._run(self._world.close())
        self._loop.close()
        self._folder.cleanup()

    async def _user(self, name: str) -> User:
        return await self.keeper.user(name)

    async def _session(self, talk: Talk) -> OpenSession:
        return await (await self._user(talk.user)).sessions.open(talk.id)

    @initialize()
    def both_users_are_known(self) -> None:
        """Ada and Ben have vaults from the beginning."""
        for name in USERS:
            self._run(self._user(name))

    @rule(target=sessions, user=st.sampled_from(USERS), titled=st.booleans(), title=WORDS)
    def start(self, user: str, titled: bool, title: str) -> str:
        """A new session, with a title or without."""

        async def work() -> str:
            sessions = (await self._user(user)).sessions
            return (await sessions.start(title=title if titled else "")).id

        session_id = self._run(work())
        talk = self.talks[session_id] = Talk(user, session_id)
        talk.title = title if titled else None
        return str(session_id)

    def _take(self, talk: Talk, messages: list[Message], turn_id: str, status: str) -> None:
        for message in messages:
            assert message.seq == talk.next_seq
            talk.next_seq += 1
            talk.said.append(Said(message))
        talk.status[turn_id] = status

    @rule(
        session_id=sessions,
        text=WORDS,
        answer=WORDS,
        key=st.none() | st.sampled_from(["k1", "k2"]),
        end=st.sampled_from(["complete", "failed", "cancelled"]),
        streamed=st.booleans(),
    )
    def turn(
        self,
        session_id: str,
        text: str,
        answer: str,
        key: str | None,
        end: str,
        streamed: bool,
    ) -> None:
        """A turn with an answer that ends one way or another, or the replay of one."""
        talk = self.talks.get(session_id)
        if talk is None:
            return

        async def work() -> Any:
            with contextlib.suppress(ZeroDivisionError, asyncio.CancelledError):
                async with (await self._session(talk)).turn(text, client_key=key) as turn:
                    if streamed:
                        async with turn.stream() as stream:
                            await stream.write(answer)
                            await stream.flush()
                    else:
                        await turn.reply(answer)
                    if end == "failed":
                        raise ZeroDivisionError("on purpose")
                    if end == "cancelled":
                        raise asyncio.CancelledError
            return turn

        if talk.is_another_input(key, text):
            with pytest.raises(BadInput):
                self._run(work())
            return
        turn = self._run(work())
        if key in talk.keys:
            assert turn.replayed
            assert turn.id == talk.keys[key]
            return
        assert not turn.replayed
        assert [m.text for m in turn.messages[:2]] == [text, answer]
        if key is not None:
            talk.keys[key] = turn.id
        self._take(talk, turn.messages, turn.id, end)

    @rule(session_id=sessions, text=WORDS, answer=WORDS, key=st.none() | st.just("k1"))
    def log(self, session_id: str, text: str, answer: str, key: str | None) -> None:
        """A finished exchange in one call, under a key that a turn may have used."""
        talk = self.talks.get(session_id)
        if talk is None:
            return

        async def work() -> Any:
            session = await self._session(talk)
            return await session.log_full_chat_interaction(text, answer, client_key=key)

        if talk.is_another_input(key, text):
            with pytest.raises(BadInput):
                self._run(work())
            return
        logged = self._run(work())
        assert logged.replayed is (key in talk.keys)
        if not logged.replayed:
            if key is not None:
                talk.keys[key] = logged.turn.id
            self._take(talk, list(logged.messages), logged.turn.id, "complete")

    @rule(session_id=sessions, pick=st.integers(0, 100))
    def forget(self, session_id: str, pick: int) -> None:
        """One message of a session."""
        talk = self.talks.get(session_id)
        if talk is None or not talk.said:
            return
        gone = talk.said.pop(pick % len(talk.said))

        async def work() -> None:
            await (await self._user(talk.user)).forget(gone.id)

        self._run(work())

    @rule(session_id=sessions, title=WORDS, archived=st.booleans())
    def change(self, session_id: str, title: str, archived: bool) -> None:
        """Another title, in the archive or not."""
        talk = self.talks.get(session_id)
        if talk is None:
            return

        async def work() -> None:
            await (await self._session(talk)).change(title=title, archived=archived)

        self._run(work())
        talk.title, talk.archived = title, archived

    @rule(session_id=consumes(sessions))
    def erase_session(self, session_id: str) -> None:
        """A whole session."""
        talk = self.talks.pop(session_id, None)
        if talk is None:
            return

        async def work() -> Any:
            return await (await self._user(talk.user)).erase_session(talk.id)

        receipt = self._run(work())
        assert receipt.messages == len(talk.said)
        assert receipt.turns == len(talk.status)

    @rule(user=st.sampled_from(USERS))
    def erase_user(self, user: str) -> None:
        """Everything of one user, who comes back to nothing."""
        receipt = self._run(self.keeper.erase(user))
        gone = [talk for talk in self.talks.values() if talk.user == user]
        assert receipt.sessions == len(gone)
        assert receipt.messages == sum(len(talk.said) for talk in gone)
        for talk in gone:
            del self.talks[talk.id]
        self._run(self._user(user))

    @rule()
    def reopen(self) -> None:
        """The keeper is closed and opened again."""
        self._run(self.keeper.close())
        self._world._opened.clear()
        self.keeper = self._run(self._world.open())

    @rule(session_id=sessions, pick=st.integers(0, 100))
    def recall(self, session_id: str, pick: int) -> None:
        """What was said is found by its own words, in its own vault and in no other."""
        talk = self.talks.get(session_id)
        if talk is None or not talk.said:
            return
        said = talk.said[pick % len(talk.said)]

        async def work(name: str) -> list[str]:
            hits = await (await self._user(name)).recall(said.text, limit=1000, include="messages")
            return [hit.message.id for hit in hits if hit.message is not None]

        if said.text.strip("\0 \t\r\n"):
            alive = {one.id for talk in self.talks.values() for one in talk.said}
            mine = self._run(work(talk.user))
            assert set(mine) <= alive
            if any(sign.isalnum() for sign in said.text):
                assert said.id in mine
            assert said.id not in self._run(work("ben" if talk.user == "ada" else "ada"))

    @invariant()
    def both_hold_the_same(self) -> None:
        """Sessions, messages, turns, titles: as in the dictionary."""

        async def compare() -> None:
            for name in USERS:
                user = await self._user(name)
                mine = {talk.id: talk for talk in self.talks.values() if talk.user == name}
                infos = {info.id: info for info in await user.sessions.list(limit=1000)}
                assert infos.keys() == mine.keys()
                stats = await user.stats()
                assert stats.messages == sum(len(talk.said) for talk in mine.values())
                for talk in mine.values():
                    await self._compare(talk, infos[talk.id])

        self._run(compare())

    async def _compare(self, talk: Talk, info: Any) -> None:
        session = await self._session(talk)
        found = [(m.id, m.seq, m.role, m.kind, m.text) for m in await session.messages()]
        assert found == [(m.id, m.seq, m.role, m.kind, m.text) for m in talk.said]
        assert {t.id: t.status for t in await session.turns()} == talk.status
        assert (info.message_count, info.archived) == (len(talk.said), talk.archived)
        everything = await session.messages(forgotten=True)
        assert [m.seq for m in everything] == list(range(talk.next_seq))

    @invariant()
    def everything_verifies(self) -> None:
        """Each chain holds, each record opens."""
        assert self._run(self.keeper.verify()).problems == ()


TestKeeperBesideDictionary = KeeperBesideDictionary.TestCase
TestKeeperBesideDictionary.settings = settings(max_examples=settings().max_examples * 2 // 5)
