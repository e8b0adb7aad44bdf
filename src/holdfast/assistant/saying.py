"""An answer as it is being made: each piece recorded in its place, counted, and told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeAlias

from holdfast.assistant.answering import Piece, Thinking, Usage
from holdfast.assistant.events import Delta, Thought
from holdfast.assistant.pace import Repetition
from holdfast.assistant.relay import Relay
from holdfast.errors import AnswerTooLong

if TYPE_CHECKING:
    from holdfast.capture.streaming import AnswerStream
    from holdfast.capture.turn import TurnRecorder

__all__ = ["Saying"]

_Kind: TypeAlias = Literal["text", "reasoning"]


class Saying:
    """What an answerer says in a turn.

    Pieces of text that follow each other are one message, and so are those of reasoning; what
    comes between them (the other of the two, a tool's call) ends the one that is open, so that
    the record has everything in the order in which it happened.
    """

    def __init__(self, turn: TurnRecorder, relay: Relay, *, max_chars: int) -> None:
        self._turn = turn
        self._relay = relay
        self._max_chars = max_chars
        self._open: tuple[_Kind, AnswerStream] | None = None
        # A tool's call ends the open message from another task.
        self._turns = asyncio.Lock()
        self.usages: list[Usage] = []
        self.begin(None)

    def begin(self, author: str | None) -> None:
        """Somebody begins to answer; `author` is how a room's record names them."""
        self._author = author
        self._chars = 0
        self._half = ""
        self._repetition = Repetition()
        self.answered = False
        """Whether anything but white space was said."""

    async def take(self, piece: Piece) -> None:
        """Record a piece and tell it.

        Raises:
            AnswerTooLong, ModelRepeats: the answer has to be stopped; what fits was recorded.
            HoldfastError: it cannot be recorded.
        """
        if isinstance(piece, Usage):
            self.usages.append(piece)
            return
        kind: _Kind = "reasoning" if isinstance(piece, Thinking) else "text"
        text = self._whole(piece.text if isinstance(piece, Thinking) else piece)
        allowed = text[: max(0, self._max_chars - self._chars)]
        if allowed:
            await self._add(kind, allowed)
        if len(allowed) < len(text):
            raise AnswerTooLong(self._max_chars)
        self._repetition.hear(text)

    async def settle(self) -> None:
        """End the message that is open; durable on return."""
        async with self._turns:
            await self._settle()

    async def _add(self, kind: _Kind, text: str) -> None:
        self._chars += len(text)
        async with self._turns:
            if self._open is not None and self._open[0] != kind:
                await self._settle()
            if self._open is None:
                stream = self._turn.stream(kind=kind, author=self._author)
                self._open = (kind, await stream.__aenter__())
            await self._open[1].write(text)
        if kind == "reasoning":
            await self._relay.tell(Thought(turn_id=self._turn.id, text=text))
        else:
            self.answered = self.answered or bool(text.strip())
            await self._relay.tell(Delta(turn_id=self._turn.id, text=text))

    async def _settle(self) -> None:
        if self._open is not None:
            (_, stream), self._open = self._open, None
            await stream.__aexit__(None, None, None)

    def _whole(self, text: str) -> str:
        """The text with its surrogate pairs joined, also across pieces; a lone half is replaced.

        A model that emits half a character must not cost the answer it belongs to.
        """
        text, self._half = self._half + text, ""
        if text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
