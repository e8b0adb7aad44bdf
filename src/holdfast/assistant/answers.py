"""The middle of a chat turn: heard, recalled, answered, with a fallback, and ended.

It runs as a task of its own, because a model's tools have things to tell while the model is
waited for. What it tells goes through a `Relay`; what it returns is the turn's last event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.assistant.answering import (
    NO_TOOLS,
    Answerer,
    Asked,
    context_tokens_of,
    takes_tools,
    used_by,
)
from holdfast.assistant.calling import TurnTools
from holdfast.assistant.events import Failed, FellBack, Finished, Recalled, TakesTurn
from holdfast.assistant.gathering import Place, asked_of, recalled
from holdfast.assistant.hearing import Heard, transcribed
from holdfast.assistant.options import ChatOptions
from holdfast.assistant.pace import Pace
from holdfast.assistant.relay import Relay
from holdfast.assistant.saying import Saying
from holdfast.assistant.tools.registry import ToolContext, ToolSet
from holdfast.capture.parts import error_code_of
from holdfast.errors import HoldfastError, ModelFailed, ModelIncomplete, ModelRepeats
from holdfast.keeper.access import Scope
from holdfast.keeper.thoughts import Thoughts

if TYPE_CHECKING:
    from holdfast.assistant.answering import Piece, Toolbox
    from holdfast.assistant.speech.transcribing import Transcriber
    from holdfast.capture.turn import TurnRecorder
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Assistant, Json, Message

__all__ = ["Answering", "Means", "answer_of"]

_logger = logging.getLogger(__name__)


class Means(Struct, frozen=True, kw_only=True):
    """Who answers, and with what."""

    by: Answerer
    fallback: Answerer | None
    tools: ToolSet
    scopes: frozenset[Scope]
    transcriber: Transcriber | None
    assistants: Sequence[Assistant]
    """Who answer, one after the other; empty for the one that the session is held with."""
    options: ChatOptions


class _Broke(Exception):
    """The answerer failed, and not the recording of what it said."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


