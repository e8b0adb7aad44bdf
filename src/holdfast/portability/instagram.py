"""Instagram's and Messenger's JSON export: one file a room, the newest message first."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from holdfast.portability.conversations import Assets, Conversation, ImportedFile
from holdfast.portability.filenames import bare_name, media_type_of
from holdfast.portability.json_values import (
    Malformed,
    clean_text,
    fields_of,
    string_or_none,
    time_of,
    typed,
    value_of,
)
from holdfast.portability.people import Said, room
from holdfast.portability.sampling import Sample

__all__ = ["convert", "is_instagram"]

_ATTACHED = ("photos", "videos", "audio_files", "files")


class _Message(Struct):
    # Any: each field is checked where it is used, so that a strange one costs a detail only.
    sender_name: Any = None
    timestamp_ms: Any = None
    content: Any = None
    photos: Any = None
    videos: Any = None
    audio_files: Any = None
    files: Any = None
    share: Any = None


_RAWS: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_MESSAGES: msgspec.json.Decoder[list[_Message]] = msgspec.json.Decoder(list[_Message])


def is_instagram(sample: Sample) -> bool:
    """Whether the object's messages name their senders as Meta's exports do."""
    if sample.shape == "text" or "messages" not in sample.fields:
        return False
    try:
        messages = typed(_RAWS, sample.fields["messages"], "messages")
        return (
            bool(messages)
            and {"sender_name", "timestamp_ms"}
            <= fields_of(messages[0], "the first message").keys()
        )
    except Malformed:
        return False


def convert(raw: bytes, assets: Assets) -> Conversation:
    """The room of one file. `assets` is not used: files are named, not brought along.

    Raises:
        Malformed: not JSON, or not this shape.
    """
    fields = fields_of(raw, "the room")
    said = [_said(one) for one in typed(_MESSAGES, fields.get("messages", Raw(b"[]")), "messages")]
    said.reverse()
    said.sort(key=lambda one: one.at.timestamp() if one.at else 0.0)
    path = string_or_none(value_of(fields.get("thread_path")))
    title = string_or_none(value_of(fields.get("title"))) or ""
    return room("instagram", said, identity=path, title=_repaired(title))


def _said(message: _Message) -> Said:
    text = message.content if isinstance(message.content, str) else ""
    if isinstance(message.share, dict):
        text = "\n".join(filter(None, (text, string_or_none(message.share.get("link")))))
    files = [
        _file(one)
        for name in _ATTACHED
        for one in (getattr(message, name) or [])
        if isinstance(one, dict)
    ]
    return Said(
        text=clean_text(_repaired(text)),
        at=time_of(message.timestamp_ms),
        author=_repaired(string_or_none(message.sender_name) or "") or None,
        files=tuple(files),
    )


def _file(one: dict[str, Any]) -> ImportedFile:
    name = bare_name(string_or_none(one.get("uri")) or "file")
    return ImportedFile(name=name, media_type=media_type_of(name))


def _repaired(text: str) -> str:
    """Meta writes each byte of UTF-8 as a character of its own: "Ã©" is "é"."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
