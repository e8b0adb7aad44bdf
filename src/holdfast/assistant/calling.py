"""The tools of one turn: every call recorded before the tool runs, every result before it is told.

What a model sends is hostile input: names that are none, arguments of any size, calls without end.
Whatever comes of a call is an outcome that the model reads, and a message that stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.assistant.answering import ToolOutcome, ToolSpec
from holdfast.assistant.events import ToolEnded, ToolStarted
from holdfast.assistant.tools.failing import failure_of
from holdfast.capture.checks import checked_json
from holdfast.errors import BadInput, ModelRepeats

if TYPE_CHECKING:
    from holdfast.assistant.options import ChatOptions
    from holdfast.assistant.pace import Pace
    from holdfast.assistant.relay import Relay
    from holdfast.assistant.saying import Saying
    from holdfast.assistant.tools.registry import Tool, ToolContext, ToolSet
    from holdfast.capture.tools import ToolCall
    from holdfast.capture.turn import TurnRecorder
    from holdfast.model import JsonObject

__all__ = ["TOOL_INTENT", "TurnTools"]

TOOL_INTENT = "tool_execution"
"""The intent of a turn in which a tool ran, unless it was given another."""
_NAME_CHARS = 100


class TurnTools:
    """A `Toolbox` over a turn that is being recorded."""

    def __init__(
        self,
        turn: TurnRecorder,
        tools: ToolSet,
        context: ToolContext,
        saying: Saying,
        relay: Relay,
        pace: Pace,
        options: ChatOptions,
    ) -> None:
        self._turn = turn
        self._tools = tools
        self._context = context
        self._saying = saying
        self._relay = relay
        self._pace = pace
        self._options = options
        self._calls = 0
        self._used: dict[str, None] = {}
        self.failure: Exception | None = None
        """Why a call could not be recorded, or why there may be no more: this ends the turn, even
        where an answerer took it for a tool's failure."""

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """What can be called."""
        return [tool.spec for tool in self._tools]

    async def run(
        self, name: str, arguments: JsonObject, *, call_id: str | None = None
    ) -> ToolOutcome:
        """Record a call, run the tool, record its result.

        Raises:
            ModelRepeats: the model calls without end.
            HoldfastError: the call or its result could not be recorded; the turn fails.
        """
        with self._pace.paused():
            try:
                return await self._recorded(name, arguments, call_id)
            except Exception as exc:
                self.failure = self.failure or exc
                raise

    async def _recorded(self, name: str, arguments: JsonObject, call_id: str | None) -> ToolOutcome:
        self._calls += 1
        if self._calls > 2 * self._options.max_tool_calls:
            raise ModelRepeats
        await self._saying.settle()
        name = _label(name)
        call, arguments_kept = self._call(name, arguments, call_id)
        outcome = failure_of("tool_failed")
        broke: Exception | None = None
        try:
            async with call:
                await self._note(name)
                await self._relay.tell(
                    ToolStarted(
                        turn_id=self._turn.id,
                        call_id=call.call_id,
                        name=name,
                        arguments=arguments_kept,
                    )
                )
                try:
                    outcome = await self._outcome(name, arguments_kept)
                    call.result(outcome.result, failed=outcome.failed)
                except Exception as exc:
                    # Raised on, so that what the exception says is kept, sealed; the model reads
                    # the outcome.
                    outcome, broke = failure_of(exc), exc
                    call.result(outcome.result, failed=True)
                    raise
        except Exception as exc:
            if exc is not broke:
                raise
        await self._relay.tell(
            ToolEnded(
                turn_id=self._turn.id,
                call_id=call.call_id,
                name=name,
                result=outcome.result,
                failed=outcome.failed,
            )
        )
        return self._shown(outcome)

    def _call(
        self, name: str, arguments: object, call_id: str | None
    ) -> tuple[ToolCall, JsonObject | None]:
        """The call to be recorded, and its arguments; None of those that cannot be kept."""
        call_id = _label(call_id) if call_id else None
        if isinstance(arguments, dict):
            try:
                kept = checked_json("arguments", arguments, self._turn.limits)
            except BadInput:
                kept = None
            if isinstance(kept, dict):
                return self._turn.tool(name, kept, call_id=call_id), kept
        return self._turn.tool(name, None, call_id=call_id), None

    async def _note(self, name: str) -> None:
        """Say of the turn that a tool ran in it, and which, before it runs."""
        if name in self._used or self._tools.get(name) is None:
            return
        self._used[name] = None
        record = self._turn.record
        bare = record.intent is None
        await self._turn.annotate(
            intent=TOOL_INTENT if bare else None,
            intent_confidence=1.0 if bare else None,
            entities={**record.entities, "tools": [*self._used]},
        )

    async def _outcome(self, name: str, arguments: JsonObject | None) -> ToolOutcome:
        tool = self._tools.get(name)
        if self._calls > self._options.max_tool_calls:
            return failure_of("too_many_calls")
        if tool is None:
            return failure_of("unknown_tool")
        if arguments is None:
            return failure_of("bad_arguments")
        return await self._result(tool, arguments)

    async def _result(self, tool: Tool, arguments: JsonObject) -> ToolOutcome:
        context = replace(self._context, now=self._turn.log.clock())
        async with asyncio.timeout(tool.timeout_s or self._options.tool_timeout_s):
            try:
                result = await tool.run(context, arguments)
            except SystemExit as exc:
                # It ends the call alone: out of a task it would end the loop and all its turns.
                raise RuntimeError("the tool asked to end the process") from exc
        return ToolOutcome(result=checked_json("result", result, self._turn.limits))

    def _shown(self, outcome: ToolOutcome) -> ToolOutcome:
        """The outcome as the model reads it: a result that is too long for it is cut."""
        text = msgspec.json.encode(outcome.result).decode()
        limit = self._options.max_tool_result_chars
        if len(text) <= limit:
            return outcome
        return replace(outcome, result={"cut": True, "begins": text[:limit]})


def _label(name: object) -> str:
    """A name as it can be kept: a model may send anything for one."""
    text = name if isinstance(name, str) else ""
    text = text[:_NAME_CHARS].encode("utf-8", "replace").decode()
    return text if text.strip() else "?"
