"""Rooms: several people and assistants, one vault that is the room's.

Members hold access, the room's content is not copied. Whoever leaves or is removed is a stranger
from the next call on; a stranger and somebody who asks for a room that is not there get one answer.

A room always has an owner. So a change of who is in it reads all members, decides, and writes what
it comes to in one go together with the room's own record, one version on: of two changes at once
one is refused by the storage, and decides anew on what the other made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_name
from holdfast.clock import from_ms, id_bytes, to_ms
from holdfast.errors import BadInput, Conflict, NotFound, VaultErased
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
_MAX_TRIES = 1000
_Role: TypeAlias = Literal["owner", "member"]


class _RoomBody(Struct, omit_defaults=True):
    name: str
    session_id: str
    ending: bool = False
    """The last member is leaving: nobody is let in any more."""


class _MemberBody(Struct, omit_defaults=True):
    user_id: str
    role: _Role
    joined_at: datetime


class _PassBody(Struct, omit_defaults=True):
    """In a member's own vault: which room they belong to."""

    room_id: str


def _members(vault: Vault, state: State) -> RowSpan:
    return RowSpan(vault_id=vault.raw, kind=Kind.MEMBER, scope=NO_SCOPE, state=state, limit=_ALL)


class _Roster(Struct, frozen=True, kw_only=True):
    """A room and who is in it, as they were read; a change decided on it is written on it."""

    room: SealedRow
    body: _RoomBody
    members: tuple[Member, ...]
    """In the order they joined."""
    rows: dict[UserId, SealedRow]

    def find(self, user_id: UserId) -> Member | None:
        """The member of this name, None when they are in no longer or never were."""
        return next((member for member in self.members if member.user_id == user_id), None)


def _owned_without(members: Sequence[Member], user_id: UserId) -> bool:
    """Whether somebody else owns the room."""
    return any(m.role == "owner" and m.user_id != user_id for m in members)


def _heir(members: Sequence[Member], leaving: UserId) -> Member | None:
    """Who becomes owner when somebody leaves: whoever joined next, None when nobody needs to."""
    if _owned_without(members, leaving):
        return None
    return next((member for member in members if member.user_id != leaving), None)


def _member_tag(vault: Vault, user_id: UserId) -> bytes:
    return vault.keyring.tag(vault.raw, "member", user_id)


async def _seat(vault: Vault, record_id: bytes, member: Member, *, version: int = 0) -> SealedRow:
    body = _MemberBody(user_id=member.user_id, role=member.role, joined_at=member.joined_at)
    at_ms = to_ms(member.joined_at)
    return await vault.seal_record(Kind.MEMBER, record_id, body, at_ms=at_ms, version=version)


