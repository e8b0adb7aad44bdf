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
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Literal, Self, TypeAlias

from msgspec.structs import replace

from holdfast.capture.checks import (
    Limits,
    checked_item,
    checked_json,
    checked_label,
    checked_speech,
    checked_text,
)
from holdfast.capture.entries import Appended, Draft, Entry, TurnChange, rebased
from holdfast.capture.inputs import Input, check_repeated, given_entries, input_entry, speech_of
from holdfast.capture.log import SessionLog
from holdfast.capture.parts import (
    annotated,
    error_code_of,
    file_part,
    finish,
    readable,
    told,
)
from holdfast.capture.streaming import AnswerStream, Left
from holdfast.capture.tools import ToolCall
from holdfast.clock import id_bytes
from holdfast.errors import BadInput, Conflict, HoldfastError, NotAllowed, NotFound, TurnEnded
from holdfast.model import (
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
    Used,
)
from holdfast.storage.protocol import OnceTag, RowKey

__all__ = ["CutOff", "Input", "TurnRecorder", "WriteGate"]

WriteGate: TypeAlias = Callable[[Literal["write"]], Awaitable[None]]
"""Asked before each write of content: returns, or raises NotFound or NotAllowed."""

CutOff: TypeAlias = Callable[[], TurnStatus]
"""How a turn ends whose task is cancelled, asked when that happens: only the caller knows whether
somebody cancelled it or the process ends."""


def _cancelled() -> TurnStatus:
    return "cancelled"


