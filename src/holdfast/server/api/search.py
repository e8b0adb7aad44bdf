"""Finding what was said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from holdfast.server.identity.asking import Reader
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import (
    ContextAsked,
    ContextOut,
    SearchAsked,
    SearchOut,
    SessionsSearchAsked,
    SessionsSearchOut,
)
from holdfast.server.shown import context_out, search_hit_out, session_hit_out
from holdfast.server.shown_sessions import shown_sessions

__all__ = ["context", "router", "search", "search_sessions"]

router = APIRouter(prefix="/api", tags=["search"], route_class=Route, responses=RESPONSES)


@router.get("/search", operation_id="search")
async def search(owner: Reader, asked: Annotated[SearchAsked, Query()]) -> SearchOut:
    """What may answer a question, best first, with why it was found and what stands around it."""
    hits = await owner.recall(
        asked.q,
        limit=asked.limit,
        since=asked.since,
        until=asked.until,
        days_back=asked.days_back,
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        role=asked.role,
        tags=asked.tag,
        session_id=asked.session_id,
        speaker=asked.speaker,
        platform=asked.platform,
        include=asked.include,
        neighbours=asked.neighbours,
        as_you_type=asked.as_you_type,
    )
    return SearchOut(
        hits=[search_hit_out(hit) for hit in hits],
        confidence=hits.confidence,
        nothing=hits.nothing,
    )


@router.get("/search/sessions", operation_id="search_sessions")
async def search_sessions(
    request: Request, owner: Reader, asked: Annotated[SessionsSearchAsked, Query()]
) -> SessionsSearchOut:
    """The conversations that may answer a question, each weighed as a whole, best first."""
    found = await owner.recall_sessions(
        asked.q,
        limit=asked.limit,
        since=asked.since,
        until=asked.until,
        days_back=asked.days_back,
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        tags=asked.tag,
        platform=asked.platform,
        messages=asked.messages,
    )
    shown = await shown_sessions(request, owner, [hit.session for hit in found])
    return SessionsSearchOut(sessions=list(map(session_hit_out, found, shown)))


@router.get("/context", operation_id="context")
async def context(owner: Reader, asked: Annotated[ContextAsked, Query()]) -> ContextOut:
    """What a model should see before it answers: what was recalled, and the latest messages."""
    if asked.session_id is None:
        made = await owner.context(
            asked.q, budget_tokens=asked.budget_tokens, recalled=asked.recalled
        )
    else:
        session = await owner.sessions.open(asked.session_id)
        made = await session.context(
            asked.q,
            budget_tokens=asked.budget_tokens,
            recent=asked.recent,
            recalled=asked.recalled,
        )
    return context_out(made)
