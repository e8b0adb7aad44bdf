"""What home-made chat logs hold: items of many shapes, of which each is something that was said.

    {"role": "user", "content": "Hello", "timestamp": "2026-01-09T10:00:00"}
    {"sender": "ada", "message": "Hello"}                   a name, which is the author
    {"user_message": "Hello", "ai_response": "Hei!"}        two messages
    {"type": "human", "data": {"content": "Hello"}}         LangChain
    {"type": "function_call", "name": ..., "call_id": ...}  an item of OpenAI's Responses

An item that says more than is understood is kept as it stands beside its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from holdfast.model import MessageKind, Role, ToolPart
from holdfast.portability.conversations import ImportedMessage
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    digest_of,
    json_text,
    string_or_none,
    time_of,
    value_of,
)
from holdfast.portability.openai_items import is_response_item, response_part
from holdfast.portability.trees import check_count

__all__ = ["Heard", "chained", "heard", "looks_heard", "session_named", "texts_of"]

_Item = Mapping[str, Any]  # JSON objects of many programs: each value is checked where it is used

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "humanmessage", "customer", "client"), "user"),
    **dict.fromkeys(("assistant", "ai", "bot", "aimessage", "model", "agent", "llm"), "assistant"),
    **dict.fromkeys(("aimessagechunk", "chatbot", "gpt"), "assistant"),
    **dict.fromkeys(("system", "developer", "systemmessage"), "system"),
    **dict.fromkeys(("tool", "function", "toolmessage", "functionmessage"), "tool"),
}
_PAIRS = (
    ("user_message", "ai_response"),
    ("user_message", "assistant_response"),
    ("user_message", "bot_response"),
    ("user_message", "assistant_message"),
    ("user_input", "ai_response"),
    ("user_input", "response"),
    ("prompt", "response"),
    ("question", "answer"),
    ("query", "response"),
    ("input", "output"),
    ("human", "ai"),
    ("user", "assistant"),
    ("user", "ai"),
    ("user", "bot"),
)
_SENDERS = ("sender", "from", "author", "speaker", "username")
_TEXTS = ("content", "text", "message", "body")
_TIMES = ("timestamp", "created_at", "createdAt", "time", "date", "at", "ts", "datetime")
_IDS = ("id", "message_id", "uuid")
_SESSIONS = ("session_id", "conversation_id", "thread_id", "chat_id", "sessionId", "room_id")
_CHANNELS = ("general", "chat", "ai")
"""Values of "type" that say in which list of its program an item was, not who spoke."""
_UNDERSTOOD = frozenset(
    {"role", "type", "user_id", "is_user", "model", "data", *_SENDERS, *_TEXTS}
    | {*_TIMES, *_IDS, *_SESSIONS}
)


class Heard(Struct, frozen=True, kw_only=True):
    """One message of an item. `id` is the item's own, if it has one."""

    role: Role
    text: str = ""
    kind: MessageKind = "text"
    at: datetime | None = None
    author: str | None = None
    tool: ToolPart | None = None
    item: str | None = None
    model: str | None = None
    id: str | None = None


def looks_heard(names: Iterable[str]) -> bool:
    """Whether an object with members of these names is an item of a chat log."""
    have = set(names)
    if any({said, answered} <= have for said, answered in _PAIRS):
        return True
    says_who = bool(have & {"role", "type", "is_user", *_SENDERS})
    return says_who and bool(have & {*_TEXTS, "data"})


def session_named(item: object) -> str | None:
    """The session that an item says it belongs to, or None."""
    if not isinstance(item, Mapping):
        return None
    return next((s for n in _SESSIONS if (s := _identity(item.get(n))) is not None), None)


def heard(raw: bytes, *, said_at: object = None) -> list[Heard]:
    """The messages of one item, in order: mostly one.

    Args:
        raw: the item as JSON.
        said_at: a time that stands beside the item, for one that has none itself.

    Raises:
        Malformed: it is none of the known shapes.
    """
    item = value_of(raw, "an item")
    if not isinstance(item, dict):
        raise Malformed("holds an item that is no object")
    at = _first_time(item) or time_of(said_at)
    if is_response_item(item):
        part = response_part(item)
        return [
            Heard(
                role=part.role,
                text=part.text,
                kind=part.kind,
                at=at,
                tool=part.tool,
                item=json_text(raw),
                id=_own_id(item),
            )
        ]
    return _pair(item, raw, at) or [_single(item, raw, at)]


