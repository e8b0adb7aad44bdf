"""The conversations that are going on: one turn after another, heard by every socket of a session.

A turn belongs to its talk and not to the socket that began it: whoever leaves, it goes on being
answered and recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import uuid4

from holdfast.assistant.answering import Answerer
from holdfast.assistant.chat import chat
from holdfast.assistant.events import Delta, Event, Failed, Finished, Recalled, Started
from holdfast.errors import Conflict, HoldfastError
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import SessionId, TurnId
from holdfast.server.schemas import (
    DeltaEvent,
    ErrorEvent,
    FailedEvent,
    FinishedEvent,
    Frame,
    RecalledEvent,
    ServerEvent,
    StartedEvent,
)
from holdfast.server.shown import hit_out, message_out

__all__ = ["Listener", "Talk", "Talks"]

_logger = logging.getLogger(__name__)
_QUEUE_FRAMES = 64
_GRACE_S = 2.0
"""How long a full queue holds up the talk before its socket is given up."""
_MAX_WAITING = 16
"""Turns of one session that are answered or wait; a person types no faster."""
_SHOWN_HITS = 10


class Listener:
    """One socket's share of a talk: the frames it has not sent yet, and how many at most."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.too_slow = asyncio.Event()
        self._frames: asyncio.Queue[str] = asyncio.Queue(_QUEUE_FRAMES)

    async def hear(self, frame: str) -> None:
        """Take a frame; when there is no room for a while the listener is given up."""
        if self.too_slow.is_set():
            return
        try:
            async with asyncio.timeout(_GRACE_S):
                await self._frames.put(frame)
        except TimeoutError:
            self.too_slow.set()

    def tell(self, event: ServerEvent) -> None:
        """Take an event that concerns this connection alone."""
        try:
            self._frames.put_nowait(self.talk.frame(event))
        except asyncio.QueueFull:
            self.too_slow.set()

    def tell_error(self, code: str, message: str, client_key: str | None = None) -> None:
        """Take word that something of this connection was refused."""
        self.tell(
            ErrorEvent(code=code, message=message, request_id=uuid4().hex, client_key=client_key)
        )

    async def next_frame(self) -> str:
        """The oldest frame that was not sent yet; waits for one."""
        return await self._frames.get()


class Talk:
    """One session that somebody listens to or that is being answered."""

    def __init__(self, user: User, session: OpenSession, talks: Talks) -> None:
        self.session = session
        self._user = user
        self._talks = talks
        self._seq = 0
        self._lock = asyncio.Lock()
        self._listeners: set[Listener] = set()
        self._turns: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Nobody listens and nothing is being answered."""
        return not self._listeners and not self._turns

    def join(self) -> Listener:
        """Begin to listen."""
        listener = Listener(self)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening; turns go on."""
        self._listeners.discard(listener)
        self._talks.tidy(self)

    def say(self, text: str, client_key: str | None, *, by: Listener) -> None:
        """Have an input recorded and answered after those before it.

        Raises:
            Conflict: too many wait already; nothing was recorded.
        """
        if len(self._turns) >= _MAX_WAITING:
            raise Conflict("too many messages wait for their answer in this session")
        task = asyncio.create_task(self._run(text, client_key, by))
        self._turns.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Cancel the turn that is being answered, and those that wait."""
        for task in self._turns:
            task.cancel()

    async def ended(self) -> None:
        """Wait until no turn runs."""
        await asyncio.gather(*self._turns, return_exceptions=True)

    def frame(self, event: ServerEvent) -> str:
        """The JSON text of an event at the present place in the session's order."""
        return Frame(seq=self._seq, session_id=self.session.id, event=event).model_dump_json()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._turns.discard(task)
        self._talks.tidy(self)

    async def _run(self, text: str, client_key: str | None, by: Listener) -> None:
        began: TurnId | None = None
        try:
            async with self._lock, aclosing(self._chat(text, client_key)) as events:
                async for event in events:
                    began = event.turn_id
                    shown = _event_out(event, client_key)
                    if shown is not None:
                        await self._publish(shown)
        except HoldfastError as exc:
            await self._tell_failure(began, exc.code, str(exc), by, client_key)
        except asyncio.CancelledError:
            if began is None:
                message = "it was cancelled and may not be recorded: send it with its client key"
                by.tell_error("cancelled", message, client_key)
            else:
                status = "interrupted" if self._talks.stopping.is_set() else "cancelled"
                await self._publish(
                    FinishedEvent(turn_id=began, status=status, message=None, replayed=False)
                )
            raise
        except Exception:
            # The task's boundary: a fault of ours, which nobody else would see.
            _logger.exception("turn broke", extra={"action": "turn.run"})
            await self._tell_failure(
                began, "internal", "the server failed: see its log", by, client_key
            )

    def _chat(self, text: str, client_key: str | None) -> AsyncGenerator[Event, None]:
        return chat(
            self._user,
            self.session,
            text,
            client_key=client_key,
            answerer=self._talks.answerer,
            stopping=self._talks.stopping,
        )

    async def _tell_failure(
        self, began: TurnId | None, code: str, message: str, by: Listener, client_key: str | None
    ) -> None:
        if began is None:
            by.tell_error(code, message, client_key)
        else:
            await self._publish(FailedEvent(turn_id=began, code=code, message=message))

    async def _publish(self, event: ServerEvent) -> None:
        self._seq += 1
        frame = self.frame(event)
        for listener in list(self._listeners):
            await listener.hear(frame)


class Talks:
    """All talks of this process."""

    def __init__(self, answerer: Answerer) -> None:
        self.stopping = asyncio.Event()
        self.answerer = answerer
        self._talks: dict[SessionId, Talk] = {}

    def of(self, user: User, session: OpenSession) -> Talk:
        """The talk of a session, the same for all its sockets."""
        talk = self._talks.get(session.id)
        if talk is None:
            talk = self._talks[session.id] = Talk(user, session, self)
        return talk

    def tidy(self, talk: Talk) -> None:
        """Forget a talk that nobody needs; the session stays where it is kept."""
        if talk.idle:
            self._talks.pop(talk.session.id, None)

    async def stop(self) -> None:
        """End every turn as interrupted, with what it had; returns when all are recorded."""
        self.stopping.set()
        talks = list(self._talks.values())
        for talk in talks:
            talk.cancel()
        for talk in talks:
            await talk.ended()


def _event_out(event: Event, client_key: str | None) -> ServerEvent | None:
    match event:
        case Started():
            return StartedEvent(
                turn_id=event.turn_id,
                message=None if event.message is None else message_out(event.message),
                client_key=client_key,
                replayed=event.replayed,
            )
        case Recalled():
            hits = [hit_out(hit) for hit in event.hits[:_SHOWN_HITS]]
            return RecalledEvent(turn_id=event.turn_id, hits=hits)
        case Delta():
            return DeltaEvent(turn_id=event.turn_id, text=event.text)
        case Finished():
            return FinishedEvent(
                turn_id=event.turn_id,
                status=event.status,
                message=None if event.message is None else message_out(event.message),
                replayed=event.replayed,
            )
        case Failed():
            return FailedEvent(turn_id=event.turn_id, code=event.code, message=event.message)
        case _:
            return None
