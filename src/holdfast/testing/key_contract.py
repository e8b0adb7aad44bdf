"""What every `KeyStorage` must do, sentence by sentence of its protocol."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.errors import Conflict, StorageFailed
from holdfast.storage.protocol import (
    NO_SCOPE,
    Anchor,
    AuditEntry,
    Erasure,
    KeyStorage,
    KeyWrite,
    WrappedKey,
)
from holdfast.testing.refusals import refused_with
from holdfast.testing.rows import new_id, wrapped_key

__all__ = ["KeyStorageContract"]


def _entry(number: int) -> AuditEntry:
    return AuditEntry(number=number, at_ms=number, body=b"{}", digest=bytes([number]) * 32)


class KeyStorageContract:
    """Tests of a `KeyStorage`. A subclass gives the fixture `keys`: empty, open, closed after."""

    async def test_keys_come_by_session_and_version(self, keys: KeyStorage) -> None:
        """All keys of a vault, one session's, or with NO_SCOPE the vault's own."""
        vault_id, session_id = new_id(), new_id()
        own = [wrapped_key(vault_id, version=version) for version in (1, 2)]
        session = [wrapped_key(vault_id, session_id=session_id, version=v) for v in (1, 10)]
        other = wrapped_key()
        await keys.commit(KeyWrite(put=(*reversed(session), other, *reversed(own))))

        assert await keys.keys(vault_id) == own + session
        assert await keys.keys(vault_id, NO_SCOPE) == own
        assert await keys.keys(vault_id, session_id) == session
        assert await keys.keys(vault_id, new_id()) == []
        assert await keys.keys(new_id()) == []
        vaults = sorted((vault_id, other.vault_id))
        found = await keys.all_vault_keys()
        assert sorted({key.vault_id for key in found}) == vaults
        assert [key.session_id for key in found] == [NO_SCOPE] * 3

    async def test_a_key_is_never_overwritten(self, keys: KeyStorage) -> None:
        """Conflict: a key with that place and version exists with other bytes."""
        key = wrapped_key()
        await keys.commit(KeyWrite(put=(key,)))
        await keys.commit(KeyWrite(put=(key,)))

        with refused_with(Conflict):
            await keys.commit(KeyWrite(put=(replace(key, wrapped=b"other"),)))

        assert await keys.keys(key.vault_id) == [key]

    async def test_a_key_is_replaced_by_destroying_it_in_the_same_write(
        self, keys: KeyStorage
    ) -> None:
        """Destroy first, then put: how a new root key re-wraps, in one step."""
        key = wrapped_key()
        await keys.commit(KeyWrite(put=(key,)))
        new = replace(key, wrapped=b"under the new root")

        await keys.commit(KeyWrite(destroy=((key.vault_id, NO_SCOPE, 1),), put=(new,)))

        assert await keys.keys(key.vault_id) == [new]

    async def test_promise_11_gone_destroying_takes_what_was_named(self, keys: KeyStorage) -> None:
        """One version, all of a session, or with NO_SCOPE and None the whole vault's keys."""
        vault_id, one, two = new_id(), new_id(), new_id()
        kept = wrapped_key()
        places = [(NO_SCOPE, 1), (NO_SCOPE, 2), (one, 1), (one, 2), (two, 1), (two, 2)]
        every = [wrapped_key(vault_id, session_id=scope, version=v) for scope, v in places]
        await keys.commit(KeyWrite(put=(*every, kept)))

        async def left() -> list[tuple[bytes, int]]:
            return [(key.session_id, key.version) for key in await keys.keys(vault_id)]

        await keys.commit(KeyWrite(destroy=((vault_id, one, 1), (vault_id, NO_SCOPE, 1))))
        assert await left() == [(NO_SCOPE, 2), (one, 2), (two, 1), (two, 2)]
        await keys.commit(KeyWrite(destroy=((vault_id, two, None),)))
        assert await left() == [(NO_SCOPE, 2), (one, 2)]
        await keys.commit(KeyWrite(destroy=((vault_id, NO_SCOPE, None),)))
        assert await left() == []
        await keys.commit(KeyWrite(destroy=((vault_id, NO_SCOPE, None),)))
        assert await keys.keys(kept.vault_id) == [kept]

    async def test_erasures_stay_oldest_first(self, keys: KeyStorage) -> None:
        """All erasures, oldest first; the first word on a vault or session stands."""
        vault_id, session_id = new_id(), new_id()
        late = Erasure(vault_id=vault_id, session_id=NO_SCOPE, at_ms=20)
        early = Erasure(vault_id=vault_id, session_id=session_id, at_ms=10)

        await keys.commit(KeyWrite(erasures=(late, early)))
        await keys.commit(KeyWrite(erasures=(replace(early, at_ms=30),)))

        assert await keys.erasures() == [early, late]

    async def test_the_audit_chain_has_no_gap(self, keys: KeyStorage) -> None:
        """Conflict: the audit chain has grown meanwhile, or a number is left out."""
        await keys.commit(KeyWrite(audit=(_entry(0), _entry(1))))

        for wrong in (_entry(1), _entry(3)):
            with refused_with(Conflict):
                await keys.commit(KeyWrite(audit=(wrong,)))
        with refused_with(Conflict):
            await keys.commit(KeyWrite(audit=(_entry(2), _entry(4))))
        await keys.commit(KeyWrite(audit=(_entry(2),)))

        assert await keys.audit() == [_entry(0), _entry(1), _entry(2)]
        assert await keys.audit(after=0) == [_entry(1), _entry(2)]
        assert await keys.audit(after=2) == []

    async def test_secrets_replace_those_of_the_same_name(self, keys: KeyStorage) -> None:
        """The store's own secrets, by name."""
        assert await keys.secrets() == {}
        await keys.commit(KeyWrite(secrets=(("root", b"1"), ("page", b"2"))))

        await keys.commit(KeyWrite(secrets=(("page", b"3"),)))

        assert await keys.secrets() == {"root": b"1", "page": b"3"}

    async def test_nothing_is_wrapped_by_a_root_that_was_rotated_away(
        self, keys: KeyStorage
    ) -> None:
        """Conflict: the secret named "root" is not `under_root`; b"" means there must be none."""
        key = wrapped_key()
        await keys.commit(KeyWrite(secrets=(("root", b"first"),), under_root=b""))

        for wrong in (b"", b"second"):
            with refused_with(Conflict):
                await keys.commit(KeyWrite(put=(key,), under_root=wrong))
        assert await keys.keys(key.vault_id) == []
        await keys.commit(KeyWrite(put=(key,), secrets=(("root", b"second"),), under_root=b"first"))

        assert await keys.keys(key.vault_id) == [key]

    async def test_an_anchor_replaces_the_one_before(self, keys: KeyStorage) -> None:
        """Anchors replace those of the same sessions and come by session."""
        vault_id, first, second = new_id(), new_id(), new_id()
        await keys.commit(KeyWrite(anchors=(_anchor(vault_id, second), _anchor(vault_id, first))))
        await keys.commit(KeyWrite(anchors=(_anchor(vault_id, first, next_seq=9),)))

        found = await keys.anchors(vault_id)

        assert found == sorted(
            (_anchor(vault_id, first, next_seq=9), _anchor(vault_id, second)),
            key=lambda anchor: anchor.session_id,
        )
        assert await keys.anchors(new_id()) == []

    async def test_an_anchor_goes_with_the_keys(self, keys: KeyStorage) -> None:
        """They go when a session's or a vault's keys all go, and stay when one version goes."""
        vault_id, session_id, other = new_id(), new_id(), new_id()
        await keys.commit(
            KeyWrite(anchors=(_anchor(vault_id, session_id), _anchor(vault_id, other)))
        )

        await keys.commit(KeyWrite(destroy=((vault_id, session_id, 1),)))
        assert len(await keys.anchors(vault_id)) == 2
        await keys.commit(KeyWrite(destroy=((vault_id, session_id, None),)))
        assert await keys.anchors(vault_id) == [_anchor(vault_id, other)]
        await keys.commit(KeyWrite(destroy=((vault_id, NO_SCOPE, None),)))

        assert await keys.anchors(vault_id) == []

    async def test_anchors_of_a_vault_can_be_replaced_as_a_whole(self, keys: KeyStorage) -> None:
        """`unanchor` removes all of a vault's before the new ones come, and no other vault's."""
        vault_id, other, session_id = new_id(), new_id(), new_id()
        old = (_anchor(vault_id, new_id()), _anchor(other, new_id()))
        await keys.commit(KeyWrite(anchors=old))

        new = _anchor(vault_id, session_id)
        await keys.commit(KeyWrite(unanchor=(vault_id,), anchors=(new,)))

        assert await keys.anchors(vault_id) == [new]
        assert await keys.anchors(other) == [old[1]]

    async def test_a_key_write_is_all_or_nothing(self, keys: KeyStorage) -> None:
        """A write that is refused destroys nothing and keeps nothing."""
        old, taken = wrapped_key(), wrapped_key()
        await keys.commit(KeyWrite(put=(old, taken)))

        with refused_with(Conflict):
            await keys.commit(_doomed(old, taken))

        assert await keys.keys(old.vault_id) == [old]
        assert await keys.erasures() == []
        assert await keys.audit() == []
        assert await keys.secrets() == {}

    async def test_nothing_is_taken_in_after_the_end(self, keys: KeyStorage) -> None:
        """`close` may be called twice; what comes after it is refused with StorageFailed."""
        await keys.close()
        await keys.close()

        with refused_with(StorageFailed):
            await keys.commit(KeyWrite(put=(wrapped_key(),)))
        with refused_with(StorageFailed):
            await keys.secrets()


def _anchor(vault_id: bytes, session_id: bytes, *, next_seq: int = 1) -> Anchor:
    return Anchor(
        vault_id=vault_id,
        session_id=session_id,
        next_seq=next_seq,
        chain=b"c" * 32,
        commitment=b"k" * 32,
        at_ms=1,
        digest=b"d" * 32,
    )


def _doomed(old: WrappedKey, taken: WrappedKey) -> KeyWrite:
    """Fails only at a key whose place is taken, after everything else could be done."""
    return KeyWrite(
        destroy=((old.vault_id, NO_SCOPE, None),),
        put=(wrapped_key(), replace(taken, wrapped=b"other")),
        erasures=(Erasure(vault_id=old.vault_id, session_id=NO_SCOPE, at_ms=1),),
        audit=(_entry(0),),
        secrets=(("root", b"1"),),
    )
