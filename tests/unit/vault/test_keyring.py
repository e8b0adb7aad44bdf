"""The key hierarchy: what is cached, what is erased or locked, and the audit chain."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.errors import (
    Conflict,
    KeyExhausted,
    RootKeyWrong,
    StorageCorrupt,
    TamperedRecord,
    VaultErased,
    VaultLocked,
)
from holdfast.storage.memory import MemoryKeyStorage
from holdfast.storage.protocol import NO_SCOPE, KeyWrite
from holdfast.vault.envelope import MAX_SEALS
from holdfast.vault.keyring import Keyring
from holdfast.vault.reader import Reader
from holdfast.vault.root import GivenKey, key_text
from holdfast.vault.vault import Vault
from unit.vault.world import ACCOUNT, ROOT, World


class Counting:
    """A key storage that counts the reads of keys."""

    def __init__(self, inner: MemoryKeyStorage) -> None:
        self._inner = inner
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def keys(self, *args: Any) -> Any:
        self.reads += 1
        return await self._inner.keys(*args)


async def test_keys_are_read_once_and_then_kept(world: World, vault: Vault) -> None:
    """Vault and session keys come from the cache until they are asked for fresh or forgotten."""
    session = id_bytes(await world.start(vault))
    counting = Counting(world.key_storage)
    keyring = await world.keyring(counting)
    for _ in range(3):
        await keyring.vault_keys(vault.raw)
        await keyring.session_keys(vault.raw, session)
    assert counting.reads == 2

    await keyring.session_keys(vault.raw, session, fresh=True)
    assert counting.reads == 3

    keyring.forget_cached(vault.raw)
    await keyring.session_keys(vault.raw, session)
    assert counting.reads == 5


async def test_the_caches_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used keys leave memory; they can be read again."""
    monkeypatch.setattr("holdfast.vault.keyring._MAX_CACHED_VAULTS", 2)
    monkeypatch.setattr("holdfast.vault.keyring._MAX_CACHED_SESSIONS", 2)
    keyring = await world.keyring()
    vaults = [bytes([n]) * 16 for n in range(1, 5)]
    for vault_id in vaults:
        await keyring.create_vault(vault_id)
        await keyring.create_session_key(vault_id, vault_id)

    assert list(keyring._vaults) == vaults[2:]
    assert [place[0] for place in keyring._sessions] == vaults[2:]
    assert (await keyring.session_keys(vaults[0], vaults[0])).version == 1


async def test_a_slow_read_does_not_take_the_cache_back(world: World, vault: Vault) -> None:
    """Keys read before a rotation arrive after it: the newer ones stay."""
    before = await vault.keys()
    await vault.keyring.add_vault_key(vault.raw)

    vault.keyring._remember_vault(vault.raw, before)

    assert (await vault.keys()).epoch == 2


async def test_nothing_is_sealed_before_its_key_is_durable(world: World, vault: Vault) -> None:
    """A vault whose key could not be stored does not exist; a session's neither."""
    with pytest.raises(Conflict):
        await vault.keyring.create_vault(vault.raw)
    session = id_bytes(await world.start(vault))
    with pytest.raises(Conflict):
        await vault.keyring.create_session_key(vault.raw, session)


async def test_a_first_start_in_two_processes_makes_one_store(world: World) -> None:
    """The second finds what the first made in the same moment, and shares its keys."""
    keys = MemoryKeyStorage()
    inner, others = keys.commit, []

    async def raced(write: KeyWrite) -> None:
        if not others:
            keys.commit = inner  # type: ignore[method-assign]
            others.append(await world.keyring(keys))
        await inner(write)

    keys.commit = raced  # type: ignore[method-assign]
    keyring = await world.keyring(keys)

    assert keyring.page_key == others[0].page_key


async def test_data_without_its_keys_is_locked(world: World) -> None:
    """Making a new store secret beside existing data would hide that the keys are missing."""
    with pytest.raises(VaultLocked):
        await Keyring.open(MemoryKeyStorage(), GivenKey(ROOT), data_exists=True, clock=world.clock)


async def test_a_wrong_root_key_opens_nothing(world: World, vault: Vault) -> None:
    """Another valid root key is refused at the start."""
    with pytest.raises(RootKeyWrong):
        await Keyring.open(
            world.key_storage, GivenKey(key_text(bytes(32))), data_exists=True, clock=world.clock
        )


async def test_a_store_without_its_secret_is_damaged(world: World, vault: Vault) -> None:
    """The root is known but the secret it wrapped is not there."""
    del world.key_storage._secrets["store"]

    with pytest.raises(StorageCorrupt):
        await world.keyring()


async def test_an_altered_wrapped_vault_key_is_refused(world: World, vault: Vault) -> None:
    """One bit of a wrapped key, or a key moved to another vault's place."""
    place = (vault.raw, NO_SCOPE, 1)
    key = world.key_storage._keys[place]
    altered = key.wrapped[:-1] + bytes([key.wrapped[-1] ^ 1])
    world.key_storage._keys[place] = replace(key, wrapped=altered)
    elsewhere = bytes([9]) * 16
    world.key_storage._keys[elsewhere, NO_SCOPE, 1] = replace(key, vault_id=elsewhere)
    keyring = await world.keyring()

    for vault_id in (vault.raw, elsewhere):
        with pytest.raises(RootKeyWrong):
            await keyring.vault_keys(vault_id)


async def test_an_erased_vault_is_not_a_locked_one(world: World, vault: Vault) -> None:
    """Keys that were destroyed on purpose and keys that are missing get different answers."""
    session = id_bytes(await world.start(vault))
    await vault.keyring.erase(vault.raw, audit={"action": "test"})

    for keyring in (vault.keyring, await world.keyring()):
        with pytest.raises(VaultErased):
            await keyring.vault_keys(vault.raw)
        with pytest.raises(VaultErased):
            await keyring.session_keys(vault.raw, session)
        with pytest.raises(VaultLocked):
            await keyring.vault_keys(bytes(16))


