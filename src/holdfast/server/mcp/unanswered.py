"""Which requests of a connection are still to be answered."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec import Struct

__all__ = ["Unanswered"]

_CANCELLED = "notifications/cancelled"


class _Params(Struct):
    requestId: int | str | None = None  # noqa: N815  # the protocol's name


class _Message(Struct):
    """What tells requests, answers and notifications of JSON-RPC apart."""

    id: int | str | None = None
    method: str | None = None
    params: _Params | None = None


class Unanswered:
    """Ids of requests that came and have no answer yet."""

    def __init__(self) -> None:
        self._ids: set[int | str] = set()
        self._settled = asyncio.Event()
        self._settled.set()

    def note_received(self, line: str) -> None:
        """A line came: a request is open from here on, a cancelled one no longer."""
        message = _read(line)
        if message.method is not None and message.id is not None:
            self._ids.add(message.id)
        elif message.method == _CANCELLED and message.params is not None:
            named = message.params.requestId
            self._ids -= set() if named is None else {named}
        self._tell()

    def note_sent(self, line: str) -> None:
        """A line was written: the request that it answers is done."""
        message = _read(line)
        if message.method is None and message.id is not None:
            self._ids.discard(message.id)
        self._tell()

    async def settled(self) -> None:
        """Return when none is open."""
        await self._settled.wait()

    def _tell(self) -> None:
        if self._ids:
            self._settled.clear()
        else:
            self._settled.set()


def _read(line: str) -> _Message:
    try:
        return msgspec.json.decode(line, type=_Message)
    except (msgspec.DecodeError, RecursionError):
        return _Message()  # no message, or one that nobody will answer
