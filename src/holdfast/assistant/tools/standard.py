"""The tools that are always there."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.assistant.tools.connector import FETCH, SEARCH
from holdfast.assistant.tools.conversations import GET_CONVERSATION, LIST_CONVERSATIONS
from holdfast.assistant.tools.finding import RECALL_CONTEXT, SEARCH_CONVERSATION_HISTORY
from holdfast.assistant.tools.registry import Tool, ToolSet
from holdfast.assistant.tools.remembering import ADD_MEMORY, DELETE_MEMORY

__all__ = ["standard_tools"]

_STANDARD = (
    SEARCH_CONVERSATION_HISTORY,
    RECALL_CONTEXT,
    LIST_CONVERSATIONS,
    GET_CONVERSATION,
    ADD_MEMORY,
    DELETE_MEMORY,
    SEARCH,
    FETCH,
)


def standard_tools(extra: Iterable[Tool] = ()) -> ToolSet:
    """The tools of every installation, and more where there are some."""
    return ToolSet((*_STANDARD, *extra))
