"""What is handed to the recorder: messages, turns and drafts that have no place yet."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from holdfast.markup import one_line
from holdfast.model import Message, Turn

__all__ = ["Appended", "Draft", "DraftBody", "Entry", "TurnChange", "rebased", "titled"]

_PREVIEW_CHARS = 160
_TITLE_CHARS = 80


class Entry(Struct, frozen=True, kw_only=True):
    """A message that has no place yet. `message.seq` and a `parent_id` of None are filled in."""

    message: Message
    content: bytes | None = None
    """The bytes of `message.file`."""
    follows_leaf: bool = True
    """With no `parent_id`: follow the newest message; False starts a new root."""


class TurnChange(Struct, frozen=True, kw_only=True):
    """A turn as it is from now on; `begins` gives it the next index of the session."""

    turn: Turn
    begins: bool = False
    base: Turn | None = None
    """The turn as the writer knew it. When somebody else has written it since, only what differs
    from this is written: what was forgotten meanwhile does not come back."""


class Draft(Struct, frozen=True, kw_only=True):
    """A streamed answer as far as it has come; it becomes a message when it ends."""

    id: bytes
    message: Message


class Appended(Struct, frozen=True, kw_only=True):
    """What was made durable."""

    messages: tuple[Message, ...]
    turns: tuple[Turn, ...]


class DraftBody(Struct, omit_defaults=True):
    """The sealed part of a draft."""

    message: Message


def rebased(turn: Turn, base: Turn, onto: Turn) -> Turn:
    """What was changed from `base` to `turn`, changed in `onto`."""
    fields = turn.__struct_fields__
    changed = {f: getattr(turn, f) for f in fields if getattr(turn, f) != getattr(base, f)}
    return replace(onto, **changed)


def titled(text: str) -> tuple[str, str]:
    """The title and the preview that a first message gives its session: words, no Markdown."""
    line = one_line(text)
    return line[:_TITLE_CHARS], line[:_PREVIEW_CHARS]
