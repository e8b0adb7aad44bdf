"""Promise 10: every memory names its sources, and goes with the last of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fix_keeper import World, talk, texts
from holdfast.clock import id_bytes, id_text
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.model import Memory, Message
from holdfast.storage.protocol import Kind, LinksQuery, RowSpan, State


async def assert_traced(user: User) -> None:
    """Sources and links agree, both ways, and every end of every link is there."""
    vault = user.vault
    alive = {
        id_text(row.id): row
        for kind in (Kind.MESSAGE, Kind.MEMORY, Kind.THOUGHT, Kind.TURN)
        for row in await vault.storage.rows(RowSpan(vault_id=vault.raw, kind=kind))
        if row.state in (State.LIVE, State.OPEN)
    }
    memories = await user.memories.list()
    for memory in memories:
        links = await vault.storage.links(
            LinksQuery(vault_id=vault.raw, from_ids=(id_bytes(memory.id),), kind="source")
        )
        named = {source.message_id for source in memory.sources}
        assert {id_text(link.to_id) for link in links} == named
        assert named <= alive.keys()
    everything = await vault.storage.links(
        LinksQuery(vault_id=vault.raw, from_ids=tuple(map(id_bytes, alive)))
    )
    assert {id_text(link.to_id) for link in everything} <= alive.keys()
    for thought in await user.thoughts.list():
        assert thought.turn_id is None or thought.turn_id in alive
        assert thought.linked_memory is None or thought.linked_memory in alive


async def test_promise_10_traced_every_memory_names_its_sources(keeper: Keeper) -> None:
    """Logged, distilled, made on request, added by hand: each says where it comes from."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    logged = await session.log_full_chat_interaction(
        "I moved to Oslo", "Noted", memory="lives in Oslo", thought="they moved"
    )
    await talk(session, ("I like the violin", "It is a fine instrument"))
    requested = await ada.create_memory_from_chat(session.id, "helper")
    added = await ada.memories.add("by hand", sources=[logged.messages[0].id])
    await ada.distill()

    said = {message.id: message for message in await session.messages()}
    memories = await ada.memories.list()
    assert [m.kind for m in memories].count("summary") == 2
    assert "Lives in Oslo" in {m.text for m in memories}
    for memory in memories:
        assert memory.sources
        assert {source.message_id for source in memory.sources} <= said.keys()
    assert {m.id for m in await ada.memories.of_message(logged.messages[0].id)} >= {added.id}
    assert logged.learned.memory is not None
    assert [s.message_id for s in logged.learned.memory.sources] == [m.id for m in logged.messages]
    assert requested.kind == "summary"
    (thought,) = await ada.thoughts.list()
    assert (thought.turn_id, thought.linked_memory) == (logged.turn.id, logged.learned.memory.id)
    await assert_traced(ada)


async def test_promise_10_traced_a_span_of_a_source_says_what_was_quoted(keeper: Keeper) -> None:
    """Where a summary names a span, the text there is in the summary."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("I like the violin. Rain is fine.", "Good to know. The violin sings."))
    memory = await ada.create_memory_from_chat(session.id, "helper")

    said = {message.id: message.text for message in await session.messages()}
    spans = [s for s in memory.sources if s.start is not None]
    assert spans
    for source in spans:
        assert said[source.message_id][source.start : source.end] in memory.text


async def _exchange(keeper: Keeper) -> tuple[User, list[Message], Memory]:
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    logged = await session.log_full_chat_interaction(
        "I moved to Oslo", "Noted", memory="lives in Oslo", thought="they moved"
    )
    assert logged.learned.memory is not None
    return ada, list(logged.messages), logged.learned.memory


async def test_promise_10_traced_a_memory_goes_with_its_last_source(keeper: Keeper) -> None:
    """First source gone: reduced. Last gone: the memory goes, and cannot be found any more."""
    ada, messages, memory = await _exchange(keeper)

    first = await ada.forget(messages[0].id)
    left = await ada.memories.get(memory.id)
    second = await ada.forget(messages[1].id)

    assert (first.reduced, first.memories, first.thoughts) == (1, 0, 0)
    assert [source.message_id for source in left.sources] == [messages[1].id]
    assert (second.reduced, second.memories, second.thoughts) == (0, 1, 1)
    assert await ada.memories.list() == []
    assert await ada.thoughts.list() == []
    assert await ada.recall("Oslo") == []
    await assert_traced(ada)


async def test_promise_10_traced_a_summary_goes_with_any_of_its_sources(keeper: Keeper) -> None:
    """A summary quotes: with one source forgotten its text would still tell it."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("My secret is swordfish", "I keep it"), ("I like rain", "So do I"))
    await ada.create_memory_from_chat(session.id, "helper")
    await ada.distill()

    await ada.forget((await session.messages())[0].id)

    assert all("swordfish" not in memory.text for memory in await ada.memories.list())
    assert "swordfish" not in str(await ada.recall("swordfish", include="memories"))
    await assert_traced(ada)


async def test_promise_10_traced_a_session_is_summed_up_again_after_forgetting(
    keeper: Keeper,
) -> None:
    """The running summary went with a forgotten message; the next distilling makes another."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("My secret is swordfish", "I keep it"), ("I like rain", "So do I"))
    await ada.distill()
    await ada.forget((await session.messages())[0].id)

    await ada.distill()

    (memory,) = await ada.memories.list(kind="summary")
    assert "swordfish" not in f"{memory} {await session.info()}"
    await assert_traced(ada)


async def test_promise_10_traced_erasing_a_session_takes_what_rested_on_it(
    keeper: Keeper,
) -> None:
    """A memory of two sessions stays with the other's source; those of one alone go."""
    ada, messages, _ = await _exchange(keeper)
    other = await ada.sessions.start(assistant="helper")
    await talk(other, ("Oslo is cold", "It is"))
    elsewhere = (await other.messages())[0]
    shared = await ada.memories.add("Oslo", sources=[messages[0].id, elsewhere.id])

    receipt = await ada.erase_session(messages[0].session_id)

    assert (receipt.memories, receipt.thoughts) == (1, 1)
    (left,) = await ada.memories.list()
    assert left.id == shared.id
    assert [source.message_id for source in left.sources] == [elsewhere.id]
    assert texts(await ada.recall("Oslo", include="memories")) == ["Oslo"]
    await assert_traced(ada)


