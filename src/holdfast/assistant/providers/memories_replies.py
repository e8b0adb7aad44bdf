"""What memories.ai answers, read tolerantly: it is documented in several ways and sends more.

Errors come as HTTP 200 with a code; data may be null, once or twice wrapped, or absent; names come
in snake and camel case; a stream ends with one of four terminators, or with none. What is not
understood is kept as it came and never breaks an answer off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from holdfast.errors import ProviderBusy, ProviderFailed, ProviderRefused

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject

__all__ = [
    "End",
    "Extra",
    "Listed",
    "Piece",
    "ReplyText",
    "Said",
    "ThinkingStep",
    "check_envelope",
    "error_of",
    "event_pieces",
    "listed_sessions",
    "reply_pieces",
    "said_messages",
    "session_id_of",
]

_NAME = "memories.ai"
_OK = frozenset({"0000", "0", "200", "SUCCESS"})
_BUSY = frozenset({"0429", "429", "16"})
_REFUSED = frozenset(
    {"0001", "0003", "0401", "0402", "0403", "0409", "9009"}
    | {"400", "401", "402", "403", "404", "405", "409", "415"}
)
_TERMINATORS = frozenset({"done", "[done]"})
_MAX_WRAPPED = 4


class ReplyText(Struct, frozen=True, kw_only=True):
    """A piece of the answer's text."""

    text: str


class ThinkingStep(Struct, frozen=True, kw_only=True):
    """A step of the provider's reasoning, and as it came."""

    text: str
    raw: str


class Extra(Struct, frozen=True, kw_only=True):
    """What came beside the text: references, or something unknown; JSON text as it came."""

    kind: Literal["refs", "other"]
    raw: str


class End(Struct, frozen=True, kw_only=True):
    """The provider said that the answer is whole."""


Piece: TypeAlias = ReplyText | ThinkingStep | Extra | End


class Listed(Struct, frozen=True, kw_only=True):
    """A session in the provider's list."""

    session_id: str
    title: str


class Said(Struct, frozen=True, kw_only=True):
    """A message of the provider's history; it has no id and no time there."""

    role: Literal["user", "assistant"]
    text: str
    raw: str


def error_of(code: object, status: int = 200) -> ProviderFailed | None:
    """What a code or an HTTP status means, None when it means success."""
    word = "" if code is None else str(code)
    if word in _BUSY or status == 429:
        return ProviderBusy(_NAME, word or str(status))
    if word in _REFUSED or status in (400, 401, 402, 403, 405, 409, 415):
        return ProviderRefused(_NAME, word or str(status))
    if (word and word not in _OK) or status >= 400:
        return ProviderFailed(_NAME, word[:40] or str(status))
    return None


def check_envelope(body: object, status: int = 200) -> JsonObject:
    """The envelope of a reply that is none of an error.

    Raises:
        ProviderFailed: or one of its kinds; `code` says what the provider gave as reason.
    """
    if not isinstance(body, dict):
        raise error_of(None, status) or ProviderFailed(_NAME, "no_json")
    failed = body.get("success") is False or body.get("failed") is True
    error = error_of(body.get("code", body.get("status") if status >= 400 else None), status)
    if error is not None:
        raise error
    if failed:
        raise ProviderFailed(_NAME, "failed")
    return body


def _data_of(body: JsonObject) -> JsonObject:
    """The data inside an envelope, however often it is wrapped.

    Raises:
        ProviderFailed: it is null, or no object.
    """
    found: Json = body
    for _ in range(_MAX_WRAPPED):
        if not isinstance(found, dict) or "data" not in found:
            break
        found = found["data"]
    if not isinstance(found, dict):
        raise ProviderFailed(_NAME, "no_data")
    return found


def session_id_of(*places: object) -> str | None:
    """The first session id in any of its spellings."""
    for place in places:
        if isinstance(place, dict):
            for name in ("session_id", "sessionId", "sessionID"):
                value = place.get(name)
                if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
                    return str(value)
            inner = place.get("data")
            if isinstance(inner, dict) and (found := session_id_of(inner)):
                return found
    return None


