"""What a storage backend holds and answers: sealed rows, heads and wrapped keys.

A backend never sees a key or a word: it holds sealed bytes and the few plain columns that
`docs/internals/security.md` lists. Every request names its vault. Two protocols, because wrapped
keys live apart from the data they open:

    Storage      vaults, session heads, sealed rows, links, once-tags
    KeyStorage   wrapped keys, erasures, the audit chain, the store's own secrets

`holdfast.testing` holds the contract suite; a backend is done when the suite passes.

Ids are 16 bytes (a UUID's), times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

__all__ = [
    "NO_SCOPE",
    "Anchor",
    "AuditEntry",
    "BackupCapable",
    "ByIds",
    "ChangesQuery",
    "Erasure",
    "HeadMove",
    "HeadsQuery",
    "KeyStorage",
    "KeyWrite",
    "Kind",
    "Link",
    "LinksQuery",
    "OnceTag",
    "RowKey",
    "RowSpan",
    "SealedRow",
    "SessionHead",
    "State",
    "Storage",
    "VaultRow",
    "VaultStats",
    "WrappedKey",
    "Write",
    "WriterPresence",
    "Written",
]

NO_SCOPE = bytes(16)
"""The scope of rows that belong to the vault itself, not to one session."""


class Kind(IntEnum):
    """What a sealed row is. The numbers are part of the format: never reuse one."""

    SESSION = 1
    TURN = 2
    MESSAGE = 3
    DRAFT = 4
    MEMORY = 5
    THOUGHT = 6
    FILE = 7
    CHUNK = 8
    ASSISTANT = 9
    PROJECT = 10
    MEMBER = 11
    ROOM = 12
    PROFILE = 13
    TOKEN = 14
    LEARNING = 15
    SETTING = 16
    LOGIN = 17


class State(IntEnum):
    """The plain state of a row, as far as a query or the recovery needs it."""

    LIVE = 0
    OPEN = 1
    """A turn that has not ended yet."""
    FORGOTTEN = 2
    """A message whose content is gone; its link in the chain stays, sealed is a proof of that."""
    GONE = 3
    """Deleted: `sealed` is empty. Kept so that other nodes' indexes hear of it by `rev`."""


class VaultRow(Struct, frozen=True, kw_only=True):
    """One vault. `owner_tag` is a keyed digest of the owner's name, unique in the store."""

    vault_id: bytes
    account_id: bytes
    owner_tag: bytes
    kind: str
    """"user", "room", or "tokens" (the store's own)."""
    created_ms: int
    rev: int = 0
    seals: int = 0
    """How many records were sealed for this vault since its key was last rotated: an upper bound
    for each of its keys."""
    epoch: int = 1
    """Version of the vault's key that new records are sealed under."""


class SessionHead(Struct, frozen=True, kw_only=True):
    """The plain, moving part of a session; its sealed part is the row of kind SESSION."""

    session_id: bytes
    kind: str
    assistant_id: bytes | None = None
    project_id: bytes | None = None
    archived: bool = False
    started_ms: int
    last_ms: int
    next_seq: int = 0
    """The seq that the next message gets: messages ever written."""
    messages: int = 0
    """Messages that can still be read."""
    turns: int = 0
    """Turns ever begun: the index that the next turn gets."""
    chain: bytes = b""
    """Running MAC over the session's messages; opaque here."""
    rev: int = 0


class HeadMove(Struct, frozen=True, kw_only=True):
    """Compare-and-set of a session's head: refused when `next_seq` or `turns` is not as expected.

    Set `expected_next_seq` and `expected_turns` to -1 to insert a head that must not exist yet.
    """

    expected_next_seq: int
    expected_turns: int
    expected_chain: bytes = b""
    """Compared too: a re-seal in the background moves the chain but not the seq."""
    expected_rev: int | None = None
    """Compared when given: the head has not been written at all since that revision."""
    head: SessionHead


