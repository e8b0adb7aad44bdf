"""One chat turn from input to answer, over the library: heard, recalled, answered, ended.

    async with aclosing(chat(user, session, "What's my favourite colour?")) as events:
        async for event in events: ...

Every turn goes through the one recorder, so whatever ends the iteration ends the turn: an error,
a cancelled task, a generator that is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.assistant.answering import Answerer
from holdfast.assistant.answers import Answering, Means, answer_of
from holdfast.assistant.events import Delta, Event, Finished, Started
from holdfast.assistant.gathering import Place
from holdfast.assistant.hearing import Heard, heard_in, input_before
from holdfast.assistant.options import ChatOptions
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.assistant.relay import Relay
from holdfast.assistant.speech.media_types import media_type_of
from holdfast.assistant.tools.registry import ToolSet
from holdfast.assistant.tools.standard import standard_tools
from holdfast.capture.inputs import Input
from holdfast.capture.parts import finish
from holdfast.errors import Conflict
from holdfast.keeper.access import ALL_SCOPES, Scope
from holdfast.model import MessageId

if TYPE_CHECKING:
    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.capture.turn import CutOff, TurnRecorder
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Assistant, Json, TurnStatus

__all__ = ["ChatOptions", "chat", "cut_off_by"]

_logger = logging.getLogger(__name__)
_CANCELLED_S = 10.0
"""How long an answer that was cancelled may take to end, its last words recorded."""


async def chat(
    user: User,
    session: OpenSession,
    text: str = "",
    *,
    client_key: str | None = None,
    given: Input | None = None,
    author: str | None = None,
    edits: str | None = None,
    answers: str | None = None,
    intent: str | None = None,
    entities: dict[str, Json] | None = None,
    tags: Sequence[str] = (),
    answerer: Answerer | None = None,
    fallback: Answerer | None = None,
    tools: ToolSet | None = None,
    scopes: frozenset[Scope] = ALL_SCOPES,
    transcriber: Transcriber | None = None,
    options: ChatOptions | None = None,
    room: OpenRoom | None = None,
    assistants: Sequence[Assistant] = (),
    stopping: asyncio.Event | None = None,
) -> AsyncGenerator[Event, None]:
    """Hear an input, answer it, and record both; the events of it as they happen.

    The order is Started, Transcribed (of speech), Recalled, then Delta, Thought, ToolStarted,
    ToolEnded and FellBack as they come, Finished; Failed may come in place of any but the first,
    and is the last then. In a room TakesTurn comes before what each of the assistants says.
    Close the iterator (`contextlib.aclosing`) to cancel the turn.

    Args:
        text: what was said; `given` instead carries audio, times and provider items.
        client_key: the caller's own key of this exchange. When it was answered before, the
            recorded answer comes again and nothing is written; when that answer broke off, the
            same input is answered anew, beside it.
        author: who says it, in a room.
        edits: id of a message that this one is another version of.
        answers: id of an input to answer again, or of an answer to make again; without a text.
        intent, entities, tags: what is known of the turn beforehand.
        answerer: who words the answer; one that only quotes when left out.
        fallback: who answers when the answerer fails, in the same turn.
        tools: what a model may call, within the scopes; the standard ones when left out.
        scopes: what the caller's credential lets them do.
        transcriber: what turns speech into text; without one speech is kept as a failed turn.
        room: the room that `session` is the conversation of. Recall, memories and what was said
            before come from it alone, and answers bear the name of the assistant.
        assistants: who answer, one after the other; the session's own when left out.
        stopping: set before a cancellation that comes from the process ending: the turn ends as
            interrupted then, not as cancelled.

    Raises, before the first event:
        BadInput, TooLarge: the input cannot be kept; nothing was written.
        NotFound: the session, or the message that is named, is not there.
        Conflict: another task is answering this client key just now; try again.
        StorageFailed: or one of its kinds; nothing was written.
    After it:
        NotFound, NotAllowed: the access to the room has ended meanwhile.
        StorageFailed: when even the failure could not be recorded; recovery ends the turn.
    """
    means = Means(
        by=answerer or QuotingAnswerer(),
        fallback=fallback,
        tools=standard_tools() if tools is None else tools,
        scopes=scopes,
        transcriber=transcriber,
        assistants=assistants,
        options=options or ChatOptions(),
    )
    place = Place(user=user, session=session, room=room)
    what = _input(text, given, author, edits, answers)
    heard = None
    if what.answers is not None:
        heard = await input_before(session, what.answers)
        what = replace(what, answers=heard.answered_id)
    opening = session.turn(
        given=what,
        client_key=client_key,
        intent=intent,
        entities=entities,
        tags=tags,
        model=means.by.name,
    ).when_cut_off(cut_off_by(stopping))
    async with opening as turn:
        heard = heard or heard_in(turn.messages, audio=what.audio)
        if not turn.replayed:
            # Closed with this one: left to itself the answer would go on after the turn's end.
            async with aclosing(_answered(turn, place, heard, means)) as events:
                async for event in events:
                    yield event
            return
    async with aclosing(_again(turn, place, heard, means, stopping)) as events:
        async for event in events:
            yield event


def _input(
    text: str, given: Input | None, author: str | None, edits: str | None, answers: str | None
) -> Input:
    what = given or Input(text=text)
    # What a recording is, its bytes say: what a client calls it is a hint.
    found = None if what.audio is None else media_type_of(what.audio)
    return replace(
        what,
        media_type=found or what.media_type,
        author=what.author if author is None else author,
        edits=what.edits if edits is None else MessageId(edits),
        answers=what.answers if answers is None else MessageId(answers),
    )


async def _again(
    recorded: TurnRecorder,
    place: Place,
    heard: Heard | None,
    means: Means,
    stopping: asyncio.Event | None,
) -> AsyncGenerator[Event, None]:
    """What a used client key gets: the recorded answer, or the first that was not broken off."""
    key, attempt = recorded.record.client_key, 1
    while recorded.record.status not in ("open", "complete") and heard is not None:
        attempt += 1
        if heard.is_unheard_speech:  # or heard in an attempt between
            heard = await input_before(place.session, heard.message.id)
        # A key of its own for each further answer, so that a retry of the retry is one too.
        opening = place.session.turn(
            client_key=f"{key}/answer-{attempt}", answers=heard.answered_id, model=means.by.name
        ).when_cut_off(cut_off_by(stopping))
        async with opening as recorded:
            if not recorded.replayed:
                async with aclosing(_answered(recorded, place, heard, means)) as events:
                    async for event in events:
                        yield event
                return
    if recorded.record.status == "open":
        raise Conflict("this message is being answered just now")
    yield _started(recorded, heard, replayed=True)
    if recorded.answer:
        yield Delta(turn_id=recorded.id, text=recorded.answer)
    yield Finished(
        turn_id=recorded.id,
        status=recorded.record.status,
        message=answer_of(recorded),
        replayed=True,
    )


async def _answered(
    turn: TurnRecorder, place: Place, heard: Heard | None, means: Means
) -> AsyncGenerator[Event, None]:
    """The events of a turn that is open, until it has its final status."""
    yield _started(turn, heard)
    relay = Relay()
    answering = asyncio.create_task(Answering(turn, place, heard, means, relay).run())
    answering.add_done_callback(lambda _: relay.close())
    try:
        while (told := await relay.next()) is not None:
            event, taken = told
            yield event
            taken()
        last = await answering
    except (asyncio.CancelledError, GeneratorExit):
        # Nobody takes what it tells from here on: waiting for that, it would never end.
        relay.close()
        await finish(_ended(answering))
        raise
    yield last


def cut_off_by(stopping: asyncio.Event | None) -> CutOff:
    """How a turn ends whose task is cancelled: interrupted, when it is the process that ends."""

    def status() -> TurnStatus:
        return "interrupted" if stopping is not None and stopping.is_set() else "cancelled"

    return status


async def _ended(answering: asyncio.Task[Event]) -> None:
    """Cancel the task and wait for its last word; what it could not record is raised.

    A model or a tool may swallow the cancellation and go on: then it is left to itself. The turn
    ends without it, and refuses what it still has to say.
    """
    answering.cancel()
    if not (await asyncio.wait({answering}, timeout=_CANCELLED_S))[0]:
        _logger.error("an answer cannot be cancelled", extra={"action": "chat.cancel"})
        return
    if not answering.cancelled() and (error := answering.exception()) is not None:
        raise error


def _started(turn: TurnRecorder, heard: Heard | None, *, replayed: bool = False) -> Started:
    message = None if heard is None else heard.message
    return Started(turn_id=turn.id, session_id=turn.session_id, message=message, replayed=replayed)
