"""The WebSocket: history on connect, then whatever happens in the session, until either leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from holdfast.errors import HoldfastError, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Message
from holdfast.server.access import Access
from holdfast.server.failures import error_response, status_of
from holdfast.server.schemas import (
    CancelFrame,
    HistoryEvent,
    MessageFrame,
    PingFrame,
    PongEvent,
    client_frames,
)
from holdfast.server.shown import message_out
from holdfast.server.talks import Listener, Talks

__all__ = ["MAX_FRAME_BYTES", "router", "talk_over_socket"]

MAX_FRAME_BYTES = 4 << 20
"""The largest frame of a client; a larger one closes the socket with code 1009."""

_logger = logging.getLogger(__name__)
_HISTORY = 20
_CLOSE_TIMEOUT_S = 5.0
_TOO_SLOW = 1008
router = APIRouter()


@router.websocket("/ws")
async def talk_over_socket(
    socket: WebSocket,
    ticket: Annotated[str, Query()] = "",
    session_id: Annotated[str | None, Query()] = None,
) -> None:
    """Let a client with a ticket talk in one session."""
    access: Access = socket.app.state.access
    talks: Talks = socket.app.state.talks
    if not access.redeem(ticket, socket.headers.get("origin")):
        await _deny(socket, 401, "wrong_ticket", "get a new ticket from POST /api/ws-ticket")
        return
    try:
        user = await _user(socket)
        session = await _session(user, session_id, socket.app.state.assistant)
    except HoldfastError as exc:
        await _deny(socket, status_of(exc), exc.code, str(exc))
        return
    listener = talks.of(user, session).join()
    try:
        # Joined before it is read: what happens meanwhile may come twice, but never be missing.
        history = await session.messages(last=_HISTORY)
        await socket.accept()
        await _serve(socket, listener, history)
    except HoldfastError as exc:
        await _deny(socket, status_of(exc), exc.code, str(exc))
    finally:
        listener.talk.leave(listener)


async def _deny(socket: WebSocket, status: int, code: str, message: str) -> None:
    """Refuse the handshake with the one error shape, before there is a socket."""
    response = error_response(status, code, message, socket.state.request_id)
    await socket.send_denial_response(response)


async def _user(socket: WebSocket) -> User:
    keeper: Keeper = socket.app.state.keeper
    return await keeper.user(socket.app.state.user)


async def _session(user: User, session_id: str | None, assistant: str) -> OpenSession:
    """The session that is named, or the last chat with the assistant, or a new one.

    Raises:
        NotFound: the named one is unknown, or somebody else's.
    """
    if session_id is not None:
        return await user.sessions.open(session_id)
    with contextlib.suppress(NotFound):  # nobody has talked to this assistant yet
        latest = await user.sessions.list(kind="chat", assistant=assistant, archived=False, limit=1)
        if latest:
            return await user.sessions.open(latest[0].id)
    return await user.sessions.start(assistant=assistant)


async def _serve(socket: WebSocket, listener: Listener, history: list[Message]) -> None:
    shown = HistoryEvent(messages=[message_out(message) for message in history])
    await socket.send_text(listener.talk.frame(shown))
    ways = {
        asyncio.create_task(_receive(socket, listener)),
        asyncio.create_task(_send(socket, listener)),
        asyncio.create_task(listener.too_slow.wait()),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if listener.too_slow.is_set():
            await _give_up(socket)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _give_up(socket: WebSocket) -> None:
    """Close the socket of a client that does not read."""
    _logger.info("socket closed", extra={"action": "socket.too_slow"})
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await socket.close(_TOO_SLOW, "events were not read in time")


async def _send(socket: WebSocket, listener: Listener) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(await listener.next_frame())


async def _receive(socket: WebSocket, listener: Listener) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            listener.tell_error("invalid_input", "frames are JSON text, not bytes")
        else:
            _take(text, listener)


def _problem(where: tuple[int | str, ...], kind: str) -> str:
    """One mistake in a frame, for whoever wrote the client."""
    if kind == "json_invalid":
        return "it is not JSON"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return "its type is none of message, cancel and ping"
    field = ".".join(map(str, where[1:])) or "it"
    if kind == "extra_forbidden":
        return f"{field} is no field of it"
    return f"{field} is missing" if kind == "missing" else f"{field} is wrong ({kind})"


def _take(text: str, listener: Listener) -> None:
    """Do what a client's frame asks for."""
    try:
        frame = client_frames.validate_json(text)
    except ValidationError as exc:
        # Where and what kind, but never the value: it is what somebody said.
        problems = sorted({_problem(e["loc"], e["type"]) for e in exc.errors()})
        listener.tell_error("invalid_input", "the frame was not taken: " + "; ".join(problems))
        return
    match frame:
        case MessageFrame():
            try:
                listener.talk.say(frame.text, frame.client_key, by=listener)
            except HoldfastError as exc:
                listener.tell_error(exc.code, str(exc), frame.client_key)
        case CancelFrame():
            listener.talk.cancel()
        case PingFrame():
            listener.tell(PongEvent())
