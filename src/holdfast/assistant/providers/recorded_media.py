"""What is asked of memories.ai, recorded like every other talk, in sessions of its own kind.

A talk with the provider belongs to the conversation in which it was asked for, its kind, and the
platform or the videos: a follow-up goes on in the same session here, and so in the same one there.
Whatever comes of an exchange, it is a turn: an answer that breaks off or fails is a failed one that
keeps the question and what had come.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from msgspec import Struct
from msgspec.structs import replace

from holdfast.assistant.providers.memories_ai import Ask, MemoriesAi
from holdfast.assistant.providers.memories_replies import End, Extra, ReplyText, ThinkingStep
from holdfast.errors import NotFound, ProviderFailed
from holdfast.keeper.seen import note_seen

if TYPE_CHECKING:
    from holdfast.capture.turn import TurnRecorder
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import JsonObject, Message, Session

__all__ = [
    "PROVIDER",
    "PROVIDER_TAG",
    "MediaAnswer",
    "RecordedMedia",
    "note_session",
    "owner_id",
    "provider_session_of",
]

PROVIDER = "memories.ai"
PROVIDER_TAG = f"{PROVIDER}:"
"""Begins the tag of a session that names the provider's own session, and the source of one that
was taken over from there."""
_LATEST = 20
"""So many turns back the provider's session is looked for: failed ones may not name it."""


class MediaAnswer(Struct, frozen=True, kw_only=True):
    """What the provider answered; it is recorded."""

    session_id: str
    """Of the session here."""
    text: str
    refs: tuple[str, ...]
    """References as JSON texts, as they came."""


def owner_id(user: User) -> str:
    """What the provider knows a user by: the same each time, and nobody's name."""
    vault = user.vault
    return vault.keyring.tag(vault.raw, "provider", PROVIDER)[:16].hex()


async def note_session(user: User, provider_session: str) -> None:
    """Note that a session of the provider's has been here, recorded or taken over."""
    record_id = await user.names.assistant(PROVIDER)
    assert record_id is not None  # it was named
    await note_seen(user.vault, PROVIDER, provider_session, record_id=record_id)


def provider_session_of(session: Session) -> str | None:
    """The provider's session that a session here goes on in, None when it has none yet."""
    named = [tag for tag in session.tags if tag.startswith(PROVIDER_TAG)]
    if named:
        return named[-1].removeprefix(PROVIDER_TAG)
    if session.source is not None and session.source.startswith(PROVIDER_TAG):
        return session.source.removeprefix(PROVIDER_TAG)
    return None


