"""Talking over HTTP: say something, hear the answer, lose the connection and come back, cancel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from holdfast.assistant.events import Failed
from holdfast.clock import id_bytes
from holdfast.server.api.saying import said_first, said_in
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import Asking, Reader, Writer, check_may, identity_of
from holdfast.server.once import REPLAYED, ClientKey
from holdfast.server.routing import Route
from holdfast.server.schemas import ErrorOut
from holdfast.server.schemas.turns import (
    AnsweredOut,
    CancelIn,
    CancelledOut,
    TurnFailureOut,
    UiTurnIn,
    WhatIsSaid,
)
from holdfast.server.shown import turn_out
from holdfast.server.streams import HEADERS, MEDIA_TYPE, sent_events
from holdfast.server.talking.listeners import REVOKED, Listener

if TYPE_CHECKING:
    from holdfast.keeper.access import Caller
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.server.identity.door import Identity
    from holdfast.server.sockets.places import Places
    from holdfast.server.talking.answers import Said
    from holdfast.server.talking.run import Run
    from holdfast.server.talking.talk import Talk
    from holdfast.server.talking.talks import Talks

__all__ = ["NEW", "cancel_turns", "router", "say", "stream_turn", "stream_turn_of_chat"]

_logger = logging.getLogger(__name__)
NEW = "new"
"""In place of a session's id: begin one with the configured assistant."""
_BEGIN_S = 10.0
"""A stream begins after so long although its turn still waits for those before it."""
_LAST_WORDS_S = 2.0


class _Turns(Route):
    """As the others, but for the answers of this process to keys: a turn's key is durable, and an
    answer that broke off is to be made anew."""

    keeps_answers = False


router = APIRouter(
    prefix="/api/conversations/{user_id}/{session_id}",
    tags=["turns"],
    route_class=_Turns,
    responses={"default": {"model": ErrorOut, "description": "An error."}},
)
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The turn has ended; or, as an event stream, all that happens in it.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
_RESUMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The turn that is being answered, from its beginning or from where the "
        "client left off.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    204: {"description": "Nothing is being answered: read the conversation."},
}


