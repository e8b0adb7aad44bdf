"""The nouns: what an account, a session, a turn, a message and a memory are.

Every value here is frozen. Ids are UUIDv7 in canonical text form and distinct types, so that a
session id cannot stand where a user id belongs. Times are aware UTC. Text is plaintext: it is
never logged and never put into an exception.

    account > user > vault > session > turn > message
                           > memory, thought, assistant, project, file
            > room > vault
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeAlias

from msgspec import Struct

__all__ = [
    "Account",
    "AccountId",
    "Assistant",
    "AssistantId",
    "FileId",
    "FilePart",
    "Json",
    "JsonObject",
    "Member",
    "Memory",
    "MemoryId",
    "MemoryKind",
    "MemoryOrigin",
    "MemoryVersion",
    "Message",
    "MessageId",
    "MessageKind",
    "Pause",
    "Project",
    "ProjectId",
    "RecordId",
    "Role",
    "Room",
    "RoomId",
    "Session",
    "SessionId",
    "Source",
    "Speech",
    "Thought",
    "ThoughtId",
    "TokenId",
    "ToolPart",
    "Turn",
    "TurnId",
    "TurnStatus",
    "Used",
    "UsedAs",
    "UserId",
    "VaultId",
]

AccountId = NewType("AccountId", str)
UserId = NewType("UserId", str)
"""The account's own name for a person: an e-mail, a subject claim. Not a UUID."""
VaultId = NewType("VaultId", str)
SessionId = NewType("SessionId", str)
TurnId = NewType("TurnId", str)
MessageId = NewType("MessageId", str)
MemoryId = NewType("MemoryId", str)
ThoughtId = NewType("ThoughtId", str)
TokenId = NewType("TokenId", str)
"""Of an API key; never the key itself."""
RoomId = NewType("RoomId", str)
AssistantId = NewType("AssistantId", str)
ProjectId = NewType("ProjectId", str)
FileId = NewType("FileId", str)
RecordId: TypeAlias = (
    SessionId
    | TurnId
    | MessageId
    | MemoryId
    | ThoughtId
    | RoomId
    | AssistantId
    | ProjectId
    | FileId
)

if TYPE_CHECKING:
    Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
    JsonObject: TypeAlias = "dict[str, Json]"
else:
    # msgspec builds decoders from these hints at run time and cannot follow a recursive alias.
    Json = Any
    JsonObject = dict[str, Any]

Role: TypeAlias = Literal["user", "assistant", "tool", "system"]
MessageKind: TypeAlias = Literal[
    "text", "tool_call", "tool_result", "audio", "file", "reasoning", "error"
]
TurnStatus: TypeAlias = Literal["open", "complete", "failed", "cancelled", "interrupted"]
MemoryKind: TypeAlias = Literal["fact", "preference", "summary", "episode", "note"]
MemoryOrigin: TypeAlias = Literal["said", "assistant", "tool", "file", "import", "hand"]
"""Whose words a memory rests on. Only what was said or written by hand is ever a preference."""


UsedAs: TypeAlias = Literal["profile", "summary", "recalled", "recent"]
"""The part of a context that something stood in."""


class Account(Struct, frozen=True, kw_only=True):
    """The tenant: an organisation, or the one local user."""

    id: AccountId
    name: str


class Assistant(Struct, frozen=True, kw_only=True):
    """Whom a session was held with. `slug` is unique in its vault."""

    id: AssistantId
    slug: str
    name: str
    avatar: str | None = None
    purpose: str = ""


class Project(Struct, frozen=True, kw_only=True):
    """What a session was held for. `slug` is unique in its vault."""

    id: ProjectId
    slug: str
    name: str


class Pause(Struct, frozen=True, kw_only=True):
    """A stretch of time from which nothing is learned; `until` None: it goes on."""

    since: datetime
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether a time lies in it."""
        return self.since <= at and (self.until is None or at < self.until)


class Session(Struct, frozen=True, kw_only=True):
    """One conversation in one vault.

    `kind` is an open set: chat, room, marketer_chat, video_chat, personal_chat. `source` is the id
    an importer knew it by ("chatgpt:<id>"). `message_count` counts what can still be read.
    """

    id: SessionId
    vault_id: VaultId
    kind: str = "chat"
    title: str = ""
    preview: str = ""
    assistant: str | None = None
    project: str | None = None
    platform: str | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    source: str | None = None
    head: MessageId | None = None
    """The leaf of the branch that is shown; None means the newest message."""
    started_at: datetime
    last_at: datetime
    message_count: int = 0
    turn_count: int = 0
    pauses: tuple[Pause, ...] = ()
    """When its owner wanted nothing to be learned from it, oldest first."""
    trashed_at: datetime | None = None
    """When it was put into the trash: it is in no list, search or export, and can come back."""
    seen: int | None = None
    """The seq up to which its owner has seen it; None where nothing of it counts as unseen."""


class Used(Struct, frozen=True, kw_only=True):
    """A message or memory that an answer was given, by its id alone: it may be gone since."""

    id: str
    section: UsedAs = "recalled"


class Turn(Struct, frozen=True, kw_only=True):
    """One exchange: what started it, all that happened, and how it ended."""

    id: TurnId
    session_id: SessionId
    index: int
    """0-based position of the turn in its session."""
    status: TurnStatus
    started_at: datetime
    ended_at: datetime | None = None
    intent: str | None = None
    intent_confidence: float | None = None
    """In [0, 1]; None when no intent was recorded."""
    entities: dict[str, Json] = {}
    tags: tuple[str, ...] = ()
    model: str | None = None
    client_key: str | None = None
    used: tuple[Used, ...] = ()
    """What its answer was given beside the session's recent messages, in the order of the
    context."""


class ToolPart(Struct, frozen=True, kw_only=True):
    """The tool side of a message: arguments of a call, or its result."""

    name: str
    call_id: str
    parent_call_id: str | None = None
    arguments: Json = None
    result: Json = None
    failed: bool = False


class FilePart(Struct, frozen=True, kw_only=True):
    """A file that belongs to a message; its bytes are sealed records of their own."""

    id: FileId
    name: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal digest of the content, for checking a restored or exported file."""


