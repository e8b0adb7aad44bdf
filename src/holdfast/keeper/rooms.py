"""Rooms: several people and assistants, one vault that is the room's.

Members hold access, the room's content is not copied. Whoever leaves or is removed is a stranger
from the next call on; a stranger and somebody who asks for a room that is not there get one answer.
Assistants are members too, let in by an owner: they answer when they are mentioned, and hold no
access of their own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from msgspec import Struct

from holdfast.capture.checks import checked_label, checked_name
from holdfast.clock import id_bytes, id_text
from holdfast.errors import BadInput, Conflict, NotFound, VaultErased
from holdfast.keeper.listing import checked_limit
from holdfast.keeper.names import checked_slug
from holdfast.keeper.open_room import OpenRoom
from holdfast.keeper.roster import PassBody, RoomBody, RoomHistory, begin_room, hand_pass, read_room
from holdfast.keeper.sessions import Sessions
from holdfast.keeper.store import Store
from holdfast.model import Room, RoomId, UserId
from holdfast.storage.protocol import NO_SCOPE, Kind, RowSpan
from holdfast.vault.vault import Vault

__all__ = ["OpenRoom", "RoomPage", "Rooms"]

_ALL = 100_000


class RoomPage(Struct, frozen=True, kw_only=True):
    """Rooms, the last joined first; `next_cursor` asks for the following ones, None at the end."""

    rooms: tuple[Room, ...]
    next_cursor: str | None = None


class Rooms:
    """The rooms of one user."""

    def __init__(self, store: Store, user_id: UserId, vault: Vault) -> None:
        self._store = store
        self._user_id = user_id
        self._vault = vault

    async def create(
        self,
        name: str,
        *,
        members: Sequence[str] = (),
        assistants: Sequence[str] = (),
        client_key: str | None = None,
        history: RoomHistory = "all",
    ) -> OpenRoom:
        """Make a room with its own vault; the caller owns it, `members` may read and write.

        Args:
            assistants: slugs of those who answer in it when they are mentioned.
            client_key: the caller's own key of this call: however often it is retried, one room is
                made, and a retry finishes what was cut off. It stands for this name and history.
            history: what those who join later read: what is said from then on ("joined"), or
                everything. It stays so.

        Raises:
            BadInput, TooLarge: a name cannot be kept, or the client key was used for another.
        """
        store = self._store
        label = checked_name("room name", name, store.limits)
        people = [checked_name("user", member, store.limits) for member in members]
        slugs = [checked_slug("assistant", slug, store) for slug in assistants]
        checked_label("client key", client_key, store.limits)
        room_id = RoomId(store.ids()) if client_key is None else self._id_for(client_key)
        room = await self._begun(room_id, label, "" if client_key is None else label, history)
        for member in dict.fromkeys(people):
            if member != self._user_id:
                await room.invite(member)
        for slug in dict.fromkeys(slugs):
            await room.invite(slug, kind="assistant")
        return room

    def _id_for(self, client_key: str) -> RoomId:
        """The id of the room that a client key makes: random to all who lack the store's key."""
        raw = bytearray(self._vault.keyring.tag(self._vault.raw, "room/made", client_key)[:16])
        raw[6] = raw[6] & 0x0F | 0x80  # RFC 9562, version 8: no clock stands behind it
        raw[8] = raw[8] & 0x3F | 0x80
        return RoomId(id_text(bytes(raw)))

    async def _begun(
        self, room_id: RoomId, label: str, made_as: str, history: RoomHistory
    ) -> OpenRoom:
        """The room of this id, made unless it is there."""
        store, owner = self._store, self._user_id
        vault = await store.make_vault("room", room_id)
        room = OpenRoom(store, vault, room_id, owner)
        body = await _body_of(vault, room_id) if made_as else None
        if body is None:
            session = await Sessions(store, vault).start(kind="room", title=label)
            body = RoomBody(name=label, session_id=session.id, made_as=made_as, history=history)
            try:
                await begin_room(store, vault, room_id, body, owner)
            except Conflict:
                body = (await read_room(vault, room_id))[1]
        if (body.made_as, body.history) != (made_as, history):
            raise BadInput("client_key", "it was used for another room: take a new one")
        await room.check("read")
        await hand_pass(store, room_id, owner)
        return room

    async def open(self, room_id: str) -> OpenRoom:
        """A room the user is a member of.

        Raises:
            NotFound: unknown, or the user is no member.
        """
        vault = await self._store.find_vault("room", room_id)
        if vault is None:
            # What is asked about a room of others is asked in vain too: no clock tells them apart.
            await self._vault.storage.once(
                self._vault.raw, self._vault.keyring.tag(self._vault.raw, "member", self._user_id)
            )
            raise NotFound("room")
        room = OpenRoom(self._store, vault, RoomId(room_id), self._user_id)
        await room.check("read")
        return room

    async def list(self) -> Sequence[Room]:
        """The rooms the user is a member of, by name."""
        found = [room for _, name in await self._passes() if (room := await self._info(name))]
        return sorted(found, key=lambda room: (room.name, room.id))

    async def page(self, *, cursor: str | None = None, limit: int = 50) -> RoomPage:
        """The rooms the user is a member of, the last joined first.

        Raises:
            BadInput: the cursor is none of ours, or the limit is not 1 to 1000.
        """
        checked_limit(limit)
        before = None if cursor is None else _read_cursor(cursor)
        found: list[Room] = []
        last = None
        for raw, room_id in reversed(await self._passes()):
            if before is not None and raw >= before:
                continue
            room = await self._info(room_id)
            if room is None:
                continue
            if len(found) == limit:
                return RoomPage(rooms=tuple(found), next_cursor=last)
            found.append(room)
            last = id_text(raw)
        return RoomPage(rooms=tuple(found))

    async def leave_all(self) -> int:
        """Leave every room; returns how many."""
        try:
            rooms = await self.list()
        except VaultErased:
            # An erase that was cut short: they were left before its key was destroyed.
            return 0
        for room in rooms:
            with contextlib.suppress(NotFound, VaultErased):
                await (await self.open(room.id)).leave()
        return len(rooms)

    async def _passes(self) -> Sequence[tuple[bytes, str]]:
        """Passes and the rooms they are for, in the order they were handed out."""
        rows = await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.ROOM, scope=NO_SCOPE, limit=_ALL)
        )
        bodies = await self._vault.open_records(rows, PassBody)
        return sorted((row.id, body.room_id) for row, body in zip(rows, bodies, strict=True))

    async def _info(self, room_id: str) -> Room | None:
        """A room, None when it was left, or erased by somebody, perhaps just now."""
        try:
            return await (await self.open(room_id)).info()
        except (NotFound, VaultErased):
            return None


async def _body_of(vault: Vault, room_id: RoomId) -> RoomBody | None:
    try:
        return (await read_room(vault, room_id))[1]
    except NotFound:
        return None


def _read_cursor(cursor: str) -> bytes:
    try:
        return id_bytes(cursor)
    except ValueError:
        raise BadInput("cursor", "it is not one that a listing returned") from None
