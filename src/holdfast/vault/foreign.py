"""Opening what another program encrypted, to bring it in; nothing is ever sealed this way.

    Fernet token     version 0x80, time, IV, AES-128-CBC, HMAC-SHA-256, in URL-safe base64
    EncryptedSession of the OpenAI Agents SDK: a Fernet token whose key is
                     HKDF-SHA-256(secret, salt = session id, info = "agents.session-store.hkdf.v1")

Programs that take a password make a Fernet key of it in one of a few ways; all of them are tried.
Times inside tokens are not looked at: what has "expired" was only hidden.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from holdfast.errors import BadInput, ImportKeyWrong

__all__ = ["ForeignKey", "is_token"]

_TOKEN = re.compile(rb"(?:b?['\"])?gAAAAA[A-Za-z0-9_-]{10}")
"""Version 0x80 and a time before the year 2106; perhaps quoted, as it was printed."""
_ITERATIONS = (480_000, 390_000, 100_000, 600_000, 1_200_000, 200_000, 310_000, 260_000)
"""What the documentation of `cryptography` named over the years, and round numbers."""
_AGENTS = b"agents.session-store.hkdf.v1"
_KEY_BYTES = 32


def is_token(head: bytes) -> bool:
    """Whether bytes begin as a Fernet token does."""
    return _TOKEN.match(head) is not None


class ForeignKey:
    """What another program's data is encrypted under. Never shows itself.

    The secret is a Fernet key (32 bytes in URL-safe base64), or a password: with its salt through
    PBKDF2-HMAC-SHA-256, without one through SHA-256, or as 32 characters that are the key.
    """

    def __init__(
        self, secret: str | bytes, *, salt: bytes | None = None, iterations: int | None = None
    ) -> None:
        """Take the secret; line ends around it do not count.

        Args:
            salt: what the password was salted with.
            iterations: of PBKDF2; by default the usual numbers are tried.

        Raises:
            BadInput: the secret is empty, or the number is not 1 to 10,000,000.
        """
        raw = secret.encode() if isinstance(secret, str) else secret
        self._secret = raw.strip(b"\r\n")
        self._salt = salt
        self._iterations = _ITERATIONS if iterations is None else (iterations,)
        if not self._secret.strip():
            raise BadInput("key", "it is empty")
        if iterations is not None and not 1 <= iterations <= 10_000_000:
            raise BadInput("iterations", "it lies between 1 and 10,000,000")
        self._fits: Fernet | None = None
        self._made: list[Fernet] = []
        self._more = self._candidates()

    def __repr__(self) -> str:
        return "ForeignKey(***)"

    def open_token(self, token: bytes, *, place: str) -> bytes:
        """The plaintext of a Fernet token.

        Raises:
            ImportKeyWrong: it does not open; `place` says which.
        """
        for fernet in self._tried():
            try:
                plaintext = fernet.decrypt(token)
            except (InvalidToken, TypeError, ValueError):
                continue
            self._fits = fernet
            return plaintext
        raise ImportKeyWrong(place)

    def open_item(self, token: bytes, *, session_id: str, place: str) -> bytes:
        """The plaintext of an item in a session of the OpenAI Agents SDK.

        Raises:
            ImportKeyWrong: it does not open; `place` says which.
        """
        derived = HKDF(
            algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=session_id.encode(), info=_AGENTS
        ).derive(_decoded(self._secret) or self._secret)
        try:
            return _fernet(derived).decrypt(token)
        except (InvalidToken, TypeError, ValueError):
            raise ImportKeyWrong(place) from None

    def _tried(self) -> Iterator[Fernet]:
        """The key that fitted before, or all that the secret can mean, each made once."""
        if self._fits is not None:
            yield self._fits
            return
        yield from self._made
        for fernet in self._more:
            self._made.append(fernet)
            yield fernet

    def _candidates(self) -> Iterator[Fernet]:
        as_key = _decoded(self._secret.strip())
        if as_key is not None:
            yield _fernet(as_key)
        if self._salt is not None:
            for iterations in self._iterations:
                kdf = PBKDF2HMAC(hashes.SHA256(), _KEY_BYTES, self._salt, iterations)
                yield _fernet(kdf.derive(self._secret))
            return
        yield _fernet(hashlib.sha256(self._secret).digest())
        if len(self._secret) == _KEY_BYTES:
            yield _fernet(self._secret)


def _decoded(secret: bytes) -> bytes | None:
    """The 32 bytes of a key in base64; None for what is none."""
    try:
        key = base64.urlsafe_b64decode(secret)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))
