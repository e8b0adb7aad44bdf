"""Sealing costs no quality: what is found through sealed rows is what a plain index finds."""

from __future__ import annotations

from itertools import islice

from fix_keeper import HandClock
from holdfast.bench.texts import Talk
from holdfast.clock import to_ms
from holdfast.index.embedder import StaticEmbedder
from holdfast.index.entries import Entry
from holdfast.index.vault_index import VaultIndex
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.recall.asking import Ask
from holdfast.recall.ranking import rank

_SESSIONS = 12
_TURNS = 15
_QUESTIONS = 25
_LIMIT = 50


async def _talked(keeper: Keeper, clock: HandClock) -> User:
    user = await keeper.user("ada")
    exchanges = Talk(seed=9).exchanges()
    for number in range(_SESSIONS):
        session = await user.sessions.start(assistant=["helper", "coach"][number % 2])
        for one in islice(exchanges, _TURNS):
            await session.log_full_chat_interaction(one.question, one.answer)
        clock.pass_by(days=3)
    return user


async def _plain(user: User) -> VaultIndex:
    """Of all that was said, as if there were no vault."""
    index, entries = VaultIndex(StaticEmbedder()), []
    for listed in await user.sessions.list():
        session = await user.sessions.open(listed.id)
        index.title_session(listed.id, listed.title or "")
        entries += [
            Entry(
                id=message.id,
                session_id=listed.id,
                seq=message.seq,
                role=message.role,
                speaker=listed.assistant if message.role == "assistant" else message.author,
                assistant=listed.assistant,
                at_ms=to_ms(message.at),
                text=message.text,
            )
            for message in await session.messages(last=1000)
        ]
    index.add(entries)
    return index


async def test_sealed_and_plain_find_the_same(keeper: Keeper, clock: HandClock) -> None:
    """The same hits in the same order with the same scores and reasons, for every question."""
    user = await _talked(keeper, clock)
    index = await _plain(user)

    for question in islice(Talk(seed=8).questions(), _QUESTIONS):
        hits = await user.recall(question, limit=_LIMIT, include="messages")
        ask = Ask(question=question, now=clock(), limit=_LIMIT, include="messages")

        assert [(hit.message.id, hit.score, hit.reasons) for hit in hits if hit.message] == [
            (one.id, one.score, one.reasons) for one in rank(ask, index)
        ]
    assert 2 * _SESSIONS * _TURNS == len(index)
