"""Rooms as they go over the wire."""

from __future__ import annotations

from holdfast.keeper.open_room import OpenRoom
from holdfast.model import Room
from holdfast.server.schemas.rooms import MemberOut, RoomDetailOut, RoomOut

__all__ = ["room_detail_out", "room_out"]


def room_out(room: Room) -> RoomOut:
    """A room in a list."""
    return RoomOut(
        id=room.id, name=room.name, session_id=room.session_id, created_at=room.created_at
    )


async def room_detail_out(room: OpenRoom) -> RoomDetailOut:
    """A room with its members."""
    info = await room.info()
    names = {assistant.slug: assistant.name for assistant in await room.assistants()}
    members = [
        MemberOut(
            user_id=member.user_id,
            kind=member.kind,
            role=member.role,
            name=names.get(member.user_id, member.user_id)
            if member.kind == "assistant"
            else member.user_id,
            joined_at=member.joined_at,
        )
        for member in await room.members()
    ]
    return RoomDetailOut(**room_out(info).model_dump(), history=info.history, members=members)
