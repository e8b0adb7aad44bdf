"""Rooms: make and find them, who is in them, what is said there.

Every path asks whether the caller is a member; to whoever is not, a room that is there and one that
is not are the same 404.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from holdfast.clock import id_bytes
from holdfast.errors import BadInput
from holdfast.keeper.erasing import Receipt
from holdfast.keeper.open_room import OpenRoom
from holdfast.keeper.roster import MemberKind
from holdfast.server.api.posting import post_and_wait, release
from holdfast.server.caching import check_changed
from holdfast.server.identity.asking import Asking, Eraser, Reader, Writer
from holdfast.server.once import ClientKey
from holdfast.server.routing import Route
from holdfast.server.schemas import ErrorOut, MemoriesOut, MessagesOut, PageAsked, SearchOut
from holdfast.server.schemas.rooms import (
    NewMemberIn,
    NewRoomIn,
    PostIn,
    RenameRoomIn,
    RoomDetailOut,
    RoomOut,
    RoomReceiptOut,
    RoomsOut,
    RoomTurnOut,
)
from holdfast.server.shown import (
    memory_out,
    message_out,
    receipt_out,
    search_hit_out,
    turn_out,
)
from holdfast.server.shown_rooms import room_detail_out, room_out

__all__ = [
    "add_member",
    "create_room",
    "erase_room",
    "get_room",
    "leave_room",
    "list_room_memories",
    "list_room_messages",
    "list_rooms",
    "post_message",
    "remove_member",
    "rename_room",
    "router",
    "search_room",
]


class _Rooms(Route):
    """As the others, but for the answers of this process to keys: who is out gets none of them."""

    keeps_answers = False


router = APIRouter(
    prefix="/api/rooms",
    tags=["rooms"],
    route_class=_Rooms,
    responses={"default": {"model": ErrorOut, "description": "An error."}},
)

_Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("")
async def list_rooms(owner: Reader, asked: Annotated[PageAsked, Query()]) -> RoomsOut:
    """The rooms the caller is a member of, the last joined first."""
    page = await owner.rooms.page(cursor=asked.cursor, limit=asked.limit)
    return RoomsOut(rooms=[room_out(room) for room in page.rooms], next_cursor=page.next_cursor)


@router.post("", status_code=201)
async def create_room(owner: Writer, new: NewRoomIn, key: ClientKey) -> RoomDetailOut:
    """Make a room; the caller owns it."""
    room = await owner.rooms.create(
        new.name,
        members=new.members,
        assistants=new.assistants,
        client_key=key,
        history=new.history,
    )
    return await room_detail_out(room)


@router.get("/{room_id}")
async def get_room(owner: Reader, room_id: str) -> RoomDetailOut:
    """A room, its conversation, and who is in it."""
    return await room_detail_out(await owner.rooms.open(room_id))


@router.patch("/{room_id}")
async def rename_room(owner: Writer, room_id: str, change: RenameRoomIn) -> RoomOut:
    """Give a room another name; owners may."""
    return room_out(await (await owner.rooms.open(room_id)).rename(change.name))


@router.delete("/{room_id}")
async def erase_room(request: Request, owner: Eraser, room_id: str) -> RoomReceiptOut:
    """Destroy a room for everybody, with a receipt; owners may."""
    room = await owner.rooms.open(room_id)
    async with release(request, room, forgets=True):
        return RoomReceiptOut(receipt=receipt_out(await room.erase()))


@router.post("/{room_id}/members", status_code=201)
async def add_member(owner: Writer, room_id: str, new: NewMemberIn) -> RoomDetailOut:
    """Let a person or an assistant in, or change a member's role; owners may."""
    room = await owner.rooms.open(room_id)
    if (new.user_id is None) == (new.assistant is None):
        raise BadInput("body", "name either user_id or assistant")
    if new.user_id is not None:
        await room.invite(new.user_id, role=new.role)
    else:
        await room.invite(new.assistant or "", role=new.role, kind="assistant")
    return await room_detail_out(room)


