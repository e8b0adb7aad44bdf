"""Requests and rows with defaults, so that a test names only what it is about."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.clock import id_bytes, uuid7_ids
from holdfast.storage.protocol import (
    NO_SCOPE,
    HeadMove,
    Kind,
    SealedRow,
    SessionHead,
    State,
    Storage,
    VaultRow,
    WrappedKey,
    Write,
)

__all__ = [
    "exchange_write",
    "head_move",
    "memory_row",
    "message_row",
    "new_id",
    "new_vault",
    "sealed_row",
    "session_head",
    "start_write",
    "turn_row",
    "vault_row",
    "vault_write",
    "wrapped_key",
]

_ids = uuid7_ids()


def new_id() -> bytes:
    """16 bytes that were never used before, in the order of time."""
    return id_bytes(_ids())


def vault_row(
    vault_id: bytes | None = None, *, owner_tag: bytes | None = None, kind: str = "user"
) -> VaultRow:
    """A user's vault."""
    vault_id = new_id() if vault_id is None else vault_id
    return VaultRow(
        vault_id=vault_id,
        account_id=NO_SCOPE,
        owner_tag=b"owner of " + vault_id if owner_tag is None else owner_tag,
        kind=kind,
        created_ms=1_700_000_000_000,
    )


def vault_write(vault_id: bytes | None = None, *, owner_tag: bytes | None = None) -> Write:
    """Make a vault."""
    row = vault_row(vault_id, owner_tag=owner_tag)
    return Write(vault_id=row.vault_id, vault=row)


async def new_vault(storage: Storage) -> bytes:
    """Make a vault in `storage` and return its id."""
    write = vault_write()
    await storage.commit(write)
    return write.vault_id


def session_head(
    session_id: bytes | None = None,
    *,
    next_seq: int = 0,
    turns: int = 0,
    last_ms: int = 1_700_000_000_000,
    kind: str = "chat",
    assistant_id: bytes | None = None,
    project_id: bytes | None = None,
    archived: bool = False,
    chain: bytes = b"",
) -> SessionHead:
    """The head of a session with `next_seq` messages, all readable."""
    return SessionHead(
        session_id=new_id() if session_id is None else session_id,
        kind=kind,
        assistant_id=assistant_id,
        project_id=project_id,
        archived=archived,
        started_ms=1_700_000_000_000,
        last_ms=last_ms,
        next_seq=next_seq,
        messages=next_seq,
        turns=turns,
        chain=chain,
    )


def head_move(old: SessionHead | None, new: SessionHead) -> HeadMove:
    """Move a head that stands as `old` (None: there must be none) to `new`."""
    if old is None:
        return HeadMove(expected_next_seq=-1, expected_turns=-1, head=new)
    return HeadMove(
        expected_next_seq=old.next_seq,
        expected_turns=old.turns,
        expected_chain=old.chain,
        head=new,
    )


def sealed_row(
    kind: Kind,
    *,
    scope: bytes = NO_SCOPE,
    order: int = 0,
    row_id: bytes | None = None,
    state: State = State.LIVE,
    owner: int | None = None,
    parent: bytes | None = None,
    at_ms: int = 1_700_000_000_000,
    version: int = 0,
    link: bytes = b"",
    sealed: bytes = b"sealed",
) -> SealedRow:
    """One row of any kind."""
    return SealedRow(
        kind=kind,
        scope=scope,
        ord=order,
        id=new_id() if row_id is None else row_id,
        state=state,
        owner=owner,
        parent=parent,
        at_ms=at_ms,
        version=version,
        link=link,
        sealed=sealed,
    )


def message_row(
    session_id: bytes,
    seq: int = 0,
    *,
    turn_id: bytes | None = None,
    state: State = State.LIVE,
    at_ms: int = 1_700_000_000_000,
    sealed: bytes = b"sealed message",
) -> SealedRow:
    """A message at its place in a session."""
    row = sealed_row(Kind.MESSAGE, scope=session_id, order=seq, state=state, sealed=sealed)
    return replace(row, parent=turn_id, at_ms=at_ms, link=b"link")


def turn_row(
    session_id: bytes,
    index: int = 0,
    *,
    turn_id: bytes | None = None,
    owner: int | None = None,
    version: int = 0,
) -> SealedRow:
    """A turn; an open one when it has an owner."""
    return sealed_row(
        Kind.TURN,
        scope=session_id,
        order=index,
        row_id=turn_id,
        state=State.LIVE if owner is None else State.OPEN,
        owner=owner,
        version=version,
        sealed=b"sealed turn",
    )


def memory_row(*, sealed: bytes = b"sealed memory") -> SealedRow:
    """A memory of the vault."""
    return sealed_row(Kind.MEMORY, sealed=sealed)


def start_write(vault_id: bytes, session_id: bytes | None = None) -> Write:
    """Begin a session: its head and its own record."""
    head = session_head(session_id)
    own = sealed_row(Kind.SESSION, scope=head.session_id, row_id=head.session_id)
    return Write(vault_id=vault_id, head=head_move(None, head), put=(own,), sealed_records=1)


def exchange_write(vault_id: bytes, head: SessionHead, *, sealed: bytes = b"sealed") -> Write:
    """A finished exchange after `head`: a turn, a question and an answer."""
    session_id, seq = head.session_id, head.next_seq
    turn = turn_row(session_id, head.turns)
    new = replace(head, next_seq=seq + 2, messages=head.messages + 2, turns=head.turns + 1)
    said = [message_row(session_id, at, turn_id=turn.id, sealed=sealed) for at in (seq, seq + 1)]
    return Write(vault_id=vault_id, head=head_move(head, new), put=(turn, *said), sealed_records=3)


def wrapped_key(
    vault_id: bytes | None = None,
    *,
    session_id: bytes = NO_SCOPE,
    version: int = 1,
    wrapped: bytes = b"wrapped",
) -> WrappedKey:
    """A vault's own key, or a session's."""
    return WrappedKey(
        vault_id=new_id() if vault_id is None else vault_id,
        session_id=session_id,
        version=version,
        commitment=b"commitment",
        wrapped_by=b"wrapped by",
        wrapped=wrapped,
        created_ms=1_700_000_000_000,
    )