class TurnRecorder:
    """Records one turn. Use it as an async context manager; its methods belong inside the block.

    `replayed` is True when the client key was used before: the turn is then the one that was
    recorded, `answer` is its last answer, and nothing more is written to it.

    With a `gate`, access that ends inside the block ends what can be recorded: every call that
    writes content raises what the gate raises. The turn still gets its final status, and what the
    recorder itself writes to close it holds nothing that was said since.
    """

    def __init__(
        self,
        log: SessionLog,
        what: Input,
        turn: Turn,
        *,
        limits: Limits,
        answered: Message | None,
        gate: WriteGate | None = None,
        cut_off: CutOff | None = None,
    ) -> None:
        self._log = log
        self._input = what
        self._limits = limits
        self._answered = answered
        self._gate = gate
        self._cut_off = cut_off or _cancelled
        self._turn = turn
        self._last: MessageId | None = None
        self._error_recorded = False
        # What runs side by side in a turn is written one after the other: two messages that
        # follow the same one would be branches, of which only one is shown.
        self._writing = asyncio.Lock()
        self._begun = False
        self._ended = False
        self._streams: set[AnswerStream] = set()
        self.messages: list[Message] = []
        self.replayed = False
        self.used: tuple[Used, ...] = ()
        """What the answer is given, for whoever gathers it to note: written with the end."""

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
        try:
            await finish(self._begin())
        except asyncio.CancelledError:
            # The block will not be entered, so nobody else would end what was just begun.
            if self._begun and not self.replayed:
                await finish(self.end(self._cut_off()))
            raise
        return self

    async def _begin(self) -> None:
        """Make the input durable, or become the turn that was recorded under the client key."""
        once = self._once()
        if once is not None and await self._replay(once):
            return
        given, beside = self._input, self._answered
        entries = given_entries(given, self._turn)
        if not entries and given.answers is None:
            entries = (input_entry(self._log, given, self._turn, beside, self._limits),)
        changes = (*given.turns, TurnChange(turn=self._turn, begins=True))
        try:
            self._take(await self._log.append(entries, changes, once=once))
        except Conflict:
            if once is None or not await self._replay(once):
                raise
        self._begun = True
        if self._answered is not None and not self.messages:
            self._last = self._answered.id

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended or self.replayed:
            return
        # Shielded: the last words of a cancelled turn are written although its task is ending.
        await finish(self._end_with(error))

    async def _end_with(self, error: BaseException | None) -> None:
        if error is not None:
            await self._end_broken(error)
            return
        try:
            await self.end("complete")
        except (NotFound, NotAllowed) as refused:
            if not self._ended:
                await self._end_broken(refused)
            raise

    async def _end_broken(self, error: BaseException) -> None:
        await self._settle_streams()
        if isinstance(error, (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)):
            await self.end(self._cut_off())
            return
        try:
            if not self._error_recorded:
                await self._closing_error(error)
        finally:
            await self.end("failed")

    async def _closing_error(self, error: BaseException) -> None:
        """Record what ended the turn; of somebody without access any more, without their words."""
        text = told(error)
        if not isinstance(error, HoldfastError) and await self.refusal() is not None:
            text = type(error).__name__
        text = readable(text, self._limits)
        await self.add("system", "error", text, error_code=error_code_of(error), closing=True)

    async def reply(
        self, text: str, *, author: str | None = None, item: str | None = None
    ) -> Message:
        """Record an answer; durable on return. A turn may have several."""
        return await self.add(
            "assistant", "text", checked_text("reply", text, self._limits), author=author, item=item
        )

    async def reasoning(self, text: str, *, item: str | None = None) -> Message:
        """Record what the model thought aloud."""
        return await self.add(
            "assistant", "reasoning", checked_text("reasoning", text, self._limits), item=item
        )

    async def say(
        self, role: Role, text: str, *, author: str | None = None, item: str | None = None
    ) -> Message:
        """Record a further message of any role: a system note, a second input, another speaker."""
        return await self.add(
            role, "text", checked_text("text", text, self._limits), author=author, item=item
        )

    async def file(
        self, name: str, content: bytes, *, media_type: str, role: Role = "user", text: str = ""
    ) -> Message:
        """Keep a file with the turn, sealed; `text` is what can be found of it.

        Raises:
            TooLarge: over the limit; nothing was kept.
        """
        part = file_part(self._log, name, content, media_type, self._limits)
        return await self.add(
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
        part = file_part(self._log, name, content, media_type, self._limits)
        text = checked_text("transcript", transcript, self._limits)
        return await self.add(role, "audio", text, file=part, speech=speech, content=content)

    async def transcript(self, text: str, speech: Speech) -> Message:
        """Record what the speech that began this turn says; durable on return.

        The audio stays as it is. Its transcript is the message that follows it, said by the same
        person; in a turn that answers untranscribed speech again, it follows that.

        Raises:
            BadInput: the text is blank, no speech began this turn, or it has its text already.
        """
        if self.replayed:
            return await self.add("user", "text", text)
        heard = speech_of(self.messages, self._answered)
        said = checked_text("transcript", text, self._limits, required=True)
        return await self.add(heard.role, "text", said, author=heard.author, speech=speech)

    async def error(self, error: BaseException | str, *, code: str | None = None) -> Message:
        """Record what went wrong. The text of an exception is kept, sealed like all the rest."""
        if isinstance(error, BaseException):
            code = code or error_code_of(error)
            error = told(error)
        message = await self.add("system", "error", readable(error, self._limits), error_code=code)
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
                parent_call_id=checked_label("call id", parent_call_id, self._limits),
                arguments=checked_json("arguments", arguments, self._limits),
            ),
            item=checked_item(item, self._limits),
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
        if self._gate is not None:
            await self._gate("write")
        await self._change(turn)

    async def end(self, status: TurnStatus, *, entities: dict[str, Json] | None = None) -> None:
        """Give the turn its one final status; durable on return, together with what open streams
        leave. Shielded: were it cut off, nobody would know whether the turn has ended.

        Args:
            entities: what the turn was about, as in `annotate`; None leaves it as it is.

        Raises:
            BadInput: the status is no final one, or the entities cannot be kept.
            TurnEnded: it has one already.
            NotFound, NotAllowed: the access to write had gone: of the streams that were open only
                what was durable before is kept. It was ended, unless it was to be complete.
        """
        if status == "open":
            raise BadInput("status", "a turn ends as complete, failed, cancelled or interrupted")
        about = annotated(
            self._turn,
            intent=None,
            intent_confidence=None,
            entities=entities,
            tags=None,
            model=None,
            limits=self._limits,
        )
        ended = replace(about, status=status, ended_at=self._log.clock(), used=self.used)
        await finish(self._end(ended))

    # Inside

    async def _end(self, turn: Turn) -> None:
        base = self._turn
        left = [await stream.take() for stream in list(self._streams)]
        refused = next((one.refused for one in left if one.refused is not None), None)
        # What could not be kept whole is not complete: that is for whoever ends it to say.
        ends = refused is None or turn.status != "complete"
        if not self.replayed:
            await self._write_change(turn if ends else base, base, left)
        self._ended = ends
        if refused is not None:
            raise refused

    async def _settle_streams(self) -> HoldfastError | None:
        """Nobody looks for the draft of a turn that has ended: make messages of them before.

        Returns why something of them was not kept, None when all of it was.
        """
        refused = None
        for stream in list(self._streams):
            refused = await stream.settle() or refused
        return refused

    async def refusal(self) -> HoldfastError | None:
        """Why content may not be written any more, None when it may."""
        if self._gate is None:
            return None
        try:
            await self._gate("write")
        except (NotFound, NotAllowed) as exc:
            return exc
        return None

    def _once(self) -> OnceTag | None:
        key = self._turn.client_key
        if key is None:
            return None
        return OnceTag(tag=self._log.client_key_tag(key), id=id_bytes(self._turn.id))

    async def _replay(self, once: OnceTag) -> bool:
        """Become the turn that was recorded under this client key, if there is one.

        Raises:
            BadInput: the key was used for another input.
        """
        log = self._log
        raw = await log.vault.storage.once(log.vault.raw, once.tag)
        if raw is None:
            return False
        turn, messages = await log.recorded_turn(raw)
        if self._input.answers is None and not self._input.entries:
            check_repeated(messages, self._input)
        self._turn, self.messages = turn, messages
        self.replayed = True
        return True

    async def add(
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
        closing: bool = False,
    ) -> Message:
        """Record a message of this turn from its parts; durable on return.

        `closing` is for what the recorder itself writes to end what was begun: it asks no gate.

        Raises:
            TurnEnded: the turn has its final status.
            NotFound, NotAllowed: the access to write has gone; nothing was kept.
            BadInput, TooLarge: it cannot be kept.
            StorageFailed: or one of its kinds.
        """
        if not closing and self._gate is not None:
            await self._gate("write")
        message = Message(
            id=MessageId(self._log.ids()),
            session_id=self._turn.session_id,
            turn_id=self._turn.id,
            seq=0,
            role=role,
            kind=kind,
            text=text,
            at=self._log.clock(),
            author=checked_label("author", author, self._limits),
            tool=tool,
            file=file,
            speech=checked_speech(speech, self._limits),
            error_code=error_code,
            item=checked_item(item, self._limits),
        )
        if self.replayed:
            # A retry of what is recorded already: it is answered with that, and writes nothing.
            return self.messages[-1] if self.messages else message
        return await self.append(Entry(message=message, content=content))

    async def append(self, entry: Entry, *, remove: tuple[RowKey, ...] = ()) -> Message:
        """Record a message of this turn after its latest one; durable on return. Asks no gate.

        Shielded: were it cut off, it might be durable without this recorder knowing, and what
        follows would stand beside it as another branch.
        """
        return await finish(self._append(entry, remove))

    async def _append(self, entry: Entry, remove: tuple[RowKey, ...]) -> Message:
        async with self._writing:
            self._check_open()
            follows = replace(entry, message=replace(entry.message, parent_id=self._last))
            appended = await self._log.append((follows,), remove=remove)
            self._take(appended)
        return appended.messages[0]

    async def draft(self, draft: Draft) -> None:
        """Make a streamed answer durable as far as it has come.

        Raises:
            NotFound, NotAllowed: the access to write has gone; it stays as it was.
        """
        self._check_open()
        if self._gate is not None:
            await self._gate("write")
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
        await finish(self._write_change(turn, self._turn))

    async def _write_change(self, turn: Turn, base: Turn, left: Sequence[Left] = ()) -> None:
        """Write the turn as it is from now on, together with what its streams left."""
        async with self._writing:
            self._check_open()
            entries, follows = [], self._last
            for entry in (one.entry for one in left if one.entry is not None):
                message = replace(entry.message, parent_id=follows)
                entries.append(replace(entry, message=message))
                follows = message.id
            change = TurnChange(turn=rebased(turn, base, self._turn), base=self._turn)
            remove = tuple(key for one in left for key in one.remove)
            self._take(await self._log.append(entries, (change,), remove=remove))

    def _take(self, appended: Appended) -> None:
        if appended.turns:
            self._turn = appended.turns[-1]
        if appended.messages:
            self.messages.extend(m for m in appended.messages if m.turn_id == self._turn.id)
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
