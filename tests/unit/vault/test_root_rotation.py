"""The root key is replaced: content is untouched, and a crash anywhere leaves one key in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import Conflict, RootKeyWrong
from holdfast.storage.memory import MemoryKeyStorage
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import KeyFile, LocalRootKey, Passphrase, RootKeySource, read_key_file
from unit.vault.world import Countdown, Deadly, Killed, World

VAULTS = [bytes([n]) * 16 for n in range(1, 4)]


async def _open(keys: Any, source: RootKeySource) -> Keyring:
    return await Keyring.open(keys, source, data_exists=False, clock=World().clock)


async def _commitments(keyring: Keyring) -> list[bytes]:
    return [(await keyring.vault_keys(v, fresh=True)).wrap.current.commitment for v in VAULTS]


@pytest.fixture
def keys() -> MemoryKeyStorage:
    """An empty key storage."""
    return MemoryKeyStorage()


@pytest.fixture
def source(tmp_path: Path) -> KeyFile:
    """A key file that is not there yet."""
    return KeyFile(tmp_path / "root.key")


async def _store(keys: Any, source: RootKeySource) -> Keyring:
    keyring = await _open(keys, source)
    for vault_id in VAULTS:
        await keyring.create_vault(vault_id)
    return keyring


async def _rotate(keys: Any, source: KeyFile) -> None:
    keyring = await _open(keys, source)
    await keyring.rotate_root(source.begin_rotation())
    source.finish_rotation()


async def test_rotating_the_root_wraps_every_vault_key_anew(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """The vaults' keys and the store's secret stay; the old root opens nothing any more."""
    keyring = await _store(keys, source)
    old = LocalRootKey(read_key_file(source.path))
    before, pages = await _commitments(keyring), keyring.page_key

    count = await keyring.rotate_root(source.begin_rotation())
    source.finish_rotation()

    again = await _open(keys, KeyFile(source.path))
    assert count == len(VAULTS)
    assert await _commitments(again) == await _commitments(keyring) == before
    assert again.page_key == pages
    assert again.owner_tag(b"", "user", "ada") == keyring.owner_tag(b"", "user", "ada")
    assert not source.next_path.exists()
    for key in await keys.all_vault_keys():
        with pytest.raises(RootKeyWrong):
            old.unwrap(key.wrapped, key.vault_id + bytes(16) + (1).to_bytes(8, "big"))


async def test_the_old_root_no_longer_opens_the_store(
    keys: MemoryKeyStorage, source: KeyFile, tmp_path: Path
) -> None:
    """A copy of the key file from before the rotation is refused."""
    await _store(keys, source)
    copy = tmp_path / "copy.key"
    copy.touch(0o600)
    copy.write_bytes(source.path.read_bytes())
    await _rotate(keys, source)

    with pytest.raises(RootKeyWrong):
        await _open(keys, KeyFile(copy))


async def test_a_process_with_the_old_root_can_wrap_nothing_more(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """A vault made under the root that was rotated away would be lost with it."""
    stale = await _store(keys, source)
    await _rotate(keys, source)

    with pytest.raises(Conflict):
        await stale.create_vault(bytes([9]) * 16)


async def test_a_vault_made_during_the_rotation_is_not_left_behind(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """Another process makes one between the reading of all keys and the writing of all keys."""
    keyring = await _store(keys, source)
    other = await _open(keys, source)
    late = bytes([9]) * 16
    inner = keys.all_vault_keys
    calls = 0

    async def interrupted() -> Any:
        nonlocal calls
        found = await inner()
        calls += 1
        if calls == 1:
            await other.create_vault(late)
        return found

    keys.all_vault_keys = interrupted  # type: ignore[method-assign]
    await keyring.rotate_root(source.begin_rotation())
    source.finish_rotation()

    again = await _open(keys, KeyFile(source.path))
    assert (await again.vault_keys(late)).epoch == 1
    assert {k.wrapped_by for k in await keys.all_vault_keys()} == {again.root_fingerprint}


async def test_a_rotation_may_die_between_any_two_steps(
    source: KeyFile,
) -> None:
    """Before and after each call to the key storage, and between the steps on the key file: the
    next start opens everything, and a further rotation works."""
    step, died = 0, True
    while died:
        for path in (source.path, source.next_path):
            path.unlink(missing_ok=True)
        keys = MemoryKeyStorage()
        before = await _commitments(await _store(keys, source))
        died = await _dies(lambda keys=keys, n=step: _rotate(Deadly(keys, Countdown(n)), source))
        again = await _open(keys, KeyFile(source.path))
        assert await _commitments(again) == before
        await _rotate(keys, KeyFile(source.path))
        assert await _commitments(await _open(keys, KeyFile(source.path))) == before
        assert not source.next_path.exists()
        step += 1
    assert step > 8


async def _dies(work: Callable[[], Awaitable[None]]) -> bool:
    try:
        await work()
    except Killed:
        return True
    return False


async def test_a_crash_after_the_next_key_was_written_changes_nothing(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """Both files are there, the old key is in force; the next rotation takes the next key."""
    before = await _commitments(await _store(keys, source))
    following = source.begin_rotation()

    again = await _open(keys, KeyFile(source.path))

    assert await _commitments(again) == before
    assert source.next_path.exists()
    assert source.begin_rotation().fingerprint == following.fingerprint


async def test_a_crash_before_the_rename_is_finished_at_the_next_start(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """The next key is in force already: the start puts it in its place."""
    keyring = await _store(keys, source)
    before = await _commitments(keyring)
    following = source.begin_rotation()
    await keyring.rotate_root(following)

    again = await _open(keys, KeyFile(source.path))

    assert await _commitments(again) == before
    assert LocalRootKey(read_key_file(source.path)).fingerprint == following.fingerprint
    assert not source.next_path.exists()


async def test_a_next_key_that_may_be_in_force_is_never_replaced(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """A second rotation begins between the first one's last two steps: nothing is lost."""
    keyring = await _store(keys, source)
    second = await _open(keys, KeyFile(source.path))
    before = await _commitments(keyring)
    await keyring.rotate_root(source.begin_rotation())

    following = KeyFile(source.path).begin_rotation()
    with pytest.raises(Conflict):
        await second.rotate_root(following)
    source.finish_rotation()

    assert await _commitments(await _open(keys, KeyFile(source.path))) == before


