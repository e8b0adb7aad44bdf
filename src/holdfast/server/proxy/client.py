"""One client of a long answer: what it sends, that it leaves, and what ends the answer for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from holdfast.errors import HoldfastError, TooLarge
from holdfast.server.failures import Refused, refused_by
from holdfast.server.identity.asking import caller_of, identity_of
from holdfast.server.proxy.refusals import error_object, is_gone, refusal
from holdfast.server.proxy.speaking import event

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from holdfast.model import TurnStatus

__all__ = ["Answering", "Client", "Completions", "read_body"]

_logger = logging.getLogger(__name__)
_LAST_WORDS_S = 1.0
_STOPPING = Refused(503, "stopping", "the server stops: send it again in a moment")
_ENDED = Refused(401, "credential_ended", "your credential ended: log in again")


class Client:
    """The client's side of one request."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = (b"x-holdfast-request-id", request_id.encode())
        self.begun = False
        """It has the beginning of an answer."""
        self._streams = False
        self._whole = False
        self.gone = False
        """It has left."""
        self.refused: HTTPException | None = None
        """Why what it sends is not taken."""

    def cut_off(self) -> TurnStatus:
        """How a turn ends whose answer is not waited for any longer."""
        return "cancelled" if self.gone else "interrupted"

    async def send(self, message: Message) -> None:
        """Send it a message of ASGI. Beside the upstream's request id it gets that of our log."""
        self.begun = True
        if message["type"] == "http.response.start":
            headers = [*message["headers"], self._request_id]
            message = {**message, "headers": headers}
            self._streams = any(_is_stream(name, value) for name, value in headers)
        else:
            self._whole = not message.get("more_body", False)
        await self._send(message)

    async def cut(self, why: Refused, request_id: str) -> None:
        """End a stream of events in the middle, with the reason as its last event. What was begun
        in another form just stops: it has no place for one."""
        if not self._streams or self._whole:
            return
        told = event(error_object(why.status, why.code, why.message, request_id))
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LAST_WORDS_S):
                # The event before it may have come in part.
                await self.send({"type": "http.response.body", "body": b"\n\n" + told})


Answering: TypeAlias = Callable[
    [HTTPConnection, "Receive", Client], Coroutine[object, object, None]
]
"""Answers a request with what the client is sent; may raise HoldfastError and Refused before."""


class Completions:
    """The ASGI application behind /v1/chat/completions: pieces go out as they come in."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._works: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End what is being answered; its last words are recorded on return."""
        for work in self._works:
            _cut(work)
        if self._works:
            await asyncio.wait(self._works)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        client = Client(send, connection.state.request_id)
        arrived: asyncio.Queue[Message] = asyncio.Queue()
        work = asyncio.create_task(self._answering(connection, arrived.get, client))
        watching = [
            asyncio.create_task(_listen(receive, arrived, client, work)),
            asyncio.create_task(_until_revoked(connection, client, work)),
        ]
        self._works.add(work)
        work.add_done_callback(self._works.discard)
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            # The process ends: the turn is interrupted, and nobody has cancelled it. Not raised
            # again: this task ends here, and the server below would tell of it as of a fault.
            connection.app.state.talks.stopping.set()
            _cut(work)
            await asyncio.wait({work})
        finally:
            for watcher in watching:
                watcher.cancel()
            await asyncio.wait(watching)
        await self._told(work, connection, client, scope, receive)

    async def _told(
        self,
        work: asyncio.Task[None],
        connection: HTTPConnection,
        client: Client,
        scope: Scope,
        receive: Receive,
    ) -> None:
        if client.refused is not None:
            error: BaseException | None = refused_by(client.refused)
        else:
            error = None if work.cancelled() else work.exception()
        if work.cancelled() and client.begun:
            stops = connection.app.state.talks.stopping.is_set()
            await client.cut(_STOPPING if stops else _ENDED, connection.state.request_id)
        if error is None:
            return
        if not isinstance(error, HoldfastError | Refused):
            raise error
        if not client.begun:
            await refusal(error, connection.state.request_id)(scope, receive, client.send)
            return
        extra = {"action": "proxy.record", "request_id": connection.state.request_id}
        gone = isinstance(error, HoldfastError) and is_gone(error)
        level = logging.INFO if gone else logging.ERROR
        _logger.log(level, "answer not recorded", extra={**extra, "code": error.code})


def _is_stream(name: bytes, value: bytes) -> bool:
    return name.lower() == b"content-type" and value.lower().startswith(b"text/event-stream")


def _cut(work: asyncio.Task[None]) -> None:
    """Cancel it, once: a second time would cut off what records the end."""
    if not work.cancelling():
        work.cancel()


async def _listen(
    receive: Receive,
    arrived: asyncio.Queue[Message],
    client: Client,
    work: asyncio.Task[None],
) -> None:
    """Hand on what the client sends; when it leaves, nobody waits for the answer any longer."""
    while True:
        try:
            message = await receive()
        except HTTPException as exc:
            client.refused = exc
            _cut(work)
            return
        if message["type"] == "http.disconnect":
            client.gone = True
            _cut(work)
            return
        arrived.put_nowait(message)


async def _until_revoked(
    connection: HTTPConnection, client: Client, work: asyncio.Task[None]
) -> None:
    """End the answer when the credential it was asked for with ends."""
    await identity_of(connection).revoked(caller_of(connection))
    client.gone = True
    _cut(work)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: over the limit.
    """
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size > limit:
            raise TooLarge("body", size=size, limit=limit)
        parts.append(part)
    return b"".join(parts)
