"""An answer recorded while it is being made."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_item, checked_text
from holdfast.capture.entries import Draft, Entry
from holdfast.capture.parts import finish
from holdfast.clock import id_bytes
from holdfast.errors import HoldfastError, TooLarge, TurnEnded
from holdfast.model import MessageId, MessageKind
from holdfast.storage.protocol import RowKey

if TYPE_CHECKING:
    from holdfast.capture.turn import TurnRecorder

__all__ = ["AnswerStream", "Left"]

_FLUSH_INTERVAL_S = 0.5
"""A streamed answer is made durable at least this often; the promise is one second."""


class Left(Struct, frozen=True, kw_only=True):
    """What a stream leaves: the message it became, the draft that this replaces, and why not all
    that was written is in it."""

    entry: Entry | None = None
    remove: tuple[RowKey, ...] = ()
    refused: HoldfastError | None = None


class AnswerStream:
    """An answer while it is being made.

    What was written is durable at most half a second later, in a draft; when the block ends it
    becomes a message. If the process dies, the recovery turns the draft into the message.
    """

    def __init__(self, turn: TurnRecorder, *, kind: MessageKind, author: str | None) -> None:
        self.item: str | None = None
        """What came beside the text, as the provider gave it; kept with the message."""
        self._turn = turn
        self._kind = kind
        self._author = author
        self._parts: list[str] = []
        self._size = 0
        self._message_id = MessageId(turn.log.ids())
        self._draft_id = id_bytes(turn.log.ids())
        self._saved = False
        self._durable = ""
        self._dirty = False
        self._flusher: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._settled = False

    @property
    def text(self) -> str:
        """All that was written so far."""
        return "".join(self._parts)

    async def write(self, delta: str) -> None:
        """Add to the answer. Returns at once; a flush that failed is raised by the next call.

        Raises:
            TooLarge: the answer is over the limit; what was written before is kept.
            StorageFailed: or one of its kinds, from the flush before.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._settled:
            raise TurnEnded("complete")
        checked_text("answer", delta, self._turn.limits)
        size = self._size + (len(delta) if delta.isascii() else len(delta.encode()))
        if size > self._turn.limits.max_text_bytes:
            raise TooLarge("answer", size=size, limit=self._turn.limits.max_text_bytes)
        self._size = size
        # Also for a stream that nobody entered: the end of the turn settles it.
        self._turn.attach(self, running=True)
        self._parts.append(delta)
        self._dirty = True
        if self._flusher is None and not self._turn.replayed:
            self._flusher = asyncio.create_task(self._flush_regularly())

    async def _flush_regularly(self) -> None:
        try:
            while self._dirty:
                await asyncio.sleep(_FLUSH_INTERVAL_S)
                await self.flush()
        except HoldfastError as exc:
            self._failure = exc
        finally:
            self._flusher = None

    async def flush(self) -> None:
        """Make what was written so far durable now."""
        if not self._dirty or self._turn.replayed:
            return
        self._dirty = False
        text = self.text
        message = self._turn.draft_message(self._message_id, self._kind, text, self._author)
        self._saved = True
        await self._turn.draft(Draft(id=self._draft_id, message=message))
        self._durable = text

    async def __aenter__(self) -> Self:
        self._turn.attach(self, running=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        refused = await finish(self.settle())
        if refused is not None and error is None:
            raise refused

    async def settle(self) -> HoldfastError | None:
        """End the stream: what was written becomes a message, whatever ended it.

        When the access to write has gone, only what was durable before does; then the reason is
        returned, for there may be words that were not kept.
        """
        left = await self.take()
        if left.entry is not None:
            await self._turn.append(left.entry, remove=left.remove)
        return left.refused

    async def take(self) -> Left:
        """End the stream without recording what it leaves: whoever takes that has to."""
        if self._settled:
            return Left()
        self._settled = True
        self._turn.attach(self, running=False)
        await self._stop_flusher()
        if not self._parts or self._turn.replayed:
            return Left()
        refused = await self._turn.refusal()
        text = self.text if refused is None else self._durable
        if not text:
            return Left(refused=refused)
        message = self._turn.draft_message(self._message_id, self._kind, text, self._author)
        if refused is None:
            message = replace(message, item=checked_item(self.item, self._turn.limits))
        return Left(
            entry=Entry(message=message),
            remove=(RowKey(id=self._draft_id),) if self._saved else (),
            refused=refused,
        )

    async def _stop_flusher(self) -> None:
        if self._flusher is None:
            return
        flusher, self._flusher = self._flusher, None
        flusher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await flusher
