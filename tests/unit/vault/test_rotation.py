"""A vault's key is replaced: killed anywhere, beside readers and writers, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.clock import id_bytes
from holdfast.errors import BrokenChain, Conflict, TamperedRecord, VaultErased, VaultLocked
from holdfast.model import SessionId
from holdfast.storage.protocol import NO_SCOPE, KeyWrite, Kind, RowSpan, SealedRow, Write
from holdfast.vault.codec import MemoryBody
from holdfast.vault.reader import Reader
from holdfast.vault.rotation import RotationReport, rotate_vault_key
from holdfast.vault.vault import Vault
from unit.vault.world import Countdown, Deadly, Killed, World


async def _assert_rotated(world: World, before: dict[str, Any], *, epoch: int = 2) -> None:
    fresh = await world.open()
    assert await world.everything(fresh) == before
    assert await world.chains_hold(fresh)
    assert (await world.storage.vault(world.vault_id)).epoch == epoch
    versions = await world.versions()
    assert versions.pop(NO_SCOPE) == [epoch]
    assert all(len(kept) == 1 for kept in versions.values())
    assert await world.commitments() <= await world.wrapped() | {await world.record_key()}


async def test_rotation_changes_every_key_and_no_content(world: World, vault: Vault) -> None:
    """All reads as before; no row names a key from before; no key from before is kept."""
    await world.fill(vault)
    before = await world.everything(vault)
    old_rows, old_keys = await world.commitments(), await world.wrapped()

    report = await rotate_vault_key(vault)

    await _assert_rotated(world, before)
    assert not await world.commitments() & old_rows
    assert not await world.wrapped() & old_keys
    assert report == RotationReport(
        epoch=2, sessions=3, records=len(await world.rows()), destroyed=report.destroyed
    )
    assert sorted(report.destroyed) == sorted(key[:8].hex() for key in old_keys)


async def test_each_call_makes_a_new_key(world: World, vault: Vault) -> None:
    """A finished rotation leaves nothing over, so that the next call is a rotation of its own."""
    await world.fill(vault)
    before = await world.everything(vault)

    epochs = [(await rotate_vault_key(vault)).epoch for _ in range(3)]

    assert epochs == [2, 3, 4]
    await _assert_rotated(world, before, epoch=4)


async def test_an_empty_vault_can_be_rotated(world: World, vault: Vault) -> None:
    """A vault with nothing in it gets its new key all the same."""
    report = await rotate_vault_key(vault)

    assert (report.epoch, report.sessions, report.records) == (2, 0, 0)
    await _assert_rotated(world, {"memories": []})


async def test_rotation_is_entered_in_the_audit_chain(world: World, vault: Vault) -> None:
    """The entry names the vault and the key's version."""
    await rotate_vault_key(vault)

    entries = await vault.keyring.check_audit()

    assert [b'"action":"keys.rotate_vault"' in entry.body for entry in entries] == [True]