async def _hand_pass(store: Store, room_id: RoomId, user_id: UserId) -> None:
    """Note in a member's own vault which room they may look into, so that they find it."""
    own = await store.user_vault(user_id)
    tag = own.keyring.tag(own.raw, "pass", room_id)
    if await own.storage.once(own.raw, tag) is not None:
        return
    pass_id = id_bytes(store.ids())
    row = await own.seal_record(
        Kind.ROOM, pass_id, _PassBody(room_id=room_id), at_ms=to_ms(store.clock())
    )
    with contextlib.suppress(Conflict):
        await own.commit(put=(row,), once=OnceTag(tag=tag, id=pass_id))


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
        await self._begin(vault, room_id, _RoomBody(name=label, session_id=session.id))
        room = OpenRoom(store, vault, room_id, self._user_id)
        for member in dict.fromkeys(names):
            if member != self._user_id:
                await room.invite(member)
        return room

    async def _begin(self, vault: Vault, room_id: RoomId, body: _RoomBody) -> None:
        """Write the new room's record and its owner's access: both, or neither."""
        store, at = self._store, self._store.clock()
        record = await vault.seal_record(Kind.ROOM, id_bytes(room_id), body, at_ms=to_ms(at))
        once = OnceTag(tag=_member_tag(vault, self._user_id), id=id_bytes(store.ids()))
        owner = Member(user_id=self._user_id, role="owner", joined_at=at)
        await vault.commit(put=(record, await _seat(vault, once.id, owner)), once=once)
        await _hand_pass(store, room_id, self._user_id)

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
            except (NotFound, VaultErased):  # Left, or erased by somebody, perhaps just now.
                continue
        return sorted(found, key=lambda room: (room.name, room.id))

    async def leave_all(self) -> int:
        """Leave every room; returns how many."""
        rooms = await self.list()
        for room in rooms:
            with contextlib.suppress(NotFound, VaultErased):
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
        return (await self._roster()).members

    async def invite(self, user_id: str, *, role: _Role = "member") -> None:
        """Give somebody access; inviting again changes their role.

        Raises:
            BadInput: the role is neither of the two, the name cannot be kept, or the room would be
                left without an owner.
            NotAllowed: the caller does not own the room.
        """
        await self.check("invite")
        if role not in ("owner", "member"):
            raise BadInput("role", "it is owner or member")
        guest = UserId(checked_name("user", user_id, self._store.limits))
        for _ in range(_MAX_TRIES):
            with contextlib.suppress(Conflict):
                await self._admit(guest, role)
                await _hand_pass(self._store, self.id, guest)
                return
        raise Conflict("the room's members are being changed by too many at once")

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
            await self._part(UserId(user_id), "remove")

    async def leave(self) -> Receipt | None:
        """Give up one's own access. The last owner hands the room to whoever joined next.

        The last member's leaving erases the room, for nobody could read or erase it any more:
        then there is a receipt.
        """
        await self.check("read")
        if await self._part(self._user_id, "read"):
            return None
        try:
            return await erase_vault(self._store, self._vault)
        except (NotFound, VaultErased):
            raise NotFound("room") from None  # The same person, leaving twice at once.

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

    async def _roster(self) -> _Roster:
        """The room and then its members: what changes in between makes a write on it fail."""
        room, body = await self._body()
        rows = await self._vault.storage.rows(_members(self._vault, State.LIVE))
        found = [
            (Member(user_id=UserId(seat.user_id), role=seat.role, joined_at=seat.joined_at), row)
            for seat, row in zip(
                await self._vault.open_records(rows, _MemberBody), rows, strict=True
            )
        ]
        members = sorted((m for m, _ in found), key=lambda m: (m.joined_at, m.user_id))
        return _Roster(
            room=room,
            body=body,
            members=tuple(members),
            rows={member.user_id: row for member, row in found},
        )

    async def _admit(self, guest: UserId, role: _Role) -> None:
        """One attempt to give somebody a role: a member keeps when they joined."""
        roster = await self._roster()
        decide(roster.find(self._user_id), "invite")
        if roster.body.ending:
            raise NotFound("room")
        known = roster.find(guest)
        if known is not None:
            if known.role == role:
                return
            if not _owned_without(roster.members, guest) and role == "member":
                raise BadInput("role", "the room needs an owner: make somebody else one first")
            await self._commit(roster, put=(await self._promoted(roster, known, role),))
            return
        member = Member(user_id=guest, role=role, joined_at=self._store.clock())
        tag = _member_tag(self._vault, guest)
        raw = await self._vault.storage.once(self._vault.raw, tag)
        if raw is None:
            once = OnceTag(tag=tag, id=id_bytes(self._store.ids()))
            await self._commit(roster, put=(await _seat(self._vault, once.id, member),), once=once)
            return
        # Only here, where an owner asks for it, does somebody who was gone come back.
        seat = await _seat(self._vault, raw, member, version=await self._gone_version(raw) + 1)
        await self._commit(roster, put=(seat,))

    async def _part(self, user_id: UserId, verb: Verb) -> bool:
        """Take somebody out, and see to an owner. False: they are the last, so the room must go."""
        for _ in range(_MAX_TRIES):
            with contextlib.suppress(Conflict):
                roster = await self._roster()
                decide(roster.find(self._user_id), verb)
                if roster.find(user_id) is None:
                    raise NotFound("member")
                if len(roster.members) == 1:
                    # They stay in it until it is gone: were this cut off, they could leave again.
                    await self._commit(roster, ending=True)
                    return False
                heir = _heir(roster.members, user_id)
                put = [self._vault.gone(roster.rows[user_id])]
                if heir is not None:
                    put.append(await self._promoted(roster, heir, "owner"))
                await self._commit(roster, put=tuple(put))
                return True
        raise Conflict("the room's members are being changed by too many at once")

    async def _commit(
        self,
        roster: _Roster,
        *,
        put: tuple[SealedRow, ...] = (),
        once: OnceTag | None = None,
        ending: bool = False,
    ) -> None:
        """Write a change of the members, if nobody made another since the roster was read.

        Raises:
            Conflict: somebody did; nothing was written.
        """
        # Writes to different members' rows would not meet: they meet at the room's own.
        lock = await self._vault.seal_record(
            Kind.ROOM,
            roster.room.id,
            replace(roster.body, ending=ending),
            at_ms=roster.room.at_ms,
            version=roster.room.version + 1,
        )
        await self._vault.commit(put=(lock, *put), once=once)

    async def _promoted(self, roster: _Roster, member: Member, role: _Role) -> SealedRow:
        row = roster.rows[member.user_id]
        return await _seat(self._vault, row.id, replace(member, role=role), version=row.version + 1)

    async def _gone_version(self, raw: bytes) -> int:
        """The version of the row of somebody who is gone.

        Raises:
            Conflict: they were let in again meanwhile.
        """
        for row in await self._vault.storage.rows(_members(self._vault, State.GONE)):
            if row.id == raw:
                return row.version
        raise Conflict

    async def _member_row(self, user_id: UserId) -> SealedRow | None:
        vault = self._vault
        raw = await vault.storage.once(vault.raw, _member_tag(self._vault, user_id))
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
