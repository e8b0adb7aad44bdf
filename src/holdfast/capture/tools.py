"""A tool call and its result, recorded around the block that runs the tool."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from holdfast.capture.checks import checked_json
from holdfast.capture.parts import error_code_of, finish, readable, told
from holdfast.errors import HoldfastError
from holdfast.model import Json, ToolPart

if TYPE_CHECKING:
    from holdfast.capture.turn import TurnRecorder

__all__ = ["ToolCall"]

_enclosing_call: ContextVar[tuple[str, str] | None] = ContextVar(
    "holdfast_enclosing_call", default=None
)
"""Session and id of the call whose block runs: a tool may talk in another session, even another
person's, and no id of one belongs into the other."""


class ToolCall:
    """A tool call and its result: the call is durable before the tool runs, the result after."""

    def __init__(self, turn: TurnRecorder, part: ToolPart, *, item: str | None) -> None:
        self._turn = turn
        self._part = part
        self._item = item
        self._result: Json = None
        self._failed = False
        self._given = False
        self._outer: tuple[str, str] | None = None

    @property
    def call_id(self) -> str:
        """The id that joins call and result."""
        return self._part.call_id

    def result(self, value: object, *, failed: bool = False) -> None:
        """What the tool returned; durable when the block ends.

        Raises:
            BadInput, TooLarge: it cannot be kept.
        """
        self._result = checked_json("result", value, self._turn.limits)
        self._failed = failed
        self._given = True

    async def __aenter__(self) -> Self:
        self._outer = _enclosing_call.get()
        session_id = self._turn.session_id
        # A call that a tool makes in another session is not part of this one.
        if (
            self._part.parent_call_id is None
            and self._outer is not None
            and self._outer[0] == session_id
        ):
            self._part = replace(self._part, parent_call_id=self._outer[1])
        try:
            await self._turn.add("assistant", "tool_call", "", tool=self._part, item=self._item)
        except asyncio.CancelledError as exc:
            # The block will not be entered, so nobody else would record how the call ended.
            if any(m.tool is self._part for m in self._turn.messages):
                await finish(self._record_result(exc))
            raise
        _enclosing_call.set((session_id, self._part.call_id))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _enclosing_call.set(self._outer)
        refused = await finish(self._record_result(error))
        if refused is not None and error is None:
            raise refused

    async def _record_result(self, error: BaseException | None) -> HoldfastError | None:
        """Record how the call ended; returns why its result was not kept, None when it was."""
        part, text, code = self._part, "", None
        refused = await self._turn.refusal()
        if refused is not None:
            # The call is on record, so is that it ended; what came of it is not theirs to write.
            self._result, error = None, refused
        if error is not None:
            text, code = (
                readable(told(error), self._turn.limits),
                error_code_of(error),
            )
            part = replace(part, result=self._result, failed=True)
        elif not self._given:
            # No result was given: that the call ended is still something that happened.
            part = replace(part, result=None)
        else:
            part = replace(part, result=self._result, failed=self._failed)
        part = replace(part, arguments=None)
        await self._turn.add("tool", "tool_result", text, tool=part, error_code=code, closing=True)
        return refused
