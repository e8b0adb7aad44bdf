"""What of another system has been here, by a keyed digest of its name there.

It outlives what it stands for: what was erased here is not taken over again when the other system
goes on listing it.
"""

from __future__ import annotations

import contextlib

from holdfast.errors import Conflict
from holdfast.storage.protocol import OnceTag
from holdfast.vault.vault import Vault

__all__ = ["note_seen", "was_seen"]


async def was_seen(vault: Vault, system: str, name: str) -> bool:
    """Whether this has been noted in the vault."""
    return await vault.storage.once(vault.raw, _tag(vault, system, name)) is not None


async def note_seen(vault: Vault, system: str, name: str, *, record_id: bytes) -> None:
    """Note it; durable on return, and the same when it was noted before.

    Args:
        record_id: a record of the vault that stays, such as the assistant's.
    """
    tag = _tag(vault, system, name)
    with contextlib.suppress(Conflict):
        await vault.commit(once=OnceTag(tag=tag, id=record_id))


def _tag(vault: Vault, system: str, name: str) -> bytes:
    return vault.keyring.tag(vault.raw, f"seen/{system}", name)
