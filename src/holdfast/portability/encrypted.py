"""Files that the program which wrote them had encrypted: opened in memory, before anything else.

A file may be one Fernet token, or one token a line. What is inside is told from its content, like
any other file.
"""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from holdfast.errors import HostileFile, ImportFailed, ImportKeyMissing
from holdfast.portability.limits import Limits
from holdfast.portability.stored import Origin, head_of, reader_of
from holdfast.vault.foreign import ForeignKey, is_token

__all__ = ["decrypted", "is_encrypted"]

_HEAD_BYTES = 64
_QUOTES = b"'\""


class _Plain:
    """Plaintext in memory, under the name of the file it was in."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self._data = data

    def open(self) -> BinaryIO:
        """A reader of its own."""
        return cast("BinaryIO", io.BytesIO(self._data))


def is_encrypted(origin: Origin) -> bool:
    """Whether a file begins as a Fernet token; False for what cannot be read."""
    head = head_of(origin, _HEAD_BYTES)
    return is_token(head.removeprefix(b"\xef\xbb\xbf").lstrip())


def decrypted(origin: Origin, key: ForeignKey | None, limits: Limits) -> Origin:
    """What the file holds, or the file itself when it is not encrypted as a whole.

    Raises:
        ImportKeyMissing: it is encrypted and there is no key.
        ImportKeyWrong: it does not open under the key, not even one line of it.
        HostileFile: it is over the limit.
        ImportFailed: it cannot be read, or is encrypted only in part.
    """
    if not is_encrypted(origin):
        return origin
    if key is None:
        raise ImportKeyMissing(origin.name)
    tokens = _tokens(origin, limits)
    if len(tokens) == 1:
        return _Plain(origin.name, key.open_token(tokens[0][1], place=origin.name))
    opened = []
    for number, token in tokens:
        place = f"{origin.name}, line {number:,}"
        if not is_token(token):
            raise ImportFailed(place, "is not encrypted, as the lines before it are")
        # A line end inside JSON is a blank between values; here it would begin another line.
        opened.append(key.open_token(token, place=place).replace(b"\n", b" "))
    return _Plain(origin.name, b"\n".join(opened) + b"\n")


def _tokens(origin: Origin, limits: Limits) -> list[tuple[int, bytes]]:
    """The lines that are not blank, each with its number, without quotes around them."""
    # Base64 makes four bytes of three.
    most = limits.max_conversation_bytes // 3 * 4 + _HEAD_BYTES
    try:
        with reader_of(origin) as file:
            data = file.read(most + 1)
    except OSError as exc:
        raise ImportFailed(origin.name, f"cannot be read ({exc.strerror})") from exc
    if len(data) > most:
        raise HostileFile(origin.name, f"is over the limit of {most:,} bytes")
    found = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        bare = line.strip().rstrip(b",")
        bare = bare[1:] if bare[:2] in (b"b'", b'b"') else bare
        if bare := bare.strip(_QUOTES):
            found.append((number, bare))
    return found
