"""Damage at rest: StorageCorrupt, and never an answer that differs from before."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import HoldfastError, RootKeyWrong, StorageCorrupt
from holdfast.storage.protocol import Kind, RowSpan, SealedRow, Write
from holdfast.storage.sqlite import SqliteKeyStorage, SqliteStorage
from holdfast.testing import memory_row, new_vault

_PAGE_KEY = bytes(range(32))
_PAGE = 4096


def _garble_header(page: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in page[:64]) + page[64:]


def _flip_one_bit(page: bytes) -> bytes:
    at = random.randrange(len(page))
    return page[:at] + bytes((page[at] ^ 1 << random.randrange(8),)) + page[at + 1 :]


async def _answer(path: Path, page_key: bytes | None, span: RowSpan) -> list[SealedRow] | str:
    try:
        storage = SqliteStorage.open(path, page_key=page_key)
    except HoldfastError as exc:
        return exc.code
    try:
        return await storage.rows(span)
    except HoldfastError as exc:
        return exc.code
    finally:
        await storage.close()


@pytest.mark.parametrize(
    ("page_key", "damage"),
    [(None, _garble_header), (_PAGE_KEY, _garble_header), (_PAGE_KEY, _flip_one_bit)],
)
async def test_promise_08_bound_a_damaged_page_is_never_other_rows(
    tmp_path: Path, page_key: bytes | None, damage: Callable[[bytes], bytes]
) -> None:
    """Every page but the first is damaged in turn: StorageCorrupt, or the answer as before.

    A single bit is noticed where pages are encrypted; elsewhere the seal of each record does that.
    """
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=page_key)
    vault_id = await new_vault(storage)
    for _ in range(60):
        await storage.commit(Write(vault_id=vault_id, put=(memory_row(sealed=bytes(900)),)))
    span = RowSpan(vault_id=vault_id, kind=Kind.MEMORY)
    whole = await storage.rows(span)
    await storage.close()
    sound = path.read_bytes()

    answers = []
    for at in range(_PAGE, len(sound), _PAGE):
        path.write_bytes(sound[:at] + damage(sound[at : at + _PAGE]) + sound[at + _PAGE :])
        answers.append(await _answer(path, page_key, span))

    assert StorageCorrupt.code in answers
    assert [one for one in answers if one not in (whole, StorageCorrupt.code)] == []


async def test_a_wrong_page_key_is_told_from_damage(tmp_path: Path) -> None:
    """RootKeyWrong when page 1 does not open: with another key, with none, with one too short."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=_PAGE_KEY)
    await storage.close()

    for wrong in (bytes(32), None, b"short"):
        with pytest.raises(RootKeyWrong):
            SqliteStorage.open(path, page_key=wrong)


async def test_a_page_key_does_not_open_an_unencrypted_file(tmp_path: Path) -> None:
    """A file swapped for a plain one is refused, not taken."""
    path = tmp_path / "data.db"
    storage = SqliteStorage.open(path, page_key=None)
    await storage.close()

    with pytest.raises(RootKeyWrong):
        SqliteStorage.open(path, page_key=_PAGE_KEY)


async def test_a_key_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    """StorageCorrupt: the key file is never encrypted, so no key could be wrong."""
    path = tmp_path / "keys.db"
    keys = SqliteKeyStorage.open(path)
    await keys.close()
    path.write_bytes(b"SQLite format 3\0" + bytes(8176))

    with pytest.raises(StorageCorrupt):
        SqliteKeyStorage.open(path)
