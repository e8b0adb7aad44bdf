"""The files an export consists of: one file, a folder, or the members of a ZIP.

Names inside a ZIP are labels here and never paths: nothing is unpacked to disk. Everything that is
read goes through a `Gauge`, which counts it for the progress bar and against the limits.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from holdfast.errors import HostileFile, ImportFailed
from holdfast.portability.archives import checked_archive, translated_zip_errors
from holdfast.portability.limits import Limits
from holdfast.portability.stored import Origin, reader_of, size_of

__all__ = ["Container", "Gauge", "Member", "open_container", "read_whole"]

_BUFFER_BYTES = 1 << 18
_ZIP_BEGIN = b"PK\x03\x04"


class Gauge:
    """Counts the bytes read from one container."""

    def __init__(self, *, max_bytes: int | None, place: str) -> None:
        self.bytes_read = 0
        self._left = max_bytes
        self._place = place

    def add(self, count: int, *, progress: bool) -> None:
        """Count bytes; only those of conversations move the progress bar.

        Raises:
            HostileFile: more was unpacked than the limit allows.
        """
        if progress:
            self.bytes_read += count
        if self._left is not None:
            self._left -= count
            if self._left < 0:
                raise HostileFile(
                    self._place, "unpacks to more than the limit: unpack it and import the folder"
                )


class Member:
    """One file of an export. `name` is its label, with "/" between folders."""

    def __init__(
        self, name: str, size: int, opener: Callable[[], BinaryIO], gauge: Gauge, *, seekable: bool
    ) -> None:
        self.name = name
        self.size = size
        self.seekable = seekable
        """Whether going back in the stream costs nothing."""
        self._opener = opener
        self._gauge = gauge

    @property
    def base(self) -> str:
        """The name without folders."""
        return PurePosixPath(self.name).name

    def open(self, *, progress: bool = False, buffer_bytes: int = _BUFFER_BYTES) -> BinaryIO:
        """A stream of the content; the caller closes it.

        Raises:
            ImportFailed: it cannot be opened.
        """
        with translated_zip_errors(self.name):
            raw = _Counted(self._opener(), self.name, self._gauge, progress=progress)
            return BufferedReader(raw, buffer_bytes)


class _Counted(RawIOBase):
    """A stream that reports what is read through it, and names itself when it fails."""

    def __init__(self, inner: BinaryIO, name: str, gauge: Gauge, *, progress: bool) -> None:
        self._inner = inner
        self._name = name
        self._gauge = gauge
        self._progress = progress

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._inner.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        with translated_zip_errors(self._name):
            return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed hides the buffer's type
        with translated_zip_errors(self._name):
            data = self._inner.read(len(view))
        self._gauge.add(len(data), progress=self._progress)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class Container:
    """An opened export: its members by name, in the order of their names."""

    def __init__(
        self, place: str, members: list[Member], gauge: Gauge, close: Callable[[], None]
    ) -> None:
        self.place = place
        self.members = sorted(members, key=lambda member: member.name)
        self.gauge = gauge
        self._close = close

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._close()


def open_container(path: Origin, limits: Limits) -> Container:
    """Open a file, a folder or a ZIP; which of them it is, is read from the content.

    Raises:
        ImportFailed: it is not there, is no regular file, or cannot be read.
        HostileFile: a ZIP that is built to do harm.
    """
    if not isinstance(path, Path):
        return _open_file(path, limits)
    try:
        mode = path.stat().st_mode
    except OSError as exc:
        raise ImportFailed(path.name, f"cannot be read ({exc.strerror}): check the path") from exc
    if stat.S_ISDIR(mode):
        return _open_folder(path, limits)
    if not stat.S_ISREG(mode):
        raise ImportFailed(path.name, "is not a regular file or folder")
    return _open_file(path, limits)


def _open_file(path: Origin, limits: Limits) -> Container:
    if _is_zip(path):
        return _open_zip(path, limits)
    if _begins_as_zip(path):
        # The list of what is in a ZIP stands at its end.
        raise ImportFailed(path.name, "is a ZIP that is cut off: get the export again")
    gauge = Gauge(max_bytes=None, place=path.name)
    return Container(path.name, [_plain(path, path.name, gauge)], gauge, lambda: None)


def _is_zip(path: Origin) -> bool:
    try:
        with reader_of(path) as file:
            return zipfile.is_zipfile(file)
    except OSError:
        return False


def _begins_as_zip(path: Origin) -> bool:
    try:
        with reader_of(path) as file:
            return file.read(len(_ZIP_BEGIN)) == _ZIP_BEGIN
    except OSError:
        return False  # whoever reads it for its content says why it cannot be read


def _plain(path: Origin, name: str, gauge: Gauge) -> Member:
    def opener() -> BinaryIO:
        try:
            return reader_of(path)
        except OSError as exc:
            raise ImportFailed(name, f"cannot be read ({exc.strerror})") from exc

    return Member(name, size_of(path), opener, gauge, seekable=True)


def _open_folder(path: Path, limits: Limits) -> Container:
    gauge = Gauge(max_bytes=None, place=path.name)
    members = []
    for file in _regular_files(path):
        members.append(_plain(file, file.relative_to(path).as_posix(), gauge))
        if len(members) > limits.max_members:
            raise HostileFile(path.name, f"holds more than {limits.max_members:,} files")
    return Container(path.name, members, gauge, lambda: None)


def _regular_files(path: Path) -> Iterator[Path]:
    """Files below `path`. Links are not followed: they could lead anywhere, or in a ring."""
    for folder, _, names in os.walk(path, followlinks=False):
        for name in names:
            file = Path(folder, name)
            if stat.S_ISREG(file.lstat().st_mode):
                yield file


def _open_zip(path: Origin, limits: Limits) -> Container:
    archive = checked_archive(path, limits)
    gauge = Gauge(max_bytes=limits.max_unpacked_bytes, place=path.name)

    def opener_of(info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
        return lambda: cast("BinaryIO", archive.open(info))

    members = [
        Member(info.filename, info.file_size, opener_of(info), gauge, seekable=False)
        for info in archive.infolist()
        if not info.is_dir()
    ]
    return Container(path.name, members, gauge, archive.close)


def read_whole(member: Member, *, max_bytes: int, progress: bool = False) -> bytes:
    """The whole content of a member.

    Raises:
        HostileFile: it is over `max_bytes`, whatever its declared size is.
        ImportFailed: it cannot be read.
    """
    with member.open(progress=progress) as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise HostileFile(member.name, f"is over the limit of {max_bytes:,} bytes")
    return data
