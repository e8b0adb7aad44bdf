"""A room's record and its members as they lie in the vault: read at once, changed at once.

A room always has an owner. So a change of who is in it reads all members, decides, and writes what
it comes to in one go together with the room's own record, one version on: of two changes at once
one is refused by the storage, and decides anew on what the other made.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, to_ms
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.store import Store
from holdfast.model import Member, RoomId, UserId
from holdfast.storage.protocol import NO_SCOPE, ByIds, Kind, OnceTag, RowSpan, SealedRow, State
from holdfast.vault.vault import Vault

__all__ = [
    "MemberKind",
    "MemberRole",
    "PassBody",
    "RoomBody",
    "RoomHistory",
    "Roster",
    "admission",
    "begin_room",
    "commit_change",
    "hand_pass",
    "promotion",
    "read_member",
    "read_room",
    "read_roster",
]

_ALL = 100_000
MemberRole: TypeAlias = Literal["owner", "member"]
MemberKind: TypeAlias = Literal["person", "assistant"]
RoomHistory: TypeAlias = Literal["joined", "all"]


class RoomBody(Struct, omit_defaults=True):
    """The sealed part of a room."""

    name: str
    session_id: str
    ending: bool = False
    """The last person is leaving: nobody is let in any more."""
    made_as: str = ""
    """The name it was made with under a client key, which stands for that name."""
    history: RoomHistory = "all"


class _MemberBody(Struct, omit_defaults=True):
    user_id: str
    role: MemberRole
    joined_at: datetime
    kind: MemberKind = "person"
    first: int = 0


class PassBody(Struct, omit_defaults=True):
    """In a member's own vault: which room they belong to."""

    room_id: str


class Roster(Struct, frozen=True, kw_only=True):
    """A room and who is in it, as they were read; a change decided on it is written on it."""

    room: SealedRow
    body: RoomBody
    members: tuple[Member, ...]
    """In the order they joined, assistants among them."""
    rows: dict[tuple[MemberKind, str], SealedRow]

    @property
    def people(self) -> tuple[Member, ...]:
        """Those who have access."""
        return tuple(member for member in self.members if member.kind == "person")

    def find(self, name: str, kind: MemberKind = "person") -> Member | None:
        """The member of this name, None when they are in no longer or never were."""
        return next((m for m in self.members if (m.kind, m.user_id) == (kind, name)), None)

    def row_of(self, member: Member) -> SealedRow:
        """Where a member stands."""
        return self.rows[member.kind, member.user_id]

    def owned_without(self, user_id: str) -> bool:
        """Whether somebody else owns the room."""
        return any(m.role == "owner" and m.user_id != user_id for m in self.people)

    def heir(self, leaving: str) -> Member | None:
        """Who becomes owner when somebody leaves: whoever joined next; None when nobody must."""
        if self.owned_without(leaving):
            return None
        return next((member for member in self.people if member.user_id != leaving), None)


def _span(vault: Vault, state: State) -> RowSpan:
    return RowSpan(vault_id=vault.raw, kind=Kind.MEMBER, scope=NO_SCOPE, state=state, limit=_ALL)


def _tag(vault: Vault, name: str, kind: MemberKind) -> bytes:
    # A purpose of its own for each kind: an assistant called like a person is not that person.
    purpose = "member" if kind == "person" else f"member/{kind}"
    return vault.keyring.tag(vault.raw, purpose, name)


async def _seat(vault: Vault, record_id: bytes, member: Member, *, version: int = 0) -> SealedRow:
    body = _MemberBody(
        user_id=member.user_id,
        role=member.role,
        joined_at=member.joined_at,
        kind=member.kind,
        first=member.first_seq,
    )
    at_ms = to_ms(member.joined_at)
    return await vault.seal_record(Kind.MEMBER, record_id, body, at_ms=at_ms, version=version)


def _member(body: _MemberBody) -> Member:
    return Member(
        user_id=UserId(body.user_id),
        role=body.role,
        joined_at=body.joined_at,
        kind=body.kind,
        first_seq=body.first,
    )


async def read_room(vault: Vault, room_id: RoomId) -> tuple[SealedRow, RoomBody]:
    """The room's own record.

    Raises:
        NotFound: it was erased, or never came to be.
    """
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(id_bytes(room_id),)))
    if not rows:
        raise NotFound("room")
    return rows[0], (await vault.open_records(rows, RoomBody))[0]


