"""The talk with a model for one answer: request, tools, request, until it has answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from holdfast.assistant.answering import Asked, Piece, Thinking, Toolbox, Usage
from holdfast.assistant.models.exchange import Exchange
from holdfast.assistant.models.history import instructions, messages_of
from holdfast.assistant.models.wire import opened_model, trusted_certificates
from holdfast.errors import ModelIncomplete

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from holdfast.assistant.models.route import Route
    from holdfast.model import JsonObject

__all__ = ["converse", "prepare"]

_MAX_ROUNDS = 40
"""Requests for one answer. Whoever owns the tools bounds their calls; this bounds a model that
is told so and calls on."""
_CHARS_A_TOKEN = 16
"""Far more than any vocabulary's average, for a service that ignores the limit of tokens."""
_NOT_AN_OBJECT = {"error": "the arguments are no JSON object: call it again with one"}


def prepare() -> None:
    """Load what the first answer needs."""
    trusted_certificates()


async def converse(route: Route, asked: Asked, tools: Toolbox) -> AsyncGenerator[Piece, None]:
    """The contract of `PydanticAnswerer.answer`."""
    async with (
        opened_model(route) as model,
        aclosing(_Talk(route, model, asked, tools).pieces()) as pieces,
    ):
        async for piece in pieces:
            yield piece


class _Talk:
    def __init__(self, route: Route, model: Model, asked: Asked, tools: Toolbox) -> None:
        self._route = route
        self._model = model
        self._tools = tools
        offered = [
            ToolDefinition(
                name=spec.name,
                description=spec.description,
                parameters_json_schema=spec.parameters,
            )
            for spec in tools.specs
        ]
        self._parameters = ModelRequestParameters(function_tools=offered)
        self._instructions = instructions(asked)
        self._messages = messages_of(asked, self._instructions, with_tools=bool(offered))
        self._usage = RequestUsage()
        self._said = False
        self._room = route.max_tokens * _CHARS_A_TOKEN

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The answer, over as many requests as the model's use of tools takes."""
        for number in range(_MAX_ROUNDS):
            settings = ModelSettings(max_tokens=self._route.max_tokens)
            if number == _MAX_ROUNDS - 1 and self._parameters.function_tools:
                settings["tool_choice"] = "none"
            exchange = Exchange(self._model, settings, timeout_s=self._route.timeout_s)
            async with aclosing(self._response(exchange)) as pieces:
                async for piece in pieces:
                    yield piece
            response = exchange.response
            self._usage += response.usage
            calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
            if not calls or self._room <= 0:
                break
            await self._call(response, calls)
        else:
            raise ModelIncomplete
        if not self._said:
            raise ModelIncomplete
        yield Usage(
            model=f"{self._route.provider}:{self._route.model}",
            input_tokens=self._usage.input_tokens,
            output_tokens=self._usage.output_tokens,
        )

    async def _response(self, exchange: Exchange) -> AsyncGenerator[Piece, None]:
        """The pieces of one response; it is left where it is longer than was asked for."""
        apart = self._said
        async with aclosing(exchange.events(self._messages, self._parameters)) as events:
            async for event in events:
                piece = _piece(event)
                text = piece.text if isinstance(piece, Thinking) else piece
                self._room -= len(text)
                if isinstance(piece, str) and piece:
                    if apart and piece.strip():
                        # What was said before a tool ran is a paragraph of its own.
                        piece, apart = "\n\n" + piece, False
                    self._said = self._said or bool(piece.strip())
                if text:
                    yield piece
                self._room -= _tool_size(event)
                if self._room <= 0:
                    return

    async def _call(self, response: ModelResponse, calls: Sequence[ToolCallPart]) -> None:
        """Run the tools that a response calls, side by side, and add what came of them."""
        arguments = [_arguments(call) for call in calls]
        try:
            async with asyncio.TaskGroup() as group:
                running = [
                    group.create_task(self._result(call, given))
                    for call, given in zip(calls, arguments, strict=True)
                ]
        except* Exception as failures:  # noqa: BLE001  # passed on, one of them
            raise failures.exceptions[0] from None
        for call, given in zip(calls, arguments, strict=True):
            if given is None:
                call.args = {}  # what is no JSON must not be sent back: some providers refuse it
        self._messages.append(response)
        self._messages.append(
            ModelRequest(parts=[task.result() for task in running], instructions=self._instructions)
        )

    async def _result(self, call: ToolCallPart, given: JsonObject | None) -> ToolReturnPart:
        # What is no object is recorded as it came; no tool takes an argument of that name.
        known: JsonObject = {"invalid_json": str(call.args)} if given is None else given
        outcome = await self._tools.run(call.tool_name, known, call_id=call.tool_call_id)
        return ToolReturnPart(
            tool_name=call.tool_name,
            tool_call_id=call.tool_call_id,
            content=_NOT_AN_OBJECT if given is None else outcome.result,
            outcome="failed" if outcome.failed else "success",
        )


def _piece(event: ModelResponseStreamEvent) -> str | Thinking:
    match event:
        case PartStartEvent(part=TextPart(content=text)):
            return text
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case PartStartEvent(part=ThinkingPart(content=text)):
            return Thinking(text=text)
        case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=str(text))):
            return Thinking(text=text)
        case _:
            return ""


def _tool_size(event: ModelResponseStreamEvent) -> int:
    match event:
        case PartStartEvent(part=ToolCallPart()):
            return _CHARS_A_TOKEN
        case PartDeltaEvent(delta=ToolCallPartDelta(args_delta=str(text))):
            return len(text)
        case _:
            return 0


def _arguments(call: ToolCallPart) -> JsonObject | None:
    """The arguments of a call, None when they are no JSON object."""
    if isinstance(call.args, dict):
        return call.args
    try:
        given = json.loads(call.args or "{}")
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None
