"""What API keys and logins have in common: secrets that are shown to come in, and kept nowhere.

Each is a sealed record with the digest of its secret, in the vault of the store's own. A shown
secret leads to its record by a keyed digest, in one look-up however many there are. The place of a
record is a keyed digest of whose it is: who looks for their own reads no others.
"""

from __future__ import annotations

import asyncio
import hashlib

from msgspec import Struct

from holdfast.storage.protocol import NO_SCOPE, ByIds, Kind, OnceTag, RowSpan, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["MAX_SECRET", "Credentials", "digest_of"]

MAX_SECRET = 200
_ALL = 1_000_000
_NOBODY = bytes(16)
_PLACELESS = 0
"""Of records that were made before places told whose they are."""


def digest_of(secret: str) -> bytes:
    """256 random bits cannot be guessed, so a fast digest is enough. Of a text that is too long to
    be a secret, the beginning is enough too."""
    return hashlib.sha256(secret[: MAX_SECRET + 1].encode("utf-8", "surrogatepass")).digest()


class Credentials:
    """Those of one kind, of every account, in the vault of the store's own.

    Args:
        purpose: what their keyed digests are made for; no two kinds have the same.
    """

    def __init__(self, vault: Vault, kind: Kind, purpose: str) -> None:
        self._vault = vault
        self._kind = kind
        self._purpose = purpose

    async def add(
        self,
        record_id: bytes,
        body: Struct,
        *,
        digest: bytes,
        account: str,
        user_id: str,
        at_ms: int,
    ) -> None:
        """Write one, durably."""
        vault = self._vault
        place = self._place(account, user_id)
        row = await vault.seal_record(self._kind, record_id, body, at_ms=at_ms, ord=place)
        await vault.commit(put=(row,), once=OnceTag(tag=self._tag(digest), id=record_id))

    async def of_digest(self, digest: bytes) -> list[SealedRow]:
        """The one of a secret's digest; [] when there is none. The storage is asked the same."""
        raw = await self._vault.storage.once(self._vault.raw, self._tag(digest))
        return await self.of_id(raw or _NOBODY)

    async def of_id(self, record_id: bytes) -> list[SealedRow]:
        """The one of an id; [] when there is none of this kind."""
        ask = ByIds(vault_id=self._vault.raw, ids=(record_id,))
        return [r for r in await self._vault.storage.rows_by_id(ask) if r.kind is self._kind]

    async def of_owner(self, account: str, user_id: str) -> list[SealedRow]:
        """Those of a user, and possibly others: what a record says of whose it is decides."""
        places = (_PLACELESS, self._place(account, user_id))
        return [r for rows in await asyncio.gather(*map(self._at, places)) for r in rows]

    async def all(self) -> list[SealedRow]:
        """Those of everybody."""
        return await self._rows(None, None)

    async def _at(self, place: int) -> list[SealedRow]:
        return await self._rows(place, place + 1)

    async def _rows(self, first: int | None, last: int | None) -> list[SealedRow]:
        span = RowSpan(
            vault_id=self._vault.raw,
            kind=self._kind,
            scope=NO_SCOPE,
            first=first,
            last=last,
            limit=_ALL,
        )
        return await self._vault.storage.rows(span)

    def _tag(self, digest: bytes) -> bytes:
        return self._vault.keyring.tag(self._vault.raw, self._purpose, digest.hex())

    def _place(self, account: str, user_id: str) -> int:
        whose = f"{len(account)}/{account}/{user_id}"
        tag = self._vault.keyring.tag(self._vault.raw, f"owner of a {self._purpose}", whose)
        return int.from_bytes(tag[:8]) % (1 << 62) + 1
