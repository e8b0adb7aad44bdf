"""Reading conversations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from holdfast.keeper.sessions import OpenSession
from holdfast.model import Message, Turn
from holdfast.server.identity.asking import Reader
from holdfast.server.schemas import ConversationOut, ConversationsOut, ErrorOut
from holdfast.server.shown import session_out, session_with_turns

__all__ = ["get_conversation", "list_conversations", "router"]

_BATCH = 1000

router = APIRouter(
    prefix="/api/conversations",
    tags=["conversations"],
    responses={"default": {"model": ErrorOut, "description": "An error."}},
)


@router.get("/{user_id}")
async def list_conversations(
    owner: Reader,
    assistant: str | None = None,
    project: str | None = None,
    kind: str | None = None,
    archived: bool | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> ConversationsOut:
    """Conversations by the time of their last message, newest first."""
    page = await owner.sessions.page(
        assistant=assistant,
        project=project,
        kind=kind,
        archived=archived,
        cursor=cursor,
        limit=limit,
    )
    sessions = [session_out(session) for session in page.sessions]
    return ConversationsOut(sessions=sessions, next_cursor=page.next_cursor)


@router.get("/{user_id}/{session_id}")
async def get_conversation(owner: Reader, session_id: str) -> ConversationOut:
    """One conversation with all its turns and their messages, in order."""
    session = await owner.sessions.open(session_id)
    turns, messages = await _all_turns(session), await _all_messages(session)
    return ConversationOut(session=session_with_turns(await session.info(), turns, messages))


async def _all_turns(session: OpenSession) -> list[Turn]:
    found: list[Turn] = []
    while batch := await session.turns(first=len(found), limit=_BATCH):
        found += batch
    return found


async def _all_messages(session: OpenSession) -> list[Message]:
    found: list[Message] = []
    after: int | None = None
    while batch := await session.messages(after_seq=after, limit=_BATCH):
        found += batch
        after = batch[-1].seq
    return found
