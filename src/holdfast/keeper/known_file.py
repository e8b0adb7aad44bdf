"""What is known of a vault, saved sealed beside its index: derived, and disposable like it.

Opening every session and every turn after each start would take longer with each that there is. A
file that is missing, damaged, of another key or ahead of the vault is thrown away, and what it held
is read again from the sealed rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import msgspec
from msgspec import Struct

from holdfast.errors import HoldfastError, TamperedRecord, UnknownEnvelope
from holdfast.model import Session
from holdfast.vault.sealed_file import read_sealed_file, write_sealed_file
from holdfast.vault.vault import Vault

__all__ = ["KnownFile", "KnownSession", "Saved"]

_logger = logging.getLogger(__name__)
_PLACE = b"holdfast known 1"


class KnownSession(Struct, frozen=True, kw_only=True):
    """A session as it was when it was last changed, and the words of its title as looked up.

    What moves with each message (counts, the last time, the head) may be older: read those from
    the session itself.
    """

    session: Session
    words: frozenset[str]
    sorted_as: str
    """The title as titles are sorted: without case and accents."""


class Saved(Struct, frozen=True, kw_only=True):
    """What a file holds, each part with the revision that it was read at."""

    sessions_rev: int
    sessions: dict[bytes, KnownSession]
    uses_rev: int
    uses: dict[bytes, dict[bytes, int]]
    """When a memory was last used in a session, in ms since 1970."""


class KnownFile:
    """The files of all vaults of one store; without a folder nothing is saved or found."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def path(self, vault: Vault) -> Path | None:
        """Where the file of a vault lies, or would."""
        return None if self._folder is None else self._folder / f"{vault.id}.known"

    async def read(self, vault: Vault) -> Saved | None:
        """What was saved of a vault; None when nothing usable was."""
        path = self.path(vault)
        if path is None or not path.exists():
            return None
        key = (await vault.keys()).index
        try:
            plain = await asyncio.to_thread(read_sealed_file, path, key, _PLACE + vault.raw)
            return await asyncio.to_thread(msgspec.msgpack.decode, plain, type=Saved)
        except (OSError, ValueError, TamperedRecord, UnknownEnvelope):
            _logger.info("what was known is unusable", extra={"action": "known.discard"})
            self.remove(vault)
            return None

    async def write(self, vault: Vault, saved: Saved) -> None:
        """Replace the file; what cannot be saved is read again at the next start."""
        path = self.path(vault)
        if path is None:
            return
        try:
            key = (await vault.keys()).index

            def write() -> None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                plain = msgspec.msgpack.encode(saved)
                write_sealed_file(path, (plain,), key, _PLACE + vault.raw)

            await asyncio.to_thread(write)
        except (OSError, HoldfastError):
            _logger.warning("what is known was not saved", extra={"action": "known.save"})

    def remove(self, vault: Vault) -> None:
        """Throw the file away, if there is one."""
        path = self.path(vault)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