async def read_roster(vault: Vault, room_id: RoomId) -> Roster:
    """The room and then its members: what changes in between makes a write on it fail.

    Raises:
        NotFound: there is no such room any more.
    """
    room, body = await read_room(vault, room_id)
    rows = await vault.storage.rows(_span(vault, State.LIVE))
    found = [_member(seat) for seat in await vault.open_records(rows, _MemberBody)]
    return Roster(
        room=room,
        body=body,
        members=tuple(sorted(found, key=lambda m: (m.joined_at, m.kind, m.user_id))),
        rows={(m.kind, m.user_id): row for m, row in zip(found, rows, strict=True)},
    )


async def read_member(vault: Vault, user_id: UserId) -> Member | None:
    """A person's own access, None when they have none; two reads of one row each."""
    raw = await vault.storage.once(vault.raw, _tag(vault, user_id, "person"))
    if raw is None:
        return None
    rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=(raw,)))
    return _member((await vault.open_records(rows, _MemberBody))[0]) if rows else None


async def begin_room(
    store: Store, vault: Vault, room_id: RoomId, body: RoomBody, owner: UserId
) -> None:
    """Write the new room's record and its owner's access: both, or neither.

    Raises:
        Conflict: somebody else did.
    """
    at = store.clock()
    record = await vault.seal_record(Kind.ROOM, id_bytes(room_id), body, at_ms=to_ms(at))
    once = OnceTag(tag=_tag(vault, owner, "person"), id=id_bytes(store.ids()))
    member = Member(user_id=owner, role="owner", joined_at=at)
    await vault.commit(put=(record, await _seat(vault, once.id, member)), once=once)


async def admission(store: Store, vault: Vault, member: Member) -> tuple[SealedRow, OnceTag | None]:
    """The row that lets a new member in.

    Raises:
        Conflict: they were let in meanwhile.
    """
    tag = _tag(vault, member.user_id, member.kind)
    raw = await vault.storage.once(vault.raw, tag)
    if raw is None:
        once = OnceTag(tag=tag, id=id_bytes(store.ids()))
        return await _seat(vault, once.id, member), once
    # Only here, where an owner asks for it, does somebody who was gone come back.
    version = await _gone_version(vault, raw) + 1
    return await _seat(vault, raw, member, version=version), None


async def promotion(vault: Vault, roster: Roster, member: Member, role: MemberRole) -> SealedRow:
    """The row that gives a member another role; they keep when they joined."""
    row = roster.row_of(member)
    return await _seat(vault, row.id, replace(member, role=role), version=row.version + 1)


async def commit_change(
    vault: Vault,
    roster: Roster,
    *,
    put: tuple[SealedRow, ...] = (),
    once: OnceTag | None = None,
    body: RoomBody | None = None,
) -> None:
    """Write a change of the room or its members, if nobody made another since it was read.

    Raises:
        Conflict: somebody did; nothing was written.
    """
    # Writes to different members' rows would not meet: they meet at the room's own.
    lock = await vault.seal_record(
        Kind.ROOM,
        roster.room.id,
        body or replace(roster.body, ending=False),
        at_ms=roster.room.at_ms,
        version=roster.room.version + 1,
    )
    await vault.commit(put=(lock, *put), once=once)


async def _gone_version(vault: Vault, raw: bytes) -> int:
    """The version of the row of somebody who is gone.

    Raises:
        Conflict: they were let in again meanwhile.
    """
    for row in await vault.storage.rows(_span(vault, State.GONE)):
        if row.id == raw:
            return row.version
    raise Conflict


async def hand_pass(store: Store, room_id: RoomId, user_id: UserId) -> None:
    """Note in a member's own vault which room they may look into, so that they find it."""
    own = await store.user_vault(user_id)
    tag = own.keyring.tag(own.raw, "pass", room_id)
    if await own.storage.once(own.raw, tag) is not None:
        return
    pass_id = id_bytes(store.ids())
    row = await own.seal_record(
        Kind.ROOM, pass_id, PassBody(room_id=room_id), at_ms=to_ms(store.clock())
    )
    with contextlib.suppress(Conflict):
        await own.commit(put=(row,), once=OnceTag(tag=tag, id=pass_id))
