"""A long conversation at a glance: its shape, one message of it, and where words stand in it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.keeper.outline import Found, Outline
from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Reader
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import MessageOut
from holdfast.server.schemas.outline import FoundOut, OutlineOut
from holdfast.server.shown import message_out

__all__ = ["find_in_conversation", "outline_conversation", "read_message", "router"]

router = APIRouter(
    prefix="/api/conversations/{user_id}/{session_id}",
    tags=["conversations"],
    route_class=Route,
    responses=RESPONSES,
)


@router.get(
    "/outline",
    operation_id="outline_conversation",
    dependencies=[POLLED],
    response_model=OutlineOut,
)
async def outline_conversation(owner: Reader, session_id: str, response: Response) -> Response:
    """The whole conversation in columns: what stands where, how long, when, and what it follows."""
    session = await owner.sessions.open(session_id)
    return _written(await session.outline(), response)


@router.get(
    "/find",
    operation_id="find_in_conversation",
    dependencies=[POLLED],
    response_model=FoundOut,
)
async def find_in_conversation(
    owner: Reader,
    session_id: str,
    q: Annotated[str, Query(min_length=1, max_length=1000)],
    response: Response,
) -> Response:
    """Every place where these characters stand in the conversation, whatever their case and
    accents. What was forgotten is not there to be found."""
    session = await owner.sessions.open(session_id)
    return _written(await session.find(q), response)


@router.get("/messages/{message_id}", operation_id="read_message", dependencies=[POLLED])
async def read_message(owner: Reader, session_id: str, message_id: str) -> MessageOut:
    """One message, whole."""
    session = await owner.sessions.open(session_id)
    return message_out(await session.message(message_id))


def _written(answer: Outline | Found, told: Response) -> Response:
    """The answer as it is: checking and copying its tens of thousands of values once more, as
    models are, would take longer than to read them. Tests hold it against its model."""
    content = msgspec.json.encode(answer)
    return Response(content, media_type="application/json", headers=dict(told.headers))
