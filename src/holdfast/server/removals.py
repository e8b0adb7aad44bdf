"""Whether something was removed from a vault, by whichever process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import NotFound
from holdfast.storage.protocol import ChangesQuery, Kind, State

if TYPE_CHECKING:
    from holdfast.vault.vault import Vault

__all__ = ["removed_since", "rev_of"]

_KINDS = (Kind.SESSION, Kind.MESSAGE, Kind.MEMORY)
"""What events quote. Other rows, such as drafts, come and go while nothing is removed."""
_PAGE = 500
_MAX_PAGES = 4


async def rev_of(vault: Vault) -> int:
    """The vault's revision: it grows with every write.

    Raises:
        NotFound: the vault was erased.
    """
    row = await vault.storage.vault(vault.raw)
    if row is None:
        raise NotFound("vault")
    return row.rev


async def removed_since(vault: Vault, rev: int) -> bool:
    """Whether a message, a memory or a session was removed after a revision.

    True too when so much was written since that looking through it is not worth it.
    """
    for _ in range(_MAX_PAGES):
        ask = ChangesQuery(vault_id=vault.raw, after=rev, kinds=_KINDS, limit=_PAGE)
        rows = await vault.storage.changes(ask)
        if not rows:
            return False
        if any(row.state in (State.FORGOTTEN, State.GONE) for row in rows):
            return True
        rev = rows[-1].rev
    return True
