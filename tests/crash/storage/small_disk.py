"""A disk of a few hundred kilobytes: an APSW VFS that says SQLITE_FULL when it is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw


class SmallDiskVfs(apsw.VFS):
    """Files may grow to `capacity` bytes in all; they are kept by the system."""

    name = "small-disk"

    def __init__(self) -> None:
        super().__init__(self.name, base="unix")
        self.capacity = 0
        self.sizes: dict[str, int] = {}
        self.failing_sync = False

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        if flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL):
            return SmallDiskFile(self, name, flags)
        return super().xOpen(name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        super().xDelete(filename, syncdir)
        self.sizes.pop(Path(filename).name, None)

    def reserve(self, name: str, end: int) -> None:
        """Let a file reach a length, or fail as a full disk does."""
        sizes = {**self.sizes, name: max(end, self.sizes.get(name, 0))}
        if sum(sizes.values()) > self.capacity:
            raise apsw.FullError("no space")
        self.sizes = sizes


class SmallDiskFile(apsw.VFSFile):
    """A file that asks before it grows."""

    def __init__(self, vfs: SmallDiskVfs, name, flags) -> None:
        self._vfs = vfs
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(filename).name
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802
        self._vfs.reserve(self._name, offset + len(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize):  # noqa: N802
        super().xTruncate(newsize)
        self._vfs.sizes[self._name] = min(newsize, self._vfs.sizes.get(self._name, 0))

    def xSync(self, flags):  # noqa: N802
        if self._vfs.failing_sync:
            error = apsw.IOError("fsync failed")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC
            raise error
        super().xSync(flags)


_VFS = SmallDiskVfs()


@contextmanager
def small_disk(capacity: int) -> Iterator[SmallDiskVfs]:
    """The disk, empty, with so many bytes; open with its name."""
    _VFS.capacity, _VFS.sizes, _VFS.failing_sync = capacity, {}, False
    yield _VFS
