"""What the recorder keeps of the messages a client sends: pure, so that it is tested alone.

The last entry of a message bears its chain as `source`: by it the message is known again when the
client sends it the next time, and, sealed to a digest, also after it was forgotten.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.capture.checks import checked_json, checked_text
from holdfast.capture.entries import Entry, TurnChange
from holdfast.capture.parts import file_part
from holdfast.model import Message, MessageId, MessageKind, ToolPart, Turn, TurnId
from holdfast.server.proxy.wire import Unit, content_text, mended

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.capture.checks import Limits
    from holdfast.capture.log import SessionLog
    from holdfast.model import FilePart, Json, JsonObject

__all__ = ["Writing", "calls_of", "item_of", "label", "source_of", "tool_part"]

_SOURCE = "wire/"
_INLINE_CHARS = 512
"""A shorter payload stays in the item: it costs no more than the note of where it lies."""
_MAX_LABEL = 200
_MAX_ITEM_CHARS = 4 * 1024 * 1024
_MEDIA = {"image_url": "image", "input_audio": "audio", "file": "file"}
_NO_TURN = TurnId("")
"""Of this turn: the recorder puts its id there."""


def source_of(chain: bytes) -> str:
    """By what a message of the wire is known again."""
    return _SOURCE + chain.hex()


def label(text: object, otherwise: str) -> str:
    """A short name from what a client or a provider sent."""
    found = " ".join(mended(text).split())[:_MAX_LABEL] if isinstance(text, str) else ""
    return found or otherwise


def tool_part(
    *, name: object, call_id: object, arguments: Json = None, result: Json = None, limits: Limits
) -> ToolPart:
    """The tool side of a message; arguments that are no JSON stay the text they are."""
    return ToolPart(
        name=label(name, "tool"),
        call_id=label(call_id, "call"),
        arguments=checked_json("arguments", _parsed(arguments), limits),
        result=checked_json("result", result, limits),
    )


def _parsed(arguments: Json) -> Json:
    if not isinstance(arguments, str):
        return arguments
    try:
        parsed: Json = json.loads(arguments)
    except (ValueError, RecursionError):
        return mended(arguments)
    return parsed


def item_of(raw: JsonObject) -> str | None:
    """A message as the wire had it; None when its text says it all, or it is beyond all measure."""
    plain = set(raw) == {"role", "content"} and isinstance(raw["content"], str)
    if plain and raw["role"] in ("user", "assistant", "system"):
        return None
    text = json.dumps(raw, separators=(",", ":"))
    return text if len(text) <= _MAX_ITEM_CHARS else None


class _Payload(Struct, frozen=True, kw_only=True):
    kind: MessageKind
    name: str
    media_type: str
    content: bytes


class Writing:
    """Makes entries for one session at one moment."""

    def __init__(
        self,
        log: SessionLog,
        limits: Limits,
        *,
        calls: Mapping[str, str],
        author: str | None = None,
    ) -> None:
        self._log = log
        self._limits = limits
        self._calls = calls
        self._author = author
        self._at: datetime = log.clock()
        self.turns: list[TurnChange] = []

    def inputs(
        self, units: Sequence[Unit], *, follows: MessageId | None, root: bool
    ) -> list[Entry]:
        """Entries of the turn that begins; the first follows a message, or begins a new root.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
        """
        return self._chain(units, _NO_TURN, follows, root=root)

    def history(
        self, units: Sequence[Unit], *, follows: MessageId | None, root: bool
    ) -> list[Entry]:
        """Entries of finished turns for what was said elsewhere; their turns are in `turns`.

        Raises:
            BadInput, TooLarge: something of it cannot be kept.
        """
        entries: list[Entry] = []
        for group in _exchanges(units):
            turn = Turn(
                id=TurnId(self._log.ids()),
                session_id=self._log.session_id,
                index=0,
                status="complete",
                started_at=self._at,
                ended_at=self._at,
                tags=("imported",),
            )
            self.turns.append(TurnChange(turn=turn, begins=True))
            entries += self._chain(group, turn.id, follows, root=root)
            follows, root = entries[-1].message.id, False
        return entries

    def _chain(
        self, units: Sequence[Unit], turn: TurnId, follows: MessageId | None, *, root: bool
    ) -> list[Entry]:
        entries: list[Entry] = []
        for unit in units:
            made = self._entries(unit, turn)
            for number, (message, content) in enumerate(made):
                last = number == len(made) - 1
                source = source_of(unit.chain) + ("" if last else f"#{number}")
                item = item_of(_without_payloads(unit.raw)) if last else None
                placed = Message(
                    id=MessageId(self._log.ids()),
                    session_id=self._log.session_id,
                    turn_id=turn,
                    seq=0,
                    parent_id=follows,
                    at=self._at,
                    source=source,
                    item=item,
                    **message,  # type: ignore[arg-type]  # parts of a message, made below
                )
                entries.append(Entry(message=placed, content=content, follows_leaf=not root))
                follows, root = placed.id, False
        return entries

    def _entries(self, unit: Unit, turn: TurnId) -> list[tuple[dict[str, object], bytes | None]]:
        """Parts of the messages that one message of the wire becomes, with their files."""
        if unit.role == "tool":
            return [(self._tool_result(unit.raw), None)]
        text = self._text(content_text(unit.raw.get("content")))
        if unit.role == "assistant":
            return [(parts, None) for parts in self._answer(unit.raw, text)]
        payloads = _payloads(unit.raw)
        author = self._author if unit.role == "user" else None
        first: dict[str, object] = {"role": unit.role, "text": text, "author": author}
        if payloads and not text:
            made: list[tuple[dict[str, object], bytes | None]] = []
        else:
            made = [(first, None)]
        for payload in payloads:
            made.append((self._file(payload, unit), payload.content))
        return made

    def _file(self, payload: _Payload, unit: Unit) -> dict[str, object]:
        part: FilePart = file_part(
            self._log, payload.name, payload.content, payload.media_type, self._limits
        )
        return {"role": unit.role, "kind": payload.kind, "file": part, "author": self._author}

    def _tool_result(self, raw: JsonObject) -> dict[str, object]:
        call_id = raw.get("tool_call_id")
        name = self._calls.get(call_id) if isinstance(call_id, str) else raw.get("name")
        result = self._text(content_text(raw.get("content")))
        part = tool_part(name=name, call_id=call_id, result=result, limits=self._limits)
        return {"role": "tool", "kind": "tool_result", "tool": part}

    def _answer(self, raw: JsonObject, text: str) -> list[dict[str, object]]:
        refusal = raw.get("refusal")
        text = text or (self._text(mended(refusal)) if isinstance(refusal, str) else "")
        calls = calls_of(raw, self._limits)
        made: list[dict[str, object]] = [{"role": "assistant", "text": text}]
        if calls and not text:
            made.clear()
        made += [{"role": "assistant", "kind": "tool_call", "tool": part} for part in calls]
        return made

    def _text(self, text: str) -> str:
        return checked_text("messages", text, self._limits)


def calls_of(raw: JsonObject, limits: Limits) -> list[ToolPart]:
    """The tool calls of an assistant's message."""
    found = []
    calls = raw.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") or call.get("custom") if isinstance(call, dict) else None
        if isinstance(call, dict) and isinstance(function, dict):
            arguments = function.get("arguments", function.get("input"))
            found.append(
                tool_part(
                    name=function.get("name"),
                    call_id=call.get("id"),
                    arguments=arguments,
                    limits=limits,
                )
            )
    legacy = raw.get("function_call")
    if isinstance(legacy, dict):
        name, arguments = legacy.get("name"), legacy.get("arguments")
        found.append(tool_part(name=name, call_id=name, arguments=arguments, limits=limits))
    return found


