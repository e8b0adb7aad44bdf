"""The messages of a conversation: read on, forget one, take its file, take the conversation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec import structs
from starlette.responses import Response

from holdfast.keeper.exporting import ExportFormat
from holdfast.server.api.moving import DOCUMENTS, export_of
from holdfast.server.caching import POLLED
from holdfast.server.downloads import attachment
from holdfast.server.identity.asking import Eraser, Reader
from holdfast.server.openapi import RESPONSES, binary
from holdfast.server.routing import Route
from holdfast.server.schemas import ForgottenOut, MessagesOut
from holdfast.server.shown import message_out

__all__ = [
    "export_conversation",
    "forget_message",
    "list_messages",
    "read_file",
    "router",
]

_MAX_SEQ = (1 << 53) - 1

router = APIRouter(
    prefix="/api/conversations/{user_id}/{session_id}",
    tags=["conversations"],
    route_class=Route,
    responses=RESPONSES,
)


@router.get("/messages", operation_id="list_messages", dependencies=[POLLED])
async def list_messages(
    owner: Reader,
    session_id: str,
    after_seq: Annotated[int, Query(ge=-1, le=_MAX_SEQ)] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> MessagesOut:
    """The messages after a place in the conversation, in order. A forgotten one is left out."""
    session = await owner.sessions.open(session_id)
    found = await session.messages(after_seq=after_seq, limit=limit)
    more = len(found) == limit
    return MessagesOut(
        messages=[message_out(message) for message in found],
        next_after_seq=found[-1].seq if more else None,
    )


@router.delete("/messages/{message_id}", operation_id="forget_message")
async def forget_message(owner: Eraser, session_id: str, message_id: str) -> ForgottenOut:
    """Forget a message, its file, and what rested on it alone; tells what went."""
    session = await owner.sessions.open(session_id)
    message = await session.message(message_id)
    return ForgottenOut(**structs.asdict(await owner.forget(message.id)))


@router.get(
    "/messages/{message_id}/file",
    operation_id="read_file",
    response_class=Response,
    responses={
        **binary("*/*", description="The bytes of the file, under its own media type."),
        206: {"description": "The part of them that the Range header asks for."},
    },
)
async def read_file(request: Request, owner: Reader, session_id: str, message_id: str) -> Response:
    """The file of a message, to be saved or played; a range of it when one is asked for."""
    session = await owner.sessions.open(session_id)
    message = await session.message(message_id)
    content = await session.read_file(message.id)
    part = message.file
    name, kind = ("file", "") if part is None else (part.name, part.media_type)
    # Without a validator of ours what the client has is never the same for certain.
    wanted = None if "if-range" in request.headers else request.headers.get("range")
    return attachment(content, name=name, media_type=kind, wanted=wanted)


@router.get(
    "/export",
    operation_id="export_conversation",
    response_class=Response,
    responses=DOCUMENTS,
)
async def export_conversation(
    request: Request,
    owner: Reader,
    session_id: str,
    format: ExportFormat = "markdown",  # noqa: A002
) -> Response:
    """One conversation as a document: markdown, json, pdf, or a bundle that can be imported."""
    session = await owner.sessions.open(session_id)
    return await export_of(request, owner, format, name="conversation", sessions=[session.id])
