"""Rooms: who may do what, and what happens when people come and go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import pytest

from fix_keeper import World, texts
from holdfast.errors import BadInput, HoldfastError, NotAllowed, NotFound, StorageFailed
from holdfast.keeper.erasing import Receipt
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.rooms import OpenRoom
from holdfast.storage.protocol import Kind


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


async def _happen(*calls: Awaitable[Any]) -> list[object]:
    """Do all at once; an answer each, or the error that it ended in."""
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def _roles(keeper: Keeper, room: OpenRoom, *names: str) -> dict[str, str]:
    """Who is in the room, as whoever is still in it sees it; nobody: {}."""
    for name in names:
        try:
            seen = await (await keeper.user(name)).rooms.open(room.id)
        except NotFound:
            continue
        return {member.user_id: member.role for member in await seen.members()}
    return {}


ROUNDS = 12


async def test_two_owners_who_remove_each_other_leave_one(world: World) -> None:
    """One goes and the other owns the room; the slower one is told that there is no such room."""
    here, there = await world.open(), await world.open()
    ada, ben = await here.user("ada"), await there.user("ben")
    for _ in range(ROUNDS):
        room = await ada.rooms.create("team")
        await room.invite("ben", role="owner")
        theirs = await ben.rooms.open(room.id)

        done = await _happen(room.remove("ben"), theirs.remove("ada"))

        assert {type(answer) for answer in done} == {type(None), NotFound}
        left = await _roles(here, room, "ada", "ben")
        assert list(left.values()) == ["owner"]


async def test_who_leaves_is_gone_also_when_the_owner_leaves_at_once(world: World) -> None:
    """Owner and member leave in one moment: both are out, nobody comes back as owner."""
    here, there = await world.open(), await world.open()
    ada, ben = await here.user("ada"), await there.user("ben")
    vaults = len(await here.store.storage.vaults())
    for _ in range(ROUNDS):
        room = await ada.rooms.create("team", members=["ben"])
        theirs = await ben.rooms.open(room.id)

        done = await _happen(room.leave(), theirs.leave())

        assert sum(answer is None for answer in done) == 1  # The other one has the receipt.
        assert sum(isinstance(answer, Receipt) for answer in done) == 1
        assert await _roles(here, room, "ada", "ben") == {}
        assert len(await here.store.storage.vaults()) == vaults
    assert (await here.verify()).problems == ()


async def test_two_owners_who_leave_at_once_hand_the_room_over(world: World) -> None:
    """Neither counts on the other: the member who stays owns it."""
    here, there = await world.open(), await world.open()
    ada, ben = await here.user("ada"), await there.user("ben")
    for _ in range(ROUNDS):
        room = await ada.rooms.create("team", members=["cy"])
        await room.invite("ben", role="owner")
        theirs = await ben.rooms.open(room.id)

        assert await _happen(room.leave(), theirs.leave()) == [None, None]

        assert await _roles(here, room, "cy") == {"cy": "owner"}


async def test_two_owners_who_lower_each_other_leave_one(world: World) -> None:
    """One stays owner; the slower one is no owner any more and may not."""
    here, there = await world.open(), await world.open()
    ada, ben = await here.user("ada"), await there.user("ben")
    for _ in range(ROUNDS):
        room = await ada.rooms.create("team")
        await room.invite("ben", role="owner")
        theirs = await ben.rooms.open(room.id)

        done = await _happen(room.invite("ben"), theirs.invite("ada"))

        assert sum(isinstance(answer, NotAllowed) for answer in done) == 1
        assert sorted((await _roles(here, room, "ada", "ben")).values()) == ["member", "owner"]


async def test_nobody_is_let_into_a_room_that_is_going(world: World) -> None:
    """The last one leaves and invites at once: the guest owns the room, or is told of none."""
    here, there = await world.open(), await world.open()
    ada, again = await here.user("ada"), await there.user("ada")
    for _ in range(ROUNDS):
        room = await ada.rooms.create("team")
        same = await again.rooms.open(room.id)

        left, invited = await _happen(room.leave(), same.invite("ben"))

        roles = await _roles(here, room, "ada", "ben")
        if invited is None and left is None:
            assert roles == {"ben": "owner"}
        else:
            assert isinstance(left, Receipt)
            assert isinstance(invited, HoldfastError)
            assert roles == {}


async def test_inviting_again_keeps_when_somebody_joined(keeper: Keeper) -> None:
    """Whoever is in stays where they are in the order, whatever their role becomes."""
    room = await (await keeper.user("ada")).rooms.create("team", members=["ben", "cy"])
    before = {member.user_id: member.joined_at for member in await room.members()}

    for role in ("member", "owner", "member"):
        await room.invite("ben", role=role)  # type: ignore[arg-type]  # it is one of the two

    assert {member.user_id: member.joined_at for member in await room.members()} == before
    assert [member.user_id for member in await room.members()] == ["ada", "ben", "cy"]


async def test_a_room_cut_short_in_the_making_has_its_owner_or_is_none(world: World) -> None:
    """Its record and its owner's access are one write: there is no room without the one."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    seen: list[set[Kind]] = []

    async def note(call: str, asked: Any) -> None:
        if call == "data.commit":
            seen.append({row.kind for row in asked.put})

    world.tap.before = note
    await ada.rooms.create("team")

    assert {Kind.ROOM, Kind.MEMBER} in seen
    assert {Kind.MEMBER} not in seen


