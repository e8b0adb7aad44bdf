"""How what was said becomes a turn: the assistant's part, as this server is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import tzinfo
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.answering import Answerer
from holdfast.assistant.chat import ChatOptions, chat
from holdfast.assistant.events import Event
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.assistant.rooms import post_in_room
from holdfast.assistant.tools.standard import tools_of
from holdfast.capture.turn import Input
from holdfast.model import MessageId
from holdfast.server.observing.turns import observed
from holdfast.server.talking.run import Happening

if TYPE_CHECKING:
    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.assistant.tools.registry import ToolSet
    from holdfast.keeper.access import Caller
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Json
    from holdfast.server.observing.observer import Observer
    from holdfast.settings import Settings

__all__ = ["Answers", "Said", "answers_of"]


class Said(Struct, frozen=True, kw_only=True):
    """What somebody said: a text, another version of a message, speech; or what is to be answered
    once more."""

    text: str = ""
    client_key: str | None = None
    edits: str | None = None
    answers: str | None = None
    audio: bytes | None = None
    media_type: str | None = None
    file_name: str | None = None
    intent: str | None = None
    entities: dict[str, Json] | None = None
    tags: tuple[str, ...] = ()

    @property
    def given(self) -> Input:
        """As the recorder takes it."""
        return Input(
            text=self.text,
            edits=None if self.edits is None else MessageId(self.edits),
            answers=None if self.answers is None else MessageId(self.answers),
            audio=self.audio,
            media_type=self.media_type,
            file_name=self.file_name,
        )


class _Wording(Struct, frozen=True):
    """Who words an answer."""

    answerer: Answerer
    fallback: Answerer | None = None


class Answers:
    """Begins turns. `stopping` is set before turns are cancelled because the process ends.

    Args:
        answerer: who words the answers. fallback: who does when the answerer fails.
        transcriber: what turns speech into text; without one it is kept as a failed turn.
        tools: what a model may call; the standard ones when left out.
        quoting: who words them for whoever prefers quotes.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        fallback: Answerer | None = None,
        transcriber: Transcriber | None = None,
        tools: ToolSet | None = None,
        options: ChatOptions | None = None,
        quoting: Answerer | None = None,
    ) -> None:
        self.stopping = asyncio.Event()
        self.answerer = answerer
        self.fallback = fallback
        self.transcriber = transcriber
        self.tools = tools
        self.options = options or ChatOptions()
        self._quoting = quoting or QuotingAnswerer()
        self.observer: Observer | None = None

    def in_session(
        self, user: User, session: OpenSession, said: Said, *, caller: Caller
    ) -> Happening:
        """A turn in a session of one person."""

        def happening(words: _Wording) -> AsyncGenerator[Event, None]:
            return chat(
                user,
                session,
                client_key=said.client_key,
                given=said.given,
                intent=said.intent,
                entities=said.entities,
                tags=said.tags,
                answerer=words.answerer,
                fallback=words.fallback,
                tools=self.tools,
                scopes=caller.scopes,
                transcriber=self.transcriber,
                options=self.options,
                stopping=self.stopping,
            )

        return self._watched(self._preferred(user, happening))

    def in_room(self, user: User, room: OpenRoom, said: Said, *, caller: Caller) -> Happening:
        """A post in a room, and what the assistants answer that it mentions."""

        def happening(words: _Wording) -> AsyncGenerator[Event, None]:
            return post_in_room(
                user,
                room,
                said.text,
                client_key=said.client_key,
                answerer=words.answerer,
                fallback=words.fallback,
                tools=self.tools,
                scopes=caller.scopes,
                options=self.options,
                stopping=self.stopping,
            )

        return self._watched(self._preferred(user, happening))

    def _preferred(
        self, user: User, begin: Callable[[_Wording], AsyncGenerator[Event, None]]
    ) -> Happening:
        """The same, worded by whom the user prefers."""

        async def happening() -> AsyncGenerator[Event, None]:
            quotes = (await user.preferences()).answers == "quotes"
            words = _Wording(self._quoting) if quotes else _Wording(self.answerer, self.fallback)
            async with aclosing(begin(words)) as events:
                async for event in events:
                    yield event

        return happening

    def _watched(self, happening: Happening) -> Happening:
        observer = self.observer
        if observer is None:
            return happening

        def watched() -> AsyncGenerator[Event, None]:
            return observed(happening(), observer, stopping=self.stopping)

        return watched

    async def close(self) -> None:
        """Let go of what transcribes and of what words the answers."""
        for part in (self.transcriber, self.answerer, self.fallback):
            close = getattr(part, "close", None)  # answerers may have one
            if close is not None:
                await close()


def answers_of(settings: Settings, *, zone: tzinfo, answerer: Answerer | None = None) -> Answers:
    """What the settings say: model, fallback, transcriber, tools, limits. Starts nothing.

    Args:
        zone: where days begin in what is quoted.
        answerer: in place of the model and the fallback of the settings.

    Raises:
        BadSettings, MissingExtra: they do not say enough, or packages are missing.
    """
    from holdfast.assistant.speech.transcribing import transcriber_of

    fallback = None
    if answerer is None and (settings.model or settings.fallback_model):
        from holdfast.assistant.models import answerers_of

        answerer, fallback = answerers_of(settings, zone=zone)
    return Answers(
        answerer or QuotingAnswerer(zone=zone),
        fallback=fallback,
        transcriber=transcriber_of(settings),
        tools=tools_of(settings),
        options=ChatOptions.of(settings),
        quoting=QuotingAnswerer(zone=zone),
    )
