"""Between the routes of rooms and the talks: what is posted is heard there, and who is out hears no
more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Request
from msgspec import Struct

from holdfast.keeper.access import Caller
from holdfast.keeper.open_room import OpenRoom
from holdfast.keeper.users import User
from holdfast.model import TurnId
from holdfast.server.talking.answers import Said

if TYPE_CHECKING:
    from holdfast.server.talking.talks import Talks

__all__ = ["Posted", "post_and_wait", "release"]


class Posted(Struct, frozen=True, kw_only=True):
    """A turn that has its final status."""

    turn_id: TurnId
    replayed: bool


async def post_and_wait(
    request: Request, owner: User, caller: Caller, room: OpenRoom, text: str, key: str | None
) -> Posted:
    """Post in a room's talk, where its sockets hear it, and wait until all have answered.

    The turn belongs to the talk: it goes on when the client that began it is gone.
    """
    talks: Talks = request.app.state.talks
    talk = talks.of(await room.session(), side_by_side=True)
    said = Said(text=text, client_key=key)
    happening = talks.answers.in_room(owner, room, said, caller=caller)
    run = talk.say(happening, client_key=key, by=None, who=owner.id)
    return Posted(turn_id=await run.ended(), replayed=run.replayed)


@asynccontextmanager
async def release(
    request: Request, room: OpenRoom, *, forgets: bool = False
) -> AsyncIterator[None]:
    """Around a change of who is in a room: whoever is out then hears nothing more, at once.

    Args:
        forgets: the room goes: nothing of what was told is kept for whoever comes back.
    """
    talks: Talks = request.app.state.talks
    session = await room.session()
    yield
    if forgets:
        talks.forget(session.vault.raw)
    talk = talks.known(session)
    if talk is not None:
        await talk.check_seats()
