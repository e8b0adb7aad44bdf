"""The handshake: who comes with a ticket, and where they want to talk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, WebSocket

from holdfast.errors import BadInput, HoldfastError, NotFound
from holdfast.keeper.access import Caller, decide_for
from holdfast.server.failures import Refused, error_response, status_of
from holdfast.server.identity.asking import ME, identity_of, user_for
from holdfast.server.schemas.events import HistoryEvent
from holdfast.server.shown import message_out
from holdfast.server.sockets.connection import Connection
from holdfast.server.sockets.joined import HISTORY
from holdfast.server.sockets.places import Places
from holdfast.server.talking.talk import Seat
from holdfast.server.talking.talks import Talks
from holdfast.server.talking.told import Told

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession

__all__ = ["router", "talk_over_socket"]

_NO_SESSION = "none"
_MAX_DIGITS = 18
router = APIRouter()


@router.websocket("/ws")
async def talk_over_socket(
    socket: WebSocket,
    ticket: Annotated[str, Query()] = "",
    session_id: Annotated[str | None, Query()] = None,
    after_seq: Annotated[str | None, Query()] = None,
) -> None:
    """Let a client with a ticket talk in one session, and in rooms."""
    talks: Talks = socket.app.state.talks
    places: Places = socket.app.state.places
    try:
        caller = _caller(socket, ticket)
        with places.place(caller):
            connection = await _opened(socket, caller, talks, places)
            await _find_session(socket, connection, session_id, _seq(after_seq))
            await connection.serve()
    except HoldfastError as exc:
        await _deny(socket, status_of(exc), exc.code, str(exc))
    except Refused as exc:
        await _deny(socket, exc.status, exc.code, exc.message)


async def _deny(socket: WebSocket, status: int, code: str, message: str) -> None:
    """Refuse the handshake with the one error shape, before there is a socket."""
    response = error_response(status, code, message, socket.state.request_id)
    await socket.send_denial_response(response)


def _caller(socket: WebSocket, ticket: str) -> Caller:
    """Whose ticket it is.

    Raises:
        Refused: nobody's; or 429, too many of these came from there.
    """
    identity = identity_of(socket)
    caller = identity.redeem(ticket, socket.headers.get("origin"))
    if caller is None:
        identity.limits.note_failure(socket.client.host if socket.client else "")
        raise Refused(401, "wrong_ticket", "get a new ticket from POST /api/ws-ticket")
    socket.state.caller = caller  # for the line about this socket
    return caller


async def _opened(socket: WebSocket, caller: Caller, talks: Talks, places: Places) -> Connection:
    identity = identity_of(socket)
    user = await user_for(identity, caller, ME, "read")
    return Connection(socket, caller, user, talks=talks, places=places, spend=identity.limits.spend)


async def _take_seat(
    connection: Connection, talks: Talks, session: OpenSession, after_seq: int | None
) -> bool:
    """Seat the connection in a session's talk; False when it must be tried again."""
    talk = talks.of(session)
    await talk.forget_removed()
    place, resumed = talk.mark(after_seq)
    messages = [] if resumed else await session.messages(last=HISTORY)
    shown = HistoryEvent(messages=[message_out(m) for m in messages], resumed=resumed)
    # The talk may have been let go of meanwhile, because nobody needed it.
    talk = talks.of(session)
    first = Told(place, session.id, shown=shown)
    if not talk.join(connection.listener, place, seat=Seat(), first=first):
        return False
    connection.talk = talk
    return True


async def _find_session(
    socket: WebSocket, connection: Connection, session_id: str | None, after_seq: int | None
) -> None:
    """Give the connection its place: in the session that is named, in the last chat with the
    assistant, in a new one, or in none.

    Raises:
        NotFound: the named one is unknown, or somebody else's.
        NotAllowed: there is none yet, and the caller may not begin one.
    """
    talks: Talks = socket.app.state.talks
    if session_id == _NO_SESSION:
        connection.listener.tell(0, None, HistoryEvent(messages=[]))
        return
    session = await _session(connection, session_id, socket.app.state.assistant)
    while not await _take_seat(connection, talks, session, after_seq):
        pass


async def _session(connection: Connection, session_id: str | None, assistant: str) -> OpenSession:
    user = connection.user
    if session_id is not None:
        return await user.sessions.open(session_id)
    with contextlib.suppress(NotFound):  # nobody has talked to this assistant yet
        latest = await user.sessions.list(kind="chat", assistant=assistant, archived=False, limit=1)
        if latest:
            return await user.sessions.open(latest[0].id)
    decide_for(connection.caller, user.id, "write")
    return await user.sessions.start(assistant=assistant)


def _seq(text: str | None) -> int | None:
    """A place in a session's order.

    Raises:
        BadInput: it is none.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise BadInput("after_seq", "it is the seq of a frame")
    return int(text)
