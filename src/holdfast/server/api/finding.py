"""Searching everything at once, while it is typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from holdfast.server.identity.asking import Reader
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas.finding import FindAsked, FindOut
from holdfast.server.shown_found import found_out

__all__ = ["find", "router"]

router = APIRouter(prefix="/api", tags=["search"], route_class=Route, responses=RESPONSES)


@router.get("/find", operation_id="find")
async def find(owner: Reader, asked: Annotated[FindAsked, Query()]) -> FindOut:
    """Everything at once: conversations by what was said in them and by their titles, archived ones
    apart, memories, thoughts, and the rooms one is in."""
    found = await owner.find(
        asked.q,
        limit=asked.limit,
        as_you_type=asked.as_you_type,
        zone=asked.zone,
        since=asked.since,
        until=asked.until,
        assistant=asked.assistant,
        project=asked.project,
        tags=asked.tag,
        pinned=asked.pinned,
        archived=asked.archived,
        kind=asked.kind,
        session_id=asked.session_id,
    )
    return found_out(found)