async def test_promise_11_gone_an_erased_session_takes_only_itself(
    world: World, vault: Vault
) -> None:
    """Its key is destroyed in every process that asks again; the vault's other sessions read on."""
    one, two = await world.start(vault), await world.start(vault)
    for session in (one, two):
        await world.say(world.log(vault, session), "hello")
    await (await world.keyring()).erase(vault.raw, session_id=id_bytes(one), audit={})

    fresh = await world.open()
    with pytest.raises(VaultErased):
        await Reader(fresh).messages(one)
    assert [m.text for m in await Reader(fresh).messages(two)] == ["hello"]


async def test_a_session_whose_key_is_missing_is_locked(world: World, vault: Vault) -> None:
    """Nothing says it was erased: the key backup must be restored."""
    session = await world.start(vault)
    await world.say(world.log(vault, session), "hello")
    del world.key_storage._keys[vault.raw, id_bytes(session), 1]

    with pytest.raises(VaultLocked):
        await Reader(await world.open()).messages(session)


async def test_an_erasure_names_the_keys_it_destroyed(world: World, vault: Vault) -> None:
    """The receipt has the fingerprints, and the audit entry the same."""
    await world.start(vault)
    doomed = sorted(key[:8].hex() for key in await world.wrapped())

    destroyed = await vault.keyring.erase(vault.raw, audit={"action": "vault.erase"})

    assert sorted(destroyed.fingerprints) == doomed
    assert await vault.keyring.check_audit() == [destroyed.entry]
    assert all(print_.encode() in destroyed.entry.body for print_ in doomed)


# Names


async def test_an_owners_name_is_not_in_its_tag(world: World) -> None:
    """The tag is the same for the same name in one store, and tells nothing without its key."""
    keyring = await world.keyring()
    tag = keyring.owner_tag(ACCOUNT, "user", "ada@example.org")
    other = await Keyring.open(
        MemoryKeyStorage(), GivenKey(ROOT), data_exists=False, clock=world.clock
    )

    assert tag == (await world.keyring()).owner_tag(ACCOUNT, "user", "ada@example.org")
    assert len(tag) == 32
    assert b"ada" not in tag
    assert tag != other.owner_tag(ACCOUNT, "user", "ada@example.org")


async def test_tags_of_different_things_differ(world: World) -> None:
    """Scope, purpose and name are kept apart, wherever one ends and the next begins."""
    keyring = await world.keyring()
    tags = [
        keyring.tag(b"a" * 16, "p", "x"),
        keyring.tag(b"b" * 16, "p", "x"),
        keyring.tag(b"a" * 16, "q", "x"),
        keyring.tag(b"a" * 16, "p", "y"),
        keyring.tag(b"a" * 16, "px", ""),
        keyring.tag(b"", "p", "x"),
        keyring.owner_tag(b"a" * 16, "user", "x"),
        keyring.owner_tag(b"a" * 16, "room", "x"),
    ]

    assert len(set(tags)) == len(tags)


# The audit chain


async def _audited(world: World) -> Keyring:
    keyring = await world.keyring()
    for number in range(4):
        await keyring.record_audit({"action": "test", "count": number})
    return keyring


async def test_audit_entries_form_a_chain(world: World) -> None:
    """Each has the next number and covers the one before; all of them check."""
    keyring = await _audited(world)

    entries = await keyring.check_audit()

    assert [(e.number, e.body) for e in entries] == [
        (n, b'{"action":"test","count":%d}' % n) for n in range(4)
    ]


async def test_audit_entries_of_two_processes_are_one_chain(world: World) -> None:
    """Whoever lost the race for a number takes the next one."""
    one, two = await world.keyring(), await world.keyring()
    for keyring in (one, two, one, two):
        await keyring.record_audit({"action": "test"})

    assert len(await one.check_audit()) == 4


@pytest.mark.parametrize(
    "change", [{"number": 7}, {"at_ms": 1}, {"body": b"{}"}, {"digest": bytes(32)}]
)
async def test_an_altered_audit_entry_shows(world: World, change: dict[str, Any]) -> None:
    """Each field of an entry is covered."""
    keyring = await _audited(world)
    entries = world.key_storage._audit
    entries[1] = replace(entries[1], **change)

    with pytest.raises(TamperedRecord):
        await keyring.check_audit()


@pytest.mark.parametrize("order", [[0, 2, 3], [1, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3]])
async def test_a_missing_moved_or_repeated_audit_entry_shows(
    world: World, order: list[int]
) -> None:
    """The chain has no gap, no exchange and no repeat."""
    keyring = await _audited(world)
    world.key_storage._audit[:] = [world.key_storage._audit[n] for n in order]

    with pytest.raises(TamperedRecord):
        await keyring.check_audit()


async def test_an_audit_chain_of_another_store_is_refused(world: World) -> None:
    """Its digests are keyed by the store's secret."""
    await _audited(world)
    other = World()
    other.key_storage._audit[:] = world.key_storage._audit

    with pytest.raises(TamperedRecord):
        await (await other.keyring()).check_audit()


# The bound of a key


async def test_a_used_up_key_stops_before_its_bound(world: World, vault: Vault) -> None:
    """The write that would pass it is refused; after a rotation elsewhere it goes on by itself."""
    held = world.storage._vaults[vault.raw]
    held.row = replace(held.row, seals=MAX_SEALS)
    full = await world.open()

    with pytest.raises(KeyExhausted):
        await world.remember(full, "too many")

    held.row = replace(held.row, seals=0)
    await world.remember(full, "room again")
