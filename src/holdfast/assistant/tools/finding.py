"""Tools that find: what was said about something, and a context for a question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from holdfast.assistant.excerpts import excerpt, subject_terms
from holdfast.assistant.tools.fencing import NOTE, Fence, shown_memory, shown_message
from holdfast.assistant.tools.registry import Tool, ToolArguments, ToolContext
from holdfast.keeper.contexts import build_context, fence_of
from holdfast.keeper.recalling import Hit

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject

__all__ = ["RECALL_CONTEXT", "SEARCH_CONVERSATION_HISTORY", "Question", "found", "shown_hit"]

Question = Annotated[
    str,
    Meta(min_length=1, max_length=4000, description="What to look for, in any language."),
]
_MAX_HITS = 40
_EXCERPT_CHARS = 800


class _SearchArguments(ToolArguments):
    """What to look for, and how far back."""

    query: Question
    days_back: (
        Annotated[
            float,
            Meta(gt=0, le=36_500, description="Only what was said in the last so many days."),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=_MAX_HITS, description="So many results.")] = 8


class _ContextArguments(ToolArguments):
    """What the context is for, and how long it may be."""

    query: Question
    budget_tokens: Annotated[
        int, Meta(ge=100, le=8000, description="The context has at most so many tokens.")
    ] = 1000


async def found(
    context: ToolContext, query: str, *, limit: int, days_back: float | None = None
) -> list[Hit]:
    """What recall finds, best first, without the turn in which it is asked."""
    heard = context.heard
    # One's own question is what resembles it most.
    extra = 0 if heard is None else 4
    since = None if days_back is None else context.now - timedelta(days=days_back)
    hits = await _recalled(context, query, limit + extra, since)
    told = [
        hit
        for hit in hits
        if heard is None or hit.message is None or hit.message.turn_id != heard.turn_id
    ]
    return told[:limit]


async def _recalled(
    context: ToolContext, query: str, limit: int, since: datetime | None
) -> Sequence[Hit]:
    """Asked for in a session of a project, nothing of another one."""
    if context.room is not None:
        return await context.room.recall(query, limit=limit, since=since, neighbours=0)
    project = None if context.session is None else (await context.session.info()).project
    return await context.user.recall(
        query, limit=limit, since=since, neighbours=0, within_project=project
    )


def shown_hit(hit: Hit, fence: Fence, query: str) -> JsonObject:
    """A hit as a result: who, when, where, and the stretch that matters."""
    text = fence.around(excerpt(hit.text, subject_terms(query), max_chars=_EXCERPT_CHARS))
    if hit.message is not None:
        return shown_message(hit.message, text)
    assert hit.memory is not None  # a hit is one or the other
    return shown_memory(hit.memory, text)


async def _search(context: ToolContext, asked: _SearchArguments) -> Json:
    hits = await found(context, asked.query, limit=asked.limit, days_back=asked.days_back)
    fence = Fence()
    return {"note": NOTE, "results": [shown_hit(hit, fence, asked.query) for hit in hits]}


async def _recall(context: ToolContext, asked: _ContextArguments) -> Json:
    hits = await found(context, asked.query, limit=_MAX_HITS)
    vault = context.user.vault if context.session is None else context.session.vault
    built = build_context((), hits, budget_tokens=asked.budget_tokens, fence=fence_of(vault))
    return {"context": built.text, "tokens": built.tokens}


SEARCH_CONVERSATION_HISTORY = Tool(
    name="search_conversation_history",
    title="Search the conversation history",
    description=(
        "Find what was said in earlier conversations and what is remembered of them. Use it "
        "whenever the person refers to something said before, or asks about themselves."
    ),
    arguments=_SearchArguments,
    call=_search,
    scope="memory:read",
    read_only=True,
    idempotent=True,
    in_rooms=True,
)
RECALL_CONTEXT = Tool(
    name="recall_context",
    title="Recall a context",
    description=(
        "Put together the earlier messages and memories that matter for a question, as one text "
        "within a token budget."
    ),
    arguments=_ContextArguments,
    call=_recall,
    scope="memory:read",
    read_only=True,
    idempotent=True,
    in_rooms=True,
)
