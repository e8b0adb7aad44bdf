"""Types of `holdfast.sync`. Written by docs/_generate.py from the asynchronous classes."""

# ruff: noqa: A001, A002  # the names are those of the library

import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.capture.checks import Limits
from holdfast.capture.entries import Draft, Entry
from holdfast.capture.exchange import ToolRun
from holdfast.capture.log import SessionLog
from holdfast.capture.streaming import Left
from holdfast.capture.turn import Input
from holdfast.clock import Clock, Ids
from holdfast.errors import HoldfastError
from holdfast.keeper.about import About
from holdfast.keeper.access import Gate, Scope, Verb
from holdfast.keeper.backups import BackupReport
from holdfast.keeper.contexts import Context
from holdfast.keeper.correcting import Correction
from holdfast.keeper.counting import Tallies
from holdfast.keeper.derived import Forgotten
from holdfast.keeper.erasing import Receipt
from holdfast.keeper.exporting import ExportFormat, ExportReport
from holdfast.keeper.found import Found
from holdfast.keeper.hand import ForgottenMemories
from holdfast.keeper.import_report import ImportReport, Progress
from holdfast.keeper.keeper import KnownUser
from holdfast.keeper.keys import KeyStatus
from holdfast.keeper.learning import NewMemory
from holdfast.keeper.listing import Page
from holdfast.keeper.logins import Logins
from holdfast.keeper.memories import MemoryPage
from holdfast.keeper.memory_changes import ChangePage
from holdfast.keeper.memory_facts import MemoryFacts
from holdfast.keeper.memory_filter import MemoryFacets, MemorySort
from holdfast.keeper.months import Months
from holdfast.keeper.names import AssistantBody, ProjectBody
from holdfast.keeper.open_session import LoggedExchange
from holdfast.keeper.opening import Embedding
from holdfast.keeper.outline import Outline
from holdfast.keeper.preferences import Answering, Language, Preferences, Theme
from holdfast.keeper.previewing import Preview
from holdfast.keeper.proposing import Distiller
from holdfast.keeper.recalling import Hits
from holdfast.keeper.recalling_sessions import SessionHit
from holdfast.keeper.receipts import LearningReceipt
from holdfast.keeper.rooms import RoomPage
from holdfast.keeper.roster import MemberKind, MemberRole, RoomHistory
from holdfast.keeper.sorting import Sort
from holdfast.keeper.store import Store
from holdfast.keeper.thoughts import ThoughtPage
from holdfast.keeper.tokens import Changed, Token
from holdfast.keeper.trash import Kept
from holdfast.keeper.trash_counts import Consequences
from holdfast.keeper.used import UsedPiece
from holdfast.keeper.verifying import Verified
from holdfast.keeper.window import Window
from holdfast.model import (
    Assistant,
    FilePart,
    Json,
    Member,
    Memory,
    MemoryId,
    MemoryKind,
    MemoryOrigin,
    Message,
    MessageId,
    MessageKind,
    Pause,
    Project,
    Role,
    Room,
    RoomId,
    Session,
    SessionId,
    Source,
    Speech,
    Thought,
    ToolPart,
    Turn,
    TurnId,
    TurnStatus,
    Used,
    UserId,
)
from holdfast.portability.conversations import Conversation
from holdfast.portability.stored import Origin
from holdfast.recall.asking import Include
from holdfast.recall.reranking import Reranker
from holdfast.storage.protocol import Kind, RowKey, VaultStats
from holdfast.vault.foreign import ForeignKey
from holdfast.vault.root import RootKey, RootKeySource
from holdfast.vault.rotation import RotationReport
from holdfast.vault.vault import Vault

__all__ = [
    "AnswerStream",
    "Exports",
    "Imports",
    "Keeper",
    "Keys",
    "Memories",
    "Names",
    "OpenRoom",
    "OpenSession",
    "Rooms",
    "Sessions",
    "Thoughts",
    "Tokens",
    "ToolCall",
    "TurnRecorder",
    "User",
    "open",
]