async def test_progress_counts_up_to_the_end(world: World, vault: Vault) -> None:
    """One step per session and one for the vault's records; the last call says all is done."""
    await world.fill(vault)
    seen: list[tuple[int, int]] = []

    await rotate_vault_key(vault, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def _killed_at(world: World, step: int) -> bool:
    """Rotate in a process that dies at a step; False when it got through."""
    countdown = Countdown(step)
    try:
        vault = await world.open(
            Deadly(world.storage, countdown), Deadly(world.key_storage, countdown)
        )
        await rotate_vault_key(vault)
    except Killed:
        return True
    return False


async def _filled() -> tuple[World, dict[str, Any]]:
    world = World()
    vault = await world.create()
    await world.fill(vault)
    return world, await world.everything(vault)


async def test_rotation_may_die_at_every_call_and_is_continued() -> None:
    """Before and after each storage call: all is readable, can be written, and a second call ends
    what the first began, without making yet another key."""
    step, died = 0, True
    while died:
        world, before = await _filled()
        died = await _killed_at(world, step)
        survivor = await world.open()
        assert await world.everything(survivor) == before
        assert await world.chains_hold(survivor)
        if died:
            begun = await _begun(world)
            report = await rotate_vault_key(await world.open())
            await _assert_rotated(world, before, epoch=2 if begun is None else begun)
            assert report.epoch == (begun or 2)
        step += 1
    assert step > 100


async def _begun(world: World) -> int | None:
    """The version that a rotation is at or has ended at, None when it has not begun."""
    newest = max((await world.versions())[NO_SCOPE])
    if newest == 2 and (await world.versions())[NO_SCOPE] == [2]:
        return 3  # It had ended: the next call is another rotation.
    return None if newest == 1 else newest


async def test_writers_go_on_wherever_a_rotation_died() -> None:
    """A rotation that nobody continues keeps nobody from writing, and hides nothing later."""
    step, died = 0, True
    while died:
        world, before = await _filled()
        sessions = [SessionId(s) for s in before if s != "memories"]
        early = await world.open()
        logs = [world.log(early, session) for session in sessions]
        for log in logs:
            await world.say(log, "before")
        died = await _killed_at(world, step)
        late = await world.open()
        for log in [*logs, *(world.log(late, session) for session in sessions)]:
            await world.say(log, "after")
        await world.remember(early, "after")
        await world.remember(late, "after")
        await world.start(early)
        await world.start(late)
        assert await world.chains_hold(late)
        before = await world.everything(late)
        await rotate_vault_key(await world.open())
        fresh = await world.open()
        assert await world.everything(fresh) == before
        assert await world.chains_hold(fresh)
        assert await world.commitments() <= await world.wrapped() | {await world.record_key()}
        step += 3


_SESSIONS = 6
_PAUSE = 100
"""Turns of the loop between two rounds of a writer, about ten storage calls' worth."""


class _Yielding:
    """A storage whose calls take a few turns of the loop, so that tasks meet everywhere."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def slowly(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            answer = await call(*args, **kwargs)
            await asyncio.sleep(0)
            return answer

        return slowly


async def _read_until(world: World, vault: Vault, done: asyncio.Event) -> int:
    """Read everything over and over; each read must find all that was there at the start."""
    reader, times = Reader(vault), 0
    expected = {s.id: s.title for s in await world.sessions(vault)}
    while not done.is_set() or times < 2:
        found = {s.id: s.title for s in await world.sessions(vault)}
        assert expected.items() <= found.items()
        for session_id in expected:
            messages = await reader.messages(session_id, forgotten=True)
            assert [m.seq for m in messages] == list(range(len(messages)))
            turns = await reader.turns(session_id)
            assert [turn.index for turn in turns] == list(range(len(turns)))
            for message in messages:
                if message.file is not None:
                    await reader.file_content(message)
            await reader.messages_by_id([m.id for m in messages])
        rows = await vault.storage.rows(RowSpan(vault_id=vault.raw, kind=Kind.MEMORY))
        assert all(body.text for body in await vault.open_records(rows, MemoryBody))
        times += 1
    return times


async def _write_until(world: World, vault: Vault, done: asyncio.Event) -> int:
    """Write turns, streams, memories and sessions until the rotations are through."""
    count = 0
    logs = [world.log(vault, s.id) for s in await world.sessions(vault)]
    while not done.is_set():
        for log in logs:
            await world.say(log, f"message {count}", "answer")
            count += 2
        await world.remember(vault, "something")
        if len(logs) < _SESSIONS:
            logs.append(world.log(vault, await world.start(vault, "new")))
        for _ in range(_PAUSE):
            await asyncio.sleep(0)
    return count


@pytest.mark.parametrize("processes", [1, 2, 3])
async def test_readers_and_writers_go_on_during_rotations(processes: int) -> None:
    """Readers never fail and writers lose nothing while the key is replaced again and again, in
    the same process or others."""
    world, _ = await _filled()
    world.storage, world.key_storage = _Yielding(world.storage), _Yielding(world.key_storage)
    vaults = [await world.open() for _ in range(processes)]
    count = len(await _texts(world, vaults[0]))
    done = asyncio.Event()

    async def rotate() -> None:
        for _ in range(3):
            await rotate_vault_key(vaults[0])
        done.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(rotate())
        readers = [group.create_task(_read_until(world, v, done)) for v in vaults]
        writers = [group.create_task(_write_until(world, v, done)) for v in vaults]

    fresh = await world.open()
    assert all(reader.result() >= 2 for reader in readers)
    written = sum(writer.result() for writer in writers)
    assert len(await _texts(world, fresh)) == count + written
    assert await world.chains_hold(fresh)
    assert await world.commitments() <= await world.wrapped() | {await world.record_key()}
    assert (await world.versions())[NO_SCOPE] == [4]


async def _texts(world: World, vault: Vault) -> list[str]:
    reader = Reader(vault)
    return [
        message.text
        for session in await world.sessions(vault)
        for message in await reader.messages(session.id, limit=100_000)
    ]


async def test_rotations_at_the_same_time_help_each_other() -> None:
    """Two processes that rotate at once end with one key each for vault and sessions."""
    world, before = await _filled()
    world.storage, world.key_storage = _Yielding(world.storage), _Yielding(world.key_storage)
    vaults = [await world.open() for _ in range(3)]

    reports = await asyncio.gather(*(rotate_vault_key(vault) for vault in vaults))

    epoch = max(report.epoch for report in reports)
    await _assert_rotated(world, before, epoch=epoch)


async def test_a_writer_with_old_keys_in_its_cache_is_fenced(world: World, vault: Vault) -> None:
    """Whatever it sealed under the old keys is refused and sealed anew; nothing old comes in."""
    await world.fill(vault)
    stale = await world.open()
    sessions = await world.sessions(stale)
    logs = [world.log(stale, session.id) for session in sessions]
    for log in logs:
        await world.say(log, "known")
    early = await stale.seal_record(
        Kind.MEMORY, id_bytes(world.ids()), MemoryBody("fact", "early", world.now), at_ms=0
    )
    await rotate_vault_key(vault)
    old = await stale.keys()

    await stale.commit(put=(early,))
    for log in logs:
        await world.say(log, "new")
    await world.start(stale)

    assert (await stale.keys()).epoch == old.epoch + 1
    fresh = await world.open()
    assert await world.chains_hold(fresh)
    assert len(await _texts(world, fresh)) == 5 + 2 * len(logs)
    assert await world.commitments() <= await world.wrapped() | {await world.record_key()}


async def test_the_storage_refuses_the_old_version_of_the_key(world: World, vault: Vault) -> None:
    """The fence is in the storage's own transaction, not in anybody's cache."""
    await rotate_vault_key(vault)

    with pytest.raises(Conflict):
        await world.storage.commit(Write(vault_id=vault.raw, epoch=1))


async def test_a_session_begun_under_the_old_key_is_not_lost(world: World, vault: Vault) -> None:
    """A process that did not hear of the rotation begins a session: its key is wrapped anew."""
    stale = await world.open()
    await stale.keys()
    await rotate_vault_key(vault)

    session = await world.start(stale, "late")

    await rotate_vault_key(vault)
    fresh = await world.open()
    assert [(s.id, s.title) for s in await world.sessions(fresh)] == [(session, "late")]


async def test_a_key_that_was_never_used_is_cleared_away(world: World, vault: Vault) -> None:
    """A session that was never begun leaves a wrapped key; rotation destroys it."""
    session = id_bytes(world.ids())
    await vault.keyring.create_session_key(vault.raw, session)

    await rotate_vault_key(vault)

    assert session not in await world.versions()


async def test_rotation_refuses_to_hide_a_missing_message(world: World, vault: Vault) -> None:
    """A message was removed from the storage: a new chain over the rest would look whole."""
    session = await world.start(vault)
    said = await world.say(world.log(vault, session), "one", "two", "three")
    world.storage._vaults[vault.raw]._remove(id_bytes(said[1].id))

    with pytest.raises(BrokenChain):
        await rotate_vault_key(vault)

    assert (await world.versions())[NO_SCOPE] == [1, 2]


async def test_rotation_refuses_to_hide_a_rolled_back_end(world: World, vault: Vault) -> None:
    """The last message was removed and the head's counters with it: the chain tells."""
    session = await world.start(vault)
    log = world.log(vault, session)
    said = await world.say(log, "one", "two")
    held = world.storage._vaults[vault.raw]
    held._remove(id_bytes(said[1].id))
    head = held.heads[id_bytes(session)]
    held.heads[id_bytes(session)] = replace(head, next_seq=1, messages=1)

    with pytest.raises(BrokenChain):
        await rotate_vault_key(vault)


async def test_rotation_refuses_an_altered_record(world: World, vault: Vault) -> None:
    """A record that does not open stops the rotation before any key is destroyed."""
    await world.fill(vault)
    old = await world.wrapped()
    held = world.storage._vaults[vault.raw]
    victim = next(row for row in held.records.values() if row.kind is Kind.MEMORY and row.sealed)
    sealed = victim.sealed[:-1] + bytes([victim.sealed[-1] ^ 1])
    held.records[victim.id] = replace(victim, sealed=sealed)

    with pytest.raises(TamperedRecord):
        await rotate_vault_key(vault)

    vault_key = next(k for k in await world.key_storage.keys(vault.raw, NO_SCOPE))
    assert vault_key.commitment in old


async def test_a_forgotten_message_stays_forgotten(world: World, vault: Vault) -> None:
    """Its link stays in the chain, proved under the new key; its text is nowhere."""
    session = await world.start(vault)
    said = await world.say(world.log(vault, session), "one", "two")
    await world.forget(vault, said[0])
    link = (await _rows(world, session))[0].link

    await rotate_vault_key(vault)

    rows = await _rows(world, session)
    assert rows[0].link == link
    messages = await Reader(await world.open()).messages(session, forgotten=True)
    assert [(m.forgotten, m.text) for m in messages] == [(True, ""), (False, "two")]


async def _rows(world: World, session: SessionId) -> list[SealedRow]:
    span = RowSpan(vault_id=world.vault_id, kind=Kind.MESSAGE, scope=id_bytes(session))
    rows: list[SealedRow] = await world.storage.rows(span)
    return rows


class _Interleaved:
    """A storage in which something happens just before the nth commit with rows in it."""

    def __init__(self, inner: Any, event: Any) -> None:
        self._inner = inner
        self._event = event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, write: Write) -> Any:
        event, self._event = (self._event, None) if write.put else (None, self._event)
        if event is not None:
            await event()
        return await self._inner.commit(write)


