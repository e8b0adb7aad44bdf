"""Root keys: what wraps everything else, and where it is kept.

    RootKey          wraps and unwraps 32-byte secrets (a KMS implements just this)
    RootKeySource    finds the root key at start: key file, given value, passphrase, OS keyring

The root key never touches content: it wraps one secret per vault and one for the store.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from holdfast.errors import (
    BadInput,
    KeyFailure,
    MissingExtra,
    RootKeyExposed,
    RootKeyMissing,
    RootKeyWrong,
    StorageReadOnly,
    TamperedRecord,
)
from holdfast.vault.envelope import SealKey, derive, new_secret

__all__ = [
    "GivenKey",
    "KeyFile",
    "LocalRootKey",
    "OsKeyring",
    "Passphrase",
    "RootKey",
    "RootKeySource",
    "key_text",
    "parse_key",
    "read_key_file",
    "sync_folder",
    "write_key_file",
]

_PREFIX = "holdfast-root-1:"


@runtime_checkable
class RootKey(Protocol):
    """What a KMS implements to hold the root.

    `fingerprint` (16 bytes) names the key without revealing it and never changes for one key.
    """

    @property
    def fingerprint(self) -> bytes:
        """16 bytes."""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Encrypt a 32-byte secret, bound to `context`."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Give the secret back.

        Raises:
            RootKeyWrong: it was wrapped by another key, for another context, or altered.
        """


