"""Rooms: several people and assistants, one vault that is the room's.

Members hold access, the room's content is not copied. Whoever leaves or is removed is a stranger
from the next call on; a stranger and somebody who asks for a room that is not there get one answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast.capture.checks import checked_name
from holdfast.clock import from_ms, id_bytes, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Verb, decide
from holdfast.keeper.distilling import distill_vault
from holdfast.keeper.erasing import Receipt, erase_vault
from holdfast.keeper.memories import Memories
from holdfast.keeper.recalling import Hit, recall
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.store import Store
from holdfast.model import Member, Message, Room, RoomId, UserId, VaultId
from holdfast.storage.protocol import NO_SCOPE, ByIds, Kind, OnceTag, RowSpan, SealedRow, State
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.recall.asking import Include

__all__ = ["OpenRoom", "Rooms"]

_ALL = 100_000


class _RoomBody(Struct, omit_defaults=True):
    name: str
    session_id: str


class _MemberBody(Struct, omit_defaults=True):
    user_id: str
    role: Literal["owner", "member"]
    joined_at: datetime


class _PassBody(Struct, omit_defaults=True):
    """In a member's own vault: which room they belong to."""

    room_id: str


def _members(vault: Vault, state: State) -> RowSpan:
    return RowSpan(vault_id=vault.raw, kind=Kind.MEMBER, scope=NO_SCOPE, state=state, limit=_ALL)


class Rooms:
    """The rooms of one user."""

    def __init__(self, store: Store, user_id: UserId, vault: Vault) -> None:
        self._store = store
        self._user_id = user_id
        self._vault = vault

    async def create(self, name: str, *, members: Sequence[str] = ()) -> OpenRoom:
        """Make a room with its own vault; the caller owns it, `members` may read and write.

        Raises:
            BadInput, TooLarge: a name cannot be kept.
        """
        store = self._store
        label = checked_name("room name", name, store.limits)
        names = [checked_name("user", member, store.limits) for member in members]
        room_id = RoomId(store.ids())
        vault = await store.make_vault("room", room_id)
        session = await Sessions(store, vault).start(kind="room", title=label)
        row = await vault.seal_record(
            Kind.ROOM,
            id_bytes(room_id),
            _RoomBody(name=label, session_id=session.id),
            at_ms=to_ms(store.clock()),
        )
        await vault.commit(put=(row,))
        room = OpenRoom(store, vault, room_id, self._user_id)
        await room.admit(self._user_id, role="owner")
        for member in dict.fromkeys(names):
            if member != self._user_id:
                await room.admit(UserId(member), role="member")
        return room

    async def open(self, room_id: str) -> OpenRoom:
        """A room the user is a member of.

        Raises:
            NotFound: unknown, or the user is no member.
        """
        vault = await self._store.find_vault("room", room_id)
        if vault is None:
            raise NotFound("room")
        room = OpenRoom(self._store, vault, RoomId(room_id), self._user_id)
        await room.check("read")
        return room

    async def list(self) -> Sequence[Room]:
        """The rooms the user is a member of, by name."""
        found = []
        for row in await self._vault.storage.rows(
            RowSpan(vault_id=self._vault.raw, kind=Kind.ROOM, scope=NO_SCOPE, limit=_ALL)
        ):
            body = (await self._vault.open_records([row], _PassBody))[0]
            try:
                found.append(await (await self.open(body.room_id)).info())
            except NotFound:
                continue
        return sorted(found, key=lambda room: (room.name, room.id))

    async def leave_all(self) -> int:
        """Leave every room; returns how many."""
        rooms = await self.list()
        for room in rooms:
            await (await self.open(room.id)).leave()
        return len(rooms)


