"""The agent tools: find and read what was said, remember and forget."""

from __future__ import annotations

from holdfast.assistant.tools.library import AgentTool, agent_tools, toolbox_of
from holdfast.assistant.tools.registry import Tool, ToolArguments, ToolContext, ToolSet
from holdfast.assistant.tools.standard import standard_tools, tools_of

__all__ = [
    "AgentTool",
    "Tool",
    "ToolArguments",
    "ToolContext",
    "ToolSet",
    "agent_tools",
    "standard_tools",
    "toolbox_of",
    "tools_of",
]
