"""The library's face: users and rooms, upkeep, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from holdfast.capture.checks import checked_name
from holdfast.capture.recovery import recover_vault
from holdfast.errors import HoldfastError, NotFound
from holdfast.keeper.backups import BackupReport, back_up, finish_renewal
from holdfast.keeper.distilling import Progress, distill_vault, way_of
from holdfast.keeper.erasing import Receipt, reapply
from holdfast.keeper.keys import Keys
from holdfast.keeper.logins import Logins
from holdfast.keeper.memory_trash import purge_memories
from holdfast.keeper.pacing import Pace
from holdfast.keeper.proposing import Distiller
from holdfast.keeper.purging import purge_vault
from holdfast.keeper.sessions import OpenSession, Sessions
from holdfast.keeper.store import ProfileBody, Store
from holdfast.keeper.temporary import temporary_vault
from holdfast.keeper.tokens import Tokens
from holdfast.keeper.users import User
from holdfast.keeper.verifying import Verified, verify
from holdfast.model import UserId
from holdfast.storage.protocol import NO_SCOPE, Kind, RowSpan

__all__ = ["Keeper", "KnownUser"]


class KnownUser(Struct, frozen=True, kw_only=True):
    """A user that has a vault here."""

    id: UserId
    vault_id: str


class Keeper:
    """An opened store. Make one with `holdfast.open`; close it, or use it in an `async with`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed = False
        self._distilled: dict[bytes, Progress] = {}
        """Up to where each vault was distilled by this process."""
        self.keys = Keys(store)
        self.tokens = Tokens(store)
        self.logins = Logins(store)

    @property
    def store(self) -> Store:
        """What the keeper works with; for layers above, not for applications."""
        return self._store

    def account(self, name: str) -> Keeper:
        """The same store for the users, rooms and API keys of another account.

        The same user name in two accounts is two people. What looks after the whole store
        (distill, recover, verify without a user, backup) does so from any account, and the view
        needs no closing: it ends with the keeper it is made from.

        Raises:
            BadInput: the name is empty or cannot be kept.
        """
        if name == self._store.account_name:
            return self
        view = Keeper(self._store.for_account(checked_name("account", name, self._store.limits)))
        view._closed = True  # there is nothing of its own to close
        return view

    async def user(self, user_id: str, *, create: bool = True) -> User:
        """A user by the account's own name for them.

        Args:
            create: make their vault when they are new; otherwise an unknown user raises.

        Raises:
            BadInput: the name is empty or cannot be kept.
            NotFound: unknown, and `create` is False.
        """
        name = UserId(checked_name("user", user_id, self._store.limits))
        if create:
            return User(self._store, await self._store.user_vault(name), name)
        vault = await self._store.find_vault("user", name)
        if vault is None:
            raise NotFound("user")
        return User(self._store, vault, name)

    async def users(self) -> list[KnownUser]:
        """Everybody of this account who has a vault here, by name."""
        found: list[KnownUser] = []
        for vault in await self._store.all_vaults():
            if vault.kind != "user" or vault.account != self._store.account:
                continue
            rows = await vault.storage.rows(
                RowSpan(vault_id=vault.raw, kind=Kind.PROFILE, scope=NO_SCOPE)
            )
            bodies = await vault.open_records(rows, ProfileBody)
            found.extend(KnownUser(id=UserId(b.user_id), vault_id=vault.id) for b in bodies)
        return sorted(found, key=lambda user: user.id)

    async def ephemeral(self, user_id: str, *, assistant: str | None = None) -> OpenSession:
        """A session that is never stored: it lives in this process's memory and dies with it."""
        store, vault = await temporary_vault(self._store, user_id)
        return await Sessions(store, vault).start(assistant=assistant)

    async def distill(self, *, distiller: Distiller | None = None, share: float = 1.0) -> int:
        """Take in what was said since the last time: memories, summaries, titles, tags.

        Only what is new is read. May run as often and on as many nodes as one likes. A vault or a
        session that cannot be read does not keep the others from being done; its error is raised
        at the end.

        Args:
            distiller: a model that proposes what the rules do not find; none is needed.
            share: of the time that it may take, in (0, 1]. Below 1 others come first.

        Returns:
            In how many sessions something was learned, closed or summed up.

        Raises:
            HoldfastError: the first thing that could not be done.
        """
        changed, failure = 0, None
        way = way_of(distiller, Pace(share))
        async for row in self._store.vault_rows():
            known = self._distilled.get(row.vault_id)
            done_before = known is not None and (known.rev, known.way) == (row.rev, way)
            if row.kind == "tokens" or (known and done_before and not known.owed):
                continue
            try:
                done = await distill_vault(
                    self._store,
                    self._store.opened(row),
                    distiller=distiller,
                    pace=Pace(share),
                    since=known,
                )
            except HoldfastError as exc:
                failure = failure or exc
                continue
            failure = failure or done.failure
            changed += done.changed
            self._distilled[row.vault_id] = done.progress
        if failure is not None:
            raise failure
        return changed

    async def recover(self) -> int:
        """Finish what processes that are gone left: erasures, then open turns; returns how many.

        Called when a store is opened; a server calls it now and then for its neighbours.
        """
        await reapply(self._store)
        presence = await self._store.storage.writers()
        ended = 0
        for raw in presence.abandoned:
            row = await self._store.storage.vault(raw)
            if row is not None:
                vault = self._store.opened(row)
                ended += await recover_vault(vault, presence.departed, self._store.log_of)
        return ended

    async def purge_trash(self, *, after_days: float) -> int:
        """Erase what has been in the trash for so many days; returns how many sessions and memories
        that is.

        A server calls it now and then. Doing it again changes nothing. Temporary sessions that
        nobody uses are let go of, too.

        Raises:
            HoldfastError: the first vault in which it could not be done; the others were.
        """
        done, failure = 0, None
        before = self._store.clock() - timedelta(days=after_days)
        self._store.temporaries.let_go(self._store.clock())
        async for row in self._store.vault_rows():
            if row.kind != "user":
                continue
            try:
                vault = self._store.opened(row)
                done += len(await purge_vault(self._store, vault, after_days=after_days))
                done += await purge_memories(self._store, vault, before=before)
            except HoldfastError as exc:
                failure = failure or exc
        if failure is not None:
            raise failure
        return done

    async def verify(
        self, user_id: str | None = None, *, progress: Callable[[int], None] | None = None
    ) -> Verified:
        """Open everything, check every session's chain, and name what does not hold.

        Raises:
            NotFound: there is no such user.
        """
        if user_id is None:
            vaults = await self._store.all_vaults()
        else:
            vaults = [(await self.user(user_id, create=False)).vault]
        return await verify(self._store, vaults, progress=progress)

    async def erase(self, user_id: str) -> Receipt:
        """Destroy everything of a user for good; key backups known here are renewed.

        Raises:
            NotFound: there is no such user.
        """
        return await (await self.user(user_id, create=False)).erase()

    async def backup(self, data: str | Path, keys: str | Path) -> BackupReport:
        """Copy data and keys into two new files while turns are being recorded.

        Keep them apart: whoever has both, and the root key, can read everything.

        Raises:
            BadInput: a target exists, or the store is not in files.
            StorageFailed: or one of its kinds.
        """
        return await back_up(self._store, Path(data), Path(keys))

    async def warm(self, user_id: str) -> None:
        """Load what a user's first search and first list would otherwise wait for; somebody new is
        not made by it.

        Raises:
            TamperedRecord, UnknownEnvelope: a record does not open.
            StorageFailed: or one of its kinds.
        """
        vault = await self.store.find_vault("user", user_id)
        if vault is not None:
            await self.store.known.sessions(vault)
            await self.store.known.last_used(vault)
            # Shielded: an index that is just taking in what is new is not left halfway.
            await asyncio.shield(self.store.indexes.current(vault))

    async def finish_start(self) -> None:
        """What a crash or a restored backup left over: erasures first, then open turns."""
        await self.recover()
        await finish_renewal(self._store)

    async def close(self) -> None:
        """End this process's open turns, save indexes, let go of everything. May run twice."""
        if self._closed:
            return
        self._closed = True
        store = self._store
        async with contextlib.AsyncExitStack() as last:
            # Let go of files and locks also when the last words cannot be written.
            last.push_async_callback(store.keyring.close)
            last.push_async_callback(store.storage.close)
            last.push_async_callback(store.indexes.close)
            last.push_async_callback(store.known.close)
            for vault in store.opened_vaults():
                await recover_vault(vault, (store.writer,), store.log_of)

    async def __aenter__(self) -> Keeper:
        return self

    async def __aexit__(self, *raised: object) -> None:
        # Shielded: what was acknowledged is finished also when the task is being cancelled.
        await asyncio.shield(asyncio.ensure_future(self.close()))
