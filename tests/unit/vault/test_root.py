"""Root keys: where each comes from, and that a wrong or exposed one is refused."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import (
    BadInput,
    RootKeyExposed,
    RootKeyMissing,
    RootKeyWrong,
    StorageReadOnly,
)
from holdfast.vault.root import (
    GivenKey,
    KeyFile,
    LocalRootKey,
    Passphrase,
    RootKey,
    key_text,
    parse_key,
    read_key_file,
    write_key_file,
)

SECRET = bytes(range(32))
CONTEXT = b"a place"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file goes; its folder is not there yet."""
    return tmp_path / "config" / "root.key"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_start_makes_a_key_file_for_its_owner_only(path: Path) -> None:
    """The file has mode 0600 in a folder of mode 0700, whatever the umask is."""
    before = os.umask(0)
    try:
        root, saved = KeyFile(path).load(None, expected=None)
    finally:
        os.umask(before)

    assert (_mode(path), _mode(path.parent)) == (0o600, 0o700)
    assert saved is None
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert LocalRootKey(read_key_file(path)).fingerprint == root.fingerprint


def test_a_later_start_finds_the_same_key(path: Path) -> None:
    """The second load gives the first one's key."""
    first, _ = KeyFile(path).load(None, expected=None)
    second, _ = KeyFile(path).load(None, expected=first.fingerprint)

    assert second.unwrap(first.wrap(SECRET, CONTEXT), CONTEXT) == SECRET


def test_two_first_keys_differ(tmp_path: Path) -> None:
    """Keys are random."""
    keys = [KeyFile(tmp_path / name).load(None, expected=None)[0] for name in "ab"]

    assert keys[0].fingerprint != keys[1].fingerprint


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o666, 0o601, 0o610, 0o777])
def test_a_key_file_that_others_can_touch_is_refused(path: Path, mode: int) -> None:
    """Any bit for group or others: the error names the file and its mode."""
    write_key_file(path, SECRET)
    path.chmod(mode)

    with pytest.raises(RootKeyExposed) as caught:
        KeyFile(path).load(None, expected=None)

    assert (caught.value.path, caught.value.mode) == (str(path), mode)


def test_a_missing_key_is_not_made_anew_when_there_is_data(path: Path) -> None:
    """A new key would not open it, and would hide that the old one is missing."""
    with pytest.raises(RootKeyMissing):
        KeyFile(path).load(None, expected=bytes(16))

    assert not path.exists()


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\n", b"hello", bytes(32), b"\xff" * 32, b"holdfast-root-1:", b"a" * 42, b"zz" * 32],
)
def test_a_file_that_holds_no_key_is_refused(path: Path, garbage: bytes) -> None:
    """Empty, too short, not text, not base64, not hexadecimal."""
    path.parent.mkdir()
    path.touch(0o600)
    path.write_bytes(garbage)

    with pytest.raises(RootKeyWrong) as caught:
        KeyFile(path).load(None, expected=None)

    assert repr(garbage)[2:-1] not in str(caught.value) or len(garbage) < 2


def test_a_key_file_is_never_written_over(path: Path) -> None:
    """A second write is refused and leaves the first key and no other file."""
    write_key_file(path, SECRET)

    with pytest.raises(BadInput):
        write_key_file(path, bytes(32))

    assert read_key_file(path) == SECRET
    assert list(path.parent.iterdir()) == [path]


def test_a_file_system_without_hard_links_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is written all the same, and still never over another."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write_key_file(path, SECRET)

    with pytest.raises(BadInput):
        write_key_file(path, bytes(32))

    assert (read_key_file(path), _mode(path)) == (SECRET, 0o600)


def test_a_folder_that_cannot_be_made_is_an_error_of_storage(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "config").touch()

    with pytest.raises(StorageReadOnly):
        KeyFile(tmp_path / "config" / "root.key").load(None, expected=None)


@pytest.mark.parametrize(
    "text",
    [
        key_text(SECRET),
        f"  {key_text(SECRET)}\n",
        key_text(SECRET).removeprefix("holdfast-root-1:"),
        base64.b64encode(SECRET).decode(),
        base64.urlsafe_b64encode(SECRET).decode(),
        SECRET.hex(),
        SECRET.hex().upper(),
    ],
)
def test_a_given_key_may_have_several_forms(text: str) -> None:
    """With and without prefix, both alphabets of base64, hexadecimal."""
    assert parse_key(text) == SECRET
    root, saved = GivenKey(text).load(None, expected=None)
    assert (root.fingerprint, saved) == (LocalRootKey(SECRET).fingerprint, None)


@pytest.mark.parametrize(
    "text",
    ["", "short", "ü" * 43, SECRET.hex()[:-2], SECRET.hex() + "00", key_text(bytes(31))],
)
def test_a_given_text_that_is_no_key_is_refused_without_quoting_it(text: str) -> None:
    """The error says what is wrong and never repeats what was given."""
    with pytest.raises(RootKeyWrong) as caught:
        GivenKey(text)

    assert not text or text not in str(caught.value)