class LocalRootKey:
    """A root key whose 32 bytes are in this process."""

    def __init__(self, secret: bytes) -> None:
        self._seal = SealKey(derive(secret, "root/wrap/1"))
        self.fingerprint = derive(secret, "root/fingerprint/1", length=16)

    def __repr__(self) -> str:
        return f"LocalRootKey({self.fingerprint[:4].hex()}…)"

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        return self._seal.seal(secret, b"holdfast wrap 1" + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._seal.open(wrapped, b"holdfast wrap 1" + context)
        except TamperedRecord:
            raise RootKeyWrong from None


class RootKeySource(Protocol):
    """Finds the root key when a store is opened.

    `saved` is what the source itself asked to keep beside the wrapped keys (a passphrase's salt);
    `expected` is the fingerprint of the root key in force, None when nothing is sealed yet and a
    key may be made.
    """

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        """Return the root key and what to keep for next time.

        Raises:
            RootKeyMissing, RootKeyWrong, RootKeyExposed: see each.
        """


def key_text(secret: bytes) -> str:
    """The text form of a root key, as a key file or HOLDFAST_ROOT_KEY holds it."""
    return _PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def parse_key(text: str) -> bytes:
    """Read the text form: with or without the prefix, base64 or 64 hexadecimal digits.

    Raises:
        RootKeyWrong: it is no root key.
    """
    body = text.strip().removeprefix(_PREFIX)
    try:
        if len(body) == 64:
            return bytes.fromhex(body)
        secret = base64.urlsafe_b64decode(
            body.replace("+", "-").replace("/", "_") + "=" * (-len(body) % 4)
        )
    except (ValueError, binascii.Error):
        raise RootKeyWrong("it is not in the form of a root key") from None
    if len(secret) != 32:
        raise RootKeyWrong(f"a root key has 32 bytes, this has {len(secret)}")
    return secret


class KeyFile:
    """The root key in a file that only its owner can read; made on first start.

    While the root is being rotated the next key lies in `<file>.next`. A process that died in
    between left both; the fingerprint in the key storage says which one is in force, and the
    rename is finished here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.next_path = path.with_name(path.name + ".next")

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        if not self.path.exists():
            if expected is not None:
                raise RootKeyMissing(str(self.path))
            # Another process may make it in the same moment: its key is as good.
            with contextlib.suppress(BadInput):
                write_key_file(self.path, new_secret())
        root = LocalRootKey(read_key_file(self.path))
        if expected is not None and root.fingerprint != expected and self.next_path.exists():
            following = LocalRootKey(read_key_file(self.next_path))
            if following.fingerprint == expected:
                self.finish_rotation()
                return following, None
        return root, None

    def begin_rotation(self) -> RootKey:
        """The next key, durable beside the one in force.

        One that is there already is taken, never replaced: it may be in force by now, put there by
        a rotation that did not live to finish or by another process that is at it.
        """
        with contextlib.suppress(BadInput):
            write_key_file(self.next_path, new_secret())
        return LocalRootKey(read_key_file(self.next_path))

    def finish_rotation(self) -> None:
        """Put the next key in the place of the old one, atomically and durably.

        Only after `Keyring.rotate_root` has returned: until then the old key is in force.
        """
        self.next_path.replace(self.path)
        sync_folder(self.path.parent)


def read_key_file(path: Path) -> bytes:
    """Read a key file.

    Raises:
        RootKeyMissing: there is none.
        RootKeyExposed: group or others can read it.
        RootKeyWrong: it holds no key.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise RootKeyExposed(str(path), mode)
            raw = file.read(4096)
    except FileNotFoundError:
        raise RootKeyMissing(str(path)) from None
    except OSError:
        raise RootKeyWrong(f"{path} is no file that this user can read") from None
    try:
        return parse_key(raw.decode("ascii"))
    except UnicodeDecodeError:
        raise RootKeyWrong("it is not in the form of a root key") from None


def write_key_file(path: Path, secret: bytes) -> None:
    """Write a key file with owner-only permissions, durably, never over an existing one.

    It appears whole or not at all: a crash leaves no half a key, and another process that starts
    in the same moment reads none.

    Raises:
        StorageReadOnly: the folder cannot be written.
        BadInput: the file exists.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise StorageReadOnly(str(path.parent)) from exc
    try:
        _write_new(draft, key_text(secret) + "\n")
        _name(draft, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise BadInput("root key file", f"{path} exists already: move it away first") from None
    except OSError as exc:
        raise StorageReadOnly(str(path)) from exc
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _write_new(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: not as one step then, but still never over a file.
        _write_new(path, draft.read_text())


def sync_folder(folder: Path) -> None:
    """Make a rename or a new file in `folder` survive a power cut."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class GivenKey:
    """A root key given by value (HOLDFAST_ROOT_KEY, or a caller's secret store)."""

    def __init__(self, text: str) -> None:
        self._secret = parse_key(text)

    def __repr__(self) -> str:
        return "GivenKey(***)"

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        return LocalRootKey(self._secret), None


class Passphrase:
    """A root key stretched from a passphrase by Argon2id (RFC 9106): 64 MiB, 3 passes, 4 lanes.

    The salt and the cost lie beside the wrapped keys, so that the cost can rise later.
    """

    def __init__(
        self, text: str, *, memory_kib: int = 65536, passes: int = 3, lanes: int = 4
    ) -> None:
        if len(text.strip()) < 8:
            raise BadInput("passphrase", "it has fewer than 8 characters: take a longer one")
        self._text = text
        self._cost = {"memory_kib": memory_kib, "passes": passes, "lanes": lanes}

    def __repr__(self) -> str:
        return "Passphrase(***)"

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        if saved is None:
            if expected is not None:
                raise RootKeyWrong("this data was not sealed under a passphrase")
            saved = json.dumps({"salt": os.urandom(16).hex(), **self._cost}).encode()
        try:
            cost = json.loads(saved)
            stretched = Argon2id(
                salt=bytes.fromhex(cost["salt"]),
                length=32,
                iterations=min(int(cost["passes"]), 64),
                lanes=min(int(cost["lanes"]), 64),
                memory_cost=min(int(cost["memory_kib"]), 4 * 1024 * 1024),
            ).derive(self._text.encode())
        except (ValueError, KeyError, TypeError):
            raise RootKeyWrong("the saved salt of the passphrase is damaged") from None
        return LocalRootKey(stretched), saved


class OsKeyring:
    """The root key in the operating system's keyring (extra `keyring`)."""

    def __init__(self, *, service: str = "holdfast", name: str = "root-key") -> None:
        self._service = service
        self._name = name

    def load(self, saved: bytes | None, *, expected: bytes | None) -> tuple[RootKey, bytes | None]:
        try:
            import keyring
            import keyring.errors
        except ImportError:
            raise MissingExtra("the OS keyring", "keyring") from None
        where = f"the OS keyring ({self._service}, {self._name})"
        try:
            text = keyring.get_password(self._service, self._name)
            if text is None:
                if expected is not None:
                    raise RootKeyMissing(where)
                text = key_text(new_secret())
                keyring.set_password(self._service, self._name, text)
        except keyring.errors.KeyringError as exc:
            raise KeyFailure(
                f"{where} does not answer: unlock it, or leave HOLDFAST_ROOT_KEYRING out"
            ) from exc
        return LocalRootKey(parse_key(text)), None
