"""What every reader yields: a conversation that no provider's format shows in any more.

The order of `Conversation.messages` is one in which a message can be written as it comes: parents
before children, a branch as a whole before the next one, siblings by time and then by position.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from holdfast.model import MessageKind, Role, Speech, ToolPart

__all__ = [
    "Assets",
    "Broken",
    "Conversation",
    "ImportedFile",
    "ImportedMemory",
    "ImportedMessage",
    "Item",
]


class ImportedFile(Struct, frozen=True, kw_only=True):
    """A file that a message brought along.

    `data` is the content, a function that reads it while the reader is open, or None when the
    export only names the file. `name` is a bare name without any folder.
    """

    name: str
    media_type: str
    data: bytes | Callable[[], bytes] | None = None

    def read(self) -> bytes | None:
        """The content, or None when the export does not hold it.

        Raises:
            ImportFailed: the file cannot be unpacked, or is over a limit (HostileFile).
        """
        return self.data() if callable(self.data) else self.data


class ImportedMessage(Struct, frozen=True, kw_only=True):
    """One message. `source` is unique in its conversation and the same in every export of it."""

    source: str
    parent: str | None = None
    """`source` of the message that this one follows."""
    role: Role
    kind: MessageKind = "text"
    text: str = ""
    at: datetime | None = None
    """None only when neither the message nor anything before it bears a time."""
    author: str | None = None
    tool: ToolPart | None = None
    speech: Speech | None = None
    error_code: str | None = None
    item: str | None = None
    """The provider's own item as JSON text, for tools and for what has no text form."""
    file: ImportedFile | None = None
    model: str | None = None


class Conversation(Struct, frozen=True, kw_only=True):
    """One conversation. `source` is what makes importing it twice the same as once."""

    source: str
    title: str = ""
    started_at: datetime | None = None
    last_at: datetime | None = None
    assistant: str | None = None
    project: str | None = None
    platform: str | None = None
    kind: str = "chat"
    archived: bool = False
    pinned: bool = False
    tags: tuple[str, ...] = ()
    head: str | None = None
    """`source` of the leaf of the branch that was shown last; None means the newest."""
    messages: tuple[ImportedMessage, ...] = ()


class ImportedMemory(Struct, frozen=True, kw_only=True):
    """One version of a memory that another system kept, without the messages it came from.

    `source` is the memory's id there; versions of one memory share it and come oldest first.
    """

    source: str
    text: str
    since: datetime | None = None
    """From when it holds."""
    until: datetime | None = None
    """Until when it held; None when it still does."""
    assistant: str | None = None
    tags: tuple[str, ...] = ()


class Broken(Struct, frozen=True, kw_only=True):
    """A conversation that could not be read. Holds none of its text."""

    place: str
    """Where it stands: "conversations-003.json, conversation 17", counted from 1."""
    reason: str
    code: str = "import_failed"


Item: TypeAlias = Conversation | ImportedMemory | Broken
Assets: TypeAlias = Callable[[str], ImportedFile | None]
"""Finds a file of the export by the provider's id for it; None when the export lacks it."""