class Speech(Struct, frozen=True, kw_only=True):
    """How an audio message became text."""

    engine: str | None = None
    language: str | None = None
    """BCP 47, as the engine reported it."""
    duration_s: float | None = None


class Message(Struct, frozen=True, kw_only=True):
    """One entry of a turn.

    `seq` is 0-based without gaps inside its session. `parent_id` is the message this one follows:
    edits and regenerations are branches, that is several messages with one parent. `item` is the
    provider's own item as JSON text, kept byte for byte. A forgotten message has no content left.
    """

    id: MessageId
    session_id: SessionId
    turn_id: TurnId
    seq: int
    parent_id: MessageId | None = None
    role: Role
    kind: MessageKind = "text"
    text: str = ""
    at: datetime
    author: str | None = None
    tool: ToolPart | None = None
    file: FilePart | None = None
    speech: Speech | None = None
    error_code: str | None = None
    item: str | None = None
    source: str | None = None
    forgotten: bool = False


class Source(Struct, frozen=True, kw_only=True):
    """Where a memory comes from: a message, or a span of its text (code points, end exclusive)."""

    session_id: SessionId
    message_id: MessageId
    start: int | None = None
    end: int | None = None
    at: datetime | None = None
    """When it was said; None where nothing depends on it."""


class Memory(Struct, frozen=True, kw_only=True):
    """Something distilled from messages. `importance` is 1 to 10."""

    id: MemoryId
    kind: MemoryKind
    text: str
    tags: tuple[str, ...] = ()
    importance: int = 5
    assistant: str | None = None
    session_id: SessionId | None = None
    created_at: datetime
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    supersedes: MemoryId | None = None
    sources: tuple[Source, ...] = ()
    pinned: bool = False
    subject: str = ""
    """What it is about: "user", or whom they spoke of; casefolded, "" when that is not known."""
    attribute: str = ""
    """What it says of the subject ("favourite colour"); of one subject and attribute one value
    holds at a time. "" for what stands alone: nothing supersedes it."""
    value: str = ""
    origin: MemoryOrigin = "said"
    made_by: str = ""
    """"rules/1", "model NAME prompt/1", or "hand"; "" when that was not noted."""
    corrected: bool = False
    """Its owner changed it: nothing that is distilled supersedes it."""
    closed_by: Source | None = None
    """Where it was said that this no longer holds; None when only a successor tells."""
    former: tuple[MemoryVersion, ...] = ()
    """What it was before its owner changed it, oldest first; the latest so many."""
    trashed_at: datetime | None = None
    """When it was put into the trash: it is in no list, search or context, and can come back."""
    source_gone: bool = False
    """What it rested on was removed, and it was to stay."""


class MemoryVersion(Struct, frozen=True, kw_only=True):
    """What a memory was before a change by its owner, kept so that it can be read and undone."""

    memory: Memory
    """With an id of its own when it is one that was merged into the memory that tells of it."""
    changed_at: datetime
    change: Literal["edited", "merged"]
    fields: tuple[str, ...] = ()
    """What the change touched. Empty for a memory that was merged into another one."""
    version: int = 0
    """Of its record: one that comes back goes on from there."""


class Thought(Struct, frozen=True, kw_only=True):
    """An entry in an assistant's thought log.

    `kind` is an open set: note (written down by hand or by a program), reasoning (of a model), ...
    """

    id: ThoughtId
    assistant: str
    text: str
    at: datetime
    session_id: SessionId | None = None
    turn_id: TurnId | None = None
    linked_memory: MemoryId | None = None
    kind: str = "note"
    message_id: MessageId | None = None
    """The message that it repeats, of a model's reasoning; when that goes, the thought goes."""


class Member(Struct, frozen=True, kw_only=True):
    """A person's access to a room, or an assistant that answers in it when it is mentioned."""

    user_id: UserId
    """Of an assistant its slug."""
    role: Literal["owner", "member"]
    joined_at: datetime
    kind: Literal["person", "assistant"] = "person"
    first_seq: int = 0
    """Of the room's messages those from this one on are theirs to read."""


class Room(Struct, frozen=True, kw_only=True):
    """A conversation of several people and assistants that has its own vault."""

    id: RoomId
    vault_id: VaultId
    name: str
    session_id: SessionId
    """Its one conversation."""
    created_at: datetime
    history: Literal["joined", "all"] = "all"
    """What those who join later read: what is said from then on, or everything."""
