"""Rooms: who may do what, and what happens when people come and go."""

from __future__ import annotations

import asyncio

import pytest

from fix_keeper import World, texts
from holdfast.errors import BadInput, NotAllowed, NotFound
from holdfast.keeper.keeper import Keeper


async def test_members_read_what_the_others_said(keeper: Keeper) -> None:
    """One conversation, in one order, found by each of them and by nobody else."""
    people = [await keeper.user(name) for name in ("ada", "ben", "cy", "eve")]
    room = await people[0].rooms.create("team", members=["ben", "cy", "ben", "ada"])
    rooms = [await user.rooms.open(room.id) for user in people[:3]]
    for n in range(3):
        for one in rooms:
            await one.post(f"{n} violin")

    for one in rooms:
        said = [(m.author, m.text) for m in await one.messages()]
        assert said == [(name, f"{n} violin") for n in range(3) for name in ("ada", "ben", "cy")]
        assert len(await one.recall("violin", limit=50)) == 9
    assert [m.user_id for m in await room.members()] == ["ada", "ben", "cy"]
    assert await people[3].rooms.list() == []
    for user in people:
        assert await user.recall("violin") == []


async def test_everybody_sees_their_rooms_by_name(keeper: Keeper) -> None:
    """Made, invited to, left: the list follows at once."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    made = [await ada.rooms.create(name) for name in ("b", "a")]
    await made[0].invite("ben")

    assert [room.name for room in await ada.rooms.list()] == ["a", "b"]
    assert [room.name for room in await ben.rooms.list()] == ["b"]
    await (await ben.rooms.open(made[0].id)).leave()
    assert await ben.rooms.list() == []
    await made[0].invite("ben")
    assert [room.name for room in await ben.rooms.list()] == ["b"]


async def test_the_last_owner_hands_the_room_over(keeper: Keeper) -> None:
    """Whoever joined next owns it then, and the room goes on."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben", "cy"])
    await room.leave()

    theirs = await ben.rooms.open(room.id)
    roles = {member.user_id: member.role for member in await theirs.members()}
    assert roles == {"ben": "owner", "cy": "member"}
    await theirs.invite("dan")
    await theirs.post("still here")
    assert texts(await theirs.messages()) == ["still here"]


async def test_a_role_is_raised_by_inviting_again(keeper: Keeper) -> None:
    """Ben becomes an owner, and may then invite."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])
    theirs = await ben.rooms.open(room.id)
    with pytest.raises(NotAllowed):
        await theirs.invite("cy")

    await room.invite("ben", role="owner")

    await theirs.invite("cy")
    assert [m.user_id for m in await room.members()][-1] == "cy"
    assert len(await room.members()) == 3


async def test_who_was_removed_and_invited_again_is_in(world: World) -> None:
    """Through two keepers, again and again."""
    here, there = await world.open(), await world.open()
    room = await (await here.user("ada")).rooms.create("team")
    for _ in range(3):
        await room.invite("ben")
        theirs = await (await there.user("ben")).rooms.open(room.id)
        await theirs.post("hello")
        await room.remove("ben")
        with pytest.raises(NotFound):
            await theirs.post("again")
    assert len(await room.messages()) == 3


async def test_inviting_at_the_same_time_makes_one_member(world: World) -> None:
    """Eight invitations over two keepers: one member, one pass, one room in the list."""
    here, there = await world.open(), await world.open()
    room = await (await here.user("ada")).rooms.create("team")
    other = await (await there.user("ada")).rooms.open(room.id)

    await asyncio.gather(*(one.invite("ben") for one in (room, other) for _ in range(4)))

    assert [m.user_id for m in await room.members()] == ["ada", "ben"]
    assert len(await (await here.user("ben")).rooms.list()) == 1


async def test_who_is_erased_leaves_every_room(keeper: Keeper) -> None:
    """The rooms go on without them, under another owner."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])
    await room.post("from ada")

    await keeper.erase("ada")

    theirs = await ben.rooms.open(room.id)
    assert [(m.user_id, m.role) for m in await theirs.members()] == [("ben", "owner")]
    again = await keeper.user("ada")
    assert await again.rooms.list() == []
    with pytest.raises(NotFound):
        await again.rooms.open(room.id)
    assert (await keeper.verify()).problems == ()


async def test_a_message_is_posted_once_per_client_key(keeper: Keeper) -> None:
    """A retry gets the message that was recorded."""
    room = await (await keeper.user("ada")).rooms.create("team")
    first = await room.post("hello", client_key="k")
    again = await room.post("hello", client_key="k")

    assert again.id == first.id
    assert len(await room.messages()) == 1


@pytest.mark.parametrize("role", ["admin", "", None])
async def test_a_role_is_owner_or_member(role: object, keeper: Keeper) -> None:
    """BadInput, and nobody is let in."""
    room = await (await keeper.user("ada")).rooms.create("team")

    with pytest.raises(BadInput):
        await room.invite("ben", role=role)  # type: ignore[arg-type]  # what the test is about

    assert len(await room.members()) == 1
    assert await (await keeper.user("ben")).rooms.list() == []


async def test_removing_the_last_owner_is_refused_or_handed_over(keeper: Keeper) -> None:
    """An owner who removes themselves leaves; the room never has members and no owner."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])

    await room.remove("ada")

    theirs = await ben.rooms.open(room.id)
    assert [m.role for m in await theirs.members()] == ["owner"]


async def test_a_room_nobody_is_in_any_more_is_erased(keeper: Keeper) -> None:
    """The last one leaves: nobody could ever read or erase it, so it goes."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team")
    await room.post("hello")
    vaults = len(await keeper.store.storage.vaults())

    await room.leave()

    assert len(await keeper.store.storage.vaults()) == vaults - 1
    assert (await keeper.verify()).problems == ()
