"""The rooms that a socket listens to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.errors import BadInput, NotFound
from holdfast.server.schemas.events import JoinedEvent, LeftEvent, PresentEvent, TypingEvent
from holdfast.server.schemas.frames import JoinFrame
from holdfast.server.shown import message_out
from holdfast.server.talking.listeners import Listener
from holdfast.server.talking.talk import Seat, Talk
from holdfast.server.talking.told import Told

if TYPE_CHECKING:
    from holdfast.keeper.open_room import OpenRoom
    from holdfast.keeper.users import User
    from holdfast.server.talking.talks import Talks

__all__ = ["HISTORY", "Joined", "JoinedRooms"]

HISTORY = 20
_MAX_ROOMS = 50
_TYPING_EVERY_S = 1.0


class Joined:
    """A room as one socket listens to it."""

    __slots__ = ("room", "talk", "typed_at")

    def __init__(self, room: OpenRoom, talk: Talk) -> None:
        self.room = room
        self.talk = talk
        self.typed_at = float("-inf")


class JoinedRooms:
    """Joins and leaves rooms for one listener."""

    def __init__(
        self,
        user: User,
        talks: Talks,
        listener: Listener,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._user = user
        self._talks = talks
        self._listener = listener
        self._monotonic = monotonic
        self._rooms: dict[str, Joined] = {}

    def get(self, room_id: str) -> Joined:
        """A room that was joined.

        Raises:
            NotFound: it was not, or access to it has ended.
        """
        joined = self._rooms.get(room_id)
        if joined is None:
            raise NotFound("room")
        return joined

    def all(self) -> list[Joined]:
        """Those that were joined."""
        return list(self._rooms.values())

    async def join(self, frame: JoinFrame) -> None:
        """Listen to a room: what it holds first, or what was missed.

        Raises:
            NotFound: unknown, or the caller is no member.
            BadInput: it was joined already, or too many were.
        """
        if frame.room_id in self._rooms:
            raise BadInput("room_id", "it was joined already: leave it first")
        if len(self._rooms) >= _MAX_ROOMS:
            raise BadInput("room_id", "too many rooms were joined: leave one first")
        room = await self._user.rooms.open(frame.room_id)
        while not await self._seated(room, frame.after_seq):
            pass

    async def _seated(self, room: OpenRoom, after_seq: int | None) -> bool:
        session = await room.session()
        talk = self._talks.of(session, side_by_side=True)
        await talk.forget_removed()
        place, resumed = talk.mark(after_seq)
        if await room.window() is not None:
            # What is kept for who comes back may be from before they joined.
            place, resumed = talk.seq, False
        name = (await room.info()).name
        messages = [] if resumed else await session.messages(last=HISTORY)
        shown = JoinedEvent(
            room_id=room.id,
            name=name,
            messages=[message_out(message) for message in messages],
            resumed=resumed,
        )
        seat = Seat(check=lambda: room.check("read"), lost=lambda: self._lost(room.id))
        # The talk may have been let go of meanwhile, because nobody needed it.
        talk = self._talks.of(session, side_by_side=True)
        first = Told(place, session.id, shown=shown)
        if not talk.join(self._listener, place, seat=seat, first=first):
            return False
        self._rooms[room.id] = Joined(room, talk)
        talk.show_presence(lambda users: PresentEvent(room_id=room.id, user_ids=users))
        if not await talk.check_seats() and room.id in self._rooms:
            shown_now = PresentEvent(room_id=room.id, user_ids=talk.present)
            self._listener.tell(talk.seq, session.id, shown_now)
        return True

    async def leave(self, room_id: str) -> None:
        """Stop listening to a room; its member one stays.

        Raises:
            NotFound: it was not joined.
        """
        joined = self.get(room_id)
        del self._rooms[room_id]
        joined.talk.leave(self._listener)
        self._tell_left(joined, LeftEvent(room_id=room_id, reason="left"))
        await joined.talk.check_seats()

    async def type_in(self, room_id: str) -> None:
        """Show the others that somebody writes; more often than once a second it is left out.

        Raises:
            NotFound: it was not joined, or access has ended.
        """
        joined = self.get(room_id)
        now = self._monotonic()
        if now < joined.typed_at + _TYPING_EVERY_S:
            return
        joined.typed_at = now
        await joined.room.check("write")
        shown = TypingEvent(room_id=room_id, user_id=self._user.id)
        await joined.talk.tell_others(shown, but=self._listener)

    def leave_all(self) -> None:
        """Stop listening to every room."""
        for joined in self._rooms.values():
            joined.talk.leave(self._listener)
        self._rooms.clear()

    def _lost(self, room_id: str) -> None:
        joined = self._rooms.pop(room_id, None)
        if joined is not None:
            self._listener.drop(joined.talk.session.id)
            self._tell_left(joined, LeftEvent(room_id=room_id, reason="not_found"))

    def _tell_left(self, joined: Joined, shown: LeftEvent) -> None:
        self._listener.tell(joined.talk.seq, joined.talk.session.id, shown)
