"""Opening a ZIP that may have been built to do harm."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.errors import HostileFile, ImportFailed
from holdfast.portability.limits import Limits
from holdfast.portability.stored import Origin, reader_of

__all__ = ["checked_archive", "translated_zip_errors"]

_RATIO_FLOOR_BYTES = 1 << 20
"""Members that unpack to less than this may be packed as well as they like."""
_LOCAL_HEADER_BYTES = 30
_END = b"PK\x05\x06"
_END_BYTES = 22
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"


@contextmanager
def translated_zip_errors(name: str) -> Iterator[None]:
    """Everything `zipfile` and `zlib` raise on a damaged file, as ImportFailed."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as exc:
        raise ImportFailed(name, "is damaged in the ZIP: get the export again") from exc
    except NotImplementedError as exc:
        raise ImportFailed(name, "is packed in a way that no export uses") from exc
    except RuntimeError as exc:
        raise ImportFailed(name, "is encrypted: unpack the ZIP and import the folder") from exc
    except OSError as exc:
        raise ImportFailed(name, f"cannot be read ({exc.strerror or 'damaged'})") from exc


def checked_archive(path: Origin, limits: Limits) -> zipfile.ZipFile:
    """Open the ZIP at `path` after looking for what makes one dangerous.

    Nothing is unpacked here. ZIPs inside it are never opened, so nesting gains an attacker
    nothing; sizes that lie are caught while reading, where `zipfile` stops at the declared size
    and checks the checksum.

    Raises:
        HostileFile: too many members, a bomb by its ratio, or members that overlap.
        ImportFailed: damaged, encrypted, or packed by a method other than deflate.
    """
    _check_directory_size(path, limits)
    with translated_zip_errors(path.name):
        archive = zipfile.ZipFile(path if isinstance(path, Path) else reader_of(path))
    try:
        members = archive.infolist()
        if len(members) > limits.max_members:
            raise HostileFile(path.name, f"holds more than {limits.max_members:,} files")
        for number, info in enumerate(members, 1):
            _check_member(info, f"{path.name}, file {number}", limits)
        _check_overlap(members, path.name)
    except BaseException:
        archive.close()
        raise
    return archive


def _check_directory_size(path: Origin, limits: Limits) -> None:
    """Refuse a directory that would fill the memory: `zipfile` reads it as a whole on opening."""
    with reader_of(path) as file:
        file.seek(0, 2)
        size = file.tell()
        tail_at = max(0, size - _END_BYTES - 0xFFFF - 76)
        file.seek(tail_at)
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_BYTES:
            raise ImportFailed(path.name, "is a ZIP without an end: get the export again")
        directory_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
        # zipfile believes the 64-bit record whenever its locator is there, so look there too.
        if tail[at - 20 : at - 16] == _LOCATOR64:
            at64 = tail.rfind(_END64, 0, at)
            if at64 >= 0:
                directory_bytes = int.from_bytes(tail[at64 + 40 : at64 + 48], "little")
    if directory_bytes > limits.max_directory_bytes:
        raise HostileFile(path.name, "has a directory larger than any export needs")


def _check_member(info: zipfile.ZipInfo, place: str, limits: Limits) -> None:
    # Bzip2 and LZMA unpack a whole block at once whatever one asks for: 4 KiB can become 80 MB.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ImportFailed(place, "is packed in a way that no export uses")
    if info.file_size > max(_RATIO_FLOOR_BYTES, info.compress_size * limits.max_ratio):
        raise HostileFile(place, f"unpacks to more than {limits.max_ratio} times its size")


def _check_overlap(members: list[zipfile.ZipInfo], place: str) -> None:
    """Refuse members that share bytes: that is how a small ZIP unpacks to petabytes."""
    end = 0
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise HostileFile(place, "has members that overlap")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size
