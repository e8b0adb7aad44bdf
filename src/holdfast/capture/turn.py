"""One exchange as it happens: what a caller holds between the input and the last word.

    async with session.turn("What is the weather in Oslo?") as turn:      # input durable here
        async with turn.tool("weather", {"city": "Oslo"}) as call:        # call durable here
            call.result({"celsius": 4})                                   # result durable on exit
        async with turn.stream() as answer:
            await answer.write("It is 4 ")                                # durable within a second
    # status durable here: complete, failed, cancelled or interrupted

Whatever ends the block ends the turn: an error is recorded as a message, a cancellation as such.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import (
    Limits,
    checked_json,
    checked_label,
    checked_text,
)
from holdfast.capture.log import Appended, Draft, Entry, SessionLog, TurnChange
from holdfast.clock import id_bytes
from holdfast.errors import BadInput, Conflict, HoldfastError, TooLarge, TurnEnded
from holdfast.model import (
    FileId,
    FilePart,
    Json,
    Message,
    MessageId,
    MessageKind,
    Role,
    SessionId,
    Speech,
    ToolPart,
    Turn,
    TurnId,
    TurnStatus,
)
from holdfast.storage.protocol import OnceTag, RowKey

__all__ = ["AnswerStream", "Input", "ToolCall", "TurnRecorder"]

FLUSH_INTERVAL_S = 0.5
"""A streamed answer is made durable at least this often; the promise is one second."""

_enclosing_call: ContextVar[str | None] = ContextVar("holdfast_enclosing_call", default=None)


class Input(Struct, frozen=True, kw_only=True):
    """What starts a turn.

    With `audio` the text is its transcript and may be empty. `edits` names the message this one
    stands beside as another version; `answers` starts the turn without an input, as another
    answer to that message.
    """

    text: str = ""
    author: str | None = None
    at: datetime | None = None
    audio: bytes | None = None
    media_type: str | None = None
    file_name: str | None = None
    speech: Speech | None = None
    edits: MessageId | None = None
    answers: MessageId | None = None
    item: str | None = None
    role: Role = "user"


class TurnRecorder:
    """Records one turn. Use it as an async context manager; its methods belong inside the block.

    `replayed` is True when the client key was used before: the turn is then the one that was
    recorded, `answer` is its last answer, and nothing more is written to it.
    """

    def __init__(
        self, log: SessionLog, what: Input, turn: Turn, *, limits: Limits, answered: Message | None
    ) -> None:
        self._log = log
        self._input = what
        self._limits = limits
        self._answered = answered
        self._turn = turn
        self._last: MessageId | None = None
        self._error_recorded = False
        self._ended = False
        self._streams: set[AnswerStream] = set()
        self.messages: list[Message] = []
        self.replayed = False

    def __repr__(self) -> str:
        return f"TurnRecorder({self._turn.id}, {self._turn.status})"

    @property
    def id(self) -> TurnId:
        """The turn's id."""
        return self._turn.id

    @property
    def session_id(self) -> SessionId:
        """The session it belongs to."""
        return self._turn.session_id

    @property
    def record(self) -> Turn:
        """The turn as it was last made durable."""
        return self._turn

    @property
    def answer(self) -> str | None:
        """The text of the last answer, None when there is none."""
        texts = [m.text for m in self.messages if m.role == "assistant" and m.kind == "text"]
        return texts[-1] if texts else None

    async def __aenter__(self) -> Self:
        once = self._once()
        if once is not None and await self._replay(once):
            return self
        entries = () if self._input.answers is not None else (self._input_entry(),)
        change = TurnChange(turn=self._turn, begins=True)
        try:
            self._take(await self._log.append(entries, (change,), once=once))
        except Conflict:
            if once is None or not await self._replay(once):
                raise
        if self._answered is not None and not self.messages:
            self._last = self._answered.id
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended or self.replayed:
            return
        # Shielded: the last words of a cancelled turn are written although its task is ending.
        await _finish(self._end_with(error))

    async def _end_with(self, error: BaseException | None) -> None:
        for stream in list(self._streams):
            await stream.settle()
        if error is None:
            await self.end("complete")
        elif isinstance(error, (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)):
            await self.end("cancelled")
        else:
            if not self._error_recorded:
                await self.error(error)
            await self.end("failed")

    async def reply(
        self, text: str, *, author: str | None = None, item: str | None = None
    ) -> Message:
        """Record an answer; durable on return. A turn may have several."""
        return await self._add(
            "assistant", "text", checked_text("reply", text, self._limits), author=author, item=item
        )

    async def reasoning(self, text: str, *, item: str | None = None) -> Message:
        """Record what the model thought aloud."""
        return await self._add(
            "assistant", "reasoning", checked_text("reasoning", text, self._limits), item=item
        )

    async def say(
        self, role: Role, text: str, *, author: str | None = None, item: str | None = None
    ) -> Message:
        """Record a further message of any role: a system note, a second input, another speaker."""
        return await self._add(
            role, "text", checked_text("text", text, self._limits), author=author, item=item
        )

    async def file(
        self, name: str, content: bytes, *, media_type: str, role: Role = "user", text: str = ""
    ) -> Message:
        """Keep a file with the turn, sealed; `text` is what can be found of it.

        Raises:
            TooLarge: over the limit; nothing was kept.
        """
        part = _file_part(self._log, name, content, media_type, self._limits)
        return await self._add(
            role, "file", checked_text("text", text, self._limits), file=part, content=content
        )

    async def audio(
        self,
        content: bytes,
        *,
        media_type: str,
        transcript: str = "",
        speech: Speech | None = None,
        role: Role = "assistant",
        name: str = "speech",
    ) -> Message:
        """Keep speech with its transcript; the transcript is the message's text."""
        part = _file_part(self._log, name, content, media_type, self._limits)
        text = checked_text("transcript", transcript, self._limits)
        return await self._add(role, "audio", text, file=part, speech=speech, content=content)

    async def error(self, error: BaseException | str, *, code: str | None = None) -> Message:
        """Record what went wrong. The text of an exception is kept, sealed like all the rest."""
        if isinstance(error, BaseException):
            code = code or _error_code(error)
            error = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        message = await self._add(
            "system", "error", _readable(error, self._limits), error_code=code
        )
        self._error_recorded = True
        return message

    def tool(
        self,
        name: str,
        arguments: object = None,
        *,
        call_id: str | None = None,
        parent_call_id: str | None = None,
        item: str | None = None,
    ) -> ToolCall:
        """Record a tool call around the block that runs it; calls inside calls are linked.

        The same `call_id` twice is recorded twice: what a model did is kept as it happened.
        """
        return ToolCall(
            self,
            ToolPart(
                name=checked_label("tool name", name, self._limits) or "",
                call_id=checked_label("call id", call_id, self._limits) or self._log.ids(),
                parent_call_id=parent_call_id,
                arguments=checked_json("arguments", arguments, self._limits),
            ),
            item=item,
        )

    def stream(self, *, kind: MessageKind = "text", author: str | None = None) -> AnswerStream:
        """Record an answer while it is being made; see `AnswerStream.write`."""
        return AnswerStream(self, kind=kind, author=author)

    async def annotate(
        self,
        *,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: tuple[str, ...] | None = None,
        model: str | None = None,
    ) -> None:
        """Record what the turn was about; durable on return. What is None stays as it was."""
        turn = annotated(
            self._turn,
            intent=intent,
            intent_confidence=intent_confidence,
            entities=entities,
            tags=tags,
            model=model,
            limits=self._limits,
        )
        await self._change(turn)

    async def end(self, status: TurnStatus) -> None:
        """Give the turn its one final status; durable on return.

        Raises:
            TurnEnded: it has one already.
        """
        if status == "open":
            raise BadInput("status", "a turn ends as complete, failed, cancelled or interrupted")
        await self._change(replace(self._turn, status=status, ended_at=self._log.clock()))
        self._ended = True

    # Inside

    def _once(self) -> OnceTag | None:
        key = self._turn.client_key
        if key is None:
            return None
        return OnceTag(tag=self._log.client_key_tag(key), id=id_bytes(self._turn.id))

    async def _replay(self, once: OnceTag) -> bool:
        """Become the turn that was recorded under this client key, if there is one."""
        log = self._log
        raw = await log.vault.storage.once(log.vault.raw, once.tag)
        if raw is None:
            return False
        self._turn, self.messages = await log.recorded_turn(raw)
        self.replayed = True
        return True

    def _input_entry(self) -> Entry:
        what, turn = self._input, self._turn
        file = None
        if what.audio is not None:
            media_type = what.media_type or "application/octet-stream"
            file = _file_part(
                self._log, what.file_name or "speech", what.audio, media_type, self._limits
            )
        message = Message(
            id=MessageId(self._log.ids()),
            session_id=turn.session_id,
            turn_id=turn.id,
            seq=0,
            parent_id=None if self._answered is None else self._answered.parent_id,
            role=what.role,
            kind="text" if file is None else "audio",
            text=checked_text("input", what.text, self._limits, required=file is None),
            at=turn.started_at,
            author=checked_label("author", what.author, self._limits),
            file=file,
            speech=what.speech,
            item=what.item,
        )
        return Entry(message=message, content=what.audio, follows_leaf=self._answered is None)

    async def _add(
        self,
        role: Role,
        kind: MessageKind,
        text: str,
        *,
        author: str | None = None,
        tool: ToolPart | None = None,
        file: FilePart | None = None,
        speech: Speech | None = None,
        error_code: str | None = None,
        item: str | None = None,
        content: bytes | None = None,
    ) -> Message:
        if self.replayed:
            return self.messages[-1]
        self._check_open()
        message = Message(
            id=MessageId(self._log.ids()),
            session_id=self._turn.session_id,
            turn_id=self._turn.id,
            seq=0,
            parent_id=self._last,
            role=role,
            kind=kind,
            text=text,
            at=self._log.clock(),
            author=checked_label("author", author, self._limits),
            tool=tool,
            file=file,
            speech=speech,
            error_code=error_code,
            item=item,
        )
        return await self.append(Entry(message=message, content=content))

    async def append(self, entry: Entry, *, remove: tuple[RowKey, ...] = ()) -> Message:
        """Record a message of this turn; durable on return."""
        self._check_open()
        appended = await self._log.append((entry,), remove=remove)
        self._take(appended)
        return appended.messages[0]

    async def draft(self, draft: Draft) -> None:
        """Make a streamed answer durable as far as it has come."""
        self._check_open()
        await self._log.append(drafts=(draft,))

    def draft_message(
        self, message_id: MessageId, kind: MessageKind, text: str, author: str | None
    ) -> Message:
        """The message a stream would leave if it ended now."""
        return Message(
            id=message_id,
            session_id=self._turn.session_id,
            turn_id=self._turn.id,
            seq=0,
            parent_id=self._last,
            role="assistant",
            kind=kind,
            text=text,
            at=self._log.clock(),
            author=author,
        )

    async def _change(self, turn: Turn) -> None:
        if self.replayed:
            return
        self._check_open()
        self._take(await self._log.append(turns=(TurnChange(turn=turn),)))

    def _take(self, appended: Appended) -> None:
        if appended.turns:
            self._turn = appended.turns[-1]
        if appended.messages:
            self.messages.extend(appended.messages)
            self._last = appended.messages[-1].id

    def _check_open(self) -> None:
        if self._ended:
            raise TurnEnded(self._turn.status)

    def attach(self, stream: AnswerStream, *, running: bool) -> None:
        """Keep track of streams, so that none is lost when the turn ends first."""
        (self._streams.add if running else self._streams.discard)(stream)

    @property
    def log(self) -> SessionLog:
        """The session's recorder."""
        return self._log

    @property
    def limits(self) -> Limits:
        """What may be recorded."""
        return self._limits


