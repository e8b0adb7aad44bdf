"""A chat completions request as it came: what of it was said, and what it asks for.

The messages become units. A unit has a digest over what it says, whatever form it says it in, and
a place: the chain of the digests up to it. Two requests that resend the same history have the same
chains, and so has what is recorded of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject, Role

__all__ = [
    "ChatRequest",
    "Unit",
    "answer_digest",
    "chained",
    "content_text",
    "mended",
    "no_chain",
    "read_request",
    "text_digest",
    "unit_of",
]

_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Everything else instructs the model: system, developer, and what may come."""
_START = b"holdfast proxy 1"
_MAX_MESSAGES = 20_000
_MAX_PARTS = 10_000
"""Of all contents together: each is looked at by itself, and nobody else is served meanwhile."""
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Unit(Struct, frozen=True, kw_only=True):
    """One message of the client's, with its place."""

    role: Role
    raw: JsonObject
    digest: bytes
    chain: bytes
    """Over all messages up to this one that are not the system's; of a system message its own:
    clients put the time of day into it, and the conversation goes on all the same."""


class ChatRequest(Struct, frozen=True, kw_only=True):
    """What a client asks for."""

    body: bytes
    raw: JsonObject
    model: str
    stream: bool
    include_usage: bool
    units: tuple[Unit, ...]

    @property
    def spoken(self) -> list[Unit]:
        """The units without the system's."""
        return [unit for unit in self.units if unit.role != "system"]

    @property
    def digest(self) -> bytes:
        """By what a repetition of the very same request is known."""
        return hashlib.sha256(self.body).digest()


def read_request(body: bytes) -> ChatRequest:
    """Read a request, of which only the messages have to be in order.

    Raises:
        BadInput: no JSON object, or its messages are none.
    """
    raw = _object(body)
    messages, model = raw.get("messages"), raw.get("model")
    if not isinstance(messages, list) or not messages or len(messages) > _MAX_MESSAGES:
        raise BadInput("messages", f"expected a list of 1 to {_MAX_MESSAGES:,} messages")
    if sum(map(_part_count, messages)) > _MAX_PARTS:
        raise BadInput("messages", f"their contents have more than {_MAX_PARTS:,} parts")
    if not isinstance(model, str) or not model.strip():
        raise BadInput("model", "name one, as GET /v1/models lists them")
    options = raw.get("stream_options")
    try:
        units = _units(messages)
    except RecursionError:
        raise BadInput("messages", "nested too deeply") from None
    return ChatRequest(
        body=body,
        raw=raw,
        model=mended(model),
        stream=raw.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        units=units,
    )


def _object(body: bytes) -> JsonObject:
    try:
        raw = json.loads(body)
    except RecursionError:
        raise BadInput("body", "nested too deeply") from None
    except ValueError:
        raise BadInput("body", "it is no JSON in UTF-8") from None
    if not isinstance(raw, dict):
        raise BadInput("body", "expected a JSON object")
    return raw


def _units(messages: Sequence[Json]) -> tuple[Unit, ...]:
    units, chain = [], no_chain()
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadInput(f"messages[{place}]", "expected an object with a role")
        unit = unit_of(message, chain)
        if unit.role != "system":
            chain = unit.chain
        units.append(unit)
    return tuple(units)


def unit_of(message: JsonObject, before: bytes) -> Unit:
    """A message after a chain."""
    role = _ROLES.get(str(message.get("role")), "system")
    digest = _digest(role, message)
    place = hashlib.sha256(b"system" + digest).digest()
    return Unit(
        role=role,
        raw=message,
        digest=digest,
        chain=place if role == "system" else chained(before, digest),
    )


def no_chain() -> bytes:
    """The chain before the first message."""
    return _START


def chained(before: bytes, digest: bytes) -> bytes:
    """The chain with one more message."""
    return hashlib.sha256(before + digest).digest()


def text_digest(role: str, text: str) -> bytes:
    """The digest of a message that is a text and nothing else."""
    return _digest(role, {"content": text})


def answer_digest(message: JsonObject) -> bytes:
    """The digest of an answer as the client will send it back."""
    return _digest("assistant", message)


def _digest(role: str, message: JsonObject) -> bytes:
    parts = _parts(message.get("content"), role)
    others = _others(role, message)
    if not others and len(parts) <= 1 and all(isinstance(part, str) for part in parts):
        # Most of a long history is this, and all of it is read again with each request.
        form = "\0".join(["text", role, *map(str, parts)])
    else:
        form = _canonical.encode({**others, "role": role, "content": parts})
    return hashlib.sha256(form.encode()).digest()


def _others(role: str, message: JsonObject) -> JsonObject:
    """What a message says beside its content."""
    said: JsonObject = {}
    if role == "assistant":
        audio = message.get("audio")
        said["calls"] = _calls(message)
        said["audio"] = audio.get("id") if isinstance(audio, dict) else None
        said["refusal"] = message.get("refusal")
    elif role == "tool":
        said["call"] = message.get("tool_call_id") or message.get("name")
    else:
        said["name"] = message.get("name")
    return {name: value for name, value in said.items() if value}


def _part_count(message: Json) -> int:
    content = message.get("content") if isinstance(message, dict) else None
    return len(content) if isinstance(content, list) else 0


def _parts(content: Json, role: str) -> list[Json]:
    """The content in one form: a text and a list of that one text say the same."""
    found: list[Json] = []
    for part in content if isinstance(content, list) else [content]:
        text = _text_of(part)
        if text is None:
            if part is not None:
                found.append(part)
        elif found and isinstance(found[-1], str):
            found[-1] = found[-1] + text
        else:
            found.append(text)
    # Clients trim answers before they send them back.
    trimmed = [p.strip() if isinstance(p, str) and role == "assistant" else p for p in found]
    return [part for part in trimmed if part != ""]


def _text_of(part: Json) -> str | None:
    if isinstance(part, str):
        return mended(part)
    if isinstance(part, dict) and part.get("type") in ("text", "refusal"):
        text = part.get(str(part["type"]))
        return mended(text) if isinstance(text, str) else None
    return None


def _calls(message: JsonObject) -> list[Json]:
    calls = message.get("tool_calls")
    found: list[Json] = []
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            found.append(call)
            continue
        found.append([call.get("id"), function.get("name"), _arguments(function.get("arguments"))])
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        found.append([None, legacy.get("name"), _arguments(legacy.get("arguments"))])
    return found


def _arguments(raw: Json) -> Json:
    """Arguments in one form: clients that parse them write them in their own way."""
    if not isinstance(raw, str):
        return raw
    try:
        parsed: Json = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    return parsed


def content_text(content: Json) -> str:
    """The text of a message's content; of several parts each on its own line."""
    parts = content if isinstance(content, list) else [content]
    return "\n".join(text for part in parts if (text := _text_of(part)) is not None)


def mended(text: str) -> str:
    """The text with the halves of its surrogate pairs joined, and a mark where one is alone.

    A provider may cut a pair in two between the pieces of a stream; JSON lets it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
