"""The answerer of the bundled model: small, on this machine, and never alone with its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox, Usage
from holdfast.assistant.models.llama import Completion, shared_llama
from holdfast.assistant.models.wording import planned, speaks_to
from holdfast.errors import ModelIncomplete

if TYPE_CHECKING:
    from holdfast.assistant.models.llama import Llama

__all__ = ["LocalAnswerer"]


class LocalAnswerer:
    """Words what was found with the bundled model, and quotes it below. The same question over
    the same store gets the same answer."""

    takes_tools = False
    """The model is too small to call one."""
    context_tokens: int | None = 1000
    """What it can take of earlier talk."""

    def __init__(
        self, *, zone: tzinfo = UTC, max_tokens: int = 200, timeout_s: float = 60.0
    ) -> None:
        self._zone = zone
        self._max_tokens = max_tokens
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return "LocalAnswerer()"

    @property
    def name(self) -> str:
        """What the turn notes as its model."""
        return "local"

    async def prepare(self) -> None:
        """Load the model, so that the first answer need not wait for it. May run often.

        Raises:
            MissingExtra: the model is not installed.
            ModelFailed: it cannot be loaded.
        """
        llama = await asyncio.to_thread(shared_llama)
        await llama.load()

    def rests_on(self, asked: Asked) -> tuple[str, ...]:
        """What it words or quotes, by id."""
        return planned(asked, max_tokens=self._max_tokens, zone=self._zone).rests_on

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncGenerator[Piece, None]:
        """The answer as the model makes it; it calls no tools.

        Raises:
            MissingExtra: the model is not installed.
            ModelStalled, ModelIncomplete, ModelFailed: there is no whole answer.
        """
        plan = planned(asked, max_tokens=self._max_tokens, zone=self._zone)
        if plan.before:
            yield plan.before
        usage, worded = None, ""
        if plan.completion is not None:
            llama = await asyncio.to_thread(shared_llama)
            async with aclosing(self._completed(llama, plan.completion)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Usage):
                        usage = piece
                    elif plan.question:
                        worded += piece  # a sentence, and judged as a whole before it is said
                    else:
                        yield piece
        if plan.question and speaks_to(plan.question, worded):
            yield worded
            yield plan.after
        elif plan.after:
            yield plan.after.lstrip()
        if usage is not None:
            yield usage

    async def _completed(
        self, llama: Llama, completion: Completion
    ) -> AsyncGenerator[str | Usage, None]:
        said = False
        async with aclosing(llama.complete(completion, timeout_s=self._timeout_s)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, str):
                    yield Usage(
                        model=self.name,
                        input_tokens=piece.input_tokens,
                        output_tokens=piece.output_tokens,
                    )
                elif piece:
                    said = True
                    yield piece
        if not said:
            raise ModelIncomplete
