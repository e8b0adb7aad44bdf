"""Backups: data and keys as two artefacts. The way back is in `restoring`.

A data backup holds no keys, a key backup no content. After an erase the key backups that are known
here are written anew, without the destroyed keys; any other copy of them is to be discarded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from holdfast.errors import BadInput, Conflict, StorageFailed, StorageReadOnly
from holdfast.keeper.store import Store
from holdfast.storage.protocol import BackupCapable, KeyStorage, KeyWrite

__all__ = [
    "BackupReport",
    "back_up",
    "clear_staging",
    "finish_renewal",
    "overwrite",
    "renew_key_backups",
    "staging_of",
]

_logger = logging.getLogger(__name__)
_KNOWN = "key_backups"
_RENEWED = "key_backups_renewed"
"""How many erasures there were when the key backups were last written anew."""
_LEFT = "key_backups_left"
"""Those that could not be written anew then."""
_MAX_TRIES = 5


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
        Conflict: keys go on being destroyed meanwhile; try again later.
        StorageFailed: or one of its kinds.
    """
    key_storage = store.keyring.storage
    if not isinstance(store.storage, BackupCapable) or not isinstance(key_storage, BackupCapable):
        raise BadInput("backup", "this storage has no files: back it up with its own tools")
    await asyncio.to_thread(_make_room, (data, keys))
    try:
        for _ in range(_MAX_TRIES):
            before = await _versions(key_storage)
            await store.storage.backup(data)
            await key_storage.backup(keys)
            if before <= await _versions(key_storage):
                break
            # Keys were destroyed meanwhile, by an erase or a rotation: the copied records may be
            # sealed under them, so copy what is in force now.
            await asyncio.to_thread(_discard, (data, keys))
        else:
            raise Conflict("keys are being rotated: back up when that is done")
    except BaseException:
        await asyncio.to_thread(_discard, (data, keys))
        raise
    await _remember(store, keys)
    await store.keyring.record_audit({"action": "backup"})
    sizes = await asyncio.to_thread(_sizes, (data, keys))
    return BackupReport(
        data=str(data), keys=str(keys), data_bytes=sizes[0], key_bytes=sizes[1], at=store.clock()
    )


async def _versions(keys: KeyStorage) -> set[tuple[bytes, bytes, int]]:
    """Every key there is, by place and version."""
    vaults = {key.vault_id for key in await keys.all_vault_keys()}
    return {
        (key.vault_id, key.session_id, key.version)
        for vault in vaults
        for key in await keys.keys(vault)
    }


def _discard(targets: Sequence[Path]) -> None:
    for target in targets:
        target.unlink(missing_ok=True)


def _make_room(targets: Sequence[Path]) -> None:
    for target in targets:
        if target.exists():
            raise BadInput("backup", f"{target} exists already: name a new file")
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise StorageReadOnly(str(target.parent)) from exc


def _sizes(files: Sequence[Path]) -> list[int]:
    return [file.stat().st_size for file in files]


async def _known(store: Store) -> list[str]:
    raw = (await store.keyring.storage.secrets()).get(_KNOWN)
    return [] if not raw else list(json.loads(raw))


async def _remember(store: Store, keys: Path) -> None:
    known = await _known(store)
    paths = await asyncio.to_thread(
        lambda: sorted({*(p for p in known if not _was_deleted(Path(p))), str(keys.resolve())})
    )
    await store.keyring.storage.commit(KeyWrite(secrets=((_KNOWN, json.dumps(paths).encode()),)))


def _was_deleted(path: Path) -> bool:
    """It is gone from a folder that is there; a folder that is empty or gone may be a medium."""
    try:
        return not path.exists() and any(path.parent.iterdir())
    except OSError:
        return False


async def renew_key_backups(store: Store, *, only: Sequence[str] | None = None) -> tuple[str, ...]:
    """Write the known key backups anew, without what was destroyed.

    Returns the paths of those that still hold it, because they are on a medium that is not there or
    cannot be written. They keep nobody from working, and are tried again at each start.
    """
    key_storage = store.keyring.storage
    if not isinstance(key_storage, BackupCapable):
        return ()
    erasures = len(await key_storage.erasures())
    left = []
    for name in await _known(store):
        if (only is not None and name not in only) or await asyncio.to_thread(
            _was_deleted, Path(name)
        ):
            continue
        try:
            await _renew(key_storage, Path(name))
        except (OSError, StorageFailed):
            _logger.info("key backup not renewed", extra={"action": "backup.renew"})
            left.append(name)
    await key_storage.commit(
        KeyWrite(secrets=((_RENEWED, str(erasures).encode()), (_LEFT, json.dumps(left).encode())))
    )
    return tuple(left)


async def _renew(key_storage: BackupCapable, path: Path) -> None:
    fresh = path.with_name(path.name + ".new")
    await asyncio.to_thread(path.stat)
    await asyncio.to_thread(fresh.unlink, missing_ok=True)
    await key_storage.backup(fresh)
    await asyncio.to_thread(_supersede, path, fresh)


async def finish_renewal(store: Store) -> None:
    """Renew the key backups if a process ended between an erasure and that.

    So too those that could not be replaced then, if they are here now.
    """
    keys = store.keyring.storage
    if not await _known(store):
        return
    erasures = str(len(await keys.erasures())).encode()
    secrets = await keys.secrets()
    if secrets.get(_RENEWED, b"0") != erasures:
        await renew_key_backups(store)
        return
    left = list(json.loads(secrets.get(_LEFT) or b"[]"))
    if await asyncio.to_thread(_any_writable, left):
        await renew_key_backups(store, only=left)


def _any_writable(paths: Sequence[str]) -> bool:
    return any(os.access(path, os.W_OK) for path in paths)


def _supersede(path: Path, fresh: Path) -> None:
    """Put the new copy in place first, then overwrite the old: one of them is good at any time."""
    with path.open("r+b") as old:
        fresh.replace(path)
        _overwrite_open(old)


def overwrite(path: Path) -> None:
    """Overwrite a file before it is removed; a copying file system may keep the old blocks."""
    with path.open("r+b") as file:
        _overwrite_open(file)


def _overwrite_open(file: BinaryIO) -> None:
    file.write(os.urandom(os.fstat(file.fileno()).st_size))
    file.flush()
    os.fsync(file.fileno())


def staging_of(target: Path) -> Path:
    """Where a restore makes a backup ready."""
    return target.with_name(f".{target.name}.restoring")


def clear_staging(folder: Path) -> None:
    """Remove what a restore left or a killed one could not; keys are overwritten first. Blocks."""
    if not folder.exists():
        return
    for path in folder.glob("*keys.db*"):
        overwrite(path)
    shutil.rmtree(folder)