def _pair(item: _Item, raw: bytes, at: datetime | None) -> list[Heard]:
    for said, answered in _PAIRS:
        if not {said, answered} <= item.keys():
            continue
        texts = (string_or_none(item[said]), string_or_none(item[answered]))
        extra = item.keys() - _UNDERSTOOD - {said, answered}
        kept = json_text(raw) if extra else None
        roles: tuple[Role, Role] = ("user", "assistant")
        own = _own_id(item)
        return [
            Heard(
                role=role,
                text=text,
                at=at,
                item=kept if role == "assistant" else None,
                id=None if own is None else f"{own}.{role}",
            )
            for role, text in zip(roles, texts, strict=True)
            if text is not None
        ]
    return []


def _single(item: _Item, raw: bytes, at: datetime | None) -> Heard:
    data = item.get("data")
    inner: _Item = {**data, **item} if isinstance(data, dict) else item
    role, author = _speaker(inner)
    extra = item.keys() - _UNDERSTOOD
    if isinstance(data, dict):
        extra |= {n for n in data.keys() - _UNDERSTOOD if data[n] not in (None, "", {}, [], False)}
    text = texts_of(inner)
    return Heard(
        role=role,
        text=text,
        at=at or _first_time(inner),
        author=author,
        item=json_text(raw) if extra or not text else None,
        model=string_or_none(inner.get("model")),
        id=_own_id(inner),
    )


def _speaker(item: _Item) -> tuple[Role, str | None]:
    """Role and author; a sender that is no role is a person."""
    sender = next((s for n in _SENDERS if (s := string_or_none(item.get(n)))), None)
    named = _role(item.get("role"))
    by_sender = _role(sender)
    author = sender if by_sender is None else None
    if named is not None:
        return named, author
    if by_sender is not None:
        return by_sender, None
    if isinstance(item.get("is_user"), bool):
        return ("user" if item["is_user"] else "assistant"), author
    if author is not None:
        return "user", author
    kind = item.get("type")
    if (role := _role(kind)) is not None:
        return role, None
    if kind in _CHANNELS:
        return "user", None
    raise Malformed("holds an item that does not say who spoke")


def texts_of(item: _Item) -> str:
    """The text of an item: a string, or the texts of its parts."""
    for name in _TEXTS:
        value = item.get(name)
        if isinstance(value, str):
            return clean_text(value)
        if isinstance(value, dict):
            return texts_of(value)
        if isinstance(value, list):
            texts = [part.get("text") if isinstance(part, dict) else part for part in value]
            return clean_text("\n".join(text for text in texts if isinstance(text, str)))
    return ""


def _role(value: object) -> Role | None:
    return _ROLES.get(value.strip().lower()) if isinstance(value, str) else None


def _first_time(item: _Item) -> datetime | None:
    return next((at for n in _TIMES if (at := time_of(item.get(n))) is not None), None)


def _own_id(item: _Item) -> str | None:
    return next((i for n in _IDS if (i := _identity(item.get(n))) is not None), None)


def _identity(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return string_or_none(value)


def chained(said: Sequence[Heard]) -> tuple[ImportedMessage, ...]:
    """Messages of which each follows the one before it.

    One without an id of its own is known by what it is, so that a later log, of which the
    beginning was trimmed, still has the same messages.

    Raises:
        Malformed: there are more than one conversation may hold.
    """
    check_count(len(said))
    seen: dict[str, int] = {}
    messages: list[ImportedMessage] = []
    at: datetime | None = None
    for one in said:
        at = one.at or at
        source = one.id or _digest(one)
        count = seen[source] = seen.get(source, 0) + 1
        messages.append(
            ImportedMessage(
                source=source if count == 1 else f"{source}~{count}",
                parent=messages[-1].source if messages else None,
                role=one.role,
                kind=one.kind,
                text=one.text,
                at=at,
                author=one.author,
                tool=one.tool,
                item=one.item,
                model=one.model,
            )
        )
    return tuple(messages)


def _digest(one: Heard) -> str:
    what = f"{one.at}\0{one.role}\0{one.author}\0{one.text}"
    # What has no text is known by the item that it is.
    return digest_of((what if one.text else f"{what}\0{one.item}").encode("utf-8", "replace"))
