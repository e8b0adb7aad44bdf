"""One chat turn, and one call of a model, as an operator sees them.

A turn is watched by its events, on their way to whoever listens: what is told here is what was told
to them. Attributes follow OpenTelemetry's conventions for generative models, without their content.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from contextvars import ContextVar
from typing import TYPE_CHECKING

from holdfast import errors
from holdfast.assistant.answering import (
    NO_TOOLS,
    Answerer,
    Asked,
    Piece,
    Toolbox,
    Usage,
    prepare,
    takes_tools,
)
from holdfast.assistant.events import (
    Event,
    Failed,
    FellBack,
    Finished,
    Recalled,
    Started,
    ToolEnded,
    ToolStarted,
    Transcribed,
)
from holdfast.server.observing.metrics import code_label
from holdfast.server.observing.observer import Here, Observer, code_of, here
from holdfast.server.observing.tracing import NO_SPAN, Span

if TYPE_CHECKING:
    from holdfast.model import TurnStatus

__all__ = ["ObservedAnswerer", "observed"]

_logger = logging.getLogger(__name__)
_TURN: ContextVar[_Turn | None] = ContextVar("holdfast_turn", default=None)
_UNHEARD = frozenset(
    {errors.TranscriptionFailed.code}
    | {kind.code for kind in errors.TranscriptionFailed.__subclasses__()}
    | {errors.NotAudio.code}
)
_MODEL = frozenset(
    {errors.ModelFailed.code} | {kind.code for kind in errors.ModelFailed.__subclasses__()}
)


async def observed(
    events: AsyncGenerator[Event, None],
    observer: Observer,
    *,
    stopping: asyncio.Event,
) -> AsyncGenerator[Event, None]:
    """The same events, in the same order; what goes wrong in them goes wrong here.

    Args:
        stopping: set when a cancellation means that the process ends.
    """
    turn: _Turn | None = None
    async with aclosing(events):
        try:
            async for event in events:
                if isinstance(event, Started) and not event.replayed:
                    turn = _Turn(observer, event)
                    # This task is the turn's own; what it begins is of this turn.
                    _TURN.set(turn)
                if turn is not None and event.turn_id == turn.turn_id:
                    turn.saw(event)
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            if turn is not None:
                turn.end("interrupted" if stopping.is_set() else "cancelled")
            raise
        except Exception as exc:
            if turn is not None:
                turn.end("failed", code=code_of(exc))
            raise


class _Turn:
    """What is gathered of one turn, from its durable input to its end."""

    def __init__(self, observer: Observer, started: Started) -> None:
        self.turn_id = started.turn_id
        self.model: str | None = None
        self.input_tokens = 0
        self.output_tokens = 0
        self._observer = observer
        self._session_id = started.session_id
        self._here: Here | None = here()
        self._began = time.perf_counter()
        self._mark = (self._began, time.time_ns())
        self._recall_ms: float | None = None
        self._tools = 0
        self._open_tools: dict[str, tuple[str, Span]] = {}
        self._ended = False
        place = self._here
        # A socket is open for hours: each turn over it is a trace of its own.
        above = NO_SPAN if place is None or place.is_socket else place.span
        self.span = observer.tracing.begin("invoke_agent", above=above)
        self.span.set("gen_ai.operation.name", "invoke_agent")
        self.span.set("gen_ai.conversation.id", started.session_id)
        self.span.set("holdfast.turn_id", started.turn_id)
        if place is not None:
            self.span.set("holdfast.request_id", place.request_id)

    def saw(self, event: Event) -> None:
        """Note an event."""
        metrics = self._observer.metrics
        match event:
            case Transcribed():
                metrics.transcriptions.labels("done").inc()
                self._step("transcribe")
            case Recalled():
                taken_s = self._step("recall")
                metrics.recall_s.labels("turn").observe(taken_s)
                self._recall_ms = round(taken_s * 1000, 1)
            case ToolStarted():
                self._tool_started(event)
            case ToolEnded():
                self._tool_ended(event)
            case FellBack():
                metrics.model_failures.labels(code_label(event.code)).inc()
            case Finished():
                self.end(event.status)
            case Failed():
                self.end("failed", code=event.code)
            case _:
                pass

    def _step(self, name: str) -> float:
        """What took the time since the last step; in seconds."""
        before, before_ns = self._mark
        self._mark = (time.perf_counter(), time.time_ns())
        self._observer.tracing.begin(name, above=self.span, began_ns=before_ns).end()
        return self._mark[0] - before

    def _tool_started(self, event: ToolStarted) -> None:
        name = self._observer.tool(event.name)
        self._tools += 1
        span = self._observer.tracing.begin(f"execute_tool {name}", above=self.span)
        span.set("gen_ai.operation.name", "execute_tool")
        span.set("gen_ai.tool.name", name)
        self._open_tools[event.call_id] = (name, span)

    def _tool_ended(self, event: ToolEnded) -> None:
        name, span = self._open_tools.pop(event.call_id, ("unknown", NO_SPAN))
        outcome = "failed" if event.failed else "done"
        self._observer.metrics.tool_calls.labels(name, outcome).inc()
        span.end(failed="tool_failed" if event.failed else None)

    def end(self, status: TurnStatus, *, code: str | None = None) -> None:
        """The turn has its final status; only the first one counts."""
        if self._ended:
            return
        self._ended = True
        metrics, taken_s = self._observer.metrics, time.perf_counter() - self._began
        metrics.turns.labels("assistant", status).inc()
        metrics.turn_s.observe(taken_s)
        if code is not None:
            code = code_label(code)
            metrics.turn_failures.labels(code).inc()
            if code in _MODEL:
                metrics.model_failures.labels(code).inc()
            if code in _UNHEARD:
                metrics.transcriptions.labels(code).inc()
        for _, span in self._open_tools.values():
            span.end(failed=status)
        self.span.set("gen_ai.request.model", self.model)
        self.span.set("holdfast.turn_status", status)
        self.span.end(failed=code)
        self._tell(status, code, taken_s)

    def _tell(self, status: TurnStatus, code: str | None, taken_s: float) -> None:
        """Into the line of the request; into one of its own, when that is a socket's or is out."""
        facts: dict[str, str | int | float | bool] = {
            "session_id": self._session_id,
            "turn_id": self.turn_id,
            "turn_status": status,
            "tools": self._tools,
        }
        more = {"code": code, "model": self.model, "recall_ms": self._recall_ms}
        facts |= {name: fact for name, fact in more.items() if fact is not None}
        if self.input_tokens or self.output_tokens:
            facts |= {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}
        place = self._here
        if place is not None and not place.is_socket and not place.over:
            place.facts.update(facts)
            return
        own = {"action": "turn.end", "duration_ms": round(taken_s * 1000, 1)}
        if place is not None:
            own["request_id"] = place.request_id
        _logger.info("turn", extra={**own, **facts})


