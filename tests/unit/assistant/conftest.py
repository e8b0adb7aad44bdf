"""Conversations in memory, with a calendar that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import pytest

import holdfast
from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox, ToolOutcome
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Delta, Event
from holdfast.keeper.recalling import Hit
from holdfast.model import Memory, MemoryId, MemoryKind, Message, MessageId, Role, SessionId, TurnId
from holdfast.recall.asking import Reason
from holdfast.recall.snippets import Snippet

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)


class Calendar:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    """The clock of the keeper."""
    return Calendar()


@pytest.fixture
async def keeper(calendar: Calendar) -> AsyncIterator[holdfast.Keeper]:
    """An empty store in memory."""
    async with holdfast.open("memory:", clock=calendar) as opened:
        yield opened


@pytest.fixture
async def ada(keeper: holdfast.Keeper) -> holdfast.User:
    """Somebody to talk to."""
    return await keeper.user("ada")


@pytest.fixture
async def session(ada: holdfast.User) -> holdfast.OpenSession:
    """A conversation with Helper."""
    return await ada.sessions.start(assistant="helper")


class Call(NamedTuple):
    """A tool that an answerer calls."""

    name: str
    arguments: object = None
    call_id: str | None = None


class Together(NamedTuple):
    """Tools that an answerer calls side by side."""

    calls: tuple[Call, ...]


class Silence(NamedTuple):
    """An answerer says nothing more, for ever."""


Step: TypeAlias = Piece | BaseException | Call | Together | Silence


class Scripted:
    """An answerer that does what it is given: says pieces, raises exceptions, calls tools."""

    def __init__(self, *pieces: Step, name: str = "scripted") -> None:
        self.pieces = pieces
        self.asked: list[Asked] = []
        self.offered: list[str] = []
        self.outcomes: list[ToolOutcome] = []
        self.closed = False
        self._name = name

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        return self._name

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The steps in order."""
        self.asked.append(asked)
        self.offered = [spec.name for spec in tools.specs]
        try:
            for step in self.pieces:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, Call):
                    self.outcomes.append(await _run(step, tools))
                elif isinstance(step, Together):
                    calls = (_run(call, tools) for call in step.calls)
                    self.outcomes.extend(await asyncio.gather(*calls))
                elif isinstance(step, Silence):
                    await asyncio.Event().wait()
                else:
                    yield step
        finally:
            self.closed = True


async def _run(call: Call, tools: Toolbox) -> ToolOutcome:
    arguments: Any = call.arguments  # a model may send anything
    return await tools.run(call.name, arguments, call_id=call.call_id)


async def events_of(
    user: holdfast.User, session: holdfast.OpenSession, text: str = "", **means: Any
) -> list[Event]:
    """All events of one turn; `means` are those of `chat`."""
    async with aclosing(chat(user, session, text, **means)) as events:
        return [event async for event in events]


def said_in(events: Iterable[Event]) -> str:
    """The text of an answer."""
    return "".join(event.text for event in events if isinstance(event, Delta))


def message(text: str, *, at: datetime = NOW, role: Role = "user", **fields: object) -> Message:
    """A message of some session."""
    given = {"id": MessageId(text), "session_id": SessionId("s"), "turn_id": TurnId("t"), "seq": 0}
    return Message(**{**given, **fields}, role=role, text=text, at=at)  # type: ignore[arg-type]


def hit(
    text: str,
    *,
    at: datetime = NOW,
    role: Role = "user",
    score: float = 1.0,
    reasons: tuple[str, ...] = (),
    **fields: object,
) -> Hit:
    """A message that was found."""
    return Hit(
        message=message(text, at=at, role=role, **fields),
        session_id=SessionId("s"),
        score=score,
        reasons=tuple(Reason(name=name, value=1.0) for name in reasons),
        snippet=Snippet(text=text),
    )


def memory_hit(
    text: str,
    *,
    kind: MemoryKind = "note",
    at: datetime | None = NOW,
    ends: datetime | None = None,
) -> Hit:
    """A memory that was found."""
    memory = Memory(
        id=MemoryId("m"), kind=kind, text=text, created_at=NOW, valid_from=at, valid_to=ends
    )
    return Hit(memory=memory, session_id=None, score=1.0, reasons=(), snippet=Snippet(text=text))
