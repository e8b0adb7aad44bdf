"""A large sealed file opens as it was written, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import TamperedRecord
from holdfast.vault.envelope import OVERHEAD, SealKey, new_secret
from holdfast.vault.sealed_file import read_sealed_file, write_sealed_file

PIECE = 4 << 20
PLACE = b"a place"


def written(path: Path, size: int) -> tuple[bytes, SealKey]:
    """A file of so many random bytes, and its key."""
    plain, key = os.urandom(size), SealKey(new_secret())
    write_sealed_file(path, (plain[:7], plain[7:]), key, PLACE)
    return plain, key


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_a_file_of_any_size_comes_back(size: int, tmp_path: Path) -> None:
    """Around the size of a piece too; only the owner can read the file, and nothing lies beside."""
    path = tmp_path / "a.index"

    plain, key = written(path, size)

    assert read_sealed_file(path, key, PLACE) == plain
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


STEP = PIECE + OVERHEAD


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda b: b"", id="emptied"),
        pytest.param(lambda b: b[:STEP], id="cut between pieces"),
        pytest.param(lambda b: b[:-1], id="cut"),
        pytest.param(lambda b: b + b[-STEP:], id="a piece twice"),
        pytest.param(lambda b: b[STEP : 2 * STEP] + b[:STEP] + b[2 * STEP :], id="exchanged"),
        pytest.param(lambda b: b[:-1] + bytes([b[-1] ^ 1]), id="a bit flipped"),
    ],
)
def test_a_file_that_was_touched_does_not_open(
    harm: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """Cut, extended, reordered or altered: it raises and gives no part of it back."""
    path = tmp_path / "a.index"
    _, key = written(path, 2 * PIECE + 10)
    path.write_bytes(harm(path.read_bytes()))

    with pytest.raises(TamperedRecord):
        read_sealed_file(path, key, PLACE)


def test_a_file_of_another_place_or_key_does_not_open(tmp_path: Path) -> None:
    """It opens only as what it was written as."""
    path = tmp_path / "a.index"
    _, key = written(path, 10)

    for used, place in ((key, b"another"), (SealKey(new_secret()), PLACE)):
        with pytest.raises(TamperedRecord):
            read_sealed_file(path, used, place)
