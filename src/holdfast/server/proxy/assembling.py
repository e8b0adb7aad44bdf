"""A streamed answer put together again from its pieces: pure, and robust against any of them.

Choices are told apart by their index, tool calls by theirs; arguments stay the raw string they
are, valid JSON or not. Nothing here raises over what a provider sends.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.server.proxy.wire import mended

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject

__all__ = ["Assembler", "Call", "Choice"]

_MAX_CHOICES = 128
_MAX_CALLS = 1024
_KNOWN = frozenset({"role", "content", "refusal", "tool_calls", "function_call", "audio"})
_REASONING = ("reasoning_content", "reasoning")


class Call(Struct, kw_only=True):
    """A tool call as far as it has come."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    legacy: bool = False
    """It came as `function_call`."""


class Choice(Struct, kw_only=True):
    """One of the answers as far as it has come."""

    content: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    reasoning_name: str = "reasoning_content"
    calls: dict[int, Call] = field(default_factory=dict)
    audio: dict[str, Json] = field(default_factory=dict)
    logprobs: dict[str, list[Json]] = field(default_factory=dict)
    others: dict[str, Json] = field(default_factory=dict)
    """Fields that this release does not know, each as it came last."""
    finish_reason: str | None = None

    def message(self) -> JsonObject:
        """The answer as a message."""
        content = mended("".join(self.content))
        found: JsonObject = {"role": "assistant", "content": content or None}
        if self.refusal:
            found["refusal"] = mended("".join(self.refusal))
        if self.reasoning:
            found[self.reasoning_name] = mended("".join(self.reasoning))
        calls = [call for _, call in sorted(self.calls.items()) if not call.legacy]
        if calls:
            found["tool_calls"] = [
                {"id": call.id, "type": "function", "function": _function(call)} for call in calls
            ]
        for call in self.calls.values():
            if call.legacy:
                found["function_call"] = _function(call)
        if self.audio:
            found["audio"] = dict(self.audio)
        return {**self.others, **found}


def _function(call: Call) -> JsonObject:
    return {"name": call.name, "arguments": mended("".join(call.arguments))}


