"""What an answerer may say of itself: how much it can take, whether it calls tools."""

from __future__ import annotations

from contextlib import aclosing

import holdfast
from holdfast.assistant.answering import context_tokens_of, prepare
from holdfast.assistant.chat import chat
from holdfast.keeper.contexts import estimated_tokens
from holdfast.model import Message

from .conftest import Scripted, events_of


class Small(Scripted):
    """A model of a small window that calls no tools."""

    context_tokens = 200
    takes_tools = False
    prepared = 0

    async def prepare(self) -> None:
        """Count."""
        self.prepared += 1


def _size(recent: tuple[Message, ...]) -> int:
    return sum(estimated_tokens(message.text) for message in recent)


async def test_an_answerer_is_given_no_more_than_it_can_take(
    ada: holdfast.User, session: holdfast.OpenSession
) -> None:
    """Its own limit holds where it is below the configured one, for a fallback too; no tools are
    offered to one that takes none."""
    for number in range(8):
        async with aclosing(chat(ada, session, f"{number} " + "word " * 200)) as events:
            assert [event async for event in events]
    large, small = Scripted(ValueError(), name="large"), Small("here", name="small")

    await events_of(ada, session, "words?", answerer=large, fallback=small)

    [whole], [part] = large.asked, small.asked
    assert _size(whole.recent) > 200 >= _size(part.recent) + estimated_tokens(part.context)
    assert whole.hits == part.hits
    assert large.offered != [] == small.offered


async def test_an_answerer_that_says_nothing_of_itself_gets_what_is_configured() -> None:
    """The three are optional."""
    small = Small()
    for answerer in (small, Scripted()):
        await prepare(answerer)

    assert small.prepared == 1
    assert [context_tokens_of(by, 4000) for by in (small, Scripted())] == [200, 4000]
    assert context_tokens_of(small, 150) == 150