async def test_a_leaving_that_was_cut_off_can_be_done_again(world: World) -> None:
    """The last one stays a member until the room is gone, so that it is never nobody's."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team")
    vaults = len(await keeper.store.storage.vaults())

    async def refuse(call: str, _asked: Any) -> None:
        if call == "keys.commit":
            raise StorageFailed

    world.tap.before = refuse
    with pytest.raises(StorageFailed):
        await room.leave()
    world.tap.still()

    assert len(await ada.rooms.list()) == 1
    assert await (await ada.rooms.open(room.id)).leave() is not None
    assert len(await keeper.store.storage.vaults()) == vaults - 1


async def test_assistants_are_members_without_access(keeper: Keeper) -> None:
    """Let in and out by owners; one that is called like a person is not that person."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    await ada.names.describe_assistant("ben", name="Ben the bot", purpose="tells the time")
    room = await ada.rooms.create("team", assistants=["ben", "ben", "helper"])

    assert [(m.user_id, m.kind, m.role) for m in await room.members()] == [
        ("ada", "person", "owner"),
        ("ben", "assistant", "member"),
        ("helper", "assistant", "member"),
    ]
    assert [(a.slug, a.name, a.purpose) for a in await room.assistants()] == [
        ("ben", "Ben the bot", "tells the time"),
        ("helper", "helper", ""),
    ]
    with pytest.raises(NotFound):
        await ben.rooms.open(room.id)
    await room.invite("ben")
    theirs = await ben.rooms.open(room.id)
    for refused in (
        theirs.invite("third", kind="assistant"),
        theirs.remove("helper", kind="assistant"),
    ):
        with pytest.raises(NotAllowed):
            await refused
    await room.remove("ben", kind="assistant")
    assert [a.slug for a in await theirs.assistants()] == ["helper"]
    with pytest.raises(NotFound):
        await room.remove("ben", kind="assistant")
    await theirs.check("read")


@pytest.mark.parametrize(
    "given",
    [
        {"user_id": "a b", "kind": "assistant"},
        {"user_id": "helper", "kind": "assistant", "role": "owner"},
        {"user_id": "helper", "kind": "robot"},
    ],
)
async def test_an_assistant_that_cannot_be_a_member_is_refused(
    given: dict[str, Any], keeper: Keeper
) -> None:
    """No slug, an owner, or of a kind that is none: BadInput, and nobody is let in."""
    room = await (await keeper.user("ada")).rooms.create("team")

    with pytest.raises(BadInput):
        await room.invite(**given)

    assert len(await room.members()) == 1


async def test_assistants_do_not_keep_a_room_alive(keeper: Keeper) -> None:
    """The last person's leaving erases it; no assistant inherits it."""
    ada = await keeper.user("ada")
    room = await ada.rooms.create("team", assistants=["helper"])

    receipt = await room.leave()

    assert receipt is not None
    with pytest.raises(NotFound):
        await ada.rooms.open(room.id)


