"""What is kept of a user, and the end of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from holdfast.clock import from_ms
from holdfast.errors import BadInput
from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Eraser, Reader, caller_of, identity_of
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import EraseIn, ProfileOut, ReceiptOut
from holdfast.server.schemas.moving import ActiveDayOut, ActivityAsked, ActivityOut
from holdfast.server.shown import receipt_out

__all__ = ["activity", "erase", "profile", "router"]

router = APIRouter(prefix="/api", tags=["profile"], route_class=Route, responses=RESPONSES)


@router.get("/profile", operation_id="profile", dependencies=[POLLED])
async def profile(owner: Reader) -> ProfileOut:
    """How much is kept of the caller, since when, and how many bytes it takes."""
    stats = await owner.stats()
    return ProfileOut(
        user=owner.id,
        conversation_count=stats.sessions,
        turn_count=stats.turns,
        message_count=stats.messages,
        memory_count=stats.memories,
        thought_count=stats.thoughts,
        file_count=stats.files,
        first_message_at=None if stats.first_ms is None else from_ms(stats.first_ms),
        last_message_at=None if stats.last_ms is None else from_ms(stats.last_ms),
        storage_bytes=stats.sealed_bytes,
    )


@router.get("/profile/activity", operation_id="activity", dependencies=[POLLED])
async def activity(owner: Reader, asked: Annotated[ActivityAsked, Query()]) -> ActivityOut:
    """How many messages were said on each day that has any, oldest first."""
    found = await owner.activity(zone=asked.zone, days=asked.days)
    return ActivityOut(days=[ActiveDayOut(day=day, messages=count) for day, count in found])


@router.post("/erase", operation_id="erase")
async def erase(request: Request, owner: Eraser, asked: EraseIn) -> ReceiptOut:
    """Erase everything of the caller for good, and leave every room. Keep the receipt.

    `confirm` is the user's own name; who logged in with an API key shows it once more as `key`. The
    API keys and the logins of the user have ended with the answer.
    """
    if asked.confirm != owner.id:
        raise BadInput("confirm", "it is the name of the user whose things are to be erased")
    await identity_of(request).confirm_key(request, caller_of(request), asked.key or "")
    receipt = await owner.erase()
    await identity_of(request).note_ended()
    return receipt_out(receipt)
