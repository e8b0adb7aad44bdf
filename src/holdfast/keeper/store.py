"""An opened store: data, keys, indexes and the recorders at work. No logic, only what is shared."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from msgspec import Struct

from holdfast.capture.checks import Limits
from holdfast.capture.log import SessionLog
from holdfast.clock import Clock, Ids, id_bytes, id_text, to_ms
from holdfast.errors import Conflict
from holdfast.keeper.indexes import Indexes
from holdfast.keeper.known import Known
from holdfast.keeper.temporaries import Temporaries
from holdfast.model import SessionId
from holdfast.storage.protocol import Kind, OnceTag, SealedRow, Storage, VaultRow
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import RootKeySource
from holdfast.vault.vault import Vault, create_vault

if TYPE_CHECKING:
    from holdfast.recall.reranking import Reranker

__all__ = ["ProfileBody", "Store"]

_RECENT = 64
"""Vaults that are held although nobody uses them at the moment, with what is known of them."""
_RECENT_LOGS = 256
"""Recorders likewise, with the ends of their sessions: else each exchange would read those."""


class ProfileBody(Struct, omit_defaults=True):
    """The sealed name of a vault's owner."""

    user_id: str


class Store:
    """What every part of a keeper needs. One per opened database and process."""

    def __init__(
        self,
        *,
        storage: Storage,
        keyring: Keyring,
        indexes: Indexes,
        source: RootKeySource,
        clock: Clock,
        ids: Ids,
        limits: Limits,
        writer: int,
        account: str,
        data_path: Path | None,
        keys_path: Path | None,
        reranker: Reranker | None = None,
    ) -> None:
        self.storage = storage
        self.keyring = keyring
        self.indexes = indexes
        self.known = Known(indexes.folder)
        self.temporaries = Temporaries()
        self.source = source
        self.clock = clock
        self.ids = ids
        self.limits = limits
        self.writer = writer
        self.account_name = account
        self.account = _account_id(keyring, account)
        self.data_path = data_path
        self.keys_path = keys_path
        self.reranker = reranker
        self._logs: WeakValueDictionary[tuple[bytes, str], SessionLog] = WeakValueDictionary()
        self._vaults: WeakValueDictionary[bytes, Vault] = WeakValueDictionary()
        # Between two requests nobody else holds a vault, and what is known of it would go with it.
        self._recent: OrderedDict[bytes, Vault] = OrderedDict()
        self._recent_logs: OrderedDict[tuple[bytes, str], SessionLog] = OrderedDict()

    def for_account(self, name: str) -> Store:
        """The same store, for the owners of another account: all that is open is shared."""
        if name == self.account_name:
            return self
        other = copy.copy(self)
        other.account_name = name
        other.account = _account_id(self.keyring, name)
        return other

    def log_of(self, vault: Vault, session_id: SessionId) -> SessionLog:
        """The one recorder of a session in this process."""
        place = (vault.raw, session_id)
        log = self._logs.get(place)
        if log is None:
            log = SessionLog(vault, session_id, clock=self.clock, ids=self.ids, writer=self.writer)
            self._logs[place] = log
        self._recent_logs[place] = log
        self._recent_logs.move_to_end(place)
        if len(self._recent_logs) > _RECENT_LOGS:
            self._recent_logs.popitem(last=False)
        return log

    def opened(self, row: VaultRow) -> Vault:
        """The vault of a row, the same object for everybody in this process."""
        vault = self._vaults.get(row.vault_id)
        if vault is None:
            vault = self._vaults[row.vault_id] = Vault(row, self.storage, self.keyring)
        self._recent[row.vault_id] = vault
        self._recent.move_to_end(row.vault_id)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        return vault

    async def unsave(self, vault: Vault) -> None:
        """Throw away what was saved of a vault and may hold what was forgotten; see `Indexes`."""
        await self.indexes.unsave(vault)
        await self.known.unsave(vault)

    async def drop_derived(self, vault: Vault) -> None:
        """Throw away all that was derived of a vault, and what is saved of it."""
        self.indexes.drop(vault)
        await self.known.drop(vault)
        self._recent.pop(vault.raw, None)
        for place in [place for place in self._recent_logs if place[0] == vault.raw]:
            del self._recent_logs[place]

    def opened_vaults(self) -> list[Vault]:
        """The vaults that this process has in use."""
        return list(self._vaults.values())

    async def find_vault(self, kind: str, name: str) -> Vault | None:
        """The vault of an owner, None when there is none."""
        tag = self.keyring.owner_tag(self.account, kind, name)
        row = await self.storage.vault_of(tag)
        return None if row is None else self.opened(row)

    async def make_vault(
        self,
        kind: str,
        name: str,
        *,
        first: Callable[[Vault], Awaitable[tuple[SealedRow, OnceTag]]] | None = None,
    ) -> Vault:
        """The vault of an owner, made when there is none; two callers at once get the same.

        `first` makes a record that comes into being with the vault.
        """
        found = await self.find_vault(kind, name)
        if found is not None:
            return found
        row = VaultRow(
            vault_id=id_bytes(self.ids()),
            account_id=self.account,
            owner_tag=self.keyring.owner_tag(self.account, kind, name),
            kind=kind,
            created_ms=to_ms(self.clock()),
        )
        try:
            await create_vault(row, self.storage, self.keyring, first=first)
        except Conflict:
            found = await self.find_vault(kind, name)
            if found is None:
                raise
            return found
        return self.opened(row)

    async def user_vault(self, name: str) -> Vault:
        """A user's vault, made when they are new, with their name sealed in it.

        The name is what lets the store's owner list users.
        """

        async def profile(vault: Vault) -> tuple[SealedRow, OnceTag]:
            record_id = id_bytes(self.ids())
            row = await vault.seal_record(
                Kind.PROFILE, record_id, ProfileBody(user_id=name), at_ms=to_ms(self.clock())
            )
            tag = self.keyring.tag(vault.raw, "profile", "")
            return row, OnceTag(tag=tag, id=record_id)

        return await self.make_vault("user", name, first=profile)

    async def find_tokens_vault(self) -> Vault | None:
        """Where the API keys of all accounts lie; None when there is none yet.

        It is of the account without a name, which nobody can have: a shown key must be found
        before it is known which account it is of.
        """
        return await self.for_account("").find_vault("tokens", "")

    async def make_tokens_vault(self) -> Vault:
        """The same, made when there is none."""
        return await self.for_account("").make_vault("tokens", "")

    async def vault_rows(self) -> AsyncIterator[VaultRow]:
        """Every vault as it was a moment ago, by id, in bounded memory."""
        after = b""
        while rows := await self.storage.vaults(after=after):
            for row in rows:
                yield row
            after = rows[-1].vault_id

    async def all_vaults(self) -> list[Vault]:
        """Every vault, for maintenance."""
        return [self.opened(row) async for row in self.vault_rows()]

    def __repr__(self) -> str:
        return f"Store(writer={self.writer}, account={id_text(self.account)})"


def _account_id(keyring: Keyring, name: str) -> bytes:
    """16 bytes that stand for an account in plain columns, and do not tell its name."""
    return keyring.tag(b"", "account", name)[:16]