class Assembler:
    """Takes the bytes of an event stream; holds the answer as far as it has come."""

    def __init__(self, *, max_bytes: int) -> None:
        self.choices: dict[int, Choice] = {}
        self.head: JsonObject = {}
        """What all chunks share: id, created, model, ..."""
        self.usage: Json = None
        self.error: Json = None
        """An error that came as an event of the stream."""
        self.done = False
        """The stream said that it is over."""
        self.unreadable: list[str] = []
        """Events that are no JSON object."""
        self.overflowed = False
        """More came than can be kept; what came before is here."""
        self._left = max_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._after_cr = False

    @property
    def finished(self) -> bool:
        """Whether nothing more of the answer is to come: its client may go on with it."""
        ended = bool(self.choices) and all(c.finish_reason for c in self.choices.values())
        return self.done or ended

    def feed(self, piece: bytes) -> None:
        """Take what came; pieces may end anywhere, also inside a character."""
        self._left -= len(piece)
        if self._left < 0:
            self.overflowed = True
            return
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r") if piece else self._after_cr
        lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            self._take_line(bytes(self._line) + line)
            self._line.clear()
        self._line += lines[-1]

    def end(self) -> None:
        """The stream is over: also an event that no empty line followed counts."""
        if self._line:
            self._take_line(bytes(self._line))
            self._line.clear()
        self._take_line(b"")

    def take_completion(self, completion: JsonObject) -> None:
        """Take an answer that came in one piece."""
        self._take_shared(completion)
        for place, choice in enumerate(_objects(completion.get("choices"))):
            self._take_choice({**choice, "delta": choice.get("message")}, place)
        self.done = True

    def completion(self) -> JsonObject:
        """The answer as if it had come in one piece."""
        choices: list[Json] = [
            {
                "index": index,
                "message": choice.message(),
                "finish_reason": choice.finish_reason,
                "logprobs": dict(choice.logprobs) if choice.logprobs else None,
            }
            for index, choice in sorted(self.choices.items())
        ]
        head = {**self.head, "object": "chat.completion"}
        return {**head, "choices": choices, "usage": self.usage}

    def _take_line(self, line: bytes) -> None:
        if not line:
            data, self._data = self._data, []
            if data:
                self._take_event(b"\n".join(data))
        elif line.startswith(b"data:"):
            self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])

    def _take_event(self, data: bytes) -> None:
        if data.strip() == b"[DONE]":
            self.done = True
            return
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            chunk = None
        if not isinstance(chunk, dict):
            self.unreadable.append(data.decode("utf-8", "replace"))
            return
        if chunk.get("error"):
            self.error = chunk["error"]
        self._take_shared(chunk)
        for place, choice in enumerate(_objects(chunk.get("choices"))):
            self._take_choice(choice, place)

    def _take_shared(self, chunk: JsonObject) -> None:
        for name, value in chunk.items():
            if name == "usage":
                self.usage = value if value is not None else self.usage
            elif name not in ("choices", "error", "object", "obfuscation"):
                self.head[name] = value

    def _take_choice(self, raw: JsonObject, place: int) -> None:
        index = _index(raw.get("index"))
        index = place if index is None else index
        if index not in self.choices and len(self.choices) >= _MAX_CHOICES:
            self.overflowed = True
            return
        choice = self.choices.setdefault(index, Choice())
        reason = raw.get("finish_reason")
        choice.finish_reason = reason if isinstance(reason, str) else choice.finish_reason
        logprobs = raw.get("logprobs")
        for name, found in logprobs.items() if isinstance(logprobs, dict) else ():
            if isinstance(found, list):
                choice.logprobs.setdefault(name, []).extend(found)
        delta = raw.get("delta")
        if isinstance(delta, dict):
            self._take_delta(choice, delta)

    def _take_delta(self, choice: Choice, delta: JsonObject) -> None:
        _append(choice.content, delta.get("content"))
        _append(choice.refusal, delta.get("refusal"))
        for name in _REASONING:
            if isinstance(delta.get(name), str) and delta[name]:
                # Some send the same under both names: one of them is enough.
                choice.reasoning_name = name
                _append(choice.reasoning, delta[name])
                break
        for place, call in enumerate(_objects(delta.get("tool_calls"))):
            self._take_call(choice, call, place)
        legacy = delta.get("function_call")
        if isinstance(legacy, dict):
            found = choice.calls.setdefault(-1, Call(legacy=True))
            _take_function(found, legacy)
        audio = delta.get("audio")
        for name, value in audio.items() if isinstance(audio, dict) else ():
            before = choice.audio.get(name)
            grows = name in ("data", "transcript")
            if grows and isinstance(before, str) and isinstance(value, str):
                value = before + value
            choice.audio[name] = value
        for name, value in delta.items():
            if name not in _KNOWN and name not in _REASONING and value is not None:
                choice.others[name] = value

    def _take_call(self, choice: Choice, raw: JsonObject, place: int) -> None:
        call_id = raw.get("id")
        index = _index(raw.get("index"))
        if index is None:
            # Some providers send no index: a new id is a new call, no id goes on with the last.
            same = [i for i, c in choice.calls.items() if not call_id or c.id == call_id]
            index = same[-1] if same else len(choice.calls) + (place if not choice.calls else 0)
        if index not in choice.calls and len(choice.calls) >= _MAX_CALLS:
            self.overflowed = True
            return
        call = choice.calls.setdefault(index, Call())
        if isinstance(call_id, str) and call_id:
            call.id = mended(call_id)
        function, custom = raw.get("function"), raw.get("custom")
        if not isinstance(function, dict) and isinstance(custom, dict):
            function = {"name": custom.get("name"), "arguments": custom.get("input")}
        if isinstance(function, dict):
            _take_function(call, function)


def _take_function(call: Call, function: JsonObject) -> None:
    name, arguments = function.get("name"), function.get("arguments")
    if isinstance(name, str) and name and not call.name:
        call.name = mended(name)
    if arguments is not None and not isinstance(arguments, str):
        arguments = json.dumps(arguments)
    _append(call.arguments, arguments)


def _append(parts: list[str], piece: Json) -> None:
    if isinstance(piece, list):  # a few vendors send content as parts
        for part in _objects(piece):
            _append(parts, part.get("text"))
    elif isinstance(piece, str) and piece:
        parts.append(piece)


def _objects(found: Json) -> list[JsonObject]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _index(found: Json) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None
