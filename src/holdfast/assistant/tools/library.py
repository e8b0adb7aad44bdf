"""The agent tools for a program: plain async callables, for one user.

for tool in agent_tools(ada):
    agent.register(tool.name, tool.description, tool.parameters, tool)
await agent_tools(ada)[0](query="what colour do I like?")
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from holdfast.assistant.answering import Toolbox, ToolOutcome, ToolSpec
from holdfast.assistant.tools.failing import failure_of
from holdfast.assistant.tools.registry import Tool, ToolContext
from holdfast.assistant.tools.standard import standard_tools
from holdfast.clock import Clock, system_clock
from holdfast.keeper.access import ALL_SCOPES, Scope

if TYPE_CHECKING:
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Json, JsonObject

__all__ = ["AgentTool", "agent_tools", "toolbox_of"]


class AgentTool:
    """A tool of one user: `await tool(query="...")`. Raises what went wrong, as HoldfastError."""

    def __init__(self, tool: Tool, context: ToolContext, clock: Clock) -> None:
        self.tool = tool
        self.name = tool.name
        self.description = tool.description
        self.parameters = tool.parameters
        self._context = context
        self._clock = clock
        # What frameworks read that make a schema from a function.
        self.__name__ = tool.name
        self.__doc__ = tool.description
        self.__signature__ = _signature(tool)

    def __repr__(self) -> str:
        return f"AgentTool({self.name})"

    async def __call__(self, **arguments: Json) -> Json:
        """Run it.

        Raises:
            BadInput: the arguments do not fit.
            HoldfastError: what the tool raises.
        """
        return await self.tool.run(structs.replace(self._context, now=self._clock()), arguments)


def agent_tools(
    user: User,
    session: OpenSession | None = None,
    *,
    extra: Iterable[Tool] = (),
    scopes: frozenset[Scope] = ALL_SCOPES,
    base_url: str = "",
    clock: Clock = system_clock,
) -> list[AgentTool]:
    """The tools that an agent gets for a user, destructive ones among them.

    Args:
        session: the conversation the agent is in.
        extra: more tools than the standard ones.
        scopes: leave some out, as in `frozenset({"memory:read"})`.
        base_url: where links to conversations lead.
    """
    offered = standard_tools(extra).offered(scopes=scopes, destructive=True)
    context = ToolContext(user=user, session=session, now=clock(), scopes=scopes, base_url=base_url)
    return [AgentTool(tool, context, clock) for tool in offered]


def toolbox_of(tools: Iterable[AgentTool]) -> Toolbox:
    """The tools as an answerer takes them. Nothing is recorded; a chat turn's own toolbox does."""
    return _Box({tool.name: tool for tool in tools})


class _Box:
    def __init__(self, tools: dict[str, AgentTool]) -> None:
        self._tools = tools

    @property
    def specs(self) -> Sequence[ToolSpec]:
        return [tool.tool.spec for tool in self._tools.values()]

    async def run(
        self, name: str, arguments: JsonObject, *, call_id: str | None = None
    ) -> ToolOutcome:
        tool = self._tools.get(name)
        if tool is None:
            return failure_of("unknown_tool")
        try:
            return ToolOutcome(result=await tool(**arguments))
        except Exception as exc:  # noqa: BLE001  # whatever it is, the model reads of it
            return failure_of(exc)


def _signature(tool: Tool) -> inspect.Signature:
    return inspect.Signature(
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.required else field.default,
            )
            for field in structs.fields(tool.arguments)
        ]
    )
