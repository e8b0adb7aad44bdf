"""The key hierarchy, opened: which key seals what, and how each is wrapped.

    root key ── wraps ── store secret ── HKDF ── page key, owner-tag key, audit key
             └─ wraps ── vault key ──── HKDF ── record key (memories, names), index key
                                   ├─ HKDF ── draft key (what a page of its owner keeps unsent)
                                   └─ wraps ── session key (one per session)

Wrapped keys lie in the key storage, apart from the data. A key is durable there before anything
is sealed under it, so that a crash leaves at most a key that nothing uses.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import Clock, id_text, to_ms
from holdfast.errors import (
    Conflict,
    HoldfastError,
    RootKeyWrong,
    StorageCorrupt,
    TamperedRecord,
    VaultErased,
    VaultLocked,
)
from holdfast.storage.protocol import (
    NO_SCOPE,
    Anchor,
    AuditEntry,
    Erasure,
    KeyStorage,
    KeyWrite,
    WrappedKey,
)
from holdfast.vault.envelope import SealKey, derive, new_secret
from holdfast.vault.root import RootKey, RootKeySource

__all__ = ["Destroyed", "KeySet", "Keyring", "VaultKeys"]

_MAX_CACHED_VAULTS = 1024
_MAX_CACHED_SESSIONS = 20_000
_ONE_READ = 64
"""More keys than this are read at once, and unwrapped so many at a time."""
_READS = 3
"""How often keys are read again when a rotation changed them while they were being opened."""


class KeySet(Struct, frozen=True):
    """The keys of one purpose: the newest seals, all of them open, by commitment."""

    current: SealKey
    by_commitment: dict[bytes, SealKey]
    version: int


def _key_set(keys: Iterable[tuple[int, SealKey]]) -> KeySet:
    ordered = sorted(keys, key=lambda pair: pair[0])
    version, current = ordered[-1]
    return KeySet(current, {key.commitment: key for _, key in ordered}, version)


class VaultKeys(Struct, frozen=True):
    """A vault's own keys: for wrapping session keys, for its records, for its index."""

    wrap: KeySet
    records: KeySet
    index: SealKey

    @property
    def epoch(self) -> int:
        """Version of the vault key in force."""
        return self.wrap.version


def _vault_keys(secrets: dict[int, bytes]) -> VaultKeys:
    newest = secrets[max(secrets)]
    return VaultKeys(
        _key_set((version, SealKey(secret)) for version, secret in secrets.items()),
        _key_set(
            (version, SealKey(derive(secret, "vault/records/1")))
            for version, secret in secrets.items()
        ),
        SealKey(derive(newest, "vault/index/1")),
    )


def _context(vault_id: bytes, session_id: bytes, version: int) -> bytes:
    return vault_id + session_id + version.to_bytes(8, "big")


class Destroyed(Struct, frozen=True):
    """Keys that are gone, and the audit entry that says so."""

    fingerprints: tuple[str, ...]
    """The first 16 hexadecimal digits of each key's commitment."""
    entry: AuditEntry


