"""Links between messages, turns, memories and thoughts: none dangles, whatever is done."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from fix_keeper import World, talk
from holdfast.clock import id_bytes, id_text
from holdfast.distill import finding
from holdfast.errors import BadInput
from holdfast.keeper.correcting import Correction
from holdfast.keeper.remembered import memory_links, thought_links
from holdfast.keeper.users import User
from holdfast.model import Memory, Message, Source
from holdfast.storage.protocol import Kind, LinksQuery, RowSpan, State

_CHANCE = st.randoms(use_true_random=True)
_STATED = re.compile(r"my (\w+) is (\w+)")
_KINDS = (Kind.SESSION, Kind.TURN, Kind.MESSAGE, Kind.MEMORY, Kind.THOUGHT)
_OURS = {
    "source",
    "closed_by",
    "said_before",
    "supersedes",
    "led_to",
    "in_turn",
    "in_session",
    "repeats",
}


def _find(page: Sequence[Message], *, before: Sequence[Message] = ()) -> finding.Finding:
    """Statements of the form "my X is Y", so that one thing closes another again and again."""
    found = []
    for message in page:
        match = _STATED.search(message.text)
        if message.role != "user" or match is None:
            continue
        start, end = match.span()
        found.append(
            finding.Found(
                kind="fact",
                text=f"{match[1]}: {match[2]}",
                subject="user",
                attribute=match[1],
                value="" if match[2] == "nothing" else match[2],
                ends=match[2] == "nothing",
                importance=5,
                source=Source(
                    session_id=message.session_id, message_id=message.id, start=start, end=end
                ),
                quote=match[0],
                said_at=message.at,
            )
        )
    return finding.Finding(found=tuple(found))


async def check_links(user: User) -> None:
    """What records say of each other, and what the storage links, is the same and is there."""
    vault = user.vault
    alive: dict[Kind, set[str]] = {}
    for kind in _KINDS:
        rows = await vault.storage.rows(RowSpan(vault_id=vault.raw, kind=kind, limit=1_000_000))
        alive[kind] = {id_text(r.id) for r in rows if r.state in (State.LIVE, State.OPEN)}
    everything = set().union(*alive.values())
    memories, thoughts = await user.memories.list(), await user.thoughts.list()
    for memory in memories:
        _check_memory(memory, alive)
        for version in memory.former:
            _check_sources(version.memory, alive)
    for thought in thoughts:
        assert thought.turn_id is None or thought.turn_id in alive[Kind.TURN]
        assert thought.session_id is None or thought.session_id in alive[Kind.SESSION]
        assert thought.message_id is None or thought.message_id in alive[Kind.MESSAGE]
        assert thought.linked_memory is None or thought.linked_memory in alive[Kind.MEMORY]
    links = await vault.storage.links(
        LinksQuery(vault_id=vault.raw, from_ids=tuple(sorted(map(id_bytes, everything))))
    )
    wanted = [link for memory in memories for link in memory_links(memory)]
    wanted += [link for thought in thoughts for link in thought_links(thought)]
    linked = {_ends(link) for link in links if link.kind in _OURS}
    assert linked == {_ends(link) for link in wanted}
    assert len(wanted) == len({_ends(link) for link in wanted})
    await _check_ways_back(user, memories)


def _check_memory(memory: Memory, alive: dict[Kind, set[str]]) -> None:
    _check_sources(memory, alive)
    assert memory.supersedes is None or memory.supersedes in alive[Kind.MEMORY] - {memory.id}


def _check_sources(memory: Memory, alive: dict[Kind, set[str]]) -> None:
    assert {source.message_id for source in memory.sources} <= alive[Kind.MESSAGE]
    assert {source.session_id for source in memory.sources} <= alive[Kind.SESSION]
    assert memory.closed_by is None or memory.closed_by.message_id in alive[Kind.MESSAGE]
    assert memory.session_id is None or memory.session_id in alive[Kind.SESSION]


async def _check_ways_back(user: User, memories: Sequence[Memory]) -> None:
    resting: dict[str, set[str]] = {}
    for memory in memories:
        for source in memory.sources:
            resting.setdefault(source.message_id, set()).add(memory.id)
        chain = await user.memories.history(memory.id)
        assert [m.id for m in chain].count(memory.id) == 1
    found = await user.memories.of_messages(resting)
    assert {message: {m.id for m in of} for message, of in found.items()} == resting
    for thought in await user.thoughts.list():
        if thought.turn_id is not None:
            assert thought in await user.thoughts.of_turn(thought.turn_id)
        if thought.linked_memory is not None:
            assert thought in await user.thoughts.of_memory(thought.linked_memory)


def _ends(link: Any) -> tuple[str, str, str]:
    return link.kind, id_text(link.from_id), id_text(link.to_id)


class Links(RuleBasedStateMachine):
    """Everything that can be done to what is linked, in any order; each step is checked."""

    checked = 0
    """After so many steps, in all runs of this process."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(finding, "find", _find, raising=False)
        self._loop = asyncio.new_event_loop()
        self._folder = TemporaryDirectory()
        self._world = World(Path(self._folder.name))
        self.keeper = self._run(self._world.open("memory"))
        self.ada: User = self._run(self.keeper.user("ada"))
        self._moved = 0

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def teardown(self) -> None:
        self._run(self._world.close())
        self._loop.close()
        self._folder.cleanup()
        self._patch.undo()

    async def _session(self, chance: random.Random) -> Any:
        known = await self.ada.sessions.list()
        if not known or chance.random() < 0.2:
            return await self.ada.sessions.start(assistant="helper")
        return await self.ada.sessions.open(chance.choice(known).id)

    async def _messages(self) -> list[Message]:
        return [
            message
            for info in await self.ada.sessions.list()
            for message in await (await self.ada.sessions.open(info.id)).messages()
        ]

    async def _some(self, chance: random.Random, most: int) -> list[str]:
        ids = [memory.id for memory in await self.ada.memories.list()]
        return chance.sample(ids, min(len(ids), chance.randrange(1, most + 1)))

    @initialize(chance=_CHANCE)
    def begins(self, chance: random.Random) -> None:
        """With chains of memories, so that the first step already has something to break."""

        async def work() -> None:
            for _ in range(6):
                await self._say(chance)
                await self.ada.distill()

        self._run(work())

    async def _say(self, chance: random.Random) -> None:
        of, is_so = chance.choice(("home", "job")), chance.choice(("a", "b", "c", "nothing"))
        await talk(await self._session(chance), (f"my {of} is {is_so}", "Noted."))

    @rule(chance=_CHANCE)
    def says(self, chance: random.Random) -> None:
        """Something that holds from now on, or that does not hold any more."""

        async def work() -> None:
            for _ in range(chance.randrange(1, 4)):
                await self._say(chance)
                if chance.random() < 0.7:
                    await self.ada.distill()

        self._run(work())

    @rule(chance=_CHANCE)
    def logs(self, chance: random.Random) -> None:
        """An exchange with its memory and its thought."""

        async def work() -> None:
            session = await self._session(chance)
            await session.log_full_chat_interaction("a", "b", memory="m", thought="t")

        self._run(work())

    @rule()
    def distills(self) -> None:
        """What is new becomes memories, summaries and receipts."""
        self._run(self.ada.distill())

    @rule(chance=_CHANCE)
    def adds(self, chance: random.Random) -> None:
        """A memory by hand, on nothing or on messages of any session."""

        async def work() -> None:
            ids = [message.id for message in await self._messages()]
            sources = chance.sample(ids, min(len(ids), chance.randrange(4)))
            await self.ada.memories.add(f"by hand {chance.randrange(9)}", sources=sources)

        self._run(work())

    @rule(chance=_CHANCE)
    def thinks(self, chance: random.Random) -> None:
        """A thought in a session, a turn, or neither, that led to a memory or to none."""

        async def work() -> None:
            session = await self._session(chance)
            turns = await session.turns()
            memories = await self._some(chance, 1)
            await self.ada.thoughts.log(
                "helper",
                "hm",
                session_id=chance.choice((None, session.id)),
                turn_id=chance.choice((None, *(turn.id for turn in turns))),
                memory_id=chance.choice((None, *memories)),
            )

        self._run(work())

    @rule(chance=_CHANCE)
    def repeats(self, chance: random.Random) -> None:
        """A message becomes a thought, that goes with it."""

        async def work() -> None:
            messages = await self._messages()
            if messages:
                await self.ada.thoughts.repeat("helper", chance.choice(messages))

        self._run(work())

    @rule(chance=_CHANCE)
    def edits(self, chance: random.Random) -> None:
        """A correction, or a pin."""

        async def work() -> None:
            for memory_id in await self._some(chance, 1):
                if chance.random() < 0.3:
                    await self.ada.memories.pin(memory_id, pinned=chance.random() < 0.5)
                else:
                    text = f"corrected {chance.randrange(9)}"
                    await self.ada.memories.edit(memory_id, Correction(text=text))

        self._run(work())

    @rule(chance=_CHANCE)
    def merges(self, chance: random.Random) -> None:
        """Two to four become one."""

        async def work() -> None:
            ids = await self._some(chance, 4)
            if len(ids) > 1:
                await self.ada.memories.merge(ids)

        self._run(work())

    @rule(chance=_CHANCE)
    def undoes(self, chance: random.Random) -> None:
        """The last change of one that was changed."""

        async def work() -> None:
            changed = [memory for memory in await self.ada.memories.list() if memory.former]
            if changed:
                try:
                    await self.ada.memories.undo(chance.choice(changed).id)
                except BadInput:
                    return  # what it was has gone with a source

        self._run(work())

    @rule(chance=_CHANCE)
    def forgets_memories(self, chance: random.Random) -> None:
        """One to three at once."""

        async def work() -> None:
            await self.ada.memories.forget(await self._some(chance, 3))

        self._run(work())

    @rule(chance=_CHANCE)
    def forgets_messages(self, chance: random.Random) -> None:
        """One to three at once."""

        async def work() -> None:
            ids = [message.id for message in await self._messages()]
            await self.ada.forget(chance.sample(ids, min(len(ids), chance.randrange(1, 4))))

        self._run(work())

    @rule(chance=_CHANCE)
    def erases(self, chance: random.Random) -> None:
        """A whole session."""

        async def work() -> None:
            known = await self.ada.sessions.list()
            if len(known) > 3:
                await self.ada.erase_session(chance.choice(known).id)

        self._run(work())

    @rule()
    def moves(self) -> None:
        """Everything to another vault."""

        async def work() -> None:
            self._moved += 1
            bundle = Path(self._folder.name) / f"{self._moved}.zip"
            await self.ada.exports.file(bundle)
            ben = await self.keeper.user(f"ben-{self._moved}")
            await ben.imports.file(bundle)
            await check_links(ben)

        if self._moved < 3:
            self._run(work())

    @invariant()
    def nothing_dangles(self) -> None:
        """Every end of every link is there."""
        self._run(check_links(self.ada))
        Links.checked += 1


TestLinks = Links.TestCase
TestLinks.settings = settings(max_examples=12, stateful_step_count=50, deadline=None)


@pytest.mark.long
def test_nothing_dangles_after_ten_thousand_operations() -> None:
    """In 110 vaults, 100 operations each at most, every link checked after each of them."""
    before = Links.checked
    many = settings(max_examples=110, stateful_step_count=100, deadline=None)
    run_state_machine_as_test(Links, settings=many)  # type: ignore[no-untyped-call]  # not typed
    assert Links.checked - before >= 10_000
