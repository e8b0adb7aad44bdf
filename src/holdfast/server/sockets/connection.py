"""One socket: what a client sends is done, what happens is sent.

An idle socket costs one task. A second one sends, for as long as there is something to send.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from holdfast.errors import BadInput, HoldfastError, NotFound
from holdfast.keeper.access import Verb, decide_for
from holdfast.server.failures import Refused
from holdfast.server.problems import problem_of
from holdfast.server.schemas.events import PongEvent
from holdfast.server.schemas.frames import (
    FRAME_TYPES,
    AudioEndFrame,
    AudioStartFrame,
    CancelFrame,
    ClientFrame,
    EditFrame,
    JoinFrame,
    LeaveFrame,
    MessageFrame,
    PingFrame,
    PostFrame,
    RegenerateFrame,
    TypingFrame,
    client_frames,
)
from holdfast.server.sockets.joined import JoinedRooms
from holdfast.server.sockets.speech import Speaking
from holdfast.server.talking.answers import Said
from holdfast.server.talking.listeners import REVOKED, Ended, Listener
from holdfast.server.talking.run import Happening
from holdfast.server.talking.talk import Talk

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from holdfast.keeper.access import Caller
    from holdfast.keeper.users import User
    from holdfast.server.identity.limits import Rate
    from holdfast.server.sockets.places import Places
    from holdfast.server.talking.talks import Talks

__all__ = ["MAX_FRAME_BYTES", "Connection"]

MAX_FRAME_BYTES = 1 << 20
"""The largest frame of a client; a larger one closes the socket with code 1009."""

_logger = logging.getLogger(__name__)
_CLOSE_TIMEOUT_S = 2.0
_SHOWN = 64
"""Characters of a name in a frame that are told back."""


class Connection:
    """A client with a ticket, from the accepted handshake to the end."""

    def __init__(
        self,
        socket: WebSocket,
        caller: Caller,
        user: User,
        *,
        talks: Talks,
        places: Places,
        spend: Callable[[Caller, Rate], None],
    ) -> None:
        self.listener = Listener(caller, ready=self._ready)
        self.talk: Talk | None = None
        """The session it talks in; None when it only listens to rooms."""
        self._socket = socket
        self.caller = caller
        self.user = user
        self._talks = talks
        self._spend = spend
        self._rooms = JoinedRooms(user, talks, self.listener)
        self._speaking = Speaking(places)
        self._accepted = False
        self._until = asyncio.timeout(None)
        self._sender: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Accept the handshake, and go on until either side leaves."""
        self._talks.add(self.listener)
        try:
            await self._socket.accept()
            async with self._until:
                self._accepted = True
                self._ready()
                await self._receive_all()
        except TimeoutError:
            if not self._until.expired():
                raise
        finally:
            await self._let_go()
        if self.listener.ended is not None:
            await self._close(self.listener.ended)

    async def _let_go(self) -> None:
        self._talks.remove(self.listener)
        self._speaking.discard()
        self._rooms.leave_all()
        if self.talk is not None:
            self.talk.leave(self.listener)
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait((self._sender,))

    async def _close(self, why: Ended) -> None:
        """Close a socket whose client may not or does not listen."""
        _logger.info("socket closed", extra={"action": f"socket.{why.code}"})
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._socket.close(why.ws_code, why.reason)

    # To the client

    def _ready(self) -> None:
        if not self._accepted:
            return
        if self.listener.ended is not None:
            self._until.reschedule(asyncio.get_running_loop().time())
        elif self._sender is None:
            self._sender = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        """Send what there is. A client that has gone is noticed by whoever receives."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while (told := self.listener.take()) is not None:
                await self._socket.send_text(told.frame)
        self._sender = None

    # From the client

    async def _receive_all(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not self._talks.valid(self.caller):
                self.listener.end(REVOKED)
                return
            text = message.get("text")
            if text is not None:
                await self._take_text(text)
            else:
                self._take_audio(message.get("bytes") or b"")

    def _take_audio(self, piece: bytes) -> None:
        key = self._speaking.client_key
        try:
            self._may("write")
            self._speaking.take(piece)
        except (HoldfastError, Refused) as exc:
            self._refuse(exc, key)

    async def _take_text(self, text: str) -> None:
        try:
            frame = client_frames.validate_json(text)
        except ValidationError as exc:
            # Where and what kind, but never the value: it is what somebody said.
            problems = sorted({_problem(e) for e in exc.errors()})
            self._refuse(BadInput("frame", "it was not taken: " + "; ".join(problems)), None)
            return
        key = getattr(frame, "client_key", None)
        if isinstance(frame, AudioEndFrame):
            key = self._speaking.client_key
        try:
            await self._do(frame)
        except (HoldfastError, Refused) as exc:
            self._refuse(exc, key)

    async def _do(self, frame: ClientFrame) -> None:
        match frame:
            case MessageFrame() | EditFrame() | RegenerateFrame():
                self._say(_said(frame))
            case CancelFrame():
                self._may("write")
                self._cancel(frame.turn_id)
            case PingFrame():
                self.listener.tell(*self._here, PongEvent())
            case AudioStartFrame():
                self._may("write")
                self._own_talk()
                self._speaking.start(frame)
            case AudioEndFrame():
                said = self._speaking.end(frame)
                if said is not None:
                    self._say(said)
            case _:
                await self._do_in_room(frame)

    async def _do_in_room(self, frame: JoinFrame | LeaveFrame | PostFrame | TypingFrame) -> None:
        match frame:
            case JoinFrame():
                self._may("read")
                self._spend(self.caller, "reads")
                await self._rooms.join(frame)
            case LeaveFrame():
                await self._rooms.leave(frame.room_id)
            case PostFrame():
                self._may("write")
                joined = self._rooms.get(frame.room_id)
                self._spend(self.caller, "writes")
                said = Said(text=frame.text, client_key=frame.client_key)
                answers = self._talks.answers
                happening = answers.in_room(self.user, joined.room, said, caller=self.caller)
                self._begin(joined.talk, happening, said)
            case TypingFrame():
                self._may("write")
                await self._rooms.type_in(frame.room_id)

    def _say(self, said: Said) -> None:
        self._may("write")
        talk = self._own_talk()
        answers = self._talks.answers
        happening = answers.in_session(self.user, talk.session, said, caller=self.caller)
        self._begin(talk, happening, said)

    def _begin(self, talk: Talk, happening: Happening, said: Said) -> None:
        self._spend(self.caller, "writes")
        talk.say(happening, client_key=said.client_key, by=self.listener, who=self.user.id)

    def _cancel(self, turn_id: str | None) -> None:
        if self.talk is not None and self.talk.cancel(turn_id):
            return
        if turn_id is None:
            return
        for joined in self._rooms.all():
            # In a room each cancels what they began, and nobody else's.
            if joined.talk.cancel(turn_id, of=self.user.id):
                return
        raise NotFound("turn")

    # What both need

    @property
    def _here(self) -> tuple[int, str | None]:
        return (0, None) if self.talk is None else (self.talk.seq, self.talk.session.id)

    def _own_talk(self) -> Talk:
        if self.talk is None:
            raise BadInput("frame", "this socket is in no session: open one with a session_id")
        return self.talk

    def _may(self, verb: Verb) -> None:
        """Asked for each frame: what a credential lets its holder do can end."""
        decide_for(self.caller, self.user.id, verb)

    def _refuse(self, error: HoldfastError | Refused, client_key: str | None) -> None:
        seq, session_id = self._here
        self.listener.tell_error(error.code, str(error), client_key, seq=seq, session_id=session_id)


def _said(frame: MessageFrame | EditFrame | RegenerateFrame) -> Said:
    match frame:
        case MessageFrame():
            return Said(text=frame.text, client_key=frame.client_key)
        case EditFrame():
            return Said(text=frame.text, edits=frame.message_id, client_key=frame.client_key)
        case RegenerateFrame():
            return Said(answers=frame.message_id, client_key=frame.client_key)


def _problem(error: ErrorDetails) -> str:
    """One mistake in a frame, for whoever wrote the client."""
    where, kind = error["loc"], error["type"]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return f"its type is none of {', '.join(FRAME_TYPES)}"
    field = ".".join(str(part)[:_SHOWN] for part in where[1:])
    if kind == "extra_forbidden":
        return "it has a field that is none of its kind"
    if not field:
        return "it is not JSON" if kind == "json_invalid" else "it is no JSON object"
    return f"{field} is missing" if kind == "missing" else f"{field}: {problem_of(error)}"