class ToolCall:
    """A tool call and its result: the call is durable before the tool runs, the result after."""

    def __init__(self, turn: TurnRecorder, part: ToolPart, *, item: str | None) -> None:
        self._turn = turn
        self._part = part
        self._item = item
        self._result: Json = None
        self._failed = False
        self._given = False
        self._outer: str | None = None

    @property
    def call_id(self) -> str:
        """The id that joins call and result."""
        return self._part.call_id

    def result(self, value: object, *, failed: bool = False) -> None:
        """What the tool returned; durable when the block ends.

        Raises:
            BadInput, TooLarge: it cannot be kept.
        """
        self._result = checked_json("result", value, self._turn.limits)
        self._failed = failed
        self._given = True

    async def __aenter__(self) -> Self:
        self._outer = _enclosing_call.get()
        if self._part.parent_call_id is None and self._outer is not None:
            self._part = replace(self._part, parent_call_id=self._outer)
        await self._turn._add("assistant", "tool_call", "", tool=self._part, item=self._item)
        _enclosing_call.set(self._part.call_id)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _enclosing_call.set(self._outer)
        await _finish(self._record_result(error))

    async def _record_result(self, error: BaseException | None) -> None:
        part, text, code = self._part, "", None
        if error is not None:
            text, code = (
                _readable(f"{type(error).__name__}: {error}", self._turn.limits),
                _error_code(error),
            )
            part = replace(part, result=self._result, failed=True)
        elif not self._given:
            # No result was given: that the call ended is still something that happened.
            part = replace(part, result=None)
        else:
            part = replace(part, result=self._result, failed=self._failed)
        part = replace(part, arguments=None)
        await self._turn._add("tool", "tool_result", text, tool=part, error_code=code)