@router.delete("/{room_id}/members/{member:path}")
async def remove_member(
    request: Request, owner: Eraser, room_id: str, member: str, kind: MemberKind = "person"
) -> RoomReceiptOut:
    """End a member's access at once; owners may. Who removes themselves leaves."""
    room = await owner.rooms.open(room_id)
    async with release(request, room):
        return _gone(await room.remove(member, kind=kind))


@router.post("/{room_id}/leave")
async def leave_room(request: Request, owner: Eraser, room_id: str) -> RoomReceiptOut:
    """Give up the caller's own access. The last person's leaving erases the room, so it takes the
    right to delete; then there is a receipt."""
    room = await owner.rooms.open(room_id)
    async with release(request, room):
        return _gone(await room.leave())


@router.get("/{room_id}/messages")
async def list_room_messages(
    request: Request,
    response: Response,
    owner: Reader,
    room_id: str,
    after_seq: Annotated[int | None, Query(ge=-1, lt=1 << 62)] = None,
    last: Annotated[int | None, Query(ge=1, le=1000)] = None,
    limit: _Limit = 100,
) -> MessagesOut:
    """What was said, in order: the `last` so many, or those after a seq, or from the beginning."""
    if after_seq is not None and last is not None:
        raise BadInput("query", "give after_seq or last, not both")
    session = await (await owner.rooms.open(room_id)).session()
    await check_changed(request, response, session.vault)
    if last is not None:
        found, more = await session.messages(last=last), False
    else:
        found = await session.messages(after_seq=after_seq, limit=limit + 1)
        found, more = found[:limit], len(found) > limit
    return MessagesOut(
        messages=[message_out(message) for message in found],
        next_after_seq=found[-1].seq if more else None,
    )


@router.post("/{room_id}/messages")
async def post_message(
    request: Request, owner: Writer, caller: Asking, room_id: str, said: PostIn, key: ClientKey
) -> RoomTurnOut:
    """Say something; the answer has the post and what the assistants it mentions answered.

    That an assistant failed is in the turn's status, and in a message of kind error: the post is
    recorded all the same.
    """
    room = await owner.rooms.open(room_id)
    done = await post_and_wait(request, owner, caller, room, said.text, key)
    turn, messages = await (await room.session()).log.recorded_turn(id_bytes(done.turn_id))
    shown = turn_out(turn, messages)
    return RoomTurnOut(turn=shown, replayed=done.replayed)


@router.get("/{room_id}/search")
async def search_room(
    owner: Reader,
    room_id: str,
    q: Annotated[str, Query(min_length=1, max_length=8000)],
    since: str | None = None,
    until: str | None = None,
    speaker: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    as_you_type: bool = False,
) -> SearchOut:
    """Find what was said in the room, best first; `speaker` is a user or an assistant's slug."""
    room: OpenRoom = await owner.rooms.open(room_id)
    hits = await room.recall(
        q, limit=limit, since=since, until=until, speaker=speaker, as_you_type=as_you_type
    )
    return SearchOut(
        hits=[search_hit_out(hit) for hit in hits],
        confidence=hits.confidence,
        nothing=hits.nothing,
    )


@router.get("/{room_id}/memories")
async def list_room_memories(
    request: Request,
    response: Response,
    owner: Reader,
    room_id: str,
    asked: Annotated[PageAsked, Query()],
) -> MemoriesOut:
    """What was distilled from the room, newest first."""
    room = await owner.rooms.open(room_id)
    await check_changed(request, response, (await room.session()).vault)
    page = await room.memory_page(cursor=asked.cursor, limit=asked.limit)
    return MemoriesOut(
        memories=[memory_out(memory) for memory in page.memories], next_cursor=page.next_cursor
    )


def _gone(receipt: Receipt | None) -> RoomReceiptOut:
    return RoomReceiptOut(receipt=None if receipt is None else receipt_out(receipt))