def _exchanges(units: Sequence[Unit]) -> list[list[Unit]]:
    """A history in turns: a new one begins where somebody speaks after an answer."""
    groups: list[list[Unit]] = []
    answered = True
    for unit in units:
        speaks = unit.role in ("user", "system")
        if not groups or (speaks and answered):
            groups.append([])
        groups[-1].append(unit)
        answered = not speaks
    return groups


def _payloads(raw: JsonObject) -> list[_Payload]:
    content = raw.get("content")
    parts = content if isinstance(content, list) else ()
    return [p for part in parts if isinstance(part, dict) and (p := _payload(part)) is not None]


def _payload(part: JsonObject) -> _Payload | None:
    """The bytes that came inside a part, if any did."""
    kind = part.get("type")
    inner = part.get(str(kind))
    if kind not in _MEDIA or not isinstance(inner, dict):
        return None
    data = inner.get("url") or inner.get("data") or inner.get("file_data")
    if not isinstance(data, str) or len(data) < _INLINE_CHARS:
        return None
    media_type, payload = _split_data_url(data)
    if kind == "input_audio":
        media_type = f"audio/{label(inner.get('format'), 'wav')}"
    elif media_type is None:
        return None
    content = _exactly(payload)
    if content is None:
        return None
    return _Payload(
        kind="audio" if kind == "input_audio" else "file",
        name=label(inner.get("filename"), _MEDIA[str(kind)]),
        media_type=label(media_type, "application/octet-stream"),
        content=content,
    )


def _split_data_url(data: str) -> tuple[str | None, str]:
    head, found, payload = data.partition(";base64,")
    return (head[5:], payload) if found and head.startswith("data:") else (None, data)


def _exactly(payload: str) -> bytes | None:
    """The bytes, if their base64 is again the payload: then nothing is lost by keeping them."""
    try:
        content = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == payload else None


def _without_payloads(raw: JsonObject) -> JsonObject:
    """The message with the digest of each payload in its place: the bytes are files beside it."""
    content = raw.get("content")
    if not isinstance(content, list):
        return raw
    parts: list[Json] = []
    for part in content:
        payload = _payload(part) if isinstance(part, dict) else None
        if payload is None or not isinstance(part, dict):
            parts.append(part)
            continue
        digest = f"sha256:{hashlib.sha256(payload.content).hexdigest()}"
        inner = part[str(part["type"])]
        assert isinstance(inner, dict)
        told = {
            name: digest if name in ("url", "data", "file_data") else value
            for name, value in inner.items()
        }
        parts.append({**part, str(part["type"]): told})
    return {**raw, "content": parts}
