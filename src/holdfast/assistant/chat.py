"""One chat turn from input to answer, over the library: heard, recalled, answered, ended.

    async with aclosing(chat(user, session, "What's my favourite colour?")) as events:
        async for event in events: ...

Every turn goes through the one recorder, so whatever ends the iteration ends the turn: an error,
a cancelled task, a generator that is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING

from holdfast.assistant.answering import Answerer, Asked
from holdfast.assistant.events import Delta, Event, Failed, Finished, Recalled, Started
from holdfast.assistant.quoting import QuotingAnswerer, is_echo
from holdfast.errors import Conflict, HoldfastError, NotFound
from holdfast.model import SessionId

if TYPE_CHECKING:
    from holdfast.capture.turn import Input, TurnRecorder
    from holdfast.keeper.recalling import Hit
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import Message

__all__ = ["chat"]

_POOLS = (40, 400)
"""Hits looked at first, and when all of those were repetitions of the question and its answers."""
_RECALLED_CHARS = 4_000
"""Of a longer input this much is looked up: its words are many enough."""


async def chat(
    user: User,
    session: OpenSession,
    text: str,
    *,
    client_key: str | None = None,
    given: Input | None = None,
    answerer: Answerer | None = None,
    stopping: asyncio.Event | None = None,
) -> AsyncGenerator[Event, None]:
    """Hear an input, answer it, and record both; the events of it as they happen.

    The order is Started, Recalled, Delta..., Finished; Failed may come in place of any but the
    first, and is the last then. Close the iterator (`contextlib.aclosing`) to cancel the turn.

    Args:
        text: what was said; `given` instead carries audio, times and provider items.
        client_key: the caller's own key of this exchange. When it was answered before, the
            recorded answer comes again and nothing is written; when that answer broke off, the
            same input is answered anew, beside it.
        answerer: who words the answer; one that only quotes when left out.
        stopping: set before a cancellation that comes from the process ending: the turn ends as
            interrupted then, not as cancelled.

    Raises, before the first event:
        BadInput, TooLarge: the input cannot be kept; nothing was written.
        NotFound: the session is not there.
        Conflict: another task is answering this client key just now; try again.
        StorageFailed: or one of its kinds; nothing was written.
    After it:
        StorageFailed: when even the failure could not be recorded; recovery ends the turn.
    """
    by = answerer or QuotingAnswerer()
    spoken = text if given is None else given.text
    opening = session.turn(text, client_key=client_key, given=given, model=by.name)
    async with opening as turn:
        heard = _input_of(turn)
        if not turn.replayed:
            async for event in _answered(user, turn, heard, spoken, by, stopping):
                yield event
            return
    async for event in _again(user, session, turn, by, stopping):
        yield event


async def _again(
    user: User,
    session: OpenSession,
    recorded: TurnRecorder,
    by: Answerer,
    stopping: asyncio.Event | None,
) -> AsyncGenerator[Event, None]:
    """What a used client key gets: the recorded answer, or the first that was not broken off."""
    heard, key = _input_of(recorded), recorded.record.client_key
    attempt = 1
    while recorded.record.status not in ("open", "complete") and heard is not None:
        attempt += 1
        # A key of its own for each further answer, so that a retry of the retry is one too.
        opening = session.turn(
            client_key=f"{key}/answer-{attempt}", answers=heard.id, model=by.name
        )
        async with opening as recorded:
            if not recorded.replayed:
                async for event in _answered(user, recorded, heard, heard.text, by, stopping):
                    yield event
                return
    if recorded.record.status == "open":
        raise Conflict("this message is being answered just now")
    yield Started(turn_id=recorded.id, session_id=recorded.session_id, message=heard, replayed=True)
    if recorded.answer:
        yield Delta(turn_id=recorded.id, text=recorded.answer)
    yield Finished(
        turn_id=recorded.id,
        status=recorded.record.status,
        message=_answer_of(recorded),
        replayed=True,
    )


async def _answered(
    user: User,
    turn: TurnRecorder,
    heard: Message | None,
    text: str,
    by: Answerer,
    stopping: asyncio.Event | None,
) -> AsyncGenerator[Event, None]:
    yield Started(turn_id=turn.id, session_id=turn.session_id, message=heard)
    try:
        hits = await _recalled(user, turn, text)
        yield Recalled(turn_id=turn.id, hits=hits)
        asked = Asked(
            text=text, hits=hits, now=turn.log.clock(), assistants=await _assistants(user, hits)
        )
        async with turn.stream() as answer:
            async for piece in by.answer(asked):
                if not isinstance(piece, str):
                    continue
                await answer.write(piece)
                yield Delta(turn_id=turn.id, text=piece)
        await turn.end("complete")
    except (asyncio.CancelledError, GeneratorExit):
        if stopping is not None and stopping.is_set() and turn.record.status == "open":
            await turn.end("interrupted")
        raise
    except Exception as exc:  # noqa: BLE001  # recorded as the turn's failure, and told
        yield await _failed(turn, exc)
    else:
        yield Finished(turn_id=turn.id, status="complete", message=_answer_of(turn))


async def _failed(turn: TurnRecorder, error: Exception) -> Failed:
    recorded = await turn.error(error)
    await turn.end("failed")
    # An error of another library may quote what was said, so only our own words are passed on.
    said = str(error) if isinstance(error, HoldfastError) else "the answer could not be made"
    return Failed(turn_id=turn.id, code=recorded.error_code or "error", message=said)


async def _recalled(user: User, turn: TurnRecorder, text: str) -> tuple[Hit, ...]:
    """What was said about it, without this turn, its repetitions, and answers that only quoted."""
    question = text[:_RECALLED_CHARS]
    if not question.strip().strip("\0"):
        return ()
    for limit in _POOLS:
        hits = await user.recall(question, limit=limit, neighbours=0)
        telling = tuple(hit for hit in hits if _is_news(hit, turn, text))
        if telling or len(hits) < limit:
            return telling[: _POOLS[0]]
    return ()


def _is_news(hit: Hit, turn: TurnRecorder, text: str) -> bool:
    message = hit.message
    return message is None or (message.turn_id != turn.id and not is_echo(message, text))


async def _assistants(user: User, hits: tuple[Hit, ...]) -> Mapping[SessionId, str]:
    """With whom the sessions were held in which an assistant said one of the hits."""
    found: dict[SessionId, str] = {}
    spoken = {h.message.session_id for h in hits if h.message and h.message.role == "assistant"}
    names = {a.slug: a.name for a in await user.names.assistants()} if spoken else {}
    for session_id in spoken:
        try:
            slug = (await (await user.sessions.open(session_id)).info()).assistant
        except NotFound:  # forgotten since it was found
            continue
        if slug is not None:
            found[session_id] = names.get(slug, slug)
    return found


def _input_of(turn: TurnRecorder) -> Message | None:
    return next((m for m in turn.messages if m.role not in ("assistant", "tool")), None)


def _answer_of(turn: TurnRecorder) -> Message | None:
    texts = [m for m in turn.messages if m.role == "assistant" and m.kind == "text"]
    return texts[-1] if texts else None