def reply_pieces(body: JsonObject) -> Iterator[Piece]:
    """The pieces of a whole reply, with what it came with kept as it came.

    Raises:
        ProviderFailed: there is no answer in it.
    """
    data = _data_of(body)
    text = _text_of(data)
    if text is None:
        raise ProviderFailed(_NAME, "no_answer")
    for step in _list(data.get("thinkings")):
        yield _thinking(step)
    if text:
        yield ReplyText(text=text)
    for refs in (data.get("refs"), data.get("ref"), body.get("refs")):
        if refs:
            yield Extra(kind="refs", raw=_raw(refs))
    known = {"content", "response", "answer", "thinkings", "refs", "ref", "role"}
    rest = {k: v for k, v in data.items() if k not in known}
    if rest:
        yield Extra(kind="other", raw=_raw(rest))
    yield End()


def event_pieces(payload: str) -> Iterator[Piece]:
    """The pieces of one `data:` payload of a stream.

    Raises:
        ProviderFailed: or one of its kinds: the payload says that the answer failed.
    """
    if payload.strip().lower() in _TERMINATORS:
        yield End()
        return
    try:
        event: Json = json.loads(payload)
    except (ValueError, RecursionError):
        yield Extra(kind="other", raw=json.dumps(payload))
        return
    if isinstance(event, str):
        yield _terminator(event)
    elif isinstance(event, dict):
        yield from _object_pieces(event, payload)
    else:
        yield Extra(kind="other", raw=payload)


def _object_pieces(event: JsonObject, payload: str) -> Iterator[Piece]:
    if "code" in event or event.get("success") is False or event.get("failed") is True:
        check_envelope(event)
        data = event.get("data")
        if isinstance(data, dict):
            yield from reply_pieces(event)
        elif data is None:
            raise ProviderFailed(_NAME, "no_data")
        else:
            yield _terminator(str(data))
        return
    kind = event.get("type")
    if kind == "thinking":
        yield _thinking(event, payload)
    elif kind == "ref":
        yield Extra(kind="refs", raw=payload)
    elif kind == "error":
        raise ProviderFailed(_NAME, "error")
    elif isinstance(token := event.get("token"), str):
        yield ReplyText(text=_sound(token))
    elif kind in ("content", None) and (text := _text_of(event)) is not None:
        yield ReplyText(text=text)
        if refs := event.get("refs"):
            yield Extra(kind="refs", raw=_raw(refs))
    elif kind is None and isinstance(event.get("data"), dict):
        yield from reply_pieces(event)
    else:
        yield Extra(kind="other", raw=payload)


def _terminator(said: str) -> Piece:
    """End for a word of success; any other word tells of a failure, in words of the provider's."""
    if said.strip().lower() in _TERMINATORS:
        return End()
    raise ProviderFailed(_NAME, "said_no")


def _thinking(step: Json, raw: str | None = None) -> ThinkingStep:
    parts = [step] if isinstance(step, str) else []
    if isinstance(step, dict):
        parts = [str(step[name]) for name in ("title", "content") if step.get(name)]
    return ThinkingStep(text=_sound("\n".join(parts)), raw=raw or _raw(step))


def _text_of(data: Mapping[str, Json]) -> str | None:
    for name in ("content", "response", "answer"):
        value = data.get(name)
        if isinstance(value, str):
            return _sound(value)
        if isinstance(value, list):
            return _sound("".join(p if isinstance(p, str) else _raw(p) for p in value))
    return None


def listed_sessions(body: JsonObject) -> tuple[list[Listed], int | None]:
    """The sessions of one page of the list, and how many there are in all, if it says so."""
    data = _data_of(body)
    found = []
    for entry in _list(data.get("sessions")):
        session_id = session_id_of(entry)
        if session_id is not None and isinstance(entry, dict):
            found.append(Listed(session_id=session_id, title=_string(entry.get("title"))))
    total = str(data.get("total_count", data.get("totalCount")))
    return found, int(total) if re.fullmatch("[0-9]{1,9}", total) else None


def said_messages(body: JsonObject) -> tuple[str, list[Said]]:
    """Title and messages of a history, in order; what is neither a person's nor its own is left."""
    data = _data_of(body)
    found = []
    for entry in _list(data.get("messages")):
        if not isinstance(entry, dict):
            continue
        role = _string(entry.get("role")).lower()
        text = _text_of(entry)
        if role in ("user", "assistant") and text is not None:
            found.append(
                Said(role="user" if role == "user" else "assistant", text=text, raw=_raw(entry))
            )
    return _string(data.get("title")), found


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _string(value: Json) -> str:
    return _sound(value) if isinstance(value, str) else ""


def _raw(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # An escaped half of a surrogate pair has no UTF-8: then the escapes stay as they came.
    return text if _sound(text) == text else json.dumps(value)


def _sound(text: str) -> str:
    """The text without halves of surrogate pairs, which nothing could keep."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
