"""A caller's own key of a call: however often it is retried, one thing is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from holdfast.capture.checks import Limits, checked_label
from holdfast.errors import Conflict
from holdfast.storage.protocol import Link, OnceTag, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["client_key_tag", "made_once"]

_Made = TypeVar("_Made")


def client_key_tag(vault: Vault, limits: Limits, kind: str, client_key: str | None) -> bytes | None:
    """What a key is known by: a keyed digest within its vault and kind; None for None.

    It goes as a once-tag into the write that makes the thing, so that the two are one.

    Raises:
        BadInput, TooLarge: it is no label.
    """
    key = checked_label("client key", client_key, limits)
    return None if key is None else vault.keyring.tag(vault.raw, f"client-key/{kind}", key)


async def made_once(
    vault: Vault,
    made: _Made,
    row: SealedRow,
    links: Sequence[Link],
    *,
    once: bytes | None,
    known: Callable[[bytes], Awaitable[_Made]],
) -> _Made:
    """Write one thing, unless its once-tag stands for one already: then that one is returned.

    Args:
        row, links: what `made` is written as.
        once: None makes it whatever was made before.
        known: reads the one that there is, by raw id, and refuses when it is not what is asked for.

    Raises:
        Conflict: what it is linked to is not there.
    """
    there = await _there(vault, once)
    if there is not None:
        return await known(there)
    tag = None if once is None else OnceTag(tag=once, id=row.id)
    try:
        await vault.commit(put=(row,), links=tuple(links), once=tag)
    except Conflict:
        there = await _there(vault, once)
        if there is None:
            raise
        return await known(there)
    return made


async def _there(vault: Vault, once: bytes | None) -> bytes | None:
    return None if once is None else await vault.storage.once(vault.raw, once)
