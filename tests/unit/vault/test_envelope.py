"""One sealed record: it opens where it was sealed, under its key, unaltered, and nowhere else."""

from __future__ import annotations

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.errors import TamperedRecord, UnknownEnvelope
from holdfast.vault.envelope import (
    MAX_SEALS,
    OVERHEAD,
    VERSION,
    Place,
    SealKey,
    commitment_of,
    derive,
    link_of,
    new_secret,
    open_sealed,
)

KEY = SealKey(bytes(range(32)))
OTHER = SealKey(bytes(range(1, 33)))
TEXT = b"my favourite colour is blue"
HOME: dict[str, Any] = {
    "account": bytes([1]) * 16,
    "vault": bytes([2]) * 16,
    "scope": bytes([3]) * 16,
    "kind": 3,
    "record_id": bytes([4]) * 16,
    "ord": 7,
    "version": 2,
    "field": b"body",
}


def _associated(**changed: Any) -> bytes:
    at = HOME | changed
    place = Place(at["account"], at["vault"], at["scope"], at["kind"])
    return place.of(at["record_id"], at["ord"], at["version"], at["field"])


def test_a_record_opens_where_it_was_sealed() -> None:
    """Sealing and opening in the same place gives the same bytes back, 61 bytes longer between."""
    sealed = KEY.seal(TEXT, _associated())

    assert KEY.open(sealed, _associated()) == TEXT
    assert len(sealed) == len(TEXT) + OVERHEAD
    assert sealed[0] == VERSION
    assert commitment_of(sealed) == KEY.commitment
    assert link_of(sealed) == sealed[-16:]


def test_an_empty_record_can_be_sealed() -> None:
    """Nothing at all is a record too, and still bound and authenticated."""
    sealed = KEY.seal(b"", _associated())

    assert KEY.open(sealed, _associated()) == b""


@pytest.mark.parametrize("position", range(OVERHEAD + len(TEXT)))
def test_promise_08_bound_every_flipped_bit_is_refused(position: int) -> None:
    """Each of the eight bits of each byte of an envelope, alone, keeps it from opening."""
    sealed = KEY.seal(TEXT, _associated())

    for bit in range(8):
        altered = bytearray(sealed)
        altered[position] ^= 1 << bit
        with pytest.raises(TamperedRecord):
            open_sealed(bytes(altered), _associated(), {KEY.commitment: KEY})


@pytest.mark.parametrize(
    ("part", "elsewhere"),
    [
        ("account", bytes([9]) * 16),
        ("vault", bytes([9]) * 16),
        ("scope", bytes([9]) * 16),
        ("kind", 2),
        ("record_id", bytes([9]) * 16),
        ("ord", 8),
        ("version", 3),
        ("field", b"gone"),
    ],
)
def test_promise_08_bound_a_moved_record_is_refused(part: str, elsewhere: object) -> None:
    """Another account, vault, session, kind, id, position, row version or field: it stays shut."""
    sealed = KEY.seal(TEXT, _associated())

    with pytest.raises(TamperedRecord):
        KEY.open(sealed, _associated(**{part: elsewhere}))


def test_two_parts_of_a_place_cannot_be_exchanged() -> None:
    """Parts are length-prefixed and in order: swapping account and vault is another place."""
    swapped = _associated(account=HOME["vault"], vault=HOME["account"])

    assert swapped != _associated()


def test_a_record_of_another_key_is_refused() -> None:
    """It is said to be sealed under a key that is not among those given."""
    sealed = KEY.seal(TEXT, _associated())

    with pytest.raises(TamperedRecord):
        OTHER.open(sealed, _associated())
    with pytest.raises(TamperedRecord):
        open_sealed(sealed, _associated(), {OTHER.commitment: OTHER})


def test_a_record_names_its_key_while_two_are_in_use() -> None:
    """During a rotation each record opens under the key it was sealed under."""
    keys = {KEY.commitment: KEY, OTHER.commitment: OTHER}

    opened = [open_sealed(k.seal(TEXT, _associated()), _associated(), keys) for k in (KEY, OTHER)]

    assert opened == [TEXT, TEXT]


def test_a_ciphertext_made_for_two_keys_opens_under_one_at_most() -> None:
    """AES-GCM alone lets one ciphertext open under two keys; the commitment is of one key only."""
    sealed = KEY.seal(TEXT, _associated())
    relabelled = sealed[:1] + OTHER.commitment + sealed[33:]

    for key in (KEY, OTHER):
        with pytest.raises(TamperedRecord):
            key.open(relabelled, _associated())


def test_the_commitment_is_checked_even_when_the_cipher_would_open() -> None:
    """A ciphertext that is valid under a key but carries another's commitment does not open."""
    nonce = os.urandom(12)
    encryption_key = derive(bytes(range(32)), "record/1", length=96)[:32]
    body = AESGCM(encryption_key).encrypt(nonce, TEXT, _associated())

    with pytest.raises(TamperedRecord):
        KEY.open(bytes([VERSION]) + OTHER.commitment + nonce + body, _associated())


@pytest.mark.parametrize("version", [0, 2, 3, 127, 255])
def test_an_unknown_version_is_refused(version: int) -> None:
    """A version this release does not know is never guessed at."""
    sealed = bytes([version]) + KEY.seal(TEXT, _associated())[1:]

    with pytest.raises(UnknownEnvelope):
        KEY.open(sealed, _associated())
    with pytest.raises(UnknownEnvelope):
        commitment_of(sealed)


@pytest.mark.parametrize(
    "unsealed", [b"", b"\x01", TEXT, b'{"text": "blue"}', TEXT * 100, bytes(OVERHEAD - 1)]
)
def test_what_is_not_sealed_is_refused(unsealed: bytes) -> None:
    """Plaintext in a sealed column is an error, not content."""
    with pytest.raises(UnknownEnvelope):
        KEY.open(unsealed, _associated())


@pytest.mark.parametrize("length", range(1, OVERHEAD + len(TEXT)))
def test_a_shortened_record_is_refused(length: int) -> None:
    """Cut off anywhere, a record does not open."""
    sealed = KEY.seal(TEXT, _associated())

    with pytest.raises(TamperedRecord):
        KEY.open(sealed[:length], _associated())


def test_no_nonce_comes_twice() -> None:
    """A hundred thousand seals of one key have as many nonces."""
    seals = 100_000
    nonces = {KEY.seal(b"", b"")[33:45] for _ in range(seals)}

    assert len(nonces) == seals


def test_the_bound_of_a_key_is_below_nists() -> None:
    """NIST SP 800-38D allows 2**32 records under random 96-bit nonces; half of that is used."""
    assert MAX_SEALS == 2**31


def test_a_key_prints_without_its_secret() -> None:
    """Neither the secret nor what is derived from it shows where objects are printed."""
    secret = new_secret()
    key = SealKey(secret)
    shown = repr(key) + str(key) + f"{key}"

    expanded = derive(secret, "record/1", length=96)
    hidden = [secret, expanded[:32], expanded[64:]]
    assert not [part for part in hidden if part.hex() in shown or repr(part) in shown]


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_has_32_bytes(length: int) -> None:
    """A secret of another length is refused, so that no key is quietly weak."""
    with pytest.raises(ValueError, match="32 bytes"):
        SealKey(bytes(length))


def test_keys_for_different_purposes_differ() -> None:
    """One secret gives unrelated keys for unrelated purposes, and with a salt others again."""
    secret = bytes(32)
    keys = [derive(secret, "a"), derive(secret, "b"), derive(secret, "a", salt=b"salt"), secret]

    assert len(set(keys)) == len(keys)