async def test_an_owner_renames_a_room(keeper: Keeper) -> None:
    """Lists and the conversation's title follow; members may not."""
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])
    theirs = await ben.rooms.open(room.id)

    assert (await room.rename("crew")).name == "crew"

    assert [r.name for r in await ben.rooms.list()] == ["crew"]
    assert (await (await theirs.session()).info()).title == "crew"
    with pytest.raises(NotAllowed):
        await theirs.rename("mine")
    with pytest.raises(BadInput):
        await room.rename(" ")
    assert (await theirs.info()).name == "crew"
    await theirs.post("still the same members")


async def test_a_room_is_made_once_per_client_key(world: World) -> None:
    """At once and again, over two keepers: one room; the key stands for its name and history."""
    here, there = await world.open(), await world.open()
    users = [await keeper.user("ada") for keeper in (here, there)]

    made = await asyncio.gather(
        *(user.rooms.create("team", members=["ben"], client_key="k") for user in users * 3)
    )
    assert len({room.id for room in made}) == 1
    await made[0].rename("crew")
    again = await users[1].rooms.create("team", client_key="k")

    assert again.id == made[0].id
    assert [room.name for room in await users[0].rooms.list()] == ["crew"]
    assert [m.user_id for m in await again.members()] == ["ada", "ben"]
    with pytest.raises(BadInput):
        await users[0].rooms.create("other", client_key="k")
    with pytest.raises(BadInput):
        await users[0].rooms.create("team", client_key="k", history="joined")
    ben = await here.user("ben")
    assert (await ben.rooms.create("team", client_key="k")).id != made[0].id


async def test_making_a_room_that_was_cut_off_is_finished_by_a_retry(world: World) -> None:
    """Cut off at each write, then asked for again with the same key: the whole room, once."""
    keeper = await world.open("tapped-memory")
    ada = await keeper.user("ada")
    await keeper.user("ben")
    for n in range(1, 9):
        left = n

        async def refuse(call: str, _: object) -> None:
            nonlocal left
            left -= call in ("data.commit", "keys.put")
            if left == 0:
                raise StorageFailed

        world.tap.before = refuse
        with contextlib.suppress(StorageFailed):
            await ada.rooms.create(
                "team", members=["ben"], assistants=["helper"], client_key=f"{n}"
            )
        world.tap.still()
        room = await ada.rooms.create(
            "team", members=["ben"], assistants=["helper"], client_key=f"{n}"
        )

        assert [m.user_id for m in await room.members()] == ["ada", "ben", "helper"]
        assert len(await ada.rooms.list()) == n
        assert len(await (await keeper.user("ben")).rooms.list()) == n


async def test_rooms_come_in_pages(keeper: Keeper) -> None:
    """The last joined first; what was left is not among them, whatever the page's size."""
    ada = await keeper.user("ada")
    made = [await ada.rooms.create(f"room {n}") for n in range(7)]
    await made[3].leave()
    names, cursor = [], None
    while True:
        page = await ada.rooms.page(cursor=cursor, limit=2)
        names += [room.name for room in page.rooms]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert names == [f"room {n}" for n in (6, 5, 4, 2, 1, 0)]
    for wrong in ({"cursor": "x"}, {"limit": 0}, {"limit": 1001}):
        with pytest.raises(BadInput):
            await ada.rooms.page(**wrong)  # type: ignore[arg-type]  # what the test is about


async def test_an_erasure_of_a_member_that_was_cut_short_can_be_repeated(world: World) -> None:
    """Their passes do not open any more then; the room goes on without them."""
    keeper = await world.open("tapped")
    ada, ben = await keeper.user("ada"), await keeper.user("ben")
    room = await ada.rooms.create("team", members=["ben"])

    async def refuse(call: str, _: object) -> None:
        if call == "data.erase_vault":
            world.tap.before = None
            raise StorageFailed

    world.tap.before = refuse
    with pytest.raises(StorageFailed):
        await keeper.erase("ada")
    await keeper.erase("ada")

    theirs = await ben.rooms.open(room.id)
    assert [(m.user_id, m.role) for m in await theirs.members()] == [("ben", "owner")]
    assert [user.id for user in await keeper.users()] == ["ben"]
