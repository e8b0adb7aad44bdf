"""Counts around the trash: what would go with a session, and what is there without it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text
from holdfast.keeper.outline import glances
from holdfast.keeper.store import Store
from holdfast.keeper.trash import rests_on, trashed_sessions
from holdfast.model import SessionId
from holdfast.storage.protocol import HeadsQuery, VaultStats
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["Consequences", "consequences_of", "without_trash"]


class Consequences(Struct, frozen=True, kw_only=True):
    """What goes with a session: counts only."""

    messages: int
    memories: int
    """Those that rest on nothing else."""
    thoughts: int
    files: int


async def consequences_of(store: Store, vault: Vault, session_id: str) -> Consequences:
    """What would go with a session, counted.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    head = await Reader(vault).head(SessionId(session_id))
    name = id_text(head.session_id)
    _, seen = await glances(vault, head.session_id)
    known = await store.known.all_memories(vault)
    thoughts = await store.known.thoughts(vault)
    return Consequences(
        messages=head.messages,
        memories=sum(rests_on(memory, {name}) for memory in known),
        thoughts=sum(one.thought.session_id == name for one in thoughts),
        files=sum(one.has_file for one in seen),
    )


async def without_trash(store: Store, vault: Vault, stats: VaultStats) -> VaultStats:
    """Counts of a vault without what is in the trash; its bytes are still counted, they are there.

    The first and last date are those of all, and files are not told apart.
    """
    trash = await trashed_sessions(vault)
    shown = len(await store.known.memories(vault))
    counted = replace(stats, memories=shown)
    if not trash:
        return counted
    ids = tuple(map(id_bytes, trash))
    ask = HeadsQuery(vault_id=vault.raw, session_ids=ids, limit=len(ids))
    heads = await vault.storage.heads(ask)
    thoughts = await store.known.thoughts(vault)
    return replace(
        counted,
        sessions=stats.sessions - len(heads),
        turns=stats.turns - sum(head.turns for head in heads),
        messages=stats.messages - sum(head.messages for head in heads),
        thoughts=stats.thoughts - sum(one.thought.session_id in trash for one in thoughts),
    )