def test_sources_and_roots_print_without_secrets() -> None:
    """A log line with the object in it shows no key."""
    shown = [
        repr(GivenKey(key_text(SECRET))),
        repr(Passphrase("correct horse battery")),
        repr(LocalRootKey(SECRET)),
    ]

    assert shown[:2] == ["GivenKey(***)", "Passphrase(***)"]
    assert SECRET.hex()[:16] not in shown[2]


def test_a_root_key_wraps_for_one_context_only() -> None:
    """What was wrapped elsewhere, altered, or wrapped by another root is refused."""
    root, other = LocalRootKey(SECRET), LocalRootKey(bytes(32))
    wrapped = root.wrap(bytes(32), CONTEXT)

    assert root.unwrap(wrapped, CONTEXT) == bytes(32)
    for attempt in [
        lambda: root.unwrap(wrapped, b"another place"),
        lambda: root.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT),
        lambda: root.unwrap(bytes(93), CONTEXT),
        lambda: other.unwrap(wrapped, CONTEXT),
    ]:
        with pytest.raises(RootKeyWrong):
            attempt()


def test_the_fingerprint_of_a_root_key_reveals_nothing_of_it() -> None:
    """16 bytes, the same for the same key, other for another, no part of the secret."""
    one, same, other = (LocalRootKey(s).fingerprint for s in (SECRET, SECRET, bytes(32)))

    assert one == same != other
    assert len(one) == 16
    assert one not in SECRET


# Passphrases

CHEAP: dict[str, int] = {"memory_kib": 64, "passes": 1, "lanes": 1}


def test_the_right_passphrase_gives_the_same_key_again() -> None:
    """Salt and cost are what the source asked to keep, so that the key can be made again."""
    root, saved = Passphrase("correct horse", **CHEAP).load(None, expected=None)
    again, kept = Passphrase("correct horse").load(saved, expected=root.fingerprint)

    assert again.fingerprint == root.fingerprint
    assert kept == saved


def test_the_saved_cost_is_used_not_the_default() -> None:
    """A cost that rises later must not lock out what was sealed before."""
    _, saved = Passphrase("correct horse", **CHEAP).load(None, expected=None)

    assert saved is not None
    kept = json.loads(saved)
    assert len(bytes.fromhex(kept.pop("salt"))) == 16
    assert kept == CHEAP


def test_the_default_cost_is_that_of_rfc_9106() -> None:
    """64 MiB, three passes, four lanes: the second recommended option."""
    assert Passphrase("correct horse")._cost == {"memory_kib": 65536, "passes": 3, "lanes": 4}


def test_another_passphrase_or_salt_gives_another_key() -> None:
    """The same words with another salt are another key."""
    first, saved = Passphrase("correct horse", **CHEAP).load(None, expected=None)
    salted, _ = Passphrase("correct horse", **CHEAP).load(None, expected=None)
    wrong, _ = Passphrase("battery staple").load(saved, expected=None)

    assert len({first.fingerprint, salted.fingerprint, wrong.fingerprint}) == 3


@pytest.mark.parametrize("text", ["", "short", "1234567", " " * 20])
def test_a_short_passphrase_is_refused(text: str) -> None:
    """Fewer than eight characters, or nothing but spaces."""
    with pytest.raises(BadInput):
        Passphrase(text)


@pytest.mark.parametrize(
    "saved", [b"", b"{}", b"[]", b"\xff", b'{"salt": "zz"}', b'{"salt": "00", "passes": 1}']
)
def test_a_damaged_salt_is_refused(saved: bytes) -> None:
    """What lies beside the keys may be damaged: an error with a code, not a traceback."""
    with pytest.raises(RootKeyWrong):
        Passphrase("correct horse").load(saved, expected=None)


def test_data_that_was_not_sealed_under_a_passphrase_says_so() -> None:
    """There are keys, but no salt beside them: no passphrase can be right."""
    with pytest.raises(RootKeyWrong):
        Passphrase("correct horse").load(None, expected=bytes(16))


# A root key that is somewhere else


class ToyKms:
    """All that a key management service must do: it never gives its key away."""

    def __init__(self) -> None:
        self._inner = LocalRootKey(bytes([7]) * 32)
        self.calls: list[str] = []

    @property
    def fingerprint(self) -> bytes:
        return self._inner.fingerprint

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        self.calls.append("wrap")
        return self._inner.wrap(secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        self.calls.append("unwrap")
        return self._inner.unwrap(wrapped, context)

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, Any]:
        return self, None


def test_a_key_management_service_is_a_root_key() -> None:
    """Three members make a root key; the protocol can be checked at run time."""
    assert isinstance(ToyKms(), RootKey)


def test_a_folder_in_the_place_of_the_key_is_refused(path: Path) -> None:
    """What is there cannot be read as a key."""
    path.mkdir(parents=True)

    with pytest.raises(RootKeyWrong):
        KeyFile(path).load(None, expected=None)
