"""Who is measured: anything that keeps conversations, Holdfast and its peers alike."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import holdfast
from holdfast.bench.texts import Exchange
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.opening import Opening
from holdfast.keeper.sessions import OpenSession

__all__ = ["Contender", "Conversation", "Holdfast", "opened_keeper"]


class Conversation(Protocol):
    """One session of a contender."""

    async def log(self, exchange: Exchange) -> None:
        """Make a finished exchange durable, in the way that is fastest for the contender."""

    async def last(self, count: int) -> int:
        """Read the newest messages, ready to use; returns how many came."""


class Contender(Protocol):
    """A store of conversations. Its data lie on disk, WAL and synchronous=FULL."""

    name: str
    note: str
    """How its durability was set, and what else is different about it."""
    refusals: tuple[type[Exception], ...]
    """What it raises when it declines a write under load: counted, not acknowledged."""
    blocks: bool
    """Whether it stops the event loop while the disk works: nothing else runs then."""

    async def open(self, folder: Path) -> None:
        """Make an empty store in an empty folder."""

    async def conversation(self, number: int) -> Conversation:
        """Begin the session that the writer of this number writes to."""

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        """Put a long history into a conversation; need not be durable exchange by exchange."""

    async def close(self) -> None:
        """Let go of everything."""


def opened_keeper(folder: Path, *, index_dir: Path | None = None) -> Opening:
    """A store in a folder with its key beside it, as the benchmarks use it."""
    return holdfast.open(
        f"sqlite:///{folder / 'holdfast.db'}",
        root_key=holdfast.KeyFile(folder / "config" / "root.key"),
        index_dir=index_dir,
    )


class Holdfast:
    """This library: sealed records in an encrypted file."""

    note = "sealed, pages encrypted; WAL, synchronous=FULL set by the library"
    refusals: tuple[type[Exception], ...] = ()
    blocks = False

    def __init__(self, *, users: int = 1) -> None:
        self.name = "Holdfast" if users == 1 else f"Holdfast, {users} users"
        self._users = users
        self._undo = AsyncExitStack()
        self._keeper: Keeper | None = None

    async def open(self, folder: Path) -> None:
        """Make an empty store."""
        self._keeper = await self._undo.enter_async_context(opened_keeper(folder))

    async def conversation(self, number: int) -> Conversation:
        """A session of the user whose turn it is."""
        assert self._keeper is not None
        user = await self._keeper.user(f"user-{number % self._users}")
        return _HoldfastConversation(await user.sessions.start(assistant="helper"))

    async def fill(self, conversation: Conversation, exchanges: list[Exchange]) -> None:
        """One after the other: a session is written in order."""
        for exchange in exchanges:
            await conversation.log(exchange)

    async def close(self) -> None:
        """Close the keeper."""
        await self._undo.aclose()


class _HoldfastConversation:
    def __init__(self, session: OpenSession) -> None:
        self._session = session

    async def log(self, exchange: Exchange) -> None:
        await self._session.log_full_chat_interaction(exchange.question, exchange.answer)

    async def last(self, count: int) -> int:
        return len(await self._session.messages(last=count))
