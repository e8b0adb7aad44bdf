"""Rooms as they go over the wire."""

from __future__ import annotations

from msgspec import structs

from holdfast.keeper.erasing import Receipt
from holdfast.keeper.open_room import OpenRoom
from holdfast.model import Memory, Room
from holdfast.server.schemas.rooms import (
    MemberOut,
    RoomDetailOut,
    RoomMemoryOut,
    RoomOut,
    RoomReceiptOut,
)

__all__ = ["memory_out", "receipt_out", "room_detail_out", "room_out"]


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
    return RoomDetailOut(**room_out(info).model_dump(), members=members)


def receipt_out(receipt: Receipt | None) -> RoomReceiptOut:
    """The receipt of a room's erasure, if it was erased."""
    if receipt is None:
        return RoomReceiptOut(receipt=None)
    fields = structs.asdict(receipt)
    fields["at"] = receipt.at.isoformat()
    fields["keys_destroyed"] = list(receipt.keys_destroyed)
    fields["key_backups_left"] = list(receipt.key_backups_left)
    return RoomReceiptOut(receipt=fields)


def memory_out(memory: Memory) -> RoomMemoryOut:
    """A memory of a room."""
    return RoomMemoryOut(
        id=memory.id,
        kind=memory.kind,
        text=memory.text,
        tags=list(memory.tags),
        importance=memory.importance,
        created_at=memory.created_at,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
        source_message_ids=[source.message_id for source in memory.sources],
    )
