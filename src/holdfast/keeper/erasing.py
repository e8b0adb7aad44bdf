"""Erasing for good, down to what was derived.

Erasing destroys the key first: from then on nothing opens any more, whatever happens next. The
rows go in the second step, and a start finishes what a crash left between the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import from_ms, id_text
from holdfast.errors import Conflict
from holdfast.keeper.backups import renew_key_backups
from holdfast.keeper.derived import Derived, Forgotten
from holdfast.keeper.receipts import learning_id
from holdfast.keeper.store import Store
from holdfast.model import SessionId
from holdfast.storage.protocol import (
    NO_SCOPE,
    ByIds,
    Kind,
    RowKey,
    RowSpan,
    SessionHead,
    State,
)
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = [
    "Receipt",
    "erase_sessions",
    "erase_vault",
    "reapply",
]

_ALL = 1_000_000


class Receipt(Struct, frozen=True, kw_only=True):
    """Proof of an erasure, without content: keep it."""

    what: Literal["vault", "session"]
    vault_id: str
    session_id: str | None
    at: datetime
    sessions: int
    turns: int
    messages: int
    memories: int
    thoughts: int
    files: int
    keys_destroyed: tuple[str, ...]
    """Fingerprints: the first 16 hexadecimal digits of each key's commitment."""
    audit_number: int
    audit_digest: str
    """Position and digest in the audit chain; `holdfast verify` checks it."""
    key_backups_left: tuple[str, ...] = ()
    """Known key backups that could not be written anew and still hold these keys: discard them."""


async def erase_sessions(store: Store, vault: Vault, session_ids: Iterable[str]) -> list[Receipt]:
    """Destroy each session's key, rows, index entries and what was distilled from it alone.

    Cut short, it has destroyed those it came to, each whole.

    Raises:
        NotFound: one is unknown, or somebody else's; nothing was destroyed.
    """
    reader = Reader(vault)
    heads = [await reader.head(SessionId(session_id)) for session_id in session_ids]
    done = [await _erase_session(store, vault, head) for head in heads]
    await vault.storage.scrub()
    left = await renew_key_backups(store)
    return [replace(receipt, key_backups_left=left) for receipt in done]


async def _erase_session(store: Store, vault: Vault, head: SessionHead) -> Receipt:
    raw = head.session_id
    counts = {"turns": head.turns, "messages": head.messages}
    files = len(await _file_ids(vault, raw))
    body = {"action": "erase.session", "vault": vault.id, "session": id_text(raw), **counts}
    destroyed = await vault.keyring.erase(vault.raw, session_id=raw, audit=body)
    derived = await _erase_session_rows(store, vault, raw)
    await store.unsave(vault)
    entry = destroyed.entry
    return Receipt(
        what="session",
        vault_id=vault.id,
        session_id=id_text(raw),
        at=from_ms(entry.at_ms),
        sessions=1,
        turns=head.turns,
        messages=head.messages,
        memories=derived.memories,
        thoughts=derived.thoughts,
        files=files,
        keys_destroyed=destroyed.fingerprints,
        audit_number=entry.number,
        audit_digest=entry.digest.hex(),
    )


async def _file_ids(vault: Vault, session: bytes) -> set[bytes]:
    rows = await vault.storage.rows(
        RowSpan(vault_id=vault.raw, kind=Kind.CHUNK, scope=session, limit=_ALL)
    )
    return {row.parent for row in rows if row.parent is not None}


async def _erase_session_rows(store: Store, vault: Vault, session: bytes) -> Forgotten:
    """The second step; needs no session key, so that it can be finished after a crash."""
    while True:
        derived = Derived(store, vault)
        messages = await _ids(vault, Kind.MESSAGE, session)
        await derived.without(messages, await _ids(vault, Kind.TURN, session), [session])
        try:
            await vault.commit(
                put=tuple(derived.put),
                remove=(RowKey(id=learning_id(vault, session)),),
                links=tuple(derived.links),
                unlinks=tuple(derived.unlinks),
                erase_sessions=(session,),
            )
        except Conflict:
            continue
        store.log_of(vault, SessionId(id_text(session))).invalidate()
        return derived.count()


async def _ids(vault: Vault, kind: Kind, session: bytes) -> list[bytes]:
    span = RowSpan(vault_id=vault.raw, kind=kind, scope=session, limit=_ALL)
    return [row.id for row in await vault.storage.rows(span)]


async def erase_vault(store: Store, vault: Vault) -> Receipt:
    """Destroy everything of a vault for good: every key, then every row, index and cache.

    Key backups that are known here are renewed, so that they do not hold the keys either.
    """
    stats = await vault.storage.stats(vault.raw)
    body = {
        "action": "erase.vault",
        "vault": vault.id,
        "sessions": stats.sessions,
        "turns": stats.turns,
        "messages": stats.messages,
        "memories": stats.memories,
        "thoughts": stats.thoughts,
        "files": stats.files,
    }
    destroyed = await vault.keyring.erase(vault.raw, audit=body)
    await _erase_vault_rows(store, vault)
    left = await renew_key_backups(store)
    entry = destroyed.entry
    return Receipt(
        what="vault",
        vault_id=vault.id,
        session_id=None,
        at=from_ms(entry.at_ms),
        sessions=stats.sessions,
        turns=stats.turns,
        messages=stats.messages,
        memories=stats.memories,
        thoughts=stats.thoughts,
        files=stats.files,
        keys_destroyed=destroyed.fingerprints,
        audit_number=entry.number,
        audit_digest=entry.digest.hex(),
        key_backups_left=left,
    )


async def _erase_vault_rows(store: Store, vault: Vault) -> None:
    await vault.storage.erase_vault(vault.raw)
    await vault.storage.scrub()
    store.temporaries.drop_all(vault.raw)
    await store.drop_derived(vault)


async def reapply(store: Store) -> int:
    """Finish erasures that a crash cut short or a restored backup undid; returns how many.

    Raises:
        StorageFailed: or one of its kinds; nothing is served before this has gone through.
    """
    done = 0
    for erasure in await store.keyring.storage.erasures():
        row = await store.storage.vault(erasure.vault_id)
        if row is None:
            continue
        vault = store.opened(row)
        if erasure.session_id == NO_SCOPE:
            await store.keyring.destroy(erasure.vault_id)
            await _erase_vault_rows(store, vault)
            done += 1
            continue
        rows = await store.storage.rows_by_id(
            ByIds(vault_id=erasure.vault_id, ids=(erasure.session_id,))
        )
        if any(r.state is not State.GONE for r in rows):
            await store.keyring.destroy(erasure.vault_id, session_id=erasure.session_id)
            await _erase_session_rows(store, vault, erasure.session_id)
            await store.unsave(vault)
            await vault.storage.scrub()
            done += 1
    return done
