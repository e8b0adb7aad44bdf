"""Temporary files that only the process that wrote them can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import StorageFailed, StorageFull, TamperedRecord
from holdfast.vault import spool as module
from holdfast.vault.spool import SealedSpool

PIECE = 256 << 10


@given(
    sizes=st.lists(st.sampled_from([0, 1, 100, PIECE - 1, PIECE, PIECE + 1]), max_size=6),
    asks=st.lists(st.tuples(st.integers(0, 3 * PIECE), st.integers(0, 2 * PIECE)), max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_what_was_written_is_read_from_anywhere(
    sizes: list[int], asks: list[tuple[int, int]]
) -> None:
    """Whatever the writes and reads are cut into, the bytes are those of one plain file."""
    with SealedSpool() as spool:
        parts = [os.urandom(size) for size in sizes]
        for part in parts:
            spool.write(part)
        whole = b"".join(parts)

        assert spool.size == len(whole)
        assert spool.open().read() == whole
        reader = spool.open()
        for at, count in asks:
            reader.seek(at)
            assert reader.read(count) == whole[at : at + count]
            assert reader.tell() == at + len(whole[at : at + count])


def test_nothing_readable_is_on_the_disk(tmp_path: Path) -> None:
    """The file has no name, and its bytes hold nothing of what was written."""
    with SealedSpool(folder=tmp_path) as spool:
        spool.write(b"a secret that was said " * 40_000)
        spool.open()
        descriptor = spool._file.fileno()
        stored = os.pread(descriptor, spool.size * 2, 0)

        assert list(tmp_path.iterdir()) == []
        assert len(stored) > spool.size
        assert b"secret" not in stored


def test_a_piece_that_was_altered_does_not_open(tmp_path: Path) -> None:
    """A changed bit and two swapped pieces raise."""
    with SealedSpool(folder=tmp_path) as spool:
        spool.write(os.urandom(2 * PIECE))
        spool.open()
        descriptor = spool._file.fileno()
        size = PIECE + 61
        first = os.pread(descriptor, size, 0)
        os.pwrite(descriptor, bytes([first[100] ^ 1]), 100)
        with pytest.raises(TamperedRecord):
            spool.open().read()
        os.pwrite(descriptor, first, size)
        with pytest.raises(TamperedRecord):
            spool.piece(1)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No space is an error of its own."""
    with SealedSpool() as spool:

        class Full:
            def write(self, data: object) -> int:
                raise OSError(28, "No space left on device")

            def close(self) -> None:
                file.close()

        file = spool._file
        monkeypatch.setattr(spool, "_file", Full())

        with pytest.raises(StorageFull):
            spool.write(b"x" * module._PIECE)


def test_it_is_written_before_it_is_read() -> None:
    """What comes after the first reader is refused: it would not see it."""
    with SealedSpool() as spool:
        spool.write(b"one")
        assert spool.open().read() == b"one"
        with pytest.raises(StorageFailed):
            spool.write(b"two")