class SealedRow(Struct, frozen=True, kw_only=True):
    """One sealed record.

    `kind`, `scope` and `ord` order it: `scope` is the session id or NO_SCOPE, `ord` the message's
    seq, the turn's index, the chunk's number, else 0. (vault, id) is unique over all kinds;
    (vault, kind, scope, ord) is not unique where ord has no meaning.
    """

    kind: Kind
    scope: bytes
    ord: int
    id: bytes
    state: State = State.LIVE
    owner: int | None = None
    """Writer number of the process that has the turn open; None for everything that is not."""
    parent: bytes | None = None
    """The turn of a message or draft, the file of a chunk; None elsewhere."""
    at_ms: int
    version: int = 0
    """Counts the re-seals of a row that changes (turns, drafts, sessions, memories); bound in the
    seal. A put of an existing row must raise it by one or more, else Conflict; so it is when the
    put names another kind, scope or ord: a row keeps its place."""
    link: bytes = b""
    """Messages only: the seal's tag as the session's chain took it in. Stays when forgotten."""
    sealed: bytes
    rev: int = 0
    """Set by the storage; what a writer puts here is ignored."""


class RowKey(Struct, frozen=True, kw_only=True):
    """Names a row to be removed without a trace (drafts, chunks)."""

    id: bytes


class Link(Struct, frozen=True, kw_only=True):
    """A relation between two rows of one vault. Both ends must exist; it goes when either goes.

    `kind`: "source", "closed_by" and "said_before" (memory to message), "supersedes" (memory to
    memory), "led_to" (thought to memory), "in_turn" (thought to turn), "in_session" (thought
    without a turn, to its session), "repeats" (thought to message), "learned" (what was distilled,
    to its session). A row that becomes FORGOTTEN or GONE loses its links.
    """

    kind: str
    from_id: bytes
    to_id: bytes


class OnceTag(Struct, frozen=True, kw_only=True):
    """A keyed digest that may be written once per vault: client keys, importers' source ids."""

    tag: bytes
    id: bytes
    """The row it stands for."""


class Write(Struct, frozen=True, kw_only=True):
    """One atomic change of one vault: all of it is durable, or none.

    `vault` is given when the vault is created in this write; its `rev` and `seals` are ignored, a
    vault begins at rev 1. `erase_sessions` removes every row, link, once-tag and the head of those
    sessions, and leaves a GONE row of kind SESSION; doing it again changes nothing.

    Parts are done in this order, and the first that does not fit says why the write is refused:
    vault, epoch, once, head, touch, erase_sessions, remove, unlinks, put, links. So a link may name
    a row put in the same write, and a write that was done before is told by its once-tag even when
    the head has moved too.
    """

    vault_id: bytes
    vault: VaultRow | None = None
    head: HeadMove | None = None
    touch: SessionHead | None = None
    """Replaces the head's kind, assistant, project and archived flag without moving the rest."""
    put: tuple[SealedRow, ...] = ()
    remove: tuple[RowKey, ...] = ()
    links: tuple[Link, ...] = ()
    unlinks: tuple[Link, ...] = ()
    once: OnceTag | None = None
    erase_sessions: tuple[bytes, ...] = ()
    sealed_records: int = 0
    """Raises the vault's `seals` by this much."""
    epoch: int | None = None
    """The key version the writer sealed under; refused with Conflict when the vault's differs, so
    that a process with an old key in its cache cannot write records nobody will be able to open."""
    next_epoch: int | None = None
    """The vault's key was rotated: the vault's epoch becomes this and `seals` starts from
    `sealed_records` again."""


class Written(Struct, frozen=True, kw_only=True):
    """What a write came to."""

    rev: int
    seals: int


class RowSpan(Struct, frozen=True, kw_only=True):
    """Rows of one kind in a vault, by (scope, ord, id).

    `scope` None means every scope. `first` <= ord < `last`. `newest` returns the highest `limit`
    rows, still in ascending order. `parent`, `state` and `owner` narrow. GONE rows are left out
    unless `state` asks for them.
    """

    vault_id: bytes
    kind: Kind
    scope: bytes | None = None
    first: int | None = None
    last: int | None = None
    parent: bytes | None = None
    state: State | None = None
    owner: int | None = None
    newest: bool = False
    limit: int = 1000


class ByIds(Struct, frozen=True, kw_only=True):
    """Rows by id. Unknown, foreign and GONE ids are simply not in the answer."""

    vault_id: bytes
    ids: tuple[bytes, ...]


