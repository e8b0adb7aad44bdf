"""A large sealed file: pieces of one size, each an envelope of its own, so that memory stays small.

    Bytes   0..p          p..2p         ...    ..end
            piece 0       piece 1              last piece, as long as the rest

A piece is the envelope of 4 MiB of plaintext (p = 4 MiB + 61), the last one of what is left, at
least one piece. Associated data: the caller's, the piece's number and how many there are (8 bytes
each). A file that was cut, extended or put together from two does not open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.vault.envelope import OVERHEAD, SealKey

__all__ = ["read_sealed_file", "write_sealed_file"]

_PIECE = 4 << 20
_SEALED_PIECE = _PIECE + OVERHEAD


def write_sealed_file(path: Path, parts: Sequence[bytes], key: SealKey, associated: bytes) -> None:
    """Replace the file whole, readable by its owner only; what was there stays on failure.

    The parts become one plaintext without being joined in memory.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    count = max(1, -(-sum(map(len, parts)) // _PIECE))
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        for number, piece in enumerate(_pieces(parts)):
            file.write(key.seal(piece, _place(associated, number, count)))
    temporary.replace(path)


def read_sealed_file(path: Path, key: SealKey, associated: bytes) -> bytes:
    """What was written, whole.

    Raises:
        TamperedRecord, UnknownEnvelope: it is not, byte for byte, what was written under this key.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        count = max(1, -(-size // _SEALED_PIECE))
        return b"".join(
            key.open(file.read(_SEALED_PIECE), _place(associated, number, count))
            for number in range(count)
        )


def _pieces(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The parts in a row, in pieces of the same size; at least one."""
    piece = bytearray()
    for part in parts:
        rest = memoryview(part)
        while len(piece) + len(rest) > _PIECE:
            room = _PIECE - len(piece)
            yield bytes(piece) + bytes(rest[:room])
            piece, rest = bytearray(), rest[room:]
        piece += rest
    yield bytes(piece)


def _place(associated: bytes, number: int, count: int) -> bytes:
    return associated + number.to_bytes(8, "big") + count.to_bytes(8, "big")
