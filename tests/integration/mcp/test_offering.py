"""Tools of one's own over MCP, and what becomes of those that break, hang or know no end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp.client.client import Client

import holdfast
from holdfast.assistant.tools import Tool, ToolArguments, ToolContext, standard_tools
from holdfast.keeper.access import ALL_SCOPES
from holdfast.server.mcp.offering import Offering
from holdfast.server.mcp.speaking import OneUser
from holdfast.server.mcp.wire import MAX_RESULT_CHARS

from .conftest import STATELESS, call, failure

_CANARY = "canary-of-a-tool"


class _Anything(ToolArguments):
    how: str


async def _act(context: ToolContext, asked: _Anything) -> Any:
    match asked.how:
        case "break":
            raise ValueError(_CANARY)
        case "hang":
            await asyncio.Event().wait()
        case "flood":
            return {"text": "x" * 5_000_000}
        case "list":
            return [1, "two", None]
    return {"user": context.user.id}


_TOOL = Tool(
    name="act",
    title="Act",
    description="Do what it is told.",
    arguments=_Anything,
    call=_act,
    scope="memory:read",
    open_world=True,
    timeout_s=0.05,
)


@asynccontextmanager
async def offered(mode: str) -> AsyncIterator[Client]:
    """A client in this process of what a user is offered."""
    async with holdfast.open("memory:") as keeper:
        user = await keeper.user("ada")
        speaker = OneUser(user, scopes=ALL_SCOPES, clock=keeper.store.clock)
        offering = Offering(standard_tools([_TOOL]), speaker, tool_timeout_s=30)
        async with Client(offering.server(), mode=mode) as client:
            yield client


@pytest.mark.parametrize("mode", ["legacy", STATELESS])
async def test_a_tool_of_ones_own_is_offered_like_the_others(mode: str) -> None:
    """Listed with its hints, and run for the user; a result that is no object is wrapped."""
    async with offered(mode) as client:
        tool = (await client.list_tools()).tools[-1]
        assert (tool.name, tool.annotations and tool.annotations.open_world_hint) == ("act", True)
        assert await call(client, "act", how="well") == {"user": "ada"}
        listed = await client.call_tool("act", {"how": "list"})
        assert listed.structured_content == {"result": [1, "two", None]}


@pytest.mark.parametrize("mode", ["legacy", STATELESS])
@pytest.mark.parametrize(("how", "code"), [("break", "tool_failed"), ("hang", "timeout")])
async def test_a_tool_that_breaks_or_hangs_is_an_error_without_its_words(
    mode: str, how: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a code and a sentence; the log a line; what the exception says, nobody."""
    with caplog.at_level(logging.DEBUG):
        async with offered(mode) as client:
            told = await failure(client, "act", how=how)
    logged = [r for r in caplog.records if getattr(r, "action", "") == "mcp.tool"]

    assert told[0] == code
    assert _CANARY not in told[1]
    assert _CANARY not in caplog.text
    assert [getattr(r, "error", "") for r in logged] == (["ValueError"] if how == "break" else [])


async def test_a_result_that_knows_no_end_is_cut() -> None:
    """There is the beginning of it, and word that it was cut."""
    async with offered("legacy") as client:
        found = await call(client, "act", how="flood")

    assert found["cut"] is True
    assert len(found["begins"]) == MAX_RESULT_CHARS