class ChangesQuery(Struct, frozen=True, kw_only=True):
    """Rows with rev > `after`, by (rev, kind, scope, ord), GONE ones included, at most `limit`.

    A rev is never torn over the end of an answer unless that rev alone has more rows than the
    limit; then all of its rows come.
    """

    vault_id: bytes
    after: int
    kinds: tuple[Kind, ...] | None = None
    limit: int = 5000


class HeadsQuery(Struct, frozen=True, kw_only=True):
    """Sessions of a vault, newest first by (last_ms, session_id). `before` is a cursor."""

    vault_id: bytes
    session_ids: tuple[bytes, ...] | None = None
    kind: str | None = None
    assistant_id: bytes | None = None
    project_id: bytes | None = None
    archived: bool | None = None
    before: tuple[int, bytes] | None = None
    limit: int = 100


class LinksQuery(Struct, frozen=True, kw_only=True):
    """Links of a vault that start or end at one of `ids`, by (kind, from, to)."""

    vault_id: bytes
    from_ids: tuple[bytes, ...] | None = None
    to_ids: tuple[bytes, ...] | None = None
    kind: str | None = None


class VaultStats(Struct, frozen=True, kw_only=True):
    """Counts and sizes of one vault, from plain columns alone."""

    sessions: int
    turns: int
    messages: int
    memories: int
    thoughts: int
    files: int
    sealed_bytes: int
    first_ms: int | None
    last_ms: int | None
    rev: int


class WriterPresence(Struct, frozen=True, kw_only=True):
    """Who holds turns open. A process that dies lets go of its number by itself."""

    mine: int
    departed: tuple[int, ...]
    """Numbers seen as owners of open turns whose process is gone."""
    abandoned: tuple[bytes, ...] = ()
    """The vaults in which those turns stand."""


@runtime_checkable
class Storage(Protocol):
    """Sealed rows: append, compare-and-set, read by place, id or revision.

    Every method may raise StorageFailed or one of its kinds. Methods are safe to call from many
    tasks at once, and a call that was acknowledged is seen by every later call of every process.
    Cancelling a caller does not call back what it asked for: a write that was taken in is done.
    """

    async def commit(self, write: Write) -> Written:
        """Store all of it, durably, or none.

        Raises:
            SequenceConflict: the head is not where `head` expects it.
            Conflict: a once-tag exists, the epoch is another, a put does not raise its row's
                version or would move it, a new vault's id or owner_tag is taken, or a link's end
                does not exist, was forgotten or is GONE.
            NotFound: the vault does not exist, or the session that `touch` names.
        """

    async def vault(self, vault_id: bytes) -> VaultRow | None:
        """The vault, or None."""

    async def vault_of(self, owner_tag: bytes) -> VaultRow | None:
        """The vault with this owner tag, or None."""

    async def vaults(self, *, after: bytes = b"", limit: int = 1000) -> list[VaultRow]:
        """All vaults by id, for maintenance (verify, rotate, recover), never for a request."""

    async def rows(self, span: RowSpan) -> list[SealedRow]:
        """Rows by place; [] when there are none.

        SQLite: cheap by (kind, scope), and for OPEN turns and a file's CHUNKs by `parent`. Other
        filters are looked at on the way: a `parent` alone walks over the whole scope.
        """

    async def rows_by_id(self, ask: ByIds) -> list[SealedRow]:
        """Rows by id, in the order of the ids."""

    async def changes(self, ask: ChangesQuery) -> list[SealedRow]:
        """What is new since a revision."""

    async def heads(self, ask: HeadsQuery) -> list[SessionHead]:
        """Session heads, newest first."""

    async def links(self, ask: LinksQuery) -> list[Link]:
        """Links that touch the given rows."""

    async def once(self, vault_id: bytes, tag: bytes) -> bytes | None:
        """The id that a once-tag stands for, or None."""

    async def stats(self, vault_id: bytes) -> VaultStats:
        """Counts and sizes.

        Raises:
            NotFound: the vault does not exist.
        """

    async def erase_vault(self, vault_id: bytes) -> int:
        """Remove everything of a vault, physically, and return the number of sealed rows removed.

        May run twice. After it returns, no byte of the rows is left in the storage's own files
        (SQLite: secure_delete and a truncating checkpoint).
        """

    async def scrub(self) -> None:
        """Make sure that removed rows are not left in the storage's own files."""

    async def writers(self) -> WriterPresence:
        """This process's number and the numbers of processes that are gone."""

    async def close(self) -> None:
        """Finish what was acknowledged and let go. May be called twice."""


