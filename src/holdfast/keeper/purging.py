"""The trash is emptied: what has been there long enough is erased, with a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from holdfast.clock import to_ms
from holdfast.errors import NotFound
from holdfast.keeper.erasing import Receipt, erase_sessions
from holdfast.keeper.store import Store
from holdfast.keeper.trash import (
    Kept,
    keep_memories_of,
    out_of_trash,
    restore_sessions,
    trashed_sessions,
)
from holdfast.model import SessionId
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["erase_with_memories", "purge_vault"]


async def purge_vault(store: Store, vault: Vault, *, after_days: float) -> list[Receipt]:
    """Erase what has been in a vault's trash for so many days; doing it again changes nothing.

    A session that something was said in since it was put there is taken out instead.
    """
    now = store.clock()
    receipts = []
    for session_id, kept in (await trashed_sessions(vault)).items():
        if kept.at + timedelta(days=after_days) > now:
            continue
        try:
            head = await Reader(vault).head(SessionId(session_id))
        except NotFound:  # erased by hand, and the process ended before it was noted
            await out_of_trash(store, vault, [session_id])
            continue
        if head.last_ms > to_ms(kept.at):
            await restore_sessions(store, vault, [session_id])
            continue
        receipts += await erase_with_memories(store, vault, [session_id], memories=None)
    return receipts


async def erase_with_memories(
    store: Store, vault: Vault, session_ids: Sequence[str], *, memories: Kept | None
) -> list[Receipt]:
    """Erase sessions and what rests on them alone, unless that is to stay.

    Args:
        memories: None: as it was said when they were put into the trash; else they go.

    Raises:
        NotFound: one is unknown, or somebody else's; nothing was destroyed.
    """
    for session_id in session_ids:
        await Reader(vault).head(SessionId(session_id))
    trash = await trashed_sessions(vault)
    for session_id in session_ids:
        kept = trash.get(session_id)
        if (memories or (kept.memories if kept is not None else "forget")) == "keep":
            await keep_memories_of(store, vault, session_id)
    receipts = await erase_sessions(store, vault, session_ids)
    if trash.keys() & set(session_ids):
        await out_of_trash(store, vault, session_ids)
    return receipts
