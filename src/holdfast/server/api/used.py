"""What an answer was given, for whoever asks why it says so."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.keeper.used import UsedPiece
from holdfast.server.identity.asking import Reader
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas.used import UsedOut, UsedPieceOut
from holdfast.server.shown import memory_out, message_out

__all__ = ["get_used", "router"]

router = APIRouter(
    prefix="/api/conversations", tags=["turns"], route_class=Route, responses=RESPONSES
)


@router.get("/{user_id}/{session_id}/turns/{turn_id}/used", operation_id="get_used")
async def get_used(owner: Reader, session_id: str, turn_id: str) -> UsedOut:
    """The messages and memories that the answer of a turn was given; of what was forgotten since,
    only that it is gone."""
    session = await owner.sessions.open(session_id)
    return UsedOut(used=[_shown(piece) for piece in await owner.used(session, turn_id)])


def _shown(piece: UsedPiece) -> UsedPieceOut:
    return UsedPieceOut(
        message=None if piece.message is None else message_out(piece.message),
        memory=None if piece.memory is None else memory_out(piece.memory),
        session_id=piece.session_id,
        session_title=piece.session_title,
        snippet=piece.snippet,
        section=piece.section,
        gone=piece.gone,
    )
