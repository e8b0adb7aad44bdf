"""Write the golden vectors of the sealed format, from fixed keys, nonces and places.

    python tests/security/make_vectors.py

A vector that was released is never changed: a new version of the format gets a new file beside it.
`independent.py` checks them without any code of Holdfast; `test_vectors.py` holds both to them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from holdfast.clock import id_text
from holdfast.model import Message, MessageId, SessionId, ToolPart, Turn, TurnId
from holdfast.storage.memory import MemoryKeyStorage
from holdfast.storage.protocol import NO_SCOPE, Kind, SealedRow
from holdfast.vault.chain import chain_start, extend_chain
from holdfast.vault.codec import SessionBody, seal_forgotten, seal_message, seal_session, seal_turn
from holdfast.vault.envelope import Place, SealKey, derive
from holdfast.vault.keyring import Keyring
from holdfast.vault.root import GivenKey, LocalRootKey, Passphrase, key_text

TARGET = Path(__file__).parent / "vectors" / "format-1.json"

SECRETS = [bytes(range(32)), bytes(32), bytes([0xFF]) * 32]
ACCOUNT, VAULT, SESSION = (bytes([n]) * 16 for n in (0xA1, 0xB2, 0xC3))
RECORD, TURN_ID = bytes(range(16)), bytes([0xD4]) * 16
AT = datetime(2026, 1, 9, 12, 30, 15, 250000, tzinfo=UTC)
PURPOSES = [
    "record/1",
    "root/wrap/1",
    "root/fingerprint/1",
    "store/pages/1",
    "store/owner-tags/1",
    "store/audit/1",
    "vault/records/1",
    "vault/index/1",
]


class FixedRandom:
    """In the place of the operating system's randomness: 0, 1, 2, ... in as many bytes."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def __call__(self, length: int) -> bytes:
        return next(self._numbers).to_bytes(length, "big")


def make() -> dict[str, Any]:
    """All vectors; the same in every run."""
    with mock.patch("os.urandom", FixedRandom()):
        return {
            "format": 1,
            "derive": [_derived(purpose) for purpose in PURPOSES],
            "derive_salted": _salted(),
            "keys": [_key(secret) for secret in SECRETS],
            "envelopes": list(_envelopes()),
            "roots": [_root(secret) for secret in SECRETS],
            "passphrase": _passphrase(),
            "wrapped_session_key": _wrapped_session_key(),
            "chain": _chain(),
            "records": list(_records()),
            "store": asyncio.run(_store()),
        }


def _derived(purpose: str) -> dict[str, Any]:
    length = {"record/1": 96, "root/fingerprint/1": 16}.get(purpose, 32)
    key = derive(SECRETS[0], purpose, length=length)
    return {"secret": SECRETS[0].hex(), "purpose": purpose, "length": length, "key": key.hex()}


def _salted() -> dict[str, Any]:
    key = derive(SECRETS[0], "test/1", salt=b"salt")
    return {
        "secret": SECRETS[0].hex(),
        "purpose": "test/1",
        "salt": b"salt".hex(),
        "key": key.hex(),
    }


def _key(secret: bytes) -> dict[str, Any]:
    key = SealKey(secret)
    return {
        "secret": secret.hex(),
        "commitment": key.commitment.hex(),
        "chain_key": key.chain_key.hex(),
    }


def _envelopes() -> Any:
    texts = [b"", b"blue", "蓝色 أزرق 💙".encode(), bytes(range(256)) * 4]
    places = [
        (SESSION, Kind.MESSAGE, 0, 0, b"body"),
        (SESSION, Kind.MESSAGE, 2**40, 7, b"gone"),
        (NO_SCOPE, Kind.MEMORY, 0, 2**31, b"body"),
        (SESSION, Kind.CHUNK, (5 << 20) + 3, 1, b"body"),
    ]
    for secret, text, (scope, kind, order, version, field) in zip(
        itertools.cycle(SECRETS), texts, places, strict=False
    ):
        associated = Place(ACCOUNT, VAULT, scope, kind).of(RECORD, order, version, field)
        yield {
            "secret": secret.hex(),
            "account": ACCOUNT.hex(),
            "vault": VAULT.hex(),
            "scope": scope.hex(),
            "kind": int(kind),
            "record_id": RECORD.hex(),
            "ord": order,
            "version": version,
            "field": field.decode(),
            "plaintext": text.hex(),
            "associated": associated.hex(),
            "sealed": SealKey(secret).seal(text, associated).hex(),
        }


def _root(secret: bytes) -> dict[str, Any]:
    root = LocalRootKey(secret)
    context = VAULT + NO_SCOPE + (3).to_bytes(8, "big")
    return {
        "secret": secret.hex(),
        "text": key_text(secret),
        "fingerprint": root.fingerprint.hex(),
        "vault": VAULT.hex(),
        "version": 3,
        "vault_secret": SECRETS[0].hex(),
        "wrapped": root.wrap(SECRETS[0], context).hex(),
    }


