"""The root key in the operating system's keyring, through the keyring package's own API."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.errors
import pytest

from holdfast.errors import KeyFailure, RootKeyMissing, RootKeyWrong
from holdfast.vault.root import LocalRootKey, OsKeyring, parse_key


class _InMemory(keyring.backend.KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def backend() -> Iterator[_InMemory]:
    """A fake backend, installed as keyring's own."""
    before = keyring.get_keyring()
    fake = _InMemory()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


def test_a_first_start_puts_a_key_into_the_keyring(backend: _InMemory) -> None:
    """A second start finds the same one there."""
    first, saved = OsKeyring().load(None, expected=None)
    second, _ = OsKeyring().load(None, expected=first.fingerprint)

    assert saved is None
    assert second.fingerprint == first.fingerprint
    text = backend.kept["holdfast", "root-key"]
    assert LocalRootKey(parse_key(text)).fingerprint == first.fingerprint


def test_a_key_that_is_gone_is_not_made_anew(backend: _InMemory) -> None:
    """There is data: a new key would not open it."""
    with pytest.raises(RootKeyMissing):
        OsKeyring().load(None, expected=bytes(16))

    assert backend.kept == {}


def test_something_else_in_the_keyring_is_refused(backend: _InMemory) -> None:
    """The entry holds no key."""
    backend.set_password("holdfast", "root-key", "a password")

    with pytest.raises(RootKeyWrong):
        OsKeyring().load(None, expected=None)


@pytest.mark.parametrize("expected", [None, b"f" * 16])
def test_a_locked_keyring_says_so(backend: _InMemory, expected: bytes | None) -> None:
    """The keyring's own error does not come through; no key is made beside the locked one."""
    backend.locked = True

    with pytest.raises(KeyFailure, match="unlock it"):
        OsKeyring().load(None, expected=expected)

    assert backend.kept == {}


def test_two_stores_may_have_their_own_entries(backend: _InMemory) -> None:
    """Service and name choose the entry."""
    one, _ = OsKeyring(name="one").load(None, expected=None)
    two, _ = OsKeyring(name="two").load(None, expected=None)

    assert one.fingerprint != two.fingerprint
