"""The sealed format stays what it is: two programs that share no code agree on every vector."""

from __future__ import annotations

import ast
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from holdfast.clock import id_text
from holdfast.model import Message, VaultId
from holdfast.storage.memory import MemoryKeyStorage
from holdfast.storage.protocol import AuditEntry, KeyWrite, Kind, SealedRow, SessionHead, State
from holdfast.vault.codec import SessionBody, open_body, open_message, open_session, open_turn
from holdfast.vault.envelope import Place, SealKey
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import GivenKey, LocalRootKey, Passphrase, parse_key
from security import independent, make_vectors

FILES = sorted((Path(__file__).parent / "vectors").glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def vectors(request: pytest.FixtureRequest) -> Any:
    """One file of vectors, every one that was ever released."""
    return json.loads(request.param.read_text())


def _raw(values: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(values[name]) for name in names]


def _associated(at: dict[str, Any], field: str = "body") -> bytes:
    account, vault, scope, record_id = _raw(at, "account", "vault", "scope", "record_id")
    return independent.associated_data(
        account=account,
        vault=vault,
        scope=scope,
        kind=at["kind"],
        record_id=record_id,
        field=at.get("field", field).encode(),
        ord=at["ord"],
        version=at["version"],
    )


def test_there_are_vectors() -> None:
    """The first format has its file."""
    assert [path.stem for path in FILES][:1] == ["format-1"]


def test_the_program_still_makes_the_newest_vectors() -> None:
    """Not a byte of what is sealed changes without a new version of the format."""
    assert make_vectors.text() == FILES[-1].read_text()


def test_the_independent_program_shares_no_code() -> None:
    """It imports the standard library and a block cipher, nothing of Holdfast."""
    tree = ast.parse(Path(independent.__file__).read_text())
    names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]

    assert sorted(names) == [
        "__future__",
        "cryptography.hazmat.primitives.ciphers",
        "hashlib",
        "hmac",
    ]


# The independent program


def test_derived_keys_agree(vectors: Any) -> None:
    """HKDF for every purpose there is."""
    for v in vectors["derive"]:
        secret, key = _raw(v, "secret", "key")
        assert independent.derived(secret, v["purpose"], v["length"]) == key
    salted = vectors["derive_salted"]
    secret, salt, key = _raw(salted, "secret", "salt", "key")
    assert independent.derived(secret, salted["purpose"], salt=salt) == key


def test_commitments_and_chain_keys_agree(vectors: Any) -> None:
    """Both come from the same expansion as the encryption key."""
    for v in vectors["keys"]:
        secret, commitment, chain_key = _raw(v, "secret", "commitment", "chain_key")
        assert independent.key_parts(secret)[1:] == (commitment, chain_key)


def test_envelopes_and_their_associated_data_agree(vectors: Any) -> None:
    """Each opens under the associated data that the page describes, and under no other."""
    for v in vectors["envelopes"]:
        secret, plaintext, associated, sealed = _raw(
            v, "secret", "plaintext", "associated", "sealed"
        )
        assert _associated(v) == associated
        assert independent.opened(sealed, secret, associated) == plaintext
        with pytest.raises(InvalidTag):
            independent.opened(sealed, secret, associated + b"x")


def test_wrapped_keys_agree(vectors: Any) -> None:
    """A vault key under the root, a session key under the vault's, each bound to its place."""
    for v in vectors["roots"]:
        root, vault, secret, wrapped = _raw(v, "secret", "vault", "vault_secret", "wrapped")
        context = independent.key_context(vault, bytes(16), v["version"])
        assert independent.root_opened(wrapped, root, context) == secret
        assert independent.derived(root, "root/fingerprint/1", 16).hex() == v["fingerprint"]
    v = vectors["wrapped_session_key"]
    under, vault, session, secret, wrapped = _raw(
        v, "vault_secret", "vault", "session", "session_secret", "wrapped"
    )
    context = independent.key_context(vault, session, v["version"])
    assert independent.opened(wrapped, under, context) == secret


def test_chains_agree(vectors: Any) -> None:
    """Before the first message and after each."""
    v = vectors["chain"]
    secret, account, vault, session = _raw(v, "secret", "account", "vault", "session")
    key = independent.key_parts(secret)[2]
    links = [(seq, bytes.fromhex(link)) for seq, link in v["links"]]

    values = independent.chain_values(key, account, vault, session, links)

    assert [value.hex() for value in values] == v["values"]


def test_what_comes_from_the_stores_secret_agrees(vectors: Any) -> None:
    """Page key, owner tags and the digests of the audit chain."""
    v = vectors["store"]
    root, wrapped, account = _raw(v, "root_secret", "wrapped", "account")
    secret = independent.root_opened(wrapped, root, b"store")
    assert independent.derived(secret, "store/pages/1").hex() == v["page_key"]
    for tag in v["owner_tags"]:
        made = independent.owner_tag(secret, account, tag["kind"], tag["name"])
        assert made.hex() == tag["tag"]
    before = bytes(32)
    for entry in v["audit"]:
        before = independent.audit_digest(
            secret, before, entry["number"], entry["at_ms"], entry["body"].encode()
        )
        assert before.hex() == entry["digest"]


