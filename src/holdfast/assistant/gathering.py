"""What an answerer is given with an input: what recall found, what was said just before, and who
is asked.

In a room all of it comes from the room, and nothing from anything that is its caller's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.assistant.answering import Asked
from holdfast.assistant.phrasing import language_of
from holdfast.assistant.quoting import echoes_of
from holdfast.keeper.contexts import (
    build_context,
    fence_of,
    fitting,
    profile_of,
    summary_of,
)
from holdfast.keeper.memory_facts import offered_to
from holdfast.model import SessionId, Used
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.assistant.options import ChatOptions
    from holdfast.capture.turn import TurnRecorder
    from holdfast.keeper.recalling import Hit
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Assistant, Message, Session

__all__ = ["Place", "asked_of", "recalled"]

_POOLS = (24, 400)
"""Hits looked at first, and when all of those were repetitions of the question and its answers."""
_ALWAYS = 8
_UNLIKELY, _BEHIND = -5.0, 4.0
"""A message behind the first eight is left out when its score, which is log-odds, is below the one
and so far behind the best: on the development data that halves what an assistant is given of a
person's past, and leaves out less than one piece of evidence in two hundred. A memory stands alone
and scores lower: it stays."""
_RECALLED_CHARS = 4_000
"""Of a longer input this much is looked up: its words are many enough."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a turn takes place, and whose recall serves it."""

    user: User
    session: OpenSession
    room: OpenRoom | None = None
    info: Session | None = None
    """What the session is as the turn is answered, read once for all that asks; None in a room."""

    @property
    def keeps(self) -> bool:
        """Whether what is said here is kept with what is the user's or the room's."""
        return self.room is not None or self.session.vault.raw == self.user.vault.raw

    @property
    def project(self) -> str | None:
        """The slug of the project that the session is held for; a room has none."""
        return None if self.info is None else self.info.project

    @property
    def host(self) -> str | None:
        """The slug of the assistant that the session is held with."""
        return None if self.info is None else self.info.assistant

    async def looked_at(self) -> Place:
        """The same, with what the session is now.

        Raises:
            NotFound: it was forgotten.
        """
        return self if self.room is not None else replace(self, info=await self.session.info())

    async def recall(self, question: str, *, limit: int) -> Sequence[Hit]:
        """What recall finds here: nothing of another project than the session's own."""
        if self.room is not None:
            return await self.room.recall(question, limit=limit, neighbours=0, operators=False)
        return await self.user.recall(
            question,
            limit=limit,
            neighbours=0,
            within_project=self.project,
            operators=False,
        )


async def recalled(
    place: Place, turn: TurnRecorder, heard: Message | None, text: str
) -> tuple[Hit, ...]:
    """What was said about it, without this turn, its repetitions, and answers that only quoted."""
    question = text[:_RECALLED_CHARS]
    if not question.strip().strip("\0"):
        return ()
    here = {turn.id} if heard is None else {turn.id, heard.turn_id}
    is_echo = echoes_of(text)
    for limit in _POOLS:
        hits = await place.recall(question, limit=limit)
        telling = tuple(
            hit
            for hit in hits
            if (said := hit.message) is None or (said.turn_id not in here and not is_echo(said))
        )
        if telling:
            floor = min(_UNLIKELY, telling[0].score - _BEHIND)
            telling = tuple(
                hit
                for place, hit in enumerate(telling)
                if place < _ALWAYS or hit.memory is not None or hit.score >= floor
            )
        if telling or len(hits) < limit:
            return telling[: _POOLS[0]]
    return ()


async def asked_of(
    place: Place,
    turn: TurnRecorder,
    heard: Message | None,
    text: str,
    hits: tuple[Hit, ...],
    options: ChatOptions,
) -> Asked:
    """The input with all that belongs to it, within the budget: the recent messages first, for
    half of it at most, and what was recalled for the rest."""
    count = options.context_messages if place.room is None else options.context_room_messages
    before = [] if heard is None else await _before(place.session, heard, count)
    recent, taken = fitting(before, budget_tokens=options.context_tokens // 2)
    shown = {message.id for message in recent}
    owner = place.user.vault if place.room is None else place.session.vault
    store = place.user.store
    remembered = await offered_to(store, owner, await store.known.memories(owner), place.project)
    if place.room is not None:
        remembered = list(await place.room.visible(remembered))
    context = build_context(
        (),
        [hit for hit in hits if hit.message is None or hit.message.id not in shown],
        budget_tokens=options.context_tokens - taken,
        profile=profile_of(remembered, turn.log.clock()),
        summary=None
        if recent and len(recent) < count
        else summary_of(remembered, place.session.id),
        fence=fence_of(place.session.vault, place.session.id),
    )
    slug = place.host
    held_with = {} if place.room else await _held_with(place, hits, slug)
    known = await _known(place.user, {slug, *held_with.values()})
    host = known.get(slug or "")
    return Asked(
        text=text,
        hits=hits,
        now=turn.log.clock(),
        assistants={
            session: known[slug].name if slug in known else slug
            for session, slug in held_with.items()
        },
        context=context.text if context.pieces else "",
        used=tuple(Used(id=piece.id, section=piece.section) for piece in context.pieces),
        recent=tuple(recent),
        assistant=host.name if host else "",
        purpose=host.purpose if host else "",
        author=None if heard is None else heard.author,
        # Read only where it counts: what is asked tells its language nearly always.
        language="" if language_of(text) else (await place.user.preferences()).language,
    )


async def _before(session: OpenSession, heard: Message, count: int) -> list[Message]:
    """The latest messages of the branch that leads to an input, oldest first."""
    window = count + 8
    while True:
        # Forgotten ones too: the branch leads through them.
        known = await session.messages(last=window, forgotten=True)
        by_id = {message.id: message for message in known}
        found: list[Message] = []
        step = heard.parent_id
        while step in by_id and len(found) < count:
            message = by_id[step]
            step = message.parent_id
            if _is_shown(message):
                found.append(message)
        if step is None or len(found) == count or len(known) < window:
            return found[::-1]
        # A branch that leaves the shown one far back: most do not.
        window *= 8


def _is_shown(message: Message) -> bool:
    """Whether a model is told of it: reasoning was thought, and errors are none of its business."""
    if message.forgotten or message.kind in ("reasoning", "error"):
        return False
    return message.tool is not None or bool(message.text.strip())


async def _held_with(place: Place, hits: tuple[Hit, ...], here: str | None) -> dict[SessionId, str]:
    """With whom the sessions were held in which an assistant said one of the hits, by slug."""
    spoken = {h.message.session_id for h in hits if h.message and h.message.role == "assistant"}
    others = await Reader(place.user.vault).sessions(spoken - {place.session.id})
    found = {other.id: other.assistant for other in others}
    if place.session.id in spoken:
        found[place.session.id] = here
    return {session: slug for session, slug in found.items() if slug is not None}


async def _known(user: User, slugs: set[str | None]) -> dict[str, Assistant]:
    """What is known of these assistants, in one read; nothing is read for nobody."""
    if not slugs - {None}:
        return {}
    return {a.slug: a for a in await user.names.assistants() if a.slug in slugs}