class RecordedMedia:
    """Asks the provider and records it. One per process, for all users."""

    def __init__(self, provider: MemoriesAi) -> None:
        self.provider = provider
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def session_for(
        self, user: User, ask: Ask, *, within: OpenSession | None = None
    ) -> OpenSession:
        """The session in which this is asked: the same for the same talk, a new one without any.

        Args:
            within: the conversation in which it is asked.
        """
        platform = ask.platform if ask.kind == "marketer_chat" else None
        about = [*sorted(set(ask.video_nos)), platform or ""]
        key = None
        if within is not None:
            digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
            key = f"{PROVIDER}/{within.id}/{ask.kind}/{digest}"
        return await user.sessions.start(
            kind=ask.kind, assistant=PROVIDER, platform=platform, client_key=key
        )

    async def find(self, user: User, session_id: str) -> OpenSession:
        """A session here by its id, or by that of the provider.

        Raises:
            NotFound: there is none of this user's.
        """
        try:
            return await user.sessions.open(session_id)
        except NotFound:
            cursor: str | None = None
            while True:
                page = await user.sessions.page(tag=PROVIDER_TAG + session_id, cursor=cursor)
                if page.sessions:
                    return await user.sessions.open(page.sessions[0].id)
                if page.next_cursor is None:
                    raise
                cursor = page.next_cursor

    async def ask(
        self, user: User, session: OpenSession, ask: Ask, *, heard: Message | None = None
    ) -> MediaAnswer:
        """Ask in a session here, in the provider's own session that belongs to it.

        Args:
            ask: its `session_id` is not looked at.
            heard: the message because of which it is asked.

        Raises:
            ProviderFailed: or one of its kinds; the turn is recorded as failed.
            BadInput, TooLarge: the prompt cannot be kept; nothing was asked.
        """
        # One after the other: the second is to go on in the session that the first has begun.
        async with self._turn_of(session):
            before = await self._last_session(session)
            about: JsonObject = {"provider": PROVIDER, "provider_session": before}
            if ask.video_nos:
                about["video_nos"] = list(ask.video_nos)
            if heard is not None:
                about["asked_in"] = {"session_id": heard.session_id, "message_id": heard.id}
            async with session.turn(
                ask.prompt, model=PROVIDER, intent=ask.kind, entities=about
            ) as turn:

                async def found(provider_session: str) -> None:
                    # First, so that nothing of this is taken over beside what is recorded here.
                    await note_session(user, provider_session)
                    await turn.annotate(entities={**about, "provider_session": provider_session})
                    await self._name_session(session, provider_session)

                exchange = _Exchange(turn, before, found)
                return await exchange.run(self.provider, replace(ask, session_id=before))

    def _turn_of(self, session: OpenSession) -> asyncio.Lock:
        lock = self._turns.get(session.id)
        if lock is None:
            lock = self._turns[session.id] = asyncio.Lock()
        return lock

    async def _last_session(self, session: OpenSession) -> str | None:
        """The provider's session, from the latest turn that names one: tags can be edited."""
        for turn in reversed(await session.turns(last=_LATEST)):
            named = turn.entities.get("provider_session")
            if isinstance(named, str) and named:
                return named
        return provider_session_of(await session.info())

    async def _name_session(self, session: OpenSession, provider_session: str) -> None:
        """Tag the session, so that it is found by what the provider calls it."""
        info = await session.info()
        tag = PROVIDER_TAG + provider_session
        await session.change(tags=[*(t for t in info.tags if t != tag), tag])


class _Exchange:
    """One question and its answer, recorded as it comes."""

    def __init__(
        self,
        turn: TurnRecorder,
        provider_session: str | None,
        found: Callable[[str], Awaitable[None]],
    ) -> None:
        self._turn = turn
        self._provider_session = provider_session
        self._found = found
        self._refs: list[str] = []
        self._other: list[str] = []
        self._whole = False

    async def run(self, provider: MemoriesAi, ask: Ask) -> MediaAnswer:
        """Ask, and record every piece.

        Raises:
            ProviderFailed: or one of its kinds; also for an answer without an end.
        """
        async with self._turn.stream() as answer, aclosing(provider.ask(ask)) as pieces:
            try:
                async for heard in pieces:
                    if heard.session_id not in (None, self._provider_session):
                        self._provider_session = heard.session_id
                        await self._found(heard.session_id or "")
                    match heard.piece:
                        case ReplyText(text=text):
                            await answer.write(text)
                        case ThinkingStep() as step:
                            await self._turn.reasoning(step.text, item=step.raw)
                        case Extra(kind=kind, raw=raw):
                            (self._refs if kind == "refs" else self._other).append(raw)
                        case End():
                            self._whole = True
            finally:
                answer.item = self._item()
        if not self._whole:
            raise ProviderFailed(PROVIDER, "incomplete")
        return MediaAnswer(
            session_id=self._turn.session_id, text=answer.text, refs=tuple(self._refs)
        )

    def _item(self) -> str | None:
        """What came beside the text, as it came: a JSON object of lists of the provider's own."""
        found: Sequence[tuple[str, list[str]]] = (("refs", self._refs), ("other", self._other))
        parts = [f'"{name}":[{",".join(raw)}]' for name, raw in found if raw]
        return "{" + ",".join(parts) + "}" if parts else None
