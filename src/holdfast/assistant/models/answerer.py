"""The answerer of a model that speaks over the network, through pydantic-ai."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Any

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox

if TYPE_CHECKING:
    from holdfast.assistant.models.route import Route

__all__ = ["PydanticAnswerer"]


class PydanticAnswerer:
    """Words answers with a language model. Holds no connection between two answers."""

    takes_tools = True
    """Whether tools are worth offering."""
    context_tokens: int | None = None
    """What it can take of earlier talk, None for as much as is configured."""

    def __init__(self, route: Route) -> None:
        self.route = route

    def __repr__(self) -> str:
        return f"PydanticAnswerer({self.name})"

    @property
    def name(self) -> str:
        """What the turn notes as its model: "openai:NAME"."""
        return f"{self.route.provider}:{self.route.model}"

    async def prepare(self) -> None:
        """Load what the first answer needs, so that it need not wait for it. May run often."""
        await asyncio.to_thread(_conversing)

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncGenerator[Piece, None]:
        """The answer as the model makes it; tools run through `tools` alone.

        Close it (`contextlib.aclosing`) to leave early: the connection goes with it.

        Raises:
            ModelUnreachable, ModelRefused, ModelStalled, ModelIncomplete: what was yielded before
                stands, but it is not the whole answer.
            ModelFailed: the library that speaks to the model failed.
        """
        # In a thread: importing the provider's library takes a second, and others are served.
        conversing = await asyncio.to_thread(_conversing)
        async with aclosing(conversing.converse(self.route, asked, tools)) as pieces:
            async for piece in pieces:
                yield piece


def _conversing() -> Any:  # a module; typed where it is defined
    module = import_module("holdfast.assistant.models.conversing")
    module.prepare()
    return module