@router.post("/turns", response_model=AnsweredOut, responses=_STREAM)
async def say(
    request: Request,
    owner: Writer,
    caller: Asking,
    session_id: str,
    body: WhatIsSaid,
    key: ClientKey,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Say something and get the answer: as JSON when the turn has ended, with whatever status, or
    as an event stream (UI message stream, version 1) while it happens."""
    talks: Talks = request.app.state.talks
    if _wants_stream(body, accept):
        check_may(request, "read")  # who may only write hears nothing of the answer
    if session_id == NEW:
        said = said_first(body, key, request.app.state.keeper.store.limits)
        session = await _new_session(request, owner, key)
    else:
        session = await owner.sessions.open(session_id)
        said = await said_in(body, key, session)
    talk = talks.of(session)
    if _wants_stream(body, accept):
        return await _streamed(request, talk, owner, caller, said)
    happening = talks.answers.in_session(owner, session, said, caller=caller)
    run = talk.say(happening, client_key=said.client_key, by=None, who=owner.id)
    await _while_valid(identity_of(request), caller, run)
    answered = await _answered(session, run)
    shown = answered.model_dump_json()
    return Response(shown, media_type="application/json", headers=_replayed(run))


@router.get("/stream", response_class=StreamingResponse, responses=_RESUMED)
async def stream_turn(
    request: Request,
    owner: Reader,
    caller: Asking,
    session_id: str,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """The turn that is being answered, as an event stream, after a lost connection."""
    talks: Talks = request.app.state.talks
    talk = talks.known(await owner.sessions.open(session_id))
    seq = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else -1
    if talk is None:
        return Response(status_code=204)
    await talk.forget_removed()
    run, after_seq = _run_to_resume(talk, seq)
    if run is None:
        return Response(status_code=204)
    listening = _Listening(request, talk, caller)
    talk.follow(listening.listener, run)
    return listening.response(run, after_seq)


@router.get("/turns/{chat_id}/stream", response_class=StreamingResponse, responses=_RESUMED)
async def stream_turn_of_chat(
    request: Request,
    owner: Reader,
    caller: Asking,
    session_id: str,
    chat_id: str,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """As `.../stream`, where the AI SDK's chat transport looks for it; the page's own name of the
    chat is not looked at."""
    return await stream_turn(request, owner, caller, session_id, last_event_id)


@router.post("/cancel")
async def cancel_turns(
    request: Request, owner: Writer, session_id: str, which: CancelIn | None = None
) -> CancelledOut:
    """Cancel what is being answered; returns when it has ended, with what it had."""
    talks: Talks = request.app.state.talks
    talk = talks.known(await owner.sessions.open(session_id))
    runs = [] if talk is None else talk.cancel(None if which is None else which.turn_id)
    if runs:
        await asyncio.wait([run.task for run in runs if run.task is not None])
    return CancelledOut(cancelled=len(runs))


async def _new_session(request: Request, owner: User, key: str | None) -> OpenSession:
    assistant: str = request.app.state.assistant
    return await owner.sessions.start(assistant=assistant, client_key=key, watched=True)


def _wants_stream(body: object, accept: str) -> bool:
    """A page's transport names no type and expects a stream; everybody else asks for one."""
    if MEDIA_TYPE in accept:
        return True
    return isinstance(body, UiTurnIn) and "application/json" not in accept


def _replayed(run: Run) -> dict[str, str]:
    """The header that every repeated answer has."""
    return {REPLAYED: "true"} if run.replayed else {}


async def _while_valid(identity: Identity, caller: Caller, run: Run) -> None:
    """Wait until a turn has ended, for as long as the caller may hear of it. The turn goes on.

    Raises:
        Refused: the credential has ended.
    """
    revoked = asyncio.create_task(identity.revoked(caller))
    try:
        waited = {revoked} if run.task is None else {revoked, run.task}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        revoked.cancel()
    if not identity.still_valid(caller):
        raise Refused(401, REVOKED.code, REVOKED.reason)


async def _answered(session: OpenSession, run: Run) -> AnsweredOut:
    turn, messages = await session.log.recorded_turn(id_bytes(await run.ended()))
    failure = None
    if isinstance(run.final, Failed):
        failure = TurnFailureOut(code=run.final.code, message=run.final.message)
    return AnsweredOut(
        session_id=session.id,
        turn=turn_out(turn, messages),
        error=failure,
        replayed=run.replayed,
    )


async def _streamed(
    request: Request, talk: Talk, owner: User, caller: Caller, said: Said
) -> Response:
    """Begin a turn and its stream. What is refused before it begins is no stream but an error."""
    talks: Talks = request.app.state.talks
    listening = _Listening(request, talk, caller)
    happening = talks.answers.in_session(owner, talk.session, said, caller=caller)
    try:
        run = talk.say(happening, client_key=said.client_key, by=listening.listener, who=owner.id)
        talk.follow(listening.listener, run)
        async with asyncio.timeout(_BEGIN_S):
            await run.begun()
    except TimeoutError:
        pass
    except BaseException:
        listening.leave()
        raise
    return listening.response(run)


def _run_to_resume(talk: Talk, seq: int) -> tuple[Run | None, int]:
    """The turn whose stream was lost, and after which event; else the one that runs."""
    lost = talk.run_of(seq)
    if lost is not None and talk.can_resume(lost, seq):
        return lost, seq
    return next((run for run in talk.runs if run.turn_id is not None), None), -1


class _Listening:
    """A listener for one response, which takes a place like a socket.

    Raises:
        Refused: the caller has too many of them.
    """

    def __init__(self, request: Request, talk: Talk, caller: Caller) -> None:
        talks: Talks = request.app.state.talks
        places: Places = request.app.state.places
        self._held = ExitStack()
        self._held.enter_context(places.place(caller))
        self._ready = asyncio.Event()
        self._until = asyncio.timeout(None)
        self._sending = False
        self.listener = Listener(caller, ready=self._has_something)
        talks.add(self.listener)
        self._held.callback(talk.leave, self.listener)
        self._held.callback(talks.remove, self.listener)

    def leave(self) -> None:
        """Stop listening; the turn goes on."""
        self._held.close()

    def response(self, run: Run, after_seq: int = -1) -> Response:
        """The turn as a stream; whoever does not read it to its end stops listening, no more."""
        lines = sent_events(self.listener, run, self._ready, after_seq=after_seq)
        return _Stream(self, lines, _replayed(run))

    async def send(self, sending: Awaitable[None]) -> None:
        """Send a response, for as long as its client listens, and leave."""
        try:
            async with self._until:
                self._sending = True
                with suppress(OSError):  # the client has gone
                    await sending
        except TimeoutError:
            if not self._until.expired():
                raise
            _logger.info("stream given up", extra={"action": "stream.too_slow"})
        finally:
            self._sending = False
            self.leave()

    def _has_something(self) -> None:
        self._ready.set()
        if self.listener.ended is not None and self._sending:
            # Who does not read cannot be told either: the last words are waited for only so long.
            self._until.reschedule(asyncio.get_running_loop().time() + _LAST_WORDS_S)


class _Stream(StreamingResponse):
    def __init__(
        self, listening: _Listening, lines: AsyncIterator[str], headers: Mapping[str, str]
    ) -> None:
        super().__init__(lines, media_type=MEDIA_TYPE, headers={**HEADERS, **headers})
        self._listening = listening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._listening.send(super().__call__(scope, receive, send))
