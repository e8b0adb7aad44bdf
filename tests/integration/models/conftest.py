"""Providers that behave and misbehave, and toolboxes that remember what was called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from fix_keeper import world
from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Toolbox, ToolOutcome, ToolSpec
from holdfast.assistant.models.answerer import PydanticAnswerer
from holdfast.assistant.models.route import Provider, Route
from holdfast.settings import Secret
from integration.models.upstream import Upstream, serving

__all__ = ["NOW", "Toolcase", "answerer", "asked", "pieces_of", "text_of", "upstream", "world"]

NOW = datetime(2026, 1, 16, 12, tzinfo=UTC)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A provider that answers as it is told to."""
    async with serving() as served:
        yield served


class Toolcase:
    """Tools that only remember; `results` says what comes of a call by its tool's name."""

    def __init__(self, *names: str, **results: ToolOutcome | Exception) -> None:
        schema: dict[str, object] = {
            "type": "object",
            "properties": {"city": {"type": "string"}},
        }
        self.specs = [
            ToolSpec(name=name, description="Tells it.", parameters=schema)
            for name in (*names, *results)
        ]
        self.results = results
        self.called: list[tuple[str, object, str | None]] = []

    async def run(self, name: str, arguments: Any, *, call_id: str | None = None) -> ToolOutcome:
        """Remember the call."""
        self.called.append((name, arguments, call_id))
        result = self.results.get(name)
        if isinstance(result, Exception):
            raise result
        return result or ToolOutcome(result={"error": "there is no such tool"}, failed=True)


def asked(text: str = "How cold is it in Oslo?", **given: Any) -> Asked:
    """A question, with nothing found for it."""
    return Asked(**{"text": text, "hits": (), "now": NOW, "assistants": {}, **given})


def answerer(
    upstream: Upstream,
    provider: Provider = "openai",
    *,
    timeout_s: float = 20.0,
    max_tokens: int = 500,
) -> PydanticAnswerer:
    """An answerer that reaches the test's provider."""
    base_url = upstream.origin if provider == "anthropic" else upstream.base_url
    return PydanticAnswerer(
        Route(
            provider=provider,
            model="m",
            base_url=base_url,
            api_key=Secret("sk-secret"),
            timeout_s=timeout_s,
            max_tokens=max_tokens,
        )
    )


async def pieces_of(
    by: PydanticAnswerer,
    what: Asked | None = None,
    tools: Toolbox = NO_TOOLS,
    *,
    heard: Callable[[Piece], None] | None = None,
) -> list[Piece]:
    """All that an answerer says; `heard` is told each piece as it comes."""
    found = []
    async with aclosing(by.answer(what or asked(), tools)) as pieces:
        async for piece in pieces:
            found.append(piece)
            if heard is not None:
                heard(piece)
    return found


def text_of(pieces: list[Piece]) -> str:
    """The answer."""
    return "".join(piece for piece in pieces if isinstance(piece, str))