def test_records_agree(vectors: Any) -> None:
    """Sealed rows open under their plain columns alone; the message's text is in there."""
    for v in vectors["records"]:
        secret, sealed, link = _raw(v, "secret", "sealed", "link")
        field = "gone" if v["name"] == "forgotten" else "body"
        plaintext = independent.opened(sealed, secret, _associated(v, field))
        if v["name"] == "message":
            assert "蓝色".encode() in plaintext
            assert link == sealed[-16:]


# Today's code


def test_todays_code_opens_every_envelope(vectors: Any) -> None:
    """Whatever was sealed by a release stays readable."""
    for v in vectors["envelopes"]:
        account, vault, scope, record_id = _raw(v, "account", "vault", "scope", "record_id")
        secret, plaintext, sealed = _raw(v, "secret", "plaintext", "sealed")
        place = Place(account, vault, scope, v["kind"])
        associated = place.of(record_id, v["ord"], v["version"], v["field"].encode())
        assert SealKey(secret).open(sealed, associated) == plaintext


def test_todays_code_unwraps_every_key(vectors: Any) -> None:
    """Root keys, their text forms, passphrases and session keys."""
    for v in vectors["roots"]:
        root, vault, secret, wrapped = _raw(v, "secret", "vault", "vault_secret", "wrapped")
        context = vault + bytes(16) + v["version"].to_bytes(8, "big")
        assert parse_key(v["text"]) == root
        assert LocalRootKey(root).unwrap(wrapped, context) == secret
    v = vectors["passphrase"]
    found, _ = Passphrase(v["text"]).load(v["saved"].encode(), expected=bytes(16))
    assert found.fingerprint.hex() == v["fingerprint"]


async def test_todays_code_opens_the_store(vectors: Any) -> None:
    """The store's secret, its tags and its audit chain."""
    v = vectors["store"]
    root, wrapped, account = _raw(v, "root_secret", "wrapped", "account")
    storage = MemoryKeyStorage()
    fingerprint = LocalRootKey(root).fingerprint
    entries = [
        AuditEntry(
            number=e["number"],
            at_ms=e["at_ms"],
            body=e["body"].encode(),
            digest=bytes.fromhex(e["digest"]),
        )
        for e in v["audit"]
    ]
    await storage.commit(
        KeyWrite(secrets=(("root", fingerprint), ("store", wrapped)), audit=tuple(entries))
    )

    keyring = await Keyring.open(
        storage, GivenKey(root.hex()), data_exists=True, clock=lambda: datetime.min
    )

    assert keyring.page_key.hex() == v["page_key"]
    assert await keyring.check_audit() == entries
    for tag in v["owner_tags"]:
        assert keyring.owner_tag(account, tag["kind"], tag["name"]).hex() == tag["tag"]


def test_todays_code_opens_every_record(vectors: Any) -> None:
    """A message, a forgotten one, a turn and a session come back as they were."""
    opened = {v["name"]: _opened(v) for v in vectors["records"]}

    said = make_vectors.message()
    assert opened["message"] == said
    assert opened["turn"] == make_vectors.turn()
    assert opened["session"] == make_vectors.session()
    assert opened["forgotten"] == Message(
        id=said.id,
        session_id=said.session_id,
        turn_id=said.turn_id,
        seq=said.seq,
        parent_id=said.parent_id,
        role="system",
        at=said.at,
        forgotten=True,
    )


def _opened(v: dict[str, Any]) -> object:
    account, vault, scope, record_id, secret = _raw(
        v, "account", "vault", "scope", "record_id", "secret"
    )
    kind = Kind(v["kind"])
    row = SealedRow(
        kind=kind,
        scope=scope,
        ord=v["ord"],
        id=record_id,
        state=State(v["state"]),
        parent=None if v["parent"] is None else bytes.fromhex(v["parent"]),
        at_ms=v["at_ms"],
        version=v["version"],
        link=bytes.fromhex(v["link"]),
        sealed=bytes.fromhex(v["sealed"]),
    )
    key = SealKey(secret)
    keys, place = {key.commitment: key}, Place(account, vault, scope, kind)
    if kind is Kind.MESSAGE:
        return open_message(row, place, keys)
    if kind is Kind.TURN:
        return open_turn(row, place, keys)
    head = SessionHead(session_id=scope, kind="chat", started_ms=0, last_ms=0)
    session = open_session(row, head, VaultId(id_text(vault)), place, keys)
    body = open_body(row, place, keys, SessionBody)
    assert session.title == body.title
    return body
