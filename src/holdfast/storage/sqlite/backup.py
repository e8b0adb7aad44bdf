"""Consistent copies of a database file, made while it is written to."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
from msgspec.structs import replace

from holdfast.errors import Conflict, StorageReadOnly
from holdfast.storage.sqlite.connection import OpenFile, open_connection, prepare_file
from holdfast.storage.sqlite.failures import translated_errors

__all__ = ["backup_file", "copy_database"]


def backup_file(file: OpenFile, target: Path) -> None:
    """Copy a database that others write to: one snapshot, under the same page key.

    Raises:
        Conflict: `target` exists.
        StorageFailed: or one of its kinds.
    """
    source = open_connection(file, reader=True)
    try:
        copy_database(source, file, target)
    finally:
        source.close()


def copy_database(source: apsw.Connection, file: OpenFile, target: Path) -> None:
    """Copy what `source` sees now to `target`, whole or not at all, readable by its owner only.

    All pages go in one step, under one read transaction: writers go on, and the copy never has
    to start again as it would when a writer comes between two steps.
    """
    if target.exists():
        raise Conflict("the target of the copy exists")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    prepare_file(partial)
    try:
        _copy(source, replace(file, path=partial))
        _sync(partial)
        # link, not rename: it fails when somebody made the target meanwhile.
        os.link(partial, target)
        _sync(target.parent)
    except FileExistsError as exc:
        raise Conflict("the target of the copy exists") from exc
    except OSError as exc:
        raise StorageReadOnly(str(target)) from exc
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _copy(source: apsw.Connection, partial: OpenFile) -> None:
    target = open_connection(partial)
    try:
        with translated_errors(), target.backup("main", source, "main") as backup:
            backup.step(-1)
    finally:
        target.close()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
