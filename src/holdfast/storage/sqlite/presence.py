"""Which writers are alive: each holds a lock on a file of its own, and dying lets go of it.

A file `<number>` in `<database>-writers/` is locked (flock) for as long as its writer lives. The
lock belongs to the open file, not to the process, so two storages in one process are two writers.
A number is random and never used again: a lock that can be taken means its writer is gone, and so
does a file that is not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path

from holdfast.errors import StorageReadOnly

__all__ = ["Presence", "is_anybody_there"]

_FRESH = ".new-"


class Presence:
    """This writer's number, and a look at the others'. Safe to use from several threads."""

    def __init__(self, database: Path) -> None:
        self.mine = secrets.randbits(62)
        self._folder = database.with_name(database.name + "-writers")
        self._handle: int | None = None
        self._gate = threading.Lock()

    def announce(self) -> int:
        """Hold this writer's number from now on, and return it.

        Raises:
            StorageReadOnly: the lock file cannot be made.
        """
        with self._gate:
            if self._handle is None:
                try:
                    self._handle = self._hold()
                except OSError as exc:
                    raise StorageReadOnly(str(self._folder)) from exc
        return self.mine

    def _hold(self) -> int:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        # Locked under another name first: a file with a number is never seen without its lock,
        # so nobody can take a newcomer for one that died.
        fresh = self._folder / f"{_FRESH}{self.mine}"
        handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh.rename(self._folder / str(self.mine))
        except BaseException:
            os.close(handle)
            raise
        return handle

    def departed(self, owners: Iterable[int]) -> tuple[int, ...]:
        """Those of `owners` whose writer is gone, ascending."""
        return tuple(sorted(owner for owner in set(owners) if not self._alive(owner)))

    def _alive(self, number: int) -> bool:
        return number == self.mine or _is_locked(self._folder / str(number))

    def sweep(self) -> None:
        """Remove the files of writers that are gone."""
        for path in self._files():
            if path.name.isdecimal() and int(path.name) != self.mine and not _is_locked(path):
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            return list(self._folder.iterdir())
        except FileNotFoundError:
            return []

    def close(self) -> None:
        """Let go of the number. May be called twice."""
        with self._gate:
            if self._handle is None:
                return
            (self._folder / str(self.mine)).unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None
            with contextlib.suppress(OSError):  # others' files are in it
                self._folder.rmdir()


def is_anybody_there(database: Path) -> bool:
    """Whether any writer has this database open, in this process or another."""
    folder = database.with_name(database.name + "-writers")
    try:
        return any(_is_locked(path) for path in folder.iterdir())
    except FileNotFoundError:
        return False


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
