"""Who is in a room, changed by a member of it: let in, given another role, taken out.

Each change is decided on the roster as it is and written on that: of two at once, the one that
comes second is decided again. A room always has an owner.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec.structs import replace

from holdfast.capture.checks import checked_name
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import Verb, decide
from holdfast.keeper.names import Names, checked_slug
from holdfast.keeper.roster import (
    MemberKind,
    MemberRole,
    admission,
    commit_change,
    hand_pass,
    promotion,
    read_roster,
)
from holdfast.keeper.store import Store
from holdfast.model import Member, RoomId, SessionId, UserId
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["admit", "checked_guest", "introduce", "over_others", "part"]

_MAX_TRIES = 1000
_Done = TypeVar("_Done")


async def over_others(attempt: Callable[[], Awaitable[_Done]]) -> _Done:
    """Change a room over whatever others change in it at the same time.

    Args:
        attempt: reads it, decides, and writes; asked again when somebody was quicker.

    Raises:
        Conflict: somebody always was.
    """
    for _ in range(_MAX_TRIES):
        with contextlib.suppress(Conflict):
            return await attempt()
    raise Conflict("the room's members are being changed by too many at once")


def checked_guest(store: Store, name: str, role: MemberRole, kind: MemberKind) -> str:
    """The name of somebody who is to be let in.

    Raises:
        BadInput, TooLarge: it cannot be kept, the role or the kind is none, or an assistant would
            own the room.
    """
    if role not in ("owner", "member"):
        raise BadInput("role", "it is owner or member")
    if kind == "person":
        return checked_name("user", name, store.limits)
    if kind != "assistant":
        raise BadInput("kind", "it is person or assistant")
    if role == "owner":
        raise BadInput("role", "an assistant cannot own a room")
    return checked_slug("assistant", name, store)


async def introduce(store: Store, vault: Vault, asking: UserId, slug: str) -> None:
    """Make an assistant known in the room as a member knows it, unless it is known there."""
    there = Names(store, vault)
    if any(known.slug == slug for known in await there.assistants()):
        return
    own = await store.user_vault(asking)
    mine = [a for a in await Names(store, own).assistants() if a.slug == slug]
    await there.assistant(slug)
    for known in mine:
        await there.describe_assistant(
            slug, name=known.name, avatar=known.avatar, purpose=known.purpose
        )


async def admit(store: Store, vault: Vault, room_id: RoomId, asking: UserId, guest: Member) -> None:
    """Give somebody a role; who is in already keeps when they joined.

    Raises:
        BadInput: the room would be left without an owner.
        NotAllowed: who asks does not own the room.
        NotFound: they are no member, or the room is ending.
    """

    async def attempt() -> None:
        await _admitted(store, vault, room_id, asking, guest)
        if guest.kind == "person":
            await hand_pass(store, room_id, guest.user_id)

    await over_others(attempt)


async def _admitted(
    store: Store, vault: Vault, room_id: RoomId, asking: UserId, guest: Member
) -> None:
    roster = await read_roster(vault, room_id)
    decide(roster.find(asking), "invite")
    if roster.body.ending:
        raise NotFound("room")
    known = roster.find(guest.user_id, guest.kind)
    if known is not None and known.role == guest.role:
        return
    if known is None:
        if roster.body.history == "joined" and guest.kind == "person":
            head = await Reader(vault).head(SessionId(roster.body.session_id))
            guest = replace(guest, first_seq=head.next_seq)
        row, once = await admission(store, vault, guest)
        await commit_change(vault, roster, put=(row,), once=once)
        return
    if not roster.owned_without(guest.user_id) and guest.role == "member":
        raise BadInput("role", "the room needs an owner: make somebody else one first")
    row = await promotion(vault, roster, known, guest.role)
    await commit_change(vault, roster, put=(row,))


async def part(
    vault: Vault, room_id: RoomId, asking: UserId, whom: tuple[str, MemberKind], verb: Verb
) -> bool:
    """Take somebody out, and see to an owner. False: they are the last, so the room must go.

    Raises:
        NotAllowed: who asks may not do this.
        NotFound: one of the two is no member.
    """
    name, kind = whom

    async def attempt() -> bool:
        roster = await read_roster(vault, room_id)
        decide(roster.find(asking), verb)
        leaving = roster.find(name, kind)
        if leaving is None:
            raise NotFound("member")
        if roster.people == (leaving,):
            # They stay in it until it is gone: were this cut off, they could leave again.
            await commit_change(vault, roster, body=replace(roster.body, ending=True))
            return False
        put = [vault.gone(roster.row_of(leaving))]
        heir = roster.heir(name) if kind == "person" else None
        if heir is not None:
            put.append(await promotion(vault, roster, heir, "owner"))
        await commit_change(vault, roster, put=tuple(put))
        return True

    return await over_others(attempt)
