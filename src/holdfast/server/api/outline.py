"""A long conversation at a glance: its shape, one message of it, and where words stand in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from msgspec import structs

from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Reader
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import MessageOut
from holdfast.server.schemas.outline import FoundOut, OutlineOut, SpotOut
from holdfast.server.shown import message_out

__all__ = ["find_in_conversation", "outline_conversation", "read_message", "router"]

router = APIRouter(
    prefix="/api/conversations/{user_id}/{session_id}",
    tags=["conversations"],
    route_class=Route,
    responses=RESPONSES,
)


@router.get("/outline", operation_id="outline_conversation", dependencies=[POLLED])
async def outline_conversation(owner: Reader, session_id: str) -> OutlineOut:
    """The whole conversation in columns: what stands where, how long, when, and what it follows."""
    session = await owner.sessions.open(session_id)
    # Made here and not checked again: these are tens of thousands of values.
    return OutlineOut.model_construct(**structs.asdict(await session.outline()))


@router.get("/find", operation_id="find_in_conversation", dependencies=[POLLED])
async def find_in_conversation(
    owner: Reader, session_id: str, q: Annotated[str, Query(min_length=1, max_length=1000)]
) -> FoundOut:
    """Every place where these characters stand in the conversation, whatever their case and
    accents. What was forgotten is not there to be found."""
    session = await owner.sessions.open(session_id)
    found = await session.find(q)
    spots = [SpotOut.model_construct(**structs.asdict(spot)) for spot in found.spots]
    return FoundOut.model_construct(count=found.count, hits=spots)


@router.get("/messages/{message_id}", operation_id="read_message", dependencies=[POLLED])
async def read_message(owner: Reader, session_id: str, message_id: str) -> MessageOut:
    """One message, whole."""
    session = await owner.sessions.open(session_id)
    return message_out(await session.message(message_id))
