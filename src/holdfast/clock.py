"""Where time and ids come from, so that both can be injected.

Ids are UUIDv7 (RFC 9562): 48 bits of milliseconds, then a counter that never goes back within a
process, then randomness. Order inside a session comes from `seq`, never from these.
"""

from __future__ import annotations

import os
import threading
import time
from binascii import a2b_hex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

__all__ = ["Clock", "Ids", "from_ms", "id_bytes", "id_text", "system_clock", "to_ms", "uuid7_ids"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present as aware UTC."""
Ids: TypeAlias = Callable[[], str]
"""Returns a new UUIDv7 in canonical text form."""


def system_clock() -> datetime:
    """The present, aware UTC."""
    return datetime.now(UTC)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC; `at` must be aware."""
    # Whole numbers throughout: `timestamp() * 1000` is a float that falls short of one time in 160.
    return (at - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Aware UTC from milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)


@lru_cache(maxsize=16_384)
def id_bytes(text: str) -> bytes:
    """The 16 bytes of a UUID in text form.

    Raises:
        ValueError: it is no UUID, or no text at all.
    """
    # Cached: recording one exchange asks a dozen times for the same five ids.
    try:
        raw = a2b_hex(text.replace("-", ""))
    except (AttributeError, TypeError):
        raise ValueError("not a UUID") from None
    if len(raw) != 16:
        raise ValueError("not a UUID")
    return raw


@lru_cache(maxsize=16_384)
def id_text(raw: bytes) -> str:
    """The canonical text form of 16 bytes."""
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def uuid7_ids(now_ns: Callable[[], int] = time.time_ns) -> Ids:
    """Make a thread-safe source of UUIDv7 that is monotonic even when the clock is set back.

    74 bits follow the milliseconds: a 32-bit counter, seeded at random below 2**31 in each new
    millisecond (RFC 9562, method 1), and 42 random bits.
    """
    lock = threading.Lock()
    last_ms = -1
    counter = 0

    def new_id() -> str:
        nonlocal last_ms, counter
        random = int.from_bytes(os.urandom(10), "big")
        with lock:
            now_ms = now_ns() // 1_000_000
            if now_ms > last_ms:
                last_ms = now_ms
                counter = random >> 49
            else:
                counter += 1
                if counter >> 32:
                    last_ms += 1
                    counter = random >> 49
            ms, count = last_ms, counter
        value = (
            (ms & 0xFFFFFFFFFFFF) << 80
            | 0x7 << 76
            | (count >> 20) << 64
            | 0b10 << 62
            | (count & 0xFFFFF) << 42
            | (random & 0x3FFFFFFFFFF)
        )
        h = f"{value:032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    return new_id