async def test_a_failed_rotation_leaves_the_keyring_with_the_root_in_force(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """After a conflict the same process goes on under the root it had."""
    keyring = await _store(keys, source)
    fingerprint = keyring.root_fingerprint
    inner = keys.commit

    async def refuse(write: Any) -> None:
        raise Conflict

    keys.commit = refuse  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        await keyring.rotate_root(source.begin_rotation())
    keys.commit = inner  # type: ignore[method-assign]

    assert keyring.root_fingerprint == fingerprint
    await keyring.create_vault(bytes([9]) * 16)


async def test_a_key_file_can_be_replaced_by_a_passphrase_and_back(
    keys: MemoryKeyStorage, source: KeyFile
) -> None:
    """A root may move to another kind of source; the salt goes in with the same write."""
    keyring = await _store(keys, source)
    before = await _commitments(keyring)
    words = Passphrase("correct horse", memory_kib=64, passes=1, lanes=1)

    await keyring.rotate_root(*words.load(None, expected=None))

    under_words = await _open(keys, Passphrase("correct horse"))
    assert await _commitments(under_words) == before
    with pytest.raises(RootKeyWrong):
        await _open(keys, KeyFile(source.path))
    with pytest.raises(RootKeyWrong):
        await _open(keys, Passphrase("wrong horse"))

    await under_words.rotate_root(source.begin_rotation())
    source.finish_rotation()
    assert await _commitments(await _open(keys, KeyFile(source.path))) == before
    with pytest.raises(RootKeyWrong):
        await _open(keys, Passphrase("correct horse"))
