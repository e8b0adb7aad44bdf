"""The bytes of a dumped index: numpy arrays behind one msgpack header.

    Bytes   0..8       8..12      12..16          16..16+h    ..end
            b"HFINDEX3" CRC-32    header size h   header      arrays, each from a multiple of 64

The header lists each array's name, type, shape and place. The checksum covers all that follows it;
it finds accidents. Against intent the snapshot is sealed by whoever stores it. Never a pickle.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Groups", "pack", "unpack"]

Groups = dict[str, dict[str, NDArray[Any]]]

_MAGIC = b"HFINDEX3"
"""Raise the digit whenever analysis, columns or quantisation change: old snapshots are rebuilt."""
_ALIGNMENT = 64
_TYPES = {"|b1", "|i1", "|u1", "<i4", "<i8", "<u8", "<f4"}


class _Array(msgspec.Struct, array_like=True):
    group: str
    name: str
    type: str
    shape: tuple[int, ...]
    start: int
    size: int


class _Header(msgspec.Struct):
    facts: dict[str, Any]
    arrays: list[_Array]


def pack(facts: dict[str, Any], groups: Groups) -> bytes:
    """One snapshot of facts (plain values) and arrays."""
    arrays: list[_Array] = []
    blocks: list[memoryview | bytes] = []
    at = 0
    for group, members in groups.items():
        for name, array in members.items():
            # A view, not a copy: a large index exists twice while it is saved, and not four times.
            block = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            arrays.append(_Array(group, name, array.dtype.str, array.shape, at, len(block)))
            padding = bytes(-len(block) % _ALIGNMENT)
            blocks += [block, padding]
            at += len(block) + len(padding)
    header = msgspec.msgpack.encode(_Header(facts, arrays))
    header += b"\xc0" * (-(len(header) + 16) % _ALIGNMENT)
    body = [len(header).to_bytes(4, "little"), header, *blocks]
    checksum = 0
    for part in body:
        checksum = zlib.crc32(part, checksum)
    return b"".join([_MAGIC, checksum.to_bytes(4, "little"), *body])


def unpack(data: bytes) -> tuple[dict[str, Any], Groups]:
    """What was packed.

    Raises:
        ValueError: not a snapshot of this version, or damaged.
    """
    if data[:8] != _MAGIC:
        raise ValueError("not a snapshot of this version")
    view = memoryview(data)
    if zlib.crc32(view[12:]) != int.from_bytes(view[8:12], "little"):
        raise ValueError("the snapshot is damaged")
    size = int.from_bytes(view[12:16], "little")
    try:
        header = msgspec.msgpack.decode(bytes(view[16 : 16 + size]).rstrip(b"\xc0"), type=_Header)
    except msgspec.MsgspecError as exc:
        raise ValueError("the snapshot is damaged") from exc
    groups: Groups = {}
    for array in header.arrays:
        start = 16 + size + array.start
        groups.setdefault(array.group, {})[array.name] = _read(
            view[start : start + array.size], array
        )
    return header.facts, groups


def _read(block: memoryview, array: _Array) -> NDArray[Any]:
    if array.type not in _TYPES or len(block) != array.size:
        raise ValueError("the snapshot is damaged")
    return np.frombuffer(block, array.type).reshape(array.shape)