async def test_promise_10_traced_forgetting_leaves_no_word_of_it_in_the_session(
    keeper: Keeper,
) -> None:
    """Title, preview, intent and entities that came from a forgotten message go with it."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    async with session.turn(
        "My secret is swordfish", intent="swordfish", entities={"word": "swordfish"}, tags=["s"]
    ) as turn:
        await turn.reply("I keep it")
    await talk(session, ("I like rain", "So do I"))

    await ada.forget(turn.messages[0].id)

    info, turns = await session.info(), await session.turns()
    assert "swordfish" not in f"{info} {turns} {await session.messages(forgotten=True)}"
    assert info.title == "I keep it"
    assert await ada.recall("swordfish", limit=1, role="user") == [] or "swordfish" not in str(
        await ada.recall("swordfish")
    )


@pytest.mark.parametrize("way", ["distill", "request", "by hand"])
async def test_promise_10_traced_what_is_forgotten_meanwhile_does_not_come_back(
    way: str, world: World
) -> None:
    """A message is forgotten while a memory of it is being written: no memory rests on it."""
    keeper = await world.open("tapped")
    ada = await keeper.user("ada")
    session = await ada.sessions.start(assistant="helper")
    await talk(session, ("My secret is swordfish", "I keep it"), ("I like rain", "So do I"))
    secret = (await session.messages())[0]

    async def forget_first(call: str, asked: Any) -> None:
        if call == "data.commit" and any(row.kind is Kind.MEMORY for row in asked.put):
            world.tap.before = None
            await ada.forget(secret.id)

    world.tap.before = forget_first
    with contextlib.suppress(Conflict, NotFound):
        await {
            "distill": ada.distill,
            "request": lambda: ada.create_memory_from_chat(session.id, "helper"),
            "by hand": lambda: ada.memories.add("swordfish", sources=[secret.id]),
        }[way]()

    assert world.tap.before is None
    assert [m.text for m in await ada.memories.list() if "swordfish" in m.text] == []
    await assert_traced(ada)


class Traces(RuleBasedStateMachine):
    """Random talk, memories, forgetting and erasing; after each step nothing dangles."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = TemporaryDirectory()
        self._world = World(Path(self._folder.name))
        keeper = self._run(self._world.open("memory"))
        self.ada: User = self._run(keeper.user("ada"))

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def teardown(self) -> None:
        self._run(self._world.close())
        self._loop.close()
        self._folder.cleanup()

    async def _messages(self) -> list[Message]:
        found = []
        for info in await self.ada.sessions.list():
            found += await (await self.ada.sessions.open(info.id)).messages()
        return found

    async def _session(self, chance: random.Random) -> Any:
        known = await self.ada.sessions.list()
        if not known or chance.random() < 0.3:
            return await self.ada.sessions.start(assistant="helper")
        return await self.ada.sessions.open(chance.choice(known).id)

    @rule(chance=st.randoms(use_true_random=False))
    def talks(self, chance: random.Random) -> None:
        """A turn, or a logged exchange with memory and thought."""

        async def work() -> None:
            session = await self._session(chance)
            if chance.random() < 0.5:
                await talk(session, ("I like rain. The violin too.", "Good to know."))
            else:
                await session.log_full_chat_interaction("a", "b", memory="m", thought="t")

        self._run(work())

    @precondition(lambda self: self._run(self._messages()))
    @rule(chance=st.randoms(use_true_random=False))
    def remembers(self, chance: random.Random) -> None:
        """A memory by hand, of one to three messages of any session."""

        async def work() -> None:
            ids = [message.id for message in await self._messages()]
            await self.ada.memories.add("m", sources=chance.sample(ids, min(len(ids), 3)))

        self._run(work())

    @precondition(lambda self: self._run(self._messages()))
    @rule(chance=st.randoms(use_true_random=False))
    def forgets(self, chance: random.Random) -> None:
        """One to four messages at once."""

        async def work() -> None:
            ids = [message.id for message in await self._messages()]
            await self.ada.forget(chance.sample(ids, chance.randrange(1, min(len(ids), 4) + 1)))

        self._run(work())

    @precondition(lambda self: self._run(self.ada.sessions.list()))
    @rule(chance=st.randoms(use_true_random=False))
    def erases(self, chance: random.Random) -> None:
        """A whole session."""
        self._run(self.ada.erase_session(chance.choice(self._run(self.ada.sessions.list())).id))

    @precondition(lambda self: self._run(self.ada.memories.list()))
    @rule(chance=st.randoms(use_true_random=False))
    def unlearns(self, chance: random.Random) -> None:
        """One memory."""
        memories = self._run(self.ada.memories.list())
        self._run(self.ada.memories.forget(chance.choice(memories).id))

    @rule()
    def distills(self) -> None:
        """Running summaries of all sessions."""
        self._run(self.ada.distill())

    @invariant()
    def nothing_dangles(self) -> None:
        """Links and sources agree; every end is there."""
        self._run(assert_traced(self.ada))


TestPromise10Traced = Traces.TestCase
TestPromise10Traced.settings = settings(max_examples=settings().max_examples // 3)
