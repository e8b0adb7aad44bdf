"""An application in this process, with a model whose calls are known, and what it tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

import holdfast
from holdfast.assistant.answering import NO_TOOLS, Asked, Piece, Thinking, Toolbox, Usage
from holdfast.errors import ModelFailed
from holdfast.server import create_app
from holdfast.server.observing.tracing import Tracing
from holdfast.settings import Settings

__all__ = ["CANARY", "NEW", "Model", "figures", "running"]

CANARY = "canary-4711"
NEW = "/api/conversations/current_user/new/turns"


class Model:
    """Thinks, calls a tool that there is and one that there is not, and answers with the canary;
    an input with "break" makes it fail in words of its own."""

    name = "test:model"

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The pieces."""
        if "refuse" in asked.text:
            raise ModelFailed
        if "break" in asked.text:
            raise ValueError(asked.text)
        yield Thinking(text=f"about {CANARY}")
        await tools.run("search_conversation_history", {"query": CANARY})
        await tools.run(f"{CANARY}-tool", {"x": CANARY}, call_id=CANARY)
        yield f"It is {CANARY}."
        yield Usage(model=f"{CANARY}-served", input_tokens=11, output_tokens=7)


@asynccontextmanager
async def running(
    *, tracing: Tracing | None = None, **given: object
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """An application in mode "tokens" over a store in memory, and a client with a key of Ada's."""
    settings = Settings(auth="tokens", min_free_mb=0, **given)  # type: ignore[arg-type]
    async with holdfast.open("memory:") as keeper:
        app = create_app(settings, keeper, answerer=Model(), tracing=tracing)
        async with app.router.lifespan_context(app):
            _, secret = await keeper.tokens.create("ada", name="laptop")
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(
                base_url="http://127.0.0.1:8377",
                transport=transport,
                headers={"Authorization": f"Bearer {secret}"},
            ) as client:
                yield app, client


def figures(page: str) -> dict[str, float]:
    """Each sample that is not nought, as `name{label=value,...}`."""
    return {
        sample.name + "".join(f" {k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.value and not sample.name.endswith(("_bucket", "_created", "_sum"))
    }
