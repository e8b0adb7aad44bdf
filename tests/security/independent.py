"""The sealed format written down a second time, from docs/internals/envelope.md.

It shares no code with Holdfast: HMAC and SHA-256 from the standard library, HKDF spelled out (RFC
5869), AES-GCM through the block cipher interface. That the two agree is what the vectors prove.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand."""
    block, out, counter = b"", b"", 0
    while len(out) < length:
        counter += 1
        block = _mac(key, block + info + bytes([counter]))
        out += block
    return out[:length]


def derived(secret: bytes, purpose: str, length: int = 32, salt: bytes = b"") -> bytes:
    """A key for a purpose; secrets are uniform, so without a salt there is nothing to extract."""
    key = _mac(salt, secret) if salt else secret
    return expand(key, ("holdfast/" + purpose).encode(), length)


def key_parts(secret: bytes) -> tuple[bytes, bytes, bytes]:
    """Encryption key, commitment, chain key."""
    out = derived(secret, "record/1", 96)
    return out[0:32], out[32:64], out[64:96]


def opened(sealed: bytes, secret: bytes, associated: bytes) -> bytes:
    """version 1 | commitment 32 | nonce 12 | ciphertext | tag 16."""
    encryption_key, commitment, _ = key_parts(secret)
    assert sealed[0] == 1
    assert sealed[1:33] == commitment
    nonce, ciphertext, tag = sealed[33:45], sealed[45:-16], sealed[-16:]
    decryptor = Cipher(algorithms.AES256(encryption_key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(associated)
    return decryptor.update(ciphertext) + decryptor.finalize()


def associated_data(
    *,
    account: bytes,
    vault: bytes,
    scope: bytes,
    kind: int,
    record_id: bytes,
    field: bytes,
    ord: int,  # noqa: A002
    version: int,
) -> bytes:
    """Ten parts, each with its length in four bytes before it."""
    parts = [
        b"holdfast",
        b"\x01",
        account,
        vault,
        scope,
        kind.to_bytes(2, "big"),
        record_id,
        field,
        ord.to_bytes(8, "big", signed=True),
        version.to_bytes(8, "big", signed=True),
    ]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def root_opened(wrapped: bytes, root_secret: bytes, context: bytes) -> bytes:
    """What a root key wrapped."""
    return opened(wrapped, derived(root_secret, "root/wrap/1"), b"holdfast wrap 1" + context)


def key_context(vault: bytes, session: bytes, version: int) -> bytes:
    """Where a wrapped key is at home."""
    return vault + session + version.to_bytes(8, "big")


def chain_values(
    key: bytes, account: bytes, vault: bytes, session: bytes, links: list[tuple[int, bytes]]
) -> list[bytes]:
    """The chain before the first message and after each."""
    values = [_mac(key, b"holdfast chain 1" + account + vault + session)]
    for seq, link in links:
        values.append(_mac(key, values[-1] + seq.to_bytes(8, "big") + link))
    return values


def owner_tag(store_secret: bytes, account: bytes, kind: str, name: str) -> bytes:
    """A keyed digest of an owner's name."""
    message = len(account).to_bytes(4, "big") + account + f"owner/{kind}\0{name}".encode()
    return _mac(derived(store_secret, "store/owner-tags/1"), message)


def audit_digest(store_secret: bytes, before: bytes, number: int, at_ms: int, body: bytes) -> bytes:
    """What an audit entry's digest covers."""
    message = before + number.to_bytes(8, "big") + at_ms.to_bytes(8, "big", signed=True) + body
    return _mac(derived(store_secret, "store/audit/1"), message)
