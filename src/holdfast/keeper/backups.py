"""Backups: data and keys as two artefacts, and the way back.

A data backup holds no keys, a key backup no content. After an erase the key backups that are known
here are written anew, without the destroyed keys; any other copy of them is to be discarded.
Restoring applies every erasure that is known, in the backup or here, before anything is served.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from holdfast.errors import BadInput, Conflict, StorageFailed
from holdfast.keeper.store import Store
from holdfast.storage.protocol import BackupCapable, KeyStorage, KeyWrite

__all__ = ["BackupReport", "back_up", "merge_keys", "put_in_place", "renew_key_backups"]

_KNOWN = "key_backups"


class BackupReport(Struct, frozen=True, kw_only=True):
    """Two files: keep them apart."""

    data: str
    keys: str
    data_bytes: int
    key_bytes: int
    at: datetime


async def back_up(store: Store, data: Path, keys: Path) -> BackupReport:
    """Copy the data first and the keys after it, so that no copied record lacks its key.

    Raises:
        BadInput: a target exists, or the store is not in files.
        StorageFailed: or one of its kinds.
    """
    key_storage = store.keyring.storage
    if not isinstance(store.storage, BackupCapable) or not isinstance(key_storage, BackupCapable):
        raise BadInput("backup", "this storage has no files: back it up with its own tools")
    for target in (data, keys):
        if target.exists():
            raise BadInput("backup", f"{target} exists already: name a new file")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    await store.storage.backup(data)
    try:
        await key_storage.backup(keys)
    except BaseException:
        data.unlink(missing_ok=True)
        raise
    await _remember(store, keys)
    await store.keyring.record_audit({"action": "backup"})
    return BackupReport(
        data=str(data),
        keys=str(keys),
        data_bytes=data.stat().st_size,
        key_bytes=keys.stat().st_size,
        at=store.clock(),
    )


async def _known(store: Store) -> list[str]:
    raw = (await store.keyring.storage.secrets()).get(_KNOWN)
    return [] if not raw else list(json.loads(raw))


async def _remember(store: Store, keys: Path) -> None:
    known = [path for path in await _known(store) if Path(path).exists()]
    paths = sorted({*known, str(keys.resolve())})
    await store.keyring.storage.commit(KeyWrite(secrets=((_KNOWN, json.dumps(paths).encode()),)))


async def renew_key_backups(store: Store) -> tuple[str, ...]:
    """Write the known key backups anew, without what was destroyed; returns their paths.

    Raises:
        StorageFailed: one of them cannot be replaced: it still holds destroyed keys.
    """
    key_storage = store.keyring.storage
    if not isinstance(key_storage, BackupCapable):
        return ()
    renewed = []
    for name in await _known(store):
        path = Path(name)
        if not path.exists():
            continue
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        await key_storage.backup(fresh)
        try:
            await asyncio.to_thread(_overwrite, path)
            fresh.replace(path)
        except OSError as exc:
            raise StorageFailed(
                f"the key backup {path} still holds destroyed keys: discard it by hand"
            ) from exc
        renewed.append(name)
    return tuple(renewed)


def _overwrite(path: Path) -> None:
    """Overwrite a file before it is replaced; a copying file system may keep the old blocks."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())


async def merge_keys(backup: KeyStorage, live: KeyStorage) -> None:
    """Bring keys of a backup back beside what is in force here, except what was erased.

    Raises:
        Conflict: the backup belongs to another store.
    """
    if (await backup.secrets()).get("root") != (await live.secrets()).get("root"):
        raise Conflict("the key backup was made under another root key")
    erased = await live.erasures()
    vaults = {e.vault_id for e in erased if e.session_id == bytes(16)}
    sessions = {(e.vault_id, e.session_id) for e in erased}
    for vault_key in await backup.all_vault_keys():
        if vault_key.vault_id in vaults:
            continue
        here = {(k.session_id, k.version) for k in await live.keys(vault_key.vault_id)}
        missing = tuple(
            key
            for key in await backup.keys(vault_key.vault_id)
            if (key.session_id, key.version) not in here
            and (key.vault_id, key.session_id) not in sessions
        )
        if missing:
            await live.commit(KeyWrite(put=missing))


def put_in_place(backup: Path, target: Path, *, stamp: str) -> Path | None:
    """Copy a backup to where the store is; what was there is set aside, not deleted.

    Returns:
        Where the former file went, None when there was none.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(backup, temporary)
    temporary.chmod(0o600)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    aside = None
    if target.exists():
        aside = target.with_name(f"{target.name}.before-restore-{stamp}")
        target.replace(aside)
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    temporary.replace(target)
    return aside
