"""What a vault keeps once: its owner's preferences, the pauses of learning, what is in the trash.

Each is one sealed record under a name of its own. The first two were written before the others and
are found by a once-tag; the id of the others follows from the vault, so that a read is one look-up
and two processes write the same record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from holdfast.clock import id_bytes, to_ms
from holdfast.errors import Conflict
from holdfast.keeper.store import Store
from holdfast.storage.protocol import ByIds, Kind, OnceTag, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["ReadSetting", "SettingRecord"]

_TRIES = 100
"""A write that lost to another one is made anew from what is there then."""
_Body = TypeVar("_Body", bound=Struct)


class ReadSetting(Struct, Generic[_Body], frozen=True):
    """A setting as its record said it when it was read."""

    body: _Body
    row: SealedRow | None
    """None when it was never written."""


class SettingRecord(Generic[_Body]):
    """One setting of every vault, by its name.

    Args:
        unmade: what holds where it was never written.
        tagged: whether it is found by a once-tag, as the oldest are.
    """

    def __init__(self, name: str, unmade: _Body, *, tagged: bool = False) -> None:
        self._name = name
        self._unmade = unmade
        self._tagged = tagged

    async def read(self, vault: Vault) -> ReadSetting[_Body]:
        """The setting as it is now.

        Raises:
            TamperedRecord, UnknownEnvelope: it does not open; it is not taken for unmade.
        """
        raw = await self._id(vault)
        ids = () if raw is None else (raw,)
        rows = await vault.storage.rows_by_id(ByIds(vault_id=vault.raw, ids=ids)) if ids else []
        if not rows:
            return ReadSetting(self._unmade, None)
        (body,) = await vault.open_records(rows, type(self._unmade))
        return ReadSetting(body, rows[0])

    async def sealed(
        self, store: Store, vault: Vault, read: ReadSetting[_Body], body: _Body
    ) -> tuple[SealedRow, OnceTag | None]:
        """The row, and the once-tag of a first one, that put a body in place of what was read."""
        if read.row is not None:
            return await vault.seal_again(read.row, body), None
        raw = await self._id(vault) or id_bytes(store.ids())
        put = await vault.seal_record(Kind.SETTING, raw, body, at_ms=to_ms(store.clock()))
        return put, OnceTag(tag=self._tag(vault), id=raw) if self._tagged else None

    async def change(self, store: Store, vault: Vault, changed: Callable[[_Body], _Body]) -> _Body:
        """Change it over whatever others change at the same time; returns what holds then.

        Nothing is written when it is so already.

        Args:
            changed: what it is to be, of what it is; asked again when somebody was quicker.

        Raises:
            Conflict: somebody was, a hundred times.
        """
        for _ in range(_TRIES):
            read = await self.read(vault)
            body = changed(read.body)
            if body == read.body:
                return body
            row, once = await self.sealed(store, vault, read, body)
            try:
                await vault.commit(put=(row,), once=once)
            except Conflict:
                continue
            return body
        raise Conflict

    async def _id(self, vault: Vault) -> bytes | None:
        """Where it is; None when that is not known before it is written."""
        tag = self._tag(vault)
        return await vault.storage.once(vault.raw, tag) if self._tagged else tag[:16]

    def _tag(self, vault: Vault) -> bytes:
        return vault.keyring.tag(vault.raw, "setting", self._name)
