"""The tools that are always there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from holdfast.assistant.tools.connector import FETCH, SEARCH
from holdfast.assistant.tools.conversations import GET_CONVERSATION, LIST_CONVERSATIONS
from holdfast.assistant.tools.finding import RECALL_CONTEXT, SEARCH_CONVERSATION_HISTORY
from holdfast.assistant.tools.registry import Tool, ToolSet
from holdfast.assistant.tools.remembering import ADD_MEMORY, DELETE_MEMORY

if TYPE_CHECKING:
    from holdfast.settings import Settings

__all__ = ["standard_tools", "tools_of"]

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


def tools_of(settings: Settings) -> ToolSet:
    """The tools of an installation: the standard ones, and those that its settings bring."""
    if settings.memories_api_key is None:
        return standard_tools()
    from holdfast.assistant.tools.media import media_tools_of

    return standard_tools(media_tools_of(settings))