class AnswerStream:
    """An answer while it is being made.

    What was written is durable at most half a second later, in a draft; when the block ends it
    becomes a message. If the process dies, the recovery turns the draft into the message.
    """

    def __init__(self, turn: TurnRecorder, *, kind: MessageKind, author: str | None) -> None:
        self._turn = turn
        self._kind = kind
        self._author = author
        self._parts: list[str] = []
        self._size = 0
        self._message_id = MessageId(turn.log.ids())
        self._draft_id = id_bytes(turn.log.ids())
        self._saved = False
        self._dirty = False
        self._flusher: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._settled = False

    @property
    def text(self) -> str:
        """All that was written so far."""
        return "".join(self._parts)

    async def write(self, delta: str) -> None:
        """Add to the answer. Returns at once; a flush that failed is raised by the next call.

        Raises:
            TooLarge: the answer is over the limit; what was written before is kept.
            StorageFailed: or one of its kinds, from the flush before.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._settled:
            raise TurnEnded("complete")
        checked_text("answer", delta, self._turn.limits)
        self._size += len(delta)
        if self._size * 4 > self._turn.limits.max_text_bytes:
            size = len(self.text.encode()) + len(delta.encode())
            if size > self._turn.limits.max_text_bytes:
                raise TooLarge("answer", size=size, limit=self._turn.limits.max_text_bytes)
        self._parts.append(delta)
        self._dirty = True
        if self._flusher is None and not self._turn.replayed:
            self._flusher = asyncio.create_task(self._flush_regularly())

    async def _flush_regularly(self) -> None:
        try:
            while self._dirty:
                await asyncio.sleep(FLUSH_INTERVAL_S)
                await self.flush()
        except HoldfastError as exc:
            self._failure = exc
        finally:
            self._flusher = None

    async def flush(self) -> None:
        """Make what was written so far durable now."""
        if not self._dirty or self._turn.replayed:
            return
        self._dirty = False
        message = self._turn.draft_message(self._message_id, self._kind, self.text, self._author)
        self._saved = True
        await self._turn.draft(Draft(id=self._draft_id, message=message))

    async def __aenter__(self) -> Self:
        self._turn.attach(self, running=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await _finish(self.settle())

    async def settle(self) -> None:
        """End the stream: what was written becomes a message, whatever ended it."""
        if self._settled:
            return
        self._settled = True
        self._turn.attach(self, running=False)
        await self._stop_flusher()
        if not self._parts or self._turn.replayed:
            return
        message = self._turn.draft_message(self._message_id, self._kind, self.text, self._author)
        remove = (RowKey(id=self._draft_id),) if self._saved else ()
        await self._turn.append(Entry(message=message), remove=remove)

    async def _stop_flusher(self) -> None:
        if self._flusher is None:
            return
        flusher, self._flusher = self._flusher, None
        flusher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await flusher


def annotated(
    turn: Turn,
    *,
    intent: str | None,
    intent_confidence: float | None,
    entities: dict[str, Json] | None,
    tags: tuple[str, ...] | None,
    model: str | None,
    limits: Limits,
) -> Turn:
    """The turn with what it was about; what is None stays as it was.

    Raises:
        BadInput: a confidence outside [0, 1], or a label that cannot be kept.
    """
    if intent_confidence is not None and not 0 <= intent_confidence <= 1:
        raise BadInput("intent_confidence", "it lies between 0 and 1")
    changes: dict[str, object] = {
        "intent": checked_label("intent", intent, limits),
        "intent_confidence": intent_confidence,
        "entities": None if entities is None else checked_json("entities", entities, limits),
        "tags": None
        if tags is None
        else tuple(checked_label("tag", t, limits) or "" for t in tags),
        "model": checked_label("model", model, limits),
    }
    return replace(turn, **{name: value for name, value in changes.items() if value is not None})


async def _finish(work: object) -> None:
    """Await to the end even while the task is being cancelled; then let the cancellation go on."""
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]  # a coroutine
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        raise


def _file_part(
    log: SessionLog, name: str, content: bytes, media_type: str, limits: Limits
) -> FilePart:
    if len(content) > limits.max_file_bytes:
        raise TooLarge("file", size=len(content), limit=limits.max_file_bytes)
    return FilePart(
        id=FileId(log.ids()),
        name=checked_label("file name", name, limits) or "",
        media_type=checked_label("media type", media_type, limits) or "",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _error_code(error: BaseException) -> str:
    if isinstance(error, HoldfastError):
        return error.code
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "error"


def _readable(text: str, limits: Limits) -> str:
    """An error's text as it can be kept: an error must never fail to be recorded."""
    cleaned = text.encode("utf-8", "replace").decode()
    return (
        cleaned
        if len(cleaned) * 4 <= limits.max_text_bytes
        else cleaned[: limits.max_text_bytes // 4]
    )