@runtime_checkable
class BackupCapable(Protocol):
    """A backend that can copy itself while it is written to."""

    async def backup(self, target: Path) -> None:
        """Write a consistent copy to `target`, which must not exist."""


class WrappedKey(Struct, frozen=True, kw_only=True):
    """One wrapped key. `session_id` is NO_SCOPE for a vault's own key."""

    vault_id: bytes
    session_id: bytes
    version: int
    commitment: bytes
    """Identifies the key without revealing it; the fingerprint in receipts."""
    wrapped_by: bytes
    """Commitment of the wrapping key (the vault key's, or the root key's)."""
    wrapped: bytes
    created_ms: int


class Erasure(Struct, frozen=True, kw_only=True):
    """What was erased and must stay so, whatever backup comes back. No content, no names."""

    vault_id: bytes
    session_id: bytes
    """NO_SCOPE when the whole vault was erased."""
    at_ms: int


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One entry of the audit chain: `digest` covers the entry and the one before it."""

    number: int
    at_ms: int
    body: bytes
    """JSON: action, ids, counts, fingerprints; never content."""
    digest: bytes


class Anchor(Struct, frozen=True, kw_only=True):
    """How far a session had come when it was last verified, kept apart from the data.

    A session that is shorter than its anchor, or continues another chain, was rolled back.
    """

    vault_id: bytes
    session_id: bytes
    next_seq: int
    chain: bytes
    commitment: bytes
    """Of the session key the chain was made with; a rotation starts the chain anew."""
    at_ms: int
    digest: bytes
    """Keyed digest over all of it; opaque here."""


class KeyWrite(Struct, frozen=True, kw_only=True):
    """One atomic change of the key storage."""

    put: tuple[WrappedKey, ...] = ()
    destroy: tuple[tuple[bytes, bytes, int | None], ...] = ()
    """(vault_id, session_id or NO_SCOPE, version or None for all). With NO_SCOPE and None every
    key of the vault goes, its sessions' too."""
    erasures: tuple[Erasure, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    """Refused with Conflict unless numbers continue the chain."""
    secrets: tuple[tuple[str, bytes], ...] = ()
    """Named values of the store itself, wrapped by the root key."""
    anchors: tuple[Anchor, ...] = ()
    """Replace those of the same sessions. They go when a session's or a vault's keys all go."""
    unanchor: tuple[bytes, ...] = ()
    """Vaults whose anchors go, before `anchors` come: their owner put back an older state."""
    under_root: bytes | None = None
    """Refused with Conflict unless the secret named "root" is this (None: not checked; b"": there
    must be none yet), so that no key is wrapped by a root that was rotated away."""


@runtime_checkable
class KeyStorage(Protocol):
    """Wrapped keys, apart from the data. Small; every write is durable on return."""

    async def commit(self, write: KeyWrite) -> None:
        """Destroy first, then put, all of it or none. Destroyed keys are overwritten, not only
        unlinked. Secrets replace those of the same name.

        Raises:
            Conflict: a key with that place and version exists with other bytes, or the audit
                chain has grown meanwhile.
        """

    async def keys(self, vault_id: bytes, session_id: bytes | None = None) -> list[WrappedKey]:
        """Keys by (session_id, version): all of a vault, one session's, or (NO_SCOPE) its own."""

    async def all_vault_keys(self) -> list[WrappedKey]:
        """The vault keys of every vault, for re-wrapping."""

    async def erasures(self) -> list[Erasure]:
        """All erasures, oldest first."""

    async def audit(self, *, after: int = -1) -> list[AuditEntry]:
        """The audit chain, ascending."""

    async def anchors(self, vault_id: bytes) -> list[Anchor]:
        """The anchors of a vault, by session_id."""

    async def secrets(self) -> dict[str, bytes]:
        """The store's own secrets, wrapped."""

    async def close(self) -> None:
        """Let go. May be called twice."""