def _passphrase() -> dict[str, Any]:
    text = "correct horse battery staple"
    root, saved = Passphrase(text, memory_kib=1024, passes=2, lanes=2).load(None, expected=None)
    assert saved is not None
    return {"text": text, "saved": saved.decode(), "fingerprint": root.fingerprint.hex()}


def _wrapped_session_key() -> dict[str, Any]:
    context = VAULT + SESSION + (2).to_bytes(8, "big")
    return {
        "vault_secret": SECRETS[0].hex(),
        "vault": VAULT.hex(),
        "session": SESSION.hex(),
        "version": 2,
        "session_secret": SECRETS[2].hex(),
        "wrapped": SealKey(SECRETS[0]).seal(SECRETS[2], context).hex(),
    }


def _chain() -> dict[str, Any]:
    key = SealKey(SECRETS[0]).chain_key
    value = chain_start(key, ACCOUNT, VAULT, SESSION)
    links = [(seq, bytes([seq + 1]) * 16) for seq in range(4)]
    values = [value]
    for link in links:
        values.append(extend_chain(key, values[-1], [link]))
    return {
        "secret": SECRETS[0].hex(),
        "account": ACCOUNT.hex(),
        "vault": VAULT.hex(),
        "session": SESSION.hex(),
        "links": [[seq, link.hex()] for seq, link in links],
        "values": [value.hex() for value in values],
    }


def message() -> Message:
    """The message that the vector holds."""
    return Message(
        id=MessageId(id_text(RECORD)),
        session_id=SessionId(id_text(SESSION)),
        turn_id=TurnId(id_text(TURN_ID)),
        seq=7,
        parent_id=MessageId(id_text(bytes([0xE5]) * 16)),
        role="assistant",
        kind="tool_call",
        text="What is your favourite colour? 蓝色",
        at=AT,
        author="helper",
        tool=ToolPart(name="weather", call_id="c1", arguments={"city": "Oslo", "n": [1, 2.5]}),
        item='{"type":"function_call"}',
    )


def turn() -> Turn:
    """The turn that the vector holds."""
    return Turn(
        id=TurnId(id_text(TURN_ID)),
        session_id=SessionId(id_text(SESSION)),
        index=3,
        status="failed",
        started_at=AT,
        ended_at=AT,
        intent="ask",
        intent_confidence=0.5,
        entities={"colour": "blue"},
        tags=("one", "two"),
        model="m",
        client_key="k",
    )


def session() -> SessionBody:
    """The sealed part of the session that the vector holds."""
    return SessionBody(title="Colours", preview="What is", assistant="helper", tags=("t",))


def _records() -> Any:
    key = SealKey(SECRETS[0])
    place = Place(ACCOUNT, VAULT, SESSION, Kind.MESSAGE)
    said = seal_message(message(), key, place, version=1)
    yield _record("message", said)
    yield _record("forgotten", seal_forgotten(said, message().parent_id, key, place))
    place = Place(ACCOUNT, VAULT, SESSION, Kind.TURN)
    yield _record("turn", seal_turn(turn(), key, place, version=2, owner=None))
    place = Place(ACCOUNT, VAULT, SESSION, Kind.SESSION)
    yield _record("session", seal_session(session(), SESSION, key, place, version=4, at_ms=5))


def _record(name: str, row: SealedRow) -> dict[str, Any]:
    return {
        "name": name,
        "secret": SECRETS[0].hex(),
        "account": ACCOUNT.hex(),
        "vault": VAULT.hex(),
        "kind": int(row.kind),
        "scope": row.scope.hex(),
        "ord": row.ord,
        "record_id": row.id.hex(),
        "state": int(row.state),
        "parent": None if row.parent is None else row.parent.hex(),
        "at_ms": row.at_ms,
        "version": row.version,
        "link": row.link.hex(),
        "sealed": row.sealed.hex(),
    }


async def _store() -> dict[str, Any]:
    storage = MemoryKeyStorage()
    source = GivenKey(key_text(SECRETS[0]))
    keyring = await Keyring.open(storage, source, data_exists=False, clock=lambda: AT)
    for number in range(3):
        await keyring.record_audit({"action": "test", "count": number})
    secrets = await storage.secrets()
    names = [("user", "ada@example.org"), ("room", "蓝色")]
    return {
        "root_secret": SECRETS[0].hex(),
        "wrapped": secrets["store"].hex(),
        "page_key": keyring.page_key.hex(),
        "account": ACCOUNT.hex(),
        "owner_tags": [
            {"kind": kind, "name": name, "tag": keyring.owner_tag(ACCOUNT, kind, name).hex()}
            for kind, name in names
        ],
        "audit": [
            {
                "number": e.number,
                "at_ms": e.at_ms,
                "body": e.body.decode(),
                "digest": e.digest.hex(),
            }
            for e in await storage.audit()
        ],
    }


def text() -> str:
    """The file's content."""
    return json.dumps(make(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), encoding="ascii")
