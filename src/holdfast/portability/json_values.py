"""Reading JSON that somebody else wrote: strict first, mended when that fails, never guessed.

What JSON cannot say or UTF-8 cannot hold is mended and nothing else: half of a surrogate pair
becomes U+FFFD, NaN and infinities become null, and numbers past 64 bits become floats.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from holdfast.portability.scanning import deepest_level

__all__ = [
    "Malformed",
    "checked",
    "clean_text",
    "digest_of",
    "fields_of",
    "json_text",
    "mended",
    "string_or_none",
    "time_of",
    "typed",
    "value_of",
]

T = TypeVar("T")

_SURROGATES = re.compile(
    rb"(\\\\)"  # an escaped backslash, so that what follows it is plain text
    rb"|(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ANY = msgspec.json.Decoder()
_LATEST_S = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_EARLIEST_MS = 1e11
"""A number above this is milliseconds: as seconds it would be past the year 5000."""


class Malformed(Exception):
    """A part of the file cannot be taken. The reader turns it into a Broken item."""

    def __init__(
        self,
        reason: str,
        code: str = "import_failed",
        *,
        mendable: bool = False,
        at: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.mendable = mendable
        """Whether `mended` may help."""
        self.at = at
        """0-based position, among what one conversation is made from, of the part at fault."""


def digest_of(raw: bytes) -> str:
    """What stands for an id where an export has none: the same content gets the same one."""
    return hashlib.sha256(raw).hexdigest()[:32]


def fields_of(raw: bytes | Raw, what: str) -> dict[str, Raw]:
    """The members of the object `raw`, undecoded; the last of equal names wins.

    Raises:
        Malformed: not an object, or not JSON.
    """
    return _decoded(_FIELDS, raw, what)


def typed(decoder: msgspec.json.Decoder[T], raw: bytes | Raw, what: str) -> T:
    """`raw` through a typed decoder.

    Raises:
        Malformed: of another shape, or not JSON.
    """
    return _decoded(decoder, raw, what)


def value_of(raw: bytes | Raw | None, what: str = "a value") -> object:
    """The value in `raw`; None for None.

    Raises:
        Malformed: not JSON.
    """
    return None if raw is None else _decoded(_ANY, raw, what)


def _decoded(decoder: msgspec.json.Decoder[T], raw: bytes | Raw, what: str) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as exc:
        # A number out of range counts as another shape, too: mending makes it null.
        raise Malformed(f"{what} has another shape than expected", mendable=True) from exc
    except msgspec.DecodeError as exc:
        raise Malformed(f"{what} is not valid JSON", mendable=True) from exc
    except UnicodeDecodeError as exc:
        raise Malformed(f"{what} is not valid UTF-8") from exc
    except RecursionError as exc:
        raise Malformed(f"{what} is nested too deeply", "hostile_file") from exc


def checked(raw: bytes, *, max_values: int, max_depth: int | None) -> bytes:
    """`raw` as it is, when decoding it cannot cost more than the limits.

    `max_depth` None says that the depth is known to be right.

    Raises:
        Malformed: it has more values, or is nested deeper.
    """
    # Every value but the first of its container follows a comma or opens one, so that this
    # counts too many (commas in texts) and never too few.
    opened = raw.count(b"{") + raw.count(b"[")
    if opened + raw.count(b",") > max_values:
        raise Malformed(f"holds more than {max_values:,} values", "hostile_file")
    if max_depth is not None and opened > max_depth and deepest_level(raw) > max_depth:
        raise Malformed(f"is nested deeper than {max_depth} levels", "hostile_file")
    return raw


def mended(raw: bytes) -> bytes:
    """JSON of the same meaning that a strict parser takes; see the module's docstring.

    Raises:
        Malformed: it is beyond mending.
    """
    raw = _SURROGATES.sub(lambda m: rb"\ufffd" if m[3] else m[0], raw)
    try:
        _ANY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _rewritten(raw)
    return raw


def _rewritten(raw: bytes) -> bytes:
    """`raw` through the standard library's parser, which takes more."""
    try:
        value = json.loads(
            raw, strict=False, parse_constant=lambda _: None, parse_int=_number, parse_float=float
        )
    except (ValueError, RecursionError) as exc:
        problem = "UTF-8" if isinstance(exc, UnicodeDecodeError) else "JSON"
        raise Malformed(f"is not valid {problem}") from exc
    return msgspec.json.encode(value)


def _number(digits: str) -> int | float:
    # int() of a long number takes quadratic time and the interpreter refuses it at 4,300 digits.
    return int(digits) if len(digits) < 19 else float(digits)


def json_text(raw: bytes | Raw) -> str:
    """JSON as text, byte for byte.

    Raises:
        Malformed: not UTF-8.
    """
    try:
        return str(bytes(raw), "utf-8")
    except UnicodeDecodeError as exc:
        raise Malformed("is not valid UTF-8") from exc


def clean_text(text: str) -> str:
    """`text` with NUL and half surrogates replaced by U+FFFD: neither can be said or stored."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")


def string_or_none(value: object) -> str | None:
    """A string with something in it, cleaned, or None."""
    return (clean_text(value) or None) if isinstance(value, str) else None


def time_of(value: object) -> datetime | None:
    """A time from seconds or milliseconds since 1970, as number or string, or from ISO 8601.

    Without a zone it is taken as UTC. What is no time, or lies outside 1970 to 9999, gives None:
    one bad clock is no reason to lose what was said.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _from_epoch(float(value))
    if isinstance(value, str) and len(value) <= 64:
        return _from_text(value.strip())
    return None


def _from_epoch(seconds: float) -> datetime | None:
    if not math.isfinite(seconds):
        return None
    if seconds > _EARLIEST_MS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST_S else None


def _from_text(text: str) -> datetime | None:
    try:
        return _from_epoch(float(text))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year >= 1970 else None