class ObservedAnswerer:
    """A model, with its calls timed and its tokens counted."""

    def __init__(self, inner: Answerer, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    @property
    def name(self) -> str:
        """The model's."""
        return self._inner.name

    @property
    def context_tokens(self) -> int | None:
        """The model's, when it says so."""
        own: int | None = getattr(self._inner, "context_tokens", None)
        return own

    @property
    def takes_tools(self) -> bool:
        """The model's."""
        return takes_tools(self._inner)

    async def prepare(self) -> None:
        """Prepare the model."""
        await prepare(self._inner)

    async def answer(self, asked: Asked, tools: Toolbox = NO_TOOLS) -> AsyncIterator[Piece]:
        """The model's pieces."""
        call = _Call(self._observer, self.name)
        failed: str | None = "cancelled"
        pieces: AsyncIterator[Piece] | None = None
        try:
            pieces = self._inner.answer(asked, tools)
            async for piece in pieces:
                call.saw(piece)
                yield piece
            failed = None
        except Exception as exc:
            failed = code_label(code_of(exc))
            raise
        finally:
            call.end(failed)
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()

    async def close(self) -> None:
        """Let go of the model, when it holds something."""
        close: Callable[[], object] | None = getattr(self._inner, "close", None)
        if close is not None:
            await close()  # type: ignore[misc]  # an answerer may have one; it is awaitable


class _Call:
    """One call of a model."""

    def __init__(self, observer: Observer, model: str) -> None:
        self._observer = observer
        self._model = model
        self._began = time.perf_counter()
        self._silent = True
        self._turn = _TURN.get()
        above = NO_SPAN if self._turn is None else self._turn.span
        self._span = observer.tracing.begin(f"chat {model}", above=above, kind="client")
        self._span.set("gen_ai.operation.name", "chat")
        self._span.set("gen_ai.request.model", model)
        if self._turn is not None:
            self._turn.model = model

    def saw(self, piece: Piece) -> None:
        """Note a piece."""
        if isinstance(piece, Usage):
            self._used(piece)
        elif self._silent:
            self._silent = False
            taken_s = time.perf_counter() - self._began
            self._observer.metrics.model_first_s.labels(self._model).observe(taken_s)

    def _used(self, usage: Usage) -> None:
        tokens = self._observer.metrics.model_tokens
        tokens.labels(self._model, "in").inc(max(0, usage.input_tokens))
        tokens.labels(self._model, "out").inc(max(0, usage.output_tokens))
        self._span.set("gen_ai.usage.input_tokens", usage.input_tokens)
        self._span.set("gen_ai.usage.output_tokens", usage.output_tokens)
        if self._turn is not None:
            self._turn.input_tokens += usage.input_tokens
            self._turn.output_tokens += usage.output_tokens

    def end(self, failed: str | None) -> None:
        """The answer is over."""
        taken_s = time.perf_counter() - self._began
        self._observer.metrics.model_s.labels(self._model).observe(taken_s)
        self._span.end(failed=failed)
