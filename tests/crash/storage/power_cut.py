"""A disk that loses power: an APSW VFS which remembers what was written since the last sync.

At chosen operations it keeps what a real disk could hold after a cut: all that was synced, and of
the writes since then a random subset, torn at sectors of 512 bytes. Deleting and making a file
count as durable at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import apsw

SECTOR = 512
_TRACKED = (
    apsw.SQLITE_OPEN_MAIN_DB
    | apsw.SQLITE_OPEN_WAL
    # A file is made with a rollback journal, before it is switched to WAL: without the journal a
    # cut in the middle of its first page would look like another program's file.
    | apsw.SQLITE_OPEN_MAIN_JOURNAL
)


class Pending(NamedTuple):
    """One change that no sync has confirmed; `data` None sets the length to `offset`."""

    offset: int
    data: bytes | None


class Image(NamedTuple):
    """What was on the disk when the power went, and what had been acknowledged."""

    files: dict[str, bytes]
    acknowledged: frozenset[bytes]

    def restore(self, folder: Path) -> None:
        """Write the files as the next start finds them."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


class Disk:
    """What one file system holds for sure, and what it may have written."""

    def __init__(
        self, *, seed: int, cuts: set[int], acknowledged: Callable[[], frozenset[bytes]]
    ) -> None:
        self._random = random.Random(seed)
        self._cuts = cuts
        self._acknowledged = acknowledged
        self._durable: dict[str, bytearray] = {}
        self._pending: dict[str, list[Pending]] = {}
        self.operations = 0
        self.images: list[Image] = []

    def wrote(self, name: str, change: Pending) -> None:
        """Remember a change, and cut the power before or after it."""
        self._tick()
        self._pending.setdefault(name, []).append(change)
        self._tick()

    def deleted(self, name: str) -> None:
        """A file is gone."""
        self._durable.pop(name, None)
        self._pending.pop(name, None)

    def synced(self, name: str) -> None:
        """Everything written to this file so far is on the disk."""
        self._tick()
        content = self._durable.setdefault(name, bytearray())
        for change in self._pending.pop(name, []):
            _apply(content, change)
        self._tick()

    def _tick(self) -> None:
        self.operations += 1
        if self.operations in self._cuts:
            self.images.append(Image(self._cut(), self._acknowledged()))

    def _cut(self) -> dict[str, bytes]:
        files = {}
        kept = self._random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for name in self._durable.keys() | self._pending.keys():
            content = bytearray(self._durable.get(name, b""))
            for change in self._pending.get(name, []):
                for part in _torn(change):
                    if self._random.random() < kept:
                        _apply(content, part)
            files[name] = bytes(content)
        return files


class PowerCutVfs(apsw.VFS):
    """Passes everything through to the system, and tells the disk that is plugged in."""

    def __init__(self, name: str) -> None:
        super().__init__(name, base="unix")
        self.disk: Disk | None = None

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        if flags[0] & _TRACKED:
            assert self.disk is not None
            return PowerCutFile(self.disk, name, flags)
        return super().xOpen(name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        super().xDelete(filename, syncdir)
        assert self.disk is not None
        self.disk.deleted(Path(filename).name)


class PowerCutFile(apsw.VFSFile):
    """A file of the system whose writes and syncs are reported."""

    def __init__(self, disk: Disk, name, flags) -> None:
        self._disk = disk
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(filename).name
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802
        super().xWrite(data, offset)
        self._disk.wrote(self._name, Pending(offset, bytes(data)))

    def xTruncate(self, newsize):  # noqa: N802
        super().xTruncate(newsize)
        self._disk.wrote(self._name, Pending(newsize, None))

    def xSync(self, _flags):  # noqa: N802 - the test's own disk needs no real sync
        self._disk.synced(self._name)


def _torn(change: Pending) -> Iterator[Pending]:
    if change.data is None:
        yield change
        return
    start = 0
    while start < len(change.data):
        at = change.offset + start
        end = start + SECTOR - at % SECTOR
        yield Pending(at, change.data[start:end])
        start = end


def _apply(content: bytearray, change: Pending) -> None:
    if change.data is None:
        del content[change.offset :]
        return
    end = change.offset + len(change.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[change.offset : end] = change.data


# One for the whole process: page encryption puts a VFS of its own on top and never lets go of it.
_VFS = PowerCutVfs("power-cut")


@contextmanager
def plugged_in(disk: Disk, *, encrypted: bool) -> Iterator[str]:
    """Let the disk hear of every write for a while; gives the name of the VFS to open with."""
    _VFS.disk = disk
    try:
        yield "multipleciphers-power-cut" if encrypted else "power-cut"
    finally:
        _VFS.disk = None