class OpenRoom:
    """A room as one member sees it. Every call asks anew whether they still are one."""

    def __init__(self, store: Store, vault: Vault, room_id: RoomId, user_id: UserId) -> None:
        self._store = store
        self._vault = vault
        self._user_id = user_id
        self.id = room_id

    def __repr__(self) -> str:
        return f"OpenRoom({self.id})"

    async def check(self, verb: Verb) -> None:
        """Let the member pass, or raise.

        Raises:
            NotFound: no member. NotAllowed: not for members.
        """
        found = await self._member_row(self._user_id)
        member = None if found is None else await self._member(found)
        decide(member, verb)

    async def info(self) -> Room:
        """Name and age of the room."""
        await self.check("read")
        row, body = await self._body()
        return Room(
            id=self.id,
            vault_id=VaultId(self._vault.id),
            name=body.name,
            created_at=from_ms(row.at_ms),
        )

    async def members(self) -> Sequence[Member]:
        """Who has access, in the order they joined."""
        await self.check("read")
        rows = await self._vault.storage.rows(_members(self._vault, State.LIVE))
        found = [await self._member(row) for row in rows]
        return sorted(found, key=lambda member: (member.joined_at, member.user_id))

    async def invite(self, user_id: str, *, role: Literal["owner", "member"] = "member") -> None:
        """Give somebody access; inviting again changes their role.

        Raises:
            BadInput: the role is neither of the two, the name cannot be kept, or the room would be
                left without an owner.
            NotAllowed: the caller does not own the room.
        """
        await self.check("invite")
        if role not in ("owner", "member"):
            raise BadInput("role", "it is owner or member")
        owners = [m.user_id for m in await self.members() if m.role == "owner"]
        if role == "member" and owners == [user_id]:
            raise BadInput("role", "the room needs an owner: make somebody else one first")
        await self.admit(UserId(user_id), role=role)

    async def remove(self, user_id: str) -> None:
        """Take somebody's access away, from their next call on.

        Raises:
            NotAllowed: the caller does not own the room.
            NotFound: they are no member.
        """
        await self.check("remove")
        if user_id == self._user_id:
            await self.leave()
        else:
            await self._dismiss(UserId(user_id))

    async def leave(self) -> Receipt | None:
        """Give up one's own access. The last owner hands the room to whoever joined next.

        The last member's leaving erases the room, for nobody could read or erase it any more:
        then there is a receipt.
        """
        await self.check("read")
        members = [m for m in await self.members() if m.user_id != self._user_id]
        if not members:
            return await erase_vault(self._store, self._vault)
        if members and not any(m.role == "owner" for m in members):
            await self.admit(members[0].user_id, role="owner")
        await self._dismiss(self._user_id)
        return None

    async def session(self) -> OpenSession:
        """The room's conversation; like the room, it asks before each call."""
        await self.check("read")
        _, body = await self._body()
        return await Sessions(self._store, self._vault, gate=self.check).open(body.session_id)

    async def post(self, text: str, *, client_key: str | None = None) -> Message:
        """Say something in the room; durable on return.

        Raises:
            BadInput, TooLarge: it cannot be kept.
            NotFound: the caller is no member any more.
        """
        await self.check("write")
        session = await self.session()
        async with session.turn(text, author=self._user_id, client_key=client_key) as turn:
            return turn.messages[0]

    async def messages(self, *, last: int = 100) -> Sequence[Message]:
        """The latest messages in order."""
        return await (await self.session()).messages(last=last)

    async def recall(
        self,
        question: str,
        *,
        limit: int = 10,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        speaker: str | None = None,
        include: Include = "both",
        neighbours: int = 1,
    ) -> Sequence[Hit]:
        """Find what was said in the room; see `User.recall`."""
        await self.check("read")
        return await recall(
            self._store,
            self._vault,
            question,
            limit=limit,
            since=since,
            until=until,
            speaker=speaker,
            include=include,
            neighbours=neighbours,
        )

    async def memories(self) -> Memories:
        """What was distilled from the room."""
        await self.check("read")
        return Memories(self._store, self._vault, gate=self.check)

    async def distill(self) -> int:
        """Bring the room's summary up to date."""
        await self.check("write")
        return await distill_vault(self._store, self._vault)

    async def erase(self) -> Receipt:
        """Destroy the room for everybody.

        Raises:
            NotAllowed: the caller does not own the room.
        """
        await self.check("erase")
        return await erase_vault(self._store, self._vault)

    # Inside

    async def admit(self, user_id: UserId, *, role: Literal["owner", "member"]) -> None:
        """Write a member's access into the room's vault, and a pass into their own."""
        name = checked_name("user", user_id, self._store.limits)
        body = _MemberBody(user_id=name, role=role, joined_at=self._store.clock())
        await self._put_member(user_id, body)
        own = await self._store.user_vault(user_id)
        tag = own.keyring.tag(own.raw, "pass", self.id)
        if await own.storage.once(own.raw, tag) is not None:
            return
        pass_id = id_bytes(self._store.ids())
        row = await own.seal_record(
            Kind.ROOM, pass_id, _PassBody(room_id=self.id), at_ms=to_ms(self._store.clock())
        )
        try:
            await own.commit(put=(row,), once=OnceTag(tag=tag, id=pass_id))
        except Conflict:
            return

    async def _put_member(self, user_id: UserId, body: _MemberBody) -> None:
        vault = self._vault
        at_ms = to_ms(body.joined_at)
        tag = vault.keyring.tag(vault.raw, "member", user_id)
        while True:
            raw = await vault.storage.once(vault.raw, tag)
            version = 0
            if raw is not None:
                version = await self._version(raw) + 1
            record_id = raw or id_bytes(self._store.ids())
            row = await vault.seal_record(
                Kind.MEMBER, record_id, body, at_ms=at_ms, version=version
            )
            once = OnceTag(tag=tag, id=record_id) if raw is None else None
            try:
                await vault.commit(put=(row,), once=once)
            except Conflict:
                continue
            return

    async def _version(self, raw: bytes) -> int:
        """The version of a member's row, also of one who is gone."""
        for state in (State.LIVE, State.GONE):
            rows = await self._vault.storage.rows(_members(self._vault, state))
            for row in rows:
                if row.id == raw:
                    return row.version
        return -1

    async def _dismiss(self, user_id: UserId) -> None:
        row = await self._member_row(user_id)
        if row is None:
            raise NotFound("member")
        await self._vault.commit(put=(self._vault.gone(row),))

    async def _member_row(self, user_id: UserId) -> SealedRow | None:
        vault = self._vault
        tag = vault.keyring.tag(vault.raw, "member", user_id)
        raw = await vault.storage.once(vault.raw, tag)
        if raw is None:
            return None
        rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
        return rows[0] if rows else None

    async def _member(self, row: SealedRow) -> Member:
        body = (await self._vault.open_records([row], _MemberBody))[0]
        return Member(user_id=UserId(body.user_id), role=body.role, joined_at=body.joined_at)

    async def _body(self) -> tuple[SealedRow, _RoomBody]:
        ask = ByIds(vault_id=self._vault.raw, ids=(id_bytes(self.id),))
        rows = await self._vault.storage.rows_by_id(ask)
        if not rows:
            raise NotFound("room")
        return rows[0], (await self._vault.open_records(rows, _RoomBody))[0]
