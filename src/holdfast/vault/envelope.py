"""One sealed record: the only place where content is encrypted and decrypted.

    Bytes   0         1..33         33..45    45..n-16      n-16..n
            version   commitment    nonce     ciphertext    tag

AES-256-GCM with a random 96-bit nonce. The commitment is derived from the same secret as the
encryption key, so that no ciphertext opens under two keys; it also says which key to use while a
rotation is under way. One key seals fewer than 2**31 records (half of what NIST SP 800-38D allows
for random nonces): the vault's counter stops before.

Associated data (see `Place`): version, account, vault, scope, kind, record id, field, ord and
row version, each length-prefixed. A record copied to another user, session, kind, position or
row version does not open.
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from holdfast.errors import TamperedRecord, UnknownEnvelope

__all__ = [
    "COMMITMENT_SIZE",
    "LINK_SIZE",
    "MAX_SEALS",
    "NONCE_SIZE",
    "OVERHEAD",
    "VERSION",
    "Place",
    "SealKey",
    "commitment_of",
    "derive",
    "link_of",
    "new_secret",
    "open_sealed",
]

VERSION = 1
COMMITMENT_SIZE = 32
NONCE_SIZE = 12
LINK_SIZE = 16
OVERHEAD = 1 + COMMITMENT_SIZE + NONCE_SIZE + LINK_SIZE
"""Bytes that sealing adds to a record: 61."""
MAX_SEALS = 2**31
"""Records one key may seal. NIST SP 800-38D: at most 2**32 with random 96-bit nonces."""

_VERSION_BYTE = bytes([VERSION])
_NONCE_START = 1 + COMMITMENT_SIZE
_BODY_START = _NONCE_START + NONCE_SIZE


def new_secret() -> bytes:
    """32 random bytes from the operating system."""
    return os.urandom(32)


def derive(secret: bytes, purpose: str, *, length: int = 32, salt: bytes = b"") -> bytes:
    """A key for one purpose from a secret: HKDF-SHA-256 (RFC 5869), `info` names the purpose."""
    info = b"holdfast/" + purpose.encode()
    if salt:
        return HKDF(SHA256(), length, salt, info).derive(secret)
    return HKDFExpand(SHA256(), length, info).derive(secret)


class SealKey:
    """A 256-bit secret made ready for sealing records and for chaining them.

    `commitment` (32 bytes) identifies the key and reveals nothing of it; `chain_key` is for the
    running MAC of a session. The secret itself is not kept as a readable attribute beyond what
    wrapping needs, and the object prints without it.
    """

    __slots__ = ("_head", "_secret", "aead", "chain_key", "commitment")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a key has 32 bytes")
        expanded = derive(secret, "record/1", length=96)
        self._secret = secret
        self.aead = AESGCM(expanded[:32])
        self.commitment = expanded[32:64]
        self.chain_key = expanded[64:]
        self._head = _VERSION_BYTE + self.commitment

    def __repr__(self) -> str:
        return f"SealKey({self.commitment[:4].hex()}…)"

    @property
    def secret(self) -> bytes:
        """The secret, for wrapping it under another key and for nothing else."""
        return self._secret

    def seal(self, plaintext: bytes, associated: bytes) -> bytes:
        """Seal one record. `associated` comes from `Place`."""
        nonce = os.urandom(NONCE_SIZE)
        return self._head + nonce + self.aead.encrypt(nonce, plaintext, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """Open one record sealed under this key.

        Raises:
            UnknownEnvelope: unsealed, too short, or of another version.
            TamperedRecord: altered, moved, or sealed under another key.
        """
        if len(sealed) < OVERHEAD or sealed[0] != VERSION:
            raise UnknownEnvelope
        if not hmac.compare_digest(sealed[1:_NONCE_START], self.commitment):
            raise TamperedRecord
        try:
            return self.aead.decrypt(
                sealed[_NONCE_START:_BODY_START], sealed[_BODY_START:], associated
            )
        except InvalidTag:
            raise TamperedRecord from None


def commitment_of(sealed: bytes) -> bytes:
    """Which key a record says it is sealed under; not authenticated until it opens.

    Raises:
        UnknownEnvelope: unsealed, too short, or of another version.
    """
    if len(sealed) < OVERHEAD or sealed[0] != VERSION:
        raise UnknownEnvelope
    return sealed[1:_NONCE_START]


def open_sealed(sealed: bytes, associated: bytes, keys: Mapping[bytes, SealKey]) -> bytes:
    """Open one record under whichever of `keys` (by commitment) it names.

    Raises:
        UnknownEnvelope: unsealed, too short, or of another version.
        TamperedRecord: altered, moved, or sealed under none of the keys.
    """
    key = keys.get(commitment_of(sealed))
    if key is None:
        raise TamperedRecord
    return key.open(sealed, associated)


def link_of(sealed: bytes) -> bytes:
    """The seal's tag: what a session's chain takes in."""
    return sealed[-LINK_SIZE:]


def _prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


_TAIL = struct.Struct(">I16sI4sIqIq")


class Place:
    """Where records of one kind and scope are at home: the fixed part of their associated data.

    `account`, `vault` and `scope` are 16 bytes; `kind` is the number of the record kind. Made once
    per kind and scope, because a session's messages share all of it.
    """

    __slots__ = ("_prefix",)

    def __init__(self, account: bytes, vault: bytes, scope: bytes, kind: int) -> None:
        self._prefix = _prefixed(
            b"holdfast", _VERSION_BYTE, account, vault, scope, kind.to_bytes(2, "big")
        )

    def of(self, record_id: bytes, ord: int, version: int = 0, field: bytes = b"body") -> bytes:  # noqa: A002
        """Associated data of one record. `field` has 4 bytes: b"body" or b"gone"."""
        return self._prefix + _TAIL.pack(16, record_id, 4, field, 8, ord, 8, version)
