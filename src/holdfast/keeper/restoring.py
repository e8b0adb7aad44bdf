"""The way back from a backup: proved in a folder of its own first, then put in place at once.

    1. nobody may have the store open; a lock keeps newcomers out until the end
    2. the data is copied beside the store, with the keys in force here and those of the key backup
    3. the copy is opened, which applies every erasure that is known, and verified
    4. keys are merged, the former database set aside, the copy put in its place by one rename

Up to step 4 nothing of the store has changed, and a process that dies leaves it as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import (
    BadInput,
    HoldfastError,
    RootKeyWrong,
    StorageBusy,
    StorageFull,
    StorageReadOnly,
    VaultLocked,
)
from holdfast.keeper.backups import clear_staging, staging_of
from holdfast.keeper.inspecting import where_of
from holdfast.keeper.opening import OpenOptions, index_dir_of, open_keeper, source_of
from holdfast.keeper.verifying import Verified
from holdfast.storage import StorageUrl, keys_path_of, open_keys, open_storage
from holdfast.storage.protocol import BackupCapable, KeyStorage, KeyWrite
from holdfast.storage.upkeep import file_of, is_in_use
from holdfast.vault.keyring import Keyring

__all__ = ["RestoreReport", "merge_keys", "restore"]

_IN_USE = "the store is open: stop the server and every chat, then restore"


class RestoreReport(Struct, frozen=True, kw_only=True):
    """What came back."""

    placed: bool
    """False when the copy has problems and they were not accepted; nothing was changed then."""
    database: str
    set_aside: str | None
    """Where the former database is now; None when there was none."""
    verified: Verified


async def restore(
    options: OpenOptions,
    data: Path,
    keys: Path | None = None,
    *,
    despite_problems: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RestoreReport:
    """Put a data backup in the place of a store; later erasures are applied to it first.

    Args:
        options: how the store is opened; its root key must fit the keys.
        data: the data backup; it is only read.
        keys: the key backup, needed when keys it holds are not here any more.
        despite_problems: put it in place although not everything in it holds.
        progress: called with the number of messages verified so far.

    Raises:
        StorageBusy: the store is open, in this process or another.
        BadInput: a file is not there, or the backup belongs to another store.
        VaultLocked: there are no keys, neither here nor given.
        RootKeyMissing, RootKeyWrong, RootKeyExposed: the root key does not fit.
        StorageFailed: or one of its kinds. In every case nothing was changed.
    """
    _check_given("data backup", data)
    if keys is not None:
        _check_given("key backup", keys)
    target = file_of(where_of(options))
    with _alone(options, target), _told_as_storage(target):
        staging = _Staging(options, target)
        try:
            await asyncio.to_thread(staging.fill, data, keys)
            await staging.gather_keys()
            verified = await staging.prove(progress)
            if not verified.ok and not despite_problems:
                return RestoreReport(
                    placed=False, database=str(target), set_aside=None, verified=verified
                )
            aside = await staging.put_in_place()
        finally:
            await asyncio.to_thread(staging.clear)
    return RestoreReport(
        placed=True,
        database=str(target),
        set_aside=None if aside is None else str(aside),
        verified=verified,
    )


async def merge_keys(backup: KeyStorage, live: KeyStorage) -> None:
    """Bring keys and erasures of a backup to those in force, except the keys of what was erased.

    Both must belong to one store and be wrapped by one root key.
    """
    known = {(e.vault_id, e.session_id) for e in await live.erasures()}
    later = tuple(e for e in await backup.erasures() if (e.vault_id, e.session_id) not in known)
    if later:
        await live.commit(
            KeyWrite(destroy=tuple((e.vault_id, e.session_id, None) for e in later), erasures=later)
        )
    erased = known | {(e.vault_id, e.session_id) for e in later}
    for vault_key in await backup.all_vault_keys():
        if (vault_key.vault_id, bytes(16)) in erased:
            continue
        here = {(k.session_id, k.version) for k in await live.keys(vault_key.vault_id)}
        missing = tuple(
            key
            for key in await backup.keys(vault_key.vault_id)
            if (key.session_id, key.version) not in here
            and (key.vault_id, key.session_id) not in erased
        )
        if missing:
            await live.commit(KeyWrite(put=missing))


class _Staging:
    """A folder beside the store in which the backup is made ready; key copies are overwritten."""

    def __init__(self, options: OpenOptions, target: Path) -> None:
        self._options = options
        self._target = target
        self._live_keys = options.keys_path or keys_path_of(target)
        self._folder = staging_of(target)
        self._data = self._folder / "data.db"
        self._keys = self._folder / "keys.db"
        self._backup_keys = self._folder / "backup-keys.db"
        self._page_key: bytes | None = None
        self._had_keys = self._live_keys.exists()

    def fill(self, data: Path, keys: Path | None) -> None:
        """Copy the backup; what an interrupted restore left is removed first. Blocks."""
        self.clear()
        self._folder.mkdir(parents=True, mode=0o700)
        _copy(data, self._data)
        if keys is not None:
            _copy(keys, self._backup_keys)

    async def gather_keys(self) -> None:
        """The keys in force here, with those of the backup beside them."""
        if not self._had_keys and not self._backup_keys.exists():
            raise VaultLocked
        if not self._had_keys:
            await asyncio.to_thread(_copy, self._backup_keys, self._keys)
            self._page_key = await self._page_key_of(self._keys)
            return
        async with self._opened(self._live_keys) as live:
            assert isinstance(live, BackupCapable)  # it is in a file
            await live.backup(self._keys)
        self._page_key = await self._page_key_of(self._keys)
        if self._backup_keys.exists():
            await self._check_same_store()
            async with self._opened(self._backup_keys) as backup, self._opened(self._keys) as here:
                await merge_keys(backup, here)

    async def _check_same_store(self) -> None:
        try:
            page_key = await self._page_key_of(self._backup_keys)
        except RootKeyWrong:
            raise RootKeyWrong("the key backup was wrapped by another root key") from None
        if page_key != self._page_key:
            raise BadInput(
                "key backup",
                f"another store is here: move {self._target} and {self._live_keys} away, or "
                "restore into another data directory",
            )

    async def _page_key_of(self, keys: Path) -> bytes:
        async with self._opened(keys) as storage:
            keyring = await Keyring.open(
                storage, source_of(self._options), data_exists=True, clock=self._options.clock
            )
            return keyring.page_key

    @contextlib.asynccontextmanager
    async def _opened(self, keys: Path) -> AsyncIterator[KeyStorage]:
        storage = await open_keys(replace(where_of(self._options), keys_path=keys))
        try:
            yield storage
        finally:
            await storage.close()

    async def prove(self, progress: Callable[[int], None] | None) -> Verified:
        """Open the copy, which applies the erasures, and check everything in it."""
        await self._check_data()
        async with self._opened(self._keys) as here:
            # Going back is what a restore is for: it must not look like a rollback.
            vaults = tuple(key.vault_id for key in await here.all_vault_keys())
            await here.commit(KeyWrite(unanchor=vaults))
        staged = replace(
            self._options,
            url=f"sqlite:///{self._data}",
            keys_path=self._keys,
            index_dir=self._folder / "index",
        )
        keeper = await open_keeper(staged)
        try:
            return await keeper.verify(progress=progress)
        finally:
            await keeper.close()

    async def _check_data(self) -> None:
        """Whether the keys open the data at all."""
        where = StorageUrl(url=f"sqlite:///{self._data}", page_key=self._page_key)
        try:
            storage = await open_storage(where)
        except RootKeyWrong:
            raise BadInput(
                "data backup",
                "it does not open with the keys here: it is damaged, or belongs to another store; "
                "name the key backup that was made with it",
            ) from None
        await storage.close()

    async def put_in_place(self) -> Path | None:
        """Merge the keys, set the former database aside, rename the copy to its place."""
        if self._had_keys:
            if self._backup_keys.exists():
                async with (
                    self._opened(self._backup_keys) as backup,
                    self._opened(self._live_keys) as live,
                ):
                    await merge_keys(backup, live)
        else:
            placed = self._folder / "placed-keys.db"
            await asyncio.to_thread(_copy, self._keys, placed)
            await asyncio.to_thread(_place, placed, self._live_keys)
        await self._anchor_anew()
        await self._settle_former()
        aside = await asyncio.to_thread(self._swap)
        async with self._opened(self._live_keys) as storage:
            keyring = await Keyring.open(
                storage, source_of(self._options), data_exists=True, clock=self._options.clock
            )
            await keyring.record_audit({"action": "restore"})
        return aside

    async def _anchor_anew(self) -> None:
        """From now on the restored state is what later ones must continue."""
        async with self._opened(self._keys) as proved, self._opened(self._live_keys) as live:
            vaults = tuple({key.vault_id for key in await live.all_vault_keys()})
            anchors = [anchor for vault in vaults for anchor in await proved.anchors(vault)]
            await live.commit(KeyWrite(unanchor=vaults, anchors=tuple(anchors)))

    async def _settle_former(self) -> None:
        """Bring what is only in the former database's WAL into its file, where it opens at all."""
        if not self._target.exists():
            return
        where = replace(where_of(self._options), page_key=self._page_key)
        with contextlib.suppress(HoldfastError):
            await (await open_storage(where)).close()

    def _swap(self) -> Path | None:
        """The database is there at every moment: linked aside first, replaced then. Blocks."""
        aside = None
        if self._target.exists():
            stamp = self._options.clock().strftime("%Y%m%dT%H%M%S")
            aside = _free_name(self._target, f"before-restore-{stamp}")
            os.link(self._target, aside)
        # A WAL that belongs to the former file must not be taken for the new one's. It is only
        # still there when the former file does not open; then it is kept beside it.
        for ending in ("-wal", "-shm"):
            left = self._target.with_name(self._target.name + ending)
            if left.exists() and aside is not None:
                left.replace(aside.with_name(aside.name + ending))
            left.unlink(missing_ok=True)
        _place(self._data, self._target)
        # Derived, and of other rows than those that are there now.
        index = index_dir_of(self._options, self._target)
        if index is not None:
            shutil.rmtree(index, ignore_errors=True)
        return aside

    def clear(self) -> None:
        """Remove the folder; key copies are overwritten first. Blocks."""
        clear_staging(self._folder)


def _check_given(field: str, path: Path) -> None:
    if not path.is_file():
        raise BadInput(field, f"there is no file at {path}")
    if path.stat().st_size == 0:
        raise BadInput(field, f"{path} is empty")


@contextlib.contextmanager
def _alone(options: OpenOptions, target: Path) -> Iterator[None]:
    """Keep everybody else from opening the store."""
    with _told_as_storage(target):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(target.with_name(f".{target.name}.opening"), mode=0o600)
    try:
        lock.acquire(timeout=options.busy_timeout_s)
    except Timeout:
        raise StorageBusy(_IN_USE) from None
    except OSError as exc:
        raise StorageReadOnly(str(target.parent)) from exc
    try:
        if is_in_use(where_of(options)):
            raise StorageBusy(_IN_USE)
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _told_as_storage(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from exc
        raise StorageReadOnly(str(target.parent)) from exc


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _place(source: Path, target: Path) -> None:
    """Move a file to its place, durably and at once."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free_name(path: Path, ending: str) -> Path:
    number = 0
    while True:
        name = f"{path.name}.{ending}" + (f"-{number}" if number else "")
        found = path.with_name(name)
        if not found.exists():
            return found
        number += 1