class Keyring:
    """An opened key storage. Make one with `Keyring.open`."""

    def __init__(
        self, storage: KeyStorage, root: RootKey, store_secret: bytes, *, clock: Clock
    ) -> None:
        self._storage = storage
        self._root = root
        self._store_secret = store_secret
        self._clock = clock
        self._vaults: OrderedDict[bytes, VaultKeys] = OrderedDict()
        self._sessions: OrderedDict[tuple[bytes, bytes], KeySet] = OrderedDict()
        self.page_key = derive(store_secret, "store/pages/1")
        self._tag_key = derive(store_secret, "store/owner-tags/1")
        self._audit_key = derive(store_secret, "store/audit/1")

    def __repr__(self) -> str:
        return f"Keyring(root={self._root!r})"

    @classmethod
    async def open(
        cls, storage: KeyStorage, source: RootKeySource, *, data_exists: bool, clock: Clock
    ) -> Keyring:
        """Find the root key and open the store's secret; make both on the very first start.

        Raises:
            RootKeyMissing, RootKeyWrong, RootKeyExposed: see each.
            VaultLocked: there is data, but the key storage beside it is empty.
        """
        secrets = await storage.secrets()
        expected = secrets.get("root")
        if expected is None and data_exists:
            raise VaultLocked
        root, saved = source.load(secrets.get("source"), expected=expected)
        if expected is not None:
            if not hmac.compare_digest(root.fingerprint, expected):
                raise RootKeyWrong
            try:
                store_secret = root.unwrap(secrets["store"], b"store")
            except KeyError:
                raise StorageCorrupt from None
            return cls(storage, root, store_secret, clock=clock)
        store_secret = new_secret()
        fresh = [("root", root.fingerprint), ("store", root.wrap(store_secret, b"store"))]
        if saved is not None:
            fresh.append(("source", saved))
        try:
            await storage.commit(KeyWrite(secrets=tuple(fresh), under_root=b""))
        except Conflict:
            # Another process made the first start in the same moment: what it made is in force.
            return await cls.open(storage, source, data_exists=data_exists, clock=clock)
        return cls(storage, root, store_secret, clock=clock)

    @property
    def root_fingerprint(self) -> bytes:
        """16 bytes that name the root key in force."""
        return self._root.fingerprint

    @property
    def storage(self) -> KeyStorage:
        """The key storage underneath, for backups."""
        return self._storage

    def owner_tag(self, account: bytes, kind: str, name: str) -> bytes:
        """A keyed digest of an owner's name, so that no e-mail lies in a plain column."""
        return self.tag(account, f"owner/{kind}", name)

    def tag(self, scope: bytes, purpose: str, name: str) -> bytes:
        """A keyed digest of a name within 16 bytes of scope (account or vault): 32 bytes."""
        # Names are checked where they are kept. Half a surrogate pair that is only asked for is an
        # unknown name, and no failure of the question.
        said = name.encode("utf-8", "surrogatepass")
        message = len(scope).to_bytes(4, "big") + scope + purpose.encode() + b"\0" + said
        return hmac.digest(self._tag_key, message, "sha256")

    # Vault keys

    async def create_vault(self, vault_id: bytes) -> VaultKeys:
        """Make a vault's first key; durable on return, so that nothing is sealed before it is."""
        secret = new_secret()
        await self._put_vault_key(vault_id, 1, secret)
        keys = _vault_keys({1: secret})
        self._remember_vault(vault_id, keys)
        return keys

    async def add_vault_key(self, vault_id: bytes) -> VaultKeys:
        """Make the next version of a vault's key; the older ones stay until they are destroyed."""
        secrets = await self._vault_secrets(vault_id)
        secret = new_secret()
        version = max(secrets) + 1
        await self._put_vault_key(vault_id, version, secret)
        keys = _vault_keys({**secrets, version: secret})
        self._remember_vault(vault_id, keys)
        return keys

    async def vault_keys(self, vault_id: bytes, *, fresh: bool = False) -> VaultKeys:
        """The keys of a vault; `fresh` reads them again.

        Raises:
            VaultErased: it was erased.
            VaultLocked: its key is not in this key storage.
            RootKeyWrong: a wrapped key was altered or belongs to another root.
        """
        if not fresh and (known := self._vaults.get(vault_id)) is not None:
            self._vaults.move_to_end(vault_id)
            return known
        keys = _vault_keys(await self._vault_secrets(vault_id))
        self._remember_vault(vault_id, keys)
        return keys

    async def draft_keys(self, vault_id: bytes) -> dict[int, bytes]:
        """By version of the vault's key 32 bytes for what its owner has typed and not sent.

        Derived for that alone: they open nothing that is kept here. One, or while the vault is
        being sealed anew that of before too.

        Raises: as `vault_keys`.
        """
        secrets = await self._vault_secrets(vault_id)
        return {version: derive(one, "vault/drafts/1") for version, one in secrets.items()}

    async def _vault_secrets(self, vault_id: bytes) -> dict[int, bytes]:
        wrapped = await self._storage.keys(vault_id, NO_SCOPE)
        if not wrapped:
            if any(
                e.vault_id == vault_id and e.session_id == NO_SCOPE
                for e in await self._storage.erasures()
            ):
                raise VaultErased
            raise VaultLocked
        return {
            key.version: self._root.unwrap(key.wrapped, _context(vault_id, NO_SCOPE, key.version))
            for key in wrapped
        }

    async def _put_vault_key(self, vault_id: bytes, version: int, secret: bytes) -> None:
        key = self._wrapped_by_root(vault_id, version, secret)
        await self._storage.commit(KeyWrite(put=(key,), under_root=self._root.fingerprint))

    def _wrapped_by_root(self, vault_id: bytes, version: int, secret: bytes) -> WrappedKey:
        return WrappedKey(
            vault_id=vault_id,
            session_id=NO_SCOPE,
            version=version,
            commitment=SealKey(secret).commitment,
            wrapped_by=self._root.fingerprint,
            wrapped=self._root.wrap(secret, _context(vault_id, NO_SCOPE, version)),
            created_ms=to_ms(self._clock()),
        )

    def _remember_vault(self, vault_id: bytes, keys: VaultKeys) -> None:
        known = self._vaults.get(vault_id)
        if known is not None and known.epoch > keys.epoch:
            return  # A slow read that began before the rotation: the cache never goes back.
        self._vaults[vault_id] = keys
        self._vaults.move_to_end(vault_id)
        if len(self._vaults) > _MAX_CACHED_VAULTS:
            self._vaults.popitem(last=False)

    # Session keys

    async def create_session_key(
        self,
        vault_id: bytes,
        session_id: bytes,
        *,
        version: int = 1,
        under: VaultKeys | None = None,
    ) -> KeySet:
        """Make a session's key (or its next version); durable on return.

        `under` are the vault's keys to wrap it under, the newest known when left out. A next
        version is not in force yet: the session's own record says which one is, see
        `Vault.session_keys`.

        Raises:
            Conflict: the session has a key of this version already.
        """
        wrap = (under or await self.vault_keys(vault_id)).wrap.current
        secret = new_secret()
        key = SealKey(secret)
        await self._storage.commit(
            KeyWrite(
                put=(
                    WrappedKey(
                        vault_id=vault_id,
                        session_id=session_id,
                        version=version,
                        commitment=key.commitment,
                        wrapped_by=wrap.commitment,
                        wrapped=wrap.seal(secret, _context(vault_id, session_id, version)),
                        created_ms=to_ms(self._clock()),
                    ),
                )
            )
        )
        keys = KeySet(key, {key.commitment: key}, version)
        if version == 1:
            self._remember_session(vault_id, session_id, keys)
        else:
            self._sessions.pop((vault_id, session_id), None)
        return keys

    async def session_keys(
        self, vault_id: bytes, session_id: bytes, *, fresh: bool = False
    ) -> KeySet:
        """The keys of a session, newest first in use.

        Raises:
            VaultErased: the session or its vault was erased.
            VaultLocked: its key is not in this key storage.
            TamperedRecord: a wrapped key was altered or moved.
        """
        place = (vault_id, session_id)
        if not fresh and (known := self._sessions.get(place)) is not None:
            self._sessions.move_to_end(place)
            return known
        for _ in range(_READS):
            wrapped = await self._storage.keys(vault_id, session_id)
            if not wrapped:
                await self.vault_keys(vault_id, fresh=True)
                if any(e.session_id == session_id for e in await self._storage.erasures()):
                    raise VaultErased
                raise VaultLocked
            keys = await self._unwrap_sessions(vault_id, wrapped)
            if session_id in keys:
                self._remember_session(vault_id, session_id, keys[session_id])
                return keys[session_id]
        raise TamperedRecord("session key")

    async def warm(self, vault_id: bytes, session_ids: Iterable[bytes]) -> None:
        """Read the keys of these sessions at once, for who is about to ask for one after the other.

        What is wrong with a key is raised when it is asked for.
        """
        cold = {raw for raw in session_ids if (vault_id, raw) not in self._sessions}
        if len(cold) > _ONE_READ:
            await self._warm_many(vault_id, cold)
        elif len(cold) > 1:
            reads = (self.session_keys(vault_id, raw) for raw in sorted(cold))
            for came in await asyncio.gather(*reads, return_exceptions=True):
                if isinstance(came, BaseException) and not isinstance(came, Exception):
                    raise came

    async def _warm_many(self, vault_id: bytes, session_ids: set[bytes]) -> None:
        """One read instead of thousands; others have their turn while they are unwrapped."""
        wrapped: dict[bytes, list[WrappedKey]] = {}
        for key in await self._storage.keys(vault_id):
            if key.session_id in session_ids:
                wrapped.setdefault(key.session_id, []).append(key)
        for number, (session_id, of_session) in enumerate(wrapped.items(), 1):
            with contextlib.suppress(HoldfastError):
                found = await self._unwrap_sessions(vault_id, of_session)
                if session_id in found and (vault_id, session_id) not in self._sessions:
                    self._remember_session(vault_id, session_id, found[session_id])
            if number % _ONE_READ == 0:
                await asyncio.sleep(0)

    async def all_session_keys(self, vault_id: bytes) -> dict[bytes, KeySet]:
        """The keys of every session of a vault in one read, for building an index or an export.

        A key that no key of the vault unwraps is left out; what is sealed under it does not open.
        """
        for _ in range(_READS):
            wrapped = [k for k in await self._storage.keys(vault_id) if k.session_id != NO_SCOPE]
            keys = await self._unwrap_sessions(vault_id, wrapped)
            if len(keys) == len({key.session_id for key in wrapped}):
                break
        return keys

    async def _unwrap_sessions(
        self, vault_id: bytes, wrapped: list[WrappedKey]
    ) -> dict[bytes, KeySet]:
        """Open what the vault's keys open.

        A key wrapped by another is left out, and is no accident worth an error here: a process that
        did not hear of a rotation may have made it for a session whose first write was then
        refused, or a rotation destroyed the vault's old key since `wrapped` was read.
        """
        wrap = (await self.vault_keys(vault_id)).wrap.by_commitment
        if any(key.wrapped_by not in wrap for key in wrapped):
            wrap = (await self.vault_keys(vault_id, fresh=True)).wrap.by_commitment
        found: dict[bytes, list[tuple[int, SealKey]]] = {}
        for key in wrapped:
            wrapping = wrap.get(key.wrapped_by)
            if wrapping is None:
                continue
            context = _context(vault_id, key.session_id, key.version)
            try:
                secret = wrapping.open(key.wrapped, context)
            except TamperedRecord:
                raise TamperedRecord("session key", id_text(key.session_id)) from None
            found.setdefault(key.session_id, []).append((key.version, SealKey(secret)))
        return {session_id: _key_set(pairs) for session_id, pairs in found.items()}

    def _remember_session(self, vault_id: bytes, session_id: bytes, keys: KeySet) -> None:
        self._sessions[vault_id, session_id] = keys
        self._sessions.move_to_end((vault_id, session_id))
        if len(self._sessions) > _MAX_CACHED_SESSIONS:
            self._sessions.popitem(last=False)

    # Destroying and rotating

    async def destroy(
        self, vault_id: bytes, *, session_id: bytes | None = None, version: int | None = None
    ) -> None:
        """Destroy the keys of a session, of a whole vault (None), or one version of either."""
        place = NO_SCOPE if session_id is None else session_id
        await self._storage.commit(KeyWrite(destroy=((vault_id, place, version),)))
        if session_id is None:
            self.forget_cached(vault_id)
        else:
            self._sessions.pop((vault_id, session_id), None)

    async def erase(
        self, vault_id: bytes, *, session_id: bytes | None = None, audit: dict[str, object]
    ) -> Destroyed:
        """Destroy the keys of a session, or of a whole vault and all of its sessions, for good.

        Keys, erasure and audit entry change in one transaction. The erasure is applied again
        whenever a backup is restored.
        """
        place = NO_SCOPE if session_id is None else session_id
        doomed = await self._storage.keys(vault_id, session_id)
        fingerprints = tuple(key.commitment[:8].hex() for key in doomed)
        while True:
            entry = await self._next_audit({**audit, "keys": list(fingerprints)})
            erasure = Erasure(vault_id=vault_id, session_id=place, at_ms=entry.at_ms)
            try:
                await self._storage.commit(
                    KeyWrite(
                        destroy=((vault_id, place, None),), erasures=(erasure,), audit=(entry,)
                    )
                )
            except Conflict:
                continue
            self.forget_cached(vault_id)
            return Destroyed(fingerprints, entry)

    async def record_audit(self, body: dict[str, object]) -> AuditEntry:
        """Enter something in the audit chain: action, ids, counts; never content."""
        while True:
            entry = await self._next_audit(body)
            try:
                await self._storage.commit(KeyWrite(audit=(entry,)))
            except Conflict:
                continue
            return entry

    async def _next_audit(self, body: dict[str, object]) -> AuditEntry:
        entries = await self._storage.audit()
        number = entries[-1].number + 1 if entries else 0
        before = entries[-1].digest if entries else bytes(32)
        raw = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        at_ms = to_ms(self._clock())
        digest = self._audit_digest(before, number, at_ms, raw)
        return AuditEntry(number=number, at_ms=at_ms, body=raw, digest=digest)

    def _audit_digest(self, before: bytes, number: int, at_ms: int, body: bytes) -> bytes:
        message = before + number.to_bytes(8, "big") + at_ms.to_bytes(8, "big", signed=True) + body
        return hmac.digest(self._audit_key, message, "sha256")

    async def anchors(self, vault_id: bytes) -> dict[bytes, Anchor]:
        """How far each session had come when it was last verified, by session id.

        Raises:
            TamperedRecord: an anchor was altered.
        """
        found = {}
        for anchor in await self._storage.anchors(vault_id):
            if not hmac.compare_digest(self._anchor_digest(anchor), anchor.digest):
                raise TamperedRecord("anchor")
            found[anchor.session_id] = anchor
        return found

    async def put_anchors(self, anchors: Iterable[Anchor]) -> None:
        """Remember how far sessions have come; digests are filled in here."""
        sealed = tuple(replace(a, digest=self._anchor_digest(a)) for a in anchors)
        if sealed:
            await self._storage.commit(KeyWrite(anchors=sealed))

    def _anchor_digest(self, anchor: Anchor) -> bytes:
        message = b"".join(
            (
                b"anchor",
                anchor.vault_id,
                anchor.session_id,
                anchor.next_seq.to_bytes(8, "big"),
                anchor.at_ms.to_bytes(8, "big", signed=True),
                anchor.commitment,
                anchor.chain,
            )
        )
        return hmac.digest(self._audit_key, message, "sha256")

    async def check_audit(self) -> list[AuditEntry]:
        """Read the audit chain and check every digest.

        Raises:
            TamperedRecord: an entry is missing, altered or out of order.
        """
        before = bytes(32)
        entries = await self._storage.audit()
        for number, entry in enumerate(entries):
            digest = self._audit_digest(before, number, entry.at_ms, entry.body)
            if entry.number != number or not hmac.compare_digest(digest, entry.digest):
                raise TamperedRecord("audit entry", str(number))
            before = digest
        return entries

    async def rotate_root(self, new_root: RootKey, saved: bytes | None = None) -> int:
        """Wrap the store secret and every vault key under another root key, in one transaction.

        No content is touched. A vault that another process made in the same moment is caught by
        the second pass: after the first, nothing can be wrapped by the old root any more.
        Returns the number of vault keys re-wrapped.

        Raises:
            Conflict: somebody else rotated the root meanwhile.
        """
        old, count = self._root, 0
        secrets = (
            ("root", new_root.fingerprint),
            ("store", new_root.wrap(self._store_secret, b"store")),
            ("source", saved or b""),
        )
        for under in (old, new_root):
            keys = await self._storage.all_vault_keys()
            left = [key for key in keys if key.wrapped_by == old.fingerprint]
            self._root = new_root
            try:
                await self._storage.commit(
                    KeyWrite(
                        destroy=tuple((k.vault_id, NO_SCOPE, k.version) for k in left),
                        put=tuple(self._rewrapped(old, key) for key in left),
                        secrets=secrets,
                        under_root=under.fingerprint,
                    )
                )
            except BaseException:
                self._root = under
                raise
            count += len(left)
        return count

    def _rewrapped(self, old: RootKey, key: WrappedKey) -> WrappedKey:
        context = _context(key.vault_id, NO_SCOPE, key.version)
        return self._wrapped_by_root(key.vault_id, key.version, old.unwrap(key.wrapped, context))

    def forget_cached(self, vault_id: bytes) -> None:
        """Drop the opened keys of a vault from memory."""
        self._vaults.pop(vault_id, None)
        for place in [p for p in self._sessions if p[0] == vault_id]:
            del self._sessions[place]

    async def close(self) -> None:
        """Drop all keys and close the key storage."""
        self._vaults.clear()
        self._sessions.clear()
        await self._storage.close()