class Answering:
    """One turn between its input and its end."""

    def __init__(
        self, turn: TurnRecorder, place: Place, heard: Heard | None, means: Means, relay: Relay
    ) -> None:
        self._turn = turn
        self._place = place
        self._heard = heard
        self._means = means
        self._relay = relay
        options = means.options
        self._pace = Pace(options.model_timeout_s)
        self._saying = Saying(turn, relay, max_chars=options.max_answer_chars)
        self._tools = self._toolbox()
        self._text = ""
        self._hits: tuple[Hit, ...] = ()
        self._gathered: dict[int, Asked] = {}

    async def run(self) -> Finished | Failed:
        """Answer and end the turn, whatever comes of it; returns the event that tells how.

        Raises:
            HoldfastError: the end could not be recorded.
        """
        try:
            await self._answer()
            # What was said last and the end of the turn are one write.
            await self._turn.end("complete", entities=self._usage())
        except Exception as exc:  # noqa: BLE001  # recorded as the turn's failure, and told
            return await self._failed(self._tools.failure or exc)
        finally:
            self._pace.close()
        await self._log_reasoning()
        return Finished(turn_id=self._turn.id, status="complete", message=answer_of(self._turn))

    async def _answer(self) -> None:
        text = await self._understood()
        self._place = await self._place.looked_at()
        message = None if self._heard is None else self._heard.message
        hits = await recalled(self._place, self._turn, message, text)
        await self._relay.tell(Recalled(turn_id=self._turn.id, hits=hits))
        self._text, self._hits = text, hits
        for assistant in self._means.assistants or (None,):
            await self._answered_by(assistant)

    async def _understood(self) -> str:
        """What was said, in words."""
        heard = self._heard
        if heard is None or not heard.is_unheard_speech:
            return "" if heard is None else heard.text
        place, by = self._place, self._means.transcriber
        event = await transcribed(place.session, self._turn, heard, by)
        await self._relay.tell(event)
        return event.message.text

    async def _asked(self, by: Answerer, assistant: Assistant | None) -> Asked:
        """What an answerer is given, as much as it can take; gathered once for each such size."""
        options = self._means.options
        size = context_tokens_of(by, options.context_tokens)
        if size not in self._gathered:
            message = None if self._heard is None else self._heard.message
            options = replace(options, context_tokens=size)
            self._gathered[size] = await asked_of(
                self._place, self._turn, message, self._text, self._hits, options
            )
        asked = self._gathered[size]
        if assistant is None:
            return asked
        return replace(asked, assistant=assistant.name, purpose=assistant.purpose)

    async def _answered_by(self, assistant: Assistant | None) -> None:
        author = None
        if assistant is not None:
            author = None if self._place.room is None else assistant.slug
        if author is not None:
            await self._saying.settle()
            await self._relay.tell(TakesTurn(turn_id=self._turn.id, assistant=author))
        asked, before = await self._asked(self._means.by, assistant), self._turn.used
        try:
            await self._said(self._means.by, asked, author)
        except _Broke as broke:
            if self._means.fallback is None or self._tools.failure is not None:
                raise broke.cause from None
            await self._fall_back(self._means.fallback, broke.cause)
            self._turn.used = before
            asked = await self._asked(self._means.fallback, assistant)
            await self._said(self._means.fallback, asked, author)

    async def _said(self, by: Answerer, asked: Asked, author: str | None) -> None:
        """Record all that an answerer says.

        Raises:
            _Broke: it failed.
            AnswerTooLong: it was stopped.
            HoldfastError: what it said could not be recorded.
        """
        await self._saying.settle()
        self._saying.begin(author)
        # Of several who answer in one turn, what any of them was given.
        self._turn.used = tuple(dict.fromkeys((*self._turn.used, *used_by(by, asked))))
        async with AsyncExitStack() as stack:
            pieces = _begun(by, asked, self._tools if takes_tools(by) else NO_TOOLS)
            stack.push_async_callback(_closed, pieces)
            while (piece := await self._next(pieces)) is not None:
                _check_cancelled()
                try:
                    await self._saying.take(piece)
                except ModelRepeats as exc:
                    raise _Broke(exc) from None
        if self._tools.failure is not None:
            raise self._tools.failure
        if not self._saying.answered:
            raise _Broke(ModelIncomplete())

    async def _next(self, pieces: AsyncIterator[Piece]) -> Piece | None:
        # SystemExit: what calls `sys.exit` in a model's package ends its answer, and no process.
        # Out of a task it would end the loop, and with it everybody's turns.
        try:
            return await self._pace.next(pieces)
        except Exception as exc:
            raise _Broke(exc) from exc
        except SystemExit as exc:
            raise _Broke(ModelFailed()) from exc
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled this turn: something inside the answerer was, and it let that out.
            raise _Broke(ModelFailed()) from None

    async def _fall_back(self, to: Answerer, error: Exception) -> None:
        """Record why the first answerer failed, and who answers in its stead."""
        await self._saying.settle()
        await self._turn.error(error)
        await self._turn.annotate(model=to.name)
        code = error_code_of(error)
        await self._relay.tell(FellBack(turn_id=self._turn.id, model=to.name, code=code))

    async def _failed(self, error: Exception) -> Failed:
        error = error.cause if isinstance(error, _Broke) else error
        await self._saying.settle()
        recorded = await self._turn.error(error)
        await self._turn.end("failed", entities=self._usage())
        code = recorded.error_code or "error"
        return Failed(turn_id=self._turn.id, code=code, message=_told(error))

    async def _log_reasoning(self) -> None:
        """What the model reasoned, as thoughts. The turn has ended: nothing here changes that."""
        place = self._place
        reasoned = [m for m in self._turn.messages if m.kind == "reasoning" and m.text.strip()]
        if not reasoned or not self._means.options.log_reasoning or not place.keeps:
            return
        thoughts = Thoughts(place.user.store, place.session.vault)
        try:
            slug = (await place.session.info()).assistant or "assistant"
            for message in reasoned:
                await thoughts.repeat(message.author or slug, message)
        except HoldfastError as exc:
            extra = {"action": "turn.thoughts", "code": exc.code, "turn_id": self._turn.id}
            _logger.error("reasoning not noted as thoughts", extra=extra)

    def _usage(self) -> dict[str, Json] | None:
        """What the turn was about, with what its answer took; None when nothing was told."""
        usages = self._saying.usages
        if not usages:
            return None
        usage: dict[str, Json] = {
            "model": usages[-1].model,
            "input_tokens": sum(usage.input_tokens for usage in usages),
            "output_tokens": sum(usage.output_tokens for usage in usages),
        }
        return {**self._turn.record.entities, "usage": usage}

    def _toolbox(self) -> TurnTools:
        place, means = self._place, self._means
        context = ToolContext(
            user=place.user,
            now=self._turn.log.clock(),
            scopes=means.scopes,
            session=place.session,
            room=place.room,
            heard=None if self._heard is None else self._heard.message,
            base_url=means.options.base_url,
        )
        offered = means.tools.offered(
            scopes=means.scopes,
            destructive=means.options.destructive_tools,
            room=place.room is not None,
            ephemeral=not place.keeps,
        )
        return TurnTools(
            self._turn, offered, context, self._saying, self._relay, self._pace, means.options
        )


def answer_of(turn: TurnRecorder) -> Message | None:
    """The turn's last answer."""
    texts = [m for m in turn.messages if m.role == "assistant" and m.kind == "text"]
    return texts[-1] if texts else None


def _told(error: Exception) -> str:
    """For people: what happened and what to do. The code to look up stands beside it.

    An error of another library may quote what was said, so only our own words are passed on.
    """
    if isinstance(error, HoldfastError):
        return str(error)
    return "the answer could not be made: what you said is kept, try again"


def _check_cancelled() -> None:
    """Go on with a cancellation that an answerer or a tool has swallowed."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _begun(by: Answerer, asked: Asked, tools: Toolbox) -> AsyncIterator[Piece]:
    try:
        return by.answer(asked, tools)
    except Exception as exc:
        raise _Broke(exc) from exc
    except SystemExit as exc:
        raise _Broke(ModelFailed()) from exc


async def _closed(pieces: AsyncIterator[Piece]) -> None:
    """Close an answerer's iterator where it can be: that lets go of its connection."""
    close = getattr(pieces, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception as exc:
        raise _Broke(exc) from exc
    except SystemExit as exc:
        raise _Broke(ModelFailed()) from exc