async def test_what_is_forgotten_meanwhile_does_not_come_back(world: World, vault: Vault) -> None:
    """A message is forgotten between being read and being written anew: it stays forgotten."""
    session = await world.start(vault)
    said = await world.say(world.log(vault, session), "one", "two")
    other = await world.open()
    rotating = await world.open(_Interleaved(world.storage, lambda: world.forget(other, said[0])))

    await rotate_vault_key(rotating)

    fresh = await world.open()
    messages = await Reader(fresh).messages(session, forgotten=True)
    assert [(m.forgotten, m.text) for m in messages] == [(True, ""), (False, "two")]
    assert await world.chains_hold(fresh)


async def test_a_file_that_is_forgotten_meanwhile_does_not_come_back(
    world: World, vault: Vault
) -> None:
    """Its parts are removed without a trace, just before they would have been written anew."""
    session = await world.start(vault)
    message = await world.keep_file(world.log(vault, session), bytes(600_000))
    other = await world.open()
    rotating = await world.open(_Interleaved(world.storage, lambda: world.forget(other, message)))

    await rotate_vault_key(rotating)

    assert [row.kind for row in await world.rows() if row.kind is Kind.CHUNK] == []
    assert await world.chains_hold(await world.open())


class _BeforeNewKey:
    """A key storage in which something happens just before a session's next key is stored."""

    def __init__(self, inner: Any, event: Any) -> None:
        self._inner = inner
        self._event = event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, write: KeyWrite) -> None:
        if any(key.version > 1 and key.session_id != NO_SCOPE for key in write.put):
            await self._event()
        await self._inner.commit(write)


