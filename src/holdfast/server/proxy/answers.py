"""An upstream's answer on its way into the turn: durable within a second, whole at its end."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import logging
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_text
from holdfast.capture.entries import Draft, Entry
from holdfast.capture.parts import file_part
from holdfast.clock import id_bytes
from holdfast.errors import HoldfastError
from holdfast.model import MessageId
from holdfast.server.proxy.entries import label, source_of, tool_part
from holdfast.server.proxy.wire import answer_digest, chained, mended
from holdfast.storage.protocol import RowKey

if TYPE_CHECKING:
    from holdfast.capture.turn import TurnRecorder
    from holdfast.model import JsonObject, Message, MessageKind, ToolPart
    from holdfast.server.proxy.assembling import Assembler, Choice

__all__ = ["Answer"]

_logger = logging.getLogger(__name__)
_FLUSH_INTERVAL_S = 0.5
"""What came is durable at least this often; the promise is one second."""
_MAX_ITEM_CHARS = 4 * 1024 * 1024
_INLINE_CHARS = 512


class _Part(Struct, frozen=True, kw_only=True):
    """One message that an answer becomes."""

    key: str
    kind: MessageKind
    text: str = ""
    tool: ToolPart | None = None
    audio: bytes | None = None


class _Drafted(Struct, kw_only=True):
    message: MessageId
    draft: bytes
    part: _Part | None = None
    """As it is durable; None when nothing of it is yet."""
    begun: bool = False
    """There may be a draft of it."""


class Answer:
    """Records what an assembler holds.

    Args:
        turn: an open turn, with its input recorded.
        follows: the message that is answered; further choices are branches beside the first.
        chain: the place of that message on the wire.
    """

    def __init__(
        self, turn: TurnRecorder, assembler: Assembler, *, follows: MessageId | None, chain: bytes
    ) -> None:
        self._turn = turn
        self._assembler = assembler
        self._follows = follows
        self._chain = chain
        self._drafted: dict[tuple[int, str], _Drafted] = {}
        self._keeping: asyncio.Task[None] | None = None
        self.failures = 0
        """How often something of it could not be written."""

    def start(self) -> None:
        """Begin to make it durable while it comes."""
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop making drafts; what is durable stays so."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_INTERVAL_S)
            try:
                await self.flush()
            except HoldfastError as exc:
                # The client still gets its answer; the next round tries again.
                self.failures += 1
                extra = {"action": "proxy.draft", "code": exc.code, "count": self.failures}
                _logger.error("answer not recorded yet", extra=extra)

    async def flush(self) -> None:
        """Make what came so far durable now."""
        for index, choice in list(self._assembler.choices.items()):
            for part in self._parts(choice):
                drafted = self._place(index, part)
                if drafted.part == part:
                    continue
                message = self._message(drafted.message, part)
                drafted.begun = True
                await self._turn.draft(Draft(id=drafted.draft, message=message))
                drafted.part = part

    async def finish(self, verbatim: str | None = None) -> list[bytes]:
        """Make messages of it; returns the places of the choices on the wire, the first one first.

        Args:
            verbatim: the answer as the upstream sent it, when it came in one piece.

        Raises:
            HoldfastError: something of it could not be written.
        """
        choices = sorted(self._assembler.choices.items())
        for index, choice in reversed(choices[1:]):
            await self._beside(index, choice)
        places = [self._place_of(choice) for _, choice in choices]
        for index, choice in choices[:1]:
            for entry, remove in self._entries(index, choice, places[0], self._item(verbatim)):
                await self._turn.append(entry, remove=remove)
        return places

    def _place_of(self, choice: Choice) -> bytes:
        return chained(self._chain, answer_digest(choice.message()))

    async def _beside(self, index: int, choice: Choice) -> None:
        """Record a further choice as a branch, before the first, which is the one shown."""
        entries: list[Entry] = []
        removed: list[RowKey] = []
        follows = self._follows
        for entry, remove in self._entries(index, choice, self._place_of(choice), None):
            placed = replace(entry.message, parent_id=follows)
            entries.append(replace(entry, message=placed, follows_leaf=follows is not None))
            removed += remove
            follows = placed.id
        await self._turn.log.append(entries, remove=tuple(removed))

    def _entries(
        self, index: int, choice: Choice, chain: bytes, item: str | None
    ) -> list[tuple[Entry, tuple[RowKey, ...]]]:
        parts = self._parts(choice) or [_Part(key="text", kind="text")]
        made: list[tuple[Entry, tuple[RowKey, ...]]] = []
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            drafted = self._place(index, part)
            message = replace(
                self._message(drafted.message, part),
                source=source_of(chain) + ("" if last else f"#{number}"),
                item=item if last else None,
            )
            if part.audio is not None:
                sound = file_part(
                    self._turn.log, "speech", part.audio, self._media_type(), self._turn.limits
                )
                message = replace(message, file=sound)
            remove = (RowKey(id=drafted.draft),) if drafted.begun else ()
            made.append((Entry(message=message, content=part.audio), remove))
        return made

    def _place(self, index: int, part: _Part) -> _Drafted:
        ids = self._turn.log.ids
        place = (index, part.key)
        if place not in self._drafted:
            self._drafted[place] = _Drafted(message=MessageId(ids()), draft=id_bytes(ids()))
        return self._drafted[place]

    def _message(self, message_id: MessageId, part: _Part) -> Message:
        made = self._turn.draft_message(message_id, part.kind, part.text, None)
        return replace(made, tool=part.tool)

    def _parts(self, choice: Choice) -> list[_Part]:
        parts = []
        if choice.reasoning:
            text = self._text(choice.reasoning)
            parts.append(_Part(key="reasoning", kind="reasoning", text=text))
        said = choice.content or choice.refusal
        if said:
            parts.append(_Part(key="text", kind="text", text=self._text(said)))
        if choice.audio:
            transcript = choice.audio.get("transcript")
            text = mended(transcript) if isinstance(transcript, str) else ""
            sound = _decoded(choice.audio.get("data"))
            parts.append(_Part(key="audio", kind="audio", text=text, audio=sound))
        for index, call in sorted(choice.calls.items()):
            tool = tool_part(
                name=call.name,
                call_id=call.id or call.name,
                arguments="".join(call.arguments),
                limits=self._turn.limits,
            )
            parts.append(_Part(key=f"call {index}", kind="tool_call", tool=tool))
        return parts

    def _text(self, pieces: list[str]) -> str:
        return checked_text("answer", mended("".join(pieces)), self._turn.limits)

    def _media_type(self) -> str:
        request = self._turn.record.entities.get("request")
        audio = request.get("audio") if isinstance(request, dict) else None
        form = audio.get("format") if isinstance(audio, dict) else None
        return f"audio/{label(form, 'wav')}"

    def _item(self, verbatim: str | None) -> str | None:
        """The provider's own words, without the bytes that are kept as a file."""
        spoken = any(c.audio.get("data") for c in self._assembler.choices.values())
        if verbatim is None or spoken:
            verbatim = json.dumps(
                _without_sound(self._assembler.completion()), separators=(",", ":")
            )
        return verbatim if len(verbatim) <= _MAX_ITEM_CHARS else None


def _decoded(data: object) -> bytes | None:
    if not isinstance(data, str):
        return None
    try:
        # Pieces of a stream may each be padded; a cut one misses its end.
        return base64.b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return None


def _without_sound(completion: JsonObject) -> JsonObject:
    choices = completion["choices"]
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, dict) else None
        audio = message.get("audio") if isinstance(message, dict) else None
        data = audio.get("data") if isinstance(audio, dict) else None
        if isinstance(audio, dict) and isinstance(data, str) and len(data) >= _INLINE_CHARS:
            content = _decoded(data)
            if content is not None:
                audio["data"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return completion
