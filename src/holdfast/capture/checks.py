"""What may be recorded, decided in one place before anything is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from holdfast.errors import BadInput, TooLarge
from holdfast.model import Json, Speech

__all__ = [
    "Limits",
    "checked_item",
    "checked_json",
    "checked_label",
    "checked_name",
    "checked_speech",
    "checked_tags",
    "checked_text",
    "checked_time",
]

_LONG_NUMBER = re.compile(r"[0-9]{19}")


class Limits(Struct, frozen=True, kw_only=True):
    """How much one thing may weigh, in bytes of UTF-8."""

    max_text_bytes: int = 16 * 1024 * 1024
    max_file_bytes: int = 64 * 1024 * 1024
    max_label_bytes: int = 1024


def checked_text(field: str, text: str, limits: Limits, *, required: bool = False) -> str:
    """The text unchanged. NUL and other control characters are kept: they were said.

    Raises:
        BadInput: no string, half a surrogate pair, or empty where something is required.
        TooLarge: over `limits.max_text_bytes`.
    """
    if not isinstance(text, str):
        raise BadInput(field, f"expected text, got {type(text).__name__}")
    if required and not text.strip():
        raise BadInput(field, "it is empty: say something")
    return _checked_size(field, text, limits.max_text_bytes)


def checked_label(field: str, text: str | None, limits: Limits) -> str | None:
    """A short name (author, tool, slug, tag, client key), or None.

    Raises:
        BadInput: no string, empty, or half a surrogate pair.
        TooLarge: over `limits.max_label_bytes`.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadInput(field, f"expected text, got {type(text).__name__}")
    if not text.strip():
        raise BadInput(field, "it is empty: leave it out or name it")
    return _checked_size(field, text, limits.max_label_bytes)


def checked_name(field: str, text: str, limits: Limits) -> str:
    """A short name that must be given.

    Raises:
        BadInput: no string, empty, or half a surrogate pair.
        TooLarge: over `limits.max_label_bytes`.
    """
    name = checked_label(field, text, limits)
    if name is None:
        raise BadInput(field, "it is missing: name it")
    return name


def checked_item(item: str | None, limits: Limits) -> str | None:
    """A provider's own item, kept byte for byte, or None. Raises what `checked_text` raises."""
    return None if item is None else checked_text("item", item, limits)


def checked_speech(speech: Speech | None, limits: Limits) -> Speech | None:
    """How speech became text, or None. Raises what `checked_label` raises."""
    if speech is not None:
        checked_label("speech engine", speech.engine, limits)
        checked_label("speech language", speech.language, limits)
    return speech


def _checked_size(field: str, text: str, limit: int) -> str:
    if len(text) <= limit // 4:
        if text.isascii():
            return text
        size = 0
    else:
        size = len(text)
    try:
        size = len(text.encode()) if size <= limit else size
    except UnicodeEncodeError as exc:
        raise BadInput(
            field,
            f"half a surrogate pair at position {exc.start}: decode the input as UTF-16 first",
        ) from None
    if size > limit:
        raise TooLarge(field, size=size, limit=limit)
    return text


def checked_tags(tags: Iterable[str], limits: Limits) -> tuple[str, ...]:
    """The tags as a tuple.

    Raises:
        BadInput: a single text instead of several, or a tag that is none.
        TooLarge: a tag is over `limits.max_label_bytes`.
    """
    if isinstance(tags, str):
        raise BadInput("tags", "give several, as in ['trip', 'oslo']")
    return tuple(checked_label("tag", tag, limits) or "" for tag in tags)


def checked_time(field: str, at: datetime | None) -> datetime | None:
    """The time in UTC, or None.

    Raises:
        BadInput: it is naive, or beyond what a calendar holds.
    """
    if at is None:
        return None
    if not isinstance(at, datetime):
        raise BadInput(field, f"expected a datetime, got {type(at).__name__}")
    if at.tzinfo is None:
        raise BadInput(field, "a time needs a time zone: use datetime.now(timezone.utc)")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadInput(field, "it lies outside the years 1 to 9999") from None


def checked_json(field: str, value: object, limits: Limits) -> Json:
    """A JSON value equal to `value`; what JSON has no form for becomes its text.

    A tool may return anything, and nothing of it may be lost because of its type: sets, dates and
    objects are kept as text rather than refused.

    Raises:
        BadInput: half a surrogate pair inside, or nested too deeply.
        TooLarge: over `limits.max_text_bytes`.
    """
    try:
        text = json.dumps(value, default=str, ensure_ascii=False, skipkeys=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadInput(field, "it holds half a surrogate pair: decode it first") from None
    except (RecursionError, ValueError):
        raise BadInput(field, "it contains itself or is nested too deeply") from None
    except TypeError:
        return checked_text(field, str(value), limits)
    if size > limits.max_text_bytes:
        raise TooLarge(field, size=size, limit=limits.max_text_bytes)
    if "NaN" in text or "Infinity" in text or _LONG_NUMBER.search(text):
        text = json.dumps(_storable(value), default=str, ensure_ascii=False)
    decoded: Json = json.loads(text)
    return decoded


def _storable(value: object) -> object:
    """NaN, infinities and integers beyond 64 bits as text: JSON or the storage has no form."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value
