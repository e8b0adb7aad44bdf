"""Conversations in memory, with a calendar that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

import holdfast
from holdfast.assistant.answering import NO_TOOLS, Answerer, Asked, Piece, Toolbox
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Event
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


class Scripted:
    """An answerer that says what it is given; an exception among the pieces is raised."""

    def __init__(self, *pieces: Piece | BaseException) -> None:
        self.pieces = pieces
        self.asked: list[Asked] = []

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        return "scripted"

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The pieces in order."""
        self.asked.append(asked)
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece


async def events_of(
    user: holdfast.User,
    session: holdfast.OpenSession,
    text: str,
    *,
    client_key: str | None = None,
    answerer: Answerer | None = None,
) -> list[Event]:
    """All events of one turn."""
    turn = chat(user, session, text, client_key=client_key, answerer=answerer)
    async with aclosing(turn) as events:
        return [event async for event in events]


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


def memory_hit(text: str, *, kind: MemoryKind = "note", at: datetime | None = NOW) -> Hit:
    """A memory that was found."""
    memory = Memory(id=MemoryId("m"), kind=kind, text=text, created_at=NOW, valid_from=at)
    return Hit(memory=memory, session_id=None, score=1.0, reasons=(), snippet=Snippet(text=text))
