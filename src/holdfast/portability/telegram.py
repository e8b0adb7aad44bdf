"""Telegram's JSON export: one chat, or all chats of an account under `chats.list`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from holdfast.portability.containers import Member, read_whole
from holdfast.portability.conversations import Broken, Conversation, ImportedFile, Item
from holdfast.portability.filenames import bare_name, media_type_of
from holdfast.portability.json_values import (
    Malformed,
    checked,
    clean_text,
    fields_of,
    mended,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.limits import Limits
from holdfast.portability.people import Said, room
from holdfast.portability.sampling import Sample

__all__ = ["is_telegram", "read_telegram"]


class _Message(Struct):
    # Any: each field is checked where it is used, so that a strange one costs a detail only.
    id: Any = None
    type: Any = None
    date: Any = None
    date_unixtime: Any = None
    from_: Any = msgspec.field(default=None, name="from")
    actor: Any = None
    action: Any = None
    text: Any = None
    photo: Any = None
    file: Any = None
    file_name: Any = None
    mime_type: Any = None


_CHATS: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_MESSAGES: msgspec.json.Decoder[list[_Message]] = msgspec.json.Decoder(list[_Message])


def is_telegram(sample: Sample) -> bool:
    """Whether the object is a chat or a list of chats as Telegram Desktop saves them."""
    if sample.shape == "text":
        return False
    try:
        return _is_chat(sample.fields) or bool(_listed(sample.fields))
    except Malformed:
        return False


def _is_chat(fields: Mapping[str, Raw]) -> bool:
    if "messages" not in fields:
        return False
    messages = typed(_CHATS, fields["messages"], "messages")
    first = fields_of(messages[0], "the first message") if messages else {}
    return "type" in first and bool({"date_unixtime", "date"} & first.keys())


def _listed(fields: Mapping[str, Raw]) -> list[Raw]:
    """The chats of an account's export."""
    if "chats" not in fields:
        return []
    return typed(_CHATS, fields_of(fields["chats"], "chats").get("list", Raw(b"[]")), "the list")


def read_telegram(member: Member, limits: Limits) -> Iterator[Item]:
    """The chats of a Telegram export.

    Raises:
        HostileFile: it is over the limit for a file that is one JSON object.
    """
    raw = read_whole(member, max_bytes=limits.max_conversation_bytes, progress=True)
    try:
        checked(raw, max_values=limits.max_values, max_depth=limits.max_depth)
        try:
            fields = fields_of(raw, "the export")
        except Malformed:
            fields = fields_of(mended(raw), "the export")
        chats = _listed(fields) or [Raw(raw)]
    except Malformed as exc:
        yield Broken(place=member.name, reason=exc.reason, code=exc.code)
        return
    for number, chat in enumerate(chats, 1):
        try:
            yield _conversation(chat)
        except Malformed as exc:
            place = f"{member.name}, chat {number:,}"
            yield Broken(place=place, reason=exc.reason, code=exc.code)


def _conversation(raw: Raw) -> Conversation:
    fields = fields_of(raw, "the chat")
    said = [_said(one) for one in typed(_MESSAGES, fields.get("messages", Raw(b"[]")), "messages")]
    chat_id = value_of(fields.get("id"))
    return room(
        "telegram",
        said,
        identity=str(chat_id) if isinstance(chat_id, int) else None,
        title=string_or_none(value_of(fields.get("name"))) or "",
    )


def _said(message: _Message) -> Said:
    service = message.type != "message"
    text = _text(message.text)
    if service and not text:
        text = " ".join(filter(None, map(string_or_none, (message.actor, message.action))))
    return Said(
        id=str(message.id) if isinstance(message.id, int) else None,
        text=clean_text(text),
        at=time_of(message.date_unixtime) or time_of(message.date),
        author=None if service else string_or_none(message.from_) or "Deleted account",
        files=tuple(_files(message)),
    )


def _text(text: object) -> str:
    """Text, or the pieces of formatted text one after the other."""
    pieces = text if isinstance(text, list) else [text]
    said = [piece.get("text") if isinstance(piece, dict) else piece for piece in pieces]
    return "".join(piece for piece in said if isinstance(piece, str))


def _files(message: _Message) -> Iterator[ImportedFile]:
    for path, given in ((message.photo, None), (message.file, message.file_name)):
        name = string_or_none(given) or string_or_none(path)
        if name:
            bare = bare_name(name)
            kind = string_or_none(message.mime_type) or media_type_of(bare)
            yield ImportedFile(name=bare, media_type=kind)
