"""Putting conversations in order: many at once, by month, into the trash and back, what was seen.

None of it changes a date or the order of the list.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec import structs
from starlette.responses import Response

from holdfast.errors import BadInput, HoldfastError, NotFound
from holdfast.keeper.users import User
from holdfast.server.caching import POLLED
from holdfast.server.facts import Facts
from holdfast.server.identity.asking import Eraser, Reader, Writer, check_may
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import ConversationBegunOut
from holdfast.server.schemas.organising import (
    BatchFailureOut,
    BatchIn,
    BatchOut,
    ConsequencesOut,
    MonthOut,
    MonthsAsked,
    MonthsOut,
    SeenIn,
    TrashIn,
)
from holdfast.server.shown_sessions import shown_session

__all__ = [
    "change_conversations",
    "consequences_of_conversation",
    "keep_conversation",
    "list_months",
    "note_seen",
    "restore_conversation",
    "router",
    "trash_conversation",
]

_AT_ONCE = 32
"""Of a batch: their writes share a commit."""

router = APIRouter(
    prefix="/api/conversations/{user_id}",
    tags=["conversations"],
    route_class=Route,
    responses=RESPONSES,
)


@router.get("/months", operation_id="list_months", dependencies=[POLLED])
async def list_months(owner: Reader, asked: Annotated[MonthsAsked, Query()]) -> MonthsOut:
    """How many conversations there are of each month, newest first."""
    found = await owner.sessions.months(
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        archived=asked.archived,
        zone=asked.zone,
    )
    months = [MonthOut(month=one.month, sessions=one.sessions) for one in found.months]
    return MonthsOut(months=months, sessions=found.sessions, trashed=found.trashed)


@router.post("/batch", operation_id="change_conversations")
async def change_conversations(request: Request, owner: Writer, asked: BatchIn) -> BatchOut:
    """The same for up to 1,000 conversations; tells with which it was done.

    Putting into the trash needs the right to remove.
    """
    if asked.do == "trash":
        check_may(request, "erase")
        _check_trash(request)
    ids = list(dict.fromkeys(asked.session_ids))
    room = asyncio.Semaphore(_AT_ONCE)

    async def tried(session_id: str) -> BatchFailureOut | None:
        async with room:
            try:
                await _change(owner, session_id, asked)
            except HoldfastError as exc:
                return BatchFailureOut(session_id=session_id, code=exc.code, message=str(exc))
        return None

    failed = [one for one in await asyncio.gather(*map(tried, ids)) if one is not None]
    without = {one.session_id for one in failed}
    done = [session_id for session_id in ids if session_id not in without]
    if done and asked.do == "trash":
        await owner.sessions.trash(done, memories=asked.memories)
    elif done and asked.do == "restore":
        await owner.sessions.restore(done)
    return BatchOut(done=done, failed=failed)


@router.post("/{session_id}/trash", operation_id="trash_conversation")
async def trash_conversation(
    request: Request, owner: Eraser, session_id: str, asked: TrashIn | None = None
) -> ConversationBegunOut:
    """Put a conversation into the trash: it is in no list and found by no search, and comes back
    as it was until the day that `purge_at` says. Then it is erased."""
    _check_trash(request)
    await owner.sessions.trash(session_id, memories=(asked or TrashIn()).memories)
    return await _shown(request, owner, session_id)


@router.post("/{session_id}/restore", operation_id="restore_conversation")
async def restore_conversation(
    request: Request, owner: Writer, session_id: str
) -> ConversationBegunOut:
    """Take a conversation out of the trash as it was, and the memories that went along."""
    await owner.sessions.restore(session_id)
    return await _shown(request, owner, session_id)


@router.get(
    "/{session_id}/consequences",
    operation_id="consequences_of_conversation",
    dependencies=[POLLED],
)
async def consequences_of_conversation(owner: Reader, session_id: str) -> ConsequencesOut:
    """What would go with a conversation, counted."""
    return ConsequencesOut(**structs.asdict(await owner.sessions.consequences(session_id)))


@router.post("/{session_id}/seen", operation_id="note_seen", status_code=204)
async def note_seen(owner: Writer, session_id: str, asked: SeenIn) -> Response:
    """Note up to which message its owner has seen a conversation; it never goes back."""
    await (await owner.sessions.open(session_id)).see(asked.seq)
    return Response(status_code=204)


@router.post("/{session_id}/keep", operation_id="keep_conversation")
async def keep_conversation(
    request: Request, owner: Writer, session_id: str
) -> ConversationBegunOut:
    """Store a temporary conversation, whole and under its own id; one that is stored stays as it
    is."""
    kept = await owner.sessions.keep(session_id)
    return ConversationBegunOut(session=await shown_session(request, owner, await kept.info()))


async def _shown(request: Request, owner: User, session_id: str) -> ConversationBegunOut:
    info = await (await owner.sessions.open(session_id)).info()
    return ConversationBegunOut(session=await shown_session(request, owner, info))


def _check_trash(request: Request) -> None:
    facts: Facts = request.app.state.facts
    if not facts.trash_days:
        raise BadInput("trash", "it is switched off (trash_days): erase instead")


async def _change(owner: User, session_id: str, asked: BatchIn) -> None:
    """Do it with one conversation; of the trash only look whether there is one."""
    session = await owner.sessions.open(session_id)
    match asked.do:
        case "archive" | "unarchive":
            await session.change(archived=asked.do == "archive")
        case "pin" | "unpin":
            await session.change(pinned=asked.do == "pin")
        case "move":
            await session.change(project=asked.project or "")
        case "tag" | "untag":
            had = (await session.info()).tags
            await session.change(tags=_tags(had, asked))
        case _:
            if owner.sessions.temporary(session_id) is not None:
                raise NotFound("session")  # what is not stored is in no trash
            await session.info()


def _tags(had: tuple[str, ...], asked: BatchIn) -> list[str]:
    if asked.do == "untag":
        return [tag for tag in had if tag not in asked.tags]
    return list(dict.fromkeys([*had, *asked.tags]))
