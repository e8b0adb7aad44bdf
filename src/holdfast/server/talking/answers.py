"""How what was said becomes a turn: the assistant's part, as this server is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.assistant.answering import Answerer
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Event, Finished, Started
from holdfast.capture.turn import Input
from holdfast.model import MessageId
from holdfast.server.talking.run import Happening

if TYPE_CHECKING:
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User

__all__ = ["Answers", "Said"]


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


class Answers:
    """Begins turns. `stopping` is set before turns are cancelled because the process ends."""

    def __init__(self, answerer: Answerer) -> None:
        self.stopping = asyncio.Event()
        self._answerer = answerer

    def in_session(self, user: User, session: OpenSession, said: Said) -> Happening:
        """A turn in a session of one person."""

        def happening() -> AsyncGenerator[Event, None]:
            return chat(
                user,
                session,
                said.text,
                client_key=said.client_key,
                given=said.given,
                answerer=self._answerer,
                stopping=self.stopping,
            )

        return happening

    def in_room(self, room: OpenRoom, said: Said) -> Happening:
        """A post in a room, and what its assistants answer to it."""

        def happening() -> AsyncGenerator[Event, None]:
            return _posted(room, said)

        return happening


async def _posted(room: OpenRoom, said: Said) -> AsyncGenerator[Event, None]:
    session = await room.session()
    opening = session.turn(said.text, author=room.user_id, client_key=said.client_key)
    async with opening as turn:
        yield Started(
            turn_id=turn.id,
            session_id=turn.session_id,
            message=turn.messages[0] if turn.messages else None,
            replayed=turn.replayed,
        )
    yield Finished(turn_id=turn.id, status=turn.record.status, message=None, replayed=turn.replayed)
