"""One room as one member sees it: talk, find, and change who is in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.capture.checks import checked_name
from holdfast.clock import from_ms
from holdfast.errors import NotAllowed, NotFound, VaultErased
from holdfast.keeper.access import Verb, decide
from holdfast.keeper.distilling import distill_vault
from holdfast.keeper.erasing import Receipt, erase_vault
from holdfast.keeper.membership import admit, checked_guest, introduce, over_others, part
from holdfast.keeper.memories import Memories, MemoryPage
from holdfast.keeper.moments import edge
from holdfast.keeper.names import Names
from holdfast.keeper.recalling import Hits, recall
from holdfast.keeper.roster import (
    MemberKind,
    MemberRole,
    commit_change,
    read_member,
    read_room,
    read_roster,
)
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.store import Store
from holdfast.keeper.window import Window, WindowedSession, hits_in, memories_in
from holdfast.model import (
    Assistant,
    Member,
    Memory,
    Message,
    Room,
    RoomId,
    SessionId,
    UserId,
    VaultId,
)
from holdfast.vault.vault import Vault

if TYPE_CHECKING:
    from holdfast.recall.asking import Include

__all__ = ["OpenRoom"]


class OpenRoom:
    """A room as one member sees it. Every call asks anew whether they still are one."""

    def __init__(self, store: Store, vault: Vault, room_id: RoomId, user_id: UserId) -> None:
        self._store = store
        self._vault = vault
        self._user_id = user_id
        self.id = room_id

    def __repr__(self) -> str:
        return f"OpenRoom({self.id})"

    @property
    def user_id(self) -> UserId:
        """Who sees it."""
        return self._user_id

    async def check(self, verb: Verb) -> None:
        """Let the member pass, or raise. Cheap: two rows are read, whatever the room's size.

        Whoever passes on what happens in a room asks this before each event, so that being removed
        ends access at once.

        Raises:
            NotFound: no member, or the room is gone. NotAllowed: not for members.
        """
        decide(await self._member(), verb)

    async def info(self) -> Room:
        """Name and age of the room, and its conversation."""
        await self.check("read")
        row, body = await read_room(self._vault, self.id)
        return Room(
            id=self.id,
            vault_id=VaultId(self._vault.id),
            name=body.name,
            session_id=SessionId(body.session_id),
            created_at=from_ms(row.at_ms),
            history=body.history,
        )

    async def rename(self, name: str) -> Room:
        """Give the room another name; its conversation bears it as title.

        Raises:
            BadInput, TooLarge: the name cannot be kept.
            NotAllowed: the caller does not own the room.
        """
        await self.check("rename")
        label = checked_name("room name", name, self._store.limits)

        async def attempt() -> None:
            roster = await read_roster(self._vault, self.id)
            decide(roster.find(self._user_id), "rename")
            await commit_change(self._vault, roster, body=replace(roster.body, name=label))
            await (await self.session()).change(title=label)

        await over_others(attempt)
        return await self.info()

    async def members(self) -> Sequence[Member]:
        """Who is in the room, in the order they joined: people and assistants."""
        await self.check("read")
        return (await read_roster(self._vault, self.id)).members

    async def assistants(self) -> Sequence[Assistant]:
        """Those who answer when they are mentioned, with name and purpose, in order of joining."""
        slugs = [member.user_id for member in await self.members() if member.kind == "assistant"]
        known = {a.slug: a for a in await Names(self._store, self._vault).assistants()}
        return [known[slug] for slug in slugs if slug in known]

    async def invite(
        self, user_id: str, *, role: MemberRole = "member", kind: MemberKind = "person"
    ) -> None:
        """Give somebody access; inviting again changes their role.

        Args:
            user_id: whom; of an assistant its slug. What the caller calls it and what it is for
                is then known in the room too.

        Raises:
            BadInput: the role is neither of the two, the name cannot be kept, an assistant would
                own the room, or the room would be left without an owner.
            NotAllowed: the caller does not own the room.
        """
        await self.check("invite")
        guest = Member(
            user_id=UserId(checked_guest(self._store, user_id, role, kind)),
            role=role,
            joined_at=self._store.clock(),
            kind=kind,
        )
        if kind == "assistant":
            await introduce(self._store, self._vault, self._user_id, guest.user_id)
        await admit(self._store, self._vault, self.id, self._user_id, guest)

    async def remove(self, user_id: str, *, kind: MemberKind = "person") -> Receipt | None:
        """Take somebody's access away, from their next call on.

        An owner who removes themselves leaves; see there for the receipt.

        Raises:
            NotAllowed: the caller does not own the room.
            NotFound: they are no member.
        """
        await self.check("remove")
        if kind == "person" and user_id == self._user_id:
            return await self.leave()
        await part(self._vault, self.id, self._user_id, (user_id, kind), "remove")
        return None

    async def leave(self) -> Receipt | None:
        """Give up one's own access. The last owner hands the room to whoever joined next.

        The last person's leaving erases the room, for nobody could read or erase it any more:
        then there is a receipt.
        """
        await self.check("read")
        if await part(self._vault, self.id, self._user_id, (self._user_id, "person"), "read"):
            return None
        try:
            return await erase_vault(self._store, self._vault)
        except (NotFound, VaultErased):
            raise NotFound("room") from None  # The same person, leaving twice at once.

    async def session(self) -> OpenSession:
        """The room's conversation; like the room, it asks before each call."""
        await self.check("read")
        _, body = await read_room(self._vault, self.id)
        found = await Sessions(self._store, self._vault, gate=self.check).open(body.session_id)
        window = await self.window()
        if window is None:
            return found
        return WindowedSession(self._store, self._vault, found.id, gate=self.check, window=window)

    async def window(self) -> Window | None:
        """From where on the member reads; None when it is everything.

        Raises:
            NotFound: no member, or the room is gone.
        """
        member = await self._member()
        decide(member, "read")
        if member is None or not member.first_seq:
            return None
        return Window(first_seq=member.first_seq, since=member.joined_at)

    async def visible(self, memories: Sequence[Memory]) -> Sequence[Memory]:
        """Those of the room's memories that the member may read: none rests on what was said
        before their history begins."""
        await self.check("read")
        return await memories_in(self._vault, await self.window(), memories)

    async def post(self, text: str, *, client_key: str | None = None) -> Message:
        """Say something in the room; durable on return. Nobody answers: see `post_in_room`.

        Raises:
            BadInput, TooLarge: it cannot be kept.
            NotFound: the caller is no member any more.
        """
        await self.check("write")
        session = await self.session()
        key = self.own_key(client_key)
        async with session.turn(text, author=self._user_id, client_key=key) as turn:
            return turn.messages[0]

    def own_key(self, client_key: str | None) -> str | None:
        """The member's client key as the room's conversation knows it; None for None.

        The conversation is of several: two who use the same key do not mean the same post.
        """
        if client_key is None:
            return None
        checked_name("client key", client_key, self._store.limits)
        whose = self._vault.keyring.tag(self._vault.raw, "room/poster", self._user_id)[:8].hex()
        return f"{whose}/{client_key}"

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
        as_you_type: bool = False,
        operators: bool = True,
    ) -> Hits:
        """Find what was said in the room; see `User.recall`."""
        await self.check("read")
        window = await self.window()
        if window is not None:
            # First by time, so that what is hidden takes nobody's place; then to the message.
            asked = edge(since, self._store.clock, end=False)
            since = window.since if asked is None else max(asked, window.since)
        hits = await recall(
            self._store,
            self._vault,
            question,
            limit=limit,
            since=since,
            until=until,
            speaker=speaker,
            include=include,
            neighbours=neighbours,
            as_you_type=as_you_type,
            operators=operators,
        )
        if window is None:
            return hits
        seen = await hits_in(self._vault, window, hits)
        return Hits(seen, confidence=hits.confidence)

    async def memories(self) -> Memories:
        """What was distilled from the room.

        Raises:
            NotAllowed: the member's history begins later: see `memory_page`.
        """
        await self.check("read")
        if await self.window() is not None:
            raise NotAllowed("read")
        return Memories(self._store, self._vault, gate=self.check)

    async def memory_page(self, *, cursor: str | None = None, limit: int = 50) -> MemoryPage:
        """What was distilled from the room, newest first, as far as the member may read it; a page
        may be short although more follow.

        Raises:
            BadInput: the cursor is none of ours, or the limit is not 1 to 1000.
        """
        await self.check("read")
        memories = Memories(self._store, self._vault, gate=self.check)
        page = await memories.page(cursor=cursor, limit=limit)
        return replace(page, memories=list(await self.visible(page.memories)))

    async def distill(self) -> int:
        """Take in what was said in the room since the last time, as `User.distill`."""
        await self.check("write")
        done = await distill_vault(self._store, self._vault)
        if done.failure is not None:
            raise done.failure
        return done.changed

    async def erase(self) -> Receipt:
        """Destroy the room for everybody.

        Raises:
            NotAllowed: the caller does not own the room.
        """
        await self.check("erase")
        return await erase_vault(self._store, self._vault)

    # Inside

    async def _member(self) -> Member | None:
        try:
            return await read_member(self._vault, self._user_id)
        except VaultErased:
            return None  # Its rows go in a moment.