class AnswerStream:
    @property
    def item(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    def write(self, delta: str) -> None: ...
    def flush(self) -> None: ...
    def settle(self) -> HoldfastError | None: ...
    def take(self) -> Left: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class Exports:
    def file(
        self,
        path: str | Path,
        *,
        format: ExportFormat = "bundle",
        sessions: builtins.list[str] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ExportReport: ...
    def stream(
        self,
        *,
        format: ExportFormat = "bundle",
        sessions: builtins.list[str] | None = None,
    ) -> Iterator[bytes]: ...
    def total_messages(self, sessions: builtins.list[str] | None = None) -> int: ...

class Imports:
    def file(
        self,
        path: str | Origin,
        *,
        progress: Callable[[Progress], None] | None = None,
        key: ForeignKey | None = None,
        only: str | None = None,
    ) -> ImportReport: ...
    def conversation(self, found: Conversation) -> ImportReport: ...
    def preview(
        self,
        path: str | Origin,
        *,
        progress: Callable[[Progress], None] | None = None,
        key: ForeignKey | None = None,
        only: str | None = None,
    ) -> Preview: ...

class Keeper:
    @property
    def keys(self) -> Keys: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def logins(self) -> Logins: ...
    @property
    def store(self) -> Store: ...
    def account(self, name: str) -> Keeper: ...
    def user(self, user_id: str, *, create: bool = True) -> User: ...
    def users(self) -> builtins.list[KnownUser]: ...
    def ephemeral(self, user_id: str, *, assistant: str | None = None) -> OpenSession: ...
    def distill(self, *, distiller: Distiller | None = None, share: float = 1.0) -> int: ...
    def recover(self) -> int: ...
    def purge_trash(self, *, after_days: float) -> int: ...
    def verify(
        self,
        user_id: str | None = None,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Verified: ...
    def erase(self, user_id: str) -> Receipt: ...
    def backup(self, data: str | Path, keys: str | Path) -> BackupReport: ...
    def warm(self, user_id: str) -> None: ...
    def finish_start(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class Keys:
    def status(self) -> KeyStatus: ...
    def rotate_root(self, new: RootKeySource | None = None) -> int: ...
    def rotate_vault(
        self,
        vault: Vault,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> RotationReport: ...

class Memories:
    def list(
        self,
        *,
        kind: MemoryKind | None = None,
        tag: str | None = None,
        assistant: str | None = None,
        session_id: str | None = None,
        min_importance: int = 1,
        origin: MemoryOrigin | None = None,
        pinned: bool | None = None,
        valid_at: datetime | str | None = None,
        q: str = "",
        project: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        trashed: bool = False,
        sort: MemorySort = "new",
        limit: int | None = None,
    ) -> builtins.list[Memory]: ...
    def page(
        self,
        *,
        kind: MemoryKind | None = None,
        tag: str | None = None,
        assistant: str | None = None,
        session_id: str | None = None,
        min_importance: int = 1,
        origin: MemoryOrigin | None = None,
        pinned: bool | None = None,
        valid_at: datetime | str | None = None,
        q: str = "",
        project: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        trashed: bool = False,
        sort: MemorySort = "new",
        cursor: str | None = None,
        limit: int = 50,
    ) -> MemoryPage: ...
    def facets(self) -> MemoryFacets: ...
    def facts(self, memories: Iterable[Memory]) -> dict[MemoryId, MemoryFacts]: ...
    def get(self, memory_id: str) -> Memory: ...
    def by_ids(self, memory_ids: Iterable[str]) -> builtins.list[Memory]: ...
    def add(
        self,
        new: NewMemory | str,
        *,
        sources: Sequence[Source | str] = ...,
        assistant: str | None = None,
        client_key: str | None = None,
    ) -> Memory: ...
    def of_message(self, message_id: str) -> builtins.list[Memory]: ...
    def of_messages(self, message_ids: Iterable[str]) -> dict[str, builtins.list[Memory]]: ...
    def source_messages(self, memory_id: str) -> builtins.list[Message]: ...
    def changes(self, *, cursor: str | None = None, limit: int = 50) -> ChangePage: ...
    def history(self, memory_id: str) -> builtins.list[Memory]: ...
    def receipts(self, session_id: str) -> builtins.list[LearningReceipt]: ...
    def edit(self, memory_id: str, correction: Correction | str) -> Memory: ...
    def pin(self, memory_id: str, *, pinned: bool = True) -> Memory: ...
    def merge(self, memory_ids: Sequence[str], *, text: str | None = None) -> Memory: ...
    def undo(self, memory_id: str) -> Memory: ...
    def forget(self, memory_ids: str | Iterable[str]) -> ForgottenMemories: ...
    def trash(self, memory_id: str) -> Memory: ...
    def restore(self, memory_id: str) -> Memory: ...
    def clear(self) -> int: ...

class Names:
    def assistant(self, slug: str | None) -> bytes | None: ...
    def project(self, slug: str | None) -> bytes | None: ...
    def find(self, kind: Kind, slug: str) -> bytes: ...
    def assistants(self) -> builtins.list[Assistant]: ...
    def projects(self) -> builtins.list[Project]: ...
    def describe_assistant(
        self,
        slug: str,
        *,
        name: str | None = None,
        avatar: str | None = None,
        purpose: str | None = None,
    ) -> Assistant: ...
    def describe_project(self, slug: str, *, name: str | None = None) -> Project: ...
    def restore(self, kind: Kind, record_id: str, body: AssistantBody | ProjectBody) -> None: ...

class OpenRoom:
    @property
    def id(self) -> RoomId: ...
    @property
    def user_id(self) -> UserId: ...
    def check(self, verb: Verb) -> None: ...
    def info(self) -> Room: ...
    def rename(self, name: str) -> Room: ...
    def members(self) -> Sequence[Member]: ...
    def assistants(self) -> Sequence[Assistant]: ...
    def invite(
        self,
        user_id: str,
        *,
        role: MemberRole = "member",
        kind: MemberKind = "person",
    ) -> None: ...
    def remove(self, user_id: str, *, kind: MemberKind = "person") -> Receipt | None: ...
    def leave(self) -> Receipt | None: ...
    def session(self) -> OpenSession: ...
    def window(self) -> Window | None: ...
    def visible(self, memories: Sequence[Memory]) -> Sequence[Memory]: ...
    def post(self, text: str, *, client_key: str | None = None) -> Message: ...
    def own_key(self, client_key: str | None) -> str | None: ...
    def messages(self, *, last: int = 100) -> Sequence[Message]: ...
    def recall(
        self,
        question: str,
        *,
        limit: int = 10,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        speaker: str | None = None,
        include: Include = "both",
        neighbours: int = 1,
        as_you_type: bool = False,
        operators: bool = True,
    ) -> Hits: ...
    def memories(self) -> Memories: ...
    def memory_page(self, *, cursor: str | None = None, limit: int = 50) -> MemoryPage: ...
    def distill(self) -> int: ...
    def erase(self) -> Receipt: ...

class OpenSession:
    @property
    def gate(self) -> Gate: ...
    @property
    def id(self) -> SessionId: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def log(self) -> SessionLog: ...
    def info(self) -> Session: ...
    @property
    def store(self) -> Store: ...
    def see(self, seq: int) -> None: ...
    def turn(
        self,
        text: str = "",
        *,
        client_key: str | None = None,
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = ...,
        model: str | None = None,
        edits: str | None = None,
        answers: str | None = None,
        given: Input | None = None,
    ) -> AbstractContextManager[TurnRecorder]: ...
    def log_full_chat_interaction(
        self,
        user_message: str,
        assistant_message: str,
        *,
        reasoning: str | None = None,
        tools: Sequence[ToolRun] = ...,
        author: str | None = None,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: Sequence[str] = ...,
        model: str | None = None,
        at: datetime | None = None,
        memory: NewMemory | str | None = None,
        thought: str | None = None,
        client_key: str | None = None,
    ) -> LoggedExchange: ...
    def messages(
        self,
        *,
        last: int | None = None,
        after_seq: int | None = None,
        limit: int = 1000,
        forgotten: bool = False,
    ) -> builtins.list[Message]: ...
    def turns(
        self,
        *,
        last: int | None = None,
        first: int = 0,
        limit: int = 1000,
    ) -> builtins.list[Turn]: ...
    def turns_by_id(self, turn_ids: Iterable[str]) -> builtins.list[Turn]: ...
    def outline(self) -> Outline: ...
    def find(self, words: str) -> Found: ...
    def branch(self, leaf: str | None = None) -> builtins.list[Message]: ...
    def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recent: int = 20,
        recalled: int = 12,
        count: Callable[[str], int] = ...,
    ) -> Context: ...
    def message(self, message_id: str) -> Message: ...
    def read_file(self, message_id: str) -> bytes: ...
    def change(
        self,
        *,
        title: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        learning: bool | None = None,
    ) -> Session: ...

class Rooms:
    def create(
        self,
        name: str,
        *,
        members: Sequence[str] = ...,
        assistants: Sequence[str] = ...,
        client_key: str | None = None,
        history: RoomHistory = "all",
    ) -> OpenRoom: ...
    def open(self, room_id: str) -> OpenRoom: ...
    def list(self) -> Sequence[Room]: ...
    def page(self, *, cursor: str | None = None, limit: int = 50) -> RoomPage: ...
    def leave_all(self) -> int: ...

class Sessions:
    def start(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str = "chat",
        title: str = "",
        platform: str | None = None,
        tags: Sequence[str] = ...,
        started_at: datetime | None = None,
        ephemeral: bool = False,
        client_key: str | None = None,
        watched: bool = False,
    ) -> OpenSession: ...
    def trash(self, session_ids: str | Iterable[str], *, memories: Kept = "forget") -> None: ...
    def restore(self, session_ids: str | Iterable[str]) -> None: ...
    def consequences(self, session_id: str) -> Consequences: ...
    def open(self, session_id: str) -> OpenSession: ...
    def hold(self, session: OpenSession) -> None: ...
    def temporary(self, session_id: str) -> OpenSession | None: ...
    def keep(self, session_id: str) -> OpenSession: ...
    def page(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        platform: str | None = None,
        tag: str | None = None,
        pinned: bool | None = None,
        title: str | None = None,
        trashed: bool | None = False,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        sort: Sort = "last",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page: ...
    def months(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        zone: str = "UTC",
    ) -> Months: ...
    def list(
        self,
        *,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        archived: bool | None = None,
        limit: int = 50,
    ) -> builtins.list[Session]: ...
    def each(self, *, trashed: bool | None = False) -> Iterator[Session]: ...

class Thoughts:
    def list(
        self,
        *,
        assistant: str | None = None,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> builtins.list[Thought]: ...
    def page(
        self,
        *,
        assistant: str | None = None,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ThoughtPage: ...
    def get(self, thought_id: str) -> Thought: ...
    def log(
        self,
        assistant: str,
        text: str,
        *,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str = "note",
        client_key: str | None = None,
    ) -> Thought: ...
    def add(
        self,
        text: str,
        *,
        assistant: str,
        session_id: str | None = None,
        turn_id: str | None = None,
        memory_id: str | None = None,
        kind: str = "note",
        client_key: str | None = None,
    ) -> Thought: ...
    def repeat(self, assistant: str, message: Message) -> Thought: ...
    def of_memory(self, memory_id: str) -> builtins.list[Thought]: ...
    def of_turn(self, turn_id: str) -> builtins.list[Thought]: ...
    def of_turns(self, turn_ids: Iterable[str]) -> dict[str, builtins.list[Thought]]: ...

class Tokens:
    def create(
        self,
        user_id: str,
        *,
        name: str = "",
        scopes: Iterable[Scope] = ...,
        acts_for_users: bool = False,
        injects_context: bool = False,
        expires_at: datetime | None = None,
        made_with: str | None = None,
    ) -> tuple[Token, str]: ...
    def list(self, user_id: str | None = None) -> builtins.list[Token]: ...
    def revoke(self, token_id: str) -> Token: ...
    def revoke_of(self, user_id: str) -> int: ...
    def find(self, secret: str) -> Token | None: ...
    def used(self, token_id: str, at: datetime) -> None: ...
    def changes(self, after: int) -> Changed: ...

class ToolCall:
    @property
    def call_id(self) -> str: ...
    def result(self, value: object, *, failed: bool = False) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class TurnRecorder:
    @property
    def messages(self) -> builtins.list[Message]: ...
    @property
    def replayed(self) -> bool: ...
    @property
    def used(self) -> tuple[Used, ...]: ...
    @property
    def id(self) -> TurnId: ...
    @property
    def session_id(self) -> SessionId: ...
    @property
    def record(self) -> Turn: ...
    @property
    def answer(self) -> str | None: ...
    def reply(
        self,
        text: str,
        *,
        author: str | None = None,
        item: str | None = None,
    ) -> Message: ...
    def reasoning(self, text: str, *, item: str | None = None) -> Message: ...
    def say(
        self,
        role: Role,
        text: str,
        *,
        author: str | None = None,
        item: str | None = None,
    ) -> Message: ...
    def file(
        self,
        name: str,
        content: bytes,
        *,
        media_type: str,
        role: Role = "user",
        text: str = "",
    ) -> Message: ...
    def audio(
        self,
        content: bytes,
        *,
        media_type: str,
        transcript: str = "",
        speech: Speech | None = None,
        role: Role = "assistant",
        name: str = "speech",
    ) -> Message: ...
    def transcript(self, text: str, speech: Speech) -> Message: ...
    def error(self, error: BaseException | str, *, code: str | None = None) -> Message: ...
    def tool(
        self,
        name: str,
        arguments: object = None,
        *,
        call_id: str | None = None,
        parent_call_id: str | None = None,
        item: str | None = None,
    ) -> ToolCall: ...
    def stream(self, *, kind: MessageKind = "text", author: str | None = None) -> AnswerStream: ...
    def annotate(
        self,
        *,
        intent: str | None = None,
        intent_confidence: float | None = None,
        entities: dict[str, Json] | None = None,
        tags: tuple[str, ...] | None = None,
        model: str | None = None,
    ) -> None: ...
    def end(self, status: TurnStatus, *, entities: dict[str, Json] | None = None) -> None: ...
    def refusal(self) -> HoldfastError | None: ...
    def add(
        self,
        role: Role,
        kind: MessageKind,
        text: str,
        *,
        author: str | None = None,
        tool: ToolPart | None = None,
        file: FilePart | None = None,
        speech: Speech | None = None,
        error_code: str | None = None,
        item: str | None = None,
        content: bytes | None = None,
        closing: bool = False,
    ) -> Message: ...
    def append(self, entry: Entry, *, remove: tuple[RowKey, ...] = ...) -> Message: ...
    def draft(self, draft: Draft) -> None: ...
    def draft_message(
        self,
        message_id: MessageId,
        kind: MessageKind,
        text: str,
        author: str | None,
    ) -> Message: ...
    def attach(self, stream: AnswerStream, *, running: bool) -> None: ...
    @property
    def log(self) -> SessionLog: ...
    @property
    def limits(self) -> Limits: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class User:
    @property
    def id(self) -> UserId: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def memories(self) -> Memories: ...
    @property
    def thoughts(self) -> Thoughts: ...
    @property
    def names(self) -> Names: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def imports(self) -> Imports: ...
    @property
    def exports(self) -> Exports: ...
    @property
    def store(self) -> Store: ...
    @property
    def vault(self) -> Vault: ...
    def recall(
        self,
        question: str,
        *,
        limit: int = 10,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        days_back: float | None = None,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        role: str | None = None,
        tags: Sequence[str] = ...,
        session_id: str | None = None,
        speaker: str | None = None,
        platform: str | None = None,
        include: Include = "both",
        neighbours: int = 1,
        within_project: str | None = None,
        as_you_type: bool = False,
        operators: bool = True,
    ) -> Hits: ...
    def recall_sessions(
        self,
        question: str,
        *,
        limit: int = 5,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        days_back: float | None = None,
        assistant: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        tags: Sequence[str] = ...,
        platform: str | None = None,
        messages: int = 3,
    ) -> builtins.list[SessionHit]: ...
    def find(
        self,
        text: str,
        *,
        limit: int = 20,
        as_you_type: bool = False,
        zone: str = "UTC",
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        assistant: str | None = None,
        project: str | None = None,
        tags: Sequence[str] = ...,
        pinned: bool | None = None,
        archived: bool | None = None,
        kind: str | None = None,
        session_id: str | None = None,
    ) -> Found: ...
    def context(
        self,
        question: str,
        *,
        budget_tokens: int = 2000,
        recalled: int = 12,
        count: Callable[[str], int] = ...,
    ) -> Context: ...
    def used(self, session: OpenSession, turn_id: str) -> builtins.list[UsedPiece]: ...
    def create_memory_from_chat(
        self,
        session_id: str,
        assistant_name: str,
        transcript: str = "",
        importance: int = 5,
        messages: Sequence[Message] | None = None,
    ) -> Memory: ...
    def distill(self) -> int: ...
    def stats(self) -> VaultStats: ...
    def messages(self, message_ids: Iterable[str]) -> builtins.list[Message]: ...
    def pause_learning(self) -> tuple[Pause, ...]: ...
    def resume_learning(self) -> tuple[Pause, ...]: ...
    def learning_pauses(self) -> tuple[Pause, ...]: ...
    def activity(
        self,
        *,
        zone: str = "UTC",
        days: int = 365,
    ) -> builtins.list[tuple[date, int]]: ...
    def tallies(self) -> Tallies: ...
    def preferences(self) -> Preferences: ...
    def prefer(
        self,
        *,
        language: Language | None = None,
        theme: Theme | None = None,
        answers: Answering | None = None,
    ) -> Preferences: ...
    def draft_keys(self) -> tuple[bytes, ...]: ...
    def find_about(self, subject: str, *, limit: int = 10) -> About: ...
    def forget_about(self, about: About) -> Forgotten: ...
    def forget(self, message_ids: str | Iterable[str]) -> Forgotten: ...
    def erase_session(self, session_id: str, *, memories: Kept | None = None) -> Receipt: ...
    def clear(self) -> builtins.list[Receipt]: ...
    def erase(self) -> Receipt: ...

def open(
    url: str,
    *,
    root_key: RootKeySource | RootKey | None = None,
    keys_path: Path | None = None,
    account: str = "local",
    embedder: Embedding = "static",
    index_dir: Path | None = None,
    index_memory_bytes: int = ...,
    reranker: Reranker | None = None,
    limits: Limits | None = None,
    busy_timeout_s: float = 5.0,
    migrate: bool = True,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Keeper: ...
