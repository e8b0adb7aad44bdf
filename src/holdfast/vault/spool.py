"""A temporary file that only this process can read: on the disk stands nothing but sealed pieces.

    Bytes   0..p          p..2p         ...    ..end
            piece 0       piece 1              last piece, as long as the rest

A piece is the envelope of 256 KiB of plaintext (p = 256 KiB + 61). The key is random, is kept
nowhere and goes with the object; the file has no name. Associated data: the piece's number.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from holdfast.errors import StorageFailed, StorageFull
from holdfast.vault.envelope import OVERHEAD, SealKey, new_secret

__all__ = ["SealedSpool"]

_PIECE = 256 << 10
_SEALED_PIECE = _PIECE + OVERHEAD
_NO_SPACE = (28, 122)
"""ENOSPC and EDQUOT."""


class SealedSpool:
    """Written once from front to end, then read anywhere and any number of times. Close it."""

    def __init__(self, name: str = "spool", *, folder: Path | None = None) -> None:
        self.name = name
        """What it is called in messages; no path."""
        self.size = 0
        """Bytes of plaintext so far."""
        self._key = SealKey(new_secret())
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  see close
        self._rest = bytearray()
        self._pieces = 0
        self._ended = False

    def write(self, data: bytes) -> int:
        """Take more in.

        Raises:
            StorageFull: no space is left.
            StorageFailed: it cannot be written, or was read already.
        """
        if self._ended:
            raise StorageFailed("a temporary file was written to after it was read")
        self._rest += data
        self.size += len(data)
        while len(self._rest) >= _PIECE:
            self._put(bytes(self._rest[:_PIECE]))
            del self._rest[:_PIECE]
        return len(data)

    def open(self) -> BinaryIO:
        """A reader of all of it, at its beginning; it may be used in any one thread."""
        if not self._ended:
            self._ended = True
            if self._rest:
                self._put(bytes(self._rest))
                self._rest = bytearray()
        return cast("BinaryIO", _Reader(self))

    def piece(self, number: int) -> bytes:
        """The plaintext of one piece; b"" behind the last.

        Raises:
            TamperedRecord: it is not what was written.
        """
        if number >= self._pieces:
            return b""
        sealed = os.pread(self._file.fileno(), _SEALED_PIECE, number * _SEALED_PIECE)
        return self._key.open(sealed, number.to_bytes(8, "big"))

    def close(self) -> None:
        """Let go of the file; it is gone then. May be called twice."""
        self._file.close()

    def _put(self, piece: bytes) -> None:
        sealed = self._key.seal(piece, self._pieces.to_bytes(8, "big"))
        try:
            view = memoryview(sealed)
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as exc:
            failure = StorageFull() if exc.errno in _NO_SPACE else StorageFailed()
            raise failure from exc
        self._pieces += 1

    def __enter__(self) -> SealedSpool:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class _Reader(io.RawIOBase):
    """One reader's place in a spool, with the piece it stands in."""

    def __init__(self, spool: SealedSpool) -> None:
        self._spool = spool
        self._at = 0
        self._number = -1
        self._piece = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._spool.size}[whence]
        if base + offset < 0:
            raise OSError(22, "a place before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed hides its type
        done = 0
        while done < len(view):
            number, inside = divmod(self._at, _PIECE)
            if number != self._number:
                self._number, self._piece = number, self._spool.piece(number)
            part = self._piece[inside : inside + len(view) - done]
            if not part:
                break
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        return done