async def test_a_new_key_is_no_way_around_an_erasure(world: World, vault: Vault) -> None:
    """The session is erased just before its new key is stored: that key goes too, unused."""
    session = await world.start(vault)
    await world.say(world.log(vault, session), "one")
    other, raw = await world.keyring(), id_bytes(session)
    rotating = await world.open(
        None,
        _BeforeNewKey(world.key_storage, lambda: other.erase(vault.raw, session_id=raw, audit={})),
    )

    await rotate_vault_key(rotating)

    assert raw not in await world.versions()
    with pytest.raises(VaultErased):
        await Reader(await world.open()).messages(session)


async def test_an_erasure_during_a_rotation_wins(world: World, vault: Vault) -> None:
    """The session's keys are destroyed between being read and the write: nothing opens it."""
    session = await world.start(vault)
    await world.say(world.log(vault, session), "one")
    other = await world.keyring()
    raw = id_bytes(session)
    rotating = await world.open(
        _Interleaved(world.storage, lambda: other.erase(vault.raw, session_id=raw, audit={}))
    )

    await rotate_vault_key(rotating)

    with pytest.raises(VaultErased):
        await Reader(await world.open()).messages(session)


async def test_an_erased_vault_cannot_be_rotated(world: World, vault: Vault) -> None:
    """A key for it would be a way to write to what is gone."""
    await (await world.keyring()).erase(vault.raw, audit={})

    with pytest.raises(VaultErased):
        await rotate_vault_key(vault)

    assert await world.versions() == {}


async def test_older_keys_with_newer_data_are_refused(world: World, vault: Vault) -> None:
    """A key backup from before the rotation does not belong to the data: it says so."""
    old = await world.key_storage.keys(vault.raw)
    await rotate_vault_key(vault)
    world.key_storage._keys = {(k.vault_id, k.session_id, k.version): k for k in old}
    restored = await world.open()

    with pytest.raises(VaultLocked):
        await rotate_vault_key(restored)
    with pytest.raises(VaultLocked):
        await world.remember(restored, "x")


async def test_a_wrapped_key_moved_to_another_session_is_refused(
    world: World, vault: Vault
) -> None:
    """Wrapping binds a key to its vault, session and version."""
    one, two = await world.start(vault), await world.start(vault)
    keys = world.key_storage._keys
    first, second = (vault.raw, id_bytes(one), 1), (vault.raw, id_bytes(two), 1)
    keys[first] = replace(keys[first], wrapped=keys[second].wrapped)

    with pytest.raises(TamperedRecord):
        await (await world.open()).session_keys(id_bytes(one))
